/* SPDX-License-Identifier: MIT */
/* model/train.c: known sets are learnt as well as they can be, the same way every time. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/train.h"

#define FEATURES 12
#define RANK     3
#define ROWS     2000
#define NOISE    0.05 /* standard deviation of what no network can predict */

/* Rank 3 plus noise, of unit variance each feature, about. */
static float *low_rank(size_t rows, uint64_t seed)
{
	float *values = malloc(rows * FEATURES * sizeof(*values));
	double mixing[RANK][FEATURES];
	struct random random;

	random_seed(&random, 1, 0);
	for (size_t k = 0; k < RANK; k++)
		for (size_t f = 0; f < FEATURES; f++)
			mixing[k][f] = random_normal(&random) / sqrt(RANK);
	random_seed(&random, seed, 1);
	for (size_t row = 0; row < rows; row++) {
		double hidden[RANK];

		for (size_t k = 0; k < RANK; k++)
			hidden[k] = random_normal(&random);
		for (size_t f = 0; f < FEATURES; f++) {
			double sum = NOISE * random_normal(&random);

			for (size_t k = 0; k < RANK; k++)
				sum += hidden[k] * mixing[k][f];
			values[row * FEATURES + f] = (float)sum;
		}
	}
	return values;
}

static struct train_options options_of(size_t steps)
{
	return (struct train_options){
		.steps = steps,
		.batch = 64,
		.noise = 0.05,
		.rate = 3e-3,
		.rate_end = 3e-5,
		.checks = 20,
		.seed = 1,
	};
}

static struct network *make(const char *text)
{
	struct topology topology;
	struct network *network;
	struct error error;

	assert_int_equal(topology_parse(text, FEATURES, &topology, &error), 0);
	assert_int_equal(network_create(&network, &topology), 0);
	return network;
}

/* Error without noise of a network that was trained on ROWS rows, on fresh rows. */
static double fresh_error(const char *topology, size_t steps)
{
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	float *values = low_rank(ROWS, 1), *fresh = low_rank(ROWS, 2);
	struct train_rows rows = {
		.values = values, .features = FEATURES, .count = ROWS};
	struct train_rows fresh_rows = {
		.values = fresh, .features = FEATURES, .count = ROWS};
	struct train_options options = options_of(steps);
	struct network *network = make(topology);
	struct train_result result;
	double error;

	assert_int_equal(
		train_network(network, kernels, &rows, NULL, &options, &result), 0);
	assert_int_equal(train_error(network, kernels, &fresh_rows, 0, 1, &error), 0);
	train_result_free(&result);
	network_free(network);
	free(values);
	free(fresh);
	return error;
}

/*
 * What is left of the noise by the best projection onto RANK directions: principal components
 * lose the noise of the other FEATURES - RANK ones.
 */
#define PCA_ERROR (NOISE * NOISE * (FEATURES - RANK) / FEATURES)

static void linear_bottleneck_is_as_good_as_principal_components(void **state)
{
	double error = fresh_error("12-3-12:linear", 8000);

	(void)state;
	print_message("error %.6f, of principal components %.6f\n", error, PCA_ERROR);
	assert_true(error < 1.05 * PCA_ERROR);
	assert_true(error > 0.9 * PCA_ERROR);
}

static void tanh_network_reproduces_a_low_rank_set(void **state)
{
	double error = fresh_error("12-24-3-24-12", 8000);

	(void)state;
	print_message("error %.6f, noise %.6f\n", error, NOISE * NOISE);
	assert_true(error < 2.5 * NOISE * NOISE);
}

static void too_narrow_bottleneck_loses_a_dimension(void **state)
{
	(void)state;
	assert_true(fresh_error("12-2-12:linear", 8000) > 10 * PCA_ERROR);
}

static void same_seed_gives_the_same_bits_at_every_width(void **state)
{
	static const enum kernel_width widths[] = {KERNEL_WIDTH_128, KERNEL_WIDTH_256,
						   KERNEL_WIDTH_512, KERNEL_WIDTH_128};
	float *values = low_rank(333, 1); /* not a multiple of the batch */
	struct train_rows rows = {.values = values, .features = FEATURES, .count = 333};
	struct train_options options = options_of(300);
	float *first = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		const struct kernels *kernels = kernels_select(widths[i]);
		struct network *network = make("12-6-2-6-12");
		size_t bytes = network->parameter_count * sizeof(float);
		struct train_result result = {0};

		if (kernels)
			assert_int_equal(train_network(network, kernels, &rows, &rows,
						       &options, &result),
					 0);
		if (!first) {
			first = malloc(bytes);
			memcpy(first, network->parameters, bytes);
		}
		if (kernels)
			assert_memory_equal(first, network->parameters, bytes);
		train_result_free(&result);
		network_free(network);
	}
	free(first);
	free(values);
}

static void other_seed_or_stream_gives_another_network(void **state)
{
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	float *values = low_rank(100, 1);
	struct train_rows rows = {.values = values, .features = FEATURES, .count = 100};
	struct network *network[3];
	struct train_result result;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct train_options options = options_of(50);

		options.seed += i == 1;
		options.stream += i == 2;
		network[i] = make("12-6-12");
		assert_int_equal(train_network(network[i], kernels, &rows, NULL,
					       &options, &result),
				 0);
		train_result_free(&result);
	}
	assert_true(network[0]->parameters[0] != network[1]->parameters[0]);
	assert_true(network[0]->parameters[0] != network[2]->parameters[0]);
	for (size_t i = 0; i < 3; i++)
		network_free(network[i]);
	free(values);
}

