/* SPDX-License-Identifier: MIT */
/*
 * Names from strangers. A region's name is whatever bytes the program passed; the profile
 * keeps text that any reader can print, put into JSON and compare: see profile_clean_text().
 */
#include <string.h>

#include "base/text.h"
#include "profile/store.h"

/*
 * Length of the well-formed UTF-8 sequence at `bytes` (Unicode 15, table 3-7), 0 if there is
 * none. Control characters (C0, DEL, C1) count as none: they would drive terminals.
 */
static size_t printable_sequence(const unsigned char *bytes, size_t left)
{
	unsigned char first = bytes[0], low = 0x80, high = 0xbf;
	size_t length;

	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (length > left)
		return 0;
	if (first == 0xc2 || first == 0xe0) /* C1 controls; overlong forms */
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if (bytes[i] < 0x80 || bytes[i] > 0xbf)
			return 0;
	return length;
}

static bool is_lower_hex(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

static bool reads_as_escape(const unsigned char *bytes, size_t left)
{
	return left >= 4 && bytes[0] == '\\' && bytes[1] == 'x' &&
	       is_lower_hex(bytes[2]) && is_lower_hex(bytes[3]);
}

char *profile_clean_text(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct text clean = {0};

	text_append(&clean, "", 0); /* "" rather than NULL */
	for (size_t i = 0; i < length;) {
		size_t sequence = printable_sequence(bytes + i, length - i);

		if (sequence && !reads_as_escape(bytes + i, length - i)) {
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
