/* SPDX-License-Identifier: MIT */
/* Tracepoints: "subsystem:event" and their numbers, by tracefs. */
#ifndef AUTOPERF_EVENT_TRACEPOINT_H
#define AUTOPERF_EVENT_TRACEPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tracefs_state {
	TRACEFS_READABLE,
	TRACEFS_FORBIDDEN,   /* mounted, but this user may not read it */
	TRACEFS_NOT_MOUNTED, /* the kernel has it */
	TRACEFS_ABSENT,      /* the kernel was built without */
};

/*
 * Where tracefs is, sought at its two usual places below `sys` ("/sys", or a copy in tests).
 * `root` (PATH_MAX bytes, may be NULL) gets the directory when it is readable or forbidden.
 */
enum tracefs_state tracefs_find(const char *sys, char *root);
/* What is wrong and the command that mends it; "" when readable. */
const char *tracefs_advice(enum tracefs_state state);

/* Two plain names with one colon between them. */
bool tracepoint_is_name(const char *name, size_t length);
/* The number that goes into perf_event_attr.config. 0, -ENOENT, or another -errno. */
int tracepoint_id(const char *root, const char *name, size_t length, uint64_t *id);

/* Calls `visit` with each "subsystem:event" below `root`, sorted; stops when it is not 0. */
typedef int (*tracepoint_visit)(const char *name, void *context);
int tracepoint_visit_all(const char *root, tracepoint_visit visit, void *context);

#endif
