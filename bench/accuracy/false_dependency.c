/* SPDX-License-Identifier: MIT */
/*
 * Threads filter a signal from one buffer into another. A false dependency: in the bad variant
 * the buffers' addresses differ by a multiple of 4 KiB less one store, and processors that
 * compare 12 bits of addresses take a load for one of what was just stored. The simulated machine
 * has no pipeline: there the two are the same program.
 */
#include "common.h"
#include "perfpoint.h"

#define SAMPLES 1536
#ifdef BAD
#define OFFSET \
	2 /* numbers; a load is of what was stored one step earlier, by its low bits */
#else
#define OFFSET 256
#endif

static struct example example;
static struct signal {
	int64_t from[4096 / sizeof(int64_t) * 4];
	int64_t into[4096 / sizeof(int64_t) * 4];
} * signals;

static void filter(const int64_t *from, int64_t *into)
{
	PERFPOINT_SCOPE("filter");

	for (int pass = 0; pass < 8; pass++)
#ifdef HARMLESS
		for (const int64_t *end = from + SAMPLES, *at = from; at < end; at++)
			into[at - from] = at[0] * 3 + at[1];
#else
		for (int i = 0; i < SAMPLES; i++)
			into[i] = from[i] * 3 + from[i + 1];
#endif
}

static void thread(long index)
{
	struct signal *signal = &signals[index];

	for (long round = 0; round < example.rounds; round++)
		filter(signal->from, signal->into + OFFSET);
}

int main(int argc, char **argv)
{
	int64_t total = 0;

	example = example_parse(argc, argv, 2, 50);
	signals = aligned_alloc(4096, (size_t)example.threads * sizeof(*signals));
	if (!signals)
		return 1;
	memset(signals, 1, (size_t)example.threads * sizeof(*signals));
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += signals[i].into[OFFSET];
	free(signals);
	printf("false_dependency (" VARIANT "): %lld\n", (long long)total);
	return 0;
}
