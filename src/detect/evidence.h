/* SPDX-License-Identifier: MIT */
/*
 * Evidence: what the model says about the new samples of one region and one pass. Loads the
 * samples, scores them, keeps summaries and lets the samples go.
 */
#ifndef AUTOPERF_DETECT_EVIDENCE_H
#define AUTOPERF_DETECT_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "detect/findings.h"
#include "model/model.h"
#include "profile/profile.h"

/* Held-out spreads: beyond them a residual is surer, but says no more. */
#define EVIDENCE_RESIDUAL_MAX 10.0

struct evidence {
	const struct model_unit *unit; /* the caller's, outlives this */
	struct model_run *runs;        /* new runs that have samples; rates owned */
	size_t run_count;
	/* Of these, with one execution that took longer than all others together. */
	size_t stalled;
	uint64_t scores[FINDING_BINS]; /* new samples, see histogram.h */
	/* By how much the mean squared residual exceeds the 1 that held-out normal samples
	 * have: median over runs, at least 0. A residual counts for at most
	 * EVIDENCE_RESIDUAL_MAX. [unit->feature_count] */
	double *excess;
	/* Median signed residual, in held-out spreads. [unit->feature_count] */
	double *residual;
};

/*
 * Gathers the evidence on `unit` from pass `pass` of `region`, both of the profile; that
 * pass must have the events that the unit was trained with, in the same order. No samples is
 * success with run_count 0. Of the options only the chosen runs matter, and `scores`, which gets
 * a line per sample; scores_header() names the columns. `progress`, unless NULL, goes on by the
 * samples scored. Free with evidence_free(), also after a failure.
 */
int evidence_collect(struct evidence *evidence, const struct model_unit *unit,
		     struct profile *profile, int64_t region, uint32_t pass,
		     const struct detect_options *options, struct progress *progress,
		     struct error *error);
void evidence_free(struct evidence *evidence);

/* "region,pass,run,thread,begin_ns,wall_ns,score,p_value,anomalous". */
void evidence_scores_header(FILE *scores);

#endif
