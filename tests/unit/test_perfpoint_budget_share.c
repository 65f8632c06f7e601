/* SPDX-License-Identifier: MIT */
/* How the overhead budget is shared out among regions, and what samples then stand for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "perfpoint/budget.h"

#define UNIT BUDGET_LEVEL_UNIT

/* A region that was executed so often in this epoch, known long enough. */
static struct budget_region executed(uint32_t times)
{
	return (struct budget_region){
		.left = BUDGET_ALL, .counted = times, .seen = BUDGET_FIRST};
}

/* Known long enough, one in k measured. */
static struct budget_region thinned(uint32_t k)
{
	return (struct budget_region){.left = 1, .seen = BUDGET_FIRST, .beyond = k - 1};
}

static uint32_t one_in(const struct budget_region *region)
{
	return region->beyond + 1;
}

/* One execution: its weight if it is measured, else 0. As the markers do it. */
static uint32_t execute(struct budget_region *region, uint32_t *random)
{
	uint32_t weight =
		budget_counts_down(region) ? 0 : budget_weight(region, random);

	if (weight)
		budget_count(region, weight);
	return weight;
}

static void all_are_measured_when_there_is_room(void **state)
{
	struct budget_region regions[] = {executed(10), executed(0), executed(90)};

	(void)state;
	assert_true(budget_level(regions, 3, 100 * UNIT) == UINT64_MAX);
	assert_true(budget_level(regions, 3, 1000 * UNIT) == UINT64_MAX);
	assert_true(budget_level(regions, 3, 99 * UNIT) != UINT64_MAX);
	assert_true(budget_level(regions, 0, 0) == UINT64_MAX);
}

static void what_a_rare_region_leaves_goes_to_the_others(void **state)
{
	struct budget_region regions[] = {executed(2), executed(1000), executed(10),
					  executed(500)};

	(void)state;
	/* 112 less 2 and 10, for two. */
	assert_int_equal(budget_level(regions, 4, 112 * UNIT), 50 * UNIT);
}

static void no_more_are_measured_than_there_is_room_for(void **state)
{
	uint32_t random = 7;

	(void)state;
	for (uint32_t trial = 0; trial < 2000; trial++) {
		struct budget_region regions[20];
		uint64_t room, level, all = 0, measured = 0;

		for (int i = 0; i < 20; i++) {
			random = random * 1664525u + 1013904223u;
			regions[i] = executed(random >> (8 + random % 24));
			all += budget_executions(&regions[i]) * UNIT;
		}
		random = random * 1664525u + 1013904223u;
		room = random >> 8;
		level = budget_level(regions, 20, room);
		if (level == UINT64_MAX) {
			assert_true(all <= room);
			continue;
		}
		for (int i = 0; i < 20; i++) {
			uint64_t wanted = budget_executions(&regions[i]) * UNIT;

			measured += wanted < level ? wanted : level;
		}
		assert_true(measured <= room);
		assert_true(room - measured <
			    20); /* nothing is left over but fractions */
	}
}

static void k_is_executions_by_level_and_has_a_limit(void **state)
{
	struct budget_region region = executed(1000);
	uint32_t random = 1;

	(void)state;
	budget_begin_epoch(&region, 300 * UNIT, &random);
	assert_int_equal(one_in(&region), 4);
	assert_int_equal(budget_executions(&region), 0);
	region = executed(INT32_MAX);
	budget_begin_epoch(&region, 1, &random);
	assert_int_equal(one_in(&region), BUDGET_ONE_IN_MAX);
	region = executed(1000);
	budget_begin_epoch(&region, 0, &random);
	assert_int_equal(one_in(&region), BUDGET_ONE_IN_MAX);
	region = executed(1000);
	budget_begin_epoch(&region, UINT64_MAX, &random);
	assert_int_equal(one_in(&region), 1);
}

static void a_region_not_executed_keeps_its_k(void **state)
{
	struct budget_region region = executed(1000);
	uint32_t random = 1;

	(void)state;
	budget_begin_epoch(&region, 10 * UNIT, &random);
	budget_begin_epoch(&region, UINT64_MAX, &random);
	assert_int_equal(one_in(&region), 100);
}

static void the_first_executions_are_all_measured(void **state)
{
	struct budget_region region = {0};
	uint32_t random = 1;

	(void)state;
	for (uint32_t i = 0; i < BUDGET_FIRST; i++) {
		assert_int_equal(execute(&region, &random), 1);
		if (i + 1 < BUDGET_FIRST) {
			budget_begin_epoch(&region, 0, &random);
			assert_int_equal(one_in(&region), 1);
		}
	}
	budget_begin_epoch(&region, 0, &random);
	assert_int_equal(one_in(&region), BUDGET_ONE_IN_MAX);
}

