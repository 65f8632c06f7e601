/* SPDX-License-Identifier: MIT */
/*
 * usage: alone ROUNDS
 * Works alone, then with a second thread that has nothing to do, then alone for long.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define TABLE_WORDS (1u << 15)

static uint32_t table[TABLE_WORDS];

/* Hits and misses, branches that can and cannot be foreseen, accesses over the end of a line. */
__attribute__((noinline)) static uint32_t work(uint32_t rounds)
{
	uint32_t random = 1, sum = 0;

	for (uint32_t i = 0; i < rounds; i++) {
		char *bytes = (char *)table;
		uint32_t *cell;

		random = random * 1664525u + 1013904223u;
		cell = (uint32_t *)(void *)(bytes + (random >> 15));
		if (random & 1u << 20)
			*cell += i;
		else
			sum += *cell;
		if (i % 64 == 0)
			__atomic_fetch_add(&table[i % TABLE_WORDS], 1,
					   __ATOMIC_RELAXED);
	}
	return sum;
}

static void *nothing(void *argument)
{
	return argument;
}

int main(int argc, char **argv)
{
	uint32_t rounds = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000;
	uint32_t sum = work(rounds);
	pthread_t thread;

	if (pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
		return 1;
	for (int i = 0; i < 10; i++)
		sum += work(rounds);
	printf("%u\n", sum);
	return 0;
}
