/* SPDX-License-Identifier: MIT */
/* model/outlier.c: one run that is nothing like the others, and runs that merely scatter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/outlier.h"
#include "support/mixture.h"

#define RUNS 10

struct fixture {
	struct event_plan plan;
	struct sample_table table;
};

static void make(struct fixture *fixture, size_t runs)
{
	mixture_plan(&fixture->plan, 2);
	mixture_table(
		&fixture->table,
		&(struct mixture){.seed = 3, .runs = runs, .rows = 100, .counters = 2});
}

static void clear(struct fixture *fixture)
{
	mixture_table_free(&fixture->table);
	mixture_plan_free(&fixture->plan);
}

/* Times of one run are multiplied. */
static void slow_down(struct fixture *fixture, size_t run, double factor)
{
	for (size_t row = 0; row < fixture->table.rows; row++)
		if (fixture->table.run[row] == run)
			fixture->table.wall_ns[row] *= factor;
}

static int take(struct fixture *fixture, uint32_t *ordinal, struct text *reason)
{
	struct error error;

	return outlier_take(&fixture->table, &fixture->plan, 0, ordinal, reason,
			    &error);
}

static void run_three_times_as_slow_is_taken_out_and_named(void **state)
{
	struct fixture fixture;
	struct text reason = {0};
	uint32_t ordinal = 99;

	(void)state;
	make(&fixture, RUNS);
	slow_down(&fixture, 6, 3);
	assert_int_equal(take(&fixture, &ordinal, &reason), 1);
	assert_int_equal(ordinal, 6);
	assert_non_null(strstr(reason.chars, "its time is "));
	assert_int_equal(fixture.table.run_count, RUNS - 1);
	assert_int_equal(fixture.table.rows, 100 * (RUNS - 1));
	for (size_t run = 0; run < RUNS - 1; run++)
		assert_true(fixture.table.run_ordinals[run] != 6);
	assert_int_equal(take(&fixture, &ordinal, &reason), 0);
	text_free(&reason);
	clear(&fixture);
}

static void runs_that_scatter_stay(void **state)
{
	struct text reason = {0};
	struct fixture fixture;
	uint32_t ordinal;

	(void)state;
	make(&fixture, RUNS);
	slow_down(&fixture, 2, 1.4); /* far out, but not by a factor that matters */
	assert_int_equal(take(&fixture, &ordinal, &reason), 0);
	for (size_t run = 0; run < RUNS; run++)
		slow_down(&fixture, run, 1 + (double)(run % 5) / 4);
	assert_int_equal(take(&fixture, &ordinal, &reason), 0);
	assert_int_equal(fixture.table.rows, 100 * RUNS);
	text_free(&reason);
	clear(&fixture);
}

static void of_few_runs_none_is_the_outlier(void **state)
{
	struct text reason = {0};
	struct fixture fixture;
	uint32_t ordinal;

	(void)state;
	make(&fixture, OUTLIER_RUNS_MIN - 1);
	slow_down(&fixture, 1, 10);
	assert_int_equal(take(&fixture, &ordinal, &reason), 0);
	text_free(&reason);
	clear(&fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_three_times_as_slow_is_taken_out_and_named),
		cmocka_unit_test(runs_that_scatter_stay),
		cmocka_unit_test(of_few_runs_none_is_the_outlier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
