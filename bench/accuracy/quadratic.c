/* SPDX-License-Identifier: MIT */
/*
 * Threads count how many different numbers there are in a batch. More instructions: in the bad
 * variant each number is searched among all that have been seen; in the good one a set of bits
 * knows them.
 */
#include "common.h"
#include "perfpoint.h"

#define BATCH   160
#define NUMBERS 512

static struct example example;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

#ifdef BAD
static unsigned count_batch(const uint16_t *batch)
{
	uint16_t seen[BATCH];
	unsigned count = 0;

	for (int i = 0; i < BATCH; i++) {
		unsigned k = 0;

		while (k < count && seen[k] != batch[i])
			k++;
		if (k == count)
			seen[count++] = batch[i];
	}
	return count;
}
#else
static unsigned count_batch(const uint16_t *batch)
{
	uint64_t seen[NUMBERS / 64] = {0};
	unsigned count = 0;

	for (int i = 0; i < BATCH; i++) {
		uint64_t bit = UINT64_C(1) << (batch[i] % 64);

		if (!(seen[batch[i] / 64] & bit))
			count++;
		seen[batch[i] / 64] |= bit;
	}
	return count;
}
#endif

static unsigned count_different(uint64_t *state)
{
	PERFPOINT_SCOPE("count_different");
	uint16_t batch[BATCH];
	unsigned count = 0;

	for (int k = 0; k < 4; k++) {
#ifdef HARMLESS
		for (uint16_t *number = batch; number < batch + BATCH; number++)
			*number = (uint16_t)(example_random(state) & (NUMBERS - 1));
#else
		for (int i = 0; i < BATCH; i++)
			batch[i] = (uint16_t)(example_random(state) % NUMBERS);
#endif
		count += count_batch(batch);
	}
	return count;
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += count_different(&state);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 100);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("quadratic (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
