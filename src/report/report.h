/* SPDX-License-Identifier: MIT */
/* Renderers of findings: one a file. */
#ifndef AUTOPERF_REPORT_REPORT_H
#define AUTOPERF_REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "detect/findings.h"

struct report_evidence; /* html.h */

struct report_style {
	const struct report_evidence *evidence; /* html: may be NULL */
	int width;                              /* columns, 0: 80 */
	bool color;                             /* ANSI colours */
	bool verbose; /* all regions and counters, runs, how scores are distributed */
	bool utf8;    /* more than ASCII may be drawn */
};

/* Ways to write findings. */
enum report_format {
	REPORT_TEXT,
	REPORT_JSON,
	REPORT_JUNIT,
	REPORT_SARIF,
	REPORT_GITHUB,
	REPORT_MARKDOWN,
	REPORT_HTML,
};
#define REPORT_FORMATS "text, json, html, junit, sarif, github or markdown"
/* -EINVAL if there is none of that name. */
int report_format_parse(const char *name, enum report_format *format);
/* One of the functions below. */
int report_write(const struct findings *findings, enum report_format format,
		 const struct report_style *style, FILE *out, struct error *error);

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
 * For CI systems. Names are made harmless as for a terminal, and escaped as each format asks;
 * numbers are in the C locale. `style` is not looked at. -ENOMEM.
 *
 * junit: XML, a test case for each region. sarif: SARIF 2.1.0, a result for each region that is not
 * normal. github: workflow commands of GitHub Actions, at most ten, and the summary. markdown:
 * GitHub's, for a step summary.
 */
int report_junit(const struct findings *findings, const struct report_style *style,
		 FILE *out, struct error *error);
int report_sarif(const struct findings *findings, const struct report_style *style,
		 FILE *out, struct error *error);
int report_github(const struct findings *findings, const struct report_style *style,
		  FILE *out, struct error *error);
int report_markdown(const struct findings *findings, const struct report_style *style,
		    FILE *out, struct error *error);

/*
 * The original AutoPerf's accuracy.out: a line per execution of the program, then counts and
 * scores, under the words that scripts look for. `train` and `test` are what was compared.
 */
int report_accuracy(const struct findings *findings, const char *train,
		    const char *test, FILE *out, struct error *error);

#endif
