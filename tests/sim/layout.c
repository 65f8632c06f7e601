/* SPDX-License-Identifier: MIT */
/*
 * Threads with data of their own side by side, and bytes between it.
 *
 * usage: layout MODE PADDING SHIFT: so many bytes between what two threads have, and all of it
 * begins so many bytes behind the beginning of a cache line. The region is the function work().
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 3
#define ROUNDS  20000
#define PARTS   4 /* of one thread */
#define LINE    64
#define AREA    8192

/* What one thread does: adds to each part; a reader only sums them up. */
struct task {
	volatile uint64_t *parts[PARTS];
	int count;
	_Atomic uint64_t *shared;
	int reads;
};

static _Alignas(LINE) unsigned char area[AREA];
static struct task tasks[THREADS];
static pthread_barrier_t start;
static _Alignas(LINE) uint64_t sums[THREADS][LINE / sizeof(uint64_t)];

__attribute__((noinline)) static uint64_t work(const struct task *task)
{
	uint64_t sum = 0;

	for (int round = 0; round < ROUNDS; round++) {
		if (task->shared)
			atomic_fetch_add(task->shared, 1);
		for (int i = 0; i < task->count; i++) {
			if (task->reads)
				sum += *task->parts[i];
			else
				++*task->parts[i];
		}
	}
	return sum;
}

static void *run(void *argument)
{
	struct task copy = *(struct task *)argument;
	long index = (struct task *)argument - tasks;

	pthread_barrier_wait(&start);
	sums[index][0] = work(&copy);
	return NULL;
}

static void give(int thread, void *part)
{
	struct task *task = &tasks[thread];

	task->parts[task->count++] = part;
}

/* An array of structures of 24 bytes, one a thread. */
static void array(size_t padding, unsigned char *at)
{
	for (int thread = 0; thread < THREADS; thread++, at += padding)
		for (int field = 0; field < 3; field++, at += 8)
			give(thread, at);
}

/* The threads' fields by turns: each has several runs of bytes on a line. */
static void turns(size_t padding, unsigned char *at)
{
	for (int round = 0; round < 2; round++)
		for (int thread = 0; thread < THREADS; thread++, at += 8 + padding)
			give(thread, at);
}

/* One writes, the others read what nobody writes. */
static void readers(size_t padding, unsigned char *at)
{
	give(0, at);
	for (int thread = 1; thread < THREADS; thread++) {
		give(thread, at + 8 + padding);
		tasks[thread].reads = 1;
	}
}

/* The first thread of the program sets all up, and adds all up at the end. */
static void collected(size_t padding, unsigned char *at)
{
	memset(area, 1, sizeof(area));
	array(padding, at);
}

static void heap(size_t padding, unsigned char *at)
{
	(void)at;
	for (int thread = 0; thread < THREADS; thread++) {
		unsigned char *block = malloc(24 + padding);

		for (int field = 0; field < 3; field++)
			give(thread, block + 8 * field);
	}
}

/* All want the same bytes. */
static void helpless(size_t padding, unsigned char *at)
{
	(void)padding;
	for (int thread = 0; thread < THREADS; thread++)
		tasks[thread].shared = (_Atomic uint64_t *)(void *)at;
}

static const struct {
	const char *name;
	void (*lay)(size_t padding, unsigned char *at);
} modes[] = {{"array", array},         {"turns", turns}, {"readers", readers},
	     {"collected", collected}, {"heap", heap},   {"helpless", helpless}};

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	uint64_t sum = 0;

	for (size_t i = 0; argc == 4 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(argv[1], modes[i].name))
			modes[i].lay(strtoul(argv[2], NULL, 10),
				     area + strtoul(argv[3], NULL, 10));
	if (!tasks[0].count && !tasks[0].shared)
		return 2;
	pthread_barrier_init(&start, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, &tasks[i]))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < THREADS; i++)
		for (int k = 0; k < tasks[i].count; k++)
			sum += *tasks[i].parts[k];
	printf("%llu\n", (unsigned long long)sum);
	return 0;
}
