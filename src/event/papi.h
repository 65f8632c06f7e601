/* SPDX-License-Identifier: MIT */
/*
 * libpapi as the planner needs it: which events there are and which count together. The
 * library is loaded when asked for, so that the tool does not depend on it; a build without
 * PAPI's header has papi_absent.c instead, in which papi_open() fails and says so.
 */
#ifndef AUTOPERF_EVENT_PAPI_H
#define AUTOPERF_EVENT_PAPI_H

#include <stdbool.h>
#include <stddef.h>

#include "event/event.h"

struct papi; /* one per process: libpapi is global */

/*
 * Loads and initialises libpapi; `library` is its file name or NULL for the usual ones. On
 * failure exit_status is EXIT_CANNOT_MEASURE.
 */
int papi_open(struct papi **papi, const char *library, struct error *error);
/* Shuts libpapi down; NULL is fine. */
void papi_close(struct papi *papi);

struct papi_event {
	int code;      /* libpapi's event code */
	int component; /* an event set holds events of one component only */
};

/*
 * Finds an event by its PAPI name. *description (malloc'd, may become NULL; the argument may
 * be NULL) is PAPI's. Returns 0, or -ENOENT when PAPI does not know the name on this machine.
 */
int papi_find(struct papi *papi, const char *name, struct papi_event *event,
	      char **description);

/*
 * Adds the events to one event set per component in the domain of all modes, starts all sets,
 * works and reads them. 0 when all count together; else a negative code with the reason in
 * *error, without the event's name.
 */
int papi_try(struct papi *papi, const struct papi_event *const *events, size_t count,
	     struct error *error);

struct papi_component {
	const char *name;
	bool works;
	const char *reason; /* why not, "" when it works */
	int events;         /* native events */
};
/* Component by index; false after the last. The texts are valid until papi_close(). */
bool papi_component_at(struct papi *papi, int index, struct papi_component *component);
/* Why the first component, which counts the processor's events, does not work; or "". */
const char *papi_disabled_reason(struct papi *papi);

/* Calls `visit` for each native event of the components that work; stops when not 0. */
typedef int (*papi_visit)(const char *name, const char *description, void *context);
int papi_visit_native(struct papi *papi, papi_visit visit, void *context);

#endif
