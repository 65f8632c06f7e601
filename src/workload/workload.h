/* SPDX-License-Identifier: MIT */
/*
 * Runs the user's command: once (workload_run), with the runtime preloaded and a session
 * directory for its recordings; or as often as a profile needs (record). Its stdin, stdout
 * and stderr are the command's own.
 */
#ifndef AUTOPERF_WORKLOAD_WORKLOAD_H
#define AUTOPERF_WORKLOAD_WORKLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "event/event.h"
#include "profile/profile.h"

struct console;
struct interrupts;

struct workload {
	char *const *argv; /* program and arguments, NULL-terminated */
	/* NAME=VALUE to add or replace, NULL-terminated; may be NULL. */
	char *const *environment;
	/* 0: none; then SIGTERM, and SIGKILL 5 s later, to the command and every process
	 * that it started. */
	double timeout_s;
	/* Asked to stop, what outlives the command is ended like after a time-out. */
	bool end_all;
	/* The kernel is not to randomise addresses, where it lets us have that. */
	bool fixed_addresses;
	const char *runtime; /* path of libperfpoint.so.0; NULL: nothing is measured */
	const char *session; /* directory; holds `session`, gets the recordings */
	/* Signals that the caller has blocked; NULL: blocked for the run only. */
	const struct interrupts *interrupts;
	/* Called once a second while the command runs; NULL: never, nothing wakes up. */
	void (*waiting)(void *context);
	void *context;
};

struct workload_result {
	enum profile_run_status status; /* OK, EXIT, SIGNAL, TIMEOUT, INTERRUPTED */
	int exit_code;                  /* exit status or signal number */
	int64_t started_utc_ns;
	uint64_t wall_ns;
	uint64_t user_ns;
	uint64_t system_ns;
	uint64_t max_rss_bytes; /* of the largest process; an upper bound */
	unsigned left_running;  /* processes that outlive it, earlier runs' included */
};

/*
 * Whether the command can be measured, before it runs: found on PATH, executable, not
 * statically linked (no LD_PRELOAD), not set-user-ID, of this architecture. Scripts are fine:
 * their interpreter is checked. The text names the file and the way out; exit_status is
 * EXIT_CANNOT_MEASURE for a program that runs but cannot be measured. With `without_runtime`
 * (regions are functions, seen by the simulator) a statically linked one will do.
 */
int workload_check(char *const *argv, bool without_runtime, struct error *error);

/*
 * Runs and waits. SIGINT, SIGTERM and SIGHUP that reach us while it runs are passed on to the
 * command and make the result INTERRUPTED (a second one sends SIGTERM, a third SIGKILL);
 * signals that the command itself sends us ("kill 0") do not. Fails only when the command
 * cannot be started.
 *
 * Processes that outlive the command are left running and counted: how long a daemon means to
 * live cannot be known. After a time-out they are killed; with end_all, also after an interruption.
 *
 * The caller must have no other child processes, since all that end are waited for.
 */
int workload_run(const struct workload *workload, struct workload_result *result,
		 struct error *error);

/*
 * Path of a shared object of ours ("libperfpoint.so.0"): in $PERFPOINT_LIBRARY_DIR if that is
 * set, else in the build tree that we run from, or installed. malloc'd; NULL if not there.
 */
char *workload_find_library(const char *name);
/*
 * The directory of the simulator, which holds the tool and is Valgrind's VALGRIND_LIB: below
 * $PERFPOINT_LIBRARY_DIR, else in the build tree, or installed. malloc'd; NULL if not there.
 */
char *workload_find_simulator(void);
/* The directory of perfpoint.h, which belongs to the runtime. malloc'd; NULL if not there. */
char *workload_find_headers(void);

/*
 * Everything `autoperf record` does after its arguments are parsed; also the engine of later
 * commands that measure.
 */
struct record_options {
	char *const *argv;
	char *const *environment;
	const struct event_names *names; /* NULL: default set */
	const char *output;
	const char
		*scratch; /* parent of the session directory; NULL: beside the output */
	/* Files of the source below it are named as seen from it; canonical, NULL: none are. */
	const char *source_top;
	unsigned runs; /* runs with each pass */
	enum event_source source;
	double timeout_s;
	double max_overhead;  /* share of the program's time for markers; 0: no limit */
	double running_floor; /* share of a sample in which its counters must have run */
	bool force;
	bool append;
	bool skip_unavailable;
	bool multiplex; /* one pass, counters taking turns */
	bool keep_recordings;
	bool end_all; /* as in struct workload */
	struct {
		bool fixed;    /* the same layout in each run, as far as we can */
		uint64_t seed; /* of the first run; 0: any */
	} layout; /* where stack, heap and libraries lie, see randomize.h */
	struct {
		const char *machine; /* name, file or "host"; NULL: the profile's with
					--append, else the default machine */
		bool cold;           /* nothing is simulated outside regions */
		/* Functions whose calls are regions, NULL-terminated; may be NULL. */
		const char *const *region_functions;
		bool follow_children; /* programs that the program starts, too */
	} simulation;                 /* source sim */
	const struct console *console;
};

struct record_summary {
	unsigned runs_planned; /* all passes together, as the next two */
	unsigned runs_ok;
	unsigned runs_failed;
	size_t passes;
	uint64_t samples; /* of our runs that were fine */
	uint64_t lost;
	size_t regions; /* in the whole profile, as the next */
	uint64_t profile_bytes;
	bool interrupted;
	uint64_t seed;  /* of the first run's layout, 0: not randomised */
	bool simulated; /* source sim: the profile may hold contended cache lines */
};

/*
 * Plans the passes, runs them alternately (run 1 of pass 1, run 1 of pass 2, ..., run 2 of
 * pass 1, ...), ingests each run at once. Runs that fail are kept in the profile with their
 * status. 0 when at least one run of every pass is fine; on failure the finished runs are in
 * the profile all the same, except that a new profile without any sample is removed.
 *
 * Gives up when the first runs show that there is nothing to gain: one without any marker,
 * or three failures in a row before any success.
 *
 * Says on the console what will be measured and what went wrong in single runs. SIGINT,
 * SIGTERM and SIGHUP end it after the run under way, as workload_run() tells.
 */
int record(const struct record_options *options, struct record_summary *summary,
	   struct error *error);

#endif
