/* SPDX-License-Identifier: MIT */
/*
 * Many threads.
 *
 *	many alive COUNT	all alive at once, meeting at two barriers
 *	many churn COUNT	one after the other, eight at a time
 *
 * The region is each thread's call of work(). Exit status 0: the sum is right; 3: no more threads.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT_A_TIME 8

static pthread_barrier_t barrier;
static atomic_long sum;

__attribute__((noinline)) void work(long number);
void work(long number)
{
	for (volatile int i = 0; i < 100; i++)
		;
	atomic_fetch_add(&sum, number);
}

static void *meet(void *argument)
{
	pthread_barrier_wait(&barrier);
	work((long)argument);
	pthread_barrier_wait(&barrier);
	return NULL;
}

static void *once(void *argument)
{
	work((long)argument);
	return NULL;
}

static int alive(long count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	pthread_attr_t attributes;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	pthread_barrier_init(&barrier, NULL, (unsigned)count);
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], &attributes, meet, (void *)i)) {
			fprintf(stderr, "thread %ld cannot be made\n", i);
			exit(3);
		}
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
	return sum != count * (count - 1) / 2;
}

static int churn(long count)
{
	pthread_t threads[AT_A_TIME];

	for (long i = 0; i < count; i++) {
		if (i >= AT_A_TIME)
			pthread_join(threads[i % AT_A_TIME], NULL);
		if (pthread_create(&threads[i % AT_A_TIME], NULL, once, (void *)i))
			exit(3);
	}
	for (long i = 0; i < AT_A_TIME; i++)
		pthread_join(threads[i], NULL);
	return sum != count * (count - 1) / 2;
}

int main(int argc, char **argv)
{
	if (argc != 3 || atol(argv[2]) < AT_A_TIME)
		return 2;
	return strcmp(argv[1], "alive") ? churn(atol(argv[2])) : alive(atol(argv[2]));
}
