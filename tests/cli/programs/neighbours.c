/* SPDX-License-Identifier: MIT */
/*
 * Four threads with a line for each pair of them, for a few executions of a region: over in less
 * time than the first one takes to set up its recording, while the others wait for that.
 */
#include <pthread.h>

#include "perfpoint.h"

#define THREADS    4
#define ROUNDS     20
#define ITERATIONS 2000

static volatile long counts[THREADS][4] __attribute__((aligned(64)));
static pthread_barrier_t start;

static void count(volatile long *mine)
{
	PERFPOINT_SCOPE("count");

	for (int i = 0; i < ITERATIONS; i++) {
		mine[0]++;
		mine[1] += i;
	}
}

static void *thread(void *mine)
{
	pthread_barrier_wait(&start);
	for (int i = 0; i < ROUNDS; i++)
		count(mine);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, thread, (void *)counts[i]))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
