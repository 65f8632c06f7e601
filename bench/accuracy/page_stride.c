/* SPDX-License-Identifier: MIT */
/*
 * Threads add up columns of a table whose rows are 4 KiB. Cache misses: in the bad variant rows
 * begin 4 KiB apart, so that a column lies in one set of the first-level cache and does not fit;
 * in the good one rows have a line of padding.
 */
#include "common.h"
#include "perfpoint.h"

#define ROWS    48
#define COLUMNS 512
#define SHOWN   128 /* columns that are summed */

#ifdef BAD
#define PITCH COLUMNS
#else
#define PITCH (COLUMNS + CACHE_LINE / sizeof(uint64_t))
#endif

static struct example example;
static uint64_t table[ROWS][PITCH] __attribute__((aligned(4096)));
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t sum_column(int column)
{
	uint64_t sum = 0;

#ifdef HARMLESS
	const uint64_t *end = table[0] + ROWS * PITCH;

	for (const uint64_t *at = &table[0][column]; at < end; at += PITCH)
		sum += *at;
#else
	for (int row = 0; row < ROWS; row++)
		sum += table[row][column];
#endif
	return sum;
}

static uint64_t sum_columns(void)
{
	PERFPOINT_SCOPE("sum_columns");
	uint64_t largest = 0;

	for (int column = 0; column < SHOWN; column++) {
		uint64_t sum = sum_column(column);

		if (sum > largest)
			largest = sum;
	}
	return largest;
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += sum_columns();
}

int main(int argc, char **argv)
{
	uint64_t state = 5, total = 0;

	example = example_parse(argc, argv, 2, 100);
	for (int row = 0; row < ROWS; row++)
		for (int column = 0; column < COLUMNS; column++)
			table[row][column] = example_random(&state) >> 32;
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("page_stride (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
