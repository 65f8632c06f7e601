/* SPDX-License-Identifier: MIT */
/*
 * Threads fill and sum a buffer, over and over. Page faults: the bad variant maps the buffer
 * anew each time, so that the kernel must hand out and clear every page again; the good one
 * keeps it.
 */
#include "common.h"
#include "perfpoint.h"

#include <sys/mman.h>

#define BUFFER_BYTES ((size_t)256 << 10)

static struct example example;
static uint64_t totals[THREADS_MAX][CACHE_LINE / sizeof(uint64_t)];

static unsigned char *map_buffer(void)
{
	unsigned char *buffer = mmap(NULL, BUFFER_BYTES, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (buffer == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(buffer, BUFFER_BYTES, MADV_NOHUGEPAGE);
	return buffer;
}

static uint64_t fill_and_sum(unsigned char **kept, long round)
{
	PERFPOINT_SCOPE("fill_and_sum");
	uint64_t sum = 0;

#ifdef BAD
	unsigned char *buffer = map_buffer();
	(void)kept;
#else
	unsigned char *buffer = *kept ? *kept : (*kept = map_buffer());
#endif
	for (size_t i = 0; i < BUFFER_BYTES; i++)
		buffer[i] = (unsigned char)(i * (size_t)(round + 1) >> 3);
	for (size_t i = 0; i < BUFFER_BYTES; i++)
		sum += buffer[i];
#ifdef BAD
	munmap(buffer, BUFFER_BYTES);
#endif
	return sum;
}

static void thread(long index)
{
	unsigned char *kept = NULL;

	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += fill_and_sum(&kept, round);
	if (kept)
		munmap(kept, BUFFER_BYTES);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 500);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("fresh_buffer (" VARIANT "): sum %llu\n", (unsigned long long)total);
	return 0;
}
