/* SPDX-License-Identifier: MIT */
/* perf_event_open(2) for the calling thread: trying events, and saying why one was refused. */
#ifndef AUTOPERF_EVENT_COUNTER_H
#define AUTOPERF_EVENT_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

enum counter_outcome {
	COUNTER_RAN,       /* opened, and counted all of the time */
	COUNTER_PART_TIME, /* opened, but shared its counter with others */
	COUNTER_NEVER_RAN, /* opened, but never got a counter */
	COUNTER_REFUSED,   /* did not open */
};

struct counter_trial {
	enum counter_outcome outcome;
	int code;       /* COUNTER_REFUSED: positive errno */
	size_t refused; /* COUNTER_REFUSED: the member that was refused */
	uint64_t value; /* count of the first member over the trial, else 0 */
};

/*
 * Opens `count` >= 1 events as one group of the calling thread, lets the processor work for
 * about 0.1 ms, reads and closes them. Events of a hybrid processor are two groups, one on
 * each of its PMUs.
 */
struct counter_trial counter_try(const struct event_encoding *const *members,
				 size_t count);

/*
 * Opens one event for the calling thread, in the group of `leader` (-1: it leads one, and is
 * disabled), asking for reads in user space if so wished. Its read(2) gives the group and both
 * times. Descriptor, or negative errno.
 */
int counter_open(const struct event_encoding *encoding, int leader, bool user_read);

/*
 * One of the kernel's generic hardware events with those flags (enum session_event_flag), on
 * hybrid processors on both PMUs.
 */
struct event_encoding counter_generic(const char *name, uint32_t flags);

/* User-mode work with branches and memory accesses, about 0.1 ms of it. */
void counter_work(void);

/* What tells the causes of one errno apart. */
struct counter_circumstances {
	int paranoid;        /* kernel.perf_event_paranoid, INT_MIN: not visible */
	bool seccomp;        /* a filter is in force in this process */
	bool perfmon;        /* CAP_PERFMON or CAP_SYS_ADMIN is effective */
	bool user_namespace; /* and all capabilities hold in a namespace only */
	bool container;
	bool no_core_pmu;    /* the machine shows no counters of the processor */
	uint64_t files_hard; /* what the limit on open files may be raised to */
};

/* Those of this process; what cannot be found out is false. */
void counter_circumstances(struct counter_circumstances *found);

/*
 * Why perf_event_open(2) answered `code` (positive errno) for that event, and the way out:
 * one or two sentences without the event's name and without a full stop.
 */
void counter_explain(const struct event_encoding *encoding, int code,
		     const struct counter_circumstances *circumstances, char *reason,
		     size_t size);
/* The same under the circumstances of this process. */
void counter_reason(const struct event_encoding *encoding, int code, char *reason,
		    size_t size);

/* What to run so that kernel mode may be counted; the end of several messages. */
extern const char counter_allow_kernel[];

#endif
