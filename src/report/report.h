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

/*
 * For people at two in the morning: verdict first, then where, why, how sure, what next.
 * Names of the measured program are escaped: no control character, escape sequence or
 * direction mark of theirs reaches the terminal. Errors of writing to `out` surface when its
 * owner closes it; fails only for lack of memory.
 */
int report_text(const struct findings *findings, const struct report_style *style,
		FILE *out, struct error *error);
/*
 * doc/formats/findings.md and doc/findings.schema.json. Stable key order, C locale, valid
 * UTF-8 (bytes of names that are none become U+FFFD), null for what is not finite.
 */
int report_json(const struct findings *findings, FILE *out, struct error *error);

/*
 * The original AutoPerf's accuracy.out: a line per execution of the program, then counts and
 * scores, under the words that scripts look for. `train` and `test` are what was compared.
 */
int report_accuracy(const struct findings *findings, const char *train,
		    const char *test, FILE *out, struct error *error);

#endif
