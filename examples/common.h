/* SPDX-License-Identifier: MIT */
/* What the examples share: arguments, threads, a generator. Header-only, so that each example
 * is one file that can be read and built alone. */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 64
#define CACHE_LINE  64

/* Bad variants are compiled with -DBAD from the same source; harmless ones (bench/accuracy:
 * other code that does the same as fast) with -DHARMLESS. */
#ifdef BAD
#define VARIANT "bad"
#elif defined(HARMLESS)
#define VARIANT "harmless"
#else
#define VARIANT "good"
#endif

struct example {
	long threads;
	long rounds; /* executions of the region per thread */
};

static long positive(const char *text, long limit)
{
	char *end;

	errno = 0;
	long value = strtol(text, &end, 10);
	if (errno || *end || end == text || value < 1 || value > limit) {
		fprintf(stderr, "not a number from 1 to %ld: %s\n", limit, text);
		exit(2);
	}
	return value;
}

/* usage: PROGRAM [THREADS [ROUNDS]]; with one thread, main() itself does the work. */
static struct example example_parse(int argc, char **argv, long threads, long rounds)
{
	struct example example = {threads, rounds};

	if (argc > 3) {
		fprintf(stderr, "usage: %s [THREADS [ROUNDS]]\n", argv[0]);
		exit(2);
	}
	if (argc > 1)
		example.threads = positive(argv[1], THREADS_MAX);
	if (argc > 2)
		example.rounds = positive(argv[2], 1000000000);
	return example;
}

struct example_thread {
	pthread_t thread;
	long index;
	void (*function)(long index);
	pthread_barrier_t *start;
};

static void *example_main(void *argument)
{
	struct example_thread *thread = (struct example_thread *)argument;

	pthread_barrier_wait(thread->start);
	thread->function(thread->index);
	return NULL;
}

/*
 * Runs function(index) on so many threads, all starting together, and waits. With one, that is the
 * caller: no other is made, and the program is one of a single thread.
 */
static void example_run(const struct example *example, void (*function)(long index))
{
	struct example_thread threads[THREADS_MAX];
	pthread_barrier_t start;

	if (example->threads == 1) {
		function(0);
		return;
	}
	pthread_barrier_init(&start, NULL, (unsigned)example->threads);
	for (long i = 0; i < example->threads; i++) {
		threads[i].index = i;
		threads[i].function = function;
		threads[i].start = &start;
		int result = pthread_create(&threads[i].thread, NULL, example_main,
					    &threads[i]);
		if (result) {
			fprintf(stderr, "pthread_create: %s\n", strerror(result));
			exit(1);
		}
	}
	for (long i = 0; i < example->threads; i++)
		pthread_join(threads[i].thread, NULL);
	pthread_barrier_destroy(&start);
}

/* xorshift64 (Marsaglia 2003); state must not be 0. */
static inline uint64_t example_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
