/* SPDX-License-Identifier: MIT */
/*
 * Plans for source papi. Names are PAPI's; the kernel's generic names are translated to them
 * where PAPI has the same event. Each pass is tried out as the runtime will use it: one event
 * set per component, all started together.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/nearest.h"
#include "event/catalogue.h"
#include "event/native.h"
#include "event/papi.h"
#include "event/plan.h"
#include "recording/format.h"

#define COMPANION "PAPI_TOT_INS"

/* Without names from the user: as for source perf, by PAPI's names. */
static const char *const default_set[] = {
	"PAPI_TOT_CYC",         "PAPI_TOT_INS",       "PAPI_BR_INS",
	"PAPI_BR_MSP",          "PAPI_L1_DCM",        "PAPI_L3_TCM",
	"PAPI_TLB_DM",          "perf::TASK-CLOCK",   "perf::CONTEXT-SWITCHES",
	"perf::CPU-MIGRATIONS", "perf::MINOR-FAULTS", "perf::MAJOR-FAULTS"};

/* libpapi and, beside the plan's events, what PAPI calls each of them. */
struct papi_planner {
	struct papi *papi;
	struct papi_event *events;
	size_t capacity;
};

/*
 * PAPI's name of one of the kernel's generic events: a preset for processor events,
 * "perf::CONTEXT-SWITCHES" and the like for software events. False when there is none.
 */
