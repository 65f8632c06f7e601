/* SPDX-License-Identifier: MIT */
/* Renderers of findings: one a file. */
#ifndef AUTOPERF_REPORT_REPORT_H
#define AUTOPERF_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "detect/findings.h"

struct report_style {
	bool color;   /* ANSI colours */
	int width;    /* columns, 0: 80 */
	bool verbose; /* all regions and counters, runs */
};

/* For people at two in the morning: verdict first, then where, why, how sure, what next. */
int report_text(const struct findings *findings, const struct report_style *style,
		FILE *out, struct error *error);
/* doc/formats.md, "findings". Stable key order, C locale. */
int report_json(const struct findings *findings, FILE *out, struct error *error);

#endif
