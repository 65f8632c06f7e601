/* SPDX-License-Identifier: MIT */
/*
 * One thread works, the others wait for it, again and again, each time by the means that the
 * argument names. So what the waiters have waited is known: as long as the worker has worked.
 *
 *	waiting MODE WAITERS ROUNDS
 *
 * The regions are the calls of working() and waiting(). Exit status 0: nobody went on before the
 * work was done.
 */
#include "waiting.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORK 20000 /* turns of a loop */

struct job job;
struct round rounds[ROUNDS_MAX];
pthread_t waiters[WAITERS_MAX];
static _Alignas(LINE) pthread_barrier_t start;
static _Alignas(LINE) struct {
	volatile int done[ROUNDS_MAX];
} works;
static _Alignas(LINE) atomic_int early;

void require(int condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "%s failed: %s\n", what, strerror(errno));
	abort();
}

struct timespec in_an_hour(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	time.tv_sec += 3600;
	return time;
}

__attribute__((noinline)) void working(int number);
void working(int number)
{
	for (volatile int i = 0; i < WORK; i++)
		;
	works.done[number] = 1;
	job.mode->release(&rounds[number]);
}

__attribute__((noinline)) void waiting(struct round *round);
void waiting(struct round *round)
{
	job.mode->wait(round);
	__asm__ volatile("");
}

static void *waiter(void *argument)
{
	pthread_barrier_wait(&start);
	for (int i = 0; i < job.rounds; i++) {
		waiting(&rounds[i]);
		if (!works.done[i])
			atomic_fetch_add(&early, 1);
	}
	return argument;
}

static void work_for_all(void)
{
	pthread_barrier_wait(&start);
	for (int i = 0; i < job.rounds; i++)
		working(i);
}

static const struct mode *find_mode(const char *name)
{
	static const struct mode *const tables[] = {lock_modes, kernel_modes};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct mode *mode = tables[i]; mode->name; mode++)
			if (!strcmp(mode->name, name))
				return mode;
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	job.mode = find_mode(argv[1]);
	job.waiters = atoi(argv[2]);
	job.rounds = atoi(argv[3]);
	if (!job.mode || job.waiters < 1 || job.waiters > WAITERS_MAX ||
	    job.rounds < 1 || job.rounds > ROUNDS_MAX)
		return 2;
	pthread_barrier_init(&start, NULL, (unsigned)job.waiters + 1);
	for (int i = 0; i < job.rounds; i++)
		if (job.mode->prepare)
			job.mode->prepare(&rounds[i]);
	for (int i = 0; i < job.waiters; i++)
		require(!pthread_create(&waiters[i], NULL, waiter, NULL),
			"pthread_create");
	work_for_all();
	for (int i = 0; i < job.waiters; i++)
		pthread_join(waiters[i], NULL);
	if (early)
		fprintf(stderr, "%d waits ended early\n", early);
	return early != 0;
}
