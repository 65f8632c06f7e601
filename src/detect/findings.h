/* SPDX-License-Identifier: MIT */
/*
 * Findings: the answer. Built by detect.c from a model and a new profile, rendered by
 * src/report, and complete in itself: a renderer needs nothing else.
 */
#ifndef AUTOPERF_DETECT_FINDINGS_H
#define AUTOPERF_DETECT_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/statistics.h"
#include "event/event.h"
#include "model/model.h"

#define FINDINGS_FORMAT_VERSION 1

/* In rising order of what the reader should see first. */
enum verdict {
	VERDICT_NORMAL,
	VERDICT_IMPROVEMENT,
	VERDICT_CHANGED, /* counters moved, time did not */
	VERDICT_CANNOT_TELL,
	VERDICT_REGRESSION,
};
const char *verdict_name(enum verdict verdict); /* "cannot tell", ... */

struct finding_counter {
	char *name;
	enum event_role role;
	enum event_unit unit;
	enum feature_kind kind; /* what the rates are relative to */
	char *description;	/* may be NULL */
	uint32_t pass;
	double before; /* median over runs of the run's rate, natural units */
	double after;
	double factor;	     /* after / before; INFINITY when before is 0 */
	double error_share;  /* of the region's excess reconstruction error, 0..1 */
	double residual;     /* median signed residual / held-out spread, new samples */
};

struct finding_run {
	uint32_t ordinal;
	uint32_t pass;
	uint64_t samples;
	double wall_median_ns;
	double anomalous_share;
	double score_mean; /* mean of log(score) */
	bool anomalous;	   /* beyond what held-out normal runs did */
};

struct finding_region {
	char *name;
	enum verdict verdict;
	char *reason; /* one sentence for people */
	uint64_t samples_before;
	uint64_t samples_after;
	double executions_before; /* per run, median */
	double executions_after;
	double time_before_ns; /* per execution: median over runs of the run's mean */
	double time_after_ns;
	struct ratio_interval time; /* 95 % */
	double total_before_ns; /* per run, median: time in the region, all threads */
	double total_after_ns;
	double anomalous_share_before; /* held out */
	double anomalous_share_after;
	double p_score; /* one-sided: samples are stranger than held-out normal ones */
	double p_time;	/* one-sided: time is longer */
	double p_value; /* of the region, corrected for tests and regions */
	size_t runs_missing; /* cannot tell: at least that many more new runs */
	struct finding_counter *counters; /* ranked, worst first */
	size_t counter_count;
	struct finding_run *runs;
	size_t run_count;
};

struct findings {
	enum verdict verdict;
	char *summary; /* the verdict in one sentence */
	double alarm_rate;
	double effect_floor; /* share, 0.05 */
	char *model_path;
	char *profile_path;
	char *command_before;
	char *command_after;
	char *commit_before;
	char *commit_after;
	char *source;
	struct machine machine_before;
	struct machine machine_after;
	size_t runs_before;
	size_t runs_after;
	size_t runs_failed; /* of the new profile: kept apart */
	char **warnings;
	size_t warning_count;
	struct finding_region *regions; /* most serious first, then by time lost */
	size_t region_count;
	/* Regions that exist only on one side. */
	char **only_before;
	size_t only_before_count;
	char **only_after;
	size_t only_after_count;
};

struct detect_options {
	double alarm_rate;   /* false alarms per comparison, default 0.01 */
	double effect_floor; /* default 0.05 */
	bool force;	     /* compare although machine or source differ */
	FILE *scores;	     /* one CSV line per sample; NULL: none */
	const struct console *console;
};
void detect_options_default(struct detect_options *options);

int detect(struct findings **findings, const struct model *model, struct profile *profile,
	   const struct detect_options *options, struct error *error);
void findings_free(struct findings *findings);
/* EXIT_REGRESSION for a regression, else EXIT_NORMAL. */
enum exit_status findings_exit_status(const struct findings *findings);

#endif
