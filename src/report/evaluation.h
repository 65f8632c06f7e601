/* SPDX-License-Identifier: MIT */
/* Renderers of what `autoperf evaluate` finds. */
#ifndef AUTOPERF_REPORT_EVALUATION_H
#define AUTOPERF_REPORT_EVALUATION_H

#include <stdio.h>

#include "base/error.h"
#include "detect/evaluate.h"
#include "report/report.h"

/* A table: all regions together, then each. `verbose`: the threshold sweep as well. */
int report_evaluation_text(const struct evaluation *evaluation, bool verbose, FILE *out,
			   struct error *error);
/* doc/formats/evaluation.md. Stable key order, null for what is not a number. */
int report_evaluation_json(const struct evaluation *evaluation, FILE *out,
			   struct error *error);

int report_splits_text(const struct split_results *results, FILE *out,
		       struct error *error);
int report_splits_json(const struct split_results *results, FILE *out,
		       struct error *error);

/*
 * As junit, sarif, github or markdown: a test for each region and for all together, see
 * evaluation_ci.c. Names are made harmless and escaped. -ENOMEM.
 */
int report_evaluation_ci(const struct evaluation *evaluation, enum report_format format,
			 FILE *out, struct error *error);
int report_splits_ci(const struct split_results *results, enum report_format format,
		     FILE *out, struct error *error);

/* The same JSON in one line, malloc'd; NULL: out of memory. Private to src/report. */
char *evaluation_compact(const struct evaluation *evaluation);
char *splits_compact(const struct split_results *results);

#endif
