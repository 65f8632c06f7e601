/* SPDX-License-Identifier: MIT */
/* What normal samples look like to a network that has not seen them. */
#ifndef AUTOPERF_MODEL_CALIBRATE_H
#define AUTOPERF_MODEL_CALIBRATE_H

#include "model/search.h"
#include "model/unit.h"

/*
 * Leaves out groups of runs, one after the other (UNIT_FOLDS_MAX), trains the chosen topology on
 * the rest and looks at what was left out. Fills the unit's landmark spreads, tails, quantiles,
 * threshold, validation error and runs, and training->inflation.
 */
int calibrate(struct unit_training *training, const struct search_choice *choice,
	      struct error *error);

#endif
