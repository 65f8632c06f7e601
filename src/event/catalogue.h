/* SPDX-License-Identifier: MIT */
/*
 * What is known about events whatever the machine: the kernel's generic events, the PAPI
 * presets, and the roles and plain-English descriptions of native names by pattern. Tables
 * and look-ups only; nothing here asks the kernel.
 */
#ifndef AUTOPERF_EVENT_CATALOGUE_H
#define AUTOPERF_EVENT_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

/* An event that perf_event_open(2) knows by a number of its own on every machine. */
struct generic_event {
	const char *name;
	const char *alias; /* another name of the same, or NULL */
	const char *kind;  /* "hardware", "software", "cache" */
	uint32_t type;     /* PERF_TYPE_... */
	uint64_t config;
	enum event_role role;
	enum event_unit unit;
	const char *description;
};

/* A PAPI preset, and the generic event that counts the same or nearest to it. */
struct papi_preset {
	const char *name;
	enum event_role role;
	const char *generic; /* name of a generic event, or NULL: none is near enough */
	const char *description;
};

/* By position, for listing; NULL after the last. */
const struct generic_event *catalogue_generic(size_t index);
const struct papi_preset *catalogue_preset(size_t index);

/* Length of `name` without a last part of modifiers, ":u", ":kp". */
size_t catalogue_bare_length(const char *name);
/* By name (main name or alias, exact case) of `length` bytes; NULL when there is none. */
const struct generic_event *catalogue_find_generic(const char *name, size_t length);
/* The generic event of that perf_event_open type and config, or NULL. */
const struct generic_event *catalogue_find_encoding(uint32_t type, uint64_t config);
const struct papi_preset *catalogue_find_preset(const char *name);
/* The preset that stands for a generic event, or NULL. */
const struct papi_preset *catalogue_preset_of(const struct generic_event *generic);

/*
 * The kernel counts software events and tracepoints where they happen: a context switch or a
 * migration always in kernel mode, whatever the program was doing. Such an event reads 0
 * when kernel mode is excluded.
 */
bool catalogue_kernel_only(uint32_t type, uint64_t config);
/* Elapsed-time events count the same whichever mode is excluded. */
bool catalogue_mode_blind(uint32_t type, uint64_t config);

struct event_knowledge {
	enum event_role role;
	enum event_unit unit;
	const char *description; /* NULL: nothing is known */
};
/* What is known about any event by its name, on any source; role OTHER when nothing is. */
struct event_knowledge catalogue_describe(const char *name);

#endif
