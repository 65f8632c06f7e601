/* SPDX-License-Identifier: MIT */
/* How well scores tell two kinds of things apart whose kind is known. Pure arithmetic. */
#ifndef AUTOPERF_DETECT_ACCURACY_H
#define AUTOPERF_DETECT_ACCURACY_H

#include <stdbool.h>
#include <stddef.h>

struct accuracy_case {
	double score;  /* higher is stranger; finite */
	bool positive; /* it is anomalous */
	bool found;    /* it was said to be */
};

/* What would be found if every score of at least `threshold` was. */
struct accuracy_point {
	double threshold;
	size_t true_positives;
	size_t false_positives;
};

struct accuracy {
	size_t positives;
	size_t negatives;
	size_t true_positives; /* of what was said */
	size_t false_positives;
	/* Of what was said; NaN where nothing was found (precision), or nothing was to be
	 * (recall). F1 is 2 TP / (2 TP + FP + FN), NaN where there is neither. */
	double precision;
	double recall;
	double f1;
	/*
	 * Of the scores, whatever was said; NaN without both kinds. ROC: the probability of a
	 * positive one to have the higher score, ties half (Fawcett 2006). PR: average
	 * precision, the sum over thresholds of precision times the recall that is won (Davis
	 * and Goadrich 2006 show why one must not interpolate).
	 */
	double roc_area;
	double pr_area;
	struct accuracy_point *points; /* one per distinct score, descending */
	size_t point_count;
};

/* Sorts `cases`. 0 or -ENOMEM; free with accuracy_free(). */
int accuracy_measure(struct accuracy *accuracy, struct accuracy_case *cases,
		     size_t count);
void accuracy_free(struct accuracy *accuracy);

/* 95 % interval of a share, `hits` of `count` (Wilson 1927); [0, 1] for a count of 0. */
void accuracy_interval(size_t hits, size_t count, double *low, double *high);

#endif
