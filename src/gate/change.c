/* SPDX-License-Identifier: MIT */
/* Changed lines beside findings: see change.h. */
#include "gate/change.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* The last part of a qualified name. */
static const char *last_part(const char *name)
{
	const char *colons;

	while ((colons = strstr(name, "::")) && colons[2])
		name = colons + 2;
	return name;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Whether the word occurs as a whole one. */
static bool has_word(const char *text, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = text; length && (at = strstr(at, word)); at++)
		if ((at == text || !is_word(at[-1])) && !is_word(at[length]))
			return true;
	return false;
}

/*
 * Whether "FILE:LINE (FUNCTION)" is in the file `path`. Of a file that was compiled by a relative
 * path, in a directory that the debug information does not tell, only the end is known.
 */
static bool is_in_file(const char *place, const char *path)
{
	size_t length, whole = strlen(path);

	if (!place)
		return false;
	while (!strncmp(place, "../", 3) || !strncmp(place, "./", 2))
		place = strchr(place, '/') + 1;
	/* No more than the name: a file's name may have a colon. */
	for (length = strlen(place); length; length--)
		if (place[length] == ':' && length <= whole &&
		    !memcmp(path + whole - length, place, length) &&
		    (length == whole || path[whole - length - 1] == '/'))
			return true;
	return false;
}

static bool is_about(const struct difference_hunk *hunk,
		     const struct finding_region *region)
{
	if (has_word(hunk->context, last_part(region->name)))
		return true;
	for (size_t i = 0; i < region->line_count; i++)
		if (is_in_file(region->lines[i].waits_at, hunk->path) ||
		    is_in_file(region->lines[i].waits_for, hunk->path))
			return true;
	return false;
}

static int add_to_region(struct finding_region *region,
			 const struct difference *difference)
{
	region->changes = calloc(difference->count + 1, sizeof(*region->changes));
	if (!region->changes)
		return -ENOMEM;
	for (size_t i = 0; i < difference->count; i++)
		if (is_about(&difference->hunks[i], region))
			region->changes[region->change_count++] = i;
	return 0;
}

static int add_all(struct findings *findings, const struct difference *difference)
{
	findings->changes = calloc(difference->count + 1, sizeof(*findings->changes));
	if (!findings->changes)
		return -ENOMEM;
	for (size_t i = 0; i < difference->count; i++) {
		const struct difference_hunk *hunk = &difference->hunks[i];
		struct finding_change *change = &findings->changes[i];

		change->path = strdup(hunk->path);
		change->first = hunk->new_first;
		change->count = hunk->new_count;
		if (!change->path)
			return -ENOMEM;
		findings->change_count++;
	}
	for (size_t i = 0; i < findings->region_count; i++)
		if (add_to_region(&findings->regions[i], difference))
			return -ENOMEM;
	return 0;
}

int change_add(struct findings *findings, const struct difference *difference,
	       const struct revision *base, const struct revision *head,
	       struct error *error)
{
	struct text range = {0};
	int code;

	/* A snapshot has no name that the user's git knows. */
	text_printf(&range, "%.*s", REVISION_SHORT, base->id);
	if (!head->snapshot)
		text_printf(&range, "..%.*s", REVISION_SHORT, head->id);
	findings->range = range.chars;
	code = range.failed ? -ENOMEM : add_all(findings, difference);
	return code ? error_no_memory(error, "naming the changed lines") : 0;
}
