/* SPDX-License-Identifier: MIT */
/*
 * libpapi, loaded by dlopen(3): see papi.h.
 *
 * PAPI says of many events that they exist and refuses them only when they are added or
 * started, so availability is always a trial. Its default domain leaves kernel mode out, in
 * which context switches and migrations happen: the domain of all modes is set first.
 */
#include "event/papi.h"

#include <dlfcn.h>
#include <errno.h>
#include <papi.h>
#include <stdlib.h>
#include <string.h>

#include "event/counter.h"
#include "recording/format.h"

/* The functions used, typed as PAPI's header declares them. */
struct papi_functions {
	__typeof__(PAPI_library_init) *library_init;
	__typeof__(PAPI_shutdown) *shutdown;
	__typeof__(PAPI_strerror) *strerror;
	__typeof__(PAPI_num_components) *num_components;
	__typeof__(PAPI_get_component_info) *get_component_info;
	__typeof__(PAPI_set_cmp_domain) *set_cmp_domain;
	__typeof__(PAPI_event_name_to_code) *event_name_to_code;
	__typeof__(PAPI_get_event_info) *get_event_info;
	__typeof__(PAPI_get_event_component) *get_event_component;
	__typeof__(PAPI_enum_cmp_event) *enum_cmp_event;
	__typeof__(PAPI_create_eventset) *create_eventset;
	__typeof__(PAPI_assign_eventset_component) *assign_eventset_component;
	__typeof__(PAPI_add_event) *add_event;
	__typeof__(PAPI_start) *start;
	__typeof__(PAPI_stop) *stop;
	__typeof__(PAPI_cleanup_eventset) *cleanup_eventset;
	__typeof__(PAPI_destroy_eventset) *destroy_eventset;
};

struct papi {
	void *library;
	struct papi_functions call;
};

/* One event set of a trial: the events of one component. */
struct trial_set {
	int component;
	int set;
	bool started;
};

static void *load(const char *library)
{
	static const char *const usual[] = {"libpapi.so.7.1", "libpapi.so.7.0",
					    "libpapi.so.7", "libpapi.so"};
	void *handle = NULL;

	if (library)
		return dlopen(library, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; !handle && i < sizeof(usual) / sizeof(*usual); i++)
		handle = dlopen(usual[i], RTLD_NOW | RTLD_LOCAL);
	return handle;
}

/* Looks all functions up; the name of the first one missing, or NULL. */
static const char *bind(struct papi *papi)
{
	struct papi_functions *call = &papi->call;
	const struct {
		const char *name;
		void *slot;
	} wanted[] = {
		{"PAPI_library_init", &call->library_init},
		{"PAPI_shutdown", &call->shutdown},
		{"PAPI_strerror", &call->strerror},
		{"PAPI_num_components", &call->num_components},
		{"PAPI_get_component_info", &call->get_component_info},
		{"PAPI_set_cmp_domain", &call->set_cmp_domain},
		{"PAPI_event_name_to_code", &call->event_name_to_code},
		{"PAPI_get_event_info", &call->get_event_info},
		{"PAPI_get_event_component", &call->get_event_component},
		{"PAPI_enum_cmp_event", &call->enum_cmp_event},
		{"PAPI_create_eventset", &call->create_eventset},
		{"PAPI_assign_eventset_component", &call->assign_eventset_component},
		{"PAPI_add_event", &call->add_event},
		{"PAPI_start", &call->start},
		{"PAPI_stop", &call->stop},
		{"PAPI_cleanup_eventset", &call->cleanup_eventset},
		{"PAPI_destroy_eventset", &call->destroy_eventset},
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		void *function = dlsym(papi->library, wanted[i].name);

		if (!function)
			return wanted[i].name;
		/* The way POSIX gives from an object pointer to a function pointer. */
		memcpy(wanted[i].slot, &function, sizeof(function));
	}
	return NULL;
}

int papi_open(struct papi **result, const char *library, struct error *error)
{
	struct papi *papi = calloc(1, sizeof(*papi));
	const char *missing;
	int version;

	*result = NULL;
	if (!papi)
		return error_no_memory(error, "loading libpapi");
	papi->library = load(library);
	if (!papi->library) {
		free(papi);
		return error_set_exit(error, EXIT_CANNOT_MEASURE, -ENOENT,
				      "cannot load libpapi (%s): `sudo apt install"
				      " libpapi7.0` or your system's package of PAPI 7",
				      dlerror());
	}
	missing = bind(papi);
	if (missing) {
		dlclose(papi->library);
		free(papi);
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENOSYS,
			"the libpapi of this system lacks %s: install PAPI 7", missing);
	}
	version = papi->call.library_init(PAPI_VER_CURRENT);
	if (version != PAPI_VER_CURRENT) {
		error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENOTSUP,
			version > 0 ? "libpapi has version %d.%d, this build is for"
				      " %d.%d: install that version, or build again"
				    : "libpapi cannot be initialised (%d.%d, built for"
				      " %d.%d)",
			PAPI_VERSION_MAJOR(version), PAPI_VERSION_MINOR(version),
			PAPI_VERSION_MAJOR(PAPI_VER_CURRENT),
			PAPI_VERSION_MINOR(PAPI_VER_CURRENT));
		free(papi);
		return -ENOTSUP;
	}
	/* Components that know no modes refuse this, and count everything as it is. */
	for (int i = 0; i < papi->call.num_components(); i++)
		papi->call.set_cmp_domain(PAPI_DOM_ALL, i);
	*result = papi;
	return 0;
}

