/* SPDX-License-Identifier: MIT */
/* What all logs in SARIF 2.1.0 (OASIS) have in common. Private to src/report. */
#ifndef AUTOPERF_REPORT_SARIF_LOG_H
#define AUTOPERF_REPORT_SARIF_LOG_H

#include <jansson.h>

#include "base/text.h"

/* Values of strings; NULL where memory ran out, which jansson's functions pass on. */

/* Frees the text. */
json_t *sarif_take(struct text *text);
/* Of a stranger's name or sentence, by terminal.h, which leaves only valid UTF-8. */
json_t *sarif_harmless(const char *chars);

/*
 * A log of one run: `run` is a JSON object of what that has but its tool, which is called `name`
 * and has `rules`, an array. Takes both, either of which may be NULL for want of memory. The
 * caller frees what is returned; NULL: no memory.
 */
char *sarif_log(const char *name, json_t *rules, json_t *run);

#endif
