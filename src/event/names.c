/* SPDX-License-Identifier: MIT */
/*
 * Lists of event names as users write them: COUNTERS files and the -e option.
 *
 * Only the shape of a list is judged here - lines, separators, characters, lengths - so that a
 * wrong file is told from a wrong name. What a name means is resolve.c's business.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "event/event.h"

#define COUNTERS_FILE_BYTES_MAX (1u << 20)

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Narrows [*start, *start + *length) to its part without blanks at either end. */
static void trim(const char **start, size_t *length)
{
	while (*length && is_blank(**start)) {
		(*start)++;
		(*length)--;
	}
	while (*length && is_blank((*start)[*length - 1]))
		(*length)--;
}

/* Offset of the first character that no event name has, or `length`. */
static size_t first_unprintable(const char *chars, size_t length)
{
	size_t i = 0;

	while (i < length && chars[i] > ' ' && chars[i] < 0x7f)
		i++;
	return i;
}

int event_names_add(struct event_names *names, const char *name, struct error *error)
{
	char *copy;

	for (size_t i = 0; i < names->count; i++) {
		if (!strcmp(names->items[i], name)) {
			names->duplicates++;
			return 0;
		}
	}
	if (names->count >= EVENT_NAMES_MAX)
		return error_set(error, -E2BIG,
				 "more than %d event names; measure fewer at a time",
				 EVENT_NAMES_MAX);
	copy = strdup(name);
	if (!copy || array_reserve(&names->items, &names->capacity, names->count + 1,
				   sizeof(*names->items))) {
		free(copy);
		return error_no_memory(error, "reading event names");
	}
	names->items[names->count++] = copy;
	return 0;
}

void event_names_free(struct event_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct event_names){0};
}

/* Checks one trimmed, non-empty name and adds it. `where` is "FILE:LINE" or the like. */
static int add_checked(struct event_names *names, const char *chars, size_t length,
		       const char *where, struct error *error)
{
	char name[EVENT_NAME_BYTES + 1];
	size_t odd = first_unprintable(chars, length);
	int code;

	if (odd < length && is_blank(chars[odd]))
		return error_set(
			error, -EINVAL,
			"%s: '%.*s' is followed by more text; write one event name"
			" a line, and comments after a #",
			where, odd > 60 ? 60 : (int)odd, chars);
	if (odd < length)
		return error_set(
			error, -EINVAL,
			"%s: byte 0x%02x is not part of any event name; a list of"
			" events is plain ASCII text",
			where, (unsigned char)chars[odd]);
	if (length > EVENT_NAME_BYTES)
		return error_set(error, -EINVAL,
				 "%s: a name of %zu bytes; event names have at most %d",
				 where, length, EVENT_NAME_BYTES);
	memcpy(name, chars, length);
	name[length] = '\0';
	code = event_names_add(names, name, error);
	return code ? error_prefix(error, "%s", where) : 0;
}

int event_names_parse(struct event_names *names, const char *bytes, size_t length,
		      const char *origin, struct error *error)
{
	static const char byte_order_mark[3] = "\xef\xbb\xbf";
	size_t before = names->count + names->duplicates;
	size_t line_number = 0;
	size_t at = 0;

	if (length >= sizeof(byte_order_mark) &&
	    !memcmp(bytes, byte_order_mark, sizeof(byte_order_mark)))
		at = sizeof(byte_order_mark);
	while (at < length) {
		const char *line = bytes + at;
		const char *end = memchr(line, '\n', length - at);
		size_t line_bytes = end ? (size_t)(end - line) : length - at;
		const char *comment = memchr(line, '#', line_bytes);
		size_t name_bytes = comment ? (size_t)(comment - line) : line_bytes;
		char where[EVENT_NAME_BYTES];

		at += line_bytes + 1;
		line_number++;
		trim(&line, &name_bytes);
		if (!name_bytes)
			continue;
		snprintf(where, sizeof(where), "%s:%zu", origin, line_number);
		int code = add_checked(names, line, name_bytes, where, error);

		if (code)
			return code;
	}
	if (names->count + names->duplicates == before)
		return error_set(error, -ENODATA,
				 "%s holds no event name; write one a line"
				 " (`autoperf events` lists what can be counted here)",
				 origin);
	return 0;
}

int event_names_read(struct event_names *names, const char *path, struct error *error)
{
	size_t length;
	char *bytes;
	int code = file_read(path, COUNTERS_FILE_BYTES_MAX, &bytes, &length, error);

	if (code)
		return code;
	code = event_names_parse(names, bytes, length, path, error);
	free(bytes);
	return code;
}

int event_names_split(struct event_names *names, const char *list, struct error *error)
{
	size_t before = names->count + names->duplicates;

	while (*list) {
		bool in_term =
			false; /* between the slashes of "cpu/event=1,umask=2/" */
		size_t length = 0;
		const char *name = list;
		int code;

		for (; list[length] && (in_term || list[length] != ','); length++)
			in_term ^= list[length] == '/';
		list += length + (list[length] == ',');
		trim(&name, &length);
		code = length ? add_checked(names, name, length, "event list", error)
			      : 0;
		if (code)
			return code;
	}
	if (names->count + names->duplicates == before)
		return error_set(
			error, -ENODATA,
			"the list of events is empty; write names separated by commas"
			" (`autoperf events` lists what can be counted here)");
	return 0;
}
