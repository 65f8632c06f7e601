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
 * about 0.1 ms, reads and closes them.
 */
struct counter_trial counter_try(const struct event_encoding *const *members,
				 size_t count);

/*
 * Opens one event for the calling thread, in the group of `leader` (-1: it leads one, and is
 * disabled), asking for reads in user space if so wished. Its read(2) gives the group and both
 * times. Descriptor, or negative errno.
 */
int counter_open(const struct event_encoding *encoding, int leader, bool user_read);

/* User-mode work with branches and memory accesses, about 0.1 ms of it. */
void counter_work(void);

/*
 * Why perf_event_open(2) answered `code` (positive errno) for that event, and the way out:
 * one or two sentences without the event's name and without a full stop. Looks at the
 * machine's settings to tell the causes of one errno apart.
 */
void counter_reason(const struct event_encoding *encoding, int code, char *reason,
		    size_t size);

/* What to run so that kernel mode may be counted; the end of several messages. */
extern const char counter_allow_kernel[];

#endif
