/* SPDX-License-Identifier: MIT */
/*
 * Threads read a file and checksum it. System calls: in the bad variant one for each record of
 * 64 bytes; in the good one for 8 KiB. On the simulated machine each costs the same.
 */
#include "common.h"
#include "perfpoint.h"

#include <fcntl.h>
#include <unistd.h>

#define BLOCK_BYTES 8192
#ifdef BAD
#define READ_BYTES 64
#else
#define READ_BYTES BLOCK_BYTES
#endif

static struct example example;
static int file;
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t checksum_block(unsigned char *block)
{
	PERFPOINT_SCOPE("checksum_block");
	uint64_t sum = 0;

	for (long at = 0; at < BLOCK_BYTES; at += READ_BYTES)
		if (pread(file, block + at, READ_BYTES, at) != READ_BYTES)
			exit(1);
	for (int i = 0; i < BLOCK_BYTES; i++)
#ifdef HARMLESS
		sum = block[i] + 31 * sum;
#else
		sum = sum * 31 + block[i];
#endif
	return sum;
}

static void thread(long index)
{
	unsigned char block[BLOCK_BYTES];

	for (long round = 0; round < example.rounds; round++)
		totals[index][0] += checksum_block(block);
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 50);
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC); /* any file will do */
	if (file < 0) {
		perror("/proc/self/exe");
		return 1;
	}
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("system_calls (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
