/* SPDX-License-Identifier: MIT */
/* model/rows.c: what is kept is whole and numbered without gaps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/rows.h"
#include "support/mixture.h"

static void kept_runs_are_numbered_anew(void **state)
{
	const bool keep[4] = {false, true, false, true};
	struct sample_table table;
	double second, fourth;

	(void)state;
	mixture_table(&table, &(struct mixture){
				      .seed = 1, .runs = 4, .rows = 10, .counters = 1});
	second = table.values[0][10];
	fourth = table.values[0][39];
	rows_keep(&table, keep);
	assert_int_equal(table.rows, 20);
	assert_int_equal(table.run_count, 2);
	assert_int_equal(table.run_ordinals[0], 1);
	assert_int_equal(table.run_ordinals[1], 3);
	assert_int_equal(table.run[0], 0);
	assert_int_equal(table.run[19], 1);
	assert_true(table.values[0][0] == second && table.values[0][19] == fourth);
	mixture_table_free(&table);
}

static void ordinals_beyond_the_choice_go(void **state)
{
	const bool chosen[2] = {true, true};
	struct sample_table table;

	(void)state;
	mixture_table(&table, &(struct mixture){
				      .seed = 1, .runs = 4, .rows = 10, .counters = 1});
	assert_int_equal(rows_keep_ordinals(&table, NULL, 0), 0);
	assert_int_equal(table.rows, 40);
	assert_int_equal(rows_keep_ordinals(&table, chosen, 2), 0);
	assert_int_equal(table.rows, 20);
	mixture_table_free(&table);
}

static void picked_rows_are_whole(void **state)
{
	const uint32_t list[] = {0, 7, 19, 39};
	struct sample_table table, all;

	(void)state;
	mixture_table(&table, &(struct mixture){
				      .seed = 1, .runs = 4, .rows = 10, .counters = 1});
	mixture_table(&all, &(struct mixture){
				    .seed = 1, .runs = 4, .rows = 10, .counters = 1});
	assert_int_equal(rows_pick(&table, list, 4), 0);
	assert_int_equal(table.rows, 4);
	assert_int_equal(table.run_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(table.run[i], list[i] / 10);
		assert_true(table.wall_ns[i] == all.wall_ns[list[i]]);
		assert_true(table.begin_ns[i] == all.begin_ns[list[i]]);
		assert_true(table.weight[i] == all.weight[list[i]]);
		for (size_t e = 0; e < table.event_count; e++)
			assert_true(table.values[e][i] == all.values[e][list[i]]);
	}
	mixture_table_free(&table);
	mixture_table_free(&all);
}

static void thinned_rows_are_spread_and_always_the_same(void **state)
{
	uint32_t list[100], again[100];

	(void)state;
	assert_int_equal(rows_thin(100000, 100, list), 100);
	assert_int_equal(rows_thin(100000, 100, again), 100);
	assert_memory_equal(list, again, sizeof(list));
	for (uint32_t i = 0; i < 100; i++)
		assert_in_range(list[i], i * 1000, i * 1000 + 999);
	/* Not in step with anything. */
	assert_true(list[1] - list[0] != list[2] - list[1]);
	assert_int_equal(rows_thin(7, 100, list), 7);
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(list[i], i);
	assert_int_equal(rows_thin(0, 100, list), 0);
	assert_int_equal(rows_thin(10, 0, list), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_runs_are_numbered_anew),
		cmocka_unit_test(ordinals_beyond_the_choice_go),
		cmocka_unit_test(picked_rows_are_whole),
		cmocka_unit_test(thinned_rows_are_spread_and_always_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