/* Eight rows cannot teach 300 parameters: the validation error turns, and training ends. */
static void training_ends_early_and_keeps_the_best_parameters(void **state)
{
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	float *values = low_rank(8, 1), *fresh = low_rank(500, 2);
	struct train_rows rows = {.values = values, .features = FEATURES, .count = 8};
	struct train_rows fresh_rows = {
		.values = fresh, .features = FEATURES, .count = 500};
	struct train_options options = options_of(20000);
	struct network *network = make("12-24-12");
	struct train_result result;
	double error;

	(void)state;
	options.checks = 100;
	options.patience = 5;
	assert_int_equal(
		train_network(network, kernels, &rows, &fresh_rows, &options, &result),
		0);
	assert_true(result.steps < options.steps);
	for (size_t i = 1; i <= options.patience; i++)
		assert_true(result.checks[result.check_count - i].validation_error >
			    (1 + TRAIN_OVERFIT) *
				    result.checks[result.best].validation_error);
	for (size_t i = 0; i < result.check_count; i++)
		assert_true(result.checks[i].validation_error >=
			    result.checks[result.best].validation_error);
	assert_int_equal(train_error(network, kernels, &fresh_rows, options.noise,
				     options.seed, &error),
			 0);
	assert_true(error == result.checks[result.best].validation_error);
	train_result_free(&result);
	network_free(network);
	free(values);
	free(fresh);
}

/* Error on the training rows after so many steps. */
static double error_after(const struct train_rows *rows, size_t batch, size_t steps)
{
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	struct train_options options = options_of(steps);
	struct network *network = make("12-12");
	struct train_result result;
	double error;

	options.batch = batch;
	assert_int_equal(train_network(network, kernels, rows, rows, &options, &result),
			 0);
	assert_int_equal(result.steps, steps);
	assert_true(isfinite(result.checks[result.best].validation_error));
	assert_int_equal(train_error(network, kernels, rows, 0, 1, &error), 0);
	train_result_free(&result);
	network_free(network);
	return error;
}

static void any_number_of_rows_and_any_batch_can_be_trained_on(void **state)
{
	static const size_t counts[] = {1, 2, 63, 64, 65, 200};
	static const size_t batches[] = {1, 7, 64, 130};
	float *values = low_rank(200, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		for (size_t k = 0; k < sizeof(batches) / sizeof(*batches); k++) {
			struct train_rows rows = {.values = values,
						  .features = FEATURES,
						  .count = counts[i]};

			assert_true(error_after(&rows, batches[k], 200) <
				    0.5 * error_after(&rows, batches[k], 1));
		}
	free(values);
}

static void wild_values_are_clipped_and_blocks_are_filled_up(void **state)
{
	float values[] = {1, -1e30f, 2, 1e30f, 3, 0.5f};
	uint32_t list[] = {2, 1};
	struct train_rows rows = {
		.values = values, .features = 2, .rows = list, .count = 2};
	float *block = kernel_alloc(2 * KERNEL_BLOCK);

	(void)state;
	block[5] = 77;
	assert_int_equal(train_gather(&rows, NULL, 0, 2, block), 2);
	assert_true(block[0] == 3 && block[1] == 2);
	assert_true(block[KERNEL_BLOCK] == 0.5f &&
		    block[KERNEL_BLOCK + 1] == TRAIN_CLIP);
	assert_true(block[5] == 0);
	free(block);
}

/* What it leaves is a share of the distance from the mean that is the same for all samples. */
static void diagonal_network_leaves_a_share_of_the_distance_from_the_mean(void **state)
{
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	struct topology topology = {.count = 2, .sizes = {2, 2}, .diagonal = true};
	/* Mean 1 and variance 4; mean -2 and variance 1. */
	float values[] = {3, -1, -1, -3, 3, -3, -1, -1};
	struct train_rows rows = {.values = values, .features = 2, .count = 4};
	struct train_options options = {.steps = 100, .batch = 4, .noise = 0.5};
	struct train_result result;
	struct network *network;

	(void)state;
	assert_int_equal(network_create(&network, &topology), 0);
	assert_int_equal(
		train_network(network, kernels, &rows, NULL, &options, &result), 0);
	assert_float_equal(network->layers[0].weights[0], (float)(4 / 4.25), 1e-6);
	assert_float_equal(network->layers[0].weights[3], (float)(1 / 1.25), 1e-6);
	assert_float_equal(network->layers[0].bias[0], (float)(0.25 / 4.25), 1e-6);
	assert_float_equal(network->layers[0].bias[1], (float)(-2 * 0.25 / 1.25), 1e-6);
	assert_true(network_is_diagonal(network));
	assert_true(result.checks[result.best].training_error > 0);
	network->layers[0].weights[1] = 1e-9f;
	assert_false(network_is_diagonal(network));
	train_result_free(&result);
	network_free(network);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linear_bottleneck_is_as_good_as_principal_components),
		cmocka_unit_test(tanh_network_reproduces_a_low_rank_set),
		cmocka_unit_test(too_narrow_bottleneck_loses_a_dimension),
		cmocka_unit_test(same_seed_gives_the_same_bits_at_every_width),
		cmocka_unit_test(other_seed_or_stream_gives_another_network),
		cmocka_unit_test(training_ends_early_and_keeps_the_best_parameters),
		cmocka_unit_test(any_number_of_rows_and_any_batch_can_be_trained_on),
		cmocka_unit_test(
			diagonal_network_leaves_a_share_of_the_distance_from_the_mean),
		cmocka_unit_test(wild_values_are_clipped_and_blocks_are_filled_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
