/* SPDX-License-Identifier: MIT */
/* See original.h. What the rest of a unit needs and this method lacks is filled with ones. */
#include "model/original.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "model/score.h"
#include "model/summary.h"
#include "model/tail.h"

#define EPOCHS  12
#define NOISE   0.25
#define RATE    1e-3
#define SPREADS 3.0

/* Without the times, which the original did not look at; unless there is nothing else. */
static void drop_times(struct model_unit *unit)
{
	size_t kept = 0, timed = 0;

	while (timed < unit->feature_count && unit->features[timed].event < 0)
		timed++;
	if (timed == unit->feature_count)
		return;
	for (size_t f = 0; f < unit->feature_count; f++) {
		struct feature feature = unit->features[f];

		if (feature.event < 0)
			free(feature.name);
		else
			unit->features[kept++] = feature;
	}
	unit->feature_count = kept;
}

/* Rows scaled by the largest value that their run has in each feature; [rows][features]. */
static float *scale_by_run(const struct model_unit *unit,
			   const struct sample_table *table)
{
	size_t features = unit->feature_count;
	float *values = malloc((table->rows * features + 1) * sizeof(*values));
	double *natural = malloc((features + 1) * sizeof(*natural));
	double *most = malloc((features + 1) * sizeof(*most));

	for (size_t run = 0; values && natural && most && run < table->run_count;
	     run++) {
		struct summary_range range = summary_rows(table, run);

		memset(most, 0, features * sizeof(*most));
		for (int pass = 0; pass < 2; pass++)
			for (size_t i = 0; i < range.count; i++) {
				size_t row = range.first + i;

				feature_natural(unit->features, features, table, row,
						natural);
				for (size_t f = 0; f < features; f++)
					if (!pass)
						most[f] =
							fmax(most[f], fabs(natural[f]));
					else
						values[row * features + f] =
							most[f] > 0
								? (float)(natural[f] /
									  most[f])
								: 0;
			}
	}
	free(most);
	if (!natural) {
		free(values);
		values = NULL;
	}
	free(natural);
	return values;
}

/* Errors of all rows: mean squares, and what of each value is not explained. */
static int measure(const struct model_unit *unit, const float *values, size_t rows,
		   float *scores, float *residuals)
{
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	size_t features = unit->feature_count;
	struct train_rows all = {.values = values, .features = features, .count = rows};
	float *block = kernel_alloc(features * KERNEL_BLOCK);
	struct network_workspace workspace = {0};
	int status =
		block ? network_workspace_create(&workspace, unit->network) : -ENOMEM;

	for (size_t first = 0; !status && first < rows; first += KERNEL_BLOCK) {
		size_t used = train_gather(&all, NULL, first, rows - first, block);
		const float *out =
			network_forward(unit->network, kernels, block, &workspace);

		for (size_t lane = 0; lane < used; lane++) {
			float sum = 0;

			for (size_t f = 0; f < features; f++) {
				size_t at = f * KERNEL_BLOCK + lane;
				float error = block[at] - out[at];

				sum += error * error;
				if (residuals)
					residuals[(first + lane) * features + f] =
						error;
			}
			scores[first + lane] = sum / (float)features;
		}
	}
	network_workspace_free(&workspace);
	free(block);
	return status;
}

int original_score(const struct model_unit *unit, const struct sample_table *table,
		   float *scores, float *residuals, struct error *error)
{
	float *values = scale_by_run(unit, table);
	int status = values ? measure(unit, values, table->rows, scores, residuals)
			    : -ENOMEM;

	free(values);
	return status ? error_no_memory(error, "scoring samples") : 0;
}

/* Ones and zeros for what only the default method has. */
static int fill(struct model_unit *unit)
{
	size_t features = unit->feature_count;

	unit->scaler.center = calloc(features, sizeof(double));
	unit->scaler.scale = malloc(features * sizeof(double));
	unit->residual_spread = malloc(features * sizeof(double));
	unit->landmark_spread = malloc(features * sizeof(double));
	unit->landmarks = calloc(features, sizeof(float));
	unit->landmark_count = 1;
	unit->tails = calloc(SCORER_OWN_COMPONENTS * TAIL_POINTS, sizeof(double));
	unit->score_quantiles = calloc(MODEL_QUANTILES, sizeof(double));
	if (!unit->scaler.center || !unit->scaler.scale || !unit->residual_spread ||
	    !unit->landmark_spread || !unit->landmarks || !unit->tails ||
	    !unit->score_quantiles)
		return -ENOMEM;
	for (size_t f = 0; f < features; f++)
		unit->scaler.scale[f] = unit->residual_spread[f] =
			unit->landmark_spread[f] = 1;
	return 0;
}

