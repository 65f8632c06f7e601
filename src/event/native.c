/* SPDX-License-Identifier: MIT */
/*
 * Processors' own event names, by libpfm4: see native.h.
 *
 * This is the only file that includes libpfm4: its copy of the kernel's perf_event.h cannot
 * stand beside the kernel's own. The library is initialised at first use and kept until the
 * process ends; it is not thread-safe, and neither are these functions.
 */
#include "event/native.h"

#include <errno.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "recording/session.h"

static bool pfm_ready(void)
{
	static enum { UNTRIED, READY, FAILED } state;

	if (state == UNTRIED)
		state = pfm_initialize() == PFM_SUCCESS ? READY : FAILED;
	return state == READY;
}

/*
 * The bare event of a name: without "pmu::" in front and ":umask" behind. *length is that of
 * the bare name.
 */
static const char *bare_name(const char *name, size_t *length)
{
	const char *scope = strstr(name, "::");

	if (scope)
		name = scope + 2;
	*length = strcspn(name, ":.");
	return name;
}

/* A PMU of libpfm4's tables, present or not, that has an event of that bare name; or NULL. */
static const char *owner_of(const char *name)
{
	size_t length;
	const char *bare = bare_name(name, &length);
	int pmu;

	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t pmu_info = {.size = sizeof(pmu_info)};
		pfm_event_info_t event_info = {.size = sizeof(event_info)};

		if (pfm_get_pmu_info((pfm_pmu_t)pmu, &pmu_info) != PFM_SUCCESS)
			continue;
		for (int i = pmu_info.first_event; i != -1; i = pfm_get_event_next(i)) {
			if (pfm_get_event_info(i, PFM_OS_NONE, &event_info) !=
			    PFM_SUCCESS)
				continue;
			if (strlen(event_info.name) == length &&
			    !strncasecmp(event_info.name, bare, length))
				return pmu_info.desc;
		}
	}
	return NULL;
}

static uint32_t session_flags(const struct perf_event_attr *attributes)
{
	uint32_t flags = (uint32_t)attributes->precise_ip
			 << SESSION_EVENT_PRECISE_SHIFT;

	/* Without :u or :k libpfm4 still excludes the hypervisor; nobody asked for that. */
	if (!attributes->exclude_user && !attributes->exclude_kernel)
		return flags;
	if (attributes->exclude_user)
		flags |= SESSION_EVENT_EXCLUDE_USER;
	if (attributes->exclude_kernel)
		flags |= SESSION_EVENT_EXCLUDE_KERNEL;
	if (attributes->exclude_hv)
		flags |= SESSION_EVENT_EXCLUDE_HV;
	return flags;
}

static char *describe(int index)
{
	pfm_event_info_t info = {.size = sizeof(info)};

	if (pfm_get_event_info(index, PFM_OS_PERF_EVENT_EXT, &info) != PFM_SUCCESS)
		return NULL;
	return strdup(info.desc);
}

/* libpfm4's masks of a known event, "A, B, C", for an error text. */
static void list_masks(const char *name, char *list, size_t size)
{
	size_t length;
	const char *bare = bare_name(name, &length);
	char event[EVENT_NAME_BYTES + 1];
	pfm_event_info_t info = {.size = sizeof(info)};
	pfm_event_attr_info_t attribute = {.size = sizeof(attribute)};
	size_t used = 0;
	int index, i;

	snprintf(event, sizeof(event), "%.*s", (int)(bare + length - name), name);
	snprintf(list, size, "none");
	index = pfm_find_event(event);
	if (index < 0 || pfm_get_event_info(index, PFM_OS_NONE, &info) != PFM_SUCCESS)
		return;
	pfm_for_each_event_attr(i, &info)
	{
		if (pfm_get_event_attr_info(index, i, PFM_OS_NONE, &attribute) ||
		    attribute.type != PFM_ATTR_UMASK)
			continue;
		/* Room for ", NAME" and, should the next not fit, for ", ...". */
		if (used + strlen(attribute.name) + 2 * strlen(", ...") >= size) {
			snprintf(list + used, size - used, ", ...");
			return;
		}
		used += (size_t)snprintf(list + used, size - used, "%s%s",
					 used ? ", " : "", attribute.name);
	}
}

