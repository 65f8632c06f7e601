/* SPDX-License-Identifier: MIT */
/*
 * Findings, or an evaluation, as one HTML file that shows the evidence, too. The page itself is
 * made of web/ and embedded in the tool; what is written here is its data.
 */
#ifndef AUTOPERF_REPORT_HTML_H
#define AUTOPERF_REPORT_HTML_H

#include <stdio.h>

#include "base/console.h"
#include "base/error.h"
#include "detect/evaluate.h"
#include "detect/findings.h"
#include "model/model.h"
#include "profile/profile.h"

/*
 * What there is besides the findings; all of it may be NULL, and stays the caller's. What is
 * missing is not shown, and the page says so.
 */
struct report_evidence {
	const struct model *model;
	struct profile *normal; /* the runs that the model learnt from */
	struct profile *fresh;  /* the new ones */
	/* Why these are missing, a clause such as "m.safetensors: No such file"; NULL: not given. */
	const char *no_model;
	const char *no_normal;
	const char *no_fresh;
	/* Of `autoperf evaluate`, one of them. */
	const struct evaluation *evaluation;
	const struct split_results *splits;
	const struct console *console; /* progress */
};

/*
 * Writes the page. `findings` may be NULL where there is an evaluation, `evidence` where there is
 * nothing. Holds the samples of one region and pass at a time, and some of the others. Under
 * 2 MB for 20 regions, however many samples they have. Names are untrusted: they cannot leave the
 * strings that they are in. Fails for lack of memory and if a profile cannot be read, before
 * anything is written; errors of writing surface when the owner of `out` closes it.
 */
int report_html(const struct findings *findings, const struct report_evidence *evidence,
		FILE *out, struct error *error);

#endif
