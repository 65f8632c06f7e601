/* SPDX-License-Identifier: MIT */
/*
 * Findings: the answer. Built by detect.c from a model and a new profile, rendered by
 * src/report, and complete in itself: a renderer needs nothing else.
 *
 * Names of regions and events come from the measured program and are untrusted bytes;
 * sentences built here quote them shortened but not escaped. Renderers escape.
 */
#ifndef AUTOPERF_DETECT_FINDINGS_H
#define AUTOPERF_DETECT_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/console.h"
#include "base/error.h"
#include "base/statistics.h"
#include "event/event.h"
#include "model/feature.h"
#include "model/model.h"
#include "profile/machine.h"
#include "profile/profile.h"

#define FINDINGS_FORMAT_VERSION 1
#define FINDINGS_CONFIDENCE     0.95 /* of every ratio_interval */

/* In rising order of what the reader should see first. */
enum verdict {
	VERDICT_NORMAL,
	VERDICT_IMPROVEMENT,
	VERDICT_CHANGED, /* counters moved, time did not */
	VERDICT_CANNOT_TELL,
	VERDICT_REGRESSION,
	VERDICTS /* number of verdicts */
};
const char *verdict_name(enum verdict verdict); /* "cannot tell", ... */

struct finding_counter {
	char *name;
	enum event_role role;
	enum event_unit unit;
	enum feature_kind kind; /* what the rates are relative to */
	char *description;      /* may be NULL */
	uint32_t pass;
	double before; /* median over runs of the run's rate, natural units */
	double after;
	double factor; /* after / before; 1 when both are 0, INFINITY when before is 0 */
	double p_moved;     /* two-sided rank test on the runs' rates, not corrected */
	bool moved;         /* by the effect floor or more, and more than runs vary */
	double error_share; /* of the region's excess reconstruction error, 0..1 */
	double explains; /* error_share times how far it moved, over all counters 1 */
	double residual; /* median signed residual / held-out spread, new samples */
};

struct finding_run {
	uint32_t ordinal;
	uint32_t pass;
	uint64_t samples;
	double wall_median_ns;
	double anomalous_share;
	double score_mean; /* mean of log(score) */
	bool anomalous;    /* beyond what held-out normal runs did */
};

/* Kinds of events that take time; see cause.h. */
enum finding_cause_kind {
	CAUSE_WAITING,
	CAUSE_FALSE_SHARING,
	CAUSE_TRUE_SHARING,
	CAUSE_REMOTE_MEMORY,
	CAUSE_CACHE_MISSES,
	CAUSE_TLB_MISSES,
	CAUSE_BRANCHES,
	CAUSE_PAGE_FAULTS,
	CAUSE_SYSTEM_CALLS,
	CAUSE_INSTRUCTIONS,
	CAUSE_KINDS
};

struct finding_cause {
	enum finding_cause_kind kind;
	double share; /* of the extra time of an execution; may exceed 1 where costs overlap */
};

/* A contended cache line that costs a region more than it did in training. */
struct finding_line {
	bool is_false;       /* sharing: most of its fetches, else true sharing */
	double false_share;  /* of its fetches: that padding would end */
	char *contended;     /* what lies there, in words: "sums+32" */
	char *waits_at;      /* "linear_regression.c:39 (accumulate)"; NULL: unknown */
	char *waits_for;     /* the write that it waits for, likewise */
	char *advice;        /* what to do, in words */
	char *detail;        /* JSON object: doc/formats/lines.md, "A line" */
	uint32_t padding;    /* bytes that would end it, 0: none would */
	double cycles_share; /* of the region's cycles, new runs */
	bool before_known;   /* training told about lines; else the next two are NaN */
	double cycles_before, cycles_after; /* per execution, medians over runs */
	double hitm_before, hitm_after;     /* fetches from other cores, likewise */
};

/*
 * Shares of samples by their scores, each as a multiple of its pass's threshold. Bins are half an
 * octave wide: bin FINDING_BIN_THRESHOLD is the first one of anomalous samples, bin b begins at
 * 2^((b - FINDING_BIN_THRESHOLD) / 2). The first and the last one hold what lies beyond, too.
 */
#define FINDING_BINS          24
#define FINDING_BIN_THRESHOLD 8
struct finding_histogram {
	double before[FINDING_BINS]; /* held out */
	double after[FINDING_BINS];
	bool known;
};

