/* SPDX-License-Identifier: MIT */
/* model/search.c: the candidates, and that the right one wins on known sets. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/history.h"
#include "model/search.h"

#define FEATURES 32
#define RUNS     4
#define ROWS     (RUNS * 500)

static void candidates_grow_and_none_comes_twice(void **state)
{
	struct topology candidates[SEARCH_CANDIDATES_MAX];
	char before[TOPOLOGY_TEXT_MAX], now[TOPOLOGY_TEXT_MAX];

	(void)state;
	for (size_t features = 1; features < 100; features++) {
		size_t count = search_candidates(features, candidates);

		assert_true(count >= 1 && count <= SEARCH_CANDIDATES_MAX);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(candidates[i].sizes[0], features);
			assert_int_equal(candidates[i].sizes[candidates[i].count - 1],
					 features);
			topology_format(&candidates[i], now);
			for (size_t k = 0; k < i; k++)
				assert_string_not_equal(
					topology_format(&candidates[k], before), now);
			assert_true(!i || topology_parameters(&candidates[i - 1]) <=
						  topology_parameters(&candidates[i]));
		}
	}
}

static void candidates_include_the_originals_shape_and_no_hidden_layer(void **state)
{
	struct topology candidates[SEARCH_CANDIDATES_MAX];
	size_t count = search_candidates(33, candidates);
	char text[TOPOLOGY_TEXT_MAX];
	int found = 0;

	(void)state;
	assert_int_equal(count, SEARCH_CANDIDATES_MAX);
	for (size_t i = 0; i < count; i++) {
		topology_format(&candidates[i], text);
		found += !strcmp(text, "33-16-8-4-8-16-33") || !strcmp(text, "33-33");
	}
	assert_int_equal(found, 2);
}

/* What was tried, which was chosen, and its errors, as the search noted them. */
static void check_history(const struct model_history *history,
			  const struct search_choice *choice, size_t least)
{
	double best = history->checks[0].validation_error;
	char text[TOPOLOGY_TEXT_MAX];

	assert_in_range(history->candidate_count, least, SEARCH_CANDIDATES_MAX);
	assert_true(history->chosen < history->candidate_count);
	assert_string_equal(history->candidates[history->chosen].topology,
			    topology_format(&choice->topology, text));
	assert_true(history->candidates[history->chosen].error ==
		    choice->validation_error);
	for (size_t i = 1; i < history->check_count; i++)
		best = fmin(best, history->checks[i].validation_error);
	assert_true(best == choice->validation_error);
}

/* A search on so many ready-made scaled rows, in RUNS runs. */
static struct search_choice search_rows(float *values, size_t rows,
					const char *topology)
{
	struct model_options options;
	struct model_unit unit = {.feature_count = FEATURES};
	struct sample_table table = {.rows = rows, .run_count = RUNS};
	struct unit_training training = {
		.options = &options,
		.kernels = kernels_select(KERNEL_WIDTH_BEST),
		.table = &table,
		.unit = &unit,
		.row_count = rows,
		.values = values,
	};
	struct search_choice choice;
	struct error error;

	model_options_default(&options);
	options.topology = topology;
	table.run = calloc(rows, sizeof(*table.run));
	training.rows = calloc(rows, sizeof(*training.rows));
	assert_true(table.run && training.rows);
	for (size_t i = 0; i < rows; i++) {
		table.run[i] = (uint32_t)(i / (rows / RUNS));
		training.rows[i] = (uint32_t)i;
	}
	assert_int_equal(search_topology(&training, &choice, &error), 0);
	assert_true(training.spent >= choice.steps);
	check_history(&unit.history, &choice, topology ? 1 : 2);
	history_free(&unit.history);
	text_free(&training.log);
	free(training.rows);
	free(table.run);
	return choice;
}

static struct search_choice search(float *values, const char *topology)
{
	return search_rows(values, ROWS, topology);
}

