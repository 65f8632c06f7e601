/* SPDX-License-Identifier: MIT */
/* sim/machine/predictor.c: patterns that a predictor of this kind must, or cannot, learn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/random.h"
#include "machine/machine.h"
#include "support/sim/build.h"

struct one {
	struct machine *machine;
	struct machine_thread *thread;
};

static struct one one_thread(void)
{
	struct machine_config config = build_config("cycles_branch_miss = 20\n");
	struct one one;

	one.machine = build_machine(&config);
	one.thread = build_thread(one.machine, 1, 0);
	return one;
}

/* Mispredictions since the last call. */
static uint64_t misses(struct one *one)
{
	uint64_t count = one->thread->counters[MACHINE_BRANCH_MISSES];

	one->thread->counters[MACHINE_BRANCH_MISSES] = 0;
	return count;
}

static void one_direction_is_learnt_at_once(void **state)
{
	struct one one = one_thread();

	(void)state;
	for (int i = 0; i < 1000; i++)
		machine_branch(one.machine, one.thread, 0x401000, true);
	for (int i = 0; i < 1000; i++)
		machine_branch(one.machine, one.thread, 0x401010, false);
	assert_true(misses(&one) <= 4);
	assert_int_equal(one.thread->counters[MACHINE_BRANCHES], 2000);
	machine_free(one.machine);
}

static void a_misprediction_costs_what_the_description_says(void **state)
{
	struct one one = one_thread();
	uint64_t cost = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		cost += machine_branch(one.machine, one.thread, 0x401000, i < 50);
	assert_true(cost > 0);
	assert_int_equal(cost, 20 * one.thread->counters[MACHINE_BRANCH_MISSES]);
	assert_int_equal(cost, one.thread->counters[MACHINE_CYCLES]);
	machine_free(one.machine);
}

static void short_loops_are_learnt_with_their_ends(void **state)
{
	struct one one = one_thread();

	(void)state;
	for (int trips = 2; trips <= 16; trips += 7) {
		uint64_t pc = 0x401000 + trips * 64;

		for (int i = 0; i < 200; i++)
			for (int k = 1; k <= trips; k++)
				machine_branch(one.machine, one.thread, pc, k < trips);
		misses(&one);
		for (int i = 0; i < 200; i++)
			for (int k = 1; k <= trips; k++)
				machine_branch(one.machine, one.thread, pc, k < trips);
		/* Without history each of the 200 ends would be missed. */
		assert_true(misses(&one) <= 10);
	}
	machine_free(one.machine);
}

static void ends_of_long_loops_are_missed_once_each(void **state)
{
	struct one one = one_thread();

	(void)state;
	for (int i = 0; i < 100; i++)
		for (int k = 1; k <= 500; k++)
			machine_branch(one.machine, one.thread, 0x401000, k < 500);
	assert_in_range(misses(&one), 90, 130);
	machine_free(one.machine);
}

static void a_branch_that_follows_another_is_learnt(void **state)
{
	struct one one = one_thread();
	struct random random;
	int followers = 0;

	(void)state;
	random_seed(&random, 3, 1);
	for (int i = 0; i < 20000; i++) {
		bool first = random_below(&random, 2);

		machine_branch(one.machine, one.thread, 0x401000, first);
		/* What the random one misses is not counted. */
		if (i >= 10000)
			followers += machine_branch(one.machine, one.thread, 0x401020,
						    !first) != 0;
		else
			machine_branch(one.machine, one.thread, 0x401020, !first);
	}
	assert_true(followers < 200);
	machine_free(one.machine);
}

static void random_directions_cannot_be_learnt(void **state)
{
	struct one one = one_thread();
	struct random random;

	(void)state;
	random_seed(&random, 5, 1);
	for (int i = 0; i < 100000; i++)
		machine_branch(one.machine, one.thread, 0x401000,
			       random_below(&random, 2));
	assert_in_range(misses(&one), 48000, 52000);
	machine_free(one.machine);
}

static void one_target_is_learnt_at_once(void **state)
{
	struct one one = one_thread();

	(void)state;
	for (int i = 0; i < 1000; i++)
		machine_branch_indirect(one.machine, one.thread, 0x401000, 0x500000);
	assert_int_equal(misses(&one), 1);
	assert_int_equal(one.thread->counters[MACHINE_BRANCHES], 1000);
	machine_free(one.machine);
}

static void targets_that_take_turns_are_learnt(void **state)
{
	struct one one = one_thread();

	(void)state;
	for (int i = 0; i < 3000; i++) {
		if (i == 1000)
			misses(&one);
		machine_branch_indirect(one.machine, one.thread, 0x401000,
					0x500000 + i % 3 * 0x100);
	}
	assert_true(misses(&one) <= 5);
	machine_free(one.machine);
}

static void random_targets_cannot_be_learnt(void **state)
{
	struct one one = one_thread();
	struct random random;

	(void)state;
	random_seed(&random, 6, 1);
	for (int i = 0; i < 10000; i++)
		machine_branch_indirect(one.machine, one.thread, 0x401000,
					0x500000 + random_below(&random, 16) * 0x100);
	assert_in_range(misses(&one), 9000, 9900);
	machine_free(one.machine);
}

static void many_branches_fit(void **state)
{
	struct one one = one_thread();

	(void)state;
	/* A thousand branches, each with a direction of its own, as in a large function. */
	for (int i = 0; i < 20; i++) {
		if (i == 10)
			misses(&one);
		for (uint64_t branch = 0; branch < 1000; branch++)
			machine_branch(one.machine, one.thread, 0x401000 + branch * 13,
				       branch * branch % 7 < 3);
	}
	assert_true(misses(&one) < 10 * 1000 / 20);
	machine_free(one.machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_direction_is_learnt_at_once),
		cmocka_unit_test(a_misprediction_costs_what_the_description_says),
		cmocka_unit_test(short_loops_are_learnt_with_their_ends),
		cmocka_unit_test(ends_of_long_loops_are_missed_once_each),
		cmocka_unit_test(a_branch_that_follows_another_is_learnt),
		cmocka_unit_test(random_directions_cannot_be_learnt),
		cmocka_unit_test(one_target_is_learnt_at_once),
		cmocka_unit_test(targets_that_take_turns_are_learnt),
		cmocka_unit_test(random_targets_cannot_be_learnt),
		cmocka_unit_test(many_branches_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
