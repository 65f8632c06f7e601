/* SPDX-License-Identifier: MIT */
/*
 * Names to encodings for source perf.
 *
 * Kinds of names are tried from the most to the least particular: PMU terms (they have
 * slashes), the kernel's generic names, raw codes, PAPI presets, the events of the
 * processor's default set, tracepoints, and last libpfm4's tables, which would also take many
 * of the others but tell less when they fail. Nothing is opened here: a name can be right and
 * still not be countable (probe.c).
 *
 * A hybrid processor has two PMUs. A name that both know becomes an event with two encodings,
 * whose count is the sum: a thread moves between the two kinds of core as it runs.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "event/catalogue.h"
#include "event/defaults.h"
#include "event/event.h"
#include "event/native.h"
#include "event/pmu.h"
#include "event/presets_native.h"
#include "event/processor.h"
#include "event/resolve.h"
#include "event/tracepoint.h"
#include "recording/session.h"

#define PRECISE_MAX 3u

/* perf_event_open(2): generic events say in the upper half of config whose PMU counts them. */
#define PMU_TYPE_SHIFT 32

/*
 * Flags for modifiers such as "u", "kp": the modes named are counted, the others not; each p
 * asks for more precision. -EINVAL for other letters.
 */
static int parse_modifiers(const char *modifiers, uint32_t *flags)
{
	const uint32_t all = SESSION_EVENT_EXCLUDE_USER | SESSION_EVENT_EXCLUDE_KERNEL |
			     SESSION_EVENT_EXCLUDE_HV;
	uint32_t counted = 0, precise = 0;

	for (; *modifiers; modifiers++) {
		switch (*modifiers) {
		case 'u':
			counted |= SESSION_EVENT_EXCLUDE_USER;
			break;
		case 'k':
			counted |= SESSION_EVENT_EXCLUDE_KERNEL;
			break;
		case 'h':
			counted |= SESSION_EVENT_EXCLUDE_HV;
			break;
		case 'p':
			precise++;
			break;
		default:
			return -EINVAL;
		}
	}
	if (precise > PRECISE_MAX)
		return -EINVAL;
	*flags =
		(counted ? all & ~counted : 0) | precise << SESSION_EVENT_PRECISE_SHIFT;
	return 0;
}

/* What the name itself says: canonical name, role, unit, description. */
static int fill_event(struct event *event, const char *name, const char *description,
		      struct error *error)
{
	struct event_knowledge known = catalogue_describe(name);

	if (known.description)
		description = known.description;
	event->role = known.role;
	event->unit = known.unit;
	event->name = strdup(name);
	event->description = description ? strdup(description) : NULL;
	if (!event->name || (description && !event->description)) {
		event_free(event);
		return error_no_memory(error, "resolving an event");
	}
	return 0;
}

static int resolve_pmu(const struct event_place *place, const char *name,
		       struct event *event, struct error *error)
{
	const char *modifiers;
	int code =
		pmu_resolve(place->devices, name, &event->encoding, &modifiers, error);

	if (code)
		return code;
	modifiers += *modifiers == ':';
	if (parse_modifiers(modifiers, &event->encoding.flags))
		return error_set_exit(
			error, EXIT_USAGE, -EINVAL,
			"'%s' after the last slash is no modifier: u, k, h or p",
			modifiers);
	return fill_event(event, name, NULL, error);
}

/* On a hybrid processor: counted on both kinds of core. Without, the kernel takes one. */
static void encode_generic(const struct event_place *place,
			   const struct generic_event *generic,
			   struct event_encoding *encoding)
{
	uint32_t core, atom;

	encoding->type = generic->type;
	encoding->config = generic->config;
	if ((generic->type != PERF_TYPE_HARDWARE &&
	     generic->type != PERF_TYPE_HW_CACHE) ||
	    !pmu_hybrid_types(place->devices, &core, &atom))
		return;
	encoding->config = generic->config | (uint64_t)core << PMU_TYPE_SHIFT;
	encoding->has_other = true;
	encoding->other_type = generic->type;
	encoding->other_config = generic->config | (uint64_t)atom << PMU_TYPE_SHIFT;
}

/* A code of the processor's PMU, and the one of the other PMU on a hybrid processor. */
static void encode_raw(const struct event_place *place, uint64_t config,
		       uint64_t other_config, struct event_encoding *encoding)
{
	uint32_t core, atom;

	encoding->type = PERF_TYPE_RAW;
	encoding->config = config;
	if (!pmu_hybrid_types(place->devices, &core, &atom))
		return;
	encoding->type = core;
	encoding->has_other = true;
	encoding->other_type = atom;
	encoding->other_config = other_config;
}

