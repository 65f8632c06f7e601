/* SPDX-License-Identifier: MIT */
/*
 * Landmarks: see landmark.h. The nearest landmark l to x has the largest l.x - |l|^2 / 2, so that
 * finding it is the same product that a layer of the network makes.
 */
#include "model/landmark.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GROUP       64 /* landmarks whose values are made together; they stay in cache */
#define ITERATIONS  5  /* of Lloyd's algorithm; more move the centres little */
#define CLUSTER_MAX 16384 /* rows that are clustered, evenly spaced */

int landmark_finder_create(struct landmark_finder *finder,
			   const struct kernels *kernels, const float *landmarks,
			   size_t count, size_t features)
{
	*finder = (struct landmark_finder){
		.kernels = kernels,
		.landmarks = landmarks,
		.count = count,
		.features = features,
		.bias = kernel_alloc(count),
		.values = kernel_alloc(GROUP * KERNEL_BLOCK),
		.best = kernel_alloc(KERNEL_BLOCK),
		.index = aligned_alloc(KERNEL_ALIGNMENT,
				       KERNEL_BLOCK * sizeof(*finder->index)),
	};
	if (!finder->bias || !finder->values || !finder->best || !finder->index) {
		landmark_finder_free(finder);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		float sum = 0;

		for (size_t f = 0; f < features; f++)
			sum += landmarks[i * features + f] *
			       landmarks[i * features + f];
		finder->bias[i] = -0.5f * sum;
	}
	return 0;
}

void landmark_finder_free(struct landmark_finder *finder)
{
	free(finder->bias);
	free(finder->values);
	free(finder->best);
	free(finder->index);
	*finder = (struct landmark_finder){0};
}

void landmark_find(struct landmark_finder *finder, const float *block)
{
	const struct kernels *kernels = finder->kernels;

	for (size_t lane = 0; lane < KERNEL_BLOCK; lane++) {
		finder->best[lane] = -3e38f;
		finder->index[lane] = 0;
	}
	for (size_t first = 0; first < finder->count; first += GROUP) {
		size_t count =
			finder->count - first < GROUP ? finder->count - first : GROUP;

		kernels->product(finder->landmarks + first * finder->features,
				 finder->features, 1, finder->bias + first, count,
				 finder->features, block, finder->values);
		kernels->largest(finder->values, count, (int32_t)first, finder->best,
				 finder->index);
	}
}

/* The row that is `i`-th of `count` evenly spaced ones. */
static size_t spaced(const struct train_rows *rows, size_t i, size_t count)
{
	return i * rows->count / count;
}

/* Moves each landmark to the mean of the rows that are nearest to it. */
static int iterate(const struct train_rows *rows, const struct kernels *kernels,
		   const uint32_t *chosen, size_t chosen_count, float *landmarks,
		   size_t count)
{
	size_t features = rows->features;
	float *block = kernel_alloc(features * KERNEL_BLOCK);
	double *sums = calloc(count * features, sizeof(*sums));
	size_t *members = calloc(count, sizeof(*members));
	struct landmark_finder finder;
	int status =
		landmark_finder_create(&finder, kernels, landmarks, count, features);

	if (status || !block || !sums || !members) {
		status = -ENOMEM;
		goto out;
	}
	for (size_t first = 0; first < chosen_count; first += KERNEL_BLOCK) {
		size_t used =
			train_gather(rows, chosen, first, chosen_count - first, block);

		landmark_find(&finder, block);
		for (size_t lane = 0; lane < used; lane++) {
			size_t nearest = (size_t)finder.index[lane];

			members[nearest]++;
			for (size_t f = 0; f < features; f++)
				sums[nearest * features + f] +=
					(double)block[f * KERNEL_BLOCK + lane];
		}
	}
	for (size_t i = 0; i < count; i++)
		for (size_t f = 0; members[i] && f < features; f++)
			landmarks[i * features + f] =
				(float)(sums[i * features + f] / (double)members[i]);
out:
	landmark_finder_free(&finder);
	free(members);
	free(sums);
	free(block);
	return status;
}

int landmark_choose(const struct train_rows *rows, const struct kernels *kernels,
		    float **landmarks, size_t *count)
{
	size_t features = rows->features;
	size_t wanted = rows->count < LANDMARKS_MAX ? rows->count : LANDMARKS_MAX;
	size_t clustered = rows->count < CLUSTER_MAX ? rows->count : CLUSTER_MAX;
	float *chosen = malloc(wanted * features * sizeof(*chosen));
	float *block = kernel_alloc(features * KERNEL_BLOCK);
	uint32_t *order = malloc(clustered * sizeof(*order));
	int status = chosen && block && order ? 0 : -ENOMEM;

	for (size_t i = 0; !status && i < wanted; i++) {
		train_gather(rows, NULL, spaced(rows, i, wanted), 1, block);
		for (size_t f = 0; f < features; f++)
			chosen[i * features + f] = block[f * KERNEL_BLOCK];
	}
	for (size_t i = 0; !status && i < clustered; i++)
		order[i] = (uint32_t)spaced(rows, i, clustered);
	for (unsigned i = 0; !status && wanted < rows->count && i < ITERATIONS; i++)
		status = iterate(rows, kernels, order, clustered, chosen, wanted);
	free(order);
	free(block);
	if (status) {
		free(chosen);
		return status;
	}
	*landmarks = chosen;
	*count = wanted;
	return 0;
}
