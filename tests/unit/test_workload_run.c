/* SPDX-License-Identifier: MIT */
/* src/workload/run.c, tree.c and interrupts.c: real commands, mostly of the shell. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "support/scratch.h"
#include "workload/interrupts.h"
#include "workload/tree.h"
#include "workload/workload.h"

#define NS_PER_S 1000000000ull

static struct scratch scratch;

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	return 0;
}

/* Also ends what a test left running. */
static int close_scratch(void **state)
{
	(void)state;
	while (tree_signal(SIGKILL))
		waitpid(-1, NULL, 0);
	scratch_close(&scratch);
	return 0;
}

/* A shared object that can be preloaded without effect: the C library itself, where it has a
 * function that sanitizers do not replace. */
static const char *harmless_library(void)
{
	Dl_info info;

	assert_int_not_equal(dladdr((void *)(uintptr_t)gnu_get_libc_version, &info), 0);
	return info.dli_fname;
}

static struct workload command(char *const *argv)
{
	return (struct workload){
		.argv = argv, .runtime = harmless_library(), .session = "/s"};
}

/* Runs `sh -c SCRIPT DIRECTORY` with a time-out (0: none); the script sees $0. */
static struct workload_result run_for(const char *script, double timeout_s)
{
	const char *const argv[] = {"sh", "-c", script, scratch.directory, NULL};
	struct workload workload = command((char *const *)(uintptr_t)argv);
	struct workload_result result;
	struct error error;

	workload.timeout_s = timeout_s;
	if (workload_run(&workload, &result, &error))
		fail_msg("%s", error.text);
	return result;
}

static struct workload_result run(const char *script)
{
	return run_for(script, 0);
}

/* What the script wrote to $0/out. */
static char *output(void)
{
	struct error error;
	size_t length;
	char *bytes;

	assert_int_equal(file_read(scratch_path(&scratch, "out"), 65536, &bytes,
				   &length, &error),
			 0);
	return bytes;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Sends us `number` after `ms` milliseconds, from nobody: not from a child. */
static timer_t send_later(int number, long ms)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = number};
	struct itimerspec when = {.it_value = {ms / 1000, ms % 1000 * 1000000}};
	timer_t timer;

	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &when, NULL), 0);
	return timer;
}

static void exit_status_and_signal_are_told_apart(void **state)
{
	(void)state;
	struct workload_result result = run("exit 0");

	assert_int_equal(result.status, PROFILE_RUN_OK);
	assert_int_equal(result.exit_code, 0);
	result = run("exit 3");
	assert_int_equal(result.status, PROFILE_RUN_EXIT);
	assert_int_equal(result.exit_code, 3);
	result = run("kill -9 $$");
	assert_int_equal(result.status, PROFILE_RUN_SIGNAL);
	assert_int_equal(result.exit_code, SIGKILL);
}

static void times_and_memory_are_those_of_the_command(void **state)
{
	(void)state;
	int64_t before = (int64_t)time(NULL) - 1;
	struct workload_result result = run("sleep 0.3");

	assert_in_range(result.wall_ns, 3 * NS_PER_S / 10, 20 * NS_PER_S);
	assert_true(result.user_ns + result.system_ns < NS_PER_S / 4);
	assert_in_range(result.started_utc_ns / (int64_t)NS_PER_S, before, before + 30);
	assert_true(result.max_rss_bytes > 100000);

	/* CPU time of a child that the command has waited for. */
	result = run("sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'; true");
	assert_true(result.user_ns > NS_PER_S / 200);
}

static void it_gets_the_runtime_and_the_session(void **state)
{
	(void)state;
	char expected[512];
	char *text;

	unsetenv("LD_PRELOAD");
	run("echo \"$LD_PRELOAD|$PERFPOINT_SESSION\" >$0/out");
	text = output();
	snprintf(expected, sizeof(expected), "%s|/s\n", harmless_library());
	assert_string_equal(text, expected);
	free(text);
}

