/* SPDX-License-Identifier: MIT */
/*
 * Each thread sums a part of a large buffer, every line of it once. Remote memory: in the bad
 * variant main() has touched all pages first, so that they are on its node; in the good one each
 * thread touches its own.
 */
#include "common.h"
#include "perfpoint.h"

#include <sys/mman.h>

#define CHUNK_BYTES ((size_t)128 << 10)
#define PAGE_BYTES  4096

static struct example example;
static unsigned char *buffer;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static size_t part_bytes(void)
{
	return (size_t)example.rounds * CHUNK_BYTES;
}

static void touch(unsigned char *part)
{
	for (size_t i = 0; i < part_bytes(); i += PAGE_BYTES)
		part[i] = 1;
}

static uint64_t sum_chunk(const unsigned char *chunk)
{
	PERFPOINT_SCOPE("sum_chunk");
	uint64_t sum = 0;

#ifdef HARMLESS
	const unsigned char *end = chunk + CHUNK_BYTES;

	while (chunk < end) {
		sum += *(const uint64_t *)chunk;
		chunk += CACHE_LINE;
	}
#else
	for (size_t i = 0; i < CHUNK_BYTES; i += CACHE_LINE)
		sum += *(const uint64_t *)(chunk + i);
#endif
	return sum;
}

static void thread(long index)
{
	unsigned char *part = buffer + (size_t)index * part_bytes();

#ifndef BAD
	touch(part);
#endif
	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += sum_chunk(part + (size_t)round * CHUNK_BYTES);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 32);
	buffer = mmap(NULL, (size_t)example.threads * part_bytes(),
		      PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (buffer == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
#ifdef BAD
	for (long i = 0; i < example.threads; i++)
		touch(buffer + (size_t)i * part_bytes());
#endif
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("numa_first_touch (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
