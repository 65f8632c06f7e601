/* SPDX-License-Identifier: MIT */
/*
 * Events that count nothing: they open, run all of the time, and stay 0. Some processors have no
 * such event, and some hypervisors show counters that do not count; a 0 is then no measurement.
 * What a program cannot do without is found before anything is recorded (event/probe.c); the
 * rest shows only in the runs: a counter that was 0 in all samples is told, and noted in the
 * profile. Cache lines that no other core has and memory that is all local are what one hopes
 * for, and never suspicious; nor are events of the kernel's own.
 */
#include <jansson.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "workload/recorder.h"

/* Less time in regions proves nothing. */
#define ENOUGH_NS 1e6

static bool may_be_nothing(enum event_role role)
{
	return role == EVENT_ROLE_HITM || role == EVENT_ROLE_FALSE_SHARING ||
	       role == EVENT_ROLE_TRUE_SHARING || role == EVENT_ROLE_REMOTE_DRAM;
}

static bool is_hardware(const struct recorder *recorder, const struct event *event)
{
	switch (recorder->plan.source) {
	case EVENT_SOURCE_PERF:
		return event->encoding.type != PERF_TYPE_SOFTWARE &&
		       event->encoding.type != PERF_TYPE_TRACEPOINT &&
		       event->encoding.type != PERF_TYPE_BREAKPOINT;
	case EVENT_SOURCE_PAPI:
		return true;
	default:
		return false;
	}
}

void recorder_note_counts(struct recorder *recorder, const struct profile_run *run)
{
	struct pass_counts *counts = &recorder->counts[run->pass];

	counts->counted |= run->counted;
	counts->region_ns += run->region_ns;
}

/* In every pass that has the event, and in at least one that tells. */
static bool is_silent(const struct recorder *recorder, size_t event)
{
	bool told = false;

	for (size_t p = 0; p < recorder->plan.pass_count; p++) {
		const struct event_pass *pass = &recorder->plan.passes[p];

		for (size_t i = 0; i < pass->count; i++) {
			if (pass->members[i] != event)
				continue;
			if (recorder->counts[p].counted >> i & 1)
				return false;
			told |= recorder->counts[p].region_ns >= ENOUGH_NS;
		}
	}
	return told;
}

/* Those of `names`, an array, that a profile to which runs were added knew before; all if new. */
static json_t *also_before(struct recorder *recorder, json_t *names)
{
	char *text = profile_get_fact(recorder->profile, FACT_SILENT_EVENTS);
	json_t *before = text ? json_loads(text, 0, NULL) : NULL;
	json_t *both = json_array(), *name, *other;
	size_t i, j;

	json_array_foreach (names, i, name) {
		bool known = !recorder->options->append;

		json_array_foreach (before, j, other)
			known |= json_equal(name, other);
		if (known)
			json_array_append(both, name);
	}
	json_decref(before);
	free(text);
	return both;
}

static int note(struct recorder *recorder, json_t *names, struct error *error)
{
	json_t *both = also_before(recorder, names);
	char *text = json_dumps(both, JSON_COMPACT);
	int code;

	json_decref(both);
	if (!text)
		return error_no_memory(error, "noting what counted nothing");
	code = profile_set_fact(recorder->profile, FACT_SILENT_EVENTS, text, error);
	free(text);
	return code;
}

int recorder_report_silent(struct recorder *recorder, struct error *error)
{
	const struct event_list *events = &recorder->plan.events;
	json_t *names = json_array();
	int code;

	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];

		if (!is_hardware(recorder, event) || may_be_nothing(event->role) ||
		    !is_silent(recorder, i))
			continue;
		json_array_append_new(names, json_string(event->name));
		console_warn(
			&recorder->console,
			"event %s counted nothing in any sample: this processor, or "
			"its hypervisor, may not count it; its zeros say nothing",
			event->name);
	}
	code = recorder->first_run ? note(recorder, names, error) : 0;
	json_decref(names);
	return code;
}
