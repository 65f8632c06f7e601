/* SPDX-License-Identifier: MIT */
/* sim/machine/pages.c: TLBs by patterns that can be counted by hand, and homes of pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "machine/internal.h"
#include "support/sim/build.h"

#define SMALL                                                                  \
	"dtlb_entries = 16\ndtlb_ways = 4\nstlb_entries = 64\nstlb_ways = 4\n" \
	"cycles_stlb_hit = 7\ncycles_walk = 30\ncycles_first_touch = 1000\n"   \
	"cycles_dram_local = 0\ncycles_dram_remote = 0\ncycles_llc_hit = 0\n"  \
	"cycles_l2_hit = 0\n"

static uint64_t touch(struct machine *machine, struct machine_thread *thread,
		      uint64_t page)
{
	return machine_access(machine, thread, page * 4096, 8, MACHINE_LOAD, 1);
}

static void pages_that_fit_are_walked_once(void **state)
{
	struct machine_config config = build_config(SMALL);
	struct machine *machine = build_machine(&config);
	struct machine_thread *thread = build_thread(machine, 1, 0);

	(void)state;
	for (int i = 0; i < 5; i++)
		for (uint64_t page = 0; page < 16; page++)
			touch(machine, thread, page);
	assert_int_equal(thread->counters[MACHINE_DTLB_MISSES], 16);
	assert_int_equal(thread->counters[MACHINE_DTLB_WALKS], 16);
	assert_int_equal(thread->counters[MACHINE_FIRST_TOUCHES], 16);
	assert_int_equal(thread->counters[MACHINE_CYCLES], 16 * 1030);
	machine_free(machine);
}

static void pages_that_fit_the_second_level_are_walked_once(void **state)
{
	struct machine_config config = build_config(SMALL);
	struct machine *machine = build_machine(&config);
	struct machine_thread *thread = build_thread(machine, 1, 0);

	(void)state;
	for (int i = 0; i < 5; i++)
		for (uint64_t page = 0; page < 64; page++)
			touch(machine, thread, page);
	assert_int_equal(thread->counters[MACHINE_DTLB_MISSES], 5 * 64);
	assert_int_equal(thread->counters[MACHINE_DTLB_WALKS], 64);
	assert_int_equal(thread->counters[MACHINE_CYCLES], 64 * 1030 + 4 * 64 * 7);
	machine_free(machine);
}

static void too_many_pages_are_walked_always(void **state)
{
	struct machine_config config = build_config(SMALL);
	struct machine *machine = build_machine(&config);
	struct machine_thread *thread = build_thread(machine, 1, 0);

	(void)state;
	for (int i = 0; i < 5; i++)
		for (uint64_t page = 0; page < 128; page++)
			touch(machine, thread, page);
	assert_int_equal(thread->counters[MACHINE_DTLB_WALKS], 5 * 128);
	assert_int_equal(thread->counters[MACHINE_FIRST_TOUCHES], 128);
	machine_free(machine);
}

static void a_tlb_without_second_level_walks_on_each_miss(void **state)
{
	struct machine_config config =
		build_config("dtlb_entries = 16\nstlb_entries = 0\n");
	struct machine *machine;
	struct machine_thread *thread;

	(void)state;
	machine = build_machine(&config);
	thread = build_thread(machine, 1, 0);
	for (int i = 0; i < 2; i++)
		for (uint64_t page = 0; page < 32; page++)
			touch(machine, thread, page);
	assert_int_equal(thread->counters[MACHINE_DTLB_MISSES], 64);
	assert_int_equal(thread->counters[MACHINE_DTLB_WALKS], 64);
	machine_free(machine);
}

static void a_fully_associative_tlb_has_no_conflicts(void **state)
{
	struct machine_config config =
		build_config("dtlb_entries = 48\ndtlb_ways = 48\n");
	struct machine *machine = build_machine(&config);
	struct machine_thread *thread = build_thread(machine, 1, 0);

	(void)state;
	for (int i = 0; i < 3; i++)
		for (uint64_t page = 0; page < 48; page++)
			touch(machine, thread, page * 64);
	assert_int_equal(thread->counters[MACHINE_DTLB_MISSES], 48);
	for (int i = 0; i < 3; i++)
		for (uint64_t page = 0; page < 49; page++)
			touch(machine, thread, page * 64);
	assert_int_equal(thread->counters[MACHINE_DTLB_MISSES], 48 + 1 + 2 * 49);
	machine_free(machine);
}

static void an_access_over_a_page_end_translates_both(void **state)
{
	struct machine_config config = build_config(SMALL);
	struct machine *machine = build_machine(&config);
	struct machine_thread *thread = build_thread(machine, 1, 0);

	(void)state;
	machine_access(machine, thread, 4092, 8, MACHINE_STORE, 1);
	assert_int_equal(thread->counters[MACHINE_DTLB_WALKS], 2);
	assert_int_equal(thread->counters[MACHINE_FIRST_TOUCHES], 2);
	machine_free(machine);
}

static void large_pages_are_fewer(void **state)
{
	struct machine_config config = build_config("page_bytes = 2 MiB\n");
	struct machine *machine = build_machine(&config);
	struct machine_thread *thread = build_thread(machine, 1, 0);

	(void)state;
	for (uint64_t page = 0; page < 1024; page++)
		touch(machine, thread, page);
	assert_int_equal(thread->counters[MACHINE_FIRST_TOUCHES], 2);
	machine_free(machine);
}

static void the_first_toucher_s_socket_is_the_home(void **state)
{
	struct machine_config config = build_config(
		"sockets = 2\ncores_per_socket = 1\nl2_bytes = 0\n"
		"l1d_bytes = 64\nl1d_ways = 1\nllc_bytes = 64\nllc_ways = 1\n");
	struct machine *machine = build_machine(&config);
	struct machine_thread *first = build_thread(machine, 1, 0);
	struct machine_thread *second = build_thread(machine, 2, 1);

	(void)state;
	for (uint64_t page = 0; page < 100; page++)
		touch(machine, first, page);
	for (uint64_t page = 100; page < 200; page++)
		touch(machine, second, page);
	assert_int_equal(first->counters[MACHINE_DRAM_LOCAL], 100);
	assert_int_equal(second->counters[MACHINE_DRAM_LOCAL], 100);
	for (uint64_t page = 0; page < 150; page++)
		touch(machine, second, page);
	/* All but the line that the first core still has. */
	assert_int_equal(second->counters[MACHINE_DRAM_REMOTE], 99);
	assert_int_equal(second->counters[MACHINE_FORWARDS], 1);
	assert_int_equal(second->counters[MACHINE_DRAM_LOCAL], 150);
	assert_int_equal(second->counters[MACHINE_FIRST_TOUCHES], 100);
	machine_free(machine);
}

