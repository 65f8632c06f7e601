/* SPDX-License-Identifier: MIT */
/* Look-ups over the vendors' default sets: see defaults.h. The tables are in defaults_*.c. */
#include "event/defaults.h"

#include <string.h>
#include <strings.h>

const struct default_set *default_set_at(size_t index)
{
	const struct default_set *(*const vendors[])(size_t) = {
		default_set_intel, default_set_amd, default_set_arm};

	for (size_t i = 0; i < sizeof(vendors) / sizeof(*vendors); i++) {
		size_t count = 0;

		while (vendors[i](count))
			count++;
		if (index < count)
			return vendors[i](index);
		index -= count;
	}
	return NULL;
}

const struct default_set *default_set_of(const char *key)
{
	const struct default_set *set;

	for (size_t i = 0; (set = default_set_at(i)); i++)
		if (!strcmp(set->key, key))
			return set;
	return NULL;
}

static bool same_name(const char *known, const char *name, size_t length)
{
	if (strlen(known) != length)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = name[i] == ':' ? '.' : name[i];

		if (strncasecmp(&known[i], &c, 1))
			return false;
	}
	return true;
}

const struct default_event *default_event_find(const struct default_set *set,
					       const char *name, size_t length)
{
	for (size_t i = 0; i < set->count; i++)
		if (same_name(set->events[i].name, name, length))
			return &set->events[i];
	return NULL;
}

const struct default_event *default_event_anywhere(const char *name, size_t length,
						   const struct default_set **set)
{
	const struct default_set *at;

	for (size_t i = 0; (at = default_set_at(i)); i++) {
		const struct default_event *event =
			default_event_find(at, name, length);

		if (event && set)
			*set = at;
		if (event)
			return event;
	}
	return NULL;
}
