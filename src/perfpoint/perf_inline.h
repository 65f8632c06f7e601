/* SPDX-License-Identifier: MIT */
/*
 * The fast way to read counters, for markers alone: raw counters at START, and at END, if no
 * page has changed since, their differences. No system call, and no times: unchanged pages mean
 * that the thread never left the processor, so that the counters ran all of the time. See
 * user_read.h for the pages; everything else is done by counters_perf.c.
 *
 * `armed` (struct thread) tells from which copies of the pages one is reading. Its lower half,
 * the first page's lock, speaks for all of them before anything is read: when the thread has
 * left the processor they all changed, and a counter that is no longer ours may be forbidden.
 * Its upper half, the sum of the locks, tells when each counter has been read whether all are
 * what they were: locks only ever grow.
 *
 * `events` is a constant for most callers, so that there is no loop.
 */
#ifndef AUTOPERF_PERFPOINT_PERF_INLINE_H
#define AUTOPERF_PERFPOINT_PERF_INLINE_H

#include "perfpoint/runtime.h"

/*
 * Two words next to each other. On arm64 one instruction, which the compiler finds only where it
 * happens to have put the two side by side.
 */
struct perf_pair {
	uint64_t first, second;
} __attribute__((may_alias));

static inline __attribute__((always_inline)) struct perf_pair
perf_load_pair(const void *from)
{
	const struct perf_pair *pair = from;
#if defined(__aarch64__) && !defined(__clang__)
	struct perf_pair loaded;

	__asm__("ldp	%x0, %x1, %2"
		: "=r"(loaded.first), "=r"(loaded.second)
		: "Ump"(*pair));
	return loaded;
#else
	return *pair;
#endif
}

static inline __attribute__((always_inline)) void
perf_store_pair(void *to, uint64_t first, uint64_t second)
{
	struct perf_pair *pair = to;
#if defined(__aarch64__) && !defined(__clang__)
	__asm__("stp	%x1, %x2, %0" : "=Ump"(*pair) : "rZ"(first), "rZ"(second));
#else
	pair->first = first;
	pair->second = second;
#endif
}

/*
 * A word of half the width that others, or the kernel, may change meanwhile. On arm64 the load
 * itself widens it, which the compiler does not always trust.
 */
static inline __attribute__((always_inline)) uint64_t
perf_load_half(const volatile uint32_t *from)
{
#if defined(__aarch64__)
	uint64_t loaded;

	__asm__ volatile("ldr	%w0, %1" : "=r"(loaded) : "m"(*from));
	return loaded;
#else
	return __atomic_load_n(from, __ATOMIC_RELAXED);
#endif
}

/* The same, of an array. */
static inline __attribute__((always_inline)) uint64_t
perf_load_indexed(const uint32_t *array, uint32_t index)
{
#if defined(__aarch64__)
	uint64_t loaded;

	__asm__ volatile("ldr	%w0, [%1, %w2, uxtw 2]"
			 : "=r"(loaded)
			 : "r"(array), "r"(index));
	return loaded;
#else
	return __atomic_load_n(&array[index], __ATOMIC_RELAXED);
#endif
}

/* What is read of a counter, and the page that tells whether that was right. */
struct perf_source {
	uintptr_t reader;
	const struct perf_event_mmap_page *page;
};

static inline __attribute__((always_inline)) struct perf_source
perf_source(const struct thread *thread, uint32_t i)
{
	struct perf_pair pair = perf_load_pair(&thread->counters[i].reader);

	return (struct perf_source){
		(uintptr_t)pair.first,
		(const struct perf_event_mmap_page *)(uintptr_t)pair.second,
	};
}

static inline __attribute__((always_inline)) uint64_t
perf_lock(struct perf_source source)
{
	return perf_load_half(&source.page->lock);
}

/* Whether counters may be read raw as of `armed`; `first`: the source of the first one. */
static inline __attribute__((always_inline)) bool perf_armed(struct perf_source first,
							     uint64_t armed)
{
	return (uint32_t)perf_lock(first) == (uint32_t)armed;
}

/* The counter, raw; its page's lock is added to *locks. */
static inline __attribute__((always_inline)) uint64_t
perf_take(struct perf_source source, uint64_t *locks)
{
	uint64_t raw = user_read_raw(source.reader);

	user_read_barrier();
	*locks += perf_lock(source);
	return raw;
}

/* Whether what was read is of the copies that `armed` tells; `locks`: of so many events. */
static inline __attribute__((always_inline)) bool
perf_unchanged(uint64_t locks, uint64_t armed, uint32_t events)
{
	/* The sum of several may be too large for the half that it is compared with. */
	return (events == 1 ? locks : (uint32_t)locks) == armed >> 32;
}

#endif
