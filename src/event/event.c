/* SPDX-License-Identifier: MIT */
/*
 * The stable names of roles, units and sources, and the life of events and their lists.
 *
 * The names are stored in profiles and models, so a name never changes and the numbers behind
 * the enums mean nothing outside of a process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "event/event.h"

struct role_text {
	const char *name;
	const char *title;
};

static const struct role_text role_texts[EVENT_ROLES] = {
	[EVENT_ROLE_OTHER] = {"other", "other events"},
	[EVENT_ROLE_INSTRUCTIONS] = {"instructions", "instructions"},
	[EVENT_ROLE_CYCLES] = {"cycles", "cycles"},
	[EVENT_ROLE_CPU_TIME] = {"cpu_time", "CPU time"},
	[EVENT_ROLE_LOADS] = {"loads", "loads"},
	[EVENT_ROLE_STORES] = {"stores", "stores"},
	[EVENT_ROLE_BRANCHES] = {"branches", "branches"},
	[EVENT_ROLE_BRANCH_MISS] = {"branch_miss", "branch mispredictions"},
	[EVENT_ROLE_L1D_MISS] = {"l1d_miss", "first-level data cache misses"},
	[EVENT_ROLE_L1I_MISS] = {"l1i_miss", "first-level instruction cache misses"},
	[EVENT_ROLE_L2_MISS] = {"l2_miss", "second-level cache misses"},
	[EVENT_ROLE_LLC_MISS] = {"llc_miss", "last-level cache misses"},
	[EVENT_ROLE_HITM] = {"hitm", "cache lines fetched modified from another core"},
	[EVENT_ROLE_FALSE_SHARING] = {"false_sharing",
				      "fetches of falsely shared cache lines"},
	[EVENT_ROLE_TRUE_SHARING] = {"true_sharing",
				     "fetches of truly shared cache lines"},
	[EVENT_ROLE_REMOTE_DRAM] = {"remote_dram", "accesses to another node's memory"},
	[EVENT_ROLE_DTLB_MISS] = {"dtlb_miss", "data TLB misses"},
	[EVENT_ROLE_ITLB_MISS] = {"itlb_miss", "instruction TLB misses"},
	[EVENT_ROLE_STALL] = {"stall", "stalled cycles"},
	[EVENT_ROLE_CONTEXT_SWITCH] = {"context_switch", "context switches"},
	[EVENT_ROLE_MIGRATION] = {"migration", "migrations between CPUs"},
	[EVENT_ROLE_PAGE_FAULT] = {"page_fault", "page faults"},
	[EVENT_ROLE_MAJOR_FAULT] = {"major_fault",
				    "page faults that wait for the disk"},
	[EVENT_ROLE_LOCK_WAIT] = {"lock_wait", "waits for locks"},
	[EVENT_ROLE_SYSTEM_CALL] = {"system_call", "system calls"},
};

static const char *const unit_names[] = {
	[EVENT_UNIT_COUNT] = "count",
	[EVENT_UNIT_NANOSECONDS] = "nanoseconds",
	[EVENT_UNIT_RAW] = "raw",
};

static const char *const source_names[] = {
	[EVENT_SOURCE_AUTO] = "auto",     [EVENT_SOURCE_PERF] = "perf",
	[EVENT_SOURCE_PAPI] = "papi",     [EVENT_SOURCE_SIM] = "sim",
	[EVENT_SOURCE_IMPORT] = "import", [EVENT_SOURCE_NONE] = "none",
};

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

/* Index of `name` in `names`, or -EINVAL. */
static int find_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return (int)i;
	return -EINVAL;
}

const char *event_role_name(enum event_role role)
{
	return role_texts[role < EVENT_ROLES ? role : EVENT_ROLE_OTHER].name;
}

const char *event_role_title(enum event_role role)
{
	return role_texts[role < EVENT_ROLES ? role : EVENT_ROLE_OTHER].title;
}

int event_role_parse(const char *name, enum event_role *role)
{
	for (size_t i = 0; i < EVENT_ROLES; i++) {
		if (!strcmp(role_texts[i].name, name)) {
			*role = (enum event_role)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *event_unit_name(enum event_unit unit)
{
	return unit_names[unit < COUNT_OF(unit_names) ? unit : EVENT_UNIT_COUNT];
}

int event_unit_parse(const char *name, enum event_unit *unit)
{
	int found = find_name(unit_names, COUNT_OF(unit_names), name);

	if (found < 0)
		return found;
	*unit = (enum event_unit)found;
	return 0;
}

const char *event_source_name(enum event_source source)
{
	return source_names[source < COUNT_OF(source_names) ? source
							    : EVENT_SOURCE_NONE];
}

int event_source_parse(const char *name, enum event_source *source)
{
	int found = find_name(source_names, COUNT_OF(source_names), name);

	if (found < 0)
		return found;
	*source = (enum event_source)found;
	return 0;
}

void event_free(struct event *event)
{
	free(event->name);
	free(event->description);
	*event = (struct event){0};
}

void event_list_free(struct event_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		event_free(&list->items[i]);
	free(list->items);
	*list = (struct event_list){0};
}

int event_list_add(struct event_list *list, struct event *event)
{
	if (array_reserve(&list->items, &list->capacity, list->count + 1,
			  sizeof(*list->items)))
		return -ENOMEM;
	list->items[list->count++] = *event;
	*event = (struct event){0};
	return 0;
}
