/* SPDX-License-Identifier: MIT */
/*
 * Reads a session file just as far as the tool needs it.
 */
#include "tool/session.h"

#define SESSION_BYTES_MAX (1 << 20)
#define EVENT_WORDS       6 /* before the name */

/* The whole file, NUL-terminated; NULL: it cannot be read. Never freed: names point into it. */
static HChar *slurp(const HChar *path)
{
	SysRes opened = VG_(open)(path, VKI_O_RDONLY, 0);
	HChar *text;
	Int fd, n = 0, used = 0;

	if (sr_isError(opened))
		return NULL;
	fd = (Int)sr_Res(opened);
	text = VG_(malloc)("autoperf.session", SESSION_BYTES_MAX + 1);
	while (used < SESSION_BYTES_MAX &&
	       (n = VG_(read)(fd, text + used, SESSION_BYTES_MAX - used)) > 0)
		used += n;
	VG_(close)(fd);
	text[used] = '\0';
	if (n >= 0)
		return text;
	VG_(free)(text);
	return NULL;
}

/* The text after `count` words; NULL: there are not so many. */
static HChar *skip_words(HChar *line, int count)
{
	while (line && count--) {
		line = VG_(strchr)(line, ' ');
		if (line)
			line++;
	}
	return line;
}

int session_events(const HChar *directory, const HChar **names, struct problem *problem)
{
	HChar path[2048], *line, *next;
	int count = 0;

	VG_(snprintf)(path, sizeof(path), "%s/session", directory);
	line = slurp(path);
	if (!line || VG_(strncmp)(line, "perfpoint-session 1\n", 20)) {
		VG_(snprintf)
		(problem->text, sizeof(problem->text), "cannot %s %s",
		 line ? "understand" : "read", path);
		return -1;
	}
	for (; line && *line; line = next) {
		HChar *name;

		next = VG_(strchr)(line, '\n');
		if (next)
			*next++ = '\0';
		if (VG_(strncmp)(line, "event ", 6))
			continue;
		name = skip_words(line, EVENT_WORDS);
		if (!name || !*name || count == (int)RECORDING_EVENTS_MAX) {
			VG_(snprintf)
			(problem->text, sizeof(problem->text),
			 "cannot understand an event in %s", path);
			return -1;
		}
		names[count++] = name;
	}
	return count;
}
