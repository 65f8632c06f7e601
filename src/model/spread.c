/* SPDX-License-Identifier: MIT */
/* See spread.h. */
#include "model/spread.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"

#define TAIL         0.005 /* share of the largest errors that is cut off */
#define SPREAD_LEAST 1e-3  /* in units of the feature's scale */
#define ERROR_LEAST  1e-6  /* errors that are zero still have to divide something */
#define PROBE_BLOCKS 8     /* blocks of samples that show the reaction */

double spread_of(const float *errors, size_t count, double *scratch)
{
	double limit, squares = 0;

	for (size_t i = 0; i < count; i++)
		scratch[i] = (double)errors[i];
	statistics_sort(scratch, count);
	limit = statistics_quantile_sorted(scratch, count, 1 - TAIL);
	for (size_t i = 0; i < count; i++) {
		double error = fmin(scratch[i], limit);

		squares += error * error;
	}
	return count ? sqrt(squares / (double)count) : 0;
}

/* What measuring needs; one clean-up. */
struct probe {
	const struct unit_training *training;
	const struct network *network;
	struct network_workspace workspace;
	float *block;    /* [features][KERNEL_BLOCK] */
	float *errors;   /* [features][count] absolute */
	double *scratch; /* [count] */
};

static void probe_free(struct probe *probe)
{
	network_workspace_free(&probe->workspace);
	free(probe->block);
	free(probe->errors);
	free(probe->scratch);
}

static int probe_create(struct probe *probe, size_t count)
{
	size_t features = probe->training->unit->feature_count;

	probe->block = kernel_alloc(features * KERNEL_BLOCK);
	probe->errors = malloc((count * features + 1) * sizeof(*probe->errors));
	probe->scratch = malloc((count + 1) * sizeof(*probe->scratch));
	if (!probe->block || !probe->errors || !probe->scratch)
		return -ENOMEM;
	return network_workspace_create(&probe->workspace, probe->network);
}

/* Adds the squared reactions of a block of `used` samples. */
static void add_reactions(struct probe *probe, size_t used, double *reaction)
{
	const struct unit_training *training = probe->training;
	const float *out;

	for (size_t f = 0; f < training->unit->feature_count; f++) {
		float step = (float)training->floors[f];
		float *column = probe->block + f * KERNEL_BLOCK;
		float sample[KERNEL_BLOCK], before[KERNEL_BLOCK];

		memcpy(sample, column, sizeof(sample));
		out = network_forward(probe->network, training->kernels, probe->block,
				      &probe->workspace);
		memcpy(before, out + f * KERNEL_BLOCK, sizeof(before));
		for (size_t lane = 0; lane < used; lane++)
			column[lane] += step;
		out = network_forward(probe->network, training->kernels, probe->block,
				      &probe->workspace);
		for (size_t lane = 0; lane < used; lane++) {
			float moved =
				step - (out[f * KERNEL_BLOCK + lane] - before[lane]);

			reaction[f] += (double)moved * (double)moved;
		}
		memcpy(column, sample, sizeof(sample));
	}
}

/* Absolute errors of a block, to their places from `first` of `count` on. */
static void note_errors(struct probe *probe, size_t first, size_t used, size_t count)
{
	const struct unit_training *training = probe->training;
	const float *out = network_forward(probe->network, training->kernels,
					   probe->block, &probe->workspace);

	for (size_t f = 0; f < training->unit->feature_count; f++)
		for (size_t lane = 0; lane < used; lane++)
			probe->errors[f * count + first + lane] =
				fabsf(probe->block[f * KERNEL_BLOCK + lane] -
				      out[f * KERNEL_BLOCK + lane]);
}

int spread_own_measure(struct spread_own *own, const struct unit_training *training,
		       const struct network *network, const uint32_t *list,
		       size_t count)
{
	size_t features = training->unit->feature_count;
	size_t blocks = (count + KERNEL_BLOCK - 1) / KERNEL_BLOCK;
	size_t stride = (blocks + PROBE_BLOCKS - 1) / PROBE_BLOCKS * KERNEL_BLOCK;
	struct probe probe = {.training = training, .network = network};
	struct train_rows rows = {.values = training->values,
				  .features = features,
				  .rows = list,
				  .count = count};
	size_t probed = 0;
	int status = probe_create(&probe, count);

	own->error = calloc(features + 1, sizeof(*own->error));
	own->reaction = calloc(features + 1, sizeof(*own->reaction));
	if (!own->error || !own->reaction)
		status = -ENOMEM;
	for (size_t first = 0; !status && first < count; first += KERNEL_BLOCK) {
		size_t used =
			train_gather(&rows, NULL, first, count - first, probe.block);

		note_errors(&probe, first, used, count);
		if (first % stride)
			continue;
		add_reactions(&probe, used, own->reaction);
		probed += used;
	}
	for (size_t f = 0; !status && f < features; f++) {
		double error =
			spread_of(probe.errors + f * count, count, probe.scratch);

		own->error[f] = fmax(error, ERROR_LEAST);
		own->reaction[f] =
			sqrt(own->reaction[f] / (double)(probed ? probed : 1));
	}
	probe_free(&probe);
	if (status)
		spread_own_free(own);
	return status;
}

void spread_own_free(struct spread_own *own)
{
	free(own->error);
	free(own->reaction);
	*own = (struct spread_own){0};
}

void spread_held_out(const struct spread_own *own, const double *inflation,
		     size_t features, double *spread)
{
	for (size_t f = 0; f < features; f++)
		spread[f] = fmax(fmax(own->error[f] * inflation[f], own->reaction[f]),
				 SPREAD_LEAST);
}
