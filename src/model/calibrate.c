/* SPDX-License-Identifier: MIT */
/*
 * Held-out errors: see calibrate.h. A network fits the samples that it was trained on better than
 * others, and samples of one run are more alike than those of different runs; only whole runs
 * left out tell how normal samples of the next run will look. Two rounds: errors of the thinned
 * rows give each feature's spread (spread.h), then scores of all rows, which need the spreads,
 * give the threshold. The number of optimiser steps comes from the search, so that a fold never looks at
 * what it leaves out.
 */
#include "model/calibrate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "model/landmark.h"
#include "model/neighbour.h"
#include "model/score.h"
#include "model/spread.h"
#include "model/summary.h"
#include "model/tail.h"
#include "model/training_log.h"

#define SPREAD_LEAST 1e-3 /* in units of the feature's scale */

struct fold {
	struct network *network;
	float *landmarks;
	size_t landmark_count;
	struct neighbours *neighbours; /* NULL: there are too many samples for them */
	struct spread_own own;
	double *spread;     /* [features] of held-out errors */
	uint32_t *held_out; /* indices into training->rows */
	size_t held_out_count;
};

struct calibration {
	struct unit_training *training;
	const struct search_choice *choice;
	struct fold *folds;
	size_t fold_count;
	/* [features][row_count] absolute errors of thinned rows, over the network's own */
	float *rebuilt;
	float *distance;   /* likewise, in units of the scale */
	size_t parts;      /* components of a score */
	float *components; /* [table->rows][parts] */
	float *scores;     /* [table->rows] */
};

static void calibration_free(struct calibration *calibration)
{
	for (size_t i = 0; calibration->folds && i < calibration->fold_count; i++) {
		network_free(calibration->folds[i].network);
		free(calibration->folds[i].landmarks);
		neighbours_free(calibration->folds[i].neighbours);
		free(calibration->folds[i].held_out);
		spread_own_free(&calibration->folds[i].own);
		free(calibration->folds[i].spread);
	}
	free(calibration->folds);
	free(calibration->rebuilt);
	free(calibration->distance);
	free(calibration->components);
	free(calibration->scores);
}

/* Trains network and landmarks of fold k on the runs that it keeps. */
static int train_fold(struct calibration *calibration, size_t k)
{
	struct unit_training *training = calibration->training;
	struct fold *fold = &calibration->folds[k];
	struct train_rows rows = {.values = training->values,
				  .features = training->unit->feature_count};
	struct train_rows held_out = rows;
	struct train_result result = {0};
	struct train_options options;
	uint32_t *list = NULL;
	double error = NAN;
	int status;

	status = unit_select(training, calibration->fold_count, k, true, &list,
			     &rows.count);
	if (!status)
		status = unit_select(training, calibration->fold_count, k, false,
				     &fold->held_out, &fold->held_out_count);
	if (!status)
		status = network_create(&fold->network, &calibration->choice->topology);
	if (status)
		goto out;
	rows.rows = list;
	held_out.rows = fold->held_out;
	held_out.count = fold->held_out_count;
	options = unit_train_options(training, rows.count, calibration->choice->steps,
				     UNIT_FOLD, k);
	status = train_network(fold->network, training->kernels, &rows, NULL, &options,
			       &result);
	if (!status)
		status = landmark_choose(&rows, training->kernels, &fold->landmarks,
					 &fold->landmark_count);
	if (!status && training->references)
		status = neighbours_learn(&fold->neighbours, &rows,
					  training->references, training->kernels);
	if (!status)
		status = spread_own_measure(&fold->own, training, fold->network, list,
					    rows.count);
	if (!status && held_out.count)
		status = train_error(fold->network, training->kernels, &held_out,
				     options.noise, options.seed, &error);
	if (status)
		goto out;
	training->spent += result.steps;
	training->unit->validation_error +=
		isnan(error) ? 0 : error * (double)held_out.count;
	training_log_fold(&training->log, k, calibration->fold_count, rows.count,
			  held_out.count, result.checks[result.best].training_error,
			  error);
out:
	train_result_free(&result);
	free(list);
	return status;
}

