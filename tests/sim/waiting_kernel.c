/* SPDX-License-Identifier: MIT */
/*
 * Waiting in the kernel: futexes and what the C library makes of them, threads' ends, signals, data.
 */
#include "waiting.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- futexes ---- */

static long futex(atomic_int *word, int operation, int value, unsigned long other_count,
		  atomic_int *other, int other_value)
{
	return syscall(SYS_futex, word, operation, value, other_count, other,
		       other_value);
}

void futex_wait(struct round *round)
{
	while (!round->word)
		futex(&round->word, FUTEX_WAIT_PRIVATE, 0, 0, NULL, 0);
}

static void bitset_wait(struct round *round)
{
	while (!round->word)
		futex(&round->word, FUTEX_WAIT_BITSET, 0, 0, NULL, 4);
}

static void bitset_release(struct round *round)
{
	round->word = 1;
	futex(&round->word, FUTEX_WAKE_BITSET, INT32_MAX, 0, NULL, 6);
}

void futex_release(struct round *round)
{
	round->word = 1;
	futex(&round->word, FUTEX_WAKE_PRIVATE, INT32_MAX, 0, NULL, 0);
}

/* `done` counts those who wait or will not: only they can be moved. */
static void requeue_wait(struct round *round)
{
	if (!round->word)
		futex(&round->word, FUTEX_WAIT, 0, 0, NULL, 0);
	while (!round->other)
		futex(&round->other, FUTEX_WAIT, 0, 0, NULL, 0);
}

/* Wakes one, moves the others to the other word; then wakes those. */
static void requeue(struct round *round, int operation)
{
	round->word = 1;
	round->other = 1;
	require(futex(&round->word, operation, 1, INT32_MAX, &round->other, 1) >= 0,
		"requeue");
	futex(&round->other, FUTEX_WAKE, INT32_MAX, 0, NULL, 0);
}

static void requeue_release(struct round *round)
{
	requeue(round, FUTEX_REQUEUE);
}

static void compare_requeue_release(struct round *round)
{
	requeue(round, FUTEX_CMP_REQUEUE);
}

static void wake_op_wait(struct round *round)
{
	while (!round->other)
		futex(&round->other, FUTEX_WAIT, 0, 0, NULL, 0);
}

static void wake_op_release(struct round *round)
{
	require(futex(&round->word, FUTEX_WAKE_OP, 1, INT32_MAX, &round->other,
		      (int)FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)) >= 0,
		"wake op");
}

/* ---- condition variables ---- */

static void condition_prepare(struct round *round)
{
	pthread_mutex_init(&round->mutex, NULL);
	pthread_cond_init(&round->condition, NULL);
}

static void condition_wait(struct round *round)
{
	pthread_mutex_lock(&round->mutex);
	while (!round->done)
		pthread_cond_wait(&round->condition, &round->mutex);
	pthread_mutex_unlock(&round->mutex);
}

static void timedwait_wait(struct round *round)
{
	struct timespec until = in_an_hour(CLOCK_REALTIME);

	pthread_mutex_lock(&round->mutex);
	while (!round->done)
		pthread_cond_timedwait(&round->condition, &round->mutex, &until);
	pthread_mutex_unlock(&round->mutex);
}

static void broadcast_release(struct round *round)
{
	pthread_mutex_lock(&round->mutex);
	round->done = 1;
	pthread_cond_broadcast(&round->condition);
	pthread_mutex_unlock(&round->mutex);
}

static void signal_release(struct round *round)
{
	pthread_mutex_lock(&round->mutex);
	round->done = 1;
	pthread_mutex_unlock(&round->mutex);
	for (int i = 0; i < job.waiters; i++)
		pthread_cond_signal(&round->condition);
}

/* ---- C11 ---- */

static void c11_prepare(struct round *round)
{
	mtx_init(&round->mtx, mtx_plain);
	cnd_init(&round->cnd);
}

static void c11_wait(struct round *round)
{
	mtx_lock(&round->mtx);
	while (!round->done)
		cnd_wait(&round->cnd, &round->mtx);
	mtx_unlock(&round->mtx);
}

static void c11_release(struct round *round)
{
	mtx_lock(&round->mtx);
	round->done = 1;
	cnd_broadcast(&round->cnd);
	mtx_unlock(&round->mtx);
}

/* ---- the rest of POSIX ---- */

static void barrier_prepare(struct round *round)
{
	pthread_barrier_init(&round->barrier, NULL, (unsigned)job.waiters + 1);
}

static void barrier_wait(struct round *round)
{
	pthread_barrier_wait(&round->barrier);
}

static void semaphore_prepare(struct round *round)
{
	sem_init(&round->semaphore, 0, 0);
}

static void semaphore_wait(struct round *round)
{
	sem_wait(&round->semaphore);
}

static void timed_semaphore_wait(struct round *round)
{
	struct timespec until = in_an_hour(CLOCK_REALTIME);

	require(!sem_timedwait(&round->semaphore, &until), "sem_timedwait");
}

static void semaphore_release(struct round *round)
{
	for (int i = 0; i < job.waiters; i++)
		sem_post(&round->semaphore);
}

static void named_prepare(struct round *round)
{
	char name[64];

	snprintf(name, sizeof(name), "/autoperf-%d-%d", getpid(),
		 (int)(round - rounds));
	round->named = sem_open(name, O_CREAT | O_EXCL, 0600, 0);
	require(round->named != SEM_FAILED, "sem_open");
	sem_unlink(name);
}

static void named_wait(struct round *round)
{
	sem_wait(round->named);
}

static void named_release(struct round *round)
{
	for (int i = 0; i < job.waiters; i++)
		sem_post(round->named);
}

