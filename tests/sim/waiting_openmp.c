/* SPDX-License-Identifier: MIT */
/*
 * As waiting.c, by OpenMP: thread 0 works, the others wait for it.
 *
 *	waiting-openmp MODE WAITERS ROUNDS
 */
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORK 20000 /* turns of a loop */

static int waiters, rounds;
static long early, sum;
static volatile int done[64 * 256];

__attribute__((noinline)) void working(void);
void working(void)
{
	for (volatile int i = 0; i < WORK; i++)
		;
}

__attribute__((noinline)) void waiting(void (*wait)(int), int round);
void waiting(void (*wait)(int), int round)
{
	wait(round);
	__asm__ volatile("");
}

static void at_barrier(int round)
{
	(void)round;
#pragma omp barrier
}

static void barriers(void)
{
#pragma omp parallel num_threads(waiters + 1) reduction(+ : early)
	{
#pragma omp barrier
		for (int i = 0; i < rounds; i++)
			if (omp_get_thread_num() == 0) {
				working();
				done[64 * i] = 1;
				at_barrier(i);
			} else {
				waiting(at_barrier, i);
				early += !done[64 * i];
			}
	}
}

static omp_lock_t locks[256];

static void take_lock(int round)
{
	omp_set_lock(&locks[round]);
	omp_unset_lock(&locks[round]);
}

static void take_locks(void)
{
	for (int i = 0; i < rounds; i++) {
		omp_init_lock(&locks[i]);
		omp_set_lock(&locks[i]);
	}
#pragma omp parallel num_threads(waiters + 1) reduction(+ : early)
	{
#pragma omp barrier
		for (int i = 0; i < rounds; i++)
			if (omp_get_thread_num() == 0) {
				working();
				done[64 * i] = 1;
				omp_unset_lock(&locks[i]);
			} else {
				waiting(take_lock, i);
				early += !done[64 * i];
			}
	}
}

/* One of the iterations is the long one; the threads meet at the end of the loop. */
static void one_loop(int round)
{
	(void)round;
#pragma omp for schedule(static, 1) reduction(+ : sum)
	for (int i = 0; i < omp_get_num_threads(); i++) {
		if (i == 0)
			working();
		sum += i;
	}
}

static void loops(void)
{
#pragma omp parallel num_threads(waiters + 1)
	{
#pragma omp barrier
		for (int i = 0; i < rounds; i++)
			if (omp_get_thread_num() == 0)
				one_loop(i);
			else
				waiting(one_loop, i);
	}
	early = sum != (long)rounds * waiters * (waiters + 1) / 2;
}

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {{"barrier", barriers}, {"lock", take_locks}, {"loop", loops}};

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	waiters = atoi(argv[2]);
	rounds = atoi(argv[3]);
	if (waiters < 1 || rounds < 1 || rounds > 256)
		return 2;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, argv[1])) {
			modes[i].run();
			return early != 0;
		}
	return 2;
}