static int train(struct model_unit *unit, const float *values, size_t rows,
		 const struct model_options *options, struct error *error)
{
	struct train_rows all = {
		.values = values, .features = unit->feature_count, .count = rows};
	struct train_options how = {
		.steps = EPOCHS * ((rows + UNIT_BATCH - 1) / UNIT_BATCH),
		.batch = UNIT_BATCH,
		.noise = NOISE,
		.rate = RATE,
		.rate_end = RATE,
		.checks = 1,
		.seed = options->seed,
	};
	struct train_result result = {0};
	struct topology topology;
	int status = topology_parse(ORIGINAL_TOPOLOGY, unit->feature_count, &topology,
				    error);

	if (status)
		return status;
	if (network_create(&unit->network, &topology) ||
	    train_network(unit->network, kernels_select(KERNEL_WIDTH_BEST), &all, NULL,
			  &how, &result))
		return error_no_memory(error, "training");
	unit->training_error = unit->validation_error =
		result.checks[result.best].training_error;
	train_result_free(&result);
	return 0;
}

/* Mean + 3 standard deviations of the fitted errors, and runs as they judge themselves. */
static int judge_training(struct model_unit *unit, const struct sample_table *table,
			  const float *scores, struct error *error)
{
	double *sorted = malloc((table->rows + 1) * sizeof(*sorted));
	double mean, squares = 0;
	int status = 0;

	unit->runs = calloc(table->run_count, sizeof(*unit->runs));
	if (!sorted || !unit->runs) {
		free(sorted);
		return error_no_memory(error, "training");
	}
	for (size_t i = 0; i < table->rows; i++)
		sorted[i] = (double)scores[i];
	mean = statistics_mean(sorted, table->rows);
	for (size_t i = 0; i < table->rows; i++)
		squares += (sorted[i] - mean) * (sorted[i] - mean);
	unit->threshold = mean + SPREADS * sqrt(squares / (double)table->rows);
	statistics_sort(sorted, table->rows);
	for (size_t i = 0; i < MODEL_QUANTILES; i++)
		unit->score_quantiles[i] = statistics_quantile_sorted(
			sorted, table->rows, (double)i / (MODEL_QUANTILES - 1));
	free(sorted);
	for (; !status && unit->run_count < table->run_count; unit->run_count++)
		status = model_summarise_run(unit, table, unit->run_count, scores,
					     &unit->runs[unit->run_count], error);
	return status;
}

int original_train(struct model_unit *unit, const char *region, uint32_t pass,
		   const struct event_plan *plan, const struct sample_table *table,
		   const struct model_options *options, struct text *log,
		   struct error *error)
{
	float *scores = calloc(table->rows + 1, sizeof(*scores));
	float *values = NULL;
	bool has_wall = false;
	int status;

	*unit = (struct model_unit){
		.region = strdup(region), .pass = pass, .samples = table->rows};
	for (size_t row = 0; row < table->rows; row++)
		has_wall |= table->wall_ns[row] > 0;
	status = unit->region && scores
			 ? feature_choose(plan, pass, has_wall, false, &unit->features,
					  &unit->feature_count, error)
			 : error_no_memory(error, "training");
	if (!status) {
		drop_times(unit);
		values = scale_by_run(unit, table);
		if (!values || fill(unit))
			status = error_no_memory(error, "training");
	}
	if (!status)
		status = train(unit, values, table->rows, options, error);
	if (!status && measure(unit, values, table->rows, scores, NULL))
		status = error_no_memory(error, "training");
	if (!status)
		status = judge_training(unit, table, scores, error);
	if (!status)
		text_printf(log,
			    "\nregion %s, pass %u: the original's "
			    "method, " ORIGINAL_TOPOLOGY
			    ", %d epochs, error %.6f, threshold %.6g\n",
			    region, pass + 1, EPOCHS, unit->training_error,
			    unit->threshold);
	free(values);
	free(scores);
	if (status)
		unit_free(unit);
	return status;
}
