/* SPDX-License-Identifier: MIT */
/*
 * What the simulator must tell apart. The numbers of 4 threads are those of the prototype that
 * the design comes from; machines' real numbers are lower, their order is the same.
 */
#include "simulate.h"

#include <stdio.h>

static uint64_t hitm(const struct totals *totals)
{
	return totals->counters[MACHINE_HITM_LOCAL] +
	       totals->counters[MACHINE_HITM_REMOTE];
}

/* Lines fetched modified per million instructions. */
static uint64_t hitm_rate(const struct totals *totals)
{
	return hitm(totals) * 1000000 / totals->counters[MACHINE_INSTRUCTIONS];
}

static uint64_t false_percent(const struct totals *totals)
{
	return totals->counters[MACHINE_HITM_FALSE] * 100 / hitm(totals);
}

/* But for one in a thousand. */
static bool is_all_false(const struct totals *totals)
{
	return totals->counters[MACHINE_HITM_TRUE] * 1000 < hitm(totals);
}

static void false_sharing_is_all_false(void **state)
{
	struct totals totals = contend("false", 4, 20000);

	(void)state;
	assert_true(hitm_rate(&totals) > 160000);
	assert_true(is_all_false(&totals));
}

static void padding_ends_false_sharing(void **state)
{
	struct totals totals = contend("padded", 4, 20000);

	(void)state;
	assert_int_equal(hitm(&totals), 0);
	assert_int_equal(totals.counters[MACHINE_INVALIDATIONS], 0);
	assert_int_equal(totals.counters[MACHINE_BLOCKED], 0);
}

static void an_atomic_counter_is_truly_shared(void **state)
{
	struct totals totals = contend("true", 4, 20000);

	(void)state;
	assert_in_range(hitm_rate(&totals), 240000, 260000);
	assert_int_equal(false_percent(&totals), 0);
	assert_int_equal(totals.counters[MACHINE_ATOMICS], 4 * 20000);
}

static void rare_sharing_is_rare(void **state)
{
	struct totals totals = contend("rare", 4, 50000);

	(void)state;
	assert_in_range(hitm_rate(&totals), 100, 200);
	assert_true(false_percent(&totals) <= 2);
}

static void adjacent_counters_in_the_heap_share_falsely(void **state)
{
	struct totals totals = contend("heap", 4, 20000);

	(void)state;
	assert_true(hitm_rate(&totals) > 120000);
	assert_true(is_all_false(&totals));
}

static void twelve_threads_share_like_four(void **state)
{
	struct totals adjacent = contend("false", 12, 5000);
	struct totals apart = contend("padded", 12, 5000);
	struct totals heap = contend("heap", 12, 5000);
	struct totals atomic = contend("true", 12, 5000);
	struct totals rare = contend("rare", 12, 20000);

	(void)state;
	assert_true(hitm_rate(&adjacent) > 160000);
	assert_true(is_all_false(&adjacent));
	assert_int_equal(hitm(&apart), 0);
	assert_true(hitm_rate(&heap) > 120000);
	assert_true(is_all_false(&heap));
	assert_true(hitm_rate(&atomic) > 240000);
	assert_int_equal(false_percent(&atomic), 0);
	assert_in_range(hitm_rate(&rare), 100, 200);
	assert_true(false_percent(&rare) <= 2);
}

/* And executes the same instructions. */
static void assert_repeats(const char *mode, int threads, long count)
{
	struct totals first = contend(mode, threads, count);
	struct totals second = contend(mode, threads, count);

	assert_int_equal(first.counters[MACHINE_INSTRUCTIONS],
			 second.counters[MACHINE_INSTRUCTIONS]);
	assert_in_range(hitm(&second), hitm(&first) * 98 / 100,
			hitm(&first) * 102 / 100);
}

static void unsynchronised_sharing_repeats_within_two_percent(void **state)
{
	(void)state;
	assert_repeats("false", 4, 20000);
	assert_repeats("heap", 12, 5000);
	assert_repeats("true", 4, 20000);
}

/*
 * Each thread has the lock once before any has it again: its line moves to who takes it, and at
 * least once more because those who try in vain take it from who holds it.
 */
static void expect_mutex(const struct totals *totals, uint64_t locked)
{
	assert_int_equal(totals->counters[MACHINE_LOCKS], locked);
	assert_in_range(hitm(totals), locked * 18 / 10, locked * 4);
	assert_in_range(hitm_rate(totals), 25000, 60000);
	assert_in_range(false_percent(totals), 40, 75);
	assert_true(totals->counters[MACHINE_BLOCKED] > 0);
}

static void a_mutex_moves_its_line_the_same_in_each_run(void **state)
{
	static const struct {
		int threads;
		long count;
	} sizes[] = {{2, 4000}, {4, 4000}, {8, 1000}, {12, 1000}};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		uint64_t locked = (uint64_t)sizes[i].threads * (uint64_t)sizes[i].count;
		struct totals first =
			contend("mutex", sizes[i].threads, sizes[i].count);
		struct totals second =
			contend("mutex", sizes[i].threads, sizes[i].count);

		expect_mutex(&first, locked);
		expect_mutex(&second, locked);
		/*
		 * 1 in 100 runs on a busy machine has a thread wait in the kernel all the
		 * same; it was 1 % off. 20 % are allowed.
		 */
		assert_in_range(hitm(&second), hitm(&first) * 90 / 100,
				hitm(&first) * 110 / 100);
		assert_in_range(second.counters[MACHINE_INSTRUCTIONS],
				first.counters[MACHINE_INSTRUCTIONS] * 99 / 100,
				first.counters[MACHINE_INSTRUCTIONS] * 101 / 100);
	}
}

