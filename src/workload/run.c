/* SPDX-License-Identifier: MIT */
/*
 * One execution of the command: start it, wait, and end it when it takes too long or the user
 * asks. No shell.
 *
 * The command stays in our process group. It is thereby in the terminal's foreground exactly
 * when we are, may read the terminal, gets Ctrl-C and Ctrl-Z from it directly, and dies with
 * us when somebody kills the group. What a process group would be for, reaching everything
 * that the command started, a child subreaper does better: it also holds processes that made
 * a session of their own (tree.h). A side effect is shared with every systemd session: a
 * daemon's parent is not process 1.
 *
 * The wait sleeps in sigtimedwait(2) and wakes up only for a reason, so that nothing of ours
 * runs beside the command.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "workload/environment.h"
#include "workload/interrupts.h"
#include "workload/program.h"
#include "workload/randomize.h"
#include "workload/tree.h"
#include "workload/workload.h"

#define NS_PER_S UINT64_C(1000000000)
#define NEVER    UINT64_MAX

/* From SIGTERM to SIGKILL. */
#define KILL_DELAY_NS (5 * NS_PER_S)
/* Between sweeps of SIGKILL, which catch what was forked during the one before. */
#define SWEEP_NS (NS_PER_S / 20)
/* Processes that outlive the command by less than this are waited for. */
#define LINGER_NS (NS_PER_S / 10)
/* How often workload.waiting() is called. */
#define WAITING_NS NS_PER_S

/* Seconds beyond which a time-out is none. */
#define TIMEOUT_MAX_S 1e9

extern char **environ;

struct running {
	const struct workload *workload;
	const struct interrupts *interrupts;
	struct workload_result *result;
	pid_t pid;
	uint64_t started_ns;  /* all times: CLOCK_MONOTONIC */
	uint64_t deadline_ns; /* the time-out, or NEVER */
	uint64_t kill_ns;     /* when SIGKILL is due, or NEVER */
	uint64_t swept_ns;    /* when SIGKILL was last sent, or 0 */
	uint64_t waiting_ns;  /* when waiting() is due, or NEVER */
	unsigned stops;       /* requests to stop so far */
	bool timed_out;
	bool ended;    /* the command itself */
	bool outlived; /* by processes that it started */
	uint64_t ended_ns;
	int wait_status;
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static uint64_t timeval_ns(struct timeval time)
{
	return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_usec * 1000;
}

/*
 * Waits for every child that has ended; processes orphaned by the command are our children
 * too. The CPU time of one left by an earlier run counts for this one: nothing tells them
 * apart. Returns whether any child is left.
 */
static bool reap(struct running *running)
{
	struct workload_result *result = running->result;
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		/* ru_maxrss, in KiB, starts from our own size at the fork: an upper bound. */
		uint64_t rss_bytes = (uint64_t)usage.ru_maxrss * 1024;

		result->user_ns += timeval_ns(usage.ru_utime);
		result->system_ns += timeval_ns(usage.ru_stime);
		if (rss_bytes > result->max_rss_bytes)
			result->max_rss_bytes = rss_bytes;
		if (pid == running->pid) {
			running->ended = true;
			running->ended_ns = now_ns(CLOCK_MONOTONIC);
			running->wait_status = status;
		}
	}
	return !pid;
}

/* To the command and all that it started; stopped ones are woken up to take it. */
static void signal_all(const struct running *running, int number)
{
	if (!tree_signal(number) && !running->ended)
		kill(running->pid, number);
	if (number != SIGKILL && !tree_signal(SIGCONT) && !running->ended)
		kill(running->pid, SIGCONT);
}

static void terminate(struct running *running, uint64_t now)
{
	signal_all(running, SIGTERM);
	running->kill_ns = now + KILL_DELAY_NS;
}

/* "kill 0" in the command's own script means its group; it is not the user's wish. */
static bool sent_by_command(const siginfo_t *info)
{
	bool has_sender = info->si_code == SI_USER || info->si_code == SI_TKILL ||
			  info->si_code == SI_QUEUE;

	return has_sender && tree_has(info->si_pid);
}

