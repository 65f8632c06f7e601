/* SPDX-License-Identifier: MIT */
/*
 * The session: how the runner tells the runtime what to do, without changing the program's
 * environment more than by two variables of constant length.
 *
 * PERFPOINT_SESSION names a directory. The runtime reads `<dir>/session` and writes its
 * recordings into `<dir>`. The file is text, one directive a line, read by
 * src/perfpoint/session.c and written by session.c here:
 *
 *	perfpoint-session 1
 *	source perf|papi|sim|none
 *	plugin PATH                      source papi: the plug-in to dlopen
 *	user-read 0|1                    read counters in user space where the kernel offers it
 *	max-overhead PERMILLE            of the program's time that markers may take; 0: all
 *	running-floor PERMILLE           samples of groups that ran for less are refused
 *	event TYPE CONFIG CONFIG1 CONFIG2 FLAGS NAME
 *	also TYPE CONFIG CONFIG1 CONFIG2 of the event before: what it is on another PMU of the
 *	                                 processor (hybrid); its count is the sum of both
 *	group                            the event before begins a group, and the next events
 *	                                 join it up to the next such line; without any, the
 *	                                 runtime puts as many together as the kernel lets it
 *
 * Numbers are hexadecimal without prefix; FLAGS is enum session_event_flag; NAME runs to the
 * end of the line. Sources papi and sim ignore the numbers.
 */
#ifndef AUTOPERF_RECORDING_SESSION_H
#define AUTOPERF_RECORDING_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SESSION_ENVIRONMENT "PERFPOINT_SESSION"
#define SESSION_FILE        "session"
#define SESSION_VERSION     1
#define SESSION_PATH_MAX    1023 /* bytes of a path; the runtime keeps them in place */

enum session_event_flag {
	SESSION_EVENT_EXCLUDE_USER = 1,
	SESSION_EVENT_EXCLUDE_KERNEL = 2,
	SESSION_EVENT_EXCLUDE_HV = 4,
	SESSION_EVENT_PRECISE_SHIFT = 4, /* bits 4-5: precise_ip */
};

struct session_event {
	const char *name;
	uint32_t type;
	uint64_t config;
	uint64_t config1;
	uint64_t config2;
	uint32_t flags; /* enum session_event_flag */
	bool begins_group;
	bool has_other; /* on another PMU of the processor: */
	uint32_t other_type;
	uint64_t other_config;
	uint64_t other_config1;
	uint64_t other_config2;
};

struct session {
	const char *source; /* "perf", "papi", "sim", "none" */
	const char *plugin; /* NULL: none */
	bool user_read;
	uint32_t max_overhead;  /* permille; 0: without limit */
	uint32_t running_floor; /* permille; 0: without */
	const struct session_event *events;
	size_t event_count; /* <= RECORDING_EVENTS_MAX */
};

/*
 * Writes `<directory>/session`, replacing an old one. Refuses what the runtime could not read
 * back (-EINVAL, -E2BIG, -ENAMETOOLONG): names and paths with line breaks or too long, more
 * events than a recording holds, an unknown source.
 */
int session_write(const struct session *session, const char *directory,
		  struct error *error);

#endif
