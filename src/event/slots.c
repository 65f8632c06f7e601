/* SPDX-License-Identifier: MIT */
/*
 * Counting counters, by groups that grow until one does not run: see slots.h. And saying so.
 *
 * The kernel accepts a group that an idle processor could run, and lets it run when nobody else
 * holds the counters: what it accepts beyond what runs is taken by others. That says nothing
 * about who; the NMI watchdog is the usual one.
 */
#include "event/slots.h"

#include <linux/perf_event.h>

#include "event/counter.h"
#include "recording/format.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* A growing group. Some drivers leave its leader out when they count what fits, so that is an
 * event that needs no counter. */
struct group {
	const struct event_encoding *members[RECORDING_EVENTS_MAX];
	size_t count;
	bool must_run; /* else it is enough that the kernel accepts it */
};

static bool goes(const struct group *group)
{
	enum counter_outcome outcome =
		counter_try(group->members, group->count).outcome;

	return outcome == COUNTER_RAN ||
	       (outcome != COUNTER_REFUSED && !group->must_run);
}

/* Adds copies of the event, at most `limit`, as long as the group goes; how many they are. */
static int grow(struct group *group, const struct event_encoding *event, int limit)
{
	int added = 0;

	while (added < limit && group->count < RECORDING_EVENTS_MAX) {
		group->members[group->count++] = event;
		if (!goes(group)) {
			group->count--;
			break;
		}
		added++;
	}
	return added;
}

/* Counters for any event, and how many events find one when all of those are in use. */
struct room {
	int any;
	int fixed;
};

static struct room measure(bool must_run, uint32_t flags)
{
	/* Events without a counter of their own are tried first. */
	static const char *const anywhere[] = {"branches", "branch-misses",
					       "cache-references", "cache-misses",
					       "instructions"};
	static const char *const own_counter[] = {"cycles", "instructions",
						  "ref-cycles"};
	const struct event_encoding leader = {.type = PERF_TYPE_SOFTWARE,
					      .config = PERF_COUNT_SW_DUMMY,
					      .flags = flags};
	struct event_encoding any;
	struct event_encoding fixed[COUNT_OF(own_counter)];
	struct group group = {.members = {&leader}, .count = 1, .must_run = must_run};
	struct room room = {0};

	for (size_t i = 0; i < COUNT_OF(anywhere) && !room.any; i++) {
		any = counter_generic(anywhere[i], flags);
		room.any = grow(&group, &any, RECORDING_EVENTS_MAX);
	}
	for (size_t i = 0; i < COUNT_OF(own_counter); i++) {
		fixed[i] = counter_generic(own_counter[i], flags);
		room.fixed += grow(&group, &fixed[i], 1);
	}
	return room;
}

void slots_probe(struct event_machine *machine, uint32_t flags)
{
	struct room accepted = measure(false, flags);
	struct room running = measure(true, flags);
	int taken = accepted.any + accepted.fixed - running.any - running.fixed;

	machine->hardware_slots = running.any;
	machine->fixed_slots = running.fixed;
	/* A driver that accepts whatever it is given tells nothing. */
	if (taken > 0 && accepted.any + 1 < (int)RECORDING_EVENTS_MAX)
		machine->taken_slots = taken;
}

void event_machine_describe(const struct event_machine *machine, struct text *text)
{
	int taken = machine->taken_slots;

	if (!machine->hardware_counters) {
		text_printf(text, "none: %s", machine->reason);
		return;
	}
	text_printf(text, "%d run at once", machine->hardware_slots);
	if (machine->fixed_slots)
		text_printf(text, ", and %d more for cycles%s alone",
			    machine->fixed_slots,
			    machine->fixed_slots > 1 ? ", instructions and the like"
						     : " or instructions");
	if (!taken)
		return;
	text_printf(text, "; %d %s taken by ", taken, taken == 1 ? "is" : "are");
	if (machine->watchdog)
		text_printf(text,
			    "the NMI watchdog%s: `sudo sysctl kernel.nmi_watchdog=0`",
			    taken > 1 ? " and others" : "");
	else
		text_puts(text, "others: end other profilers");
}
