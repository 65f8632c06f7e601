/* SPDX-License-Identifier: MIT */
/*
 * The statistics of one region: its runs before against its runs after, as p-values, ratios
 * and intervals. Pure functions of run summaries. What the numbers mean is verdict.h's.
 */
#ifndef AUTOPERF_DETECT_JUDGE_H
#define AUTOPERF_DETECT_JUDGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/statistics.h"
#include "detect/findings.h"
#include "model/model.h"

/* One pass of a region. Both counts are > 0; the runs belong to the caller. */
struct judge_pass {
	const struct model_run *before; /* as held out in training */
	size_t before_count;
	const struct model_run *after;
	size_t after_count;
};

struct judge_input {
	const struct judge_pass *passes;
	size_t pass_count;
	/* Samples are missing, so executions and total times cannot be compared. */
	bool totals_unknown;
};

/*
 * Whether a test can raise an alarm at all with these group sizes. A rank test of n and m runs
 * gives no p-value below 1 / C(n+m, m), however large the effect.
 */
struct judge_reach {
	bool reached;
	bool reached_alone; /* would be, if this were the only region */
	/* Else: fewest further runs of every pass, all on one side, that would do; 0: no
	 * sensible number on that side alone does. */
	size_t new_missing;
	size_t training_missing;
};

struct judgement {
	bool judged; /* false: there were no runs to compare, nothing else is valid */
	bool time_measured;
	/* Executions per run differ, so total time says something else than time per
	 * execution, and was tested as well. */
	bool totals_tested;
	bool totals_known;
	double p_score;  /* over all passes */
	double p_slower; /* over both times; NaN without time, likewise below */
	double p_faster;
	/* Corrected for the region's two tests, not for the number of regions. */
	double p_alarm;       /* p_score and p_slower */
	double p_strange;     /* p_score alone */
	double p_improvement; /* p_faster alone */
	/* In some pass every new run is stranger than every held-out one. */
	bool score_separated;
	struct judge_reach score_reach;
	struct judge_reach time_reach; /* reached when no time was measured */
	double executions_before;      /* medians over runs; passes pooled */
	double executions_after;
	double time_before_ns;
	double time_after_ns;
	struct ratio_interval time;
	double total_before_ns;
	double total_after_ns;
	struct ratio_interval total;
};

/*
 * `comparisons` is the number of regions that are judged together, `alarm_rate` the false
 * alarms allowed over all of them. Fails only for lack of memory.
 */
int judge_region(struct judgement *judgement, const struct judge_input *input,
		 size_t comparisons, double alarm_rate, struct error *error);

/*
 * Holm's step-down correction (Holm 1979): *factors[i] is by how much p[i] is multiplied,
 * adjusted[i] the corrected p-value, at most 1. NaN counts as 1. Fails only for lack of
 * memory.
 */
int judge_holm(const double *p, size_t count, double *adjusted, double *factors,
	       struct error *error);

/*
 * Whether a new run lies beyond what the held-out normal runs did: stranger than all of them
 * and by more than they scatter. For showing; the verdict on a region does not rest on it.
 * `scratch` has room for held_out_count values.
 */
bool judge_run_anomalous(const struct model_run *held_out, size_t held_out_count,
			 const struct model_run *run, double *scratch);

#endif
