/* SPDX-License-Identifier: MIT */
/*
 * Threads sum matrices. Cache misses: in the bad variant the inner loop goes down the columns,
 * and fetches a line for each number.
 */
#include "common.h"
#include "perfpoint.h"

#define ROWS    1000
#define COLUMNS 72 /* rows of nine lines: a column is in all sets of a cache */

static struct example example;
static struct matrix {
	double at[ROWS][COLUMNS];
} * matrices;
static double totals[THREADS_MAX][2 * CACHE_LINE / sizeof(double)];

static double sum_matrix(const struct matrix *matrix)
{
	PERFPOINT_SCOPE("sum_matrix");
	double sum = 0;

#ifdef BAD
	for (int column = 0; column < COLUMNS; column++)
		for (int row = 0; row < ROWS; row++)
			sum += matrix->at[row][column];
#elif defined(HARMLESS)
	for (const double(*row)[COLUMNS] = matrix->at; row < matrix->at + ROWS; row++)
		for (int left = COLUMNS; left > 0; left--)
			sum += (*row)[COLUMNS - left];
#else
	for (int row = 0; row < ROWS; row++)
		for (int column = 0; column < COLUMNS; column++)
			sum += matrix->at[row][column];
#endif
	return sum;
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += sum_matrix(&matrices[index]);
}

int main(int argc, char **argv)
{
	double total = 0;

	example = example_parse(argc, argv, 2, 20);
	matrices = malloc((size_t)example.threads * sizeof(*matrices));
	if (!matrices)
		return 1;
	for (long i = 0; i < example.threads; i++)
		for (int row = 0; row < ROWS; row++)
			for (int column = 0; column < COLUMNS; column++)
				matrices[i].at[row][column] = row + 0.5 * column;
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	free(matrices);
	printf("loop_order (" VARIANT "): %g\n", total);
	return 0;
}
