/* SPDX-License-Identifier: MIT */
/*
 * Why the kernel refused an event, and the way out: a sentence for each errno of
 * perf_event_open(2), and more than one where an errno has several causes that the process can
 * tell apart. Which they are is found out by counter_circumstances(), so that the sentences
 * can be tested for machines that are not at hand.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "event/counter.h"
#include "event/kernel_file.h"
#include "event/pmu.h"
#include "recording/session.h"

#define FILES_ENOUGH UINT64_C(4096)

/* Bits of CapEff in /proc/self/status (capabilities(7)). */
#define CAPABILITY_SYS_ADMIN (UINT64_C(1) << 21)
#define CAPABILITY_PERFMON   (UINT64_C(1) << 38)

const char counter_allow_kernel[] =
	"`sudo sysctl kernel.perf_event_paranoid=1`, or run as"
	" root, or with CAP_PERFMON";

static void read_status(struct counter_circumstances *found)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[128];

	while (status && fgets(line, sizeof(line), status)) {
		if (!strncmp(line, "Seccomp:", 8))
			found->seccomp = strchr(line, '2');
		else if (!strncmp(line, "CapEff:", 7))
			found->perfmon = strtoull(line + 7, NULL, 16) &
					 (CAPABILITY_PERFMON | CAPABILITY_SYS_ADMIN);
	}
	if (status)
		fclose(status);
}

/* The first namespace maps all user numbers to themselves (user_namespaces(7)). */
static bool in_user_namespace(void)
{
	unsigned long inside, outside, count;
	char line[64];
	char *rest = line;

	if (kernel_file_line("/proc/self/uid_map", line, sizeof(line)))
		return false;
	inside = strtoul(rest, &rest, 10);
	outside = strtoul(rest, &rest, 10);
	count = strtoul(rest, &rest, 10);
	return inside || outside || count != UINT32_MAX;
}

/* By the marks that container managers leave; profile/machine.c also finds out which it is. */
static bool in_container(void)
{
	static const char *const marks[] = {"/.dockerenv", "/run/.containerenv",
					    "/run/systemd/container",
					    "/var/run/secrets/kubernetes.io"};
	bool found = false;

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		found |= !access(marks[i], F_OK);
	return found;
}

void counter_circumstances(struct counter_circumstances *found)
{
	struct rlimit files = {0};
	int64_t paranoid;

	*found = (struct counter_circumstances){.paranoid = INT_MIN};
	if (!kernel_file_number("/proc/sys/kernel/perf_event_paranoid", &paranoid))
		found->paranoid = (int)paranoid;
	read_status(found);
	found->user_namespace = in_user_namespace();
	found->container = in_container();
	/* Where sysfs is hidden, nothing can be said about the machine's PMUs. */
	found->no_core_pmu = !access(PMU_DEVICES, R_OK) && !pmu_has_core(PMU_DEVICES);
	if (!getrlimit(RLIMIT_NOFILE, &files))
		found->files_hard = files.rlim_max;
}

static bool is_processor_event(const struct event_encoding *encoding)
{
	return encoding->type == PERF_TYPE_HARDWARE ||
	       encoding->type == PERF_TYPE_HW_CACHE || encoding->type == PERF_TYPE_RAW;
}

static bool is_precise(const struct event_encoding *encoding)
{
	return encoding->flags >> SESSION_EVENT_PRECISE_SHIFT & 3;
}

/* EACCES: the kernel's own check of privileges, or a security module's. */
static void explain_denied(const struct counter_circumstances *here, char *reason,
			   size_t size)
{
	char level[48] = "";

	if (here->paranoid != INT_MIN)
		snprintf(level, sizeof(level), " (kernel.perf_event_paranoid is %d)",
			 here->paranoid);
	if (here->perfmon && here->user_namespace)
		snprintf(reason, size,
			 "the kernel does not accept the capabilities of a user"
			 " namespace, as rootless containers have them%s: on the host,"
			 " `sudo sysctl kernel.perf_event_paranoid=1`",
			 level);
	else if (here->perfmon)
		snprintf(reason, size,
			 "a security module refuses it even with CAP_PERFMON: `sudo"
			 " ausearch -m avc` tells which rule to change");
	else if (here->container)
		snprintf(reason, size,
			 "the kernel refuses it to this user%s, and the container"
			 " lacks CAP_PERFMON: start it with `--cap-add PERFMON`, or, on"
			 " the host, `sudo sysctl kernel.perf_event_paranoid=1`",
			 level);
	else
		snprintf(reason, size, "the kernel refuses it to this user%s: %s",
			 level, counter_allow_kernel);
}