/*
 * A request to stop. The first is passed on, in case the command ends well by itself; the
 * second is insistence; the third is final.
 */
static void stop(struct running *running, int number, const siginfo_t *info)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (sent_by_command(info))
		return;
	running->stops++;
	if (running->stops == 1) {
		/* What the terminal sends has reached everyone in the group already. */
		if (info->si_code != SI_KERNEL || getpgid(running->pid) != getpgrp())
			signal_all(running, number);
	} else if (running->stops == 2) {
		terminate(running, now);
	} else {
		running->kill_ns = now;
	}
}

/* Does what is due. */
static void keep_time(struct running *running, uint64_t now)
{
	if (!running->ended && !running->timed_out && now >= running->deadline_ns) {
		running->timed_out = true;
		terminate(running, now);
	}
	if (now >= running->kill_ns && now - running->swept_ns >= SWEEP_NS) {
		running->swept_ns = now;
		signal_all(running, SIGKILL);
	}
	if (running->workload->waiting && !running->ended &&
	    now >= running->waiting_ns) {
		running->workload->waiting(running->workload->context);
		running->waiting_ns = now + WAITING_NS;
	}
}

/* When the wait for what the command left behind is over. */
static uint64_t linger_until(const struct running *running)
{
	if (running->kill_ns == NEVER)
		return running->ended_ns + LINGER_NS;
	/* They are being killed; only a process stuck in the kernel takes that long. */
	return running->kill_ns + KILL_DELAY_NS;
}

static void earlier(uint64_t *when, uint64_t other)
{
	if (other < *when)
		*when = other;
}

/* How long the next wait may take. */
static uint64_t pause_ns(const struct running *running, uint64_t now)
{
	uint64_t until = NEVER;

	if (running->ended)
		until = linger_until(running);
	else if (!running->timed_out)
		until = running->deadline_ns;
	if (!running->ended)
		earlier(&until, running->waiting_ns);
	if (running->kill_ns != NEVER)
		earlier(&until, now < running->kill_ns ? running->kill_ns
						       : running->swept_ns + SWEEP_NS);
	if (until == NEVER)
		return NEVER;
	return until > now ? until - now : 0;
}

static void wait_for_command(struct running *running)
{
	sigset_t children;

	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	for (;;) {
		bool more = reap(running);
		uint64_t now = now_ns(CLOCK_MONOTONIC);

		running->outlived = more;
		if (running->ended && more && running->stops &&
		    running->workload->end_all && running->kill_ns == NEVER)
			terminate(running, now);
		if (running->ended && (!more || now >= linger_until(running)))
			break;
		keep_time(running, now);

		/* Once the command has ended, a request to stop is for our caller. */
		siginfo_t info;
		const sigset_t *signals =
			running->ended ? &children : &running->interrupts->waited;
		int number = interrupts_wait(signals, pause_ns(running, now), &info);

		if (number && number != SIGCHLD)
			stop(running, number, &info);
	}
}

static void fill_result(const struct running *running)
{
	struct workload_result *result = running->result;
	int status = running->wait_status;

	result->wall_ns = running->ended_ns - running->started_ns;
	if (running->outlived) {
		pid_t *pids;

		result->left_running = (unsigned)tree_descendants(&pids);
		free(pids);
	}
	result->exit_code =
		WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	if (running->stops)
		result->status = PROFILE_RUN_INTERRUPTED;
	else if (running->timed_out)
		result->status = PROFILE_RUN_TIMEOUT;
	else if (WIFSIGNALED(status))
		result->status = PROFILE_RUN_SIGNAL;
	else
		result->status =
			WEXITSTATUS(status) ? PROFILE_RUN_EXIT : PROFILE_RUN_OK;
}

/* What an errno of execve(2) means here; NULL: nothing more than its name. */
static const char *exec_hint(int code)
{
	switch (code) {
	case ENOENT:
		return "it, its interpreter or its loader is gone";
	case EACCES:
		return "the file system may be mounted noexec";
	case ENOEXEC:
		return "it is no program that this kernel can execute";
	case E2BIG:
		return "its arguments and environment together are too long";
	case ETXTBSY:
		return "it is open for writing; wait until it is built";
	default:
		return NULL;
	}
}

