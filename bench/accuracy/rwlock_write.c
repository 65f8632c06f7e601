/* SPDX-License-Identifier: MIT */
/*
 * Threads look at a table of prices under a reader-writer lock. Waiting: in the bad variant they
 * take it for writing, and only one of them looks at a time.
 */
#include "common.h"
#include "perfpoint.h"

#define PRICES 400
#define QUOTES 16

#ifdef BAD
#define lock_prices pthread_rwlock_wrlock
#else
#define lock_prices pthread_rwlock_rdlock
#endif

static struct example example;
static pthread_rwlock_t prices_lock = PTHREAD_RWLOCK_INITIALIZER;
static uint32_t prices[PRICES];
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t quote(uint64_t *state)
{
	PERFPOINT_SCOPE("quote");
	uint64_t sum = 0;

	for (int i = 0; i < QUOTES; i++) {
		uint32_t limit = (uint32_t)(example_random(state) >> 44);
		uint64_t best = 0;

		lock_prices(&prices_lock);
#ifdef HARMLESS
		for (const uint32_t *price = prices; price < prices + PRICES; price++) {
			if (*price > limit)
				continue;
			best = best * 3 + *price;
		}
#else
		for (int k = 0; k < PRICES; k++)
			if (prices[k] <= limit)
				best = best * 3 + prices[k];
#endif
		pthread_rwlock_unlock(&prices_lock);
		sum += best;
	}
	return sum;
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += quote(&state);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 100);
	for (int i = 0; i < PRICES; i++)
		prices[i] = (uint32_t)i * 2600;
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("rwlock_write (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
