/* SPDX-License-Identifier: MIT */
/*
 * Threads checksum records and count the bytes that are done. True sharing: in the bad variant
 * each record is added to one atomic counter; in the good one each batch of them.
 */
#include "common.h"
#include "perfpoint.h"

#include <stdatomic.h>

#define RECORDS      500
#define RECORD_BYTES 32

static struct example example;
static unsigned char record[RECORD_BYTES];
/* Has its lines for itself: what is shared here is shared truly. */
static struct {
	_Atomic uint64_t bytes __attribute__((aligned(2 * CACHE_LINE)));
} done;
static uint64_t sums[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t checksum_records(uint64_t sum)
{
	PERFPOINT_SCOPE("checksum_records");
#ifndef BAD
	uint64_t mine = 0;
#endif

	for (int i = 0; i < RECORDS; i++) {
		for (int k = 0; k < RECORD_BYTES; k++)
			sum = (sum ^ record[k]) * 1099511628211u; /* FNV-1a */
#ifdef BAD
		atomic_fetch_add(&done.bytes, RECORD_BYTES);
#elif defined(HARMLESS)
		mine++;
#else
		mine += RECORD_BYTES;
#endif
	}
#ifdef HARMLESS
	mine *= RECORD_BYTES;
#endif
#ifndef BAD
	atomic_fetch_add(&done.bytes, mine);
#endif
	return sum;
}

static void thread(long index)
{
	uint64_t sum = 14695981039346656037u;

	for (long round = 0; round < example.rounds; round++)
		sum = checksum_records(sum);
	sums[index][0] = sum;
}

int main(int argc, char **argv)
{
	example = example_parse(argc, argv, 2, 100);
	for (int i = 0; i < RECORD_BYTES; i++)
		record[i] = (unsigned char)(i * 7);
	example_run(&example, thread);
	printf("global_counter (" VARIANT "): %llu bytes, %llx\n",
	       (unsigned long long)atomic_load(&done.bytes),
	       (unsigned long long)sums[0][0]);
	return 0;
}