static void it_gets_no_descriptor_of_ours(void **state)
{
	(void)state;
	char *text;

	run("ls /proc/$$/fd >$0/out; :");
	text = output();
	/* 1 is the file of the redirection inside ls only; 10 may be the shell's own. */
	assert_non_null(strstr(text, "0\n"));
	for (int fd = 3; fd < 10; fd++) {
		char line[16];

		snprintf(line, sizeof(line), "\n%d\n", fd);
		if (fcntl(fd, F_GETFD) < 0)
			assert_null(strstr(text, line));
	}
	free(text);
}

/* The value of a line "NAME:\tVALUE" of a /proc/PID/status. */
static unsigned long long status_mask(const char *text, const char *name)
{
	const char *line = strstr(text, name);

	assert_non_null(line);
	return strtoull(line + strlen(name) + 1, NULL, 16);
}

static void it_gets_our_signal_mask_and_dispositions(void **state)
{
	(void)state;
	sigset_t mask, before, after;
	struct sigaction action;
	char *text;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, &before);
	signal(SIGCHLD, SIG_IGN);
	signal(SIGHUP, SIG_IGN);

	/* Not through a shell: dash has a mask of its own. */
	const char *const argv[] = {"cp", "/proc/self/status",
				    scratch_path(&scratch, "out"), NULL};
	struct workload workload = command((char *const *)(uintptr_t)argv);
	struct workload_result result;
	struct error error;

	assert_int_equal(workload_run(&workload, &result, &error), 0);
	sigprocmask(SIG_SETMASK, &before, &after);
	sigaction(SIGCHLD, NULL, &action);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGHUP, SIG_DFL);
	assert_int_equal(result.status, PROFILE_RUN_OK);
	assert_int_equal(sigismember(&after, SIGUSR1), 1);
	assert_int_equal(sigismember(&after, SIGINT), 0);
	assert_int_equal(sigismember(&after, SIGCHLD), 0);
	assert_true(action.sa_handler == SIG_IGN);

	text = output();
	assert_true(status_mask(text, "SigBlk:") == 1ull << (SIGUSR1 - 1));
	unsigned long long ignored = status_mask(text, "SigIgn:");
	assert_true(ignored & 1ull << (SIGHUP - 1));
	assert_false(ignored & 1ull << (SIGINT - 1));
	free(text);
}

static void a_command_that_takes_too_long_is_ended(void **state)
{
	(void)state;
	uint64_t before = now_ns();
	struct workload_result result = run_for("sleep 60; true", 0.2);

	assert_int_equal(result.status, PROFILE_RUN_TIMEOUT);
	assert_in_range(result.wall_ns, NS_PER_S / 5, 4 * NS_PER_S);
	assert_true(now_ns() - before < 4 * NS_PER_S);
	assert_int_equal(result.left_running, 0);
}

static void a_time_out_reaches_other_sessions_and_those_who_ignore_it(void **state)
{
	(void)state;
	uint64_t before = now_ns();
	struct workload_result result = run_for(
		"trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 60; sleep 61' & "
		"sleep 62; sleep 63",
		0.2);

	assert_int_equal(result.status, PROFILE_RUN_TIMEOUT);
	assert_int_equal(result.exit_code, SIGKILL);
	assert_in_range(now_ns() - before, 5 * NS_PER_S, 12 * NS_PER_S);
	assert_int_equal(result.left_running, 0);
}

static void a_stopped_command_is_ended_too(void **state)
{
	(void)state;
	struct workload_result result = run_for("kill -STOP $$", 0.2);

	assert_int_equal(result.status, PROFILE_RUN_TIMEOUT);
	assert_int_equal(result.exit_code, SIGTERM);
}

static void no_time_out_is_no_limit(void **state)
{
	(void)state;
	assert_int_equal(run_for("sleep 0.2", 1e300).status, PROFILE_RUN_OK);
	assert_int_equal(run_for("sleep 0.2", 10).status, PROFILE_RUN_OK);
}

