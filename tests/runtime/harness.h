/* SPDX-License-Identifier: MIT */
/*
 * Runs a program under the preloaded runtime and reads what it recorded, for the tests of the
 * runtime in real processes. Everything fails the running cmocka test when it cannot be done.
 */
#ifndef TESTS_RUNTIME_HARNESS_H
#define TESTS_RUNTIME_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "recording/session.h"
#include "support/recordings.h"

/* Paths from the command line; papi_plugin and papi_any_cpu are NULL without PAPI. */
extern const char *library, *scenario, *exceptions, *plugin, *inert, *papi_plugin,
	*papi_any_cpu;

/* Takes them from argv: LIBRARY SCENARIO EXCEPTIONS PLUGIN STATIC [PAPI_PLUGIN PAPI_ANY_CPU].
 * false: usage has been printed. */
bool harness_arguments(int argc, char **argv);

/* One run of a program, and all recordings that it left. */
struct outcome {
	char directory[64];
	int status; /* of waitpid */
	char *stderr_text;
	struct recordings recorded;
};

struct setup {
	const char *program;
	const char *argument;
	const char *source; /* NULL: perf */
	const struct session_event
		*events; /* NULL: task-clock, context-switches, page-faults */
	size_t event_count;
	uint32_t running_floor;   /* permille */
	rlim_t file_limit;        /* 0: none */
	rlim_t fd_limit;          /* soft limit; 0: none */
	rlim_t fd_hard_limit;     /* 0: the same */
	uint32_t max_overhead;    /* permille; 0: none */
	bool broken_stderr;       /* nobody reads it */
	const char *disk;         /* size of a tmpfs to record into; NULL: none */
	const char *session_text; /* instead of a session of the above */
};

/* NULL only when the tmpfs cannot be mounted here. */
struct outcome *run(const struct setup *setup);
struct outcome *run_scenario(const char *name);
/* Removes what the run left. */
void finish(struct outcome *outcome);

void assert_exited(const struct outcome *outcome, int status);
/* Nothing on stderr. */
void assert_quiet(const struct outcome *outcome);

/* Samples of a region (NULL: all) over all recordings. */
uint64_t samples(struct outcome *outcome, const char *region);
uint64_t lost(const struct outcome *outcome, enum recording_loss loss);
uint64_t lost_at_all(const struct outcome *outcome);

#endif