/* Weights and what has not become a sample yet are the executions, whatever k does. */
static void weights_add_up_to_the_executions(void **state)
{
	struct budget_region region = {0};
	uint64_t weights = 0, epochs = 0;
	uint32_t random = 3, largest = 0;

	(void)state;
	for (uint64_t i = 1; i <= 1000000; i++) {
		uint32_t weight = execute(&region, &random);

		weights += weight;
		largest = weight > largest ? weight : largest;
		assert_int_equal(weights + budget_skipped(&region), i);
		if (i % 7919)
			continue;
		epochs += budget_executions(&region);
		assert_int_equal(epochs, i);
		budget_begin_epoch(&region, (i % 13 + 1) * 40 * UNIT, &random);
	}
	assert_true(largest > 100);
	assert_true(largest <= UINT16_MAX);
}

static void one_execution_in_k_is_measured(void **state)
{
	(void)state;
	for (uint16_t k = 1; k <= 1000; k = (uint16_t)(k * 2 + k % 2)) {
		struct budget_region region = thinned(k);
		uint32_t random = 11, measured = 0, executions = k * 20000u;

		for (uint32_t i = 0; i < executions; i++) {
			uint32_t weight = execute(&region, &random);

			measured += weight != 0;
			if (weight && measured > 1) {
				assert_true(weight >= k - k / 2u);
				assert_true(weight <= k + k / 2u);
			}
		}
		/* The spread of 20000 intervals' sum is 0.3 k x 141: 0.2 %. */
		assert_in_range(measured, 19800, 20200);
	}
}

/* A program in step with k would always be measured at the same place. */
static void a_program_in_step_with_k_is_seen_whole(void **state)
{
	(void)state;
	for (uint16_t k = 2; k <= 64; k = (uint16_t)(k * 2)) {
		struct budget_region region = thinned(k);
		uint32_t random = 5;
		double sum = 0, weights = 0;

		for (uint32_t i = 0; i < k * 50000u; i++) {
			uint32_t weight = execute(&region, &random);

			/* One in k is long. */
			sum += weight * (i % k == 0 ? 1000.0 : 1.0);
			weights += weight;
		}
		assert_true(sum / weights > 0.95 * (1000.0 + k - 1) / k);
		assert_true(sum / weights < 1.05 * (1000.0 + k - 1) / k);
	}
}

static void a_region_that_gets_slow_is_soon_measured_again(void **state)
{
	struct budget_region region = thinned(4000);
	uint32_t random = 9, weight = 0, executions = 0;

	(void)state;
	execute(&region, &random);
	assert_true(region.left > 2000);
	/* Still often, and then three times in an epoch that has room for all. */
	budget_begin_epoch(&region, 0, &random);
	for (int i = 0; i < 3; i++)
		assert_int_equal(execute(&region, &random), 0);
	budget_begin_epoch(&region, UINT64_MAX, &random);
	while (!weight) {
		weight = execute(&region, &random);
		executions++;
	}
	assert_true(executions <= 2);
	assert_int_equal(weight, 3 + executions);
}

/* A thread's first marker is, whatever the countdown says. */
static void one_measured_out_of_turn_stands_for_those_skipped(void **state)
{
	struct budget_region region = {0};
	uint64_t weights = 0;
	uint32_t random = 4;

	(void)state;
	region = thinned(50);
	for (uint32_t i = 1; i <= 5000; i++) {
		weights += i % 37 ? execute(&region, &random)
				  : budget_weight(&region, &random);
		assert_int_equal(weights + budget_skipped(&region), i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_measured_when_there_is_room),
		cmocka_unit_test(what_a_rare_region_leaves_goes_to_the_others),
		cmocka_unit_test(no_more_are_measured_than_there_is_room_for),
		cmocka_unit_test(k_is_executions_by_level_and_has_a_limit),
		cmocka_unit_test(a_region_not_executed_keeps_its_k),
		cmocka_unit_test(the_first_executions_are_all_measured),
		cmocka_unit_test(weights_add_up_to_the_executions),
		cmocka_unit_test(one_execution_in_k_is_measured),
		cmocka_unit_test(one_measured_out_of_turn_stands_for_those_skipped),
		cmocka_unit_test(a_program_in_step_with_k_is_seen_whole),
		cmocka_unit_test(a_region_that_gets_slow_is_soon_measured_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
