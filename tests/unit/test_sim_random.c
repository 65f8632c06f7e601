/* SPDX-License-Identifier: MIT */
/*
 * sim/machine against a second simulator: random traces on small machines of every kind. Each
 * access must stall as long in both, each counter of each thread must end up the same, and the
 * invariants must hold all the way. Ten million accesses in all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "machine/machine.h"
#include "support/sim/build.h"
#include "support/sim/invariants.h"
#include "support/sim/reference.h"

#define ACCESSES      1250000u /* per machine, eight machines */
#define CHECK_EVERY   5000u
#define THREADS       12u
#define MEMORY_BYTES  (REFERENCE_LINES * MACHINE_LINE_BYTES)
#define SHARED_BYTES  (16 * MACHINE_LINE_BYTES)
#define PRIVATE_BYTES (96 * MACHINE_LINE_BYTES)
#define PRIVATE_BASE  (64 * MACHINE_LINE_BYTES)
#define CODE_BASE     (2048 * MACHINE_LINE_BYTES)
#define CODE_BYTES    (128 * MACHINE_LINE_BYTES)
#define ACCESS_MAX    300u /* bytes: over several lines */

struct pair {
	struct machine *machine;
	struct reference *reference;
	struct machine_thread *threads[THREADS];
	struct random random;
};

static uint64_t random_address(struct pair *pair, uint32_t thread)
{
	uint32_t where = random_below(&pair->random, 10);

	if (where < 4)
		return random_below(&pair->random, SHARED_BYTES);
	if (where < 8)
		return PRIVATE_BASE + thread * PRIVATE_BYTES +
		       random_below(&pair->random, PRIVATE_BYTES);
	return random_below(&pair->random, MEMORY_BYTES - ACCESS_MAX);
}

static void step_access(struct pair *pair, uint32_t thread)
{
	uint64_t address = random_address(pair, thread);
	uint32_t longest = random_below(&pair->random, 50) ? 8 : ACCESS_MAX;
	uint64_t bytes = 1 + random_below(&pair->random, longest);
	uint32_t core = machine_thread_core(pair->threads[thread]);
	uint32_t dice = random_below(&pair->random, 16);
	enum machine_access_kind kind = dice < 9    ? MACHINE_LOAD
					: dice < 15 ? MACHINE_STORE
						    : MACHINE_ATOMIC;

	assert_int_equal(
		machine_access(pair->machine, pair->threads[thread], address, bytes,
			       kind, 1 + dice),
		reference_access(pair->reference, thread, core, address, bytes, kind));
}

static void step_fetch(struct pair *pair, uint32_t thread)
{
	uint64_t address = random_below(&pair->random, 20)
				   ? CODE_BASE + random_below(&pair->random, CODE_BYTES)
				   : random_address(pair, thread);
	uint64_t bytes = 1 + random_below(&pair->random, 100);
	uint32_t core = machine_thread_core(pair->threads[thread]);

	assert_int_equal(
		machine_fetch(pair->machine, pair->threads[thread], address, bytes),
		reference_fetch(pair->reference, thread, core, address, bytes));
}

/* What is rare: decisions on sharing, memory that changes hands, threads that move. */
static void step_rare(struct pair *pair, uint32_t thread)
{
	uint64_t address = random_address(pair, thread);
	uint64_t bytes = 1 + random_below(&pair->random, 2000);
	uint32_t core = machine_thread_core(pair->threads[thread]);
	struct machine_problem problem;

	switch (random_below(&pair->random, 8)) {
	case 0:
		if (address + bytes > MEMORY_BYTES)
			break;
		machine_unmap(pair->machine, address, bytes);
		reference_unmap(pair->reference, address, bytes);
		break;
	case 1:
		if (address + bytes > MEMORY_BYTES)
			break;
		machine_lines_close(pair->machine, address, bytes);
		reference_close(pair->reference, address, bytes);
		break;
	case 2:
		reference_settle(pair->reference, core);
		core = random_below(&pair->random, pair->reference->core_count);
		assert_int_equal(machine_thread_move(pair->machine,
						     pair->threads[thread], core,
						     &problem),
				 0);
		break;
	default:
		machine_settle(pair->machine, pair->threads[thread]);
		reference_settle(pair->reference, core);
	}
}

static void expect_same_counters(const struct pair *pair)
{
	for (uint32_t i = 0; i < THREADS; i++)
		for (uint32_t k = 0; k < MACHINE_COUNTERS; k++)
			if (pair->threads[i]->counters[k] !=
			    pair->reference->counters[i][k])
				fail_msg("thread %u: %s is %llu, not %llu", i,
					 machine_counter_name(k),
					 (unsigned long long)pair->threads[i]
						 ->counters[k],
					 (unsigned long long)
						 pair->reference->counters[i][k]);
}

