/* SPDX-License-Identifier: MIT */
/*
 * How far a verdict can be trusted, on one's own programs. Either with runs that are known to be
 * normal and runs that are known to be anomalous, or with normal ones alone: judged against each
 * other, every alarm is a false one (an A/A test).
 */
#ifndef AUTOPERF_DETECT_EVALUATE_H
#define AUTOPERF_DETECT_EVALUATE_H

#include "detect/accuracy.h"
#include "detect/findings.h"
#include "model/model.h"

/* ---- against what is known ---- */

struct evaluation_row {
	char *region; /* NULL: all regions together */
	enum verdict on_normal;
	enum verdict on_anomalous;
	struct accuracy accuracy; /* a case is an execution of the program */
};

struct evaluation {
	enum model_method method;
	double alarm_rate;
	size_t training_runs; /* with each pass */
	struct evaluation_row
		*rows;    /* all regions together, then each that both have */
	size_t row_count; /* >= 1 */
	char **warnings;  /* of both comparisons, each once */
	size_t warning_count;
};

/*
 * Judges both profiles by the model. The profiles stay the caller's; free the result with
 * evaluation_free().
 */
int evaluate(struct evaluation **evaluation, const struct model *model,
	     struct profile *normal, struct profile *anomalous,
	     const struct detect_options *options, struct error *error);
void evaluation_free(struct evaluation *evaluation);

/* ---- against each other ---- */

struct evaluate_splits_options {
	size_t splits;
	size_t training_runs; /* of each split; 0: two thirds of those there are */
	size_t test_runs;     /* 0: the others */
	uint64_t seed;
	struct model_options model;
	struct detect_options detect;
	const struct console *console; /* progress; NULL: silent */
};

struct split_results {
	size_t splits;
	size_t training_runs;
	size_t test_runs;
	double alarm_rate;                /* that was asked for */
	size_t verdicts[VERDICTS];        /* of the splits */
	size_t region_verdicts[VERDICTS]; /* of regions in splits */
	double low,
		high; /* 95 % interval of the share of alarms: splits are not independent,
			     so it is rather wider */
	/* Of each split the smallest p-value of an alarm, before the effect floor; [splits] */
	double *p_values;
	size_t sure; /* of these, at or below the alarm rate */
};
void split_results_free(struct split_results *results);

/*
 * Again and again learns from some of the runs, drawn at random, and judges others by that. A
 * run is one with each pass.
 */
int evaluate_splits(struct split_results *results, struct profile *profile,
		    const struct evaluate_splits_options *options, struct error *error);

#endif
