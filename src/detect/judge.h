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
	uint32_t pass;                  /* of the model */
	const struct model_run *before; /* as held out in training */
	size_t before_count;
	const struct model_run *after;
	size_t after_count;
	/* What the rates of a run mean; the model's. */
	const struct feature *features;
	size_t feature_count;
};

struct judge_input {
	const struct judge_pass *passes;
	size_t pass_count;
	/* Samples are missing, so executions and total times cannot be compared. */
	bool totals_unknown;
};

/*
 * Whether a test can raise an alarm at all with these group sizes. Labels of n and m runs can be
 * exchanged in C(n+m, m) ways, so no p-value is below one in that, however large the effect.
 */
struct judge_reach {
	bool reached;
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
	/* Of this region alone, corrected for the number of its tests. */
	double p_score;  /* over all passes */
	double p_slower; /* over both times; NaN without time, likewise below */
	double p_faster;
	/* Corrected for everything that was tested, in all regions: joint_solve() sets them. */
	double p_alarm;       /* slower, or rates moved */
	double p_strange;     /* rates moved, by the effect floor or more */
	double p_improvement; /* faster */
	/* In some pass every new run is stranger than every held-out one. */
	bool score_separated;
	struct judge_reach reach;
	double executions_before; /* medians over runs; passes pooled */
	double executions_after;
	bool calls_changed; /* no run of one side has as many as one of the other */
	double time_before_ns;
	double time_after_ns;
	struct ratio_interval time;
	/* The same of the run's median execution: what else the machine did hardly shows. */
	double typical_before_ns;
	double typical_after_ns;
	struct ratio_interval typical;
	double total_before_ns;
	double total_after_ns;
	struct ratio_interval total;
};

/*
 * All of a judgement but what joint.h says of all regions. `alarm_rate` is that of the false alarms
 * allowed over all of them. Fails only for lack of memory.
 */
int judge_region(struct judgement *judgement, const struct judge_input *input,
		 double alarm_rate, struct error *error);

/* A number of a run; what is not finite, the run does not have. */
typedef double (*judge_value)(const struct model_run *run);
/* Median of a pass over both sides; `scratch` has room for their runs. */
double judge_median(const struct judge_pass *pass, double *scratch, judge_value value);

/*
 * Whether a new run lies beyond what the held-out normal runs did: stranger than all of them
 * and by more than they scatter. For showing; the verdict on a region does not rest on it.
 * `scratch` has room for held_out_count values.
 */
bool judge_run_anomalous(const struct model_run *held_out, size_t held_out_count,
			 const struct model_run *run, double *scratch);

#endif
