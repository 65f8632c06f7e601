/* SPDX-License-Identifier: MIT */
/* Scores of samples (score.h), and what a model makes of them (model.h). */
#include "model/score.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "model/model.h"
#include "model/original.h"
#include "model/tail.h"
#include "model/train.h"

#define SCORE_LIMIT 1e9f

size_t scorer_components(const struct neighbours *neighbours)
{
	return SCORER_OWN_COMPONENTS + neighbours_components(neighbours);
}

int scorer_create(struct scorer *scorer, const struct kernels *kernels,
		  const struct network *network, const float *landmarks,
		  size_t landmark_count, const struct neighbours *neighbours)
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
		.neighbours = neighbours,
		.components =
			kernel_alloc(scorer_components(neighbours) * KERNEL_BLOCK),
	};
	if (!scorer->components || !scorer->clipped || !scorer->rebuilt ||
	    !scorer->distance ||
	    network_workspace_create(&scorer->workspace, network) ||
	    landmark_finder_create(&scorer->finder, kernels, landmarks, landmark_count,
				   features) ||
	    (neighbours &&
	     neighbour_finder_create(&scorer->neighbour_finder, neighbours, kernels))) {
		scorer_free(scorer);
		return -ENOMEM;
	}
	return 0;
}

void scorer_free(struct scorer *scorer)
{
	neighbour_finder_free(&scorer->neighbour_finder);
	landmark_finder_free(&scorer->finder);
	network_workspace_free(&scorer->workspace);
	free(scorer->clipped);
	free(scorer->rebuilt);
	free(scorer->distance);
	free(scorer->components);
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

/* Adds the squares of a feature's weighted errors. */
static void add_squares(const float *errors, float weight, float *sums)
{
	for (size_t lane = 0; lane < KERNEL_BLOCK; lane++) {
		float error = errors[lane] * weight;

		sums[lane] += error * error;
	}
}

void scorer_combine(struct scorer *scorer, const float *block,
		    const float *rebuilt_weight, const float *distance_weight,
		    size_t samples, float *residuals)
{
	float sums[KERNEL_BLOCK] __attribute__((aligned(KERNEL_ALIGNMENT))) = {0};
	size_t features = scorer->features;
	float *rebuilt = scorer->components;
	float *distance = scorer->components + KERNEL_BLOCK;

	memset(scorer->components, 0,
	       SCORER_OWN_COMPONENTS * KERNEL_BLOCK * sizeof(float));
	for (size_t f = 0; f < features; f++) {
		size_t at = f * KERNEL_BLOCK;

		add_squares(scorer->rebuilt + at, rebuilt_weight[f], rebuilt);
		add_squares(scorer->distance + at, distance_weight[f], distance);
		/* The clipped block has served: room for the residuals. */
		if (residuals)
			scorer->kernels->combine(
				scorer->rebuilt + at, rebuilt_weight[f],
				scorer->distance + at, distance_weight[f], sums,
				scorer->clipped + at);
	}
	for (size_t i = 0; i < SCORER_OWN_COMPONENTS * KERNEL_BLOCK; i++)
		scorer->components[i] = sqrtf(scorer->components[i] / (float)features);
	if (scorer->neighbours)
		neighbour_look(&scorer->neighbour_finder, block,
			       scorer->components +
				       SCORER_OWN_COMPONENTS * KERNEL_BLOCK);
	for (size_t lane = 0; residuals && lane < samples; lane++)
		for (size_t f = 0; f < features; f++)
			residuals[lane * features + f] =
				bounded(scorer->clipped[f * KERNEL_BLOCK + lane]);
}

/* The mean of x^2 is 2 where x is exponentially distributed with mean 1. */
#define MEAN_SQUARE 2.0

float scorer_score(const double *tails, const float *components, size_t count)
{
	double sum = 0;

	for (size_t c = 0; c < count; c++) {
		double tail = tail_of(tails + c * TAIL_POINTS, (double)components[c]);

		sum += tail * tail;
	}
	return bounded((float)sqrt(sum / (MEAN_SQUARE * (double)count)));
}

/* 1 / spread; NULL: out of memory. */
static float *make_weights(const double *spread, size_t features)
{
	float *weights = malloc((features + 1) * sizeof(*weights));

	for (size_t f = 0; weights && f < features; f++)
		weights[f] = (float)(1 / spread[f]);
	return weights;
}

/* What scoring rows needs; one clean-up. */
struct row_scorer {
	struct scorer scorer;
	float *rebuilt_weight;
	float *distance_weight;
	float *block;
	float *row; /* components of one sample */
};

static int row_scorer_create(struct row_scorer *rows, const struct model_unit *unit,
			     const struct kernels *kernels)
{
	size_t features = unit->feature_count;

	rows->rebuilt_weight = make_weights(unit->residual_spread, features);
	rows->distance_weight = make_weights(unit->landmark_spread, features);
	rows->block = kernel_alloc(features * KERNEL_BLOCK);
	rows->row = malloc(scorer_components(unit->neighbours) * sizeof(*rows->row));
	if (!rows->rebuilt_weight || !rows->distance_weight || !rows->block ||
	    !rows->row)
		return -ENOMEM;
	return scorer_create(&rows->scorer, kernels, unit->network, unit->landmarks,
			     unit->landmark_count, unit->neighbours);
}

static void row_scorer_free(struct row_scorer *rows)
{
	scorer_free(&rows->scorer);
	free(rows->row);
	free(rows->block);
	free(rows->distance_weight);
	free(rows->rebuilt_weight);
}

int scorer_score_rows(const struct model_unit *unit, const struct kernels *kernels,
		      const struct sample_table *table, size_t first, size_t count,
		      float *scores, float *residuals, float *components)
{
	size_t features = unit->feature_count;
	size_t parts = scorer_components(unit->neighbours);
	struct row_scorer rows = {0};
	int status = row_scorer_create(&rows, unit, kernels);

	for (size_t done = 0; !status && done < count; done += KERNEL_BLOCK) {
		size_t used = count - done < KERNEL_BLOCK ? count - done : KERNEL_BLOCK;

		feature_block(unit->features, features, &unit->scaler, kernels, table,
			      NULL, first + done, used, rows.block);
		scorer_look(&rows.scorer, rows.block);
		scorer_combine(&rows.scorer, rows.block, rows.rebuilt_weight,
			       rows.distance_weight, used,
			       residuals ? residuals + done * features : NULL);
		for (size_t lane = 0; lane < used; lane++) {
			float *row = components ? components + (done + lane) * parts
						: rows.row;

			for (size_t c = 0; c < parts; c++)
				row[c] = bounded(
					rows.scorer
						.components[c * KERNEL_BLOCK + lane]);
			if (scores)
				scores[done + lane] =
					scorer_score(unit->tails, row, parts);
		}
	}
	row_scorer_free(&rows);
	return status;
}

int model_score(const struct model_unit *unit, const struct sample_table *table,
		float *scores, float *residuals, struct error *error)
{
	if (unit->method == MODEL_ORIGINAL)
		return original_score(unit, table, scores, residuals, error);
	if (scorer_score_rows(unit, kernels_select(KERNEL_WIDTH_BEST), table, 0,
			      table->rows, scores, residuals, NULL))
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
