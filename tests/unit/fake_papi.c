/* SPDX-License-Identifier: MIT */
/*
 * A libpapi that behaves as the real one does on machines that are not here: one processor
 * component with four counters, a component of another device, and one that is disabled. It
 * keeps the rules that matter to planning: an event set holds events of one component, a
 * running set cannot be started again, events may exist and yet be refused when added or
 * started, and kernel events need the domain of all modes.
 */
#include <papi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum component { PROCESSOR, NETWORK, BROKEN, COMPONENTS };
enum { SETS = 16, MEMBERS = 32, COUNTERS = 4, FIRST_CODE = 0x40000000 };

struct fake_event {
	const char *name;
	enum component component;
	bool takes_counter;
	int on_add;   /* answer of PAPI_add_event */
	int on_start; /* answer of PAPI_start of a set with it */
};

static const struct fake_event events[] = {
	{"PAPI_TOT_INS", PROCESSOR, true, PAPI_OK, PAPI_OK},
	{"PAPI_TOT_CYC", PROCESSOR, true, PAPI_OK, PAPI_OK},
	{"PAPI_L1_LDM", PROCESSOR, true, PAPI_OK, PAPI_OK},
	{"PAPI_L1_DCM", PROCESSOR, true, PAPI_OK, PAPI_OK},
	{"PAPI_L2_DCM", PROCESSOR, true, PAPI_OK, PAPI_OK},
	{"PAPI_L3_TCM", PROCESSOR, true, PAPI_OK, PAPI_OK},
	{"PAPI_BR_MSP", PROCESSOR, true, PAPI_OK, PAPI_OK},
	{"PAPI_TLB_DM", PROCESSOR, true, PAPI_ENOEVNT, PAPI_OK},
	{"PAPI_STL_ICY", PROCESSOR, true, PAPI_OK, PAPI_ECNFLCT},
	{"perf::CONTEXT-SWITCHES", PROCESSOR, false, PAPI_OK, PAPI_OK},
	{"perf::PAGE-FAULTS", PROCESSOR, false, PAPI_OK, PAPI_OK},
	{"perf::FAULTS", PROCESSOR, false, PAPI_EPERM, PAPI_OK},
	{"net:::eth0:rx:packets", NETWORK, false, PAPI_OK, PAPI_OK},
	{"broken:::EVENT", BROKEN, false, PAPI_ECMP, PAPI_OK},
};
enum { EVENTS = sizeof(events) / sizeof(*events) };

struct fake_set {
	bool used;
	bool running;
	int component; /* -1: not assigned */
	int members[MEMBERS];
	int count;
};

static struct fake_set sets[SETS];
static int domains[COMPONENTS];

int PAPI_library_init(int version)
{
	return getenv("FAKE_PAPI_VERSION") ? PAPI_VERSION_NUMBER(6, 0, 0, 0) : version;
}

void PAPI_shutdown(void)
{
	memset(sets, 0, sizeof(sets));
	memset(domains, 0, sizeof(domains));
}

char *PAPI_strerror(int code)
{
	static char text[] = "fake error";

	return code ? text : NULL;
}

int PAPI_num_components(void)
{
	return COMPONENTS;
}

const PAPI_component_info_t *PAPI_get_component_info(int index)
{
	static PAPI_component_info_t info[COMPONENTS] = {
		{.name = "fake_processor", .num_native_events = 3},
		{.name = "fake_network", .num_native_events = 1},
		{.name = "fake_broken",
		 .disabled = PAPI_ECMP,
		 .disabled_reason = "its device is missing"},
	};

	return index >= 0 && index < COMPONENTS ? &info[index] : NULL;
}

int PAPI_set_cmp_domain(int domain, int component)
{
	domains[component] = domain;
	return PAPI_OK;
}

static const struct fake_event *event_of(int code)
{
	return code >= FIRST_CODE && code < FIRST_CODE + EVENTS
		       ? &events[code - FIRST_CODE]
		       : NULL;
}

int PAPI_event_name_to_code(const char *name, int *code)
{
	for (int i = 0; i < EVENTS; i++) {
		if (!strcmp(events[i].name, name)) {
			*code = FIRST_CODE + i;
			return PAPI_OK;
		}
	}
	return PAPI_ENOEVNT;
}

int PAPI_get_event_info(int code, PAPI_event_info_t *info)
{
	if (!event_of(code))
		return PAPI_ENOEVNT;
	memset(info, 0, sizeof(*info));
	strncpy(info->symbol, event_of(code)->name, sizeof(info->symbol) - 1);
	strncpy(info->long_descr, "what PAPI says of it", sizeof(info->long_descr) - 1);
	return PAPI_OK;
}

int PAPI_get_event_component(int code)
{
	return event_of(code) ? (int)event_of(code)->component : PAPI_ENOEVNT;
}

/* The natives are those without the prefix of presets. */
int PAPI_enum_cmp_event(int *code, int modifier, int component)
{
	int next = modifier == PAPI_ENUM_FIRST ? FIRST_CODE : *code + 1;

	for (; event_of(next); next++) {
		if ((int)event_of(next)->component == component &&
		    strncmp(event_of(next)->name, "PAPI_", 5)) {
			*code = next;
			return PAPI_OK;
		}
	}
	return PAPI_ENOEVNT;
}

int PAPI_create_eventset(int *set)
{
	for (int i = 0; i < SETS; i++) {
		if (!sets[i].used) {
			sets[i] = (struct fake_set){.used = true, .component = -1};
			*set = i;
			return PAPI_OK;
		}
	}
	return PAPI_ENOMEM;
}

int PAPI_assign_eventset_component(int set, int component)
{
	sets[set].component = component;
	return PAPI_OK;
}

int PAPI_add_event(int index, int code)
{
	struct fake_set *set = &sets[index];
	const struct fake_event *event = event_of(code);
	int taken = 0;

	if (!event || set->running || set->count == MEMBERS)
		return PAPI_EINVAL;
	if (set->component != (int)event->component)
		return PAPI_EINVAL;
	if (event->on_add != PAPI_OK)
		return event->on_add;
	for (int i = 0; i < set->count; i++)
		taken += event_of(set->members[i])->takes_counter;
	if (event->takes_counter && taken == COUNTERS)
		return PAPI_ECNFLCT;
	set->members[set->count++] = code;
	return PAPI_OK;
}

int PAPI_start(int index)
{
	struct fake_set *set = &sets[index];

	/* As in PAPI: one running set of a component and thread. */
	for (int i = 0; i < SETS; i++)
		if (sets[i].running && sets[i].component == set->component)
			return PAPI_EISRUN;
	if (!set->count || domains[set->component] != PAPI_DOM_ALL)
		return PAPI_EINVAL_DOM;
	for (int i = 0; i < set->count; i++)
		if (event_of(set->members[i])->on_start != PAPI_OK)
			return event_of(set->members[i])->on_start;
	set->running = true;
	return PAPI_OK;
}

int PAPI_stop(int index, long long *values)
{
	if (!sets[index].running)
		return PAPI_ENOTRUN;
	sets[index].running = false;
	for (int i = 0; i < sets[index].count; i++)
		values[i] = 1;
	return PAPI_OK;
}

int PAPI_cleanup_eventset(int index)
{
	if (sets[index].running)
		return PAPI_EISRUN;
	sets[index].count = 0;
	return PAPI_OK;
}

int PAPI_destroy_eventset(int *index)
{
	if (sets[*index].count)
		return PAPI_EINVAL;
	sets[*index].used = false;
	*index = PAPI_NULL;
	return PAPI_OK;
}
