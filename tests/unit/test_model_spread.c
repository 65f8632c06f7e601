/* SPDX-License-Identifier: MIT */
/* model/spread.c: errors of known networks on known samples. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/spread.h"

#define FEATURES 3
#define ROWS     1000

static void spread_is_the_root_of_the_mean_square(void **state)
{
	const float errors[] = {3, 4, 0, 0};
	double scratch[4];

	(void)state;
	/* The largest is moved to the 99.5 % quantile, 3.985. */
	assert_true(fabs(spread_of(errors, 4, scratch) -
			 sqrt((9 + 3.985 * 3.985) / 4)) < 1e-9);
	assert_true(spread_of(errors, 0, scratch) == 0);
}

static void one_wild_error_does_not_own_the_spread(void **state)
{
	float errors[ROWS];
	double scratch[ROWS];

	(void)state;
	for (size_t i = 0; i < ROWS; i++)
		errors[i] = i ? 1 : 1e9f;
	assert_true(fabs(spread_of(errors, ROWS, scratch) - 1) < 1e-6);
}

/*
 * A network that copies feature 0 but for a tenth, ignores feature 1, and gives half of feature
 * 2; on samples of unit variance.
 */
static void own_errors_and_reactions_are_those_of_the_weights(void **state)
{
	struct topology topology = {.sizes = {FEATURES, FEATURES}, .count = 2};
	struct model_unit unit = {.feature_count = FEATURES};
	double floors[FEATURES] = {0.2, 1, 0.01}, inflation[FEATURES] = {1, 2, 1};
	double spread[FEATURES];
	struct unit_training training = {
		.kernels = kernels_select(KERNEL_WIDTH_BEST),
		.unit = &unit,
		.floors = floors,
	};
	uint32_t list[ROWS];
	struct spread_own own;
	struct network *network;
	struct random random;

	(void)state;
	training.values = malloc(sizeof(float) * ROWS * FEATURES);
	assert_non_null(training.values);
	random_seed(&random, 1, 1);
	for (size_t i = 0; i < ROWS; i++) {
		list[i] = (uint32_t)i;
		for (size_t f = 0; f < FEATURES; f++)
			training.values[i * FEATURES + f] =
				f == 1 ? 0 : (float)random_normal(&random);
	}
	assert_int_equal(network_create(&network, &topology), 0);
	network->layers[0].weights[0] = 0.9f;
	network->layers[0].weights[2 * FEATURES + 2] = 0.5f;
	assert_int_equal(spread_own_measure(&own, &training, network, list, ROWS), 0);
	assert_true(fabs(own.error[0] - 0.1) < 0.01);
	assert_true(own.error[1] > 0 && own.error[1] < 1e-3); /* a constant */
	assert_true(fabs(own.error[2] - 0.5) < 0.05);
	assert_true(fabs(own.reaction[0] - 0.1 * 0.2) < 1e-5);
	assert_true(fabs(own.reaction[1] - 1) < 1e-5);
	assert_true(fabs(own.reaction[2] - 0.5 * 0.01) < 1e-5);
	spread_held_out(&own, inflation, FEATURES, spread);
	assert_true(spread[0] == own.error[0]);
	assert_true(spread[1] == own.reaction[1]);
	spread_own_free(&own);
	network_free(network);
	free(training.values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spread_is_the_root_of_the_mean_square),
		cmocka_unit_test(one_wild_error_does_not_own_the_spread),
		cmocka_unit_test(own_errors_and_reactions_are_those_of_the_weights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
