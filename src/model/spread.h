/* SPDX-License-Identifier: MIT */
/*
 * Spreads: what an error of a network is measured against.
 *
 * Two networks of the same topology, trained on nearly the same samples, differ in how large
 * their errors are, most of all networks without a bottleneck, whose errors are small
 * differences between a copy and its original. A spread found for one network is therefore
 * wrong for another. What carries over is how much larger errors are on runs that were held out
 * than on those trained on; so a network's spread is its own error on the samples that it was
 * trained on, times that ratio as the folds have it (calibrate.c).
 */
#ifndef AUTOPERF_MODEL_SPREAD_H
#define AUTOPERF_MODEL_SPREAD_H

#include "model/network.h"
#include "model/unit.h"

/* A network's errors on the samples that it was trained on; each array [features]. */
struct spread_own {
	double *error; /* spread_of() its errors, > 0 */
	/*
	 * How much the error of a feature moves when the feature alone moves by the least change
	 * that matters (scaler_fit()): less than that change where a network copies.
	 */
	double *reaction;
};

/* Root of the mean square, with the largest of the absolute errors moved to the 99.5 % quantile.
 * `scratch` has room for `count`. */
double spread_of(const float *errors, size_t count, double *scratch);

/* From the training rows list[0 .. count-1]. Free with spread_own_free(). -ENOMEM. */
int spread_own_measure(struct spread_own *own, const struct unit_training *training,
		       const struct network *network, const uint32_t *list,
		       size_t count);
void spread_own_free(struct spread_own *own);

/* The spread of held-out errors of that network: inflation is the ratio, [features]. */
void spread_held_out(const struct spread_own *own, const double *inflation,
		     size_t features, double *spread);

#endif
