/* SPDX-License-Identifier: MIT */
/* model/scaler.c: sane scales, also for columns that never vary. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/feature.h"

#define ROWS 2000

/* A table with one column of values; executions of 1000 instructions. */
struct column {
	struct sample_table table;
	double values[ROWS];
	double instructions[ROWS];
	double *columns[2];
	double wall[ROWS];
	double cpu[ROWS];
	uint32_t rows[ROWS];
};

static void make(struct column *column,
		 double (*value)(size_t row, struct random *random))
{
	struct random random;

	random_seed(&random, 1, 1);
	for (size_t row = 0; row < ROWS; row++) {
		column->values[row] = value(row, &random);
		column->instructions[row] = 1000;
		column->wall[row] = 1000;
		column->cpu[row] = 500;
		column->rows[row] = (uint32_t)row;
	}
	column->columns[0] = column->instructions;
	column->columns[1] = column->values;
	column->table = (struct sample_table){
		.rows = ROWS,
		.event_count = 2,
		.values = column->columns,
		.wall_ns = column->wall,
		.cpu_ns = column->cpu,
	};
}

/* Fits the second of two features and says how far `value` then is from the centre. */
static double fitted(double (*value)(size_t row, struct random *random),
		     enum feature_kind kind, double probe, double *floor)
{
	struct feature features[2] = {
		{.kind = FEATURE_COUNT_PER_EXECUTION,
		 .role = EVENT_ROLE_INSTRUCTIONS,
		 .event = 0,
		 .resolution = 1},
		{.kind = kind, .event = 1, .resolution = 1},
	};
	struct column *column = calloc(1, sizeof(*column));
	struct scaler scaler;
	double floors[2], scaled;

	make(column, value);
	assert_int_equal(scaler_fit(&scaler, features, 2, &column->table, column->rows,
				    ROWS, floors),
			 0);
	for (size_t f = 0; f < 2; f++)
		assert_true(scaler.scale[f] > 0 && isfinite(scaler.scale[f]) &&
			    isfinite(scaler.center[f]) && floors[f] > 0 &&
			    floors[f] <= 1);
	scaled = (feature_transform(&features[1], probe) - scaler.center[1]) /
		 scaler.scale[1];
	if (floor)
		*floor = floors[1];
	scaler_free(&scaler);
	free(column);
	return scaled;
}

static double always_zero(size_t row, struct random *random)
{
	(void)row;
	(void)random;
	return 0;
}

static double always_large(size_t row, struct random *random)
{
	(void)row;
	(void)random;
	return 1e6;
}

static double normal_logarithm(size_t row, struct random *random)
{
	(void)row;
	return exp(5 + 0.2 * random_normal(random));
}

static double rare_burst(size_t row, struct random *random)
{
	(void)random;
	return row % 25 ? 0 : 40;
}

static double one_wild(size_t row, struct random *random)
{
	return row ? 10 + random_normal(random) : 1e300;
}

static void always_zero_shows_one_event_but_not_as_infinite(void **state)
{
	double floor, one = fitted(always_zero, FEATURE_RATE_PER_KILOINST, 1, &floor);
	double ten = fitted(always_zero, FEATURE_RATE_PER_KILOINST, 10, NULL);

	(void)state;
	assert_true(floor == 1);
	assert_true(one > 1.5 && one < 4);
	assert_true(ten > 5 && ten < 20);
}

static void always_large_shows_some_percent_but_not_less(void **state)
{
	(void)state;
	assert_true(fitted(always_large, FEATURE_RATE_PER_KILOINST, 1.001e6, NULL) <
		    0.2);
	assert_true(fitted(always_large, FEATURE_RATE_PER_KILOINST, 1.3e6, NULL) > 20);
	assert_true(fitted(always_large, FEATURE_RATE_PER_KILOINST, 1.3e6, NULL) < 40);
}

static void spread_of_varying_columns_is_their_deviation(void **state)
{
	double floor;
	double scaled =
		fitted(normal_logarithm, FEATURE_RATE_PER_KILOINST, exp(5.2), &floor);

	(void)state;
	assert_true(fabs(scaled - 1) < 0.1);
	assert_true(floor < 0.1);
}

static void rare_bursts_have_a_spread_though_most_values_are_equal(void **state)
{
	double scaled = fitted(rare_burst, FEATURE_RATE_PER_KILOINST, 40, NULL);

	(void)state;
	assert_true(scaled > 3 && scaled < 7);
}

static void raw_values_are_not_disturbed_by_one_wild_one(void **state)
{
	double scaled = fitted(one_wild, FEATURE_RAW, 11, NULL);

	(void)state;
	assert_true(fabs(scaled - 1) < 0.15);
}

static void raw_constants_have_a_scale(void **state)
{
	(void)state;
	assert_true(fitted(always_zero, FEATURE_RAW, 3, NULL) == 3);
	assert_true(fabs(fitted(always_large, FEATURE_RAW, 1.01e6, NULL) - 1) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(always_zero_shows_one_event_but_not_as_infinite),
		cmocka_unit_test(always_large_shows_some_percent_but_not_less),
		cmocka_unit_test(spread_of_varying_columns_is_their_deviation),
		cmocka_unit_test(
			rare_bursts_have_a_spread_though_most_values_are_equal),
		cmocka_unit_test(raw_values_are_not_disturbed_by_one_wild_one),
		cmocka_unit_test(raw_constants_have_a_scale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
