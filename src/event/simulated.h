/* SPDX-License-Identifier: MIT */
/* The simulated machine's counters as events of source sim; private to src/event. */
#ifndef AUTOPERF_EVENT_SIMULATED_H
#define AUTOPERF_EVENT_SIMULATED_H

#include <stddef.h>

#include "event/event.h"

struct simulated_event {
	enum event_role role;
	const char *description;
	/* Generic names of the kernel and PAPI presets that mean this, or nothing nearer:
	 * separated by blanks, "" for none. */
	const char *aliases;
};

/* By position, which is the counter's number in sim/machine/machine.h; NULL after the last. */
const struct simulated_event *simulated_event(size_t index);
/* The event's own name, by which the simulator knows it. */
const char *simulated_event_name(const struct simulated_event *event);
/* By its own name, exact case; NULL when there is none. */
const struct simulated_event *simulated_event_find(const char *name);

/*
 * What `name`, of whatever source and perhaps with modifiers, means here. Fills *event, the
 * caller's to free; its name is the simulator's. On failure exit_status is EXIT_USAGE when
 * nobody knows the name, EXIT_CANNOT_MEASURE when the simulated machine has no such counter.
 */
int simulated_event_resolve(const char *name, struct event *event, struct error *error);

#endif
