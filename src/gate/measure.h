/* SPDX-License-Identifier: MIT */
/* Runs of two sides, in turns. */
#ifndef AUTOPERF_GATE_MEASURE_H
#define AUTOPERF_GATE_MEASURE_H

#include "base/console.h"
#include "event/event.h"
#include "gate/side.h"

struct measurement {
	const struct side *sides[2]; /* base, head; may be the same */
	char *profiles[2];           /* files; owned by the caller */
	const char *log;             /* what the workload prints */
	const char *workload;        /* for sh -c */
	const char *workload_dir;    /* below the top; NULL: the top */
	enum event_source source;
	const char *machine; /* to simulate; NULL: the default */
	unsigned runs;       /* of each side */
	const struct console *console;
};

/*
 * Runs the workload until both profiles hold `runs` runs that ended well, A B B A A B ..., so that
 * a machine that slowly changes changes both sides alike. Runs that are there already count: a
 * measurement that was killed goes on where it was. The console must not be stderr's descriptor,
 * which is the log's meanwhile.
 *
 * One run that fails ends it (-ECANCELED); one without markers does (-ENODATA); -EINTR when asked
 * to stop.
 */
int measure(const struct measurement *measurement, struct error *error);

#endif
