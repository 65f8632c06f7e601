/* SPDX-License-Identifier: MIT */
/*
 * Reading counters in user space: the protocol of struct perf_event_mmap_page in
 * linux/perf_event.h, for x86-64 (rdpmc) and arm64 (pmccntr, pmevcntr). The kernel changes the
 * page under a sequence lock while the thread is switched; the page belongs to the calling
 * thread, so compiler barriers suffice. Elsewhere nothing can be read.
 */
#ifndef AUTOPERF_PERFPOINT_USER_READ_H
#define AUTOPERF_PERFPOINT_USER_READ_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

/* Asks for a counter that can be read in user space, where that must be asked for. */
void user_read_request(struct perf_event_attr *attr);
/* Whether the page of a counter that runs now offers values and times. */
bool user_read_possible(const struct perf_event_mmap_page *page);
/* The counter's value; false when it is not on the CPU now (index 0). */
bool user_read_value(const struct perf_event_mmap_page *page, uint64_t *value);
/* Time enabled and running in ns, extrapolated to now; false as above. */
bool user_read_times(const struct perf_event_mmap_page *page, uint64_t *enabled,
		     uint64_t *running);

#endif
