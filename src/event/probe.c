/* SPDX-License-Identifier: MIT */
/*
 * Whether an event can be counted, and what the machine offers altogether: each question is
 * answered by opening, running and reading real events of this process, because tables and
 * sysfs promise more than virtual machines and containers keep.
 */
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/catalogue.h"
#include "event/counter.h"
#include "event/event.h"
#include "event/kernel_file.h"
#include "event/processor.h"
#include "event/reading.h"
#include "event/slots.h"
#include "recording/session.h"

#define MODE_FLAGS (SESSION_EVENT_EXCLUDE_USER | SESSION_EVENT_EXCLUDE_KERNEL)
#define USER_ONLY  (SESSION_EVENT_EXCLUDE_KERNEL | SESSION_EVENT_EXCLUDE_HV)

static struct counter_trial try_one(uint32_t type, uint64_t config, uint32_t flags)
{
	struct event_encoding encoding = {
		.type = type, .config = config, .flags = flags};
	const struct event_encoding *member = &encoding;

	return counter_try(&member, 1);
}

static void probe_hardware(struct event_machine *machine)
{
	static const char *const basics[] = {"instructions", "cycles"};
	uint32_t flags = machine->kernel_allowed ? 0 : USER_ONLY;
	struct counter_trial trial = {0};

	for (size_t i = 0; i < sizeof(basics) / sizeof(*basics); i++) {
		struct event_encoding encoding = counter_generic(basics[i], flags);
		const struct event_encoding *member = &encoding;

		trial = counter_try(&member, 1);
		/* A count of 0 over 0.1 ms of work: a counter that only looks like one. */
		if (trial.outcome == COUNTER_RAN && trial.value)
			machine->hardware_counters = true;
	}
	if (machine->hardware_counters) {
		slots_probe(machine, flags);
		machine->user_read = reading_in_user_space(flags);
		return;
	}
	if (trial.outcome == COUNTER_REFUSED) {
		struct event_encoding encoding = {.type = PERF_TYPE_HARDWARE};

		counter_reason(&encoding, trial.code, machine->reason,
			       sizeof(machine->reason));
	} else {
		snprintf(machine->reason, sizeof(machine->reason),
			 "hardware counters open but do not count: the hypervisor "
			 "shows a PMU"
			 " that does not work, or another program holds all counters");
	}
}

void event_machine_probe(struct event_machine *machine)
{
	struct event_encoding encoding = {.type = PERF_TYPE_SOFTWARE,
					  .config = PERF_COUNT_SW_TASK_CLOCK};
	struct counter_trial trial;
	int64_t paranoid, watchdog;

	*machine = (struct event_machine){.paranoid = INT_MIN};
	if (!kernel_file_number("/proc/sys/kernel/perf_event_paranoid", &paranoid))
		machine->paranoid = (int)paranoid;
	event_processor_key(machine->processor, sizeof(machine->processor));
	machine->watchdog =
		!kernel_file_number("/proc/sys/kernel/nmi_watchdog", &watchdog) &&
		watchdog;
	trial = try_one(encoding.type, encoding.config, 0);
	machine->kernel_allowed = trial.outcome == COUNTER_RAN;
	if (!machine->kernel_allowed)
		trial = try_one(encoding.type, encoding.config, USER_ONLY);
	machine->perf_allowed = trial.outcome == COUNTER_RAN;
	if (!machine->perf_allowed) {
		counter_reason(&encoding, trial.code, machine->reason,
			       sizeof(machine->reason));
		return;
	}
	probe_hardware(machine);
}

static int cannot_count(struct error *error, int code, const char *reason)
{
	return error_set_exit(error, EXIT_CANNOT_MEASURE, code, "%s", reason);
}

/* Excludes kernel mode and says so in the name, unless it makes no difference. */
static int narrow(struct event *event, struct error *error)
{
	char *name = NULL;

	event->encoding.flags |= USER_ONLY;
	if (catalogue_mode_blind(event->encoding.type, event->encoding.config))
		return 0;
	if (asprintf(&name, "%s%s", event->name,
		     event->name[strlen(event->name) - 1] == '/' ? "u" : ":u") < 0)
		return error_no_memory(error, "naming an event");
	free(event->name);
	event->name = name;
	return 0;
}

/* What the count must be over 0.1 ms of work; an event that may rightly be 0 is not judged. */
static bool must_count(const struct event_encoding *encoding)
{
	return encoding->type == PERF_TYPE_HARDWARE &&
	       !(encoding->flags & SESSION_EVENT_EXCLUDE_USER) &&
	       (encoding->config == PERF_COUNT_HW_CPU_CYCLES ||
		encoding->config == PERF_COUNT_HW_INSTRUCTIONS ||
		encoding->config == PERF_COUNT_HW_BRANCH_INSTRUCTIONS);
}

int event_probe(struct event *event, const struct event_machine *machine,
		struct error *error)
{
	struct event_encoding *encoding = &event->encoding;
	const struct event_encoding *member = encoding;
	struct counter_trial trial;
	char reason[512];

	if (!machine->perf_allowed)
		return cannot_count(error, -EACCES, machine->reason);
	if (!machine->kernel_allowed ||
	    (encoding->flags & SESSION_EVENT_EXCLUDE_KERNEL)) {
		if (catalogue_kernel_only(encoding->type, encoding->config))
			return error_set_exit(
				error, EXIT_CANNOT_MEASURE, -EACCES,
				"it happens in kernel mode only and would always read "
				"0%s%s",
				machine->kernel_allowed ? ": leave the modifier :u out"
							: " for this user, who may not "
							  "count kernel mode: ",
				machine->kernel_allowed ? "" : counter_allow_kernel);
		if (!(encoding->flags & MODE_FLAGS) && narrow(event, error))
			return -ENOMEM;
	}
	trial = counter_try(&member, 1);
	switch (trial.outcome) {
	case COUNTER_REFUSED:
		counter_reason(encoding, trial.code, reason, sizeof(reason));
		return cannot_count(error, -trial.code, reason);
	case COUNTER_NEVER_RAN:
		return cannot_count(
			error, -ENODEV,
			"it opens but never runs: other programs (or the NMI"
			" watchdog: `sudo sysctl kernel.nmi_watchdog=0`) hold the"
			" counters it needs");
	case COUNTER_PART_TIME:
	case COUNTER_RAN:
		break;
	}
	if (must_count(encoding) && !trial.value)
		return cannot_count(error, -ENODEV,
				    "it runs but stays 0 while the processor works: the"
				    " hypervisor shows a counter that does not count");
	return 0;
}
