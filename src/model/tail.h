/* SPDX-License-Identifier: MIT */
/*
 * Tails: what a number of a sample is worth, by how rare it was among held-out normal samples.
 *
 * Distances, ratios and residuals of different kinds cannot be added; how rare they are can. Each
 * component is turned into -log(share of held-out samples with at least as much), which is
 * exponentially distributed with mean 1 for normal samples, whatever the component. Beyond the
 * highest held-out value it goes on at the slope that the highest tenth has, so that the strange
 * is told from the stranger.
 */
#ifndef AUTOPERF_MODEL_TAIL_H
#define AUTOPERF_MODEL_TAIL_H

#include <stddef.h>

/* Values at the shares 1, 2^(-1/8), 2^(-2/8), ...: down to one in a million. */
#define TAIL_POINTS ((size_t)160)
#define TAIL_STEP   0.086643397569993164 /* log(2) / 8 */

/* table[TAIL_POINTS] ascends. Sorts `values`; count > 0. */
void tail_learn(double *values, size_t count, double *table);
/* -log of the share, at least 0. */
double tail_of(const double *table, double value);

#endif
