/* SPDX-License-Identifier: MIT */
/* Runs the user's build command: see shell.h. */
#include "gate/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/printable.h"
#include "base/text.h"
#include "gate/streams.h"
#include "workload/workload.h"

#define SHELL         "/bin/sh"
#define TAIL_LINES    12
#define TAIL_BYTES    1200
#define INCLUDE_PATHS "CPATH"

/* "CPATH=...", with the directory of perfpoint.h in front; NULL chars: as it is. */
static int put_include_paths(struct text *variable, struct error *error)
{
	const char *given = getenv(INCLUDE_PATHS);
	char *headers = workload_find_headers();

	if (headers)
		text_printf(variable, INCLUDE_PATHS "=%s%s%s", headers,
			    given && *given ? ":" : "", given ? given : "");
	free(headers);
	return variable->failed ? error_no_memory(error, "preparing the environment")
				: 0;
}

/* What a command's end means; the end of its log is told with what failed. */
static int judge(const struct workload_result *result, const char *command,
		 const char *log, const char *what, struct error *error)
{
	switch (result->status) {
	case PROFILE_RUN_OK:
		return 0;
	case PROFILE_RUN_INTERRUPTED:
		return error_set(error, -EINTR, "interrupted during %s", what);
	case PROFILE_RUN_SIGNAL:
		error_set(error, -ECANCELED, "%s ('%s') was killed by signal %d (%s)",
			  what, command, result->exit_code,
			  strsignal(result->exit_code));
		break;
	default:
		error_set(error, -ECANCELED, "%s ('%s') failed with exit status %d",
			  what, command, result->exit_code);
		break;
	}
	shell_add_tail(log, error);
	return -ECANCELED;
}

int shell_run(const char *command, const char *directory, const char *log,
	      const char *what, struct error *error)
{
	char *const argv[] = {(char *)(uintptr_t)SHELL, (char *)(uintptr_t) "-c",
			      (char *)(uintptr_t)command, NULL};
	struct text include_paths = {0};
	char *added[] = {NULL, NULL};
	struct workload workload = {
		.argv = argv, .environment = added, .end_all = true};
	struct workload_result result;
	struct streams streams;
	int code = put_include_paths(&include_paths, error);

	added[0] = include_paths.chars;
	if (!code) {
		code = streams_lend(&streams, directory, log, error);
		if (!code)
			code = workload_run(&workload, &result, error);
		streams_restore(&streams);
		if (!code)
			code = judge(&result, command, log, what, error);
		else
			error_prefix(error, "cannot run %s", what);
	}
	text_free(&include_paths);
	return code;
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

bool shell_log_has(const char *log, off_t from, const char *text)
{
	char bytes[TAIL_BYTES];
	int descriptor = open(log, O_RDONLY | O_CLOEXEC);
	off_t size = descriptor < 0 ? 0 : lseek(descriptor, 0, SEEK_END);
	ssize_t got = 0;

	if (size - from > TAIL_BYTES)
		from = size - TAIL_BYTES;
	if (descriptor >= 0) {
		got = pread(descriptor, bytes, sizeof(bytes), from);
		close(descriptor);
	}
	return got > 0 && memmem(bytes, (size_t)got, text, strlen(text));
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
