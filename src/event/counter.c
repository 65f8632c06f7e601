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
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "event/kernel_file.h"
#include "event/pmu.h"
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

const char counter_allow_kernel[] =
	"`sudo sysctl kernel.perf_event_paranoid=1`, or run as"
	" root, or with CAP_PERFMON";

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

static bool is_processor_event(const struct event_encoding *encoding)
{
	return encoding->type == PERF_TYPE_HARDWARE ||
	       encoding->type == PERF_TYPE_HW_CACHE || encoding->type == PERF_TYPE_RAW;
}

/* Whether a seccomp filter is in force in this process. */
static bool has_seccomp_filter(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[128];
	bool filtered = false;

	while (status && fgets(line, sizeof(line), status))
		filtered |= !strncmp(line, "Seccomp:", 8) && strchr(line, '2');
	if (status)
		fclose(status);
	return filtered;
}

static void reason_denied(char *reason, size_t size)
{
	int64_t paranoid;

	if (kernel_file_number("/proc/sys/kernel/perf_event_paranoid", &paranoid))
		snprintf(reason, size,
			 "the kernel refuses it to this user: run as root, or with"
			 " CAP_PERFMON");
	else
		snprintf(reason, size,
			 "the kernel refuses it to this user "
			 "(kernel.perf_event_paranoid is"
			 " %lld): %s",
			 (long long)paranoid, counter_allow_kernel);
}

static void reason_not_permitted(char *reason, size_t size)
{
	if (has_seccomp_filter())
		snprintf(reason, size,
			 "a seccomp filter forbids perf_event_open, as containers do by"
			 " default: start the container with `--security-opt"
			 " seccomp=unconfined` or `--cap-add PERFMON`");
	else
		snprintf(reason, size,
			 "a security module forbids perf_event_open: look at `cat"
			 " /sys/kernel/security/lockdown` and `ausearch -m avc`, or run"
			 " with CAP_PERFMON");
}

static void reason_not_here(const struct event_encoding *encoding, char *reason,
			    size_t size)
{
	/* Where sysfs is hidden, nothing can be said about the machine's PMUs. */
	bool no_pmu = !access(PMU_DEVICES, R_OK) && !pmu_has_core(PMU_DEVICES);

	if (is_processor_event(encoding) && no_pmu)
		snprintf(reason, size,
			 "this machine shows no hardware counters (no PMU), as most "
			 "virtual"
			 " machines: give the machine a virtual PMU, or measure on real"
			 " hardware");
	else if (is_processor_event(encoding))
		snprintf(
			reason, size,
			"this machine's processor has no counter for it: choose another"
			" from `autoperf events`");
	else
		snprintf(reason, size,
			 "this kernel does not have it: choose another from `autoperf"
			 " events`");
}

static void reason_invalid(const struct event_encoding *encoding, char *reason,
			   size_t size)
{
	if (encoding->flags >> SESSION_EVENT_PRECISE_SHIFT)
		snprintf(reason, size,
			 "the modifier :p is for sampling and cannot be used for "
			 "counting:"
			 " leave it out");
	else if (encoding->type > PERF_TYPE_BREAKPOINT)
		snprintf(
			reason, size,
			"its PMU counts for a whole CPU or socket and not for one "
			"thread,"
			" or does not know this encoding: choose an event of the core");
	else
		snprintf(reason, size,
			 "the kernel does not know this encoding: choose another from"
			 " `autoperf events`, or use a newer kernel");
}

void counter_reason(const struct event_encoding *encoding, int code, char *reason,
		    size_t size)
{
	switch (code) {
	case EACCES:
		reason_denied(reason, size);
		return;
	case EPERM:
		reason_not_permitted(reason, size);
		return;
	case ENOENT:
		reason_not_here(encoding, reason, size);
		return;
	case EINVAL:
		reason_invalid(encoding, reason, size);
		return;
	case ENODEV:
	case ENXIO:
		snprintf(reason, size,
			 "its PMU is registered but not usable on this machine: choose"
			 " another event from `autoperf events`");
		return;
	case EOPNOTSUPP:
		snprintf(
			reason, size,
			"this machine's PMU cannot count it with these modifiers: leave"
			" the modifiers out, or choose another event");
		return;
	case EBUSY:
		snprintf(reason, size,
			 "another program holds the counter for itself: end other"
			 " profilers, and try `sudo sysctl kernel.nmi_watchdog=0`");
		return;
	case ENOSPC:
		snprintf(reason, size,
			 "all slots for this kind of event are taken: end debuggers and"
			 " profilers that hold them");
		return;
	case EMFILE:
		snprintf(reason, size,
			 "this process may not open more files, and each event needs "
			 "one:"
			 " `ulimit -n 4096`");
		return;
	case ENFILE:
		snprintf(reason, size,
			 "the whole system may not open more files: `sudo sysctl"
			 " fs.file-max=1000000`");
		return;
	case ENOMEM:
		snprintf(reason, size, "the kernel has no memory left for it");
		return;
	case ENOSYS:
		snprintf(reason, size,
			 "this kernel was built without perf_event_open"
			 " (CONFIG_PERF_EVENTS)");
		return;
	case E2BIG:
		snprintf(reason, size,
			 "this kernel is too old for it, or too many events are in one"
			 " group");
		return;
	default:
		snprintf(reason, size, "perf_event_open: %s", strerror(code));
	}
}
