/* SPDX-License-Identifier: MIT */
/* Processors' own event names, by libpfm4. */
#ifndef AUTOPERF_EVENT_NATIVE_H
#define AUTOPERF_EVENT_NATIVE_H

#include "base/nearest.h"
#include "event/event.h"

/*
 * Encodes a libpfm4 name ("L1D:REPLACEMENT", "skl::INST_RETIRED:u"). *description (malloc'd,
 * may become NULL) is libpfm4's. Returns 0; -ENOENT: no processor has that event, nothing is
 * written to *error; another code with the reason in *error: the event belongs to another
 * processor, or its unit mask or modifier is wrong.
 */
int native_encode(const char *name, struct event_encoding *encoding, char **description,
		  struct error *error);

/* Calls `visit` for each event and unit mask of the PMUs that are here; stops when not 0. */
typedef int (*native_visit)(const char *name, const char *description, void *context);
int native_visit_all(native_visit visit, void *context);

/* Offers the event names (without unit masks) of the PMUs that are here. */
void native_offer(struct nearest *nearest);

#endif