static bool translate(const char *name, char *translated, size_t size)
{
	const struct generic_event *generic =
		catalogue_find_generic(name, strlen(name));
	const struct papi_preset *preset;

	if (!generic)
		return false;
	if (strcmp(generic->kind, "software")) {
		preset = catalogue_preset_of(generic);
		snprintf(translated, size, "%s", preset ? preset->name : "");
		return preset;
	}
	snprintf(translated, size, "perf::%s", generic->name);
	for (char *c = translated + strlen("perf::"); *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return true;
}

/* Somebody's event, though not this machine's: a preset, or a native name of any processor. */
static bool is_known_elsewhere(const char *name)
{
	struct event_encoding encoding;
	char *description;
	bool known;

	if (catalogue_find_preset(name) || catalogue_find_generic(name, strlen(name)) ||
	    strstr(name, "::"))
		return true;
	known = native_encode(name, &encoding, &description, NULL) != -ENOENT;
	free(description);
	return known;
}

static int not_found(struct papi *papi, const char *name, struct error *cause)
{
	const char *disabled = papi_disabled_reason(papi);
	const struct papi_preset *preset;
	struct nearest nearest;

	if (is_known_elsewhere(name))
		return error_set_exit(
			cause, EXIT_CANNOT_MEASURE, -ENOENT,
			"PAPI does not have it on this machine%s%s%s: `autoperf"
			" events --source papi` lists what it has",
			*disabled ? " (" : "", disabled, *disabled ? ")" : "");
	nearest_start(&nearest, name);
	for (size_t i = 0; (preset = catalogue_preset(i)); i++)
		nearest_offer(&nearest, preset->name);
	return error_set_exit(cause, EXIT_USAGE, -ENOENT,
			      "event '%s': PAPI has no such event; %s%s%s", name,
			      *nearest.name ? "did you mean '" : "",
			      *nearest.name
				      ? nearest.name
				      : "`autoperf events --source papi` lists them",
			      *nearest.name ? "'?" : "");
}

/* Resolves and probes; fills *event (to be freed) and *code. */
static int find_event(struct papi *papi, const char *name, struct event *event,
		      struct papi_event *found, struct error *cause)
{
	char translated[EVENT_NAME_BYTES + 8];
	char *description = NULL;
	const struct papi_event *member = found;
	struct event_knowledge known;
	int code = papi_find(papi, name, found, &description);

	*event = (struct event){0};
	if (code && translate(name, translated, sizeof(translated))) {
		name = translated;
		code = papi_find(papi, name, found, &description);
	}
	if (code)
		return not_found(papi, name, cause);
	code = papi_try(papi, &member, 1, cause);
	if (code) {
		free(description);
		return code;
	}
	known = catalogue_describe(name);
	if (known.description) {
		free(description);
		description = strdup(known.description);
	}
	*event = (struct event){
		.name = strdup(name),
		.role = known.role,
		.unit = known.unit,
		.description = description,
	};
	return event->name ? 0 : error_no_memory(cause, "planning the passes");
}

static int add_event(struct plan_builder *builder, struct papi_planner *planner,
		     const char *name, struct error *error)
{
	struct event_plan *plan = builder->plan;
	struct papi_event found;
	struct error cause = {0};
	struct event event;

	if (find_event(planner->papi, name, &event, &found, &cause)) {
		event_free(&event);
		return plan_refuse(builder, name, &cause, error);
	}
	for (size_t i = 0; i < plan->events.count; i++) {
		if (planner->events[i].code == found.code) {
			event_free(&event);
			return plan_merge(builder, name, plan->events.items[i].name,
					  error);
		}
	}
	if (array_reserve(&planner->events, &planner->capacity, plan->events.count + 1,
			  sizeof(*planner->events)) ||
	    event_list_add(&plan->events, &event)) {
		event_free(&event);
		return error_no_memory(error, "planning the passes");
	}
	planner->events[plan->events.count - 1] = found;
	return 0;
}

static int add_events(struct plan_builder *builder, struct papi_planner *planner,
		      struct error *error)
{
	const struct event_names *names = builder->options->names;
	const char *const *items =
		names ? (const char *const *)names->items : default_set;
	size_t count =
		names ? names->count : sizeof(default_set) / sizeof(*default_set);

	for (size_t i = 0; i < count; i++) {
		int code = add_event(builder, planner, items[i], error);

		if (code)
			return code;
	}
	return 0;
}

/* Index of the event that goes into every pass; adds it when the user did not name one. */
static int add_companion(struct event_plan *plan, struct papi_planner *planner,
			 size_t *companion, struct error *error)
{
	struct papi_event found;
	struct event event;
	int code;

	*companion = plan_find_instructions(plan);
	if (*companion != PLAN_NO_EVENT)
		return 0;
	if (find_event(planner->papi, COMPANION, &event, &found, NULL)) {
		event_free(&event);
		return 0;
	}
	if (array_reserve(&planner->events, &planner->capacity, plan->events.count + 1,
			  sizeof(*planner->events)))
		code = error_no_memory(error, "planning the passes");
	else
		code = plan_put_first(plan, &event, error);
	event_free(&event);
	if (code)
		return code;
	memmove(planner->events + 1, planner->events,
		(plan->events.count - 1) * sizeof(*planner->events));
	planner->events[0] = found;
	*companion = 0;
	return 0;
}

static int fits(const struct event_plan *plan, const size_t *members, size_t count,
		void *context, struct error *error)
{
	const struct papi_planner *planner = context;
	const struct papi_event *events[RECORDING_EVENTS_MAX];

	(void)plan;
	(void)error;
	for (size_t i = 0; i < count; i++)
		events[i] = &planner->events[members[i]];
	return !papi_try(planner->papi, events, count, NULL);
}

/* PAPI does not tell which events take a counter: all are treated as if they did. */
static bool is_scarce(const struct event_plan *plan, size_t index, void *context)
{
	(void)plan;
	(void)index;
	(void)context;
	return true;
}

int plan_make_papi(struct plan_builder *builder, struct error *error)
{
	const char *plugin = builder->options->papi_plugin;
	struct papi_planner planner = {0};
	struct plan_packing packing = {
		.fits = fits,
		.context = &planner,
		.is_scarce = is_scarce,
	};
	int code;

	if (plugin && access(plugin, R_OK))
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -errno,
			"cannot read the PAPI plug-in %s: %s; install it beside"
			" libperfpoint, or use `--source perf`",
			plugin, strerror(errno));
	code = papi_open(&planner.papi, builder->options->papi_library, error);
	if (code)
		return code;
	code = add_events(builder, &planner, error);
	if (!code)
		code = plan_judge(builder, error);
	if (!code)
		code = add_companion(builder->plan, &planner, &packing.companion,
				     error);
	if (!code)
		code = plan_pack(builder->plan, &packing, error);
	papi_close(planner.papi);
	free(planner.events);
	return code;
}
