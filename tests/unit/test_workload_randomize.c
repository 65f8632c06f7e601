/* SPDX-License-Identifier: MIT */
/* src/workload/randomize.c: layouts of runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/personality.h>

#include <cmocka.h>

#include "workload/randomize.h"

#define RUNS 2000

static size_t padding_of(uint64_t seed)
{
	struct layout layout;
	struct error error;
	size_t length;

	assert_int_equal(layout_make(&layout, seed, NULL, &error), 0);
	assert_ptr_equal(layout.items[0], layout.padding);
	assert_null(layout.items[1]);
	length = strlen(layout.padding);
	layout_free(&layout);
	return length;
}

static void a_seed_is_a_layout(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 50; seed++)
		assert_int_equal(padding_of(seed), padding_of(seed));
	assert_int_equal(padding_of(LAYOUT_SEED_MAX), padding_of(LAYOUT_SEED_MAX));
}

/* Of 16 equal parts of a page each is hit about as often, by seeds that follow each other. */
static void neighbouring_seeds_spread_over_a_page(void **state)
{
	const size_t least = strlen(LAYOUT_ENVIRONMENT "=");
	unsigned hits[16] = {0};

	(void)state;
	for (uint64_t seed = 1000; seed < 1000 + RUNS; seed++) {
		size_t length = padding_of(seed) - least;

		assert_true(length < 4096);
		hits[length / 256]++;
	}
	for (int i = 0; i < 16; i++)
		assert_in_range(hits[i], RUNS / 16 / 2, RUNS / 16 * 2);
}

static void what_was_added_stays(void **state)
{
	char *const added[] = {(char *)"A=1", (char *)"B=2", NULL};
	struct layout layout;
	struct error error;

	(void)state;
	assert_int_equal(layout_make(&layout, 7, added, &error), 0);
	assert_string_equal(layout.items[0], "A=1");
	assert_string_equal(layout.items[1], "B=2");
	assert_memory_equal(layout.items[2], LAYOUT_ENVIRONMENT "=",
			    strlen(LAYOUT_ENVIRONMENT "="));
	assert_null(layout.items[3]);
	assert_int_equal(layout.seed, 7);
	layout_free(&layout);
	assert_null(layout.items);
}

static void seeds_of_runs_follow_the_first_and_are_never_none(void **state)
{
	(void)state;
	assert_int_equal(layout_run_seed(77, 0), 77);
	assert_int_equal(layout_run_seed(77, 3), 80);
	assert_int_equal(layout_run_seed(LAYOUT_SEED_MAX, 0), LAYOUT_SEED_MAX);
	assert_int_equal(layout_run_seed(LAYOUT_SEED_MAX, 1), 1);
	for (int i = 0; i < 100; i++)
		assert_in_range(layout_random_seed(), 1, LAYOUT_SEED_MAX);
	assert_int_not_equal(layout_random_seed(), layout_random_seed());
}

static void asking_whether_addresses_can_be_fixed_changes_nothing(void **state)
{
	int before = personality(0xffffffff);

	(void)state;
	layout_can_fix_addresses();
	assert_int_equal(personality(0xffffffff), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_seed_is_a_layout),
		cmocka_unit_test(neighbouring_seeds_spread_over_a_page),
		cmocka_unit_test(what_was_added_stays),
		cmocka_unit_test(seeds_of_runs_follow_the_first_and_are_never_none),
		cmocka_unit_test(asking_whether_addresses_can_be_fixed_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
