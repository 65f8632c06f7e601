/* SPDX-License-Identifier: MIT */
/*
 * Threads find duplicates with a table of marks, of which an execution uses few. Page faults: in
 * the bad variant the table's pages are given back to the kernel each time, to have it cleared; in
 * the good one the marks are compared with the number of the round, and nothing need be cleared.
 */
#include "common.h"
#include "perfpoint.h"

#include <sys/mman.h>

#define MARKS      65536u
#define MARK_BYTES (MARKS * sizeof(uint32_t))
#define ITEMS      100
#define WORK       60 /* steps per item */

static struct example example;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t hash(uint64_t item)
{
	for (int i = 0; i < WORK; i++)
		item = (item ^ item >> 29) * 0xbf58476d1ce4e5b9u;
	return item;
}

static uint64_t find_duplicates(uint32_t *marks, uint32_t round, uint64_t *state)
{
	PERFPOINT_SCOPE("find_duplicates");
	uint64_t duplicates = 0;

	for (int i = 0; i < ITEMS; i++) {
#ifdef HARMLESS
		uint32_t *mark = marks + (hash(example_random(state)) & (MARKS - 1));

		if (*mark == round)
			duplicates++;
		else
			*mark = round;
#else
		uint64_t item = hash(example_random(state)) % MARKS;

		duplicates += marks[item] == round;
		marks[item] = round;
#endif
	}
#ifdef BAD
	madvise(marks, MARK_BYTES, MADV_DONTNEED);
#endif
	return duplicates;
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;
	uint32_t *marks = mmap(NULL, MARK_BYTES, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (marks == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(marks, MARK_BYTES, MADV_NOHUGEPAGE);
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += find_duplicates(marks, (uint32_t)round + 1, &state);
	munmap(marks, MARK_BYTES);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 50);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("buffer_reuse (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