/* `bare` is the length of `name` without its modifiers, here and below. */
static int resolve_generic(const struct event_place *place,
			   const struct generic_event *generic, const char *name,
			   size_t bare, struct event *event, struct error *error)
{
	char canonical[EVENT_NAME_BYTES + 1];

	encode_generic(place, generic, &event->encoding);
	snprintf(canonical, sizeof(canonical), "%s%s", generic->name, name + bare);
	return fill_event(event, canonical, NULL, error);
}

/* "r" and hexadecimal digits, as the processor's manual gives event code and unit mask. */
static bool is_raw(const char *name, size_t bare)
{
	if (bare < 2 || name[0] != 'r')
		return false;
	for (size_t i = 1; i < bare; i++)
		if (!isxdigit((unsigned char)name[i]))
			return false;
	return true;
}

static int resolve_raw(const struct event_place *place, const char *name,
		       struct event *event, struct error *error)
{
	uint64_t config;

	errno = 0;
	/* Stops at the colon of a modifier. */
	config = strtoull(name + 1, NULL, 16);
	if (errno)
		return error_set_exit(error, EXIT_USAGE, -ERANGE,
				      "a raw event code has at most 64 bits");
	encode_raw(place, config, config, &event->encoding);
	return fill_event(event, name, "raw event code", error);
}

/* The event's name, and what it is counted as behind the preset's description. */
static int fill_preset(const struct papi_preset *preset, const char *name,
		       const char *counted, struct event *event, struct error *error)
{
	char *description = NULL;
	int code = fill_event(event, name, NULL, error);

	if (code)
		return code;
	if (asprintf(&description, "%s (counted as %s)", preset->description, counted) <
	    0) {
		event_free(event);
		return error_no_memory(error, "resolving an event");
	}
	free(event->description);
	event->description = description;
	return 0;
}

static int resolve_preset(const struct event_place *place,
			  const struct papi_preset *preset, const char *name,
			  struct event *event, struct error *error)
{
	const struct native_preset *native =
		native_preset_find(place->processor, preset->name);
	const struct generic_event *generic;

	if (native && !native->config)
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENOENT,
			"no counter of this processor has it: it is %s; name those, or"
			" take `--source papi`",
			native->event);
	if (native) {
		encode_raw(place, native->config, native->other_config,
			   &event->encoding);
		return fill_preset(preset, name, native->event, event, error);
	}
	if (!preset->generic)
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENOENT,
			"the kernel has no event like it: `--source papi` can"
			" count it on many processors");
	generic = catalogue_find_generic(preset->generic, strlen(preset->generic));
	encode_generic(place, generic, &event->encoding);
	return fill_preset(preset, name, generic->name, event, error);
}

static const struct default_event *find_default(const struct event_place *place,
						const char *name, size_t bare)
{
	const struct default_set *set = default_set_of(place->processor);

	return set ? default_event_find(set, name, bare) : NULL;
}

static int resolve_default(const struct event_place *place,
			   const struct default_event *known, const char *name,
			   size_t bare, struct event *event, struct error *error)
{
	char canonical[EVENT_NAME_BYTES + 1];

	encode_raw(place, known->config, known->other_config, &event->encoding);
	event->encoding.config1 = known->config1;
	if (event->encoding.has_other)
		event->encoding.other_config1 = known->other_config1;
	snprintf(canonical, sizeof(canonical), "%s%s", known->name, name + bare);
	return fill_event(event, canonical, known->description, error);
}

static int offer(const char *name, void *nearest)
{
	nearest_offer(nearest, name);
	return 0;
}

/* The name of another processor's default set, which libpfm4 may not know. */
static int foreign(const struct default_set *set, struct error *error)
{
	return error_set_exit(error, EXIT_CANNOT_MEASURE, -ENODEV,
			      "this machine's processor has no such event (%s, for"
			      " instance, has)",
			      set->title);
}

static void offer_defaults(const struct event_place *place, struct nearest *nearest)
{
	const struct default_set *set = default_set_of(place->processor);

	for (size_t i = 0; set && i < set->count; i++)
		nearest_offer(nearest, set->events[i].name);
}

static int unknown(const struct event_place *place, const char *name, size_t bare,
		   struct error *error)
{
	const struct default_set *owner;
	char wanted[EVENT_NAME_BYTES + 1];
	char root[PATH_MAX];
	struct nearest nearest;
	const struct generic_event *generic;
	const struct papi_preset *preset;

	if (default_event_anywhere(name, bare, &owner))
		return foreign(owner, error);
	snprintf(wanted, sizeof(wanted), "%.*s", (int)bare, name);
	nearest_start(&nearest, wanted);
	for (size_t i = 0; (generic = catalogue_generic(i)); i++) {
		nearest_offer(&nearest, generic->name);
		if (generic->alias)
			nearest_offer(&nearest, generic->alias);
	}
	for (size_t i = 0; (preset = catalogue_preset(i)); i++)
		nearest_offer(&nearest, preset->name);
	offer_defaults(place, &nearest);
	native_offer(&nearest);
	if (tracefs_find("/sys", root) == TRACEFS_READABLE && memchr(name, ':', bare))
		tracepoint_visit_all(root, offer, &nearest);
	if (!nearest.name[0])
		return error_set_exit(
			error, EXIT_USAGE, -ENOENT,
			"no such event; `autoperf events --all` lists them");
	return error_set_exit(error, EXIT_USAGE, -ENOENT,
			      "no such event; did you mean '%s'?", nearest.name);
}

