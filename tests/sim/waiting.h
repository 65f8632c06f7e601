/* SPDX-License-Identifier: MIT */
/*
 * What the parts of the program `waiting` (waiting.c) share: a round's means to wait, and the table
 * of the ways.
 */
#ifndef TESTS_SIM_WAITING_H
#define TESTS_SIM_WAITING_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <threads.h>
#include <time.h>

#define LINE        64
#define WAITERS_MAX 8
#define ROUNDS_MAX  200

/* Of a queued lock (Mellor-Crummey and Scott). */
struct node {
	_Alignas(LINE) _Atomic(struct node *) next;
	atomic_bool locked;
};

/* A round's means to wait; none is used twice. */
struct round {
	_Alignas(LINE) pthread_mutex_t mutex;
	_Alignas(LINE) pthread_cond_t condition;
	_Alignas(LINE) pthread_rwlock_t lock;
	_Alignas(LINE) pthread_barrier_t barrier;
	_Alignas(LINE) pthread_spinlock_t spinlock;
	_Alignas(LINE) sem_t semaphore;
	sem_t *named;
	_Alignas(LINE) mtx_t mtx;
	cnd_t cnd;
	int ends[2]; /* of a pipe, a pair of sockets, an eventfd */
	pthread_t thread;
	thrd_t thrd;
	_Alignas(LINE) atomic_int word; /* of a futex or a lock of our own */
	_Alignas(LINE) atomic_int other;
	_Alignas(LINE) atomic_int next_ticket;
	_Alignas(LINE) atomic_int serving;
	_Alignas(LINE) _Atomic(struct node *) tail;
	struct node node; /* the worker's */
	_Alignas(LINE) volatile int done;
};

/* A way to wait. The worker prepares all rounds before anybody waits; NULL: nothing to do. */
struct mode {
	const char *name;
	void (*prepare)(struct round *round); /* by the worker */
	void (*wait)(struct round *round);    /* by each waiter */
	void (*release)(struct round *round); /* by the worker: the work is done */
};

/* Ends with a mode without name. */
extern const struct mode lock_modes[], kernel_modes[];

extern struct job {
	_Alignas(LINE) const struct mode *mode;
	int waiters, rounds;
} job;
extern struct round rounds[ROUNDS_MAX];
extern pthread_t waiters[WAITERS_MAX];

void require(int condition, const char *what);
struct timespec in_an_hour(clockid_t clock);
/* Waits for, and sets, round->word. */
void futex_wait(struct round *round);
void futex_release(struct round *round);

#endif
