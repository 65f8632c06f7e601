/* SPDX-License-Identifier: MIT */
/*
 * Trying events with perf_event_open(2): see counter.h.
 *
 * The kernel's answer to open is only half of the truth: a group that needs more counters than
 * the processor has may open without error and then never run, so every trial runs and looks
 * at the times the kernel reports (perf_event_open(2), "PERF_FORMAT_TOTAL_TIME_RUNNING").
 */
#include "event/counter.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "perfpoint/user_read.h"
#include "recording/format.h"
#include "recording/session.h"

#define TRIAL_NS 100000 /* long against the 2 us of enabling, short against a listing */

/* What read(2) gives for a group: PERF_FORMAT_GROUP and both times. */
struct group_values {
	uint64_t count;
	uint64_t enabled_ns;
	uint64_t running_ns;
	uint64_t values[RECORDING_EVENTS_MAX];
};

int counter_open(const struct event_encoding *encoding, int leader, bool user_read)
{
	struct perf_event_attr attributes = {
		.type = encoding->type,
		.size = sizeof(attributes),
		.config = encoding->config,
		.config1 = encoding->config1,
		.config2 = encoding->config2,
		.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
		.disabled = leader < 0,
		.exclude_user = !!(encoding->flags & SESSION_EVENT_EXCLUDE_USER),
		.exclude_kernel = !!(encoding->flags & SESSION_EVENT_EXCLUDE_KERNEL),
		.exclude_hv = !!(encoding->flags & SESSION_EVENT_EXCLUDE_HV),
		.precise_ip = encoding->flags >> SESSION_EVENT_PRECISE_SHIFT & 3,
	};
	long descriptor;

	if (user_read)
		user_read_request(&attributes);
	descriptor = syscall(SYS_perf_event_open, &attributes, 0, -1, leader,
			     PERF_FLAG_FD_CLOEXEC);
	return descriptor < 0 ? -errno : (int)descriptor;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void counter_work(void)
{
	volatile unsigned cells[64] = {0};
	uint64_t end_ns = now_ns() + TRIAL_NS;

	while (now_ns() < end_ns)
		for (unsigned i = 0; i < 1024; i++)
			cells[i % 64] += i;
}

/* Lets an open group count and fills in outcome and value. */
static void run_group(int leader, struct counter_trial *trial)
{
	struct group_values read_out = {0};

	if (ioctl(leader, PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP)) {
		trial->outcome = COUNTER_REFUSED;
		trial->code = errno;
		return;
	}
	counter_work();
	/* 0 bytes: a pinned or broken event in error state. */
	if (read(leader, &read_out, sizeof(read_out)) <= 0 || !read_out.running_ns)
		trial->outcome = COUNTER_NEVER_RAN;
	else if (read_out.running_ns < read_out.enabled_ns)
		trial->outcome = COUNTER_PART_TIME;
	else
		trial->outcome = COUNTER_RAN;
	trial->value = read_out.values[0];
}

struct counter_trial counter_try(const struct event_encoding *const *members,
				 size_t count)
{
	struct counter_trial trial = {.outcome = COUNTER_REFUSED, .code = E2BIG};
	int descriptors[RECORDING_EVENTS_MAX];
	size_t opened = 0;

	if (!count || count > RECORDING_EVENTS_MAX)
		return trial;
	while (opened < count) {
		int descriptor = counter_open(members[opened],
					      opened ? descriptors[0] : -1, false);

		if (descriptor < 0) {
			trial.code = -descriptor;
			trial.refused = opened;
			break;
		}
		descriptors[opened++] = descriptor;
	}
	if (opened == count)
		run_group(descriptors[0], &trial);
	while (opened)
		close(descriptors[--opened]);
	return trial;
}
