/* SPDX-License-Identifier: MIT */
/*
 * Landmarks: a few hundred points that stand for the training samples, so that the distance
 * from anything seen can be told at a price that does not grow with the training set. The
 * nearest neighbour is a strong detector of strangeness where normal has several modes, which
 * one reconstruction for all does not see.
 */
#ifndef AUTOPERF_MODEL_LANDMARK_H
#define AUTOPERF_MODEL_LANDMARK_H

#include <stddef.h>
#include <stdint.h>

#include "model/kernel.h"
#include "model/train.h"

#define LANDMARKS_MAX 256

/*
 * Chooses at most LANDMARKS_MAX landmarks: the rows themselves while they are few, else the
 * centres of a k-means clustering (Lloyd 1982) that starts from evenly spaced rows. *landmarks
 * [*count][features] is malloc'd. -ENOMEM.
 */
int landmark_choose(const struct train_rows *rows, const struct kernels *kernels,
		    float **landmarks, size_t *count);

/* Finds nearest landmarks, a block at a time; one per thread. */
struct landmark_finder {
	const struct kernels *kernels;
	const float *landmarks; /* [count][features], the caller's */
	size_t count;
	size_t features;
	float *bias;    /* [count] minus half the squared length */
	float *values;  /* [GROUP][KERNEL_BLOCK] */
	float *best;    /* [KERNEL_BLOCK] */
	int32_t *index; /* [KERNEL_BLOCK] */
};
int landmark_finder_create(struct landmark_finder *finder,
			   const struct kernels *kernels, const float *landmarks,
			   size_t count, size_t features);
void landmark_finder_free(struct landmark_finder *finder);
/* Index of the nearest landmark (Euclidean) to each sample of a clipped block, in
 * finder->index. */
void landmark_find(struct landmark_finder *finder, const float *block);

#endif
