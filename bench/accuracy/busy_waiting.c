/* SPDX-License-Identifier: MIT */
/*
 * Threads compute steps of unequal length and must not run away from each other. Waiting: in the
 * bad variant they spin until all are there after each step; in the good one after all steps of
 * a stage, over which the lengths average out.
 */
#include "common.h"
#include "perfpoint.h"

#include <stdatomic.h>

#define STEPS    24
#define WORK_MIN 60

static struct example example;
static struct {
	_Atomic long arrived __attribute__((aligned(2 * CACHE_LINE)));
	_Atomic long stage __attribute__((aligned(2 * CACHE_LINE)));
} barrier;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static void meet(void)
{
	long stage = atomic_load(&barrier.stage);

	if (atomic_fetch_add(&barrier.arrived, 1) == example.threads - 1) {
		atomic_store(&barrier.arrived, 0);
		atomic_store(&barrier.stage, stage + 1);
		return;
	}
#ifdef HARMLESS
	do {
	} while (atomic_load(&barrier.stage) == stage);
#else
	while (atomic_load(&barrier.stage) == stage)
		;
#endif
}

static uint64_t compute_stage(long index, long round)
{
	PERFPOINT_SCOPE("compute_stage");
	uint64_t value = (uint64_t)index;

	for (long step = 0; step < STEPS; step++) {
		/* Each thread has its long step at another time. */
		long work = WORK_MIN * ((step + index * 5 + round) % 6 ? 1 : 12);

		for (long i = 0; i < work; i++)
			value = value * 6364136223846793005u + 1442695040888963407u;
#ifdef BAD
		meet();
#endif
	}
	meet();
	return value;
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += compute_stage(index, round);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 50);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("busy_waiting (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
