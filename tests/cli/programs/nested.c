/* SPDX-License-Identifier: MIT */
/*
 * Regions inside regions on several threads: each of three threads executes "outer" 20 times,
 * in it "middle" 3 times, in that "inner;odd" 40 times, which are shorter than their markers;
 * and "tail" after the last "middle". "spin" between two "outer" lies in none. What a region does
 * itself is enough for its time to be above 0 whatever is subtracted for the markers inside.
 *
 * What was recorded is 3 x (20 x (1 + 3 x (1 + 40) + 1) + 20) samples in a run.
 */
#include <pthread.h>
#include <stdlib.h>

#include "perfpoint.h"

enum { THREADS = 3, OUTER = 20, MIDDLE = 3, INNER = 40 };

static void work(unsigned rounds)
{
	static __thread volatile unsigned sum;

	for (unsigned i = 0; i < rounds; i++)
		sum = sum + i;
}

static void middle(void)
{
	PERFPOINT_SCOPE("middle");
	work(3000);
	for (int i = 0; i < INNER; i++) {
		PERFPOINT_SCOPE("inner;odd");
		work(30);
	}
}

static void outer(void)
{
	PERFPOINT_SCOPE("outer");
	work(20000);
	for (int i = 0; i < MIDDLE; i++)
		middle();
	PERFPOINT_SCOPE("tail");
	work(1000);
}

static void *thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < OUTER; i++) {
		outer();
		PERFPOINT_SCOPE("spin");
		work(500);
	}
	return NULL;
}

int main(void)
{
	pthread_t ids[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&ids[i], NULL, thread, NULL))
			abort();
	for (int i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
