/* SPDX-License-Identifier: MIT */
/* Runs a short helper program and keeps what it prints: see capture.h. */
#include "workload/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"

extern char **environ;

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Reads to the end of `fd` or until `deadline_s`. Returns 0 or a negative errno. */
static int read_output(int fd, size_t limit, double deadline_s, struct text *output)
{
	char bytes[4096];

	for (;;) {
		double left_ms = (deadline_s - now_s()) * 1e3;
		struct pollfd wait = {.fd = fd, .events = POLLIN};

		if (left_ms <= 0)
			return -ETIMEDOUT;
		if (poll(&wait, 1, (int)(left_ms < 1e6 ? left_ms + 1 : 1e6)) <= 0)
			continue; /* late or interrupted: the clock decides */

		ssize_t got = read(fd, bytes, sizeof(bytes));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : 0;

		size_t room = limit - output->length;

		text_append(output, bytes, (size_t)got < room ? (size_t)got : room);
	}
}

/* Starts it with stdout at `out`. Returns 0 or a negative errno. */
static int spawn(const char *const *argv, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int code = posix_spawn_file_actions_init(&actions);

	if (code)
		return -code;
	code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
						O_RDONLY, 0);
	if (!code)
		code = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (!code)
		code = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO,
							"/dev/null", O_WRONLY, 0);
	/* The declaration lacks const for historical reasons; the strings are not changed. */
	if (!code)
		code = posix_spawnp(pid, argv[0], &actions, NULL,
				    (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return -code;
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0; /* SIGCHLD is ignored: its status is lost, its output not */
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EIO;
}

int capture_output(const char *const *argv, size_t limit, double timeout_s,
		   char **output)
{
	struct text text = {0};
	int ends[2] = {-1, -1};
	pid_t pid = 0;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;

	int code = spawn(argv, ends[1], &pid);

	close(ends[1]);
	if (code) {
		close(ends[0]);
		return code;
	}
	code = read_output(ends[0], limit, now_s() + timeout_s, &text);
	close(ends[0]);
	if (code)
		kill(pid, SIGKILL);

	int ended = wait_for(pid);

	text_append(&text, "", 0);
	if (!code)
		code = text.failed ? -ENOMEM : ended;
	if (code)
		text_free(&text);
	else
		*output = text.chars;
	return code;
}
