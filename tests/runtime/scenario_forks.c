/* SPDX-License-Identifier: MIT */
/* Scenarios of forked children. */
#include "scenario.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "perfpoint.h"

void forks(void)
{
	perfpoint_START(1);
	region(2);
	pid_t child = fork();
	CHECK(child >= 0);
	if (!child) {
		region(3);
		region(2);
		perfpoint_END(); /* of its parent's region */
		region(4);
		_exit(0);
	}
	wait_for(child);
	perfpoint_END();
	region(5);
}

void raw_clone(void)
{
	region(1);
	pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	CHECK(child >= 0);
	if (!child) {
		region(2);
		_exit(0);
	}
	wait_for(child);
	region(3);
}

void fork_storm(void)
{
	region(1);
	for (int i = 0; i < 200; i++) {
		pid_t child = fork();
		CHECK(child >= 0);
		if (!child) {
			region(2);
			_exit(0);
		}
		wait_for(child);
	}
}

/* Forks while other threads are inside markers. */
void fork_among_threads(void)
{
	bool stop = false;
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&threads[i], NULL, keeps_marking, &stop));
	for (int i = 0; i < 100; i++) {
		pid_t child = fork();
		CHECK(child >= 0);
		if (!child) {
			region(2);
			_exit(0);
		}
		wait_for(child);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

#define CHILDS_REGIONS 20000

static pthread_barrier_t both_measure;

static void *measures_first(void *unused)
{
	region(2);
	pthread_barrier_wait(&both_measure);
	for (int i = 1; i < CHILDS_REGIONS; i++)
		region(2);
	return unused;
}

/* In the child, a thread that it has made measures before the one that forked does. */
void fork_then_threads(void)
{
	pid_t child;

	region(1);
	child = fork();
	CHECK(child >= 0);
	if (!child) {
		pthread_t thread;

		CHECK(!pthread_barrier_init(&both_measure, NULL, 2));
		CHECK(!pthread_create(&thread, NULL, measures_first, NULL));
		pthread_barrier_wait(&both_measure);
		for (int i = 0; i < CHILDS_REGIONS; i++)
			region(3);
		pthread_join(thread, NULL);
		_exit(0);
	}
	wait_for(child);
}

static void marks_at_the_end(void *unused)
{
	(void)unused;
	region(2);
}

/* A child in which the first marker is executed when its thread has ended for the runtime. */
void destructor_in_child(void)
{
	pthread_key_t key;
	pid_t child;

	CHECK(!pthread_key_create(&key, marks_at_the_end));
	CHECK(!pthread_setspecific(key, &key));
	region(1);
	child = fork();
	CHECK(child >= 0);
	if (!child)
		pthread_exit(NULL);
	wait_for(child);
}
