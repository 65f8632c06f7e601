/* SPDX-License-Identifier: MIT */
/* Places in the source: see place.h. */
#include "report/place.h"

#include <stdlib.h>
#include <string.h>

#define LINE_MAX_SHOWN 100000000ul

/* Below some directory, and staying there. */
static bool is_below(const char *path, size_t length)
{
	size_t begin = 0;

	if (!length || path[0] == '/')
		return false;
	for (size_t i = 0; i <= length; i++) {
		if (i < length && path[i] != '/')
			continue;
		if (i - begin == 2 && !strncmp(path + begin, "..", 2))
			return false;
		begin = i + 1;
	}
	return true;
}

static bool of_change(const struct finding_change *change, struct place *place)
{
	uint32_t count = change->count ? change->count : 1;

	/* Lines that were taken out leave the one before them, if there is one. */
	place->path = change->path;
	place->length = strlen(change->path);
	place->first = change->first ? change->first : 1;
	place->last = place->first > UINT32_MAX - count ? place->first
							: place->first + count - 1;
	return is_below(place->path, place->length);
}

/* Of "FILE:LINE (FUNCTION)"; functions of C++ have colons and parentheses, too. */
static bool of_words(const char *words, struct place *place)
{
	const char *end = strstr(words, " ("), *colon;
	unsigned long line;
	char *rest;

	end = end ? end : words + strlen(words);
	for (colon = end; colon > words && *colon != ':'; colon--)
		;
	if (*colon != ':' || colon[1] < '1' || colon[1] > '9')
		return false;
	line = strtoul(colon + 1, &rest, 10);
	if (rest != end || line > LINE_MAX_SHOWN)
		return false;
	place->path = words;
	place->length = (size_t)(colon - words);
	place->first = place->last = (uint32_t)line;
	return is_below(place->path, place->length);
}

bool place_of_region(const struct findings *findings,
		     const struct finding_region *region, struct place *place)
{
	if (region->change_count &&
	    of_change(&findings->changes[region->changes[0]], place))
		return true;
	for (size_t i = 0; i < region->line_count; i++)
		if (region->lines[i].waits_at &&
		    of_words(region->lines[i].waits_at, place))
			return true;
	return false;
}
