/* SPDX-License-Identifier: MIT */
/*
 * Threads that call work() again and again, for tests of what happens when something runs out.
 *
 * usage: work ROUNDS STEPS [THREADS]
 *
 * Each step loads and stores one word of 8 MiB that all share. Less than 0 rounds: until killed.
 * Exit status 7, to tell it from everything that can go wrong.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_LOG2  20
#define THREADS_MAX 64

static volatile uint64_t memory[1 << WORDS_LOG2];
static long rounds, steps;

static __attribute__((noinline)) void work(void)
{
	uint64_t state = 1;

	for (long i = 0; i < steps; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		memory[state >> (64 - WORDS_LOG2)] += state;
	}
}

static void *repeat(void *argument)
{
	for (long i = 0; i != rounds; i++)
		work();
	return argument;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS_MAX];
	long count = argc > 3 ? strtol(argv[3], NULL, 10) : 1;

	if (argc < 3 || count < 1 || count > THREADS_MAX)
		return 2;
	rounds = strtol(argv[1], NULL, 10);
	steps = strtol(argv[2], NULL, 10);
	for (long i = 1; i < count; i++)
		if (pthread_create(&threads[i], NULL, repeat, NULL))
			return 3;
	repeat(NULL);
	for (long i = 1; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("done\n");
	return 7;
}
