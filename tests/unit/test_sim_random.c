/* SPDX-License-Identifier: MIT */
/*
 * sim/machine against a second simulator: random traces on small machines of every kind. Each
 * access, alone or in a run, must stall as long in both, each counter of each thread must end up the same, and the
 * invariants must hold all the way. Ten million accesses in all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "machine/run.h"
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
#define FIGHT         50u  /* accesses */

#define RUNS       8u
#define REFERENCES 6u
#define CODE_LINES 2u

/* Straight code, as known to the machine; to the reference it is one step after the other. */
struct code {
	struct machine_run run;
	struct machine_reference references[REFERENCES];
	uint64_t lines[CODE_LINES];
};

struct pair {
	struct machine *machine;
	struct reference *reference;
	struct machine_thread *threads[THREADS];
	struct random random;
	struct code codes[RUNS];
};

static enum machine_access_kind random_kind(struct pair *pair)
{
	uint32_t dice = random_below(&pair->random, 16);

	return dice < 9 ? MACHINE_LOAD : dice < 15 ? MACHINE_STORE : MACHINE_ATOMIC;
}

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
	enum machine_access_kind kind = random_kind(pair);

	assert_int_equal(
		machine_access(pair->machine, pair->threads[thread], address, bytes,
			       kind, 1),
		reference_access(pair->reference, thread, core, address, bytes, kind));
}

/* Two or three threads, one line, nothing else in between. */
static void step_fight(struct pair *pair)
{
	uint64_t line = random_below(&pair->random, 16) * MACHINE_LINE_BYTES;
	uint32_t first = random_below(&pair->random, THREADS);
	uint32_t fighters = 2 + random_below(&pair->random, 2);

	for (uint32_t i = 0; i < FIGHT; i++) {
		uint32_t thread =
			(first + random_below(&pair->random, fighters)) % THREADS;
		uint32_t core = machine_thread_core(pair->threads[thread]);
		uint64_t address = line + random_below(&pair->random, 8) * 8;
		enum machine_access_kind kind = random_kind(pair);

		assert_int_equal(machine_access(pair->machine, pair->threads[thread],
						address, 8, kind, 1),
				 reference_access(pair->reference, thread, core,
						  address, 8, kind));
	}
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

/* Offsets from an address that is another one each time, or the address itself. */
static void make_codes(struct pair *pair)
{
	for (uint32_t i = 0; i < RUNS; i++) {
		struct code *code = &pair->codes[i];

		for (uint32_t k = 0; k < REFERENCES; k++)
			code->references[k] = machine_reference(
				random_kind(pair), k % 2 ? 0 : MACHINE_NO_ROOT,
				random_below(&pair->random, SHARED_BYTES),
				1 + random_below(&pair->random, 64), 1);
		for (uint32_t k = 0; k < CODE_LINES; k++)
			code->lines[k] =
				CODE_BASE + random_below(&pair->random, CODE_BYTES);
		code->run.references = code->references;
		code->run.references_end = code->references + REFERENCES;
		machine_run_init(&code->run);
	}
}

/* What the machine leaves out has no effect in the reference. */
static void fetch_code(struct pair *pair, const struct machine_view *view,
		       struct code *code, uint32_t thread)
{
	bool fetched = machine_run_fetched(view, &code->run), idle = true;
	uint32_t core = machine_thread_core(view->thread);

	for (uint32_t i = 0; i < CODE_LINES; i++) {
		uint64_t stall = fetched ? 0
					 : machine_fetch(view->machine, view->thread,
							 code->lines[i], 1);

		assert_int_equal(stall, reference_fetch(pair->reference, thread, core,
							code->lines[i], 1));
	}
	for (uint32_t i = 0; i < CODE_LINES; i++)
		idle = idle && machine_fetch_is_idle(view, code->lines[i]);
	assert_true(idle || !fetched);
	if (idle)
		machine_run_fetch(view, &code->run);
}

static uint64_t refer(struct pair *pair, uint32_t thread,
		      const struct machine_reference *reference, uint64_t root)
{
	uint64_t address =
		reference->offset + (reference->root == MACHINE_NO_ROOT ? 0 : root);
	uint32_t core = machine_thread_core(pair->threads[thread]);

	if (!address)
		return 0;
	return reference_access(pair->reference, thread, core, address,
				machine_reference_bytes(reference),
				(enum machine_access_kind)reference->kind);
}

static void step_run(struct pair *pair, uint32_t thread)
{
	struct machine_thread *simulated = pair->threads[thread];
	struct machine_view view = machine_view(pair->machine, simulated);
	struct code *code = &pair->codes[random_below(&pair->random, RUNS)];
	uint64_t root = random_below(&pair->random, MEMORY_BYTES - 2 * SHARED_BYTES);
	uint64_t patience = random_below(&pair->random, 2) ? UINT64_MAX : 100;
	struct machine_tally tally = {0};
	const struct machine_reference *next;
	uint64_t stalls = 0;

	fetch_code(pair, &view, code, thread);
	next = machine_run(&view, &code->run, &root, patience, &tally);
	for (const struct machine_reference *reference = code->references;
	     reference != next; reference++) {
		assert_true(stalls <= patience);
		stalls += refer(pair, thread, reference, root);
	}
	assert_int_equal(tally.stalls, stalls);
	assert_true(next == code->run.references_end || stalls > patience ||
		    !machine_run_fetched(&view, &code->run));
	machine_tally(simulated, &tally);
	for (; next != code->run.references_end; next++) {
		uint64_t stall = machine_refer(&view, next, &root);

		assert_int_equal(stall, refer(pair, thread, next, root));
		simulated->counters[MACHINE_CYCLES] += stall;
	}
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
	make_codes(&pair);
	for (uint32_t i = 0; i < THREADS; i++)
		pair.threads[i] = build_thread(pair.machine, i, MACHINE_ANY_CORE);
	for (uint32_t i = 0; i < ACCESSES && !broken; i++) {
		uint32_t thread = random_below(&pair.random, THREADS);

		if (!random_below(&pair.random, 10))
			step_fetch(&pair, thread);
		else if (!random_below(&pair.random, 4))
			step_run(&pair, thread);
		else
			step_access(&pair, thread);
		if (!random_below(&pair.random, 500))
			step_rare(&pair, thread);
		if (!random_below(&pair.random, 200))
			step_fight(&pair);
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
