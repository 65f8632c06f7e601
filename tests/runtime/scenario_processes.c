/* SPDX-License-Identifier: MIT */
/* Scenarios of forked children, and of descriptors. */
#include "scenario.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
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

static void measure_in_child(void)
{
	pid_t child = fork();

	CHECK(child >= 0);
	if (!child) {
		region(2);
		_exit(0);
	}
	wait_for(child);
}

void fork_storm(void)
{
	region(1);
	for (int i = 0; i < 200; i++)
		measure_in_child();
}

/* Forks while other threads are inside markers. */
void fork_among_threads(void)
{
	bool stop = false;
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&threads[i], NULL, keeps_marking, &stop));
	for (int i = 0; i < 100; i++)
		measure_in_child();
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

/* ---- descriptors ---- */

#define COUNTERS_MAX 64

static struct taken {
	int numbers[COUNTERS_MAX];
	size_t count;
} taken;

/* Of perf events: the thread's counters. */
static void find_counters(void)
{
	for (int fd = 3; fd < 70000; fd++) {
		char path[32], link[64];
		ssize_t length;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		length = readlink(path, link, sizeof(link) - 1);
		if (length <= 0)
			continue;
		link[length] = '\0';
		if (strstr(link, "[perf_event]") && taken.count < COUNTERS_MAX)
			taken.numbers[taken.count++] = fd;
	}
}

static void *loses_counters(void *unused)
{
	region(1);
	find_counters();
	CHECK(taken.count > 0);
	for (size_t i = 0; i < taken.count; i++)
		close(taken.numbers[i]);
	region(1); /* cannot be measured */
	for (size_t i = 0; i < taken.count; i++)
		CHECK(dup2(STDERR_FILENO, taken.numbers[i]) == taken.numbers[i]);
	region(1);
	return unused;
}

/* The program closes a thread's counters, and their numbers become its own. */
void counters_closed(void)
{
	run_threads(1, loses_counters);
	for (size_t i = 0; i < taken.count; i++)
		CHECK(fcntl(taken.numbers[i], F_GETFD) >= 0);
}
