/* SPDX-License-Identifier: MIT */
/*
 * Threads read a large table at random places. TLB misses: in the good variant the table is on
 * huge pages; in the bad one it has lost them. The simulated machine has pages of one size: there
 * the two are the same program.
 */
#include "common.h"
#include "perfpoint.h"

#include <sys/mman.h>

#define HUGE_BYTES  ((size_t)2 << 20)
#define TABLE_BYTES (16 * HUGE_BYTES)
#define READS       2000

#ifdef BAD
#define ADVICE MADV_NOHUGEPAGE
#else
#define ADVICE MADV_HUGEPAGE
#endif

static struct example example;
static unsigned char *table;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t read_table(uint64_t *state)
{
	PERFPOINT_SCOPE("read_table");
	uint64_t sum = 0;

	for (int i = 0; i < READS; i++)
		sum += table[example_random(state) % TABLE_BYTES];
	return sum;
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += read_table(&state);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;
	unsigned char *mapped;

	example = example_parse(argc, argv, 2, 20);
	mapped = mmap(NULL, TABLE_BYTES + HUGE_BYTES, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mapped == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	table = (unsigned char *)(((uintptr_t)mapped + HUGE_BYTES - 1) &
				  ~(uintptr_t)(HUGE_BYTES - 1));
	madvise(table, TABLE_BYTES, ADVICE);
	for (size_t i = 0; i < TABLE_BYTES; i += 4096)
		table[i] = (unsigned char)(i >> 12);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("huge_pages (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