/* Tracepoints and libpfm4's names: both may have a colon inside. */
static int resolve_named(const struct event_place *place, const char *name, size_t bare,
			 struct event *event, struct error *error)
{
	char root[PATH_MAX];
	enum tracefs_state tracefs = TRACEFS_ABSENT;
	char *description;
	int code;

	if (tracepoint_is_name(name, bare)) {
		tracefs = tracefs_find("/sys", root);
		if (tracefs == TRACEFS_READABLE &&
		    !tracepoint_id(root, name, bare, &event->encoding.config)) {
			event->encoding.type = PERF_TYPE_TRACEPOINT;
			return fill_event(event, name, "tracepoint of the kernel",
					  error);
		}
	}
	code = native_encode(name, &event->encoding, &description, error);
	if (!code) {
		code = fill_event(event, name, description, error);
		free(description);
		return code;
	}
	if (code != -ENOENT)
		return code;
	/* Native names are in capitals: this was meant to be a tracepoint. */
	if (tracepoint_is_name(name, bare) && islower((unsigned char)name[0]) &&
	    tracefs != TRACEFS_READABLE)
		return error_set_exit(error, EXIT_CANNOT_MEASURE, -EACCES,
				      "tracepoints cannot be looked up: %s",
				      tracefs_advice(tracefs));
	return unknown(place, name, bare, error);
}

/* Whether the name is one of ours with something behind a colon that is no modifier. */
static bool has_odd_modifier(const char *name)
{
	const char *colon = strchr(name, ':');
	char front[EVENT_NAME_BYTES + 1];

	if (!colon)
		return false;
	snprintf(front, sizeof(front), "%.*s", (int)(colon - name), name);
	return catalogue_find_generic(front, strlen(front)) ||
	       catalogue_find_preset(front);
}

/* Everything that may carry ":ukhp". */
static int resolve_plain(const struct event_place *place, const char *name,
			 struct event *event, struct error *error)
{
	size_t bare = catalogue_bare_length(name);
	const char *modifiers = name + bare + (name[bare] == ':');
	const struct generic_event *generic = catalogue_find_generic(name, bare);
	const struct default_event *curated = find_default(place, name, bare);
	const struct papi_preset *preset;
	char wanted[EVENT_NAME_BYTES + 1];
	uint32_t flags;
	int code;

	if (parse_modifiers(modifiers, &flags))
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "the modifier :%s asks for more than :ppp",
				      modifiers);
	snprintf(wanted, sizeof(wanted), "%.*s", (int)bare, name);
	preset = catalogue_find_preset(wanted);
	if (generic)
		code = resolve_generic(place, generic, name, bare, event, error);
	else if (is_raw(name, bare))
		code = resolve_raw(place, name, event, error);
	else if (preset)
		code = resolve_preset(place, preset, name, event, error);
	else if (curated)
		code = resolve_default(place, curated, name, bare, event, error);
	else if (has_odd_modifier(name))
		code = error_set_exit(
			error, EXIT_USAGE, -EINVAL,
			"only the modifiers u, k, h and p may follow the colon");
	else
		code = resolve_named(place, name, bare, event, error);
	if (!code)
		event->encoding.flags |= flags;
	return code;
}

int event_resolve_at(const struct event_place *place, const char *name,
		     struct event *event, struct error *error)
{
	struct error cause = {0};
	int code;

	*event = (struct event){0};
	if (!*name || strlen(name) > EVENT_NAME_BYTES)
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "an event name has 1 to %d bytes",
				      EVENT_NAME_BYTES);
	code = strchr(name, '/') ? resolve_pmu(place, name, event, &cause)
				 : resolve_plain(place, name, event, &cause);
	if (code && cause.exit_status == EXIT_USAGE)
		error_prefix(&cause, "event '%s'", name);
	if (code && error)
		*error = cause;
	return code;
}

int event_resolve(const char *name, struct event *event, struct error *error)
{
	/* Read once: the processor stays, and a listing asks thousands of times. */
	static char processor[PROCESSOR_KEY_BYTES];
	static bool is_read;
	struct event_place place = {PMU_DEVICES, processor};

	/* A processor that is not known has the key "". */
	if (!is_read)
		event_processor_key(processor, sizeof(processor));
	is_read = true;
	return event_resolve_at(&place, name, event, error);
}
