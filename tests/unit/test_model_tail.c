/* SPDX-License-Identifier: MIT */
/* model/tail.c: how rare a value was among those learnt. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/tail.h"

#define COUNT 10000

static double table[TAIL_POINTS];

static void learn_uniform(void)
{
	static double values[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		values[i] = (double)((i * 7919) % COUNT) / COUNT;
	tail_learn(values, COUNT, table);
}

static void tail_is_minus_the_log_of_the_share_above(void **state)
{
	(void)state;
	learn_uniform();
	assert_true(tail_of(table, 0) == 0 && tail_of(table, -5) == 0);
	assert_true(fabs(tail_of(table, 0.5) - log(2)) < 0.01);
	assert_true(fabs(tail_of(table, 0.99) - log(100)) < 0.05);
}

static void beyond_the_highest_it_still_rises(void **state)
{
	double before = tail_of(table, 0.9999);

	(void)state;
	for (double value = 1; value < 1e6; value *= 1.5) {
		assert_true(tail_of(table, value) > before);
		before = tail_of(table, value);
	}
	assert_true(isfinite(before));
}

static void mean_over_fresh_samples_is_one(void **state)
{
	struct random random;
	double sum = 0;

	(void)state;
	learn_uniform();
	random_seed(&random, 1, 0);
	for (int i = 0; i < COUNT; i++)
		sum += tail_of(table, random_uniform(&random)) / COUNT;
	assert_true(fabs(sum - 1) < 0.05);
}

static void constant_values_leave_room_above_them(void **state)
{
	double values[] = {3, 3, 3, 3};

	(void)state;
	tail_learn(values, 4, table);
	assert_true(tail_of(table, 3) == 0);
	assert_true(tail_of(table, 3.1) > 1 && isfinite(tail_of(table, 1e30)));
	values[0] = values[1] = values[2] = values[3] = 0;
	tail_learn(values, 4, table);
	assert_true(tail_of(table, 0) == 0 && tail_of(table, 1e-6) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tail_is_minus_the_log_of_the_share_above),
		cmocka_unit_test(beyond_the_highest_it_still_rises),
		cmocka_unit_test(mean_over_fresh_samples_is_one),
		cmocka_unit_test(constant_values_leave_room_above_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
