/* SPDX-License-Identifier: MIT */
/*
 * Scoring: how far scaled samples are from what the network and the landmarks expect. model.h
 * defines the score; here are its two parts, which training needs one by one.
 */
#ifndef AUTOPERF_MODEL_SCORE_H
#define AUTOPERF_MODEL_SCORE_H

#include <stddef.h>

#include "model/kernel.h"
#include "model/landmark.h"
#include "model/model.h"
#include "model/network.h"

/* One per thread and network. */
struct scorer {
	const struct kernels *kernels;
	const struct network *network;
	size_t features;
	struct network_workspace workspace;
	struct landmark_finder finder;
	float *clipped; /* [features][KERNEL_BLOCK], later the residuals */
	float *rebuilt; /* error of the network: sample less reconstruction, likewise */
	float *distance; /* sample less nearest landmark, likewise */
};

/* network and landmarks stay the caller's. -ENOMEM. */
int scorer_create(struct scorer *scorer, const struct kernels *kernels,
		  const struct network *network, const float *landmarks,
		  size_t landmark_count);
void scorer_free(struct scorer *scorer);

/*
 * Fills scorer->rebuilt and scorer->distance for a block of scaled samples. The network and the
 * landmarks see the block clipped, the differences are to the whole value: what lies beyond
 * anything seen is never explained away.
 */
void scorer_look(struct scorer *scorer, const float *block);

/*
 * After scorer_look(): score of each sample of the block, and, unless NULL, its residuals
 * [sample][features]. The weights are 1 / held-out spread, [features].
 */
void scorer_combine(struct scorer *scorer, const float *rebuilt_weight,
		    const float *distance_weight, size_t samples, float *scores,
		    float *residuals);

/*
 * Scores `count` rows of the table from `first` on with the unit's network, landmarks, scaler and
 * spreads; residuals may be NULL. -ENOMEM.
 */
int scorer_score_rows(const struct model_unit *unit, const struct kernels *kernels,
		      const struct sample_table *table, size_t first, size_t count,
		      float *scores, float *residuals);

#endif
