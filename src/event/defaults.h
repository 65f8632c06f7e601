/* SPDX-License-Identifier: MIT */
/*
 * The default sets: for each processor known, the events that tell one kind of cause from the
 * others (sharing, remote memory, caches, TLB, branches, stalls), with their encodings, so
 * that they do not depend on what the installed libpfm4 or kernel knows by name.
 */
#ifndef AUTOPERF_EVENT_DEFAULTS_H
#define AUTOPERF_EVENT_DEFAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/event.h"

struct default_event {
	/*
	 * As the vendor's event list has it. "cycles" and "instructions" are the kernel's: it
	 * knows which fixed counter they have, and their config stays 0 here.
	 */
	const char *name;
	uint64_t config;  /* perf_event_attr.config of the processor's own PMU */
	uint64_t config1; /* the extra register of events that need one */
	enum event_role role;
	enum event_unit unit;
	const char *description; /* plain English */
	/* Hybrid processors: the same on the efficient cores, else NULL. */
	const char *other_name;
	uint64_t other_config;
	uint64_t other_config1;
};

struct default_set {
	const char *key;   /* event_processor_key() */
	const char *title; /* "AMD Zen 4" */
	/* Most telling first, and those that explain each other side by side, for they go
	 * into the same pass. Both "cycles" and "instructions" are among them. */
	const struct default_event *events;
	size_t count;
};

/* The set of that processor; NULL for "" and for processors that have none. */
const struct default_set *default_set_of(const char *key);
/* By position; NULL after the last. */
const struct default_set *default_set_at(size_t index);

/*
 * The event of that name and length in a set, or NULL. Case does not matter, and neither does
 * it whether parts are separated by '.' or, as in libpfm4, by ':'.
 */
const struct default_event *default_event_find(const struct default_set *set,
					       const char *name, size_t length);
/* The same in the first set that has it; *set is that set unless `set` is NULL. */
const struct default_event *default_event_anywhere(const char *name, size_t length,
						   const struct default_set **set);

/* The tables, one file a vendor; by position, NULL after the last. */
const struct default_set *default_set_intel(size_t index);
const struct default_set *default_set_amd(size_t index);
const struct default_set *default_set_arm(size_t index);

#endif