static void homes_survive_the_growth_of_their_table(void **state)
{
	struct machine_config config =
		build_config("sockets = 2\ncores_per_socket = 1\n");
	struct machine *machine = build_machine(&config);
	struct machine_thread *threads[] = {build_thread(machine, 0, 0),
					    build_thread(machine, 1, 1)};

	(void)state;
	for (uint64_t page = 0; page < 50000; page++)
		touch(machine, threads[page * 7 % 5 & 1], page * 3);
	assert_int_equal(machine->pages.count, 50000);
	for (uint64_t page = 0; page < 50000; page++)
		assert_int_equal(home_of_page(machine, threads[0]->core, page * 3),
				 page * 7 % 5 & 1);
	assert_int_equal(machine->pages.count, 50000);
	machine_free(machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_that_fit_are_walked_once),
		cmocka_unit_test(pages_that_fit_the_second_level_are_walked_once),
		cmocka_unit_test(too_many_pages_are_walked_always),
		cmocka_unit_test(a_tlb_without_second_level_walks_on_each_miss),
		cmocka_unit_test(a_fully_associative_tlb_has_no_conflicts),
		cmocka_unit_test(an_access_over_a_page_end_translates_both),
		cmocka_unit_test(large_pages_are_fewer),
		cmocka_unit_test(the_first_toucher_s_socket_is_the_home),
		cmocka_unit_test(homes_survive_the_growth_of_their_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
