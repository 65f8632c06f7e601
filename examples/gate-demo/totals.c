/* SPDX-License-Identifier: MIT */
/* Adds numbers up with two threads, each into a total of its own. */
#include <pthread.h>
#include <stdio.h>

#include "perfpoint.h"

#define CACHE_LINE 128 /* two: the adjacent-line prefetcher pairs them */
#define THREADS    2
#define NUMBERS    2000
#define ROUNDS     60

struct total {
	volatile long sum, squares;
} __attribute__((aligned(CACHE_LINE)));

static struct total totals[THREADS] __attribute__((aligned(2 * CACHE_LINE)));
static int numbers[NUMBERS];

static void add_up(struct total *total)
{
	PERFPOINT_SCOPE("add_up");

	for (int i = 0; i < NUMBERS; i++) {
		total->sum += numbers[i];
		total->squares += (long)numbers[i] * numbers[i];
	}
}

static void *work(void *total)
{
	for (int round = 0; round < ROUNDS; round++)
		add_up(total);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	long sum = 0;

	for (int i = 0; i < NUMBERS; i++)
		numbers[i] = i % 97;
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, &totals[i]))
			return 1;
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		sum += totals[i].sum;
	}
	printf("%ld\n", sum);
	return 0;
}
