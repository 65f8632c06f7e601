/* SPDX-License-Identifier: MIT */
/* Quoted names: see name.h. */
#include "detect/name.h"

#include <string.h>

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

void name_quote(struct text *text, const char *name)
{
	size_t length = strnlen(name, NAME_QUOTED_BYTES + 1);
	size_t keep = length;

	if (length > NAME_QUOTED_BYTES) {
		keep = NAME_QUOTED_BYTES - strlen("...");
		/* Not in the middle of a UTF-8 character, which has at most 3 of these. */
		for (int i = 0; i < 3 && is_continuation(name[keep]); i++)
			keep--;
	}
	text_puts(text, "\"");
	text_append(text, name, keep);
	text_puts(text, keep < length ? "...\"" : "\"");
}
