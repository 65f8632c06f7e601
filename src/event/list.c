/* SPDX-License-Identifier: MIT */
/*
 * What can be counted here, name by name, for `autoperf events`: the kernel's generic events,
 * the default set of the processor, those that PMU drivers name, tracepoints, libpfm4's, PAPI's, and the simulated machine's.
 */
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event/catalogue.h"
#include "event/counter.h"
#include "event/defaults.h"
#include "event/native.h"
#include "event/papi.h"
#include "event/pmu.h"
#include "event/simulated.h"
#include "event/tracepoint.h"

/* A listing under way, passed through the visitors of each kind of name. */
struct lister {
	struct event_machine machine;
	struct papi *papi;
	event_visit visit;
	void *context;
};

static int show(struct lister *lister, const char *kind, const char *name,
		const char *description, const struct error *cause)
{
	struct event_knowledge known = catalogue_describe(name);
	struct event_listing listing = {
		.name = name,
		.kind = kind,
		.description = known.description ? known.description : description,
		.role = known.role,
		.available = !cause,
		.reason = cause ? cause->text : "",
	};

	if (!listing.description)
		listing.description = "";
	return lister->visit(&listing, lister->context);
}

/* Lists an event of source perf after resolving and probing it. */
static int show_perf(struct lister *lister, const char *kind, const char *name,
		     const char *description)
{
	struct error cause = {0};
	struct event event;
	int code = event_resolve(name, &event, &cause);

	if (!code) {
		code = event_probe(&event, &lister->machine, &cause);
		event_free(&event);
	}
	return show(lister, kind, name, description, code ? &cause : NULL);
}

static int show_pmu_event(const char *name, void *lister)
{
	return show_perf(lister, "pmu", name, "event named by the PMU's driver");
}

static int show_native(const char *name, const char *description, void *lister)
{
	return show_perf(lister, "pfm", name, description);
}

static int show_tracepoint(const char *name, void *context)
{
	struct lister *lister = context;
	struct error cause = {0};

	if (lister->machine.kernel_allowed)
		return show(lister, "tracepoint", name, "tracepoint of the kernel",
			    NULL);
	error_set(&cause, -EACCES,
		  "it happens in kernel mode only, which this user may not count: %s",
		  counter_allow_kernel);
	return show(lister, "tracepoint", name, "tracepoint of the kernel", &cause);
}

/* The default set of this machine's processor; its generic events are listed as such. */
static int list_defaults(struct lister *lister)
{
	const struct default_set *set = default_set_of(lister->machine.processor);
	int code = 0;

	for (size_t i = 0; !code && set && i < set->count; i++) {
		const struct default_event *event = &set->events[i];

		if (!catalogue_find_generic(event->name, strlen(event->name)))
			code = show_perf(lister, "native", event->name,
					 event->description);
	}
	return code;
}

static int list_perf(struct lister *lister, bool all)
{
	const struct generic_event *generic;
	char root[PATH_MAX];
	int code;

	event_machine_probe(&lister->machine);
	for (size_t i = 0; (generic = catalogue_generic(i)); i++) {
		code = show_perf(lister, generic->kind, generic->name, NULL);
		if (code)
			return code;
	}
	code = list_defaults(lister);
	if (!code)
		code = pmu_visit_events(PMU_DEVICES, show_pmu_event, lister);
	if (code || !all)
		return code;
	code = native_visit_all(show_native, lister);
	if (!code && tracefs_find("/sys", root) == TRACEFS_READABLE)
		code = tracepoint_visit_all(root, show_tracepoint, lister);
	return code;
}

static int show_papi(const char *name, const char *description, void *context)
{
	struct lister *lister = context;
	struct error cause = {0};
	struct papi_event event;
	const struct papi_event *member = &event;
	int code = papi_find(lister->papi, name, &event, NULL);

	if (code)
		error_set(&cause, code, "PAPI does not have it on this machine");
	else
		code = papi_try(lister->papi, &member, 1, &cause);
	return show(lister, "papi", name, description, code ? &cause : NULL);
}

static int list_papi(struct lister *lister, const char *library, bool all,
		     struct error *error)
{
	const struct papi_preset *preset;
	int code = papi_open(&lister->papi, library, error);

	for (size_t i = 0; !code && (preset = catalogue_preset(i)); i++)
		code = show_papi(preset->name, preset->description, lister);
	if (!code && all)
		code = papi_visit_native(lister->papi, show_papi, lister);
	papi_close(lister->papi);
	return code;
}

static int show_alias(struct lister *lister, const char *alias,
		      const struct simulated_event *event)
{
	char description[EVENT_NAME_BYTES];
	struct event_listing listing = {
		.name = alias,
		.kind = "alias",
		.description = description,
		.role = event->role,
		.available = true,
		.reason = "",
	};

	snprintf(description, sizeof(description), "counted as %s",
		 simulated_event_name(event));
	return lister->visit(&listing, lister->context);
}

static int list_aliases(struct lister *lister, const struct simulated_event *event)
{
	for (const char *word = event->aliases; *word; word += strspn(word, " ")) {
		size_t length = strcspn(word, " ");
		char *alias = strndup(word, length);
		int code = alias ? show_alias(lister, alias, event) : -ENOMEM;

		free(alias);
		if (code)
			return code;
		word += length;
	}
	return 0;
}

static int list_sim(struct lister *lister, bool all)
{
	const struct simulated_event *event;
	int code = 0;

	for (size_t i = 0; !code && (event = simulated_event(i)); i++) {
		struct event_listing listing = {
			.name = simulated_event_name(event),
			.kind = "sim",
			.description = event->description,
			.role = event->role,
			.available = true,
			.reason = "",
		};

		code = lister->visit(&listing, lister->context);
	}
	for (size_t i = 0; !code && all && (event = simulated_event(i)); i++)
		code = list_aliases(lister, event);
	return code;
}

int event_list_all(enum event_source source, const char *papi_library, bool all,
		   event_visit visit, void *context, struct error *error)
{
	struct lister lister = {.visit = visit, .context = context};

	switch (source) {
	case EVENT_SOURCE_AUTO:
	case EVENT_SOURCE_PERF:
		return list_perf(&lister, all);
	case EVENT_SOURCE_PAPI:
		return list_papi(&lister, papi_library, all, error);
	case EVENT_SOURCE_NONE:
		return 0;
	case EVENT_SOURCE_SIM:
		return list_sim(&lister, all);
	case EVENT_SOURCE_IMPORT:
		break;
	}
	return error_set_exit(error, EXIT_USAGE, -EINVAL,
			      "source %s cannot measure, so it has no events to list",
			      event_source_name(source));
}
