/* SPDX-License-Identifier: MIT */
/* sim/machine/unmap.c: memory that goes away is forgotten, and only that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "machine/internal.h"
#include "support/sim/build.h"
#include "support/sim/invariants.h"

struct two {
	struct machine *machine;
	struct machine_thread *threads[2];
};

static struct two two_threads(void)
{
	struct machine_config config =
		build_config("sockets = 2\ncores_per_socket = 1\n");
	struct two two;

	two.machine = build_machine(&config);
	for (uint32_t i = 0; i < 2; i++)
		two.threads[i] = build_thread(two.machine, i, i);
	return two;
}

static void end(struct two *two)
{
	assert_null(broken_invariant(two->machine));
	machine_free(two->machine);
}

static void write_pages(struct two *two, uint32_t thread, uint64_t first,
			uint64_t count)
{
	for (uint64_t at = first * 4096; at < (first + count) * 4096; at += 64)
		machine_access(two->machine, two->threads[thread], at, 8, MACHINE_STORE,
			       1);
}

static void the_next_touch_is_a_first_touch(void **state)
{
	struct two two = two_threads();
	uint64_t *counters = two.threads[1]->counters;

	(void)state;
	write_pages(&two, 0, 10, 4);
	machine_unmap(two.machine, 11 * 4096 + 5, 4096);
	write_pages(&two, 1, 10, 4);
	/* Pages 11 and 12 are new, and now at home where they were touched. */
	assert_int_equal(counters[MACHINE_FIRST_TOUCHES], 2);
	assert_int_equal(counters[MACHINE_DRAM_LOCAL], 128);
	assert_int_equal(counters[MACHINE_HITM_REMOTE], 128);
	end(&two);
}

static void translations_are_forgotten_by_all_cores(void **state)
{
	struct two two = two_threads();

	(void)state;
	write_pages(&two, 0, 10, 1);
	write_pages(&two, 1, 10, 1);
	machine_unmap(two.machine, 10 * 4096, 4096);
	write_pages(&two, 0, 10, 1);
	write_pages(&two, 1, 10, 1);
	assert_int_equal(two.threads[0]->counters[MACHINE_DTLB_WALKS], 2);
	assert_int_equal(two.threads[1]->counters[MACHINE_DTLB_WALKS], 2);
	assert_int_equal(build_sum(two.machine, MACHINE_FIRST_TOUCHES), 2);
	end(&two);
}

static void large_and_small_ranges_do_the_same(void **state)
{
	(void)state;
	for (int large = 0; large < 2; large++) {
		struct two two = two_threads();

		write_pages(&two, 0, 100, 600);
		write_pages(&two, 1, 50, 10);
		/* The large range is walked by entries, the small ones by addresses. */
		if (large)
			machine_unmap(two.machine, 100 * 4096, UINT64_C(1) << 50);
		for (uint64_t page = 100; !large && page < 700; page++)
			machine_unmap(two.machine, page * 4096, 4096);
		assert_int_equal(two.machine->pages.count, 10);
		assert_int_equal(two.machine->directory.count, 640);
		write_pages(&two, 1, 50, 10);
		assert_int_equal(two.threads[1]->counters[MACHINE_L1D_MISSES], 1280);
		assert_int_equal(two.threads[1]->counters[MACHINE_LLC_MISSES], 640);
		write_pages(&two, 1, 100, 600);
		assert_int_equal(two.threads[1]->counters[MACHINE_FIRST_TOUCHES], 610);
		assert_int_equal(two.threads[1]->counters[MACHINE_FORWARDS], 0);
		end(&two);
	}
}

static void contended_lines_are_closed(void **state)
{
	struct two two = two_threads();
	const struct machine_line *lines[2];

	(void)state;
	for (int i = 0; i < 10; i++)
		machine_access(two.machine, two.threads[i % 2], 0x5000, 4,
			       MACHINE_STORE, 1);
	machine_unmap(two.machine, 0x5fff, 1);
	assert_int_equal(machine_lines(two.machine, lines, 2), 1);
	assert_true(lines[0]->closed);
	assert_int_equal(lines[0]->hitm_true, 9);
	machine_access(two.machine, two.threads[0], 0x5000, 4, MACHINE_STORE, 1);
	assert_int_equal(build_sum(two.machine, MACHINE_HITM_REMOTE), 9);
	end(&two);
}

static void all_of_memory_can_go(void **state)
{
	struct two two = two_threads();

	(void)state;
	write_pages(&two, 0, 0, 10);
	machine_access(two.machine, two.threads[1], UINT64_MAX - 7, 8, MACHINE_STORE,
		       1);
	machine_unmap(two.machine, 0, 0);
	assert_int_equal(two.machine->pages.count, 11);
	machine_unmap(two.machine, 0, UINT64_MAX);
	assert_int_equal(two.machine->pages.count, 0);
	assert_int_equal(two.machine->directory.count, 0);
	write_pages(&two, 0, 0, 1);
	assert_int_equal(two.threads[0]->counters[MACHINE_FIRST_TOUCHES], 11);
	end(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_touch_is_a_first_touch),
		cmocka_unit_test(translations_are_forgotten_by_all_cores),
		cmocka_unit_test(large_and_small_ranges_do_the_same),
		cmocka_unit_test(contended_lines_are_closed),
		cmocka_unit_test(all_of_memory_can_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
