/* SPDX-License-Identifier: MIT */
/*
 * Whatever threads wait with: they wait, in virtual time, as long as the one that they wait for
 * works. See waiting.c, waiting_standard.cpp and waiting_openmp.c for the ways.
 */
#include "simulate.h"

#include <stdio.h>

/* How the waiting shows. */
enum showing {
	BLOCKED, /* as blocked time, nearly all of it */
	PARTLY,  /* a part as blocked time: at first the thread tries by itself */
	BUSY,    /* the thread has something to do in each turn of its loop */
};

struct way {
	const char *program;
	const char *mode;
	int waiters;
	enum showing showing;
};

#define ROUNDS 10

static struct simulation *run(const struct way *way)
{
	char waiters[16], text[16];
	const struct plan plan = {
		.options = {"--region-function=working", "--region-function=waiting"},
		.command = {find_program(way->program), way->mode, waiters, text},
	};

	if (!plan.command[0])
		skip();
	snprintf(waiters, sizeof(waiters), "%d", way->waiters);
	snprintf(text, sizeof(text), "%d", ROUNDS);
	return simulate(&plan);
}

static uint64_t percent(uint64_t part, uint64_t whole)
{
	assert_true(whole > 0);
	return (part * 100 + whole / 2) / whole;
}

static void waits_as_long_as_the_other_works(void **state)
{
	const struct way *way = *state;
	struct simulation *simulation = run(way);
	struct totals working, waiting;
	uint64_t expected;

	assert_exited(simulation, 0);
	working = add_up(simulation, "working");
	waiting = add_up(simulation, "waiting");
	assert_int_equal(working.executions, ROUNDS);
	assert_int_equal(waiting.executions, ROUNDS * way->waiters);
	expected = working.wall_ns * (uint64_t)way->waiters;
	/* A store may be seen a window earlier than it is made: a sixth of a round. */
	assert_in_range(percent(waiting.wall_ns, expected), 82, 112);
	expected = working.counters[MACHINE_CYCLES] * (uint64_t)way->waiters;
	if (way->showing == BLOCKED)
		assert_in_range(percent(waiting.counters[MACHINE_BLOCKED], expected),
				80, 110);
	if (way->showing == PARTLY)
		assert_true(waiting.counters[MACHINE_BLOCKED] > 0);
	if (way->showing == BUSY)
		assert_in_range(percent(waiting.counters[MACHINE_CYCLES], expected), 80,
				110);
	finish(simulation);
}

#define WAY(file, name, count, how)                                          \
	{                                                                    \
		file " " name, waits_as_long_as_the_other_works, NULL, NULL, \
			&(struct way)                                        \
		{                                                            \
			file, name, count, how                               \
		}                                                            \
	}
#define POSIX(name)    WAY("waiting", name, 3, BLOCKED)
#define ONE(name)      WAY("waiting", name, 1, BLOCKED)
#define STANDARD(name) WAY("waiting-standard", name, 3, BLOCKED)
#define OPENMP(name)   WAY("waiting-openmp", name, 3, BLOCKED)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		POSIX("mutex"),
		POSIX("errorcheck"),
		POSIX("adaptive"),
		POSIX("recursive"),
		POSIX("timedlock"),
		WAY("waiting", "trylock", 3, PARTLY),
		POSIX("mtx"),
		POSIX("read"),
		POSIX("write"),
		POSIX("spinlock"),
		POSIX("test-and-set"),
		POSIX("test-test-and-set"),
		WAY("waiting", "backoff", 3, BUSY),
		POSIX("yield"),
		POSIX("ticket"),
		POSIX("queued"),
		POSIX("flag"),
		WAY("waiting", "counted-flag", 3, BUSY),
		POSIX("flag-yield"),
		POSIX("flag-sleep"),
		POSIX("futex"),
		POSIX("futex-bitset"),
		POSIX("futex-requeue"),
		POSIX("futex-cmp-requeue"),
		POSIX("futex-wake-op"),
		POSIX("broadcast"),
		POSIX("signal"),
		POSIX("timedwait"),
		POSIX("cnd"),
		POSIX("barrier"),
		POSIX("semaphore"),
		POSIX("timed-semaphore"),
		POSIX("named-semaphore"),
		ONE("join"),
		ONE("thrd-join"),
		ONE("cancel"),
		POSIX("detached"),
		POSIX("sigwait"),
		POSIX("pipe"),
		POSIX("sockets"),
		POSIX("eventfd"),
		POSIX("poll"),
		POSIX("select"),
		POSIX("epoll"),
		STANDARD("mutex"),
		STANDARD("timed-mutex"),
		STANDARD("recursive-mutex"),
		STANDARD("shared-mutex"),
		STANDARD("condition"),
		STANDARD("condition-for"),
		STANDARD("future"),
		STANDARD("latch"),
		STANDARD("semaphore"),
		STANDARD("atomic-wait"),
		STANDARD("atomic-flag"),
		WAY("waiting-standard", "join", 1, BLOCKED),
		OPENMP("barrier"),
		OPENMP("lock"),
		OPENMP("loop"),
	};

	if (!simulate_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
