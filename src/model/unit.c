/* SPDX-License-Identifier: MIT */
/*
 * One unit from table to model: see unit.h. Choose features, thin the rows, fit the scaler,
 * search the topology, calibrate on held-out runs, and train the final network on all runs.
 */
#include "model/unit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/calibrate.h"
#include "model/history.h"
#include "model/landmark.h"
#include "model/neighbour.h"
#include "model/pieces.h"
#include "model/search.h"
#include "model/spread.h"
#include "model/summary.h"
#include "model/training_log.h"

#define RATE            1e-2 /* Adam's learning rate at the start */
#define RATE_END        1e-4
#define CHECKS          24 /* looks at the validation error in a training */
#define PATIENCE        6
#define PARAMETER_STEPS ((size_t)60000000) /* times their number: seconds */
#define STEPS_LEAST     ((size_t)150)
#define RUN_ROWS        64 /* rows of a run that thinning keeps at least */

_Static_assert(CHECKS <= HISTORY_CHECKS_MAX, "a model keeps all looks");

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static uint64_t hash(uint64_t state, const void *bytes, size_t count)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < count; i++)
		state = (state ^ at[i]) * FNV_PRIME;
	return state;
}

/* The digits of a number, so that the hash does not depend on the byte order. */
static uint64_t hash_number(uint64_t state, uint64_t number)
{
	for (int shift = 0; shift < 64; shift += 8) {
		unsigned char byte = (unsigned char)(number >> shift);

		state = hash(state, &byte, 1);
	}
	return state;
}

uint64_t unit_stream(const struct unit_training *training, enum unit_purpose purpose,
		     size_t index)
{
	return hash_number(hash_number(training->stream, purpose), index);
}

/* Default budget of optimiser steps. */
static size_t budget(const struct model_options *options, size_t rows)
{
	size_t batch = (size_t)options->batch;
	size_t epoch = (rows + batch - 1) / batch;

	return options->epochs > 0 ? (size_t)options->epochs * epoch : UNIT_STEPS;
}

struct train_options unit_train_options(const struct unit_training *training,
					size_t rows, size_t steps,
					enum unit_purpose purpose, size_t index)
{
	return (struct train_options){
		.steps = steps ? steps : budget(training->options, rows),
		.batch = (size_t)training->options->batch,
		.noise = training->options->noise,
		.rate = RATE,
		.rate_end = RATE_END,
		.checks = CHECKS,
		.patience = PATIENCE,
		.seed = training->options->seed,
		.stream = unit_stream(training, purpose, index),
		.progress = training->progress,
	};
}

size_t unit_affordable(size_t steps, const struct topology *topology)
{
	size_t most = PARAMETER_STEPS / topology_parameters(topology);

	most = most > STEPS_LEAST ? most : STEPS_LEAST;
	return steps < most ? steps : most;
}

size_t unit_steps(const struct model_options *options, size_t samples, size_t runs)
{
	size_t folds = runs < UNIT_FOLDS_MAX ? runs : UNIT_FOLDS_MAX;
	size_t trainings = (options->topology ? 1 : SEARCH_CANDIDATES_MAX) + folds + 1;

	samples = samples < options->samples_max ? samples : options->samples_max;
	return trainings * budget(options, samples);
}

int unit_select(const struct unit_training *training, size_t modulus, size_t rest,
		bool others, uint32_t **list, size_t *count)
{
	*list = malloc((training->row_count + 1) * sizeof(**list));
	*count = 0;
	if (!*list)
		return -ENOMEM;
	for (size_t i = 0; i < training->row_count; i++)
		if ((training->table->run[training->rows[i]] % modulus == rest) !=
		    others)
			(*list)[(*count)++] = (uint32_t)i;
	return 0;
}

/*
 * Keeps about samples_max rows, each run its share but at least RUN_ROWS: the run is cut into
 * equal stretches, and a row drawn from each, so that no period in the program falls in step.
 */
