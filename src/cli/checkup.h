/* SPDX-License-Identifier: MIT */
/*
 * What stands between this machine and good measurements: facts gathered from the machine, and
 * judgements about them. The two are apart so that judgements can be tested for machines that
 * are not at hand.
 */
#ifndef AUTOPERF_CLI_CHECKUP_H
#define AUTOPERF_CLI_CHECKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"
#include "event/reading.h"
#include "event/tracepoint.h"
#include "profile/machine.h"

#define CHECKUP_UNKNOWN (-1) /* a number that the machine does not tell */

/* How user-space reads of counters are switched. */
enum checkup_user_read {
	CHECKUP_USER_READ_UNKNOWN,
	CHECKUP_USER_READ_OFF,
	CHECKUP_USER_READ_ON,
};

struct checkup_facts {
	struct machine machine;
	struct event_machine events;
	bool core_pmu;         /* a driver of the processor's counters is registered */
	bool root;             /* effective user 0 */
	bool perfmon;          /* CAP_PERFMON or CAP_SYS_ADMIN is effective */
	bool perfmon_inherits; /* and programs that are started keep it */
	int seccomp;           /* 0 none, 1 strict, 2 filter, or unknown */
	int nmi_watchdog;      /* 0, 1 or unknown */
	enum checkup_user_read user_read;
	struct reading_cost reading; /* of one event, in both ways */
	char user_read_switch[128];  /* its file below /, "" if there is none */
	char turbo_switch[128];      /* likewise */
	size_t default_events;       /* that work here; 0: none was tried */
	size_t default_passes;       /* in which they are measured */
	char default_names[512];     /* theirs */
	char default_missing
		[2048];      /* the others with their reasons, "" if there are none */
	uint64_t files_soft; /* limit on open files */
	uint64_t files_hard;
	enum tracefs_state tracefs;
	char papi_problem[2048];   /* why source papi cannot work, "" if it can */
	char papi_components[512]; /* names of those that work */
	char papi_disabled
		[512]; /* why the processor's component does not, "" if it does */
	char simulator_problem[2048]; /* why source sim cannot work, "" if it can */
	char simulator[1024]; /* Valgrind, the tool that works with it, machines */
	char runtime[256];    /* path of libperfpoint, "" if it was not found */
	int64_t shared_memory_bytes; /* free in /dev/shm, or unknown */
	int64_t disk_bytes;          /* free in the working directory, or unknown */
};

/*
 * Gathers the facts of this machine. Files of /proc and /sys are read below `root` ("": the
 * machine's own; else what tests put there). Never fails: what cannot be found out is unknown.
 */
void checkup_gather(struct checkup_facts *facts, const char *root);

enum check_state {
	CHECK_OK,
	CHECK_NOTE,    /* worth knowing, or worth mending for quieter numbers */
	CHECK_PROBLEM, /* something cannot be measured */
};

struct check {
	const char *name; /* stable: scripts look for it */
	enum check_state state;
	char found[2800];
	char cost[256]; /* what it costs the user, "" when ok */
	char mend[512]; /* the command or step that mends it, "" if there is none */
};

/* Judges; check number `index` goes to *check. False after the last. */
bool checkup_judge(const struct checkup_facts *facts, size_t index,
		   struct check *check);

/* "ok", "note", "problem". */
const char *check_state_name(enum check_state state);

#endif
