/* SPDX-License-Identifier: MIT */
/*
 * The environment of a measured command: see environment.h. Everything is prepared before the
 * fork, since a child must not allocate. Its size matters (it moves the stack, and with it
 * alignments: Mytkowicz et al., ASPLOS 2009), so what is ours has the same size in each run;
 * randomize.c adds what is to vary.
 */
#include "workload/environment.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "recording/session.h"

#define PRELOAD "LD_PRELOAD"

/* Bytes of the name in NAME=VALUE. */
static size_t name_length(const char *item)
{
	return strcspn(item, "=");
}

static bool same_name(const char *a, const char *b)
{
	size_t length = name_length(a);

	return length == name_length(b) && !memcmp(a, b, length);
}

const char *environment_get(char *const *items, const char *name)
{
	const char *value = NULL;

	for (; items && *items; items++)
		if (same_name(*items, name) && (*items)[name_length(*items)])
			value = *items + name_length(*items) + 1;
	return value;
}

static size_t count_items(char *const *items)
{
	size_t count = 0;

	while (items && items[count])
		count++;
	return count;
}

/* Whether a later item, or one of ours, takes the place of `item`; a session is never handed on. */
static bool replaced(const char *item, char *const *later, bool preload)
{
	if ((preload && same_name(item, PRELOAD)) ||
	    same_name(item, SESSION_ENVIRONMENT))
		return true;
	for (; later && *later; later++)
		if (same_name(item, *later))
			return true;
	return false;
}

int environment_check_runtime(const char *runtime, struct error *error)
{
	if (strpbrk(runtime, " \t\n:"))
		return error_set(
			error, -EINVAL,
			"cannot preload the runtime '%s': LD_PRELOAD has no way to "
			"write a path with spaces or colons; copy it to another "
			"directory and set PERFPOINT_LIBRARY_DIR to that",
			runtime);
	return 0;
}

int environment_make(struct environment *environment, char *const *inherited,
		     char *const *added, const char *runtime, const char *session,
		     struct error *error)
{
	size_t room = count_items(inherited) + count_items(added) + 3;
	const char *old = environment_get(added, PRELOAD);
	bool measured = runtime;
	struct text preload = {0};
	struct text where = {0};
	size_t count = 0;

	*environment = (struct environment){0};
	if (measured && environment_check_runtime(runtime, error))
		return -EINVAL;
	if (!old)
		old = environment_get(inherited, PRELOAD);
	if (measured) {
		text_printf(&preload, PRELOAD "=%s%s%s", runtime,
			    old && *old ? ":" : "", old ? old : "");
		text_printf(&where, SESSION_ENVIRONMENT "=%s", session);
	}
	environment->items = calloc(room, sizeof(*environment->items));
	environment->preload = preload.chars;
	environment->session = where.chars;
	if (preload.failed || where.failed || !environment->items) {
		environment_free(environment);
		return error_no_memory(error, "preparing the command's environment");
	}

	for (; inherited && *inherited; inherited++)
		if (!replaced(*inherited, added, measured))
			environment->items[count++] = *inherited;
	for (; added && *added; added++)
		if (!replaced(*added, added + 1, measured))
			environment->items[count++] = *added;
	if (measured) {
		environment->items[count++] = environment->preload;
		environment->items[count] = environment->session;
	}
	return 0;
}

void environment_free(struct environment *environment)
{
	free(environment->items);
	free(environment->preload);
	free(environment->session);
	*environment = (struct environment){0};
}
