/* SPDX-License-Identifier: MIT */
/*
 * Whitening: the linear map after which samples have the identity for covariance, so that
 * Euclidean distance there is Mahalanobis's here. The covariance is shrunk towards a multiple of
 * the identity (Ledoit & Wolf 2004), so that few samples of many features have one to invert.
 */
#ifndef AUTOPERF_MODEL_WHITEN_H
#define AUTOPERF_MODEL_WHITEN_H

#include <stddef.h>

#include "model/train.h"

/* map[features][features], lower triangular: the inverse of the Cholesky factor. -ENOMEM. */
int whiten_fit(const float *values, size_t rows, size_t features, float *map);

/* One of the rows, as it is: not clipped. */
const float *whiten_row(const struct train_rows *rows, size_t i);
/* The next KERNEL_BLOCK rows, or fewer, into block [features][KERNEL_BLOCK], as they are; the rest
 * of the block is zero. Returns how many. */
size_t whiten_gather(const struct train_rows *rows, size_t first, size_t count,
		     float *block);

#endif
