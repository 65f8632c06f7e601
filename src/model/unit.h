/* SPDX-License-Identifier: MIT */
/*
 * Training of one unit - a region in a pass - from its sample table to its place in the model.
 * Its steps are in files of their own: search.c chooses the topology, calibrate.c makes the
 * held-out errors. One thread trains one unit; units share nothing but the progress counter.
 */
#ifndef AUTOPERF_MODEL_UNIT_H
#define AUTOPERF_MODEL_UNIT_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/text.h"
#include "model/model.h"
#include "model/train.h"

/* The defaults of model_options, and what 0 stands for there. */
#define UNIT_BATCH       64
#define UNIT_NOISE       0.1
#define UNIT_ALARM_RATE  0.01
#define UNIT_SAMPLES_MAX 50000
#define UNIT_STEPS       4000 /* fewer teach nothing, however few samples there are */

/*
 * Groups of runs that are held out together. New runs that are like each other but unlike those of
 * training find no support there; nor do, if a third of them is held out, runs of training.
 */
#define UNIT_FOLDS_MAX  3
#define UNIT_SPLITS_MAX 4 /* the search holds out every fourth run */

/* Everything about a unit that the steps of its training share. */
struct unit_training {
	const struct model_options *options; /* all defaults filled in */
	const struct kernels *kernels;
	const struct sample_table *table;
	struct model_unit *unit; /* being built */
	uint64_t stream;         /* of random numbers; no other unit has it */
	uint32_t *rows;          /* rows of the table that are trained on, ascending */
	size_t row_count;
	float *values;     /* [row_count][features] scaled */
	double *floors;    /* [features], scaler_fit() */
	size_t references; /* of neighbour.h; 0: none */
	/* Held-out errors of networks over those on what they were trained on, [features]; from
	 * calibrate(). */
	double *inflation;
	struct text log;
	atomic_size_t *progress; /* optimiser steps; NULL: nobody watches */
	size_t spent;            /* steps of this unit so far */
};

/* What random numbers of a unit are for. */
enum unit_purpose { UNIT_THIN, UNIT_SEARCH, UNIT_FOLD, UNIT_FINAL };
uint64_t unit_stream(const struct unit_training *training, enum unit_purpose purpose,
		     size_t index);

/* The options of train_network() for `rows` training rows. `steps` 0: the default budget. */
struct train_options unit_train_options(const struct unit_training *training,
					size_t rows, size_t steps,
					enum unit_purpose purpose, size_t index);

/* So many steps, or fewer for a network so large that they would take minutes. */
size_t unit_affordable(size_t steps, const struct topology *topology);

/* Indices into training->rows of the runs with run % modulus == rest, or of the others when
 * `others`. *list is malloc'd. */
int unit_select(const struct unit_training *training, size_t modulus, size_t rest,
		bool others, uint32_t **list, size_t *count);

/* Upper bound of the optimiser steps that training on so many samples and runs takes. */
size_t unit_steps(const struct model_options *options, size_t samples, size_t runs);

/*
 * Trains on `table`. *unit is filled and owned by the caller (unit_free()). `log` receives what
 * belongs into the training log. `table` must have MODEL_RUNS_MIN runs and MODEL_SAMPLES_MIN
 * rows.
 */
int unit_train(struct model_unit *unit, const char *region, uint32_t pass,
	       const struct event_plan *plan, const struct sample_table *table,
	       const struct model_options *options, atomic_size_t *progress,
	       struct text *log, struct error *error);
void unit_free(struct model_unit *unit);

#endif
