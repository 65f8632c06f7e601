/* SPDX-License-Identifier: MIT */
/*
 * The fast way to read counters, for markers alone: raw counters at START, and at END, if no
 * page has changed since, their differences. No system call, and no times: unchanged pages mean
 * that the thread never left the processor, so that the counters ran all of the time. See
 * user_read.h for the pages; everything else is done by counters_perf.c.
 */
#ifndef AUTOPERF_PERFPOINT_PERF_INLINE_H
#define AUTOPERF_PERFPOINT_PERF_INLINE_H

#include "perfpoint/runtime.h"

static inline uint32_t perf_lock(const struct user_counter *counter)
{
	const volatile uint32_t *lock = &counter->page->lock;

	return *lock;
}

/*
 * The first page speaks for all of them before anything is read: when the thread has left the
 * processor they all changed. When each counter has been read, the sum of the locks tells whether
 * all are what they were: they only ever grow.
 */
static inline bool perf_armed(const struct thread *thread)
{
	return perf_lock(&thread->counters[0]) == thread->armed;
}

/* Raw counters into the frame; false: perf_rearm() first. */
static inline bool perf_begin(const struct thread *thread, struct frame *frame)
{
	const struct user_counter *counter = thread->counters;
	const struct user_counter *end = counter + process.event_count;
	uint64_t *raw = frame->reading;
	uint32_t locks = 0;

	if (unlikely(!perf_armed(thread)))
		return false;
	do {
		*raw++ = user_read_raw(counter->reader);
		user_read_barrier();
		locks += perf_lock(counter);
	} while (++counter != end);
	frame->epoch = thread->epoch;
	return likely(locks == thread->armed_sum);
}

/*
 * Increases since perf_begin() less `own` each; not PERF_END_FINE: they must be found out
 * otherwise. Whether another frame has renewed the copies or the kernel has changed the page
 * costs the same.
 */
static inline enum perf_end perf_end(const struct thread *thread,
				     const struct frame *frame, const uint64_t *own,
				     uint64_t *values)
{
	const struct user_counter *counter = thread->counters;
	const struct user_counter *end = counter + process.event_count;
	const uint64_t *raw = frame->reading;
	uint32_t locks = 0;

	if (unlikely((frame->epoch ^ thread->epoch) | !perf_armed(thread)))
		return PERF_END_EARLY;
	do {
		uint64_t now = user_read_raw(counter->reader), count;

		user_read_barrier();
		locks += perf_lock(counter);
		count = user_read_extend(counter, now - *raw++);
		*values++ = count > *own ? count - *own : 0;
		own++;
	} while (++counter != end);
	return likely(locks == thread->armed_sum) ? PERF_END_FINE : PERF_END_LATE;
}

#endif
