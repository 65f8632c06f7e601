/* SPDX-License-Identifier: MIT */
/*
 * Programs that do what few programs do, to the right end and with the right samples: processes.c;
 * and those with very many threads: many.c.
 */
#include "simulate.h"

#include <string.h>

struct story {
	const char *mode;
	uint64_t executions; /* in all processes together */
	size_t recordings;
};

static struct simulation *run(const char *program, const char *mode, const char *count)
{
	const struct plan plan = {
		.options = {"--region-function=work"},
		.command = {find_program(program), mode, count},
	};

	return simulate(&plan);
}

static uint64_t instructions_once(void)
{
	struct simulation *simulation = run("processes", "work", NULL);
	uint64_t instructions;

	assert_exited(simulation, 0);
	instructions = add_up(simulation, "work").counters[MACHINE_INSTRUCTIONS];
	finish(simulation);
	return instructions;
}

/* Each execution of the region executes the same instructions, whatever happens around it. */
static void ends_well_with_all_samples(void **state)
{
	const struct story *story = *state;
	struct simulation *simulation = run("processes", story->mode, NULL);
	struct totals totals;

	assert_exited(simulation, 0);
	assert_int_equal(simulation->recorded.count, story->recordings);
	totals = add_up(simulation, "work");
	assert_int_equal(totals.executions, story->executions);
	assert_int_equal(totals.counters[MACHINE_INSTRUCTIONS],
			 story->executions * instructions_once());
	finish(simulation);
}

/* Handlers run regions inside the region that they interrupt. */
static void timers_interrupt_regions(void **state)
{
	struct simulation *simulation = run("processes", "timer", NULL);
	struct totals totals;

	(void)state;
	assert_exited(simulation, 0);
	totals = add_up(simulation, "work");
	assert_true(totals.executions >= 20);
	assert_true(totals.counters[MACHINE_INSTRUCTIONS] >=
		    totals.executions * instructions_once());
	finish(simulation);
}

static void a_thousand_threads_live_at_once(void **state)
{
	/* And the first one. */
	struct simulation *simulation = run("many", "alive", "1023");

	(void)state;
	assert_exited(simulation, 0);
	assert_int_equal(add_up(simulation, "work").executions, 1023);
	finish(simulation);
}

static void too_many_threads_are_refused_by_name_of_the_limit(void **state)
{
	struct simulation *simulation = run("many", "alive", "1100");

	(void)state;
	assert_exited(simulation, 1);
	assert_non_null(strstr(simulation->text,
			       "more threads at a time than the limit of 1024"));
	finish(simulation);
}

static void ten_thousand_threads_come_and_go(void **state)
{
	struct simulation *simulation = run("many", "churn", "10000");
	struct totals totals;

	(void)state;
	assert_exited(simulation, 0);
	totals = add_up(simulation, "work");
	assert_int_equal(totals.executions, 10000);
	assert_int_equal(totals.counters[MACHINE_INSTRUCTIONS] % 10000, 0);
	finish(simulation);
}

#define STORY(name, executions, recordings)                                   \
	{                                                                     \
		name, ends_well_with_all_samples, NULL, NULL, &(struct story) \
		{                                                             \
			name, executions, recordings                          \
		}                                                             \
	}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		STORY("fork", 5, 2),
		STORY("thread-forks", 2, 2),
		STORY("exec", 2, 2),
		STORY("vfork", 1, 1),
		STORY("spawn", 1, 1),
		STORY("system", 2, 2),
		STORY("child-killed", 3, 2),
		STORY("fault", 20, 1),
		STORY("jump", 100, 1),
		STORY("coroutines", 200, 1),
		cmocka_unit_test(timers_interrupt_regions),
		cmocka_unit_test(a_thousand_threads_live_at_once),
		cmocka_unit_test(too_many_threads_are_refused_by_name_of_the_limit),
		cmocka_unit_test(ten_thousand_threads_come_and_go),
	};

	if (!simulate_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
