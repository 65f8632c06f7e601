/* SPDX-License-Identifier: MIT */
/* model/pieces.c: rows of one piece become several runs, and none is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/pieces.h"
#include "support/mixture.h"

static void rows_are_dealt_and_stay_together(void **state)
{
	struct sample_table table;
	size_t rows, seen = 0;
	double first;

	(void)state;
	mixture_table(&table, &(struct mixture){
				      .seed = 1, .runs = 1, .rows = 47, .counters = 2});
	rows = table.rows;
	first = table.values[0][PIECES];
	for (size_t i = 0; i < rows; i++)
		table.wall_ns[i] = table.values[0][i];
	assert_int_equal(pieces_deal(&table), 0);
	assert_int_equal(table.rows, rows);
	assert_int_equal(table.run_count, PIECES);
	assert_true(table.values[0][1] == first);
	for (size_t i = 0; i < rows; i++) {
		assert_true(table.wall_ns[i] == table.values[0][i]);
		assert_true(!i || table.run[i] == table.run[i - 1] ||
			    table.run[i] == table.run[i - 1] + 1);
		seen += table.run[i] == 0;
	}
	assert_int_equal(seen, 5);
	mixture_table_free(&table);
}

static void counters_are_no_ready_made_features(void **state)
{
	struct event_plan plan;

	(void)state;
	mixture_plan(&plan, 2);
	assert_false(pieces_fit(&plan));
	for (size_t i = 0; i < plan.events.count; i++)
		plan.events.items[i].unit = EVENT_UNIT_RAW;
	assert_true(pieces_fit(&plan));
	mixture_plan_free(&plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_dealt_and_stay_together),
		cmocka_unit_test(counters_are_no_ready_made_features),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
