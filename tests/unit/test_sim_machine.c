/* SPDX-License-Identifier: MIT */
/* sim/machine/machine.c: threads on cores, limits, and too little memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "support/sim/build.h"
#include "support/sim/invariants.h"

static void threads_go_to_the_next_free_core(void **state)
{
	struct machine_config config =
		build_config("sockets = 2\ncores_per_socket = 3\n");
	struct machine *machine = build_machine(&config);

	(void)state;
	for (uint32_t i = 0; i < 14; i++)
		assert_int_equal(
			machine_thread_core(build_thread(machine, i, MACHINE_ANY_CORE)),
			i % 6);
	machine_free(machine);
}

static void scattered_threads_take_turns_over_sockets(void **state)
{
	static const uint32_t cores[] = {0, 3, 1, 4, 2, 5, 0};
	struct machine_config config = build_config(
		"sockets = 2\ncores_per_socket = 3\nplacement = scatter\n");
	struct machine *machine = build_machine(&config);

	(void)state;
	for (uint32_t i = 0; i < 7; i++)
		assert_int_equal(
			machine_thread_core(build_thread(machine, i, MACHINE_ANY_CORE)),
			cores[i]);
	machine_free(machine);
}

static void listed_cores_are_taken_in_turns(void **state)
{
	static const uint32_t cores[] = {5, 0, 3, 5, 0};
	struct machine_config config =
		build_config("sockets = 2\ncores_per_socket = 3\nplacement = 5 0\t3\n");
	struct machine *machine = build_machine(&config);

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(
			machine_thread_core(build_thread(machine, i, MACHINE_ANY_CORE)),
			cores[i]);
	machine_free(machine);
}

static void the_core_of_a_thread_that_ended_is_free(void **state)
{
	struct machine_config config = build_config("cores_per_socket = 3\n");
	struct machine *machine = build_machine(&config);
	struct machine_thread *threads[3];

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		threads[i] = build_thread(machine, i, MACHINE_ANY_CORE);
	machine_thread_remove(machine, threads[1]);
	assert_int_equal(
		machine_thread_core(build_thread(machine, 3, MACHINE_ANY_CORE)), 1);
	machine_free(machine);
}

static void a_core_that_is_not_there_is_refused(void **state)
{
	struct machine_config config =
		build_config("sockets = 2\ncores_per_socket = 2\n");
	struct machine *machine = build_machine(&config);
	struct machine_problem problem;
	struct machine_thread *thread;

	(void)state;
	assert_null(machine_thread_add(machine, 1, 4, &problem));
	assert_string_equal(problem.text,
			    "there is no core 4; the machine has cores 0 to 3");
	thread = build_thread(machine, 1, 3);
	assert_int_equal(machine_thread_move(machine, thread, 9, &problem), -1);
	assert_int_equal(machine_thread_core(thread), 3);
	assert_int_equal(machine_thread_move(machine, thread, 0, &problem), 0);
	assert_int_equal(machine_thread_core(thread), 0);
	machine_free(machine);
}

static void a_thread_that_moves_finds_cold_caches(void **state)
{
	struct machine_config config = build_config("");
	struct machine *machine = build_machine(&config);
	struct machine_thread *thread = build_thread(machine, 1, 0);
	struct machine_problem problem;

	(void)state;
	machine_access(machine, thread, 0x1000, 8, MACHINE_STORE, 1);
	assert_int_equal(machine_thread_move(machine, thread, 1, &problem), 0);
	assert_true(machine_access(machine, thread, 0x1000, 8, MACHINE_LOAD, 1) > 0);
	assert_int_equal(thread->counters[MACHINE_HITM_LOCAL], 1);
	machine_free(machine);
}

static void a_thousand_and_twentyfour_threads_live_at_a_time(void **state)
{
	struct machine_config config =
		build_config("sockets = 4\ncores_per_socket = 64\n"
			     "l2_bytes = 64 KiB\n");
	struct machine *machine = build_machine(&config);
	struct machine_thread *threads[MACHINE_THREADS_MAX];
	struct machine_problem problem;

	(void)state;
	for (uint32_t i = 0; i < MACHINE_THREADS_MAX; i++) {
		threads[i] = build_thread(machine, i, MACHINE_ANY_CORE);
		assert_int_equal(threads[i]->slot, i);
		machine_access(machine, threads[i], i * 8, 8, MACHINE_STORE, 1);
	}
	assert_null(machine_thread_add(machine, 5000, MACHINE_ANY_CORE, &problem));
	assert_string_equal(problem.text,
			    "more threads at a time than the limit of 1024");
	machine_thread_remove(machine, threads[77]);
	assert_int_equal(build_thread(machine, 5000, MACHINE_ANY_CORE)->slot, 77);
	assert_null(broken_invariant(machine));
	machine_free(machine);
}

static void instructions_cost_fractions_of_cycles(void **state)
{
	struct machine_config config = build_config("cycles_instruction = 0.375\n");
	struct machine *machine = build_machine(&config);
	struct machine_thread *thread = build_thread(machine, 1, 0);

	(void)state;
	for (int i = 0; i < 1000; i++)
		machine_instructions(thread, 1);
	assert_int_equal(thread->counters[MACHINE_INSTRUCTIONS], 1000);
	assert_int_equal(thread->counters[MACHINE_CYCLES], 375);
	machine_instructions(thread, 8);
	assert_int_equal(thread->counters[MACHINE_CYCLES], 378);
	machine_free(machine);
}

static void counters_have_names_of_their_own(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < MACHINE_COUNTERS; i++) {
		assert_non_null(machine_counter_name(i));
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(machine_counter_name(i),
						machine_counter_name(k));
	}
	assert_null(machine_counter_name(MACHINE_COUNTERS));
	assert_string_equal(machine_counter_name(MACHINE_LLC_MISSES), "llc_misses");
}

/* Every allocation fails once: nothing leaks, and the reason is said. */
static void too_little_memory_is_said(void **state)
{
	struct machine_config config =
		build_config("sockets = 2\ncores_per_socket = 2\n");
	struct machine_problem problem;
	uint64_t failed = 0;
	bool done = false;

	(void)state;
	for (uint64_t limit = 1; !done; limit++) {
		struct build_memory memory = {.limit = limit};
		struct machine_host host = build_host(&memory);
		struct machine *machine = machine_create(&config, &host, &problem);
		struct machine_thread *thread;

		problem.text[0] = machine ? '\0' : problem.text[0];
		thread = machine ? machine_thread_add(machine, 1, 0, &problem) : NULL;
		done = thread != NULL;
		if (!thread) {
			assert_memory_equal(problem.text, "no memory for", 13);
			failed++;
		}
		machine_free(machine);
		assert_int_equal(memory.taken, memory.given);
	}
	assert_true(failed > 10);
}

