/* SPDX-License-Identifier: MIT */
/*
 * The PAPI plug-in: libperfpoint-papi.so.0.
 *
 * A PAPI event set holds events of one component, so each thread has one set per component,
 * started once and read at START and END. Domain is all: PAPI's default is user mode, in which
 * context switches and migrations always read 0.
 */
#include "perfpoint/plugin.h"
#include "recording/format.h"

#include <papi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETS_MAX 16 /* components in use at once */

struct set {
	int id; /* PAPI's event set */
	int component;
	size_t count;
	size_t members[RECORDING_EVENTS_MAX]; /* positions in the names */
};

struct papi_thread {
	struct set sets[SETS_MAX];
	size_t set_count;
};

static const char *names[RECORDING_EVENTS_MAX];
static size_t name_count;

static unsigned long thread_id(void)
{
	return (unsigned long)pthread_self();
}

static int plugin_start(const char *const *list, size_t count, char *text, size_t size)
{
	int result;

	if (count > RECORDING_EVENTS_MAX) {
		snprintf(text, size, "more than %u PAPI events", RECORDING_EVENTS_MAX);
		return -1;
	}
	/* In a forked child PAPI must forget the parent's counters. */
	if (PAPI_is_initialized() != PAPI_NOT_INITED)
		PAPI_shutdown();
	result = PAPI_library_init(PAPI_VER_CURRENT);
	if (result != PAPI_VER_CURRENT) {
		snprintf(text, size, "PAPI_library_init: %s",
			 result > 0 ? "libpapi is of another version"
				    : PAPI_strerror(result));
		return -1;
	}
	result = PAPI_thread_init(thread_id);
	if (result != PAPI_OK) {
		snprintf(text, size, "PAPI_thread_init: %s", PAPI_strerror(result));
		return -1;
	}
	name_count = count;
	for (size_t i = 0; i < count; i++)
		names[i] = list[i];
	return 0;
}

/* The thread's set for the event's component, made when needed; NULL with the reason. */
static struct set *find_set(struct papi_thread *thread, int component, char *text,
			    size_t size)
{
	PAPI_option_t option;
	struct set *set;
	int result;

	for (size_t i = 0; i < thread->set_count; i++)
		if (thread->sets[i].component == component)
			return &thread->sets[i];
	if (thread->set_count == SETS_MAX) {
		snprintf(text, size, "events of more than %d PAPI components",
			 SETS_MAX);
		return NULL;
	}
	set = &thread->sets[thread->set_count];
	set->id = PAPI_NULL;
	set->component = component;
	result = PAPI_create_eventset(&set->id);
	if (result == PAPI_OK)
		result = PAPI_assign_eventset_component(set->id, component);
	if (result != PAPI_OK) {
		snprintf(text, size, "PAPI component %d: %s", component,
			 PAPI_strerror(result));
		return NULL;
	}
	memset(&option, 0, sizeof(option));
	option.domain.eventset = set->id;
	option.domain.domain = PAPI_DOM_ALL;
	/* Components without domains refuse; their events then have none to choose. */
	(void)PAPI_set_opt(PAPI_DOMAIN, &option);
	thread->set_count++;
	return set;
}

static void plugin_thread_close(void *opaque)
{
	struct papi_thread *thread = opaque;
	long long values[RECORDING_EVENTS_MAX];

	for (size_t i = 0; i < thread->set_count; i++) {
		PAPI_stop(thread->sets[i].id, values);
		PAPI_cleanup_eventset(thread->sets[i].id);
		PAPI_destroy_eventset(&thread->sets[i].id);
	}
	PAPI_unregister_thread();
	free(thread);
}

static bool add_event(struct papi_thread *thread, size_t index, char *text, size_t size)
{
	int code = 0;
	int result = PAPI_event_name_to_code(names[index], &code);
	struct set *set;

	if (result == PAPI_OK) {
		set = find_set(thread, PAPI_get_event_component(code), text, size);
		if (!set)
			return false;
		result = PAPI_add_event(set->id, code);
		if (result == PAPI_OK)
			set->members[set->count++] = index;
	}
	if (result != PAPI_OK)
		snprintf(text, size, "PAPI event %s: %s", names[index],
			 PAPI_strerror(result));
	return result == PAPI_OK;
}

static void *plugin_thread_open(char *text, size_t size)
{
	struct papi_thread *thread = calloc(1, sizeof(*thread));
	int result = thread ? PAPI_register_thread() : PAPI_ENOMEM;
	bool fine = result == PAPI_OK;

	if (!fine)
		snprintf(text, size, "PAPI_register_thread: %s", PAPI_strerror(result));
	for (size_t i = 0; fine && i < name_count; i++)
		fine = add_event(thread, i, text, size);
	for (size_t i = 0; fine && i < thread->set_count; i++) {
		result = PAPI_start(thread->sets[i].id);
		fine = result == PAPI_OK;
		if (!fine)
			snprintf(text, size, "PAPI_start: %s", PAPI_strerror(result));
	}
	if (fine)
		return thread;
	if (thread)
		plugin_thread_close(thread);
	return NULL;
}

static bool plugin_thread_read(void *opaque, uint64_t *values)
{
	const struct papi_thread *thread = opaque;
	long long part[RECORDING_EVENTS_MAX];

	for (size_t i = 0; i < thread->set_count; i++) {
		const struct set *set = &thread->sets[i];

		if (PAPI_read(set->id, part) != PAPI_OK)
			return false;
		for (size_t k = 0; k < set->count; k++)
			values[set->members[k]] = (uint64_t)part[k];
	}
	return true;
}

extern const struct perfpoint_plugin perfpoint_plugin_v1;
__attribute__((visibility("default")))
const struct perfpoint_plugin perfpoint_plugin_v1 = {
	.abi = 1,
	.start = plugin_start,
	.thread_open = plugin_thread_open,
	.thread_read = plugin_thread_read,
	.thread_close = plugin_thread_close,
};