static void a_spin_lock_makes_threads_wait(void **state)
{
	struct totals totals = contend("spinlock", 4, 2000);

	(void)state;
	assert_int_equal(totals.counters[MACHINE_LOCKS], 4 * 2000);
	assert_true(hitm_rate(&totals) > 20000);
}

/* Without the waiting, the two do the same. */
static void one_lock_for_all_makes_threads_wait(void **state)
{
	struct totals coarse = contend("coarse", 4, 500);
	struct totals ticket = contend("coarse-ticket", 4, 500);
	struct totals fine = contend("fine", 4, 500);

	(void)state;
	assert_true(coarse.counters[MACHINE_BLOCKED] >
		    5 * (fine.counters[MACHINE_BLOCKED] + 1));
	assert_true(coarse.wall_ns > 2 * fine.wall_ns);
	assert_true(coarse.cpu_ns < 2 * fine.cpu_ns);
	assert_true(ticket.counters[MACHINE_BLOCKED] >
		    5 * (fine.counters[MACHINE_BLOCKED] + 1));
	assert_true(ticket.wall_ns > 2 * fine.wall_ns);
	assert_in_range(fine.counters[MACHINE_BLOCKED], 0,
			fine.counters[MACHINE_CYCLES] / 20);
}

static void a_slow_thread_keeps_the_others_at_the_barrier(void **state)
{
	struct totals slow = contend("barrier", 4, 50);
	struct totals even = contend("barrier-even", 4, 50);
	uint64_t extra;

	(void)state;
	assert_true(slow.counters[MACHINE_BLOCKED] >
		    5 * (even.counters[MACHINE_BLOCKED] + 1));
	/* Three wait while the fourth does more. */
	extra = 3 * (slow.counters[MACHINE_CYCLES] - even.counters[MACHINE_CYCLES]);
	assert_in_range(slow.counters[MACHINE_BLOCKED], extra * 85 / 100,
			extra * 115 / 100);
}

static void consumers_wait_for_a_slow_producer(void **state)
{
	struct totals totals = contend("condition", 3, 200);

	(void)state;
	assert_true(totals.counters[MACHINE_BLOCKED] > totals.counters[MACHINE_CYCLES]);
}

/* One of four is at work, by semaphores or pipes: the others wait. */
static void a_token_lets_one_thread_work(void **state)
{
	struct totals semaphore = contend("semaphore", 4, 200);
	struct totals pipe = contend("pipe", 4, 200);

	(void)state;
	assert_true(semaphore.counters[MACHINE_BLOCKED] >
		    2 * semaphore.counters[MACHINE_CYCLES]);
	assert_true(pipe.counters[MACHINE_BLOCKED] > 2 * pipe.counters[MACHINE_CYCLES]);
}

/* Executed in turns, such threads never touch the line at the same time. */
static void a_queue_with_spinning_ends_shares_falsely(void **state)
{
	struct totals shared = contend("queue", 2, 5000);
	struct totals apart = contend("queue-padded", 2, 5000);

	(void)state;
	/* The items themselves are sometimes shared falsely, when both ends are at the same line. */
	assert_true(shared.counters[MACHINE_HITM_FALSE] * 100 >
		    shared.counters[MACHINE_INSTRUCTIONS]);
	assert_true(shared.counters[MACHINE_HITM_FALSE] >
		    10 * (apart.counters[MACHINE_HITM_FALSE] + 1));
	assert_true(shared.wall_ns > 2 * apart.wall_ns);
}

/* Each step is one transfer of the line, not a turn of the scheduler: a few hundred cycles. */
static void spinning_threads_pass_a_flag_quickly(void **state)
{
	struct totals totals = contend("handoff", 4, 100);

	(void)state;
	assert_in_range(totals.counters[MACHINE_HITM_TRUE], 350, 800);
	assert_true(totals.wall_ns / 4 < 400 * 300);
	assert_true(totals.counters[MACHINE_INSTRUCTIONS] < 400 * 300);
}

static void sleeping_takes_virtual_time(void **state)
{
	struct totals totals = contend("sleep", 2, 20);

	(void)state;
	/* 20 x 1 ms of one of two threads. */
	assert_in_range(totals.wall_ns - totals.cpu_ns, 20000000, 20500000);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(false_sharing_is_all_false),
		cmocka_unit_test(padding_ends_false_sharing),
		cmocka_unit_test(adjacent_counters_in_the_heap_share_falsely),
		cmocka_unit_test(an_atomic_counter_is_truly_shared),
		cmocka_unit_test(rare_sharing_is_rare),
		cmocka_unit_test(twelve_threads_share_like_four),
		cmocka_unit_test(unsynchronised_sharing_repeats_within_two_percent),
		cmocka_unit_test(a_mutex_moves_its_line_the_same_in_each_run),
		cmocka_unit_test(a_spin_lock_makes_threads_wait),
		cmocka_unit_test(one_lock_for_all_makes_threads_wait),
		cmocka_unit_test(a_slow_thread_keeps_the_others_at_the_barrier),
		cmocka_unit_test(consumers_wait_for_a_slow_producer),
		cmocka_unit_test(a_token_lets_one_thread_work),
		cmocka_unit_test(a_queue_with_spinning_ends_shares_falsely),
		cmocka_unit_test(spinning_threads_pass_a_flag_quickly),
		cmocka_unit_test(sleeping_takes_virtual_time),
	};

	if (!simulate_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
