/* SPDX-License-Identifier: MIT */
/* Reading counters in user space: see user_read.h. */
#include "perfpoint/user_read.h"

#define barrier() __asm__ volatile("" ::: "memory")

#if defined(__x86_64__)

void user_read_request(struct perf_event_attr *attr)
{
	(void)attr;
}

static inline uint64_t read_counter(uint32_t index)
{
	uint32_t low, high;

	__asm__ volatile("rdpmc" : "=a"(low), "=d"(high) : "c"(index));
	return low | (uint64_t)high << 32;
}

static inline uint64_t read_clock(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return low | (uint64_t)high << 32;
}

#define USER_READ 1

#elif defined(__aarch64__)

/* config1: bit 0 asks for 64 bits, bit 1 for user access (Documentation/arm64/perf.rst). */
#define ARMV8_USER_ACCESS 2u

void user_read_request(struct perf_event_attr *attr)
{
	if (attr->type == PERF_TYPE_HARDWARE || attr->type == PERF_TYPE_HW_CACHE ||
	    attr->type == PERF_TYPE_RAW || attr->type >= PERF_TYPE_MAX)
		attr->config1 |= ARMV8_USER_ACCESS;
}

#define CASE_EVENT(n)                                                         \
	case n:                                                               \
		__asm__ volatile("mrs %0, pmevcntr" #n "_el0" : "=r"(value)); \
		break

static inline uint64_t read_counter(uint32_t index)
{
	uint64_t value = 0;

	switch (index) {
		CASE_EVENT(0);
		CASE_EVENT(1);
		CASE_EVENT(2);
		CASE_EVENT(3);
		CASE_EVENT(4);
		CASE_EVENT(5);
		CASE_EVENT(6);
		CASE_EVENT(7);
		CASE_EVENT(8);
		CASE_EVENT(9);
		CASE_EVENT(10);
		CASE_EVENT(11);
		CASE_EVENT(12);
		CASE_EVENT(13);
		CASE_EVENT(14);
		CASE_EVENT(15);
		CASE_EVENT(16);
		CASE_EVENT(17);
		CASE_EVENT(18);
		CASE_EVENT(19);
		CASE_EVENT(20);
		CASE_EVENT(21);
		CASE_EVENT(22);
		CASE_EVENT(23);
		CASE_EVENT(24);
		CASE_EVENT(25);
		CASE_EVENT(26);
		CASE_EVENT(27);
		CASE_EVENT(28);
		CASE_EVENT(29);
		CASE_EVENT(30);
	case 31: /* the cycle counter */
		__asm__ volatile("mrs %0, pmccntr_el0" : "=r"(value));
		break;
	}
	return value;
}

static inline uint64_t read_clock(void)
{
	uint64_t value;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(value)::"memory");
	return value;
}

#define USER_READ 1

#else

void user_read_request(struct perf_event_attr *attr)
{
	(void)attr;
}

#endif

#ifdef USER_READ

bool user_read_possible(const struct perf_event_mmap_page *page)
{
	/* index is 0 on a counter that cannot be read, even where cap_user_rdpmc is set. */
	return page->cap_user_rdpmc && page->cap_user_time && page->index;
}

bool user_read_value(const struct perf_event_mmap_page *page, uint64_t *value)
{
	const volatile uint32_t *lock = &page->lock;
	uint32_t sequence, index;
	uint64_t count;

	do {
		sequence = *lock;
		barrier();
		index = page->index;
		if (!index)
			return false;
		count = read_counter(index - 1);
		/* Sign-extend from pmc_width bits: the kernel lets counters start below 0. */
		count <<= 64 - page->pmc_width;
		count = (uint64_t)((int64_t)count >> (64 - page->pmc_width));
		count += (uint64_t)page->offset;
		barrier();
	} while (*lock != sequence);
	*value = count;
	return true;
}

bool user_read_times(const struct perf_event_mmap_page *page, uint64_t *enabled,
		     uint64_t *running)
{
	const volatile uint32_t *lock = &page->lock;
	uint32_t sequence;

	do {
		uint64_t cycles, delta;

		sequence = *lock;
		barrier();
		if (!page->index)
			return false;
		cycles = read_clock();
		if (page->cap_user_time_short)
			cycles = page->time_cycles +
				 ((cycles - page->time_cycles) & page->time_mask);
		delta = page->time_offset +
			(cycles >> page->time_shift) * page->time_mult +
			((cycles & (((uint64_t)1 << page->time_shift) - 1)) *
				 page->time_mult >>
			 page->time_shift);
		*enabled = page->time_enabled + delta;
		*running = page->time_running + delta;
		barrier();
	} while (*lock != sequence);
	return true;
}

#else

bool user_read_possible(const struct perf_event_mmap_page *page)
{
	(void)page;
	return false;
}

bool user_read_value(const struct perf_event_mmap_page *page, uint64_t *value)
{
	(void)page;
	(void)value;
	return false;
}

bool user_read_times(const struct perf_event_mmap_page *page, uint64_t *enabled,
		     uint64_t *running)
{
	(void)page;
	(void)enabled;
	(void)running;
	return false;
}

#endif