/* The tables cannot grow: what finds no room is simulated as uncached, and said. */
static void a_machine_that_runs_out_of_memory_goes_on(void **state)
{
	struct machine_config config = build_config("");
	struct build_memory memory = {0};
	struct machine_host host = build_host(&memory);
	struct machine_problem problem;
	struct machine *machine = machine_create(&config, &host, &problem);
	struct machine_thread *thread;

	(void)state;
	assert_non_null(machine);
	thread = build_thread(machine, 1, 0);
	machine_access(machine, thread, 0, 8, MACHINE_STORE, 1);
	assert_false(machine_out_of_memory(machine));
	memory.limit = memory.taken;
	for (uint64_t i = 0; i < 100000; i++)
		machine_access(machine, thread, i * 64, 8, i % 2, 1);
	assert_true(machine_out_of_memory(machine));
	assert_int_equal(thread->counters[MACHINE_LLC_MISSES],
			 thread->counters[MACHINE_DRAM_LOCAL]);
	assert_null(broken_invariant(machine));
	/* Memory is back: so are the caches. */
	memory.limit = 0;
	for (uint64_t i = 0; i < 10000; i++)
		machine_access(machine, thread, i * 64, 8, i % 2, 1);
	assert_null(broken_invariant(machine));
	machine_free(machine);
	assert_int_equal(memory.taken, memory.given);
}

static void the_same_calls_count_the_same(void **state)
{
	struct machine_config config = build_config("l2_bytes = 16 KiB\nl2_ways = 8\n"
						    "llc_bytes = 64 KiB\n");
	uint64_t counters[2][MACHINE_COUNTERS];

	(void)state;
	for (int run = 0; run < 2; run++) {
		struct machine *machine = build_machine(&config);
		struct machine_thread *threads[3];

		for (uint32_t i = 0; i < 3; i++)
			threads[i] = build_thread(machine, i, MACHINE_ANY_CORE);
		for (uint64_t i = 0; i < 300000; i++)
			machine_access(machine, threads[i % 3], i * i % 99991 * 8, 8,
				       i % 3, 1);
		for (uint32_t i = 0; i < MACHINE_COUNTERS; i++)
			counters[run][i] = build_sum(machine, i);
		machine_free(machine);
	}
	assert_memory_equal(counters[0], counters[1], sizeof(counters[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_go_to_the_next_free_core),
		cmocka_unit_test(scattered_threads_take_turns_over_sockets),
		cmocka_unit_test(listed_cores_are_taken_in_turns),
		cmocka_unit_test(the_core_of_a_thread_that_ended_is_free),
		cmocka_unit_test(a_core_that_is_not_there_is_refused),
		cmocka_unit_test(a_thread_that_moves_finds_cold_caches),
		cmocka_unit_test(a_thousand_and_twentyfour_threads_live_at_a_time),
		cmocka_unit_test(instructions_cost_fractions_of_cycles),
		cmocka_unit_test(counters_have_names_of_their_own),
		cmocka_unit_test(too_little_memory_is_said),
		cmocka_unit_test(a_machine_that_runs_out_of_memory_goes_on),
		cmocka_unit_test(the_same_calls_count_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
