/* SPDX-License-Identifier: MIT */
/*
 * Threads render the lines of a picture, frame by frame. Waiting: lines get costlier from top to
 * bottom, and in the bad variant each thread has a block of them, so that the others wait for
 * the last; in the good one threads take lines in turns.
 */
#include "common.h"
#include "perfpoint.h"

#define LINES 64
#define WORK  12 /* steps per line and its number */

static struct example example;
static pthread_barrier_t frame;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t render_line(long line)
{
	uint64_t value = (uint64_t)line;

	for (long i = 0; i < WORK * line; i++)
		value = value * 6364136223846793005u + 1442695040888963407u;
	return value;
}

static uint64_t render_frame(long index)
{
	PERFPOINT_SCOPE("render_frame");
	uint64_t sum = 0;

#ifdef BAD
	long share = LINES / example.threads;

	for (long line = index * share; line < (index + 1) * share; line++)
		sum += render_line(line);
#elif defined(HARMLESS)
	for (long group = 0; group < LINES; group += example.threads)
		sum += render_line(group + index);
#else
	for (long line = index; line < LINES; line += example.threads)
		sum += render_line(line);
#endif
	pthread_barrier_wait(&frame);
	return sum;
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += render_frame(index);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 50);
	pthread_barrier_init(&frame, NULL, (unsigned)example.threads);
	example_run(&example, thread);
	pthread_barrier_destroy(&frame);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("load_imbalance (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