static int encode_failed(const char *name, int failure, struct error *error)
{
	char masks[900];
	const char *owner;

	switch (failure) {
	case PFM_ERR_NOTFOUND:
	case PFM_ERR_NOTSUPP:
		owner = owner_of(name);
		if (!owner)
			return -ENOENT;
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENODEV,
			"this machine's processor has no such event (%s, for"
			" instance, has)",
			owner);
	case PFM_ERR_UMASK:
	case PFM_ERR_ATTR:
	case PFM_ERR_ATTR_VAL:
	case PFM_ERR_ATTR_SET:
	case PFM_ERR_FEATCOMB:
		list_masks(name, masks, sizeof(masks));
		return error_set_exit(
			error, EXIT_USAGE, -EINVAL,
			"its part after the colon is wrong (%s); the event's"
			" unit masks are: %s",
			pfm_strerror(failure), masks);
	case PFM_ERR_NOMEM:
		return error_no_memory(error, "encoding an event");
	default:
		return error_set_exit(error, EXIT_CANNOT_MEASURE, -EINVAL,
				      "libpfm4 cannot encode it: %s",
				      pfm_strerror(failure));
	}
}

int native_encode(const char *name, struct event_encoding *encoding, char **description,
		  struct error *error)
{
	struct perf_event_attr attributes = {.size = sizeof(attributes)};
	pfm_perf_encode_arg_t argument = {.attr = &attributes,
					  .size = sizeof(argument)};
	int failure;

	*description = NULL;
	if (!pfm_ready())
		return -ENOENT;
	failure = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3 | PFM_PLMH,
					    PFM_OS_PERF_EVENT_EXT, &argument);
	if (failure != PFM_SUCCESS)
		return encode_failed(name, failure, error);
	*encoding = (struct event_encoding){
		.type = attributes.type,
		.config = attributes.config,
		.config1 = attributes.config1,
		.config2 = attributes.config2,
		.flags = session_flags(&attributes),
	};
	*description = describe(argument.idx);
	return 0;
}

/* One event: each of its unit masks, or the bare name when it has none. */
static int visit_event(const char *pmu, int index, native_visit visit, void *context)
{
	char name[EVENT_NAME_BYTES + 1];
	pfm_event_info_t info = {.size = sizeof(info)};
	bool masks = false;
	int i, code;

	if (pfm_get_event_info(index, PFM_OS_PERF_EVENT_EXT, &info) != PFM_SUCCESS)
		return 0;
	pfm_for_each_event_attr(i, &info)
	{
		pfm_event_attr_info_t attribute = {.size = sizeof(attribute)};

		if (pfm_get_event_attr_info(index, i, PFM_OS_PERF_EVENT_EXT,
					    &attribute) ||
		    attribute.type != PFM_ATTR_UMASK)
			continue;
		masks = true;
		snprintf(name, sizeof(name), "%s::%s:%s", pmu, info.name,
			 attribute.name);
		code = visit(name, attribute.desc, context);
		if (code)
			return code;
	}
	if (masks)
		return 0;
	snprintf(name, sizeof(name), "%s::%s", pmu, info.name);
	return visit(name, info.desc, context);
}

/* Whether the PMU is here and describes a processor: "perf" only renames generic events. */
static bool is_processor(int pmu, pfm_pmu_info_t *info)
{
	return pfm_get_pmu_info((pfm_pmu_t)pmu, info) == PFM_SUCCESS &&
	       info->is_present && info->type != PFM_PMU_TYPE_OS_GENERIC &&
	       pmu != PFM_PMU_PERF_EVENT_RAW;
}

int native_visit_all(native_visit visit, void *context)
{
	int pmu, code = 0;

	if (!pfm_ready())
		return 0;
	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t info = {.size = sizeof(info)};

		if (!is_processor(pmu, &info))
			continue;
		for (int i = info.first_event; i != -1 && !code;
		     i = pfm_get_event_next(i))
			code = visit_event(info.name, i, visit, context);
	}
	return code;
}

void native_offer(struct nearest *nearest)
{
	int pmu;

	if (!pfm_ready())
		return;
	pfm_for_all_pmus(pmu)
	{
		pfm_pmu_info_t pmu_info = {.size = sizeof(pmu_info)};
		pfm_event_info_t info = {.size = sizeof(info)};

		if (!is_processor(pmu, &pmu_info))
			continue;
		for (int i = pmu_info.first_event; i != -1; i = pfm_get_event_next(i))
			if (pfm_get_event_info(i, PFM_OS_NONE, &info) == PFM_SUCCESS)
				nearest_offer(nearest, info.name);
	}
}