static void expect_all_same(const char *description)
{
	struct machine_config config = build_config(description);
	struct pair pair = {0};
	const char *broken = NULL;

	config.sharing_lines = 60000; /* no line is forgotten, not even closed ones */
	pair.machine = build_machine(&config);
	pair.reference = reference_create(&config);
	random_seed(&pair.random, 1, 1);
	for (uint32_t i = 0; i < THREADS; i++)
		pair.threads[i] = build_thread(pair.machine, i, MACHINE_ANY_CORE);
	for (uint32_t i = 0; i < ACCESSES && !broken; i++) {
		uint32_t thread = random_below(&pair.random, THREADS);

		if (!random_below(&pair.random, 10))
			step_fetch(&pair, thread);
		else
			step_access(&pair, thread);
		if (!random_below(&pair.random, 500))
			step_rare(&pair, thread);
		if (i % CHECK_EVERY == 0)
			broken = broken_invariant(pair.machine);
		if (i % CHECK_EVERY == 0)
			expect_same_counters(&pair);
	}
	if (broken)
		fail_msg("%s", broken);
	expect_same_counters(&pair);
	/* The trace was worth it: everything that can happen did. */
	assert_true(build_sum(pair.machine, MACHINE_HITM_TRUE) > 1000);
	assert_true(build_sum(pair.machine, MACHINE_HITM_FALSE) > 1000);
	assert_true(build_sum(pair.machine, MACHINE_UPGRADES) > 1000);
	assert_true(build_sum(pair.machine, MACHINE_DRAM_LOCAL) > 1000);
	assert_true(build_sum(pair.machine, MACHINE_DTLB_WALKS) > 1000);
	machine_free(pair.machine);
	reference_free(pair.reference);
}

#define SMALL_TLBS                          \
	"dtlb_entries = 8\ndtlb_ways = 2\n" \
	"stlb_entries = 16\nstlb_ways = 4\n"
#define SMALL_L1                            \
	"l1i_bytes = 1 KiB\nl1i_ways = 2\n" \
	"l1d_bytes = 1 KiB\nl1d_ways = 4\n"

static void all_levels_non_inclusive(void **state)
{
	(void)state;
	expect_all_same("cores_per_socket = 4\n" SMALL_L1 SMALL_TLBS
			"l2_bytes = 4 KiB\nl2_ways = 4\n"
			"llc_bytes = 16 KiB\nllc_ways = 8\n");
}

static void all_levels_inclusive(void **state)
{
	(void)state;
	expect_all_same("cores_per_socket = 4\n" SMALL_L1 SMALL_TLBS
			"l2_bytes = 4 KiB\nl2_ways = 4\nl2_policy = inclusive\n"
			"llc_bytes = 12 KiB\nllc_ways = 12\nllc_policy = inclusive\n");
}

static void victim_llcs_in_two_sockets(void **state)
{
	(void)state;
	expect_all_same(
		"sockets = 2\ncores_per_socket = 4\ncores_per_llc = 2\n" SMALL_L1
			SMALL_TLBS
		"l2_bytes = 4 KiB\nl2_ways = 4\nl2_policy = inclusive\n"
		"llc_bytes = 8 KiB\nllc_ways = 4\nllc_policy = victim\n");
}

static void victim_llcs_behind_non_inclusive_l2s(void **state)
{
	(void)state;
	expect_all_same(
		"sockets = 2\ncores_per_socket = 3\nplacement = scatter\n" SMALL_L1
			SMALL_TLBS "l2_bytes = 2 KiB\nl2_ways = 2\n"
		"llc_bytes = 12 KiB\nllc_ways = 4\nllc_slices = 3\n"
		"llc_policy = victim\n");
}

static void no_l2(void **state)
{
	(void)state;
	expect_all_same("cores_per_socket = 3\n" SMALL_L1 SMALL_TLBS
			"l2_bytes = 0\nllc_bytes = 8 KiB\nllc_ways = 4\n");
}

static void no_cache_but_l1_in_two_sockets(void **state)
{
	(void)state;
	expect_all_same("sockets = 2\ncores_per_socket = 2\n" SMALL_L1
			"l2_bytes = 0\nllc_bytes = 0\n"
			"dtlb_entries = 4\ndtlb_ways = 4\nstlb_entries = 0\n");
}

static void direct_mapped_everywhere(void **state)
{
	(void)state;
	expect_all_same(
		"sockets = 2\ncores_per_socket = 4\ncores_per_llc = 4\n"
		"l1i_bytes = 512\nl1i_ways = 1\nl1d_bytes = 1 KiB\nl1d_ways = 1\n"
		"l2_bytes = 2 KiB\nl2_ways = 1\n"
		"llc_bytes = 4 KiB\nllc_ways = 1\nllc_policy = inclusive\n"
		"dtlb_entries = 4\ndtlb_ways = 1\nstlb_entries = 8\nstlb_ways = 1\n");
}

static void sixteen_cores_below_eight_llcs(void **state)
{
	(void)state;
	expect_all_same(
		"sockets = 4\ncores_per_socket = 4\ncores_per_llc = 2\n" SMALL_L1
			SMALL_TLBS "l2_bytes = 2 KiB\nl2_ways = 4\n"
		"llc_bytes = 8 KiB\nllc_ways = 8\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_levels_non_inclusive),
		cmocka_unit_test(all_levels_inclusive),
		cmocka_unit_test(victim_llcs_in_two_sockets),
		cmocka_unit_test(victim_llcs_behind_non_inclusive_l2s),
		cmocka_unit_test(no_l2),
		cmocka_unit_test(no_cache_but_l1_in_two_sockets),
		cmocka_unit_test(direct_mapped_everywhere),
		cmocka_unit_test(sixteen_cores_below_eight_llcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
