/* SPDX-License-Identifier: MIT */
/*
 * A program that is nearly all short regions, for overhead.py: TIMES executions of a region of
 * STEPS steps of arithmetic that depend on each other.
 *
 * usage: short_region TIMES STEPS
 *	  short_region --steps NANOSECONDS    prints how many steps take so long here
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "perfpoint.h"

#define CALIBRATION_STEPS 1000000u
#define CALIBRATION_TURNS 20

static __attribute__((noinline)) uint64_t work(uint64_t value, unsigned long steps)
{
	for (unsigned long i = 0; i < steps; i++)
		value = value * 6364136223846793005u + 1442695040888963407u;
	return value;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static int print_steps(unsigned long nanoseconds)
{
	uint64_t best = UINT64_MAX;
	volatile uint64_t sink = 1;

	for (int turn = 0; turn < CALIBRATION_TURNS; turn++) {
		uint64_t start = now_ns(), took;

		sink = work(sink, CALIBRATION_STEPS);
		took = now_ns() - start;
		best = took < best ? took : best;
	}
	printf("%lu\n", (unsigned long)((uint64_t)nanoseconds * CALIBRATION_STEPS /
					(best ? best : 1)));
	return 0;
}

int main(int argc, char **argv)
{
	volatile uint64_t sink = 1;
	unsigned long times, steps;

	if (argc != 3) {
		fprintf(stderr, "usage: %s TIMES STEPS | --steps NANOSECONDS\n",
			argv[0]);
		return 2;
	}
	if (!strcmp(argv[1], "--steps"))
		return print_steps(strtoul(argv[2], NULL, 10));
	times = strtoul(argv[1], NULL, 10);
	steps = strtoul(argv[2], NULL, 10);
	for (unsigned long i = 0; i < times; i++) {
		PERFPOINT_SCOPE("short");
		sink = work(sink, steps);
	}
	return 0;
}
