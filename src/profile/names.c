/* SPDX-License-Identifier: MIT */
/*
 * Names from strangers. A region's name is whatever bytes the program passed; the profile
 * keeps text that any reader can print, put into JSON and compare: see profile_clean_text().
 */
#include <string.h>

#include "base/printable.h"
#include "base/text.h"
#include "profile/store.h"

char *profile_clean_text(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct text clean = {0};

	text_append(&clean, "", 0); /* "" rather than NULL */
	for (size_t i = 0; i < length;) {
		size_t sequence = printable_sequence(bytes + i, length - i);

		if (sequence && !printable_reads_as_escape(bytes + i, length - i)) {
			text_append(&clean, text + i, sequence);
			i += sequence;
		} else {
			text_printf(&clean, "\\x%02x", bytes[i]);
			i++;
		}
	}
	if (clean.failed) {
		text_free(&clean);
		return NULL;
	}
	return clean.chars;
}

bool store_is_clean(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t length = strlen(text), sequence;

	for (size_t i = 0; i < length; i += sequence) {
		sequence = printable_sequence(bytes + i, length - i);
		if (!sequence)
			return false;
	}
	return true;
}

char *store_keep_text(const char *text)
{
	return store_is_clean(text) ? strdup(text)
				    : profile_clean_text(text, strlen(text));
}

void store_copy_text(char *buffer, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size) {
		length = size - 1;
		/* Not in the middle of a UTF-8 sequence. */
		while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(buffer, text, length);
	buffer[length] = '\0';
}
