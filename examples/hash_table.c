/* SPDX-License-Identifier: MIT */
/*
 * Threads update a hash table. Waiting: in the bad variant one lock guards the whole table, and
 * threads sleep for it; in the good one each stripe of buckets has its own.
 */
#include "common.h"
#include "perfpoint.h"

#define BUCKETS 4096
#define BATCH   64
#define WORK    300 /* steps per update, under the lock */

#ifdef BAD
#define STRIPES 1
#else
#define STRIPES 256
#endif

struct bucket {
	uint64_t key, value;
};

static struct example example;
static struct bucket table[BUCKETS];
static struct stripe {
	pthread_mutex_t lock;
} __attribute__((aligned(CACHE_LINE))) stripes[STRIPES];

static void update(uint64_t key)
{
	unsigned index = (unsigned)(key % BUCKETS);
	struct stripe *stripe = &stripes[index % STRIPES];
	struct bucket *bucket = &table[index];

	pthread_mutex_lock(&stripe->lock);
	uint64_t value = bucket->value + key;
	for (int i = 0; i < WORK; i++) /* what the update computes */
		value = value * 6364136223846793005u + 1442695040888963407u;
	bucket->key = key;
	bucket->value = value;
	pthread_mutex_unlock(&stripe->lock);
}

static void update_batch(uint64_t *state)
{
	PERFPOINT_SCOPE("update_batch");

	for (int i = 0; i < BATCH; i++)
		update(example_random(state));
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		update_batch(&state);
}

int main(int argc, char **argv)
{
	uint64_t used = 0;

	example = example_parse(argc, argv, 4, 1500);
	for (int i = 0; i < STRIPES; i++)
		pthread_mutex_init(&stripes[i].lock, NULL);
	example_run(&example, thread);
	for (int i = 0; i < BUCKETS; i++)
		used += table[i].key != 0;
	printf("hash_table (" VARIANT "): %llu of %d buckets used\n",
	       (unsigned long long)used, BUCKETS);
	return 0;
}