static void processes_that_outlive_the_command_are_left_and_counted(void **state)
{
	(void)state;
	uint64_t before = now_ns();
	struct workload_result result = run("sleep 30 & sleep 30 & exit 0");
	pid_t *pids;

	assert_int_equal(result.status, PROFILE_RUN_OK);
	assert_int_equal(result.left_running, 2);
	assert_true(now_ns() - before < 10 * NS_PER_S);
	assert_int_equal(tree_descendants(&pids), 2);
	for (int i = 0; i < 2; i++)
		assert_int_equal(kill(pids[i], 0), 0);
	free(pids);
}

static void processes_that_end_soon_after_it_are_waited_for(void **state)
{
	(void)state;
	struct workload_result result = run("echo x >$0/out & exit 0");
	char *text;

	assert_int_equal(result.left_running, 0);
	text = output();
	assert_string_equal(text, "x\n");
	free(text);
}

static void a_request_to_stop_is_passed_on(void **state)
{
	(void)state;
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};

	for (size_t i = 0; i < 3; i++) {
		timer_t timer = send_later(numbers[i], 500);
		struct workload_result result =
			run("trap 'echo got INT >$0/out; exit 7' INT TERM HUP; "
			    "while :; do sleep 0.05; done");

		timer_delete(timer);
		assert_int_equal(result.status, PROFILE_RUN_INTERRUPTED);
		assert_int_equal(result.exit_code, 7);
		assert_int_equal(scratch_count(&scratch), 1);
	}
}

static void a_second_request_insists(void **state)
{
	(void)state;
	timer_t first = send_later(SIGINT, 500);
	timer_t second = send_later(SIGINT, 1000);
	struct workload_result result = run("trap '' INT; sleep 60; true");

	timer_delete(first);
	timer_delete(second);
	assert_int_equal(result.status, PROFILE_RUN_INTERRUPTED);
	assert_int_equal(result.exit_code, SIGTERM);
	assert_in_range(result.wall_ns, NS_PER_S, 5 * NS_PER_S);
}

static void a_third_request_is_final(void **state)
{
	(void)state;
	timer_t timers[3];

	for (int i = 0; i < 3; i++)
		timers[i] = send_later(SIGINT, 500 + 500 * i);

	struct workload_result result = run("trap '' INT TERM; sleep 60; sleep 60");

	for (int i = 0; i < 3; i++)
		timer_delete(timers[i]);
	assert_int_equal(result.status, PROFILE_RUN_INTERRUPTED);
	assert_int_equal(result.exit_code, SIGKILL);
	assert_true(result.wall_ns < 5 * NS_PER_S);
}

static void what_the_command_sends_its_own_group_is_no_request(void **state)
{
	(void)state;
	struct workload_result result =
		run("trap 'echo x >$0/out' TERM; kill -TERM 0; sleep 0.1; exit 0");

	assert_int_equal(result.status, PROFILE_RUN_OK);
	assert_int_equal(scratch_count(&scratch), 1);
}

static void an_ignored_signal_is_no_request(void **state)
{
	(void)state;
	timer_t timer = send_later(SIGHUP, 100);

	signal(SIGHUP, SIG_IGN);
	assert_int_equal(run("sleep 0.3").status, PROFILE_RUN_OK);
	signal(SIGHUP, SIG_DFL);
	timer_delete(timer);
}

static void a_caller_that_blocks_signals_takes_them_between_runs(void **state)
{
	(void)state;
	const char *const argv[] = {"true", NULL};
	struct workload workload = command((char *const *)(uintptr_t)argv);
	struct workload_result result;
	struct interrupts interrupts;
	struct error error;

	interrupts_block(&interrupts);
	workload.interrupts = &interrupts;
	assert_int_equal(interrupts_take(&interrupts), 0);
	kill(getpid(), SIGTERM);
	assert_int_equal(interrupts_take(&interrupts), SIGTERM);
	assert_int_equal(interrupts_take(&interrupts), 0);
	assert_int_equal(workload_run(&workload, &result, &error), 0);
	assert_int_equal(result.status, PROFILE_RUN_OK);
	interrupts_restore(&interrupts);
}

