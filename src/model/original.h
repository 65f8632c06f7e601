/* SPDX-License-Identifier: MIT */
/*
 * The original AutoPerf's method (Alam et al. 2019), kept to be compared against: counters per
 * instruction, no times; each run scaled by its own maxima; an autoencoder n-16-8-4-8-16-n with
 * noise 0.25 for 12 epochs; a sample is anomalous beyond mean + 3 standard deviations of the
 * errors on what it was trained on. Its known faults are left in: that is what it is for.
 *
 * A unit that was trained so has no neighbours, its residuals are the network's errors, and its
 * score is their mean square.
 */
#ifndef AUTOPERF_MODEL_ORIGINAL_H
#define AUTOPERF_MODEL_ORIGINAL_H

#include "model/unit.h"

#define ORIGINAL_TOPOLOGY "n-16-8-4-8-16-n:sigmoid"

/* Of a new run's samples that must be anomalous for the run to be. */
#define ORIGINAL_SHARE 0.05

/* As unit_train(). */
int original_train(struct model_unit *unit, const char *region, uint32_t pass,
		   const struct event_plan *plan, const struct sample_table *table,
		   const struct model_options *options, struct text *log,
		   struct error *error);
/* As model_score(); `table` must have all rows of each of its runs. */
int original_score(const struct model_unit *unit, const struct sample_table *table,
		   float *scores, float *residuals, struct error *error);

#endif