/* Gathers thinned rows that the fold held out, unclipped. Returns how many. */
static size_t held_out_block(const struct unit_training *training,
			     const struct fold *fold, size_t first, float *block)
{
	size_t features = training->unit->feature_count;
	size_t used = fold->held_out_count - first;

	used = used < KERNEL_BLOCK ? used : KERNEL_BLOCK;
	for (size_t lane = 0; lane < used; lane++) {
		const float *row = training->values +
				   (size_t)fold->held_out[first + lane] * features;

		for (size_t f = 0; f < features; f++)
			block[f * KERNEL_BLOCK + lane] = row[f];
	}
	return used;
}

/* Round one: errors of the fold's held-out thinned rows, each at its place. */
static int measure_fold(struct calibration *calibration, const struct fold *fold)
{
	const struct unit_training *training = calibration->training;
	size_t features = training->unit->feature_count;
	float *block = kernel_alloc(features * KERNEL_BLOCK);
	struct scorer scorer;
	int status = scorer_create(&scorer, training->kernels, fold->network,
				   fold->landmarks, fold->landmark_count, NULL);

	for (size_t first = 0; !status && block && first < fold->held_out_count;
	     first += KERNEL_BLOCK) {
		size_t used = held_out_block(training, fold, first, block);

		scorer_look(&scorer, block);
		for (size_t f = 0; f < features; f++)
			for (size_t lane = 0; lane < used; lane++) {
				size_t to = f * training->row_count +
					    fold->held_out[first + lane];
				size_t from = f * KERNEL_BLOCK + lane;

				calibration->rebuilt[to] = fabsf(scorer.rebuilt[from]) /
							   (float)fold->own.error[f];
				calibration->distance[to] =
					fabsf(scorer.distance[from]);
			}
	}
	scorer_free(&scorer);
	free(block);
	return block ? status : -ENOMEM;
}

static int make_spreads(struct calibration *calibration)
{
	struct unit_training *training = calibration->training;
	struct model_unit *unit = training->unit;
	size_t features = unit->feature_count, rows = training->row_count;
	double *scratch = malloc((rows + 1) * sizeof(*scratch));

	training->inflation = calloc(features, sizeof(double));
	unit->landmark_spread = calloc(features, sizeof(double));
	if (!scratch || !training->inflation || !unit->landmark_spread) {
		free(scratch);
		return -ENOMEM;
	}
	for (size_t f = 0; f < features; f++) {
		double distance =
			spread_of(calibration->distance + f * rows, rows, scratch);

		training->inflation[f] =
			spread_of(calibration->rebuilt + f * rows, rows, scratch);
		unit->landmark_spread[f] =
			fmax(fmax(distance, training->floors[f]), SPREAD_LEAST);
	}
	free(scratch);
	for (size_t k = 0; k < calibration->fold_count; k++) {
		struct fold *fold = &calibration->folds[k];

		fold->spread = calloc(features, sizeof(*fold->spread));
		if (!fold->spread)
			return -ENOMEM;
		spread_held_out(&fold->own, training->inflation, features,
				fold->spread);
	}
	return 0;
}

/* Round two: components of all rows of the runs that fold k left out. */
static int look_at_fold(struct calibration *calibration, size_t k)
{
	const struct unit_training *training = calibration->training;
	const struct sample_table *table = training->table;
	const struct fold *fold = &calibration->folds[k];
	struct model_unit held_out = *training->unit;
	int status = 0;

	held_out.network = fold->network;
	held_out.residual_spread = fold->spread;
	held_out.landmarks = fold->landmarks;
	held_out.landmark_count = fold->landmark_count;
	held_out.neighbours = fold->neighbours;
	for (size_t run = k; !status && run < table->run_count;
	     run += calibration->fold_count) {
		struct summary_range range = summary_rows(table, run);

		status = scorer_score_rows(&held_out, training->kernels, table,
					   range.first, range.count, NULL, NULL,
					   calibration->components +
						   range.first * calibration->parts);
	}
	return status;
}

