/* SPDX-License-Identifier: MIT */
/*
 * sim/machine/place.c and access.c: what stays in the caches and what falls out, by patterns
 * whose misses can be counted by hand, and by a list of lines in the order of use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "machine/machine.h"
#include "support/sim/build.h"
#include "support/sim/invariants.h"

struct one {
	struct machine *machine;
	struct machine_thread *thread;
	uint64_t *counters;
};

static struct one one_thread(const char *text)
{
	struct machine_config config = build_config(text);
	struct one one;

	one.machine = build_machine(&config);
	one.thread = build_thread(one.machine, 1, MACHINE_ANY_CORE);
	one.counters = one.thread->counters;
	return one;
}

static void end(struct one *one)
{
	assert_null(broken_invariant(one->machine));
	machine_free(one->machine);
}

static void load(struct one *one, uint64_t address, uint64_t bytes)
{
	machine_access(one->machine, one->thread, address, bytes, MACHINE_LOAD, 1);
}

static void read_array(struct one *one, uint64_t bytes, uint64_t step, int times)
{
	for (int i = 0; i < times; i++)
		for (uint64_t at = 0; at < bytes; at += step)
			load(one, 0x100000 + at, 8);
}

static void an_array_that_fits_misses_once_a_line(void **state)
{
	struct one one = one_thread("");

	(void)state;
	read_array(&one, 32 << 10, 8, 10);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 512);
	assert_int_equal(one.counters[MACHINE_L2_MISSES], 512);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 512);
	assert_int_equal(one.counters[MACHINE_LOADS], 10 * 4096);
	end(&one);
}

static void an_array_of_twice_the_size_misses_always(void **state)
{
	struct one one = one_thread("");

	(void)state;
	read_array(&one, 64 << 10, 64, 10);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 10 * 1024);
	assert_int_equal(one.counters[MACHINE_L2_MISSES], 1024);
	read_array(&one, 2 << 20, 64, 10);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 10 * (1024 + 32768));
	assert_int_equal(one.counters[MACHINE_L2_MISSES], 10 * 32768);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 32768);
	end(&one);
}

static void one_way_too_many_in_a_set_misses_always(void **state)
{
	struct one one = one_thread("");

	(void)state;
	/* 64 sets of 8 ways: lines 4 KiB apart share a set. */
	read_array(&one, 8 * 4096, 4096, 10);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 8);
	read_array(&one, 9 * 4096, 4096, 10);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 8 + 1 + 9 * 9);
	end(&one);
}

/* The first that has not been used since all of them had been. */
static void a_way_not_recently_used_falls_out(void **state)
{
	struct one one = one_thread("l1d_bytes = 256\nl1d_ways = 4\n");

	(void)state;
	for (int i = 0; i < 4; i++)
		load(&one, i * 64, 8);
	load(&one, 4 * 64, 8); /* all were: takes the place of line 0 */
	load(&one, 64, 8);
	load(&one, 5 * 64, 8); /* 4 and 1 were: takes the place of line 2 */
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 6);
	load(&one, 64, 8);
	load(&one, 3 * 64, 8);
	load(&one, 4 * 64, 8);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 6);
	load(&one, 2 * 64, 8);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 7);
	end(&one);
}

static void accesses_over_line_ends_use_both_lines(void **state)
{
	struct one one = one_thread("");

	(void)state;
	load(&one, 60, 4);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 1);
	load(&one, 60, 5);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 2);
	assert_int_equal(one.counters[MACHINE_LOADS], 2);
	load(&one, 127, 2);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 3);
	load(&one, 1023, 2);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 4);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 5);
	end(&one);
}

static void accesses_larger_than_a_line_use_all_of_them(void **state)
{
	struct one one = one_thread("");

	(void)state;
	load(&one, 32, 512);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 1);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 9);
	assert_int_equal(one.counters[MACHINE_LOADS], 1);
	machine_access(one.machine, one.thread, 1 << 20, 1 << 20, MACHINE_STORE, 1);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 2);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 9 + 16384);
	assert_int_equal(one.counters[MACHINE_STORES], 1);
	end(&one);
}