struct finding_region {
	char *name;
	enum verdict verdict;
	char *reason; /* one sentence for people, without the region's name */
	size_t runs_before;
	size_t runs_after;
	uint64_t samples_before;
	uint64_t samples_after;
	double executions_before; /* per run, median */
	double executions_after;
	bool calls_changed; /* executions per run, by the floor or more, for sure */
	/* Instructions per execution, and time per instruction; NaN where they are not counted. */
	struct ratio_interval work;
	struct ratio_interval pace;
	bool by_total;   /* the verdict rests on total time, not time per execution */
	bool by_typical; /* it rests on the time of the median execution */
	bool time_measured;    /* else every time below is NaN (imports without time) */
	double time_before_ns; /* per execution: median over runs of the run's mean */
	double time_after_ns;
	struct ratio_interval time;
	double typical_before_ns; /* median over runs of the run's median execution */
	double typical_after_ns;
	struct ratio_interval typical;
	double total_before_ns; /* per run, median: time in the region, all threads */
	double total_after_ns;
	struct ratio_interval total;
	double anomalous_share_before; /* held out */
	double anomalous_share_after;
	struct finding_histogram scores;
	/* One-sided: samples are stranger than held-out normal ones. Those were scored by other
	 * networks, so it is a hint, and raises no alarm. */
	double p_score;
	double p_time;   /* one-sided: time is longer; NaN without time */
	double p_faster; /* one-sided: time is shorter; NaN without time */
	double p_value; /* of an alarm: longer times or rates that moved, corrected for all that
			    was tested in all regions (joint.h) */
	double p_improvement; /* the same for p_faster */
	bool suspicious;      /* looks anomalous, whether or not it can be proved */
	/* Cannot tell: runs with each pass that would have to be added to one side or to the
	 * other, with the other side as it is; 0: that side alone cannot mend it. */
	size_t runs_missing;
	size_t training_runs_missing;
	struct finding_counter *counters; /* ranked, worst first */
	size_t counter_count;
	struct finding_cause *causes; /* what explains longer executions, most first */
	size_t cause_count;
	struct finding_run *runs; /* new ones */
	size_t run_count;
	struct finding_line *lines; /* costliest first; none unless it is anomalous */
	size_t line_count;
	size_t *changes; /* indices into those of the findings: what is likely about it */
	size_t change_count;
};

/* Lines that differ between the commits that are compared. */
struct finding_change {
	char *path; /* of the newer commit, below the top of the repository */
	uint32_t
		first; /* line, from 1; if count is 0, lines were taken out behind it */
	uint32_t count;
};

/*
 * An execution of the program, that is, one run with each pass, over all regions. "Anomalous"
 * is beyond what (other) held-out normal ones did.
 */
struct finding_round {
	uint64_t samples;
	uint64_t anomalous_samples;
	double score; /* mean of log(score) of its samples */
	bool anomalous;
};

/* A region of the new profile that the model has no idea of. */
struct finding_unjudged {
	char *name;
	char *reason;
};

struct findings {
	enum verdict verdict;
	char *summary; /* the verdict in one sentence, without the word of the verdict */
	enum model_method method; /* of the model; it decides how regions are judged */
	double alarm_rate;
	double effect_floor; /* share, 0.05 */
	char *model_path;
	char *profile_path;
	char *command_before; /* JSON array, as in the profile; may be NULL */
	char *command_after;
	char *commit_before; /* may be NULL */
	char *commit_after;
	char *source;
	struct machine machine_before;
	struct machine machine_after;
	size_t runs_before;
	size_t runs_after;
	size_t runs_failed; /* of the new profile: kept apart */
	size_t pass_count;
	size_t event_count;     /* distinct counters measured */
	bool microarchitecture; /* one of them sees caches, TLBs, branches or sharing */
	char **warnings;
	size_t warning_count;
	size_t warning_capacity;
	struct finding_region *regions; /* most serious first, then by time lost */
	size_t region_count;
	struct finding_round *rounds_before; /* held out */
	size_t rounds_before_count;
	struct finding_round *rounds_after;
	size_t rounds_after_count;
	/* Regions that exist only on one side. */
	char **only_before;
	size_t only_before_count;
	char **only_after;
	size_t only_after_count;
	/* Of these, what looks like one region under two names. */
	struct finding_renamed {
		char *before;
		char *after;
	} * renamed;
	size_t renamed_count;
	/* Of two commits (`check`): "BASE..HEAD", and what differs; else NULL and none. */
	char *range;
	struct finding_change *changes;
	size_t change_count;
	/* Regions of both sides that training could not learn. */
	struct finding_unjudged *unjudged;
	size_t unjudged_count;
};

#define DETECT_ALARM_RATE   0.01
#define DETECT_EFFECT_FLOOR 0.05

struct detect_options {
	double alarm_rate;      /* false alarms per comparison, in (0, 1) */
	double effect_floor;    /* share, >= 0 */
	bool force;             /* compare although machine, source or events differ */
	const char *model_path; /* for the record; may be NULL */
	FILE *scores;           /* one CSV line per sample; NULL: none */
	/* Judge only runs with chosen[ordinal], of ordinals below chosen_count; NULL: all. */
	const bool *chosen;
	size_t chosen_count;
	int threads;                   /* 0: all CPUs; never changes the result */
	const struct console *console; /* progress; NULL: silent */
};
void detect_options_default(struct detect_options *options);

/*
 * Compares the runs of `profile` that ended well with the model. Refuses (unless
 * options->force) what cannot be compared: another machine, source or events. Holds the
 * samples of one region and one pass at a time. Errors of writing options->scores surface
 * when its owner closes it.
 */
int detect(struct findings **findings, const struct model *model,
	   struct profile *profile, const struct detect_options *options,
	   struct error *error);
void findings_free(struct findings *findings);
/* EXIT_REGRESSION for a regression, EXIT_CANNOT_MEASURE for `cannot tell`, else EXIT_NORMAL. */
enum exit_status findings_exit_status(const struct findings *findings);

/* Adds a warning; returns 0 or -ENOMEM. For detect's own files. */
int findings_warn(struct findings *findings, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
