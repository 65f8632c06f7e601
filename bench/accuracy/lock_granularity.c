/* SPDX-License-Identifier: MIT */
/*
 * Threads transfer money between accounts. Waiting: in the bad variant one lock guards all of
 * them; in the good one each account has its own, and the lower one is taken first.
 */
#include "common.h"
#include "perfpoint.h"

#define ACCOUNTS  256
#define TRANSFERS 32
#define WORK      200 /* steps of what a transfer computes */

static struct example example;
static struct account {
	pthread_mutex_t lock;
	uint64_t balance;
} __attribute__((aligned(2 * CACHE_LINE))) accounts[ACCOUNTS];
#ifdef BAD
static pthread_mutex_t all = PTHREAD_MUTEX_INITIALIZER;
#endif

static uint64_t fee(uint64_t amount)
{
	for (int i = 0; i < WORK; i++)
		amount = amount * 6364136223846793005u + 1442695040888963407u;
	return amount >> 60;
}

static void lock(struct account *a, struct account *b)
{
#ifdef BAD
	(void)a, (void)b;
	pthread_mutex_lock(&all);
#elif defined(HARMLESS)
	struct account *first = a, *second = b;

	if (first > second) {
		first = b;
		second = a;
	}
	pthread_mutex_lock(&first->lock);
	pthread_mutex_lock(&second->lock);
#else
	pthread_mutex_lock(a < b ? &a->lock : &b->lock);
	pthread_mutex_lock(a < b ? &b->lock : &a->lock);
#endif
}

static void unlock(struct account *a, struct account *b)
{
#ifdef BAD
	(void)a, (void)b;
	pthread_mutex_unlock(&all);
#else
	pthread_mutex_unlock(&a->lock);
	pthread_mutex_unlock(&b->lock);
#endif
}

static void transfer(uint64_t *state)
{
	PERFPOINT_SCOPE("transfer");

	for (int i = 0; i < TRANSFERS; i++) {
		uint64_t choice = example_random(state);
		struct account *from = &accounts[choice % ACCOUNTS];
		struct account *to =
			&accounts[(choice + 1 + (choice >> 32) % (ACCOUNTS - 1)) %
				  ACCOUNTS];
		uint64_t amount = choice >> 56;

		lock(from, to);
		from->balance -= amount + fee(from->balance);
		to->balance += amount;
		unlock(from, to);
	}
}

static void thread(long index)
{
	uint64_t state = 88172645463325252u + (uint64_t)index;

	for (long round = 0; round < example.rounds; round++)
		transfer(&state);
}

int main(int argc, char **argv)
{
	uint64_t balance = 0;

	example = example_parse(argc, argv, 2, 100);
	for (int i = 0; i < ACCOUNTS; i++)
		pthread_mutex_init(&accounts[i].lock, NULL);
	example_run(&example, thread);
	for (int i = 0; i < ACCOUNTS; i++)
		balance += accounts[i].balance;
	printf("lock_granularity (" VARIANT "): %llu\n", (unsigned long long)balance);
	return 0;
}
