/* SPDX-License-Identifier: MIT */
/*
 * Threads pick the large ones out of numbers. Branch mispredictions: in the bad variant the numbers
 * are in no order, so that nothing tells which way the branch goes, and too many to be known by
 * heart; in the good one they are sorted.
 */
#include "common.h"
#include "perfpoint.h"

#define NUMBERS 32000
#define LARGE   500

static struct example example;
static int numbers[NUMBERS];
static struct {
	int large[NUMBERS];
	uint64_t count;
} __attribute__((aligned(2 * CACHE_LINE))) picked[THREADS_MAX];

static uint64_t pick_large(int *large)
{
	PERFPOINT_SCOPE("pick_large");
	uint64_t count = 0;

#ifdef HARMLESS
	for (const int *number = numbers; number < numbers + NUMBERS; number++) {
		if (*number < LARGE)
			continue;
		large[count++] = *number;
	}
#else
	for (int i = 0; i < NUMBERS; i++)
		if (numbers[i] >= LARGE)
			large[count++] = numbers[i];
#endif
	return count;
}

static int compare(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		picked[index].count += pick_large(picked[index].large);
}

int main(int argc, char **argv)
{
	uint64_t state = 5, count = 0;

	example = example_parse(argc, argv, 2, 50);
	for (int i = 0; i < NUMBERS; i++)
		numbers[i] = (int)(example_random(&state) % 1000);
#ifdef BAD
	(void)compare;
#else
	qsort(numbers, NUMBERS, sizeof(numbers[0]), compare);
#endif
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		count += picked[i].count;
	printf("unsorted_branch (" VARIANT "): %llu\n", (unsigned long long)count);
	return 0;
}
