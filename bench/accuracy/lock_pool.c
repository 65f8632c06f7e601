/* SPDX-License-Identifier: MIT */
/*
 * Each thread mostly takes a lock of its own out of a pool. False sharing: in the bad variant
 * the locks stand side by side, and taking one takes the neighbours' lines away.
 */
#include "common.h"
#include "perfpoint.h"

#define UPDATES 400

static struct pool_lock {
	pthread_mutex_t mutex;
#ifndef BAD
} __attribute__((aligned(2 * CACHE_LINE)))
#else
}
#endif
pool[THREADS_MAX] __attribute__((aligned(2 * CACHE_LINE)));

static struct example example;
static struct account {
	uint64_t balance, updates;
} __attribute__((aligned(2 * CACHE_LINE))) accounts[THREADS_MAX];

static void update_account(long index, uint64_t *state)
{
	PERFPOINT_SCOPE("update_account");
	struct account *account = &accounts[index];

	for (int i = 0; i < UPDATES; i++) {
		uint64_t amount = example_random(state) % 100;

		pthread_mutex_lock(&pool[index].mutex);
#ifdef HARMLESS
		*account = (struct account){.balance = account->balance + amount,
					    .updates = account->updates + 1};
#else
		account->balance += amount;
		account->updates++;
#endif
		pthread_mutex_unlock(&pool[index].mutex);
	}
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		update_account(index, &state);
}

int main(int argc, char **argv)
{
	uint64_t balance = 0;

	example = example_parse(argc, argv, 2, 100);
	for (long i = 0; i < example.threads; i++)
		pthread_mutex_init(&pool[i].mutex, NULL);
	example_run(&example, thread);
	for (long i = 0; i < example.threads; i++)
		balance += accounts[i].balance;
	printf("lock_pool (" VARIANT "): balance %llu\n", (unsigned long long)balance);
	return 0;
}
