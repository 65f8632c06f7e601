/* SPDX-License-Identifier: MIT */
/*
 * Writes the session file: see session.h. It is read by code that lives in the user's program
 * and must stay simple, so everything that could confuse a line-wise reader is refused here.
 */
#include "recording/session.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "recording/format.h"

/* Whether it can stand at the end of a line. */
static bool fits_line(const char *chars)
{
	return *chars && !strpbrk(chars, "\r\n");
}

static int check_path(const char *path, const char *what, struct error *error)
{
	if (!fits_line(path))
		return error_set(
			error, -EINVAL,
			"cannot use the %s '%s': its path is empty or has a line break",
			what, path);
	if (strlen(path) > SESSION_PATH_MAX)
		return error_set(
			error, -ENAMETOOLONG,
			"cannot use the %s '%s': its path has more than %d bytes", what,
			path, SESSION_PATH_MAX);
	return 0;
}

static int check(const struct session *session, const char *directory,
		 struct error *error)
{
	bool papi = !strcmp(session->source, "papi");
	int code;

	if (!papi && strcmp(session->source, "perf") &&
	    strcmp(session->source, "sim") && strcmp(session->source, "none"))
		return error_set(
			error, -EINVAL,
			"cannot write a session for source '%s': the runtime knows "
			"perf, papi, sim and none",
			session->source);
	if (papi && !session->plugin)
		return error_set(
			error, -EINVAL,
			"cannot write a session for source papi without its plug-in");
	code = check_path(directory, "session directory", error);
	if (!code && session->plugin)
		code = check_path(session->plugin, "plug-in", error);
	if (code)
		return code;
	if (session->event_count > RECORDING_EVENTS_MAX)
		return error_set(
			error, -E2BIG,
			"cannot count %zu events in one pass: at most %u fit a "
			"recording; split them into passes",
			session->event_count, RECORDING_EVENTS_MAX);
	for (size_t i = 0; i < session->event_count; i++) {
		const char *name = session->events[i].name;

		if (!fits_line(name) || strlen(name) > RECORDING_NAME_MAX)
			return error_set(
				error, -EINVAL,
				"cannot count event %zu: its name is empty, has a line "
				"break or more than %u bytes",
				i + 1, RECORDING_NAME_MAX);
	}
	return 0;
}

int session_write(const struct session *session, const char *directory,
		  struct error *error)
{
	struct file_output output = {0};
	struct text path = {0};
	int code = check(session, directory, error);

	if (code)
		return code;
	text_printf(&path, "%s/%s", directory, SESSION_FILE);
	if (path.failed)
		code = error_no_memory(error, "writing the session");
	else
		code = file_output_open(&output, path.chars, true, error);
	text_free(&path);
	if (code)
		return code;
	fprintf(output.stream, "perfpoint-session %d\nsource %s\n", SESSION_VERSION,
		session->source);
	if (session->plugin)
		fprintf(output.stream, "plugin %s\n", session->plugin);
	fprintf(output.stream, "user-read %d\n", session->user_read);
	if (session->max_overhead)
		fprintf(output.stream, "max-overhead %" PRIx32 "\n",
			session->max_overhead);
	if (session->running_floor)
		fprintf(output.stream, "running-floor %" PRIx32 "\n",
			session->running_floor);
	for (size_t i = 0; i < session->event_count; i++) {
		const struct session_event *event = &session->events[i];

		fprintf(output.stream,
			"event %" PRIx32 " %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx32
			" %s\n",
			event->type, event->config, event->config1, event->config2,
			event->flags, event->name);
		if (event->has_other)
			fprintf(output.stream,
				"also %" PRIx32 " %" PRIx64 " %" PRIx64 " %" PRIx64
				"\n",
				event->other_type, event->other_config,
				event->other_config1, event->other_config2);
		if (event->begins_group)
			fputs("group\n", output.stream);
	}
	return file_output_commit(&output, error);
}
