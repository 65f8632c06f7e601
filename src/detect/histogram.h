/* SPDX-License-Identifier: MIT */
/* How the scores of a region's samples are distributed, normal ones and new ones. */
#ifndef AUTOPERF_DETECT_HISTOGRAM_H
#define AUTOPERF_DETECT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "detect/findings.h"
#include "model/model.h"

/* Adds the scores to `counts` [FINDING_BINS], by how they compare with the unit's threshold. */
void histogram_count(uint64_t *counts, const struct model_unit *unit,
		     const float *scores, size_t rows);
/*
 * Adds the samples that one pass has on both sides: the unit's held-out ones, and new ones by
 * their counts. After the last pass histogram_finish() makes shares of them.
 */
void histogram_add(struct finding_histogram *histogram, const struct model_unit *unit,
		   const uint64_t *counts);
void histogram_finish(struct finding_histogram *histogram);

/* Score, as a multiple of the threshold, at which bin `bin` begins; bin 0 begins at 0. */
double histogram_edge(size_t bin);

#endif
