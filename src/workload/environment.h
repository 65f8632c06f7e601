/* SPDX-License-Identifier: MIT */
/* Inside this room: the environment that a measured command gets. */
#ifndef AUTOPERF_WORKLOAD_ENVIRONMENT_H
#define AUTOPERF_WORKLOAD_ENVIRONMENT_H

#include "base/error.h"

/* Zero-initialised is empty. */
struct environment {
	char **items; /* NAME=VALUE, NULL-terminated; most belong to the inherited one */
	char *preload; /* the two that are ours, owned */
	char *session;
};

/* Whether the path can stand in LD_PRELOAD, which has no quoting; the text names it. */
int environment_check_runtime(const char *runtime, struct error *error);

/*
 * `inherited` (environ) with the NAME=VALUE of `added` (may be NULL) added or replacing, the
 * last one of a name counting; then `runtime` put in front of LD_PRELOAD and
 * PERFPOINT_SESSION set to `session`; without a runtime (NULL) neither is. Fails like environment_check_runtime(). What is
 * handed in must outlive the result.
 */
int environment_make(struct environment *environment, char *const *inherited,
		     char *const *added, const char *runtime, const char *session,
		     struct error *error);
void environment_free(struct environment *environment);

/* The value of `name` in a NAME=VALUE list (may be NULL), the last one; NULL if not there. */
const char *environment_get(char *const *items, const char *name);

#endif
