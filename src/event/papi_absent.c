/* SPDX-License-Identifier: MIT */
/*
 * Stands in for papi.c in a build without PAPI's header: papi_open() fails, so that the others
 * are never reached with anything to work on.
 */
#include <errno.h>

#include "event/papi.h"

int papi_open(struct papi **papi, const char *library, struct error *error)
{
	(void)library;
	*papi = NULL;
	return error_set_exit(error, EXIT_CANNOT_MEASURE, -ENOTSUP,
			      "this build has no PAPI support: install PAPI's header"
			      " (libpapi-dev) and build again, or use `--source perf`");
}

void papi_close(struct papi *papi)
{
	(void)papi;
}

int papi_find(struct papi *papi, const char *name, struct papi_event *event,
	      char **description)
{
	(void)papi;
	(void)name;
	(void)event;
	(void)description;
	return -ENOENT;
}

int papi_try(struct papi *papi, const struct papi_event *const *events, size_t count,
	     struct error *error)
{
	struct papi *none;

	(void)events;
	(void)count;
	return papi_open(&none, NULL, papi ? NULL : error);
}

bool papi_component_at(struct papi *papi, int index, struct papi_component *component)
{
	(void)papi;
	(void)index;
	(void)component;
	return false;
}

const char *papi_disabled_reason(struct papi *papi)
{
	(void)papi;
	return "";
}

int papi_visit_native(struct papi *papi, papi_visit visit, void *context)
{
	(void)papi;
	(void)visit;
	(void)context;
	return 0;
}
