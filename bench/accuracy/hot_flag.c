/* SPDX-License-Identifier: MIT */
/*
 * Threads look at a flag for each item that they filter; one thread counts events. False
 * sharing: in the bad variant the flag, which is hardly ever written, lies beside the counter,
 * which is written all the time.
 */
#include "common.h"
#include "perfpoint.h"

#include <stdatomic.h>

#define ITEMS 1000
#define WORK  4 /* steps per item */

static struct {
	_Atomic int strict; /* read-mostly */
#ifndef BAD
	char padding[2 * CACHE_LINE - sizeof(_Atomic int)];
#endif
	_Atomic uint64_t events;
} server __attribute__((aligned(2 * CACHE_LINE)));

static struct example example;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t work(uint64_t value)
{
	for (int i = 0; i < WORK; i++)
		value = value * 6364136223846793005u + 1442695040888963407u;
	return value;
}

static uint64_t filter_items(uint64_t value)
{
	PERFPOINT_SCOPE("filter_items");

	for (int i = 0; i < ITEMS; i++) {
#ifdef HARMLESS
		uint64_t mask = -(uint64_t) !!atomic_load_explicit(
			&server.strict, memory_order_relaxed);

		value = work(value) ^ (mask & 1);
#else
		value = work(value);
		if (atomic_load_explicit(&server.strict, memory_order_relaxed))
			value ^= 1;
#endif
	}
	return value;
}

static uint64_t count_events(uint64_t value)
{
	PERFPOINT_SCOPE("count_events");

	for (int i = 0; i < ITEMS; i++) {
		value = work(value);
		atomic_store_explicit(
			&server.events,
			atomic_load_explicit(&server.events, memory_order_relaxed) + 1,
			memory_order_relaxed);
	}
	return value;
}

static void thread(long index)
{
	uint64_t value = (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		value = index ? filter_items(value) : count_events(value);
	totals[index][0] = value;
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 100);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("hot_flag (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