/* Linear of that rank with little noise, each feature of unit variance. */
static float *linear_set(size_t rank)
{
	float *values = malloc(ROWS * FEATURES * sizeof(*values));
	double mixing[FEATURES][FEATURES];
	struct random random;

	random_seed(&random, 4, rank);
	for (size_t k = 0; k < rank; k++)
		for (size_t f = 0; f < FEATURES; f++)
			mixing[k][f] = random_normal(&random) / sqrt((double)rank);
	for (size_t row = 0; row < ROWS; row++) {
		double hidden[FEATURES];

		for (size_t k = 0; k < rank; k++)
			hidden[k] = random_normal(&random);
		for (size_t f = 0; f < FEATURES; f++) {
			double sum = 0.02 * random_normal(&random);

			for (size_t k = 0; k < rank; k++)
				sum += hidden[k] * mixing[k][f];
			values[row * FEATURES + f] = (float)sum;
		}
	}
	return values;
}

static void small_linear_network_wins_on_a_set_of_small_rank(void **state)
{
	float *values = linear_set(4);
	struct search_choice choice = search(values, NULL);
	char text[TOPOLOGY_TEXT_MAX];

	(void)state;
	assert_string_equal(topology_format(&choice.topology, text), "32-4-32:linear");
	free(values);
}

static void wider_linear_network_wins_on_a_set_of_larger_rank(void **state)
{
	float *values = linear_set(8);
	struct search_choice choice = search(values, NULL);
	char text[TOPOLOGY_TEXT_MAX];

	(void)state;
	assert_string_equal(topology_format(&choice.topology, text), "32-8-32:linear");
	free(values);
}

/* All features are functions of one angle: no linear network can follow. */
static void network_with_tanh_wins_on_a_curve(void **state)
{
	float *values = malloc(ROWS * FEATURES * sizeof(*values));
	struct search_choice choice;
	struct random random;

	(void)state;
	random_seed(&random, 6, 0);
	for (size_t row = 0; row < ROWS; row++) {
		double angle = 2 * M_PI * random_uniform(&random);

		for (size_t f = 0; f < FEATURES; f++)
			values[row * FEATURES + f] =
				(float)(sqrt(2) * sin((double)(1 + f % 8) * angle +
						      (double)f) +
					0.02 * random_normal(&random));
	}
	choice = search(values, NULL);
	assert_int_equal(choice.topology.hidden, NETWORK_TANH);
	assert_true(choice.topology.count > 2);
	free(values);
}

/* There is nothing to be learnt of one counter from the others. */
static void diagonal_wins_where_few_samples_of_independent_features_are(void **state)
{
	float *values = malloc(ROWS * FEATURES * sizeof(*values));
	struct search_choice choice;
	struct random random;
	char text[TOPOLOGY_TEXT_MAX];

	(void)state;
	random_seed(&random, 7, 0);
	for (size_t i = 0; i < ROWS * FEATURES; i++)
		values[i] = (float)random_normal(&random);
	choice = search_rows(values, 40, NULL);
	assert_string_equal(topology_format(&choice.topology, text), "32-32:diagonal");
	free(values);
}

static void given_topology_is_taken_without_a_search(void **state)
{
	float *values = linear_set(4);
	struct search_choice choice = search(values, "n-3-n");
	char text[TOPOLOGY_TEXT_MAX];

	(void)state;
	assert_string_equal(topology_format(&choice.topology, text), "32-3-32");
	assert_true(choice.validation_error > 0);
	free(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(candidates_grow_and_none_comes_twice),
		cmocka_unit_test(
			candidates_include_the_originals_shape_and_no_hidden_layer),
		cmocka_unit_test(small_linear_network_wins_on_a_set_of_small_rank),
		cmocka_unit_test(wider_linear_network_wins_on_a_set_of_larger_rank),
		cmocka_unit_test(network_with_tanh_wins_on_a_curve),
		cmocka_unit_test(
			diagonal_wins_where_few_samples_of_independent_features_are),
		cmocka_unit_test(given_topology_is_taken_without_a_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
