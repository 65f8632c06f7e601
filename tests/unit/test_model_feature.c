/* SPDX-License-Identifier: MIT */
/* model/feature.c: what a row becomes, also when it is odd. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/feature.h"
#include "model/kernel.h"
#include "support/mixture.h"

struct fixture {
	struct event_plan plan;
	struct sample_table table;
	struct feature *features;
	size_t count;
};

/* instructions, page-faults and `counters` counters in 3 runs of 40 rows. */
static struct fixture make(size_t counters, bool has_wall, bool has_cpu)
{
	const struct mixture mixture = {
		.runs = 3, .rows = 40, .counters = counters, .seed = 1};
	struct fixture fixture = {0};
	struct error error;

	mixture_plan(&fixture.plan, counters);
	mixture_table(&fixture.table, &mixture);
	assert_int_equal(feature_choose(&fixture.plan, 0, has_wall, has_cpu,
					&fixture.features, &fixture.count, &error),
			 0);
	assert_int_equal(
		feature_resolve(fixture.features, fixture.count, &fixture.table), 0);
	return fixture;
}

static void free_fixture(struct fixture *fixture)
{
	feature_free(fixture->features, fixture->count);
	mixture_table_free(&fixture->table);
	mixture_plan_free(&fixture->plan);
}

static void kinds_have_names_that_are_read_back(void **state)
{
	enum feature_kind kind;

	(void)state;
	for (int i = FEATURE_TIME_PER_EXECUTION; i <= FEATURE_RAW; i++) {
		assert_int_equal(
			feature_kind_parse(feature_kind_name((enum feature_kind)i),
					   &kind),
			0);
		assert_int_equal((int)kind, i);
		assert_non_null(feature_kind_per(kind));
	}
	assert_int_equal(feature_kind_parse("kilogram", &kind), -EINVAL);
}

static void rates_are_per_thousand_instructions_where_these_are_counted(void **state)
{
	struct fixture fixture = make(1, true, true);
	double natural[5];

	(void)state;
	assert_int_equal(fixture.count, 5);
	assert_int_equal(fixture.features[0].kind, FEATURE_TIME_PER_KILOINST);
	assert_int_equal(fixture.features[1].kind, FEATURE_CPU_SHARE);
	assert_int_equal(fixture.features[2].kind, FEATURE_COUNT_PER_EXECUTION);
	assert_int_equal(fixture.features[3].kind, FEATURE_RATE_PER_KILOINST);
	assert_string_equal(fixture.features[3].name, "page-faults");
	fixture.table.values[0][7] = 2000;
	fixture.table.values[1][7] = 6;
	fixture.table.wall_ns[7] = 500;
	fixture.table.cpu_ns[7] = 250;
	feature_natural(fixture.features, fixture.count, &fixture.table, 7, natural);
	assert_true(natural[0] == 250);
	assert_true(natural[1] == 0.5);
	assert_true(natural[2] == 2000);
	assert_true(natural[3] == 3);
	free_fixture(&fixture);
}

static void rates_are_per_microsecond_without_instructions(void **state)
{
	struct fixture fixture = make(0, true, false);
	struct feature *features;
	double natural[3];
	size_t count;

	(void)state;
	fixture.plan.events.items[0].role = EVENT_ROLE_OTHER;
	assert_int_equal(
		feature_choose(&fixture.plan, 0, true, false, &features, &count, NULL),
		0);
	assert_int_equal(count, 3);
	assert_int_equal(features[0].kind, FEATURE_TIME_PER_EXECUTION);
	assert_int_equal(features[2].kind, FEATURE_RATE_PER_MICROSECOND);
	fixture.table.values[1][3] = 6;
	fixture.table.wall_ns[3] = 2000;
	feature_natural(features, count, &fixture.table, 3, natural);
	assert_true(natural[0] == 2000);
	assert_true(natural[2] == 3);
	feature_free(features, count);
	free_fixture(&fixture);
}

static void raw_features_stay_as_they_are(void **state)
{
	struct fixture fixture = make(1, false, false);
	struct feature *features;
	double natural[3];
	size_t count;

	(void)state;
	for (size_t i = 0; i < 3; i++)
		fixture.plan.events.items[i].unit = EVENT_UNIT_RAW;
	assert_int_equal(
		feature_choose(&fixture.plan, 0, false, false, &features, &count, NULL),
		0);
	assert_int_equal(count, 3);
	fixture.table.values[2][0] = -1.5;
	feature_natural(features, count, &fixture.table, 0, natural);
	assert_int_equal(features[2].kind, FEATURE_RAW);
	assert_true(natural[2] == -1.5);
	assert_true(feature_transform(&features[2], -1.5) == -1.5);
	feature_free(features, count);
	free_fixture(&fixture);
}

static void nothing_to_look_at_is_an_error(void **state)
{
	struct fixture fixture = make(0, true, false);
	struct feature *features;
	struct error error = {0};
	size_t count;

	(void)state;
	fixture.plan.passes[0].count = 0;
	assert_int_equal(feature_choose(&fixture.plan, 0, false, true, &features,
					&count, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "neither counters nor times"));
	assert_int_equal(
		feature_choose(&fixture.plan, 0, true, true, &features, &count, NULL),
		0);
	assert_int_equal(count, 2);
	feature_free(features, count);
	fixture.plan.passes[0].count = 2;
	free_fixture(&fixture);
}

