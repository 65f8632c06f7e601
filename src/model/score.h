/* SPDX-License-Identifier: MIT */
/*
 * Scoring: how far scaled samples are from what the network, the landmarks and the neighbours
 * expect. model.h defines the score; here are its parts, which training needs one by one.
 */
#ifndef AUTOPERF_MODEL_SCORE_H
#define AUTOPERF_MODEL_SCORE_H

#include <stddef.h>

#include "model/kernel.h"
#include "model/landmark.h"
#include "model/model.h"
#include "model/neighbour.h"
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
	/* Without neighbours unused. */
	const struct neighbours *neighbours;
	struct neighbour_finder neighbour_finder;
	float *components; /* [scorer_components()][KERNEL_BLOCK] */
};

/* Components of a score: of the network, of the landmarks, and those of the neighbours. */
#define SCORER_OWN_COMPONENTS ((size_t)2)
size_t scorer_components(const struct neighbours *neighbours);

/* network, landmarks and neighbours (may be NULL) stay the caller's. -ENOMEM. */
int scorer_create(struct scorer *scorer, const struct kernels *kernels,
		  const struct network *network, const float *landmarks,
		  size_t landmark_count, const struct neighbours *neighbours);
void scorer_free(struct scorer *scorer);

/*
 * Fills scorer->rebuilt and scorer->distance for a block of scaled samples. The network and the
 * landmarks see the block clipped, the differences are to the whole value: what lies beyond
 * anything seen is never explained away.
 */
void scorer_look(struct scorer *scorer, const float *block);

/*
 * After scorer_look() of the same block: fills scorer->components, and, unless NULL, the residuals
 * [sample][features]. The weights are 1 / held-out spread, [features].
 */
void scorer_combine(struct scorer *scorer, const float *block,
		    const float *rebuilt_weight, const float *distance_weight,
		    size_t samples, float *residuals);

/*
 * Scores `count` rows of the table from `first` on with the unit's network, landmarks, neighbours,
 * scaler, spreads and tails. Any of `scores` [count], residuals [count][features] and components
 * [count][scorer_components()] may be NULL; only scores need the tails. -ENOMEM.
 */
int scorer_score_rows(const struct model_unit *unit, const struct kernels *kernels,
		      const struct sample_table *table, size_t first, size_t count,
		      float *scores, float *residuals, float *components);
/* The score that components [count] make by tails [count][TAIL_POINTS]. */
float scorer_score(const double *tails, const float *components, size_t count);

#endif
