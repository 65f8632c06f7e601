/* SPDX-License-Identifier: MIT */
/* From numbers to verdicts, and verdicts in words. */
#ifndef AUTOPERF_DETECT_VERDICT_H
#define AUTOPERF_DETECT_VERDICT_H

#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "detect/findings.h"
#include "detect/judge.h"

struct verdict_terms {
	enum model_method method;
	double alarm_rate;
	double effect_floor;
	size_t pass_count;  /* runs are counted over all passes, asked for per pass */
	size_t regions;     /* judged together */
	bool other_command; /* than in training, so perhaps another input */
};

/* What a verdict rests on. */
enum verdict_why {
	WHY_SLOWER_EXECUTION, /* regression */
	WHY_MORE_TOTAL,
	WHY_COUNTERS_WORSE,   /* no time was measured */
	WHY_FASTER_EXECUTION, /* improvement */
	WHY_LESS_TOTAL,
	WHY_COUNTERS_MOVED, /* changed */
	WHY_SAMPLES_STRANGE,
	WHY_FEWER_BUT_LONGER,
	WHY_NO_RUNS, /* cannot tell */
	WHY_TOO_FEW_RUNS,
	WHY_EFFECT_UNCERTAIN,
	WHY_MORE_WORK, /* normal: another input */
	WHY_VOTE,      /* by the original's method */
	WHY_TINY,      /* normal */
	WHY_NOISE,
};

/*
 * Sets verdict, suspicious, by_total and the missing runs of a region whose numbers and
 * counters are in place. judgement->judged is false when no run of the new profile has the
 * model's events in this region.
 */
enum verdict_why verdict_decide(struct finding_region *region,
				const struct judgement *judgement,
				const struct verdict_terms *terms);

/*
 * The same by the original's method: most of the new runs are anomalous, or not. Time does not
 * count, nor how sure it is.
 */
enum verdict_why verdict_vote(struct finding_region *region);

/* sentence.c: appends the reason of a decided region. */
void sentence_reason(struct text *text, const struct finding_region *region,
		     enum verdict_why why, const struct verdict_terms *terms);
/* Appends the summary of findings whose regions are decided and sorted. */
void sentence_summary(struct text *text, const struct findings *findings);

#endif