static void no_bytes_are_no_access(void **state)
{
	struct one one = one_thread("");

	(void)state;
	load(&one, 0, 0);
	load(&one, 63, 0);
	assert_int_equal(machine_fetch(one.machine, one.thread, 64, 0), 0);
	for (int i = 0; i < MACHINE_COUNTERS; i++)
		assert_int_equal(one.counters[i], 0);
	end(&one);
}

static void memory_ends_where_addresses_end(void **state)
{
	struct one one = one_thread("");

	(void)state;
	load(&one, UINT64_MAX - 70, UINT64_MAX);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 1);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 2);
	load(&one, UINT64_MAX, 1);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 1);
	machine_fetch(one.machine, one.thread, UINT64_MAX, 64);
	assert_int_equal(one.counters[MACHINE_L1I_MISSES], 1);
	end(&one);
}

static void code_and_data_meet_in_l2(void **state)
{
	struct one one = one_thread("");

	(void)state;
	machine_fetch(one.machine, one.thread, 0x1000, 100);
	assert_int_equal(one.counters[MACHINE_L1I_MISSES], 2);
	assert_int_equal(one.counters[MACHINE_L2_MISSES], 2);
	machine_fetch(one.machine, one.thread, 0x1010, 4);
	machine_fetch(one.machine, one.thread, 0x1050, 4);
	assert_int_equal(one.counters[MACHINE_L1I_MISSES], 2);
	load(&one, 0x1000, 8);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 1);
	assert_int_equal(one.counters[MACHINE_L2_MISSES], 2);
	assert_int_equal(one.counters[MACHINE_LOADS], 1);
	end(&one);
}

static void without_l2_misses_go_to_the_llc(void **state)
{
	struct one one =
		one_thread("l2_bytes = 0\ncycles_walk = 0\ncycles_first_touch = 0\n"
			   "cycles_stlb_hit = 0\n");

	(void)state;
	read_array(&one, 64 << 10, 64, 2);
	assert_int_equal(one.counters[MACHINE_L1D_MISSES], 2048);
	assert_int_equal(one.counters[MACHINE_L2_MISSES], 0);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 1024);
	assert_int_equal(one.counters[MACHINE_CYCLES], 1024 * (250 + 45));
	end(&one);
}

static void without_an_llc_misses_go_to_memory(void **state)
{
	struct one one = one_thread("llc_bytes = 0\nl2_bytes = 32 KiB\n");

	(void)state;
	read_array(&one, 64 << 10, 64, 2);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 2048);
	assert_int_equal(one.counters[MACHINE_DRAM_LOCAL], 2048);
	end(&one);
}

static void a_victim_llc_and_l2_hold_the_sum_of_both(void **state)
{
	struct one one = one_thread("l2_bytes = 64 KiB\nl2_policy = inclusive\n"
				    "llc_bytes = 128 KiB\nllc_policy = victim\n");

	(void)state;
	/* LRU in sets: 48 lines for each 16 sets of L2 and LLC go round without a loss. */
	read_array(&one, 192 << 10, 64, 5);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 3072);
	assert_int_equal(one.counters[MACHINE_L2_MISSES], 5 * 3072);
	end(&one);
}

static void a_non_inclusive_llc_holds_no_more_than_itself(void **state)
{
	struct one one =
		one_thread("l2_bytes = 64 KiB\nl2_policy = inclusive\n"
			   "llc_bytes = 128 KiB\nllc_policy = non-inclusive\n");

	(void)state;
	read_array(&one, 192 << 10, 64, 5);
	assert_int_equal(one.counters[MACHINE_LLC_MISSES], 5 * 3072);
	end(&one);
}

/* One cache with true LRU: a list of lines per set, the last used first. */
#define LIST_SETS_MAX 1024
#define LIST_WAYS_MAX 16

struct list_cache {
	uint64_t lines[LIST_SETS_MAX][LIST_WAYS_MAX];
	int used[LIST_SETS_MAX];
	int sets, ways;
	uint64_t misses;
};

