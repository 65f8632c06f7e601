/* SPDX-License-Identifier: MIT */
/* Resolving names for a machine that need not be this one. */
#ifndef AUTOPERF_EVENT_RESOLVE_H
#define AUTOPERF_EVENT_RESOLVE_H

#include "event/event.h"

/* Where names are looked up. */
struct event_place {
	const char *devices;   /* PMU_DEVICES, or a copy of it in tests */
	const char *processor; /* event_processor_key(), "" for one that is not known */
};

/* event_resolve() for that machine; libpfm4 and tracepoints are still this one's. */
int event_resolve_at(const struct event_place *place, const char *name,
		     struct event *event, struct error *error);

#endif
