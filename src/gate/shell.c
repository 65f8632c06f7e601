/* SPDX-License-Identifier: MIT */
/* Runs the user's build command: see shell.h. */
#include "gate/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/printable.h"
#include "base/text.h"
#include "workload/workload.h"

#define SHELL         "/bin/sh"
#define TAIL_LINES    12
#define TAIL_BYTES    1200
#define INCLUDE_PATHS "CPATH"

extern char **environ;

/* Our environment, with the directory of perfpoint.h in CPATH. *added is to be freed. */
static char **make_environment(char **added)
{
	const char *given = getenv(INCLUDE_PATHS);
	char *headers = workload_find_headers();
	struct text variable = {0};
	size_t count = 0, kept = 0;
	char **environment;

	*added = NULL;
	while (environ[count])
		count++;
	environment = calloc(count + 2, sizeof(*environment));
	if (headers)
		text_printf(&variable, INCLUDE_PATHS "=%s%s%s", headers,
			    given && *given ? ":" : "", given ? given : "");
	free(headers);
	for (size_t i = 0; environment && i < count; i++)
		if (!variable.chars || strncmp(environ[i], INCLUDE_PATHS "=",
					       strlen(INCLUDE_PATHS "=")) != 0)
			environment[kept++] = environ[i];
	if (environment)
		environment[kept] = *added = variable.chars;
	return environment;
}

static int spawn(const char *command, const char *directory, const char *log,
		 pid_t *pid)
{
	char *const argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
			      (char *)(uintptr_t)command, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	char *added;
	char **environment = make_environment(&added);
	int code = environment ? posix_spawn_file_actions_init(&actions) : ENOMEM;

	if (code) {
		free(environment);
		free(added);
		return code;
	}
	/* We ignore it (main.c); the build should not. */
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGXFSZ);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
						O_RDONLY, 0);
	if (!code)
		code = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log,
							O_WRONLY | O_CREAT | O_APPEND,
							0600);
	if (!code)
		code = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO,
							STDERR_FILENO);
	if (!code)
		code = posix_spawn_file_actions_addchdir_np(&actions, directory);
	if (!code)
		code = posix_spawn(pid, SHELL, &actions, &attributes, argv,
				   environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(environment);
	free(added);
	return code;
}

int shell_run(const char *command, const char *directory, const char *log,
	      const char *what, struct error *error)
{
	int status = 0;
	pid_t pid;
	int code = spawn(command, directory, log, &pid);

	if (code)
		return error_set(error, -code, "cannot run %s in '%s': %s", what,
				 directory, strerror(code));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(error, -errno, "cannot wait for %s: %s", what,
					 strerror(errno));
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFSIGNALED(status))
		error_set(error, -ECANCELED, "%s ('%s') was killed by signal %d (%s)",
			  what, command, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		error_set(error, -ECANCELED, "%s ('%s') failed with exit status %d",
			  what, command, WEXITSTATUS(status));
	shell_add_tail(log, error);
	return -ECANCELED;
}

/* Where the last lines of the text begin. */
static size_t tail_begin(const char *bytes, size_t length)
{
	unsigned lines = 0;

	while (length && bytes[length - 1] == '\n')
		length--;
	while (length) {
		if (bytes[length - 1] == '\n' && ++lines == TAIL_LINES)
			break;
		length--;
	}
	return length;
}

/* Text without anything that drives terminals. */
static void put_harmless(struct text *text, const char *bytes, size_t length)
{
	while (length) {
		size_t used = printable_sequence((const unsigned char *)bytes, length);

		if (used || *bytes == '\n' || *bytes == '\t')
			text_append(text, bytes, used ? used : 1);
		else
			text_puts(text, "?");
		bytes += used ? used : 1;
		length -= used ? used : 1;
	}
}

void shell_add_tail(const char *log, struct error *error)
{
	char bytes[TAIL_BYTES];
	struct text text = {0};
	int descriptor = open(log, O_RDONLY | O_CLOEXEC);
	off_t size;
	ssize_t got;
	size_t begin;

	if (descriptor < 0)
		return;
	size = lseek(descriptor, 0, SEEK_END);
	got = pread(descriptor, bytes, sizeof(bytes),
		    size > TAIL_BYTES ? size - TAIL_BYTES : 0);
	close(descriptor);
	while (got > 0 && bytes[got - 1] == '\n')
		got--;
	if (got <= 0)
		return;
	begin = tail_begin(bytes, (size_t)got);
	put_harmless(&text, bytes + begin, (size_t)got - begin);
	if (!text.failed) {
		struct error told = *error;

		error_set_exit(error, told.exit_status, told.code,
			       "%.640s; the end of '%s':\n%s", told.text, log,
			       text.chars);
	}
	text_free(&text);
}