static int exec_failed(const char *path, int code, struct error *error)
{
	const char *hint = exec_hint(code);

	return error_set(error, -code, "cannot start '%s': %s%s%s%s", path,
			 strerror(code), hint ? " (" : "", hint ? hint : "",
			 hint ? ")" : "");
}

/* Never returns. Only async-signal-safe calls: we are a copy of a process. */
static void run_child(const struct running *running, const char *path,
		      char *const *environment, int report)
{
	interrupts_restore_in_child(running->interrupts);
	if (running->workload->fixed_addresses)
		layout_fix_addresses();
	execve(path, running->workload->argv, environment);

	int code = errno;
	ssize_t written = write(report, &code, sizeof(code));

	_exit(written == (ssize_t)sizeof(code) ? 127 : 126);
}

/*
 * Forks and executes. A pipe that closes on exec tells whether that worked: it delivers
 * either the child's errno or end of file.
 */
static int start(struct running *running, const char *path, char *const *environment,
		 struct error *error)
{
	int report[2];
	int code = 0;
	ssize_t got;

	if (pipe2(report, O_CLOEXEC))
		return error_set(error, -errno, "cannot start '%s': no pipe: %s", path,
				 strerror(errno));
	running->result->started_utc_ns = (int64_t)now_ns(CLOCK_REALTIME);
	running->started_ns = now_ns(CLOCK_MONOTONIC);
	running->pid = fork();
	if (!running->pid)
		run_child(running, path, environment, report[1]);
	if (running->pid < 0) {
		code = errno;
		close(report[0]);
		close(report[1]);
		return error_set(
			error, -code, "cannot start '%s': fork: %s%s", path,
			strerror(code),
			code == EAGAIN ? " (limit on processes, see 'ulimit -u')" : "");
	}
	close(report[1]);
	do {
		got = read(report[0], &code, sizeof(code));
	} while (got < 0 && errno == EINTR);
	close(report[0]);
	if (got != (ssize_t)sizeof(code))
		return 0;
	while (waitpid(running->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return exec_failed(path, code, error);
}

/* Start and wait, with signals blocked and orphans coming to us. */
static int start_and_wait(struct running *running, const char *path,
			  char *const *environment, struct error *error)
{
	const struct workload *workload = running->workload;
	int was_subreaper = 0;

	prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper);
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	int code = start(running, path, environment, error);

	if (!code) {
		if (workload->timeout_s > 0 && workload->timeout_s < TIMEOUT_MAX_S)
			running->deadline_ns =
				running->started_ns +
				(uint64_t)(workload->timeout_s * (double)NS_PER_S);
		if (workload->waiting)
			running->waiting_ns = running->started_ns + WAITING_NS;
		wait_for_command(running);
		fill_result(running);
	}
	prctl(PR_SET_CHILD_SUBREAPER, was_subreaper);
	return code;
}

int workload_run(const struct workload *workload, struct workload_result *result,
		 struct error *error)
{
	struct interrupts own = {0};
	struct environment environment = {0};
	struct running running = {
		.workload = workload,
		.interrupts = workload->interrupts ? workload->interrupts : &own,
		.result = result,
		.deadline_ns = NEVER,
		.kill_ns = NEVER,
		.waiting_ns = NEVER,
	};
	char *path = NULL;
	int code;

	*result = (struct workload_result){0};
	code = program_resolve(workload->argv[0], &path, error);
	if (!code)
		code = environment_make(&environment, environ, workload->environment,
					workload->runtime, workload->session, error);
	if (!code) {
		if (!workload->interrupts)
			interrupts_block(&own);
		code = start_and_wait(&running, path, environment.items, error);
		if (!workload->interrupts)
			interrupts_restore(&own);
	}
	environment_free(&environment);
	free(path);
	return code;
}