static void count_call(void *context)
{
	++*(int *)context;
}

static void waiting_is_called_once_a_second(void **state)
{
	(void)state;
	const char *const argv[] = {"sleep", "2.5", NULL};
	struct workload workload = command((char *const *)(uintptr_t)argv);
	struct workload_result result;
	struct error error;
	int calls = 0;

	workload.waiting = count_call;
	workload.context = &calls;
	assert_int_equal(workload_run(&workload, &result, &error), 0);
	assert_int_equal(calls, 2);
}

/* Runs `path`, which cannot be started; the text names it and says `reason`. */
static void expect_no_start(const char *path, char *argument, int code,
			    const char *reason)
{
	const char *const argv[] = {path, argument, NULL};
	struct workload workload = command((char *const *)(uintptr_t)argv);
	struct workload_result result;
	struct error error;

	assert_int_equal(workload_run(&workload, &result, &error), code);
	if (!strstr(error.text, path) || !strstr(error.text, reason))
		fail_msg("'%s' lacks '%s' or '%s'", error.text, path, reason);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nothing is left of it */
}

static void what_cannot_be_started_is_an_error_with_its_reason(void **state)
{
	(void)state;
	const char *text = scratch_write(&scratch, "text", "echo\n", 5);
	const char *busy = scratch_write(&scratch, "busy", "#!/bin/sh\n", 10);
	const char *gone = scratch_write(&scratch, "gone", "#!/no/where\n", 12);
	size_t length = (size_t)1 << 20;
	char *argument = malloc(length);
	int fd = open(busy, O_WRONLY | O_CLOEXEC);

	assert_non_null(argument);
	memset(argument, 'x', length - 1);
	argument[length - 1] = '\0';
	chmod(text, 0755);
	chmod(busy, 0755);
	chmod(gone, 0755);
	expect_no_start(text, NULL, -ENOEXEC, "no program");
	expect_no_start(busy, NULL, -ETXTBSY, "open for writing");
	expect_no_start(gone, NULL, -ENOENT, "interpreter");
	expect_no_start("/bin/true", argument, -E2BIG, "too long");
	expect_no_start("autoperf-no-such", NULL, -ENOENT, "not on PATH");
	close(fd);
	free(argument);
}

int main(void)
{
#define with_scratch(test) \
	cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)
	const struct CMUnitTest tests[] = {
		with_scratch(exit_status_and_signal_are_told_apart),
		with_scratch(times_and_memory_are_those_of_the_command),
		with_scratch(it_gets_the_runtime_and_the_session),
		with_scratch(it_gets_no_descriptor_of_ours),
		with_scratch(it_gets_our_signal_mask_and_dispositions),
		with_scratch(a_command_that_takes_too_long_is_ended),
		with_scratch(a_time_out_reaches_other_sessions_and_those_who_ignore_it),
		with_scratch(a_stopped_command_is_ended_too),
		with_scratch(no_time_out_is_no_limit),
		with_scratch(processes_that_outlive_the_command_are_left_and_counted),
		with_scratch(processes_that_end_soon_after_it_are_waited_for),
		with_scratch(a_request_to_stop_is_passed_on),
		with_scratch(a_second_request_insists),
		with_scratch(a_third_request_is_final),
		with_scratch(what_the_command_sends_its_own_group_is_no_request),
		with_scratch(an_ignored_signal_is_no_request),
		with_scratch(a_caller_that_blocks_signals_takes_them_between_runs),
		with_scratch(waiting_is_called_once_a_second),
		with_scratch(what_cannot_be_started_is_an_error_with_its_reason),
	};

	/* A group of our own, since commands here signal theirs. */
	setpgid(0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
