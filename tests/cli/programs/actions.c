/* SPDX-License-Identifier: MIT */
/*
 * A marked program that does what its arguments say, one after the other:
 *
 *	work N        N executions of region "work", each a few microseconds
 *	mark M        one execution of region "mark-M"
 *	threads N     N threads, each executes region "thread" 10 times
 *	open          opens region "never closed" and leaves it so
 *	fork          a child executes region "child" 5 times; waits for it
 *	print TEXT    TEXT and a newline on stdout
 *	complain TEXT TEXT and a newline on stderr
 *	echo          copies stdin to stdout
 *	show NAME     NAME=value of the environment on stdout
 *	sleep MS      milliseconds
 *	background MS a child sleeps so long and is not waited for
 *	exit STATUS   ends
 *	raise SIGNAL  ends by that signal
 *	illegal KIND  executes an instruction that needs a newer processor: avx512 or another
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "perfpoint.h"

/* A function that can be named as a region: never inlined. */
__attribute__((noinline)) static void work(void)
{
	PERFPOINT_SCOPE("work");
	static volatile unsigned sum;

	for (unsigned i = 0; i < 2000; i++)
		sum = sum + i;
}

static void *thread(void *unused)
{
	(void)unused;
	for (int i = 0; i < 10; i++) {
		PERFPOINT_SCOPE("thread");
	}
	return NULL;
}

static void run_threads(long count)
{
	pthread_t *ids = calloc((size_t)count, sizeof(*ids));

	if (!ids)
		abort();
	for (long i = 0; i < count; i++)
		if (pthread_create(&ids[i], NULL, thread, NULL))
			abort();
	for (long i = 0; i < count; i++)
		pthread_join(ids[i], NULL);
	free(ids);
}

static void sleep_ms(long ms)
{
	struct timespec rest = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&rest, &rest) && errno == EINTR)
		;
}

static void fork_child(long sleep_first_ms, int wait_for_it)
{
	pid_t pid = fork();

	if (!pid) {
		sleep_ms(sleep_first_ms);
		for (int i = 0; i < 5; i++) {
			PERFPOINT_SCOPE("child");
		}
		exit(0);
	}
	if (wait_for_it)
		waitpid(pid, NULL, 0);
}

static void copy_input(void)
{
	char bytes[4096];
	ssize_t length;

	while ((length = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0)
		if (write(STDOUT_FILENO, bytes, (size_t)length) != length)
			abort();
}

__attribute__((noinline)) static void execute_illegal(const char *kind)
{
#ifdef __x86_64__
	if (!strcmp(kind, "avx512")) /* vpaddd %zmm0, %zmm1, %zmm2 */
		__asm__ volatile(".byte 0x62, 0xf1, 0x75, 0x48, 0xfe, 0xd0");
	__asm__ volatile("ud2");
#else
	(void)kind;
	raise(SIGILL);
#endif
}

/* An action with an argument. */
static void act(const char *action, const char *argument)
{
	long number = strtol(argument, NULL, 10);

	if (!strcmp(action, "work")) {
		for (long i = 0; i < number; i++)
			work();
	} else if (!strcmp(action, "mark")) {
		perfpoint_START((int)number);
		perfpoint_END();
	} else if (!strcmp(action, "threads")) {
		run_threads(number);
	} else if (!strcmp(action, "print")) {
		puts(argument);
		fflush(stdout);
	} else if (!strcmp(action, "complain")) {
		fprintf(stderr, "%s\n", argument);
	} else if (!strcmp(action, "show")) {
		const char *value = getenv(argument);
		printf("%s=%s\n", argument, value ? value : "(unset)");
	} else if (!strcmp(action, "sleep")) {
		sleep_ms(number);
	} else if (!strcmp(action, "background")) {
		fork_child(number, 0);
	} else if (!strcmp(action, "illegal")) {
		execute_illegal(argument);
	} else if (!strcmp(action, "exit")) {
		exit((int)number);
	} else if (!strcmp(action, "raise")) {
		fflush(stdout);
		raise((int)number);
	} else {
		fprintf(stderr, "actions: unknown action %s\n", action);
		exit(99);
	}
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "open")) {
			PERFPOINT_BEGIN("never closed");
			return 0;
		} else if (!strcmp(argv[i], "fork")) {
			fork_child(0, 1);
		} else if (!strcmp(argv[i], "echo")) {
			copy_input();
		} else if (i + 1 >= argc) {
			fprintf(stderr, "actions: %s needs an argument\n", argv[i]);
			return 99;
		} else {
			act(argv[i], argv[i + 1]);
			i++;
		}
	}
	return 0;
}
