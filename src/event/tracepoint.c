/* SPDX-License-Identifier: MIT */
/*
 * Tracepoints by tracefs: see tracepoint.h.
 *
 * tracefs is often mounted but readable by root alone, and in containers often not mounted at
 * all. Both look like "no such event" to someone who only tries to open the id file, so the
 * state is found out first and told apart.
 */
#include "event/tracepoint.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "event/kernel_file.h"

enum tracefs_state tracefs_find(const char *sys, char *root)
{
	static const char *const places[] = {"kernel/tracing", "kernel/debug/tracing"};
	enum tracefs_state state = TRACEFS_ABSENT;
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		enum tracefs_state here = TRACEFS_ABSENT;

		snprintf(path, sizeof(path), "%s/%s/events", sys, places[i]);
		if (!access(path, R_OK | X_OK)) {
			here = TRACEFS_READABLE;
		} else if (errno == EACCES) {
			here = TRACEFS_FORBIDDEN;
		} else {
			*strrchr(path, '/') = '\0';
			here = access(path, F_OK) ? TRACEFS_ABSENT
						  : TRACEFS_NOT_MOUNTED;
		}
		if (here >= state)
			continue;
		state = here;
		if (root && here <= TRACEFS_FORBIDDEN)
			snprintf(root, PATH_MAX, "%s/%s", sys, places[i]);
	}
	return state;
}

const char *tracefs_advice(enum tracefs_state state)
{
	switch (state) {
	case TRACEFS_FORBIDDEN:
		return "this user may not read tracefs: run as root, or"
		       " `sudo mount -o remount,mode=755 /sys/kernel/tracing`";
	case TRACEFS_NOT_MOUNTED:
		return "tracefs is not mounted:"
		       " `sudo mount -t tracefs nodev /sys/kernel/tracing`";
	case TRACEFS_ABSENT:
		return "this kernel has no tracefs (CONFIG_TRACING is off)";
	case TRACEFS_READABLE:
		break;
	}
	return "";
}

static bool is_name_part(const char *chars, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)chars[i]) && chars[i] != '_' &&
		    chars[i] != '-')
			return false;
	return length > 0;
}

bool tracepoint_is_name(const char *name, size_t length)
{
	const char *colon = memchr(name, ':', length);

	return colon && is_name_part(name, (size_t)(colon - name)) &&
	       is_name_part(colon + 1, length - (size_t)(colon - name) - 1);
}

int tracepoint_id(const char *root, const char *name, size_t length, uint64_t *id)
{
	const char *colon = memchr(name, ':', length);
	char path[PATH_MAX];
	int64_t number;
	int code;

	if (!tracepoint_is_name(name, length))
		return -ENOENT;
	if (snprintf(path, sizeof(path), "%s/events/%.*s/%.*s/id", root,
		     (int)(colon - name), name, (int)(name + length - colon - 1),
		     colon + 1) >= PATH_MAX)
		return -ENOENT;
	code = kernel_file_number(path, &number);
	if (code)
		return code == -ENOTDIR ? -ENOENT : code;
	*id = (uint64_t)number;
	return 0;
}

/* A walk over the subsystems' events. */
struct tracepoint_walk {
	const char *root;
	const char *subsystem;
	tracepoint_visit visit;
	void *context;
};

/* Beside each event's directory lie files such as "enable" and "filter". */
static int visit_event(const char *event, void *context)
{
	const struct tracepoint_walk *walk = context;
	char name[2 * NAME_MAX + 2];

	if (!strcmp(event, "enable") || !strcmp(event, "filter"))
		return 0;
	snprintf(name, sizeof(name), "%s:%s", walk->subsystem, event);
	return walk->visit(name, walk->context);
}

static int visit_subsystem(const char *subsystem, void *context)
{
	struct tracepoint_walk *walk = context;
	char path[PATH_MAX];

	/* "ftrace" events are formats of the tracer itself and cannot be counted. */
	if (!strcmp(subsystem, "ftrace") || snprintf(path, sizeof(path), "%s/events/%s",
						     walk->root, subsystem) >= PATH_MAX)
		return 0;
	walk->subsystem = subsystem;
	return kernel_directory_each(path, visit_event, walk);
}

int tracepoint_visit_all(const char *root, tracepoint_visit visit, void *context)
{
	struct tracepoint_walk walk = {
		.root = root, .visit = visit, .context = context};
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/events", root) >= PATH_MAX)
		return 0;
	return kernel_directory_each(path, visit_subsystem, &walk);
}
