/* SPDX-License-Identifier: MIT */
/*
 * Linear regression over points, one accumulator per thread. False sharing: in the bad variant
 * the accumulators of two threads lie on one cache line; the good one gives each a line of its
 * own. After linear_regression of the Phoenix suite (Ranger et al., HPCA 2007), whose bug this
 * was. The sums are volatile so that the compiler does not keep them in registers.
 */
#include "common.h"
#include "perfpoint.h"

#define POINTS 4000

struct sums {
	volatile int64_t n, x, y, xx, xy; /* 40 bytes */
#ifndef BAD
} __attribute__((
	aligned(2 * CACHE_LINE))); /* two: the adjacent-line prefetcher pairs them */
#else
};
#endif

static struct example example;
/* Begins a line in both variants: which sums share one does not depend on what lies before. */
static struct sums sums[THREADS_MAX] __attribute__((aligned(2 * CACHE_LINE)));
static struct {
	int32_t x, y;
} points[POINTS];

static void accumulate(struct sums *mine)
{
	PERFPOINT_SCOPE("accumulate");

	for (int i = 0; i < POINTS; i++) {
		int64_t x = points[i].x, y = points[i].y;

		mine->n++;
		mine->x += x;
		mine->y += y;
		mine->xx += x * x;
		mine->xy += x * y;
	}
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		accumulate(&sums[index]);
}

int main(int argc, char **argv)
{
	uint64_t state = 42;
	double n = 0, x = 0, y = 0, xx = 0, xy = 0;

	example = example_parse(argc, argv, 2, 5000);
	for (int i = 0; i < POINTS; i++) {
		points[i].x = (int32_t)(example_random(&state) % 1000);
		points[i].y = 3 * points[i].x + 7 +
			      (int32_t)(example_random(&state) % 11) - 5;
	}
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++) {
		n += (double)sums[i].n;
		x += (double)sums[i].x;
		y += (double)sums[i].y;
		xx += (double)sums[i].xx;
		xy += (double)sums[i].xy;
	}
	double slope = (n * xy - x * y) / (n * xx - x * x);
	printf("linear_regression (" VARIANT "): y = %.3f x + %.3f\n", slope,
	       (y - slope * x) / n);
	return 0;
}
