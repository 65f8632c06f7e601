/* SPDX-License-Identifier: MIT */
/*
 * Why perf_event_open(2) refuses an event in the running program, and the way out. The runner has
 * tried the events before, so what is left is what is peculiar to the program (privileges that
 * it gave up, a sandbox that it made) or to the moment (descriptors, other users of the PMU).
 * Runs when a thread is seen for the first time, never in a region's readings.
 */
#include "perfpoint/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether a seccomp filter judges our system calls: the kernel answers, where it may be asked. */
static bool is_filtered(void)
{
	static const char key[] = "\nSeccomp:\t2";
	char status[4096];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, status, sizeof(status) - 1);
	close(fd);
	if (length <= 0)
		return false;
	status[length] = '\0';
	return strstr(status, key) != NULL;
}

/* One sentence each, to follow "event NAME: "; NULL: nothing is known but its errno. */
static const char *reason(int code)
{
	switch (code) {
	case EACCES:
		return "the program may not count this any more (it gave up "
		       "privileges, or "
		       "kernel.perf_event_paranoid was raised): sudo sysctl "
		       "kernel.perf_event_paranoid=1, or events with the modifier :u";
	case EPERM:
		return is_filtered()
			       ? "the program's seccomp filter forbids "
				 "perf_event_open: "
				 "allow that call in the filter, or record with "
				 "--source none"
			       : "the program lacks the privilege for it: give it "
				 "CAP_PERFMON (containers: --cap-add PERFMON), or sudo "
				 "sysctl kernel.perf_event_paranoid=1";
	case ENOSYS:
		return is_filtered()
			       ? "the program's seccomp filter hides perf_event_open: "
				 "allow that call in the filter, or record with "
				 "--source none"
			       : "this kernel was built without perf_event_open: "
				 "record "
				 "with --source none";
	case ENOENT:
		return "this machine's counters do not have it: choose another from "
		       "autoperf events";
	case EINVAL:
		return "the kernel does not take its encoding, or it does not fit the "
		       "group it is to be in: choose another from autoperf events, or "
		       "record fewer events at once";
	case EMFILE:
		return "the process has no descriptors left for it, each event of each "
		       "thread needs one: raise the limit with ulimit -Hn, or record "
		       "fewer events at once";
	case ENFILE:
		return "the system has no descriptors left for it: sudo sysctl "
		       "fs.file-max=1000000";
	case ENOSPC:
		return "all slots for this kind of event are taken: end debuggers and "
		       "profilers that hold breakpoints or counters";
	case EBUSY:
		return "somebody else holds its counter exclusively: end other "
		       "profilers, "
		       "or sudo sysctl kernel.nmi_watchdog=0";
	case EOPNOTSUPP:
		return "the counters here cannot do that with these modifiers: leave "
		       "the "
		       "modifiers out";
	case ENODEV:
	case ENXIO:
		return "its counters are not in use on this processor, or the "
		       "processor "
		       "is offline: bring it online "
		       "(/sys/devices/system/cpu/cpuN/online), "
		       "or choose another from autoperf events";
	case ENOMEM:
		return "the kernel has no memory left for it: end other programs";
	case E2BIG:
		return "this kernel is older than the request: update it, or choose "
		       "another from autoperf events";
	default:
		return NULL;
	}
}

void perf_refusal(const struct runtime_event *event, int code, char *text, size_t size)
{
	const char *known = reason(code);

	snprintf(text, size, "event %s: perf_event_open: %s%s%s", event->name,
		 strerror(code), known ? "; " : "", known ? known : "");
}