/* EPERM: not the kernel's check of privileges, which answers EACCES. */
static void explain_not_permitted(const struct counter_circumstances *here,
				  char *reason, size_t size)
{
	if (here->seccomp)
		snprintf(reason, size,
			 "a seccomp filter forbids perf_event_open, as containers do by"
			 " default: start the container with `--security-opt"
			 " seccomp=unconfined`%s",
			 here->perfmon ? "" : " or `--cap-add PERFMON`");
	else if (here->container && !here->perfmon)
		snprintf(reason, size,
			 "this container lacks CAP_PERFMON: start it with `--cap-add"
			 " PERFMON`");
	else
		snprintf(reason, size,
			 "a security module forbids perf_event_open: look at `cat"
			 " /sys/kernel/security/lockdown` and `ausearch -m avc`%s",
			 here->perfmon ? "" : ", or run with CAP_PERFMON");
}

/* ENOENT: no PMU knows the event. */
static void explain_missing(const struct event_encoding *encoding,
			    const struct counter_circumstances *here, char *reason,
			    size_t size)
{
	if (is_processor_event(encoding) && here->no_core_pmu)
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
	else if (encoding->type > PERF_TYPE_BREAKPOINT)
		snprintf(reason, size,
			 "the PMU that it names has no such event: choose one of those"
			 " that `autoperf events` lists");
	else
		snprintf(reason, size,
			 "this kernel does not have it: choose another from `autoperf"
			 " events`");
}

/* EINVAL: the encoding, or a PMU that does not count for threads. */
static void explain_invalid(const struct event_encoding *encoding, char *reason,
			    size_t size)
{
	if (is_precise(encoding))
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

static void explain_unsupported(const struct event_encoding *encoding, char *reason,
				size_t size)
{
	if (is_precise(encoding))
		snprintf(reason, size,
			 "this processor cannot count it precisely: leave the modifier"
			 " :p out");
	else
		snprintf(
			reason, size,
			"this machine's PMU cannot count it with these modifiers: leave"
			" the modifiers out, or choose another event");
}

static void explain_no_descriptor(const struct counter_circumstances *here,
				  char *reason, size_t size)
{
	if (here->files_hard >= FILES_ENOUGH)
		snprintf(reason, size,
			 "this process may not open more files, and each event needs "
			 "one: `ulimit -n %" PRIu64 "`",
			 FILES_ENOUGH);
	else
		snprintf(reason, size,
			 "this process may not open more files than %" PRIu64
			 ", and each event needs one: `ulimit -n` goes no further;"
			 " raise nofile in /etc/security/limits.conf, LimitNOFILE= of"
			 " the service or `--ulimit nofile=` of the container",
			 here->files_hard);
}

/* The sentences of errnos with one cause; NULL: none. */
static const char *plain_reason(int code)
{
	switch (code) {
	case ENODEV:
	case ENXIO:
		return "its PMU is registered but not usable on this machine: choose"
		       " another event from `autoperf events`";
	case EBUSY:
		return "another program holds the counter for itself: end other"
		       " profilers, and try `sudo sysctl kernel.nmi_watchdog=0`";
	case ENOSPC:
		return "all slots for this kind of event are taken: end debuggers and"
		       " profilers that hold them";
	case ENFILE:
		return "the whole system may not open more files: `sudo sysctl"
		       " fs.file-max=1000000`";
	case ENOMEM:
		return "the kernel has no memory left for it: end other programs, or"
		       " name fewer events with -e";
	case ENOSYS:
		return "there is no perf_event_open here: the kernel was built without"
		       " it (CONFIG_PERF_EVENTS), or a sandbox such as gVisor hides it:"
		       " measure outside of it, or with `--source sim`";
	case E2BIG:
		return "this kernel is too old for it, or too many events are in one"
		       " group: name fewer with -e, or use a newer kernel";
	default:
		return NULL;
	}
}

void counter_explain(const struct event_encoding *encoding, int code,
		     const struct counter_circumstances *here, char *reason,
		     size_t size)
{
	const char *plain = plain_reason(code);

	if (plain)
		snprintf(reason, size, "%s", plain);
	else if (code == EACCES)
		explain_denied(here, reason, size);
	else if (code == EPERM)
		explain_not_permitted(here, reason, size);
	else if (code == ENOENT)
		explain_missing(encoding, here, reason, size);
	else if (code == EINVAL)
		explain_invalid(encoding, reason, size);
	else if (code == EOPNOTSUPP)
		explain_unsupported(encoding, reason, size);
	else if (code == EMFILE)
		explain_no_descriptor(here, reason, size);
	else
		snprintf(reason, size,
			 "perf_event_open: %s: `autoperf doctor` looks for the cause",
			 strerror(code));
}

void counter_reason(const struct event_encoding *encoding, int code, char *reason,
		    size_t size)
{
	struct counter_circumstances here;

	counter_circumstances(&here);
	counter_explain(encoding, code, &here, reason, size);
}