/* A thread of its own ends as soon as the work is done. */
static void *wait_for_word(void *argument)
{
	futex_wait(argument);
	return argument;
}

static void join_prepare(struct round *round)
{
	require(!pthread_create(&round->thread, NULL, wait_for_word, round),
		"pthread_create");
}

static void join_wait(struct round *round)
{
	void *result = NULL;

	require(!pthread_join(round->thread, &result) && result == round,
		"pthread_join");
}

static int c11_thread(void *argument)
{
	futex_wait(argument);
	return 7;
}

static void c11_join_prepare(struct round *round)
{
	require(thrd_create(&round->thrd, c11_thread, round) == thrd_success,
		"thrd_create");
}

static void c11_join_wait(struct round *round)
{
	int result = 0;

	require(thrd_join(round->thrd, &result) == thrd_success && result == 7,
		"thrd_join");
}

static void *wait_for_ever(void *argument)
{
	for (;;)
		pause();
	return argument;
}

static void cancel_prepare(struct round *round)
{
	require(!pthread_create(&round->thread, NULL, wait_for_ever, round),
		"pthread_create");
}

static void cancel_wait(struct round *round)
{
	void *result = NULL;

	require(!pthread_join(round->thread, &result) && result == PTHREAD_CANCELED,
		"pthread_join");
}

static void cancel_release(struct round *round)
{
	pthread_cancel(round->thread);
}

static void *tell_and_end(void *argument)
{
	futex_release(argument);
	return NULL;
}

/* A detached thread tells. */
static void detached_release(struct round *round)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	require(!pthread_create(&thread, &attributes, tell_and_end, round),
		"pthread_create");
}

static void signal_prepare(struct round *round)
{
	sigset_t signals;

	(void)round;
	sigemptyset(&signals);
	sigaddset(&signals, SIGRTMIN);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

static void sigwait_wait(struct round *round)
{
	sigset_t signals;
	int number = 0;

	(void)round;
	sigemptyset(&signals);
	sigaddset(&signals, SIGRTMIN);
	require(!sigwait(&signals, &number) && number == SIGRTMIN, "sigwait");
}

static void kill_release(struct round *round)
{
	(void)round;
	for (int i = 0; i < job.waiters; i++)
		pthread_kill(waiters[i], SIGRTMIN);
}

/* ---- data through the kernel ---- */

static void pipe_prepare(struct round *round)
{
	require(!pipe(round->ends), "pipe");
}

static void sockets_prepare(struct round *round)
{
	require(!socketpair(AF_UNIX, SOCK_DGRAM, 0, round->ends), "socketpair");
}

static void eventfd_prepare(struct round *round)
{
	round->ends[0] = round->ends[1] = eventfd(0, EFD_SEMAPHORE);
	require(round->ends[0] >= 0, "eventfd");
}

static void take(const struct round *round)
{
	uint64_t token;

	require(read(round->ends[0], &token, sizeof(token)) == sizeof(token), "read");
}

static void data_wait(struct round *round)
{
	take(round);
}

static void poll_wait(struct round *round)
{
	struct pollfd poll_for = {.fd = round->ends[0], .events = POLLIN};

	require(poll(&poll_for, 1, -1) == 1, "poll");
	take(round);
}

static void select_wait(struct round *round)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(round->ends[0], &set);
	require(select(round->ends[0] + 1, &set, NULL, NULL, NULL) == 1, "select");
	take(round);
}

static void epoll_round_wait(struct round *round)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = epoll_create1(0);

	require(fd >= 0 && !epoll_ctl(fd, EPOLL_CTL_ADD, round->ends[0], &event),
		"epoll_ctl");
	require(epoll_wait(fd, &event, 1, -1) == 1, "epoll_wait");
	take(round);
	close(fd);
}

static void data_release(struct round *round)
{
	const uint64_t token = 1;

	for (int i = 0; i < job.waiters; i++)
		require(write(round->ends[1], &token, sizeof(token)) == sizeof(token),
			"write");
}

const struct mode kernel_modes[] = {
	{"futex", NULL, futex_wait, futex_release},
	{"futex-bitset", NULL, bitset_wait, bitset_release},
	{"futex-requeue", NULL, requeue_wait, requeue_release},
	{"futex-cmp-requeue", NULL, requeue_wait, compare_requeue_release},
	{"futex-wake-op", NULL, wake_op_wait, wake_op_release},
	{"broadcast", condition_prepare, condition_wait, broadcast_release},
	{"signal", condition_prepare, condition_wait, signal_release},
	{"timedwait", condition_prepare, timedwait_wait, broadcast_release},
	{"cnd", c11_prepare, c11_wait, c11_release},
	{"barrier", barrier_prepare, barrier_wait, barrier_wait},
	{"semaphore", semaphore_prepare, semaphore_wait, semaphore_release},
	{"timed-semaphore", semaphore_prepare, timed_semaphore_wait, semaphore_release},
	{"named-semaphore", named_prepare, named_wait, named_release},
	{"join", join_prepare, join_wait, futex_release},
	{"thrd-join", c11_join_prepare, c11_join_wait, futex_release},
	{"cancel", cancel_prepare, cancel_wait, cancel_release},
	{"detached", NULL, futex_wait, detached_release},
	{"sigwait", signal_prepare, sigwait_wait, kill_release},
	{"pipe", pipe_prepare, data_wait, data_release},
	{"sockets", sockets_prepare, data_wait, data_release},
	{"eventfd", eventfd_prepare, data_wait, data_release},
	{"poll", pipe_prepare, poll_wait, data_release},
	{"select", sockets_prepare, select_wait, data_release},
	{"epoll", eventfd_prepare, epoll_round_wait, data_release},
	{0},
};