static bool list_access(struct list_cache *cache, uint64_t line)
{
	uint64_t *set = cache->lines[line % cache->sets];
	int *used = &cache->used[line % cache->sets], at = 0;
	bool hit;

	while (at < *used && set[at] != line)
		at++;
	hit = at < *used;
	if (!hit && *used < cache->ways)
		at = (*used)++;
	else if (!hit)
		at = cache->ways - 1;
	memmove(set + 1, set, at * sizeof(*set));
	set[0] = line;
	cache->misses += !hit;
	return hit;
}

static void expect_near(uint64_t count, uint64_t expected, double share)
{
	assert_in_range(count, (uint64_t)((double)expected * (1 - share)),
			(uint64_t)((double)expected * (1 + share)));
}

/*
 * The two-level hierarchy of cachegrind: the last level is asked when the first misses, and
 * evicts by itself. Loads only: a modified line that L1 evicts late would come back into our
 * LLC, while cachegrind knows no write-backs. Ours replaces in L1 what was not used recently,
 * which is nearly the least recently used.
 */
static void one_thread_misses_as_two_plain_lru_caches_do(void **state)
{
	static struct list_cache l1, llc;
	struct one one = one_thread("l2_bytes = 0\nl1d_bytes = 16 KiB\nl1d_ways = 4\n"
				    "llc_bytes = 256 KiB\nllc_ways = 16\n");
	struct random random;

	(void)state;
	l1 = (struct list_cache){.sets = 64, .ways = 4};
	llc = (struct list_cache){.sets = 256, .ways = 16};
	random_seed(&random, 7, 1);
	for (int i = 0; i < 1000000; i++) {
		/* Half of it near the last place, the rest anywhere in 1 MiB. */
		static uint64_t place;
		uint64_t address;

		if (!random_below(&random, 8))
			place = random_below(&random, 1 << 20);
		address = place + random_below(&random, 4096);
		load(&one, address / 8 * 8, 8);
		if (!list_access(&l1, address / 64))
			list_access(&llc, address / 64);
	}
	expect_near(one.counters[MACHINE_L1D_MISSES], l1.misses, 0.02);
	expect_near(one.counters[MACHINE_LLC_MISSES], llc.misses, 0.01);
	assert_true(l1.misses > 100000 && llc.misses > 10000);
	end(&one);
}

static void slices_are_filled_alike(void **state)
{
	struct one one =
		one_thread("l2_bytes = 0\nllc_bytes = 1408 KiB\nllc_ways = 11\n"
			   "llc_slices = 8\n");

	(void)state;
	/* Half of the capacity, in one run of addresses: hardly any set gets too much. */
	read_array(&one, 704 << 10, 64, 4);
	assert_in_range(one.counters[MACHINE_LLC_MISSES], 11264, 11264 * 103 / 100);
	end(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_array_that_fits_misses_once_a_line),
		cmocka_unit_test(an_array_of_twice_the_size_misses_always),
		cmocka_unit_test(one_way_too_many_in_a_set_misses_always),
		cmocka_unit_test(a_way_not_recently_used_falls_out),
		cmocka_unit_test(accesses_over_line_ends_use_both_lines),
		cmocka_unit_test(accesses_larger_than_a_line_use_all_of_them),
		cmocka_unit_test(no_bytes_are_no_access),
		cmocka_unit_test(memory_ends_where_addresses_end),
		cmocka_unit_test(code_and_data_meet_in_l2),
		cmocka_unit_test(without_l2_misses_go_to_the_llc),
		cmocka_unit_test(without_an_llc_misses_go_to_memory),
		cmocka_unit_test(a_victim_llc_and_l2_hold_the_sum_of_both),
		cmocka_unit_test(a_non_inclusive_llc_holds_no_more_than_itself),
		cmocka_unit_test(one_thread_misses_as_two_plain_lru_caches_do),
		cmocka_unit_test(slices_are_filled_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
