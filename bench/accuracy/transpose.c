/* SPDX-License-Identifier: MIT */
/*
 * Threads transpose matrices. Cache misses: the bad variant goes through the target down its
 * columns and comes back to a line when it is long gone; the good one works on tiles.
 */
#include "common.h"
#include "perfpoint.h"

#define SIZE 600
#define TILE 12

static struct example example;
static struct matrix {
	uint32_t at[SIZE][SIZE + 8]; /* no power of two: sets are not the matter here */
} * matrices;

static void transpose(const struct matrix *from, struct matrix *into)
{
	PERFPOINT_SCOPE("transpose");

#ifdef BAD
	for (int row = 0; row < SIZE; row++)
		for (int column = 0; column < SIZE; column++)
			into->at[column][row] = from->at[row][column];
#else
	for (int top = 0; top < SIZE; top += TILE)
		for (int left = 0; left < SIZE; left += TILE)
#ifdef HARMLESS
			for (int column = left; column < left + TILE; column++)
				for (int row = top; row < top + TILE; row++)
					into->at[column][row] = from->at[row][column];
#else
			for (int row = top; row < top + TILE; row++)
				for (int column = left; column < left + TILE; column++)
					into->at[column][row] = from->at[row][column];
#endif
#endif
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		transpose(&matrices[2 * index], &matrices[2 * index + 1]);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 10);
	matrices = calloc(2 * (size_t)example.threads, sizeof(*matrices));
	if (!matrices)
		return 1;
	for (long i = 0; i < example.threads; i++)
		for (int row = 0; row < SIZE; row++)
			for (int column = 0; column < SIZE; column++)
				matrices[2 * i].at[row][column] =
					(uint32_t)(row * SIZE + column);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += matrices[2 * i + 1].at[1][0];
	free(matrices);
	printf("transpose (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
