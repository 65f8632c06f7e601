/* SPDX-License-Identifier: MIT */
/*
 * --warm=off: what is outside regions is neither simulated nor counted, what is inside is counted
 * as ever, whether its blocks were translated with their logging or had to be translated anew.
 */
#include "simulate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct simulation *run(const char *warm, const char *calls,
			      const char *iterations)
{
	const struct plan plan = {
		.options = {warm, "--region-function=work", "--summary=yes"},
		.command = {find_program("outside"), calls, iterations},
	};
	struct simulation *simulation = simulate(&plan);

	assert_exited(simulation, 0);
	return simulation;
}

/* What the summary says of a counter, first of the thread that began. */
static uint64_t counter_of_thread(const struct simulation *simulation, const char *name)
{
	const char *thread = strstr(simulation->text, "thread 1\n");
	const char *counter = thread ? strstr(thread, name) : NULL;

	assert_non_null(counter);
	return strtoull(counter + strlen(name), NULL, 10);
}

/* ... and of the region. */
static uint64_t counter_of_region(const struct simulation *simulation, const char *name,
				  unsigned executions)
{
	const char *region = strstr(simulation->text, "region work: ");
	const char *counter = region ? strstr(region, name) : NULL;
	unsigned found;

	assert_non_null(counter);
	assert_int_equal(sscanf(region, "region work: %u executions", &found), 1);
	assert_int_equal(found, executions);
	return strtoull(counter + strlen(name), NULL, 10);
}

static void expect_same_regions(const char *calls, const char *iterations)
{
	unsigned count = (unsigned)atoi(calls);
	struct simulation *warm = run("--warm=on", calls, iterations);
	struct simulation *cold = run("--warm=off", calls, iterations);

	assert_int_equal(counter_of_region(cold, "instructions", count),
			 counter_of_region(warm, "instructions", count));
	assert_int_equal(counter_of_region(cold, "loads", count),
			 counter_of_region(warm, "loads", count));
	assert_int_equal(counter_of_region(cold, "stores", count),
			 counter_of_region(warm, "stores", count));
	finish(warm);
	finish(cold);
}

static void regions_count_the_same(void **state)
{
	(void)state;
	expect_same_regions("100", "100");
}

/* Long enough for the logging to be taken out, and to be put in again by the next call. */
static void regions_far_apart_count_the_same(void **state)
{
	(void)state;
	expect_same_regions("3", "60000000");
}

static void what_is_outside_is_not_counted(void **state)
{
	struct simulation *warm = run("--warm=on", "2", "1000000");
	struct simulation *cold = run("--warm=off", "2", "1000000");
	uint64_t inside = counter_of_region(cold, "instructions", 2);

	(void)state;
	assert_true(counter_of_thread(warm, "instructions") > 2000000);
	assert_in_range(counter_of_thread(cold, "instructions"), inside, inside + 100);
	finish(warm);
	finish(cold);
}

static void system_calls_of_a_region_are_counted(void **state)
{
	struct simulation *warm = run("--warm=on", "20", "1000");
	struct simulation *cold = run("--warm=off", "20", "1000");

	(void)state;
	assert_int_equal(counter_of_region(warm, "system_calls", 20), 20);
	assert_int_equal(counter_of_region(cold, "system_calls", 20), 20);
	finish(warm);
	finish(cold);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regions_count_the_same),
		cmocka_unit_test(regions_far_apart_count_the_same),
		cmocka_unit_test(what_is_outside_is_not_counted),
		cmocka_unit_test(system_calls_of_a_region_are_counted),
	};

	if (!simulate_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