static int thin(struct unit_training *training)
{
	const struct sample_table *table = training->table;
	size_t limit = training->options->samples_max;
	double share = table->rows > limit ? (double)limit / (double)table->rows : 1;
	struct random random;

	training->rows = malloc(table->rows * sizeof(*training->rows));
	if (!training->rows)
		return -ENOMEM;
	random_seed(&random, training->options->seed,
		    unit_stream(training, UNIT_THIN, 0));
	for (size_t run = 0; run < table->run_count; run++) {
		struct summary_range range = summary_rows(table, run);
		size_t keep = (size_t)ceil(share * (double)range.count);

		keep = keep > RUN_ROWS ? keep : RUN_ROWS;
		keep = keep < range.count ? keep : range.count;
		for (size_t i = 0; i < keep; i++) {
			size_t from = i * range.count / keep;
			size_t to = (i + 1) * range.count / keep;

			training->rows[training->row_count++] =
				(uint32_t)(range.first + from) +
				random_below(&random, (uint32_t)(to - from));
		}
	}
	return 0;
}

/* Scaled values of the thinned rows, a row after the other. */
static int scale(struct unit_training *training)
{
	const struct model_unit *unit = training->unit;
	size_t features = unit->feature_count;
	float *block = kernel_alloc(features * KERNEL_BLOCK);

	training->values = malloc((training->row_count * features + 1) * sizeof(float));
	if (!block || !training->values) {
		free(block);
		return -ENOMEM;
	}
	for (size_t first = 0; first < training->row_count; first += KERNEL_BLOCK) {
		size_t count = training->row_count - first;

		count = count < KERNEL_BLOCK ? count : KERNEL_BLOCK;
		feature_block(unit->features, features, &unit->scaler,
			      training->kernels, training->table,
			      training->rows + first, 0, count, block);
		for (size_t lane = 0; lane < count; lane++)
			for (size_t f = 0; f < features; f++)
				training->values[(first + lane) * features + f] =
					block[f * KERNEL_BLOCK + lane];
	}
	free(block);
	return 0;
}

static int choose_features(struct unit_training *training,
			   const struct event_plan *plan, struct error *error)
{
	const struct sample_table *table = training->table;
	struct model_unit *unit = training->unit;
	bool has_wall = false, has_cpu = true;
	int status;

	for (size_t row = 0; row < table->rows; row++) {
		has_wall |= table->wall_ns[row] > 0;
		has_cpu &= !isnan(table->cpu_ns[row]);
	}
	status = feature_choose(plan, unit->pass, has_wall, has_cpu, &unit->features,
				&unit->feature_count, error);
	if (status)
		return status;
	if (feature_resolve(unit->features, unit->feature_count, table))
		return error_no_memory(error, "choosing features");
	return 0;
}

static int prepare(struct unit_training *training)
{
	struct model_unit *unit = training->unit;
	int status;

	training->floors = calloc(unit->feature_count, sizeof(*training->floors));
	status = training->floors ? thin(training) : -ENOMEM;
	if (!status)
		status = scaler_fit(&unit->scaler, unit->features, unit->feature_count,
				    training->table, training->rows,
				    training->row_count, training->floors);
	return status ? status : scale(training);
}

/* What held-out errors of the final network would be like, which nothing is held out from. */
static int make_residual_spread(struct unit_training *training)
{
	struct model_unit *unit = training->unit;
	uint32_t *all = malloc((training->row_count + 1) * sizeof(*all));
	struct spread_own own = {0};
	int status;

	unit->residual_spread = calloc(unit->feature_count, sizeof(double));
	if (!all || !unit->residual_spread) {
		free(all);
		return -ENOMEM;
	}
	for (size_t i = 0; i < training->row_count; i++)
		all[i] = (uint32_t)i;
	status = spread_own_measure(&own, training, unit->network, all,
				    training->row_count);
	if (!status)
		spread_held_out(&own, training->inflation, unit->feature_count,
				unit->residual_spread);
	spread_own_free(&own);
	free(all);
	return status;
}

