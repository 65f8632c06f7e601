/* SPDX-License-Identifier: MIT */
/*
 * The clock of markers: where the kernel itself keeps time by the processor's counter, that
 * counter, by the kernel's own rate; else CLOCK_MONOTONIC. clock_gettime() takes 40 to 70
 * instructions, and not always as many: more while the kernel adjusts time, and again when a
 * tick strikes within it. Raw values are kept while a region is open and become times when it
 * is over.
 *
 * The processor's counter is set by CLOCK_MONOTONIC once, when a process's first thread is seen;
 * from there on times are those of the processor, which CLOCK_MONOTONIC may follow at up to 500 ppm.
 */
#ifndef AUTOPERF_PERFPOINT_CLOCK_H
#define AUTOPERF_PERFPOINT_CLOCK_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

#include "perfpoint/user_read.h"

#define CLOCK_SHIFT 32

struct clock {
	bool raw;      /* the processor's counter */
	uint64_t rate; /* ns per unit, times 2^CLOCK_SHIFT */
	uint64_t origin;
	uint64_t origin_ns; /* since the recording's start */
};

uint64_t process_now(void);

/* CLOCK_MONOTONIC from `start_ns` on. */
void clock_set(struct clock *clock, uint64_t start_ns);
/* The processor's counter where the page of some perf event says how fast it is. */
void clock_set_raw(struct clock *clock, const struct perf_event_mmap_page *page,
		   uint64_t start_ns);

static inline uint64_t clock_now(const struct clock *clock)
{
	return __builtin_expect(clock->raw, 1) ? user_read_clock() : process_now();
}

/* Nanoseconds of a difference. */
static inline uint64_t clock_span_ns(const struct clock *clock, uint64_t span)
{
	return (uint64_t)((unsigned __int128)span * clock->rate >> CLOCK_SHIFT);
}

/* What `ns` nanoseconds are, less than 4 s. */
static inline uint64_t clock_ticks(const struct clock *clock, uint64_t ns)
{
	return (ns << CLOCK_SHIFT) / clock->rate;
}

/* Since the recording's start. */
static inline uint64_t clock_ns(const struct clock *clock, uint64_t now)
{
	return clock->origin_ns + clock_span_ns(clock, now - clock->origin);
}

#endif
