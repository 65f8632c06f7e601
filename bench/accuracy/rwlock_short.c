/* SPDX-License-Identifier: MIT */
/*
 * Threads read two settings under a reader-writer lock, for each packet. True sharing: nobody
 * waits for it, but in the bad variant all readers write to the one lock to be let in and out;
 * in the good one each reader has a lock, and a writer would take all of them.
 */
#include "common.h"
#include "perfpoint.h"

#define PACKETS 300
#define WORK    60 /* steps per packet */

static struct example example;
#ifdef BAD
#define LOCKS 1
#else
#define LOCKS THREADS_MAX
#endif
static struct {
	pthread_rwlock_t lock;
} __attribute__((aligned(2 * CACHE_LINE))) readers[LOCKS];
static struct {
	uint64_t key, rounds;
} settings __attribute__((aligned(2 * CACHE_LINE)));
static uint64_t totals[THREADS_MAX][2 * CACHE_LINE / sizeof(uint64_t)];

static uint64_t forward_packets(long index, uint64_t packet)
{
	PERFPOINT_SCOPE("forward_packets");

	for (int i = 0; i < PACKETS; i++) {
		pthread_rwlock_t *lock = &readers[index % LOCKS].lock;

		pthread_rwlock_rdlock(lock);
		uint64_t key = settings.key, rounds = settings.rounds;
		pthread_rwlock_unlock(lock);
		for (uint64_t k = 0; k < rounds; k++)
#ifdef HARMLESS
			packet = 6364136223846793005u * (key + packet);
#else
			packet = (packet + key) * 6364136223846793005u;
#endif
	}
	return packet;
}

static void thread(long index)
{
	uint64_t packet = (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		packet = forward_packets(index, packet);
	totals[index][0] = packet;
}

int main(int argc, char **argv)
{
	uint64_t total = 0;

	example = example_parse(argc, argv, 2, 100);
	settings.key = 42;
	settings.rounds = WORK;
	for (int i = 0; i < LOCKS; i++)
		pthread_rwlock_init(&readers[i].lock, NULL);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		total += totals[i][0];
	printf("rwlock_short (" VARIANT "): %llu\n", (unsigned long long)total);
	return 0;
}
