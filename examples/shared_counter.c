/* SPDX-License-Identifier: MIT */
/*
 * Threads count primes, a chunk of numbers at a time. True sharing: in the bad variant every
 * prime found is added to one atomic counter; in the good one each thread counts for itself
 * and adds once per chunk.
 */
#include "common.h"
#include "perfpoint.h"

#include <stdatomic.h>
#include <stdbool.h>

#define CHUNK   1024
#define NUMBERS 65536

static struct example example;
static bool composite[NUMBERS];
/* Has its lines for itself: what is shared here is shared truly. */
static struct {
	_Atomic uint64_t count __attribute__((aligned(2 * CACHE_LINE)));
} found;

static void count_chunk(unsigned first)
{
	PERFPOINT_SCOPE("count_chunk");
	uint64_t mine = 0;

	for (int pass = 0; pass < 16; pass++) {
		for (unsigned i = 0; i < CHUNK; i++) {
			if (composite[(first + i) % NUMBERS])
				continue;
#ifdef BAD
			atomic_fetch_add(&found.count, 1);
#else
			mine++;
#endif
		}
	}
	atomic_fetch_add(&found.count, mine);
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		count_chunk((unsigned)((round * example.threads + index) * CHUNK) %
			    NUMBERS);
}

int main(int argc, char **argv)
{
	example = example_parse(argc, argv, 2, 4000);
	composite[0] = composite[1] = true;
	for (unsigned i = 2; i * i < NUMBERS; i++)
		for (unsigned k = i * i; k < NUMBERS; k += i)
			composite[k] = true;
	example_run(&example, thread);
	printf("shared_counter (" VARIANT "): %llu primes seen\n",
	       (unsigned long long)atomic_load(&found.count));
	return 0;
}
