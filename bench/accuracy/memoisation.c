/* SPDX-License-Identifier: MIT */
/*
 * Threads normalise measurements by the mean of their series. More instructions: in the bad
 * variant the mean is computed again for each group of them; in the good one it is kept.
 */
#include "common.h"
#include "perfpoint.h"

#define VALUES 1024
#define GROUP  256

static struct example example;
static double values[VALUES];
static double totals[THREADS_MAX][2 * CACHE_LINE / sizeof(double)];

static double mean(const double *series)
{
	double sum = 0;

	for (int i = 0; i < VALUES; i++)
		sum += series[i];
	return sum / VALUES;
}

/* As if in another file: where it is called, nothing tells that it returns the same again. */
static double (*volatile mean_of)(const double *series) = mean;

static double normalise(const double *series)
{
	PERFPOINT_SCOPE("normalise");
	double distance = 0;
#ifndef BAD
	double centre = mean_of(series);
#endif

#ifdef HARMLESS
	for (int i = 0; i < VALUES; i++) {
		double difference = series[i] - centre;

		distance += difference * difference;
	}
#else
	for (int group = 0; group < VALUES; group += GROUP) {
#ifdef BAD
		double centre = mean_of(series);
#endif
		for (int i = group; i < group + GROUP; i++)
			distance += (series[i] - centre) * (series[i] - centre);
	}
#endif
	return distance;
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += normalise(values);
}

int main(int argc, char **argv)
{
	uint64_t state = 5;
	double total = 0;

	example = example_parse(argc, argv, 2, 200);
	for (int i = 0; i < VALUES; i++)
		values[i] = (double)(example_random(&state) % 1000);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("memoisation (" VARIANT "): %g\n", total);
	return 0;
}
