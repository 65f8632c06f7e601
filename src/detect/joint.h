/* SPDX-License-Identifier: MIT */
/*
 * The test of all regions at once: how sure is an alarm, when so many things were looked at?
 *
 * If the new runs are like the training runs, who is new is a mere label, and every other way to
 * label as many runs of each pass was as likely. So the labels are exchanged in all ways, or in
 * many drawn at random, for all regions together, and each number of each region is compared with
 * the largest that any of them reaches so (Westfall & Young 1993, step-down maxT). That
 * keeps the false-alarm rate over everything tested, whatever depends on what: regions
 * of one run share its luck, times and scores go together. The smallest p-value is one in the
 * number of ways, however many regions there are; a correction that multiplies would ask for more
 * runs with every region.
 *
 * The numbers: time per execution, mean and median; total time where executions vary; and in each pass every rate of
 * a run as a whole (model_run.rates), up or down. Passes are brought to the median of both sides
 * first: they differ in what reading their counters costs. The statistic is Student's t of asinh of
 * the distance from the median in robust spreads, so that one run which the machine disturbed
 * weighs little more than the others. Only the ranking of labellings counts, so neither is an
 * assumption on what is distributed how.
 *
 * Scores of samples are not among them. Held-out scores of training runs and scores of new runs
 * come from different networks, with other errors and other neighbours; then the labels are not
 * mere labels, and up to one comparison in six was at or below 1 %. The rates are what was
 * counted, on both sides alike. Scores tell which samples, which runs, and what explains them.
 *
 * Times and rates are two families, each judged by its own largest number. For the alarm the smaller
 * p-value counts, compared once more with that of other labels; rates, of which there are many more,
 * weigh less: where only time moved, hardly any power is lost to them.
 */
#ifndef AUTOPERF_DETECT_JOINT_H
#define AUTOPERF_DETECT_JOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "detect/judge.h"

enum joint_family {
	JOINT_STRANGE, /* rates moved */
	JOINT_SLOWER,
	JOINT_FASTER,
};

/* A run of either side. Samples of all regions belong to it. */
struct joint_run {
	uint32_t pass;
	uint32_t ordinal;
	bool after;
};

/* One number of one region, for the runs that have it. */
struct joint_column {
	size_t region; /* as counted by joint_add() */
	enum joint_family family;
	bool matters; /* a rate that moved by the effect floor or more */
	size_t *runs; /* [count] indices */
	double *values;
	size_t count;
};

/* Zero-initialised is empty. */
struct joint {
	struct joint_run *runs;
	size_t run_count;
	size_t run_capacity;
	struct joint_column *columns;
	size_t column_count;
	size_t column_capacity;
	size_t region_count;
};

/*
 * Adds the next region; judgement as judge_region() left it. Only rates that moved by the floor, as
 * a share, make p_strange. -ENOMEM.
 */
int joint_add(struct joint *joint, const struct judge_input *input,
	      const struct judgement *judgement, double effect_floor);
/*
 * Sets p_alarm, p_strange and p_improvement of judgements[region_count], for every region added.
 * `alarm_rate` says how fine p-values have to be. -ENOMEM.
 */
int joint_solve(const struct joint *joint, double alarm_rate,
		struct judgement *judgements);
void joint_free(struct joint *joint);

/* Smallest p-value of longer times that so many runs of each pass allow. */
double joint_floor(const struct judge_input *input, size_t more_before,
		   size_t more_after);

#endif
