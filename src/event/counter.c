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

struct event_encoding counter_generic(const char *name, uint32_t flags)
{
	struct event_encoding encoding = {.type = PERF_TYPE_HARDWARE,
					  .config = PERF_COUNT_HW_INSTRUCTIONS};
	struct event event;

	if (!event_resolve(name, &event, NULL)) {
		encoding = event.encoding;
		event_free(&event);
	}
	encoding.flags = flags;
	return encoding;
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

/* What one trial opens: a group, and for events of hybrid processors the one on the other PMU. */
struct trial_group {
	int descriptors[RECORDING_EVENTS_MAX];
	size_t opened;
	struct group_values read_out;
};

/* Opens the members, or what they are on the other PMU. 0, or the errno. */
static int open_group(struct trial_group *group,
		      const struct event_encoding *const *members, size_t count,
		      bool other, size_t *refused)
{
	for (size_t i = 0; i < count; i++) {
		struct event_encoding encoding = *members[i];
		int leader = group->opened ? group->descriptors[0] : -1;
		int descriptor;

		if (other && !encoding.has_other)
			continue;
		if (other) {
			encoding.type = encoding.other_type;
			encoding.config = encoding.other_config;
			encoding.config1 = encoding.other_config1;
			encoding.config2 = encoding.other_config2;
		}
		descriptor = counter_open(&encoding, leader, false);
		if (descriptor < 0) {
			*refused = i;
			return -descriptor;
		}
		group->descriptors[group->opened++] = descriptor;
	}
	return 0;
}

static void close_group(struct trial_group *group)
{
	while (group->opened)
		close(group->descriptors[--group->opened]);
}

/* 0, or the errno; a group without events is fine. */
static int start_group(const struct trial_group *group)
{
	if (group->opened &&
	    ioctl(group->descriptors[0], PERF_EVENT_IOC_ENABLE, PERF_IOC_FLAG_GROUP))
		return errno;
	return 0;
}

/* Times and values; all 0 where the group did not run or is in error state (0 bytes). */
static void read_group(struct trial_group *group)
{
	struct group_values *out = &group->read_out;

	if (group->opened && read(group->descriptors[0], out, sizeof(*out)) <= 0)
		*out = (struct group_values){0};
}

/*
 * The thread is on one kind of core at a time: on a hybrid processor the groups ran all of the
 * time if one of them did, or both together but for the moment of a change.
 */
static enum counter_outcome judge_groups(const struct group_values *first,
					 const struct group_values *other)
{
	uint64_t running_ns = first->running_ns + other->running_ns;

	if (!running_ns)
		return COUNTER_NEVER_RAN;
	if (first->running_ns && first->running_ns >= first->enabled_ns)
		return COUNTER_RAN;
	if (other->running_ns && other->running_ns >= other->enabled_ns)
		return COUNTER_RAN;
	if (other->running_ns &&
	    running_ns + first->enabled_ns / 8 >= first->enabled_ns)
		return COUNTER_RAN;
	return COUNTER_PART_TIME;
}

struct counter_trial counter_try(const struct event_encoding *const *members,
				 size_t count)
{
	struct counter_trial trial = {.outcome = COUNTER_REFUSED, .code = E2BIG};
	struct trial_group first = {.opened = 0}, other = {.opened = 0};

	if (!count || count > RECORDING_EVENTS_MAX)
		return trial;
	trial.code = open_group(&first, members, count, false, &trial.refused);
	if (!trial.code)
		trial.code = open_group(&other, members, count, true, &trial.refused);
	if (!trial.code)
		trial.code = start_group(&first);
	if (!trial.code)
		trial.code = start_group(&other);
	if (!trial.code) {
		counter_work();
		read_group(&first);
		read_group(&other);
		trial.outcome = judge_groups(&first.read_out, &other.read_out);
		trial.value = first.read_out.values[0] + other.read_out.values[0];
	}
	close_group(&other);
	close_group(&first);
	return trial;
}
