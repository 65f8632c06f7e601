/* SPDX-License-Identifier: MIT */
/*
 * Reading one counter in both ways, as the runtime does: see reading.h. That a switch is on or a
 * page offers reads is not enough: the counter must run and have an index just then.
 */
#include "event/reading.h"

#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "event/counter.h"
#include "perfpoint/user_read.h"
#include "recording/session.h"

#define USER_ONLY (SESSION_EVENT_EXCLUDE_KERNEL | SESSION_EVENT_EXCLUDE_HV)
/* Rounds of reads: one is short against the time between two timer ticks. */
#define ROUNDS       25
#define ROUND_READS  100
#define READ_WORDS   4 /* number of events, time enabled, time running, value */
#define NS_OF_SECOND 1000000000.0

/* One event that runs. */
struct counter {
	int descriptor; /* negative: none */
	void *page;     /* NULL: not mapped */
};

static size_t page_bytes(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static void counter_close(struct counter *counter)
{
	if (counter->page)
		munmap(counter->page, page_bytes());
	if (counter->descriptor >= 0)
		close(counter->descriptor);
}

/* False, with nothing to close, when it does not open. */
static bool counter_start(struct counter *counter,
			  const struct event_encoding *encoding, bool user_read)
{
	void *page;

	*counter =
		(struct counter){.descriptor = counter_open(encoding, -1, user_read)};
	if (counter->descriptor < 0)
		return false;
	ioctl(counter->descriptor, PERF_EVENT_IOC_ENABLE, 0);
	if (!user_read)
		return true;
	page = mmap(NULL, page_bytes(), PROT_READ, MAP_SHARED, counter->descriptor, 0);
	if (page == MAP_FAILED) {
		counter_close(counter);
		return false;
	}
	counter->page = page;
	return true;
}

/* Instructions as the PMU of this core counts them: on hybrid processors there are two. */
static bool start_instructions(struct counter *counter, uint32_t flags, bool user_read)
{
	struct event_encoding encoding = counter_generic("instructions", flags);
	const struct perf_event_mmap_page *page;
	bool started = counter_start(counter, &encoding, user_read);

	page = started ? counter->page : NULL;
	if (!encoding.has_other || !user_read || (page && page->index))
		return started;
	if (started)
		counter_close(counter);
	encoding.type = encoding.other_type;
	encoding.config = encoding.other_config;
	encoding.config1 = encoding.other_config1;
	encoding.config2 = encoding.other_config2;
	return counter_start(counter, &encoding, user_read);
}

bool reading_in_user_space(uint32_t flags)
{
	const struct perf_event_mmap_page *page;
	struct counter counter;
	bool possible;

	if (!start_instructions(&counter, flags, true))
		return false;
	page = counter.page;
	/* The page may offer reads where the kernel forbids them; it tells no index then. */
	possible = user_read_possible(page) && page->index;
	counter_close(&counter);
	return possible;
}

static bool read_in_user_space(const struct counter *counter)
{
	uint64_t value, enabled, running;

	return user_read_times(counter->page, &enabled, &running) &&
	       user_read_value(counter->page, &value);
}

static bool read_by_system_call(const struct counter *counter)
{
	uint64_t words[READ_WORDS];

	return read(counter->descriptor, words, sizeof(words)) == sizeof(words);
}

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * NS_OF_SECOND + (double)now.tv_nsec;
}

/* ns of one read in the fastest round; 0 when a read failed. */
static double time_reads(const struct counter *counter,
			 bool (*read_once)(const struct counter *counter))
{
	double fastest_ns = 0;

	for (int round = 0; round < ROUNDS; round++) {
		double begin_ns = now_ns(), taken_ns;

		for (int i = 0; i < ROUND_READS; i++)
			if (!read_once(counter))
				return 0;
		taken_ns = (now_ns() - begin_ns) / ROUND_READS;
		if (!round || taken_ns < fastest_ns)
			fastest_ns = taken_ns;
	}
	return fastest_ns;
}

struct reading_cost reading_measure(const struct event_machine *machine)
{
	const struct event_encoding clock = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_TASK_CLOCK,
		.flags = machine->kernel_allowed ? 0 : USER_ONLY};
	struct reading_cost cost = {0};
	struct counter counter;
	bool started;

	if (!machine->perf_allowed)
		return cost;
	if (machine->user_read && start_instructions(&counter, clock.flags, true)) {
		cost.user_ns = time_reads(&counter, read_in_user_space);
		counter_close(&counter);
	}
	started = machine->hardware_counters
			  ? start_instructions(&counter, clock.flags, false)
			  : counter_start(&counter, &clock, false);
	if (started) {
		cost.system_ns = time_reads(&counter, read_by_system_call);
		counter_close(&counter);
	}
	return cost;
}