/* The network that the model keeps: the chosen topology, trained on all runs. */
static int train_final(struct unit_training *training,
		       const struct search_choice *choice)
{
	struct model_unit *unit = training->unit;
	struct train_rows rows = {.values = training->values,
				  .features = unit->feature_count,
				  .count = training->row_count};
	struct train_options options =
		unit_train_options(training, rows.count, choice->steps, UNIT_FINAL, 0);
	struct train_result result = {0};
	int status = network_create(&unit->network, &choice->topology);

	if (!status)
		status = train_network(unit->network, training->kernels, &rows, NULL,
				       &options, &result);
	if (!status)
		status = landmark_choose(&rows, training->kernels, &unit->landmarks,
					 &unit->landmark_count);
	if (!status && training->references)
		status = neighbours_learn(&unit->neighbours, &rows,
					  training->references, training->kernels);
	if (!status)
		status = make_residual_spread(training);
	if (!status) {
		unit->training_error = result.checks[result.best].training_error;
		training->spent += result.steps;
	}
	train_result_free(&result);
	return status;
}

static void count_rest(const struct unit_training *training)
{
	size_t expected = unit_steps(training->options, training->table->rows,
				     training->table->run_count);

	if (training->progress && training->spent < expected)
		atomic_fetch_add(training->progress, expected - training->spent);
}

static enum kernel_width kernel_width(int vector_bits)
{
	switch (vector_bits) {
	case 128:
		return KERNEL_WIDTH_128;
	case 256:
		return KERNEL_WIDTH_256;
	case 512:
		return KERNEL_WIDTH_512;
	default:
		return KERNEL_WIDTH_BEST;
	}
}

int unit_train(struct model_unit *unit, const char *region, uint32_t pass,
	       const struct event_plan *plan, const struct sample_table *table,
	       const struct model_options *options, atomic_size_t *progress,
	       struct text *log, struct error *error)
{
	struct unit_training training = {
		.options = options,
		.kernels = kernels_select(kernel_width(options->vector_bits)),
		.table = table,
		.unit = unit,
		.progress = progress,
		.stream = hash_number(hash(FNV_BASIS, region, strlen(region)), pass),
		.log = *log,
	};
	struct search_choice choice;
	int status;

	*unit = (struct model_unit){
		.region = strdup(region), .pass = pass, .samples = table->rows};
	if (!training.kernels) {
		status =
			error_set(error, -ENOTSUP, "this CPU has no vectors of %d bits",
				  options->vector_bits);
		goto out;
	}
	status = unit->region ? choose_features(&training, plan, error)
			      : error_no_memory(error, "training");
	if (status)
		goto out;
	status = prepare(&training);
	if (status) {
		error_no_memory(error, "preparing samples");
		goto out;
	}
	training.references = neighbours_wanted(table->rows, pieces_fit(plan));
	training_log_unit(&training.log, &training);
	status = search_topology(&training, &choice, error);
	if (!status)
		status = calibrate(&training, &choice, error);
	if (!status && train_final(&training, &choice))
		status = error_no_memory(error, "training the final network");
	if (!status)
		training_log_result(&training.log, &training);
	count_rest(&training);
out:
	*log = training.log;
	free(training.rows);
	free(training.values);
	free(training.floors);
	free(training.inflation);
	if (status) {
		unit_free(unit);
		error_prefix(error, "training region %s", region);
	}
	return status;
}

void unit_free(struct model_unit *unit)
{
	free(unit->region);
	feature_free(unit->features, unit->feature_count);
	scaler_free(&unit->scaler);
	network_free(unit->network);
	free(unit->residual_spread);
	free(unit->landmarks);
	free(unit->landmark_spread);
	neighbours_free(unit->neighbours);
	free(unit->tails);
	free(unit->score_quantiles);
	for (size_t i = 0; i < unit->run_count; i++)
		free(unit->runs[i].rates);
	free(unit->runs);
	for (size_t i = 0; i < unit->aside_count; i++)
		free(unit->aside[i].reason);
	free(unit->aside);
	free(unit->shared_with);
	history_free(&unit->history);
	*unit = (struct model_unit){0};
}
