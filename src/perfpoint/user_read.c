/* SPDX-License-Identifier: MIT */
/* Reading counters in user space: see user_read.h. */
#include "perfpoint/user_read.h"

#if defined(__x86_64__)

void user_read_request(struct perf_event_attr *attr)
{
	(void)attr;
}

static uintptr_t reader_of(uint32_t index)
{
	return index - 1;
}

#elif defined(__aarch64__)

/* config1: bit 0 asks for 64 bits, bit 1 for user access (Documentation/arm64/perf.rst). */
#define ARMV8_USER_ACCESS 2u

void user_read_request(struct perf_event_attr *attr)
{
	if (attr->type == PERF_TYPE_HARDWARE || attr->type == PERF_TYPE_HW_CACHE ||
	    attr->type == PERF_TYPE_RAW || attr->type >= PERF_TYPE_MAX)
		attr->config1 |= ARMV8_USER_ACCESS;
}

#define READER_BYTES  8
/* Counters 0-30 are event counters, 31 is the cycle counter. */
#define CYCLE_COUNTER 31u

extern const char user_read_readers[] __attribute__((visibility("hidden")));
__asm__(".pushsection .text\n"
	".balign 8\n"
	".hidden user_read_readers\n"
	".type user_read_readers, %function\n"
	"user_read_readers:\n"
	".irp n, "
	"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,"
	"27,28,29,30\n"
	"mrs	x9, pmevcntr\\n\\()_el0\n"
	"ret\n"
	".endr\n"
	"mrs	x9, pmccntr_el0\n"
	"ret\n"
	".size user_read_readers, . - user_read_readers\n"
	".popsection\n");

static uintptr_t reader_of(uint32_t index)
{
	return (uintptr_t)user_read_readers +
	       (index - 1 & CYCLE_COUNTER) * (uintptr_t)READER_BYTES;
}

#else

void user_read_request(struct perf_event_attr *attr)
{
	(void)attr;
}

static uintptr_t reader_of(uint32_t index)
{
	return index;
}

#endif

bool user_read_possible(const struct perf_event_mmap_page *page)
{
#ifdef USER_READ
	return page->cap_user_rdpmc && page->cap_user_time;
#else
	(void)page;
	return false;
#endif
}

bool user_read_counts(const struct perf_event_mmap_page *page)
{
	/* index is 0 on a counter that cannot be read, even where cap_user_rdpmc is set. */
	return ((const volatile struct perf_event_mmap_page *)page)->index;
}

bool user_read_arm(struct user_counter *counter)
{
	const struct perf_event_mmap_page *page = counter->page;
	const volatile uint32_t *lock = &page->lock;
	uint32_t sequence, index;

	do {
		sequence = *lock;
		user_read_barrier();
		index = page->index;
		counter->reader = reader_of(index);
		counter->shift = 64u - page->pmc_width;
		counter->offset = page->offset;
		counter->enabled = page->time_enabled;
		counter->running = page->time_running;
		counter->time_offset = page->time_offset;
		counter->time_cycles =
			page->cap_user_time_short ? page->time_cycles : 0;
		counter->time_mask =
			page->cap_user_time_short ? page->time_mask : UINT64_MAX;
		counter->time_mult = page->time_mult;
		counter->time_shift = page->time_shift;
		user_read_barrier();
	} while (*lock != sequence);
	/* The kernel leaves pmc_width 0 where the counter cannot be read. */
	if (!index || !page->pmc_width) {
		counter->lock = USER_READ_DISARMED;
		return false;
	}
	counter->lock = sequence;
	return true;
}

uint64_t user_read_value_of(const struct user_counter *counter, uint64_t raw)
{
	/* Sign-extended: the kernel lets counters start below 0. */
	return user_read_extend(counter, raw) + (uint64_t)counter->offset;
}

void user_read_times_of(const struct user_counter *counter, uint64_t clock,
			uint64_t *enabled, uint64_t *running)
{
	uint64_t cycles = counter->time_cycles +
			  ((clock - counter->time_cycles) & counter->time_mask);
	uint64_t rest = cycles & (((uint64_t)1 << counter->time_shift) - 1);
	uint64_t delta = counter->time_offset +
			 (cycles >> counter->time_shift) * counter->time_mult +
			 (rest * counter->time_mult >> counter->time_shift);

	*enabled = counter->enabled + delta;
	*running = counter->running + delta;
}

bool user_read_value(const struct perf_event_mmap_page *page, uint64_t *value)
{
	struct user_counter counter = {.page = page};
	uint64_t raw;

	do {
		if (!user_read_arm(&counter))
			return false;
		raw = user_read_raw(counter.reader);
		user_read_barrier();
	} while (!user_read_unchanged(&counter));
	*value = user_read_value_of(&counter, raw);
	return true;
}

bool user_read_times(const struct perf_event_mmap_page *page, uint64_t *enabled,
		     uint64_t *running)
{
	struct user_counter counter = {.page = page};
	uint64_t clock;

	do {
		if (!user_read_arm(&counter))
			return false;
		clock = user_read_clock();
		user_read_barrier();
	} while (!user_read_unchanged(&counter));
	user_read_times_of(&counter, clock, enabled, running);
	return true;
}
