/* SPDX-License-Identifier: MIT */
/* The search for a unit's topology. */
#ifndef AUTOPERF_MODEL_SEARCH_H
#define AUTOPERF_MODEL_SEARCH_H

#include "model/network.h"
#include "model/unit.h"

#define SEARCH_CANDIDATES_MAX 9
/*
 * A larger network must be better than a smaller one by this share of the error; than each feature
 * by itself, by anything.
 */
#define SEARCH_TIE 0.02

struct search_choice {
	struct topology topology;
	size_t steps; /* optimiser steps that are worth making */
	double training_error;
	double validation_error;
};

/*
 * The candidates for so many features, without duplicates, fewest parameters first. Each feature
 * for itself (diagonal), networks without a hidden layer, linear bottlenecks, and tanh networks
 * down to the original's shape.
 */
size_t search_candidates(size_t features, struct topology *candidates);

/*
 * Trains every candidate, or only training->options->topology, with some runs held out, and
 * chooses by the denoising error on those; ties go to the smaller network.
 */
int search_topology(struct unit_training *training, struct search_choice *choice,
		    struct error *error);

#endif