/* How rare each value of each component is, and with that the scores. */
static int make_scores(struct calibration *calibration)
{
	const struct unit_training *training = calibration->training;
	struct model_unit *unit = training->unit;
	size_t rows = training->table->rows, parts = calibration->parts;
	double *column = malloc(rows * sizeof(*column));

	unit->tails = malloc(parts * TAIL_POINTS * sizeof(*unit->tails));
	if (!column || !unit->tails) {
		free(column);
		return -ENOMEM;
	}
	for (size_t c = 0; c < parts; c++) {
		for (size_t i = 0; i < rows; i++)
			column[i] = (double)calibration->components[i * parts + c];
		tail_learn(column, rows, unit->tails + c * TAIL_POINTS);
	}
	for (size_t i = 0; i < rows; i++)
		calibration->scores[i] = scorer_score(
			unit->tails, calibration->components + i * parts, parts);
	free(column);
	return 0;
}

static int make_threshold(struct calibration *calibration)
{
	const struct unit_training *training = calibration->training;
	struct model_unit *unit = training->unit;
	size_t rows = training->table->rows;
	double *sorted = malloc(rows * sizeof(*sorted));

	unit->score_quantiles =
		malloc(MODEL_QUANTILES * sizeof(*unit->score_quantiles));
	if (!sorted || !unit->score_quantiles) {
		free(sorted);
		return -ENOMEM;
	}
	for (size_t i = 0; i < rows; i++)
		sorted[i] = (double)calibration->scores[i];
	statistics_sort(sorted, rows);
	for (size_t i = 0; i < MODEL_QUANTILES; i++)
		unit->score_quantiles[i] = statistics_quantile_sorted(
			sorted, rows, (double)i / (MODEL_QUANTILES - 1));
	unit->threshold = statistics_quantile_sorted(
		sorted, rows, 1 - training->options->sample_alarm_rate);
	free(sorted);
	return 0;
}

static int make_runs(struct calibration *calibration, struct error *error)
{
	const struct sample_table *table = calibration->training->table;
	struct model_unit *unit = calibration->training->unit;
	int status = 0;

	unit->runs = calloc(table->run_count, sizeof(*unit->runs));
	if (!unit->runs)
		return -ENOMEM;
	for (; !status && unit->run_count < table->run_count; unit->run_count++)
		status = model_summarise_run(unit, table, unit->run_count,
					     calibration->scores,
					     &unit->runs[unit->run_count], error);
	return status;
}

int calibrate(struct unit_training *training, const struct search_choice *choice,
	      struct error *error)
{
	size_t runs = training->table->run_count;
	size_t errors = training->unit->feature_count * training->row_count;
	struct calibration calibration = {
		.training = training,
		.choice = choice,
		.fold_count = runs < UNIT_FOLDS_MAX ? runs : UNIT_FOLDS_MAX,
	};
	int status = 0;

	calibration.folds = calloc(calibration.fold_count, sizeof(*calibration.folds));
	calibration.rebuilt = calloc(errors, sizeof(float));
	calibration.distance = calloc(errors, sizeof(float));
	calibration.parts = SCORER_OWN_COMPONENTS;
	if (training->references)
		calibration.parts += (size_t)2 * (training->unit->feature_count <=
								  NEIGHBOUR_WHITE_MAX
							  ? NEIGHBOUR_SPACES
							  : NEIGHBOUR_MAPS);
	calibration.components =
		calloc(training->table->rows * calibration.parts, sizeof(float));
	calibration.scores = calloc(training->table->rows, sizeof(float));
	if (!calibration.folds || !calibration.rebuilt || !calibration.distance ||
	    !calibration.scores)
		status = -ENOMEM;
	for (size_t k = 0; !status && k < calibration.fold_count; k++) {
		status = train_fold(&calibration, k);
		if (!status)
			status = measure_fold(&calibration, &calibration.folds[k]);
	}
	training->unit->validation_error /= (double)training->row_count;
	if (!status)
		status = make_spreads(&calibration);
	for (size_t k = 0; !status && k < calibration.fold_count; k++)
		status = look_at_fold(&calibration, k);
	if (!status)
		status = make_scores(&calibration);
	if (!status)
		status = make_threshold(&calibration);
	if (!status)
		status = make_runs(&calibration, error);
	calibration_free(&calibration);
	return status ? error_no_memory(error, "calibrating on held-out runs") : 0;
}
