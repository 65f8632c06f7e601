/* SPDX-License-Identifier: MIT */
/* The findings as a part of another JSON document; private to src/report. */
#ifndef AUTOPERF_REPORT_JSON_H
#define AUTOPERF_REPORT_JSON_H

#include "detect/findings.h"
#include "report/json_writer.h"

/* As report_json() writes them: a member `key`, or an item where it is NULL. */
void json_key_findings(struct json_writer *json, const char *key,
		       const struct findings *findings);

#endif
