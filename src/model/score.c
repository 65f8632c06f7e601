/* SPDX-License-Identifier: MIT */
/* Scores of samples (score.h), and what a model makes of them (model.h). */
#include "model/score.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "model/model.h"
#include "model/train.h"

#define SCORE_LIMIT 1e9f

int scorer_create(struct scorer *scorer, const struct kernels *kernels,
		  const struct network *network, const float *landmarks,
		  size_t landmark_count)
{
	size_t features = network->layers[0].inputs;
	size_t values = features * KERNEL_BLOCK;

	*scorer = (struct scorer){
		.kernels = kernels,
		.network = network,
		.features = features,
		.clipped = kernel_alloc(values),
		.rebuilt = kernel_alloc(values),
		.distance = kernel_alloc(values),
	};
	if (!scorer->clipped || !scorer->rebuilt || !scorer->distance ||
	    network_workspace_create(&scorer->workspace, network) ||
	    landmark_finder_create(&scorer->finder, kernels, landmarks, landmark_count,
				   features)) {
		scorer_free(scorer);
		return -ENOMEM;
	}
	return 0;
}

void scorer_free(struct scorer *scorer)
{
	landmark_finder_free(&scorer->finder);
	network_workspace_free(&scorer->workspace);
	free(scorer->clipped);
	free(scorer->rebuilt);
	free(scorer->distance);
	*scorer = (struct scorer){0};
}

void scorer_look(struct scorer *scorer, const float *block)
{
	size_t values = scorer->features * KERNEL_BLOCK;
	const float *output;

	for (size_t i = 0; i < values; i++) {
		float x = block[i] < TRAIN_CLIP ? block[i] : TRAIN_CLIP;

		scorer->clipped[i] = x > -TRAIN_CLIP ? x : -TRAIN_CLIP;
	}
	output = network_forward(scorer->network, scorer->kernels, scorer->clipped,
				 &scorer->workspace);
	landmark_find(&scorer->finder, scorer->clipped);
	for (size_t i = 0; i < values; i++)
		scorer->rebuilt[i] = block[i] - output[i];
	for (size_t f = 0; f < scorer->features; f++) {
		const float *landmark = scorer->finder.landmarks + f;

		for (size_t lane = 0; lane < KERNEL_BLOCK; lane++) {
			size_t at = f * KERNEL_BLOCK + lane;
			size_t nearest = (size_t)scorer->finder.index[lane];

			scorer->distance[at] =
				block[at] - landmark[nearest * scorer->features];
		}
	}
}

/* A model from a stranger may overflow; that is as strange as can be, not an invalid number. */
static float bounded(float value)
{
	if (isnan(value))
		return SCORE_LIMIT;
	value = value < SCORE_LIMIT ? value : SCORE_LIMIT;
	return value > -SCORE_LIMIT ? value : -SCORE_LIMIT;
}

void scorer_combine(struct scorer *scorer, const float *rebuilt_weight,
		    const float *distance_weight, size_t samples, float *scores,
		    float *residuals)
{
	float sums[KERNEL_BLOCK] __attribute__((aligned(KERNEL_ALIGNMENT))) = {0};
	size_t features = scorer->features;

	for (size_t f = 0; f < features; f++) {
		size_t at = f * KERNEL_BLOCK;

		/* The clipped block has served: room for the residuals. */
		scorer->kernels->combine(scorer->rebuilt + at, rebuilt_weight[f],
					 scorer->distance + at, distance_weight[f],
					 sums, residuals ? scorer->clipped + at : NULL);
	}
	for (size_t lane = 0; lane < samples; lane++)
		scores[lane] = bounded(sqrtf(sums[lane] / (float)(2 * features)));
	for (size_t lane = 0; residuals && lane < samples; lane++)
		for (size_t f = 0; f < features; f++)
			residuals[lane * features + f] =
				bounded(scorer->clipped[f * KERNEL_BLOCK + lane]);
}

/* 1 / spread; NULL: out of memory. */
static float *make_weights(const double *spread, size_t features)
{
	float *weights = malloc((features + 1) * sizeof(*weights));

	for (size_t f = 0; weights && f < features; f++)
		weights[f] = (float)(1 / spread[f]);
	return weights;
}

int scorer_score_rows(const struct model_unit *unit, const struct kernels *kernels,
		      const struct sample_table *table, size_t first, size_t count,
		      float *scores, float *residuals)
{
	size_t features = unit->feature_count;
	float *rebuilt_weight = make_weights(unit->residual_spread, features);
	float *distance_weight = make_weights(unit->landmark_spread, features);
	float *block = kernel_alloc(features * KERNEL_BLOCK);
	struct scorer scorer;
	int status = scorer_create(&scorer, kernels, unit->network, unit->landmarks,
				   unit->landmark_count);

	if (!rebuilt_weight || !distance_weight || !block)
		status = -ENOMEM;
	for (size_t done = 0; !status && done < count; done += KERNEL_BLOCK) {
		size_t rows = count - done < KERNEL_BLOCK ? count - done : KERNEL_BLOCK;

		feature_block(unit->features, features, &unit->scaler, kernels, table,
			      NULL, first + done, rows, block);
		scorer_look(&scorer, block);
		scorer_combine(&scorer, rebuilt_weight, distance_weight, rows,
			       scores + done,
			       residuals ? residuals + done * features : NULL);
	}
	scorer_free(&scorer);
	free(block);
	free(distance_weight);
	free(rebuilt_weight);
	return status;
}

int model_score(const struct model_unit *unit, const struct sample_table *table,
		float *scores, float *residuals, struct error *error)
{
	if (scorer_score_rows(unit, kernels_select(KERNEL_WIDTH_BEST), table, 0,
			      table->rows, scores, residuals))
		return error_no_memory(error, "scoring samples");
	return 0;
}

double model_tail(const struct model_unit *unit, double score)
{
	/* Even the highest held-out score was one of that many. */
	double least = 1 / (double)(unit->samples + 1);
	const double *quantiles = unit->score_quantiles;
	size_t low = 0, high = MODEL_QUANTILES - 1;
	double position, share;

	if (!(score > quantiles[low]))
		return 1;
	if (score > quantiles[high])
		return least;
	/* quantiles[low] < score <= quantiles[high] */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (quantiles[middle] < score)
			low = middle;
		else
			high = middle;
	}
	position = (double)low +
		   (score - quantiles[low]) / (quantiles[high] - quantiles[low]);
	share = 1 - position / (MODEL_QUANTILES - 1);
	return share > least ? share : least;
}
