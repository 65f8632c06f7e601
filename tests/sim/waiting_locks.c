/* SPDX-License-Identifier: MIT */
/*
 * Waiting for locks and flags: those of the C library and hand-written ones, which spin.
 */
#include "waiting.h"

#include <errno.h>
#include <sched.h>

/* ---- mutexes ---- */

static void init_mutex(struct round *round, int type)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_settype(&attributes, type);
	pthread_mutex_init(&round->mutex, &attributes);
	pthread_mutex_lock(&round->mutex);
}

static void mutex_prepare(struct round *round)
{
	init_mutex(round, PTHREAD_MUTEX_NORMAL);
}

static void errorcheck_prepare(struct round *round)
{
	init_mutex(round, PTHREAD_MUTEX_ERRORCHECK);
	require(pthread_mutex_lock(&round->mutex) == EDEADLK, "second lock");
}

static void adaptive_prepare(struct round *round)
{
	init_mutex(round, PTHREAD_MUTEX_ADAPTIVE_NP);
}

static void recursive_prepare(struct round *round)
{
	init_mutex(round, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_lock(&round->mutex);
}

static void mutex_wait(struct round *round)
{
	pthread_mutex_lock(&round->mutex);
	pthread_mutex_unlock(&round->mutex);
}

static void recursive_wait(struct round *round)
{
	pthread_mutex_lock(&round->mutex);
	require(!pthread_mutex_trylock(&round->mutex), "trylock");
	pthread_mutex_unlock(&round->mutex);
	pthread_mutex_unlock(&round->mutex);
}

static void timedlock_wait(struct round *round)
{
	struct timespec until = in_an_hour(CLOCK_REALTIME);

	require(!pthread_mutex_timedlock(&round->mutex, &until), "timedlock");
	pthread_mutex_unlock(&round->mutex);
}

static void trylock_wait(struct round *round)
{
	while (pthread_mutex_trylock(&round->mutex))
		sched_yield();
	pthread_mutex_unlock(&round->mutex);
}

static void mutex_release(struct round *round)
{
	pthread_mutex_unlock(&round->mutex);
}

static void recursive_release(struct round *round)
{
	pthread_mutex_unlock(&round->mutex);
	pthread_mutex_unlock(&round->mutex);
}

static void mtx_prepare(struct round *round)
{
	mtx_init(&round->mtx, mtx_plain);
	mtx_lock(&round->mtx);
}

static void mtx_wait(struct round *round)
{
	mtx_lock(&round->mtx);
	mtx_unlock(&round->mtx);
}

static void mtx_release(struct round *round)
{
	mtx_unlock(&round->mtx);
}

/* ---- read-write locks ---- */

static void write_prepare(struct round *round)
{
	pthread_rwlock_init(&round->lock, NULL);
	pthread_rwlock_wrlock(&round->lock);
}

static void read_prepare(struct round *round)
{
	pthread_rwlock_init(&round->lock, NULL);
	pthread_rwlock_rdlock(&round->lock);
}

static void read_wait(struct round *round)
{
	pthread_rwlock_rdlock(&round->lock);
	pthread_rwlock_unlock(&round->lock);
}

static void write_wait(struct round *round)
{
	struct timespec until = in_an_hour(CLOCK_MONOTONIC);

	require(!pthread_rwlock_clockwrlock(&round->lock, CLOCK_MONOTONIC, &until),
		"clockwrlock");
	pthread_rwlock_unlock(&round->lock);
}

static void rwlock_release(struct round *round)
{
	pthread_rwlock_unlock(&round->lock);
}

/* ---- spinning ---- */

static void spinlock_prepare(struct round *round)
{
	pthread_spin_init(&round->spinlock, 0);
	pthread_spin_lock(&round->spinlock);
}

static void spinlock_wait(struct round *round)
{
	pthread_spin_lock(&round->spinlock);
	pthread_spin_unlock(&round->spinlock);
}

static void spinlock_release(struct round *round)
{
	pthread_spin_unlock(&round->spinlock);
}

/* ---- locks of our own; the worker holds them first ---- */

static void held_prepare(struct round *round)
{
	round->word = 1;
}

static void test_and_set_wait(struct round *round)
{
	while (atomic_exchange(&round->word, 1))
		;
	atomic_store(&round->word, 0);
}

static void test_test_and_set_wait(struct round *round)
{
	while (atomic_exchange(&round->word, 1))
		while (atomic_load(&round->word))
			__builtin_ia32_pause();
	atomic_store(&round->word, 0);
}

static void backoff_wait(struct round *round)
{
	unsigned delay = 1;

	while (atomic_exchange(&round->word, 1)) {
		for (volatile unsigned i = 0; i < delay; i++)
			__builtin_ia32_pause();
		delay = delay < 1024 ? 2 * delay : delay;
	}
	atomic_store(&round->word, 0);
}

static void yield_wait(struct round *round)
{
	while (atomic_exchange(&round->word, 1))
		sched_yield();
	atomic_store(&round->word, 0);
}

static void word_release(struct round *round)
{
	atomic_store(&round->word, 0);
}

static void ticket_prepare(struct round *round)
{
	round->next_ticket = 1;
}

static void ticket_wait(struct round *round)
{
	int ticket = atomic_fetch_add(&round->next_ticket, 1);

	while (atomic_load(&round->serving) != ticket)
		__builtin_ia32_pause();
	atomic_store(&round->serving, ticket + 1);
}

static void ticket_release(struct round *round)
{
	atomic_store(&round->serving, 1);
}

static _Thread_local struct node own_node;

static void queued_unlock(struct round *round, struct node *node)
{
	struct node *expected = node, *next = node->next;

	if (!next) {
		if (atomic_compare_exchange_strong(&round->tail, &expected, NULL))
			return;
		while (!(next = node->next))
			;
	}
	next->locked = 0;
}

static void queued_prepare(struct round *round)
{
	round->tail = &round->node;
}

static void queued_wait(struct round *round)
{
	struct node *before;

	own_node.next = NULL;
	own_node.locked = 1;
	before = atomic_exchange(&round->tail, &own_node);
	if (before) {
		before->next = &own_node;
		while (own_node.locked)
			__builtin_ia32_pause();
	}
	queued_unlock(round, &own_node);
}

static void queued_release(struct round *round)
{
	queued_unlock(round, &round->node);
}

/* ---- flags ---- */

static void flag_wait(struct round *round)
{
	while (!round->done)
		;
}

/* Something changes in each turn of the loop. */
static void counted_flag_wait(struct round *round)
{
	volatile long turns = 0;

	while (!round->done)
		turns++;
}

static void flag_yield_wait(struct round *round)
{
	while (!round->done)
		sched_yield();
}

static void flag_sleep_wait(struct round *round)
{
	const struct timespec short_time = {0, 1000};

	while (!round->done)
		nanosleep(&short_time, NULL);
}

static void flag_release(struct round *round)
{
	round->done = 1;
}

const struct mode lock_modes[] = {
	{"mutex", mutex_prepare, mutex_wait, mutex_release},
	{"errorcheck", errorcheck_prepare, mutex_wait, mutex_release},
	{"adaptive", adaptive_prepare, mutex_wait, mutex_release},
	{"recursive", recursive_prepare, recursive_wait, recursive_release},
	{"timedlock", mutex_prepare, timedlock_wait, mutex_release},
	{"trylock", mutex_prepare, trylock_wait, mutex_release},
	{"mtx", mtx_prepare, mtx_wait, mtx_release},
	{"read", write_prepare, read_wait, rwlock_release},
	{"write", read_prepare, write_wait, rwlock_release},
	{"spinlock", spinlock_prepare, spinlock_wait, spinlock_release},
	{"test-and-set", held_prepare, test_and_set_wait, word_release},
	{"test-test-and-set", held_prepare, test_test_and_set_wait, word_release},
	{"backoff", held_prepare, backoff_wait, word_release},
	{"yield", held_prepare, yield_wait, word_release},
	{"ticket", ticket_prepare, ticket_wait, ticket_release},
	{"queued", queued_prepare, queued_wait, queued_release},
	{"flag", NULL, flag_wait, flag_release},
	{"counted-flag", NULL, counted_flag_wait, flag_release},
	{"flag-yield", NULL, flag_yield_wait, flag_release},
	{"flag-sleep", NULL, flag_sleep_wait, flag_release},
	{0},
};