static void empty_executions_give_finite_features(void **state)
{
	struct fixture fixture = make(2, true, true);
	double natural[6];

	(void)state;
	fixture.table.values[0][0] = 0;
	fixture.table.wall_ns[0] = 0;
	fixture.table.cpu_ns[0] = 0;
	feature_natural(fixture.features, fixture.count, &fixture.table, 0, natural);
	for (size_t f = 0; f < fixture.count; f++)
		assert_true(
			isfinite(natural[f]) &&
			isfinite(feature_transform(&fixture.features[f], natural[f])));
	free_fixture(&fixture);
}

static void one_event_in_a_typical_execution_is_one_resolution(void **state)
{
	struct fixture fixture = make(1, true, false);
	const struct feature *faults = &fixture.features[2];

	(void)state;
	assert_string_equal(faults->name, "page-faults");
	assert_true(fabs(feature_transform(faults, 3 * faults->resolution) - log(4)) <
		    1e-12);
	assert_true(feature_transform(faults, 0) == 0);
	assert_true(feature_transform(faults, -1) == 0);
	free_fixture(&fixture);
}

static void largest_numbers_do_not_overflow(void **state)
{
	const struct feature count = {.kind = FEATURE_RATE_PER_KILOINST,
				      .resolution = 1e-300};
	const struct feature raw = {.kind = FEATURE_RAW, .resolution = 1};

	(void)state;
	assert_true(isfinite(feature_transform(&count, 1e308)));
	assert_true(isfinite(feature_transform(&raw, -1e308) * 1e200));
}

static void sum_of_rows_is_one_large_execution(void **state)
{
	struct fixture fixture = make(1, true, false);
	double natural[4];

	(void)state;
	for (size_t row = 4; row < 6; row++) {
		fixture.table.values[0][row] = 1000;
		fixture.table.values[1][row] = row == 4 ? 0 : 6;
		fixture.table.wall_ns[row] = 100;
		fixture.table.weight[row] = row == 4 ? 2 : 1;
	}
	feature_natural_sum(fixture.features, fixture.count, &fixture.table, 4, 2,
			    natural);
	assert_true(natural[0] == 100);
	assert_true(natural[1] == 1000);
	assert_true(natural[2] == 2);
	free_fixture(&fixture);
}

static void unknown_cpu_time_does_not_spoil_the_share_of_the_rest(void **state)
{
	struct fixture fixture = make(0, true, true);
	double natural[4];

	(void)state;
	fixture.table.wall_ns[0] = fixture.table.wall_ns[1] = 100;
	fixture.table.cpu_ns[0] = 50; /* row 1 has none */
	feature_natural_sum(fixture.features, fixture.count, &fixture.table, 0, 2,
			    natural);
	assert_true(natural[1] == 0.5);
	assert_true(natural[0] > 0);
	free_fixture(&fixture);
}

/* The block is made by vector kernels, the rest by plain code. */
static void block_is_what_row_by_row_gives(void **state)
{
	struct fixture fixture = make(3, true, true);
	double center[7], scale[7], natural[7];
	struct scaler scaler = {center, scale};
	float *block = kernel_alloc(7 * KERNEL_BLOCK);
	const uint32_t list[] = {5, 3, 119};

	(void)state;
	assert_int_equal(fixture.count, 7);
	for (size_t f = 0; f < 7; f++) {
		center[f] = 1 + (double)f;
		scale[f] = 0.1 * (1 + (double)f);
	}
	fixture.table.cpu_ns[3] = 1e6;
	block[3] = 5;
	feature_block(fixture.features, 7, &scaler, kernels_select(KERNEL_WIDTH_BEST),
		      &fixture.table, list, 0, 3, block);
	for (size_t lane = 0; lane < 3; lane++) {
		feature_natural(fixture.features, 7, &fixture.table, list[lane],
				natural);
		for (size_t f = 0; f < 7; f++) {
			double x = feature_transform(&fixture.features[f], natural[f]);
			float expected = (float)((x - center[f]) / scale[f]);

			/* without CPU time: the middle */
			if (f == 1 && lane != 1)
				expected = 0;
			assert_true(block[f * KERNEL_BLOCK + lane] == expected);
		}
	}
	assert_true(block[3] == 0);
	feature_block(fixture.features, 7, &scaler, kernels_select(KERNEL_WIDTH_BEST),
		      &fixture.table, NULL, 119, 1, block);
	feature_natural(fixture.features, 7, &fixture.table, 119, natural);
	assert_true(block[0] ==
		    (float)((feature_transform(&fixture.features[0], natural[0]) - 1) /
			    0.1));
	free(block);
	free_fixture(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_have_names_that_are_read_back),
		cmocka_unit_test(
			rates_are_per_thousand_instructions_where_these_are_counted),
		cmocka_unit_test(rates_are_per_microsecond_without_instructions),
		cmocka_unit_test(raw_features_stay_as_they_are),
		cmocka_unit_test(nothing_to_look_at_is_an_error),
		cmocka_unit_test(empty_executions_give_finite_features),
		cmocka_unit_test(one_event_in_a_typical_execution_is_one_resolution),
		cmocka_unit_test(largest_numbers_do_not_overflow),
		cmocka_unit_test(sum_of_rows_is_one_large_execution),
		cmocka_unit_test(unknown_cpu_time_does_not_spoil_the_share_of_the_rest),
		cmocka_unit_test(block_is_what_row_by_row_gives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