void papi_close(struct papi *papi)
{
	if (!papi)
		return;
	/* Not unloaded: libpapi leaves memory and exit handlers behind. */
	papi->call.shutdown();
	free(papi);
}

int papi_find(struct papi *papi, const char *name, struct papi_event *event,
	      char **description)
{
	PAPI_event_info_t info;

	if (description)
		*description = NULL;
	if (papi->call.event_name_to_code(name, &event->code) != PAPI_OK)
		return -ENOENT;
	event->component = papi->call.get_event_component(event->code);
	if (event->component < 0)
		return -ENOENT;
	if (description && papi->call.get_event_info(event->code, &info) == PAPI_OK &&
	    *info.long_descr)
		*description = strdup(info.long_descr);
	return 0;
}

bool papi_component_at(struct papi *papi, int index, struct papi_component *component)
{
	const PAPI_component_info_t *info;

	if (index < 0 || index >= papi->call.num_components())
		return false;
	info = papi->call.get_component_info(index);
	if (!info)
		return false;
	component->name = info->name;
	component->works = !info->disabled;
	component->reason = "";
	if (info->disabled)
		component->reason = *info->disabled_reason
					    ? info->disabled_reason
					    : papi->call.strerror(info->disabled);
	component->events = info->num_native_events > 0 ? info->num_native_events : 0;
	return true;
}

const char *papi_disabled_reason(struct papi *papi)
{
	struct papi_component component;

	return papi_component_at(papi, 0, &component) ? component.reason : "";
}

static int explain(struct papi *papi, int code, int component, struct error *error)
{
	struct papi_component at;
	const char *reason;

	if (papi_component_at(papi, component, &at) && !at.works)
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENODEV,
			"PAPI's component '%s' does not work here (%s): try"
			" `--source perf`",
			at.name, at.reason);
	switch (code) {
	case PAPI_ENOEVNT:
		return error_set_exit(error, EXIT_CANNOT_MEASURE, -ENOENT,
				      "PAPI has no counter for it on this machine");
	case PAPI_ECNFLCT:
	case PAPI_EMULPASS:
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -EBUSY,
			"it needs more counters than the processor has free");
	case PAPI_EPERM:
		return error_set_exit(error, EXIT_CANNOT_MEASURE, -EACCES,
				      "this user may not count all modes: %s",
				      counter_allow_kernel);
	case PAPI_ESYS:
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -EIO,
			"PAPI's call of the kernel failed (%s); if this user"
			" may not count kernel mode: %s",
			strerror(errno), counter_allow_kernel);
	default:
		reason = papi->call.strerror(code);
		return error_set_exit(error, EXIT_CANNOT_MEASURE, -ENODEV,
				      "PAPI refuses it: %s",
				      reason ? reason : "no reason");
	}
}

/* The trial's set for a component, made when it is the component's first event. */
static int set_for(struct papi *papi, struct trial_set *sets, size_t *count,
		   int component, struct trial_set **set)
{
	int code;

	for (size_t i = 0; i < *count; i++) {
		if (sets[i].component == component) {
			*set = &sets[i];
			return PAPI_OK;
		}
	}
	*set = &sets[*count];
	**set = (struct trial_set){.component = component, .set = PAPI_NULL};
	code = papi->call.create_eventset(&(*set)->set);
	if (code != PAPI_OK)
		return code;
	(*count)++;
	return papi->call.assign_eventset_component((*set)->set, component);
}

int papi_try(struct papi *papi, const struct papi_event *const *events, size_t count,
	     struct error *error)
{
	struct trial_set sets[RECORDING_EVENTS_MAX];
	long long values[RECORDING_EVENTS_MAX];
	size_t set_count = 0;
	int component = -1;
	int code = count <= RECORDING_EVENTS_MAX ? PAPI_OK : PAPI_EINVAL;

	errno = 0;
	for (size_t i = 0; i < count && code == PAPI_OK; i++) {
		struct trial_set *set;

		component = events[i]->component;
		code = set_for(papi, sets, &set_count, component, &set);
		if (code == PAPI_OK)
			code = papi->call.add_event(set->set, events[i]->code);
	}
	for (size_t i = 0; i < set_count && code == PAPI_OK; i++) {
		component = sets[i].component;
		code = papi->call.start(sets[i].set);
		sets[i].started = code == PAPI_OK;
	}
	if (code == PAPI_OK)
		counter_work();
	if (code != PAPI_OK)
		explain(papi, code, component, error);
	for (size_t i = 0; i < set_count; i++) {
		int stopped = sets[i].started ? papi->call.stop(sets[i].set, values)
					      : PAPI_OK;

		if (code == PAPI_OK && stopped != PAPI_OK) {
			code = stopped;
			explain(papi, code, sets[i].component, error);
		}
		papi->call.cleanup_eventset(sets[i].set);
		papi->call.destroy_eventset(&sets[i].set);
	}
	return code == PAPI_OK ? 0 : -ENODEV;
}

int papi_visit_native(struct papi *papi, papi_visit visit, void *context)
{
	struct papi_component component;
	int code = 0;

	for (int i = 0; !code && papi_component_at(papi, i, &component); i++) {
		int event = PAPI_NATIVE_MASK;
		PAPI_event_info_t info;

		if (!component.works ||
		    papi->call.enum_cmp_event(&event, PAPI_ENUM_FIRST, i) != PAPI_OK)
			continue;
		do {
			if (papi->call.get_event_info(event, &info) == PAPI_OK)
				code = visit(info.symbol, info.long_descr, context);
		} while (!code && papi->call.enum_cmp_event(&event, PAPI_ENUM_EVENTS,
							    i) == PAPI_OK);
	}
	return code;
}
