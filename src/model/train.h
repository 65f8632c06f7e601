/* SPDX-License-Identifier: MIT */
/*
 * Trains one network as a denoising autoencoder (Vincent et al. 2008): it sees samples with
 * noise added and learns to give the samples back. The budget is optimiser steps, not epochs:
 * thirty epochs over a hundred samples are sixty steps, which teach nothing.
 */
#ifndef AUTOPERF_MODEL_TRAIN_H
#define AUTOPERF_MODEL_TRAIN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/network.h"

/*
 * Scaled samples, one row each. Values beyond TRAIN_CLIP spreads are clipped on the way into the
 * network: one wild sample must not own the squared error, and beyond it the network has seen
 * nothing.
 */
#define TRAIN_CLIP 8.0f

/* Above the best error by more than this share is clearly above it, and no fluctuation. */
#define TRAIN_OVERFIT 0.1

struct train_rows {
	const float *values; /* [any][features] */
	size_t features;
	const uint32_t *rows; /* which rows of values belong; NULL: the first `count` */
	size_t count;
};

struct train_options {
	size_t steps;    /* budget, > 0 */
	size_t batch;    /* samples a step, > 0 */
	double noise;    /* standard deviation of what is added to the input */
	double rate;     /* learning rate at the start */
	double rate_end; /* at the end of the budget; it falls linearly */
	unsigned checks; /* looks at the validation error, spread over the budget */
	unsigned
		patience; /* checks in a row clearly above the best that end it; 0: never */
	uint64_t seed;
	uint64_t stream; /* what this network is, so that networks of one seed differ */
	atomic_size_t
		*progress; /* counts steps as they are made; NULL: nobody watches */
};

/* One look at the errors while training: mean squared error per feature, with noise. */
struct train_check {
	size_t step;
	double epoch; /* passes over the training rows */
	double training_error;
	double validation_error; /* NaN without validation rows */
};

struct train_result {
	struct train_check *checks; /* owned; train_result_free() */
	size_t check_count;
	size_t best;  /* the check whose parameters the network has */
	size_t steps; /* made */
};

/*
 * Initialises and trains. With validation rows the network ends with the parameters of its best
 * check, without them (NULL) with the last. The same arguments give the same bits with all
 * kernels. Fails with -ENOMEM.
 */
int train_network(struct network *network, const struct kernels *kernels,
		  const struct train_rows *training,
		  const struct train_rows *validation,
		  const struct train_options *options, struct train_result *result);
void train_result_free(struct train_result *result);

/*
 * Mean squared error per feature of the denoised rows against the rows. Always the same noise
 * for the same seed, so that networks can be compared. -ENOMEM as a negative error.
 */
int train_error(const struct network *network, const struct kernels *kernels,
		const struct train_rows *rows, double noise, uint64_t seed,
		double *error);

/*
 * Rows from `first` on, at most KERNEL_BLOCK, clipped, into block [features][KERNEL_BLOCK]; the
 * rest of the block is zero. `order` (may be NULL) permutes the rows. Returns how many.
 */
size_t train_gather(const struct train_rows *rows, const uint32_t *order, size_t first,
		    size_t count, float *block);

#endif
