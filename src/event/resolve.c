/* SPDX-License-Identifier: MIT */
/*
 * Names to encodings for source perf.
 *
 * Kinds of names are tried from the most to the least particular: PMU terms (they have
 * slashes), the kernel's generic names, raw codes, PAPI presets, tracepoints, and last
 * libpfm4's tables, which would also take many of the others but tell less when they fail.
 * Nothing is opened here: a name can be right and still not be countable (probe.c).
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
#include "event/event.h"
#include "event/native.h"
#include "event/pmu.h"
#include "event/tracepoint.h"
#include "recording/session.h"

#define PRECISE_MAX 3u

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

static int resolve_pmu(const char *name, struct event *event, struct error *error)
{
	const char *modifiers;
	int code = pmu_resolve(PMU_DEVICES, name, &event->encoding, &modifiers, error);

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

/* `bare` is the length of `name` without its modifiers, here and below. */
static int resolve_generic(const struct generic_event *generic, const char *name,
			   size_t bare, struct event *event, struct error *error)
{
	char canonical[EVENT_NAME_BYTES + 1];

	event->encoding.type = generic->type;
	event->encoding.config = generic->config;
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

static int resolve_raw(const char *name, struct event *event, struct error *error)
{
	event->encoding.type = PERF_TYPE_RAW;
	errno = 0;
	/* Stops at the colon of a modifier. */
	event->encoding.config = strtoull(name + 1, NULL, 16);
	if (errno)
		return error_set_exit(error, EXIT_USAGE, -ERANGE,
				      "a raw event code has at most 64 bits");
	return fill_event(event, name, "raw event code", error);
}

static int resolve_preset(const struct papi_preset *preset, const char *name,
			  struct event *event, struct error *error)
{
	const struct generic_event *generic;
	char *description = NULL;
	int code;

	if (!preset->generic)
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENOENT,
			"the kernel has no event like it: `--source papi` can"
			" count it on many processors");
	generic = catalogue_find_generic(preset->generic, strlen(preset->generic));
	event->encoding.type = generic->type;
	event->encoding.config = generic->config;
	code = fill_event(event, name, NULL, error);
	if (code)
		return code;
	if (asprintf(&description, "%s (counted as %s)", preset->description,
		     generic->name) < 0) {
		event_free(event);
		return error_no_memory(error, "resolving an event");
	}
	free(event->description);
	event->description = description;
	return 0;
}

static int offer(const char *name, void *nearest)
{
	nearest_offer(nearest, name);
	return 0;
}

static int unknown(const char *name, size_t bare, struct error *error)
{
	char wanted[EVENT_NAME_BYTES + 1];
	char root[PATH_MAX];
	struct nearest nearest;
	const struct generic_event *generic;
	const struct papi_preset *preset;

	snprintf(wanted, sizeof(wanted), "%.*s", (int)bare, name);
	nearest_start(&nearest, wanted);
	for (size_t i = 0; (generic = catalogue_generic(i)); i++) {
		nearest_offer(&nearest, generic->name);
		if (generic->alias)
			nearest_offer(&nearest, generic->alias);
	}
	for (size_t i = 0; (preset = catalogue_preset(i)); i++)
		nearest_offer(&nearest, preset->name);
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
static int resolve_named(const char *name, size_t bare, struct event *event,
			 struct error *error)
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
	return unknown(name, bare, error);
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
static int resolve_plain(const char *name, struct event *event, struct error *error)
{
	size_t bare = catalogue_bare_length(name);
	const char *modifiers = name + bare + (name[bare] == ':');
	const struct generic_event *generic = catalogue_find_generic(name, bare);
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
		code = resolve_generic(generic, name, bare, event, error);
	else if (is_raw(name, bare))
		code = resolve_raw(name, event, error);
	else if (preset)
		code = resolve_preset(preset, name, event, error);
	else if (has_odd_modifier(name))
		code = error_set_exit(
			error, EXIT_USAGE, -EINVAL,
			"only the modifiers u, k, h and p may follow the colon");
	else
		code = resolve_named(name, bare, event, error);
	if (!code)
		event->encoding.flags |= flags;
	return code;
}

int event_resolve(const char *name, struct event *event, struct error *error)
{
	struct error cause = {0};
	int code;

	*event = (struct event){0};
	if (!*name || strlen(name) > EVENT_NAME_BYTES)
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "an event name has 1 to %d bytes",
				      EVENT_NAME_BYTES);
	code = strchr(name, '/') ? resolve_pmu(name, event, &cause)
				 : resolve_plain(name, event, &cause);
	if (code && cause.exit_status == EXIT_USAGE)
		error_prefix(&cause, "event '%s'", name);
	if (code && error)
		*error = cause;
	return code;
}
