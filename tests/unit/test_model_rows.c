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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_runs_are_numbered_anew),
		cmocka_unit_test(ordinals_beyond_the_choice_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
