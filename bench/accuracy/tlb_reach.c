/* SPDX-License-Identifier: MIT */
/*
 * Threads visit small objects. TLB misses: in the bad variant each object has a page of its own,
 * as from an allocator that rounds up to pages, and there are more pages than the TLBs know; in
 * the good one they lie side by side. Both touch as many cache lines.
 */
#include "common.h"
#include "perfpoint.h"

#include <sys/mman.h>

#define OBJECTS    2000
#define PAGE_BYTES 4096

static struct example example;
static unsigned char *memory;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

/* In the bad variant anywhere in its page: pages are short, not the sets of a cache. Where a page
 * begins has to do with the set, too; 16 pages are as far as a second-level cache sees. */
static uint64_t *object(unsigned i)
{
#ifdef BAD
	unsigned lines = PAGE_BYTES / CACHE_LINE;

	return (uint64_t *)(memory + (size_t)i * PAGE_BYTES +
			    (size_t)(i / 16 % lines) * CACHE_LINE);
#else
	return (uint64_t *)(memory + (size_t)i * CACHE_LINE);
#endif
}

static uint64_t visit(void)
{
	PERFPOINT_SCOPE("visit");
	uint64_t sum = 0;

#ifdef HARMLESS
	for (unsigned i = OBJECTS; i-- > 0;)
		sum += *object(i);
#else
	for (unsigned i = 0; i < OBJECTS; i++)
		sum += *object(i);
#endif
	return sum;
}

static void thread(long index)
{
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += visit();
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 50);
	memory = mmap(NULL, (size_t)OBJECTS * PAGE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	madvise(memory, (size_t)OBJECTS * PAGE_BYTES, MADV_NOHUGEPAGE);
	for (unsigned i = 0; i < OBJECTS; i++)
		*object(i) = i;
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("tlb_reach (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
