/* SPDX-License-Identifier: MIT */
/*
 * Reading counters in user space: the protocol of struct perf_event_mmap_page in
 * linux/perf_event.h, for x86-64 (rdpmc) and arm64 (pmccntr, pmevcntr). The kernel changes the
 * page under a sequence lock while the thread is switched; the page belongs to the calling
 * thread, so compiler barriers suffice. Elsewhere nothing can be read.
 *
 * Most regions are over before the kernel touches the page again. So a page is copied once
 * (user_read_arm), and as long as its lock has not moved since, the raw counter is all that a
 * marker reads: where it is, is in the copy. The lock is looked at before the read, since a
 * counter that is no longer ours may be forbidden, and after it, since we may have been
 * switched meanwhile.
 */
#ifndef AUTOPERF_PERFPOINT_USER_READ_H
#define AUTOPERF_PERFPOINT_USER_READ_H

#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>

/* The thread and the kernel's changes to its page are on one processor. */
#define user_read_barrier() __asm__ volatile("" ::: "memory")

/* A value of `lock` that a page never shows: it is even outside of the kernel's changes. */
#define USER_READ_DISARMED 1u

/* A counter's page as it was when its lock was `lock`. */
struct user_counter {
	uintptr_t reader; /* x86-64: number for rdpmc; arm64: code that reads it */
	const struct perf_event_mmap_page *page; /* never NULL */
	uint32_t lock;  /* USER_READ_DISARMED: the copy is good for nothing */
	uint32_t shift; /* 64 - width of the raw counter in bits */
	int64_t offset;
	/* For times: ns at `cycles` of the clock, and what follows from there. */
	uint64_t enabled;
	uint64_t running;
	uint64_t time_offset;
	uint64_t time_cycles;
	uint64_t time_mask; /* all ones but where cap_user_time_short */
	uint32_t time_mult;
	uint16_t time_shift;
};

#if defined(__x86_64__)

static inline uint64_t user_read_raw(uintptr_t reader)
{
	uint32_t low, high;

	__asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"((uint32_t)reader));
	return low | (uint64_t)high << 32;
}

static inline uint64_t user_read_clock(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high)::"memory");
	return low | (uint64_t)high << 32;
}

#define USER_READ 1

#elif defined(__aarch64__)

/* mrs needs the counter's name: `reader` is the address of two instructions that read one. */
static inline uint64_t user_read_raw(uintptr_t reader)
{
	register uint64_t value __asm__("x9"); /* free of arguments */

	__asm__ volatile("blr %1" : "=r"(value) : "r"(reader) : "x30", "memory");
	return value;
}

static inline uint64_t user_read_clock(void)
{
	uint64_t value;

	/* No isb: it would cost more than the nanoseconds by which this may be early. */
	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value)::"memory");
	return value;
}

#define USER_READ 1

#else

static inline uint64_t user_read_raw(uintptr_t reader)
{
	return reader;
}

static inline uint64_t user_read_clock(void)
{
	return 0;
}

#endif

/* Whether the copy is still what the page says. */
static inline bool user_read_unchanged(const struct user_counter *counter)
{
	const volatile uint32_t *lock = &counter->page->lock;

	return *lock == counter->lock;
}

/* Of a difference of raw values, or of one raw value. */
static inline uint64_t user_read_extend(const struct user_counter *counter,
					uint64_t raw)
{
	return (uint64_t)((int64_t)(raw << counter->shift) >> counter->shift);
}

/* Asks for a counter that can be read in user space, where that must be asked for. */
void user_read_request(struct perf_event_attr *attr);
/* Whether the page offers values and times while its counter is on the processor. */
bool user_read_possible(const struct perf_event_mmap_page *page);
/* Whether its counter is on the processor now. */
bool user_read_counts(const struct perf_event_mmap_page *page);
/* Copies the page. false, and disarmed: the counter is not on the processor now. */
bool user_read_arm(struct user_counter *counter);
/* What the whole protocol would have given at `clock`, while the copy was the page. */
uint64_t user_read_value_of(const struct user_counter *counter, uint64_t raw);
void user_read_times_of(const struct user_counter *counter, uint64_t clock,
			uint64_t *enabled, uint64_t *running);
/* The counter's value; false when it is not on the CPU now (index 0). */
bool user_read_value(const struct perf_event_mmap_page *page, uint64_t *value);
/* Time enabled and running in ns, extrapolated to now; false as above. */
bool user_read_times(const struct perf_event_mmap_page *page, uint64_t *enabled,
		     uint64_t *running);

#endif
