/* SPDX-License-Identifier: MIT */
/*
 * What of untrusted text is kept as it is in profiles (doc/formats/profile.md): printable UTF-8.
 * All else becomes \xNN, and a backslash that reads as such becomes \x5c. Header-only and without
 * libc: the simulator, which has none, keeps names by the same rule.
 */
#ifndef AUTOPERF_BASE_PRINTABLE_H
#define AUTOPERF_BASE_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Length of the well-formed UTF-8 sequence at `bytes` (Unicode 15, table 3-7), of which there are
 * `left` > 0; 0 if there is none. Control characters (C0, DEL, C1) count as none: they would drive
 * terminals.
 */
static inline size_t printable_sequence(const unsigned char *bytes, size_t left)
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

static inline bool printable_is_lower_hex(unsigned char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

/* Whether text that is printable would be taken for what an unprintable byte becomes. */
static inline bool printable_reads_as_escape(const unsigned char *bytes, size_t left)
{
	return left >= 4 && bytes[0] == '\\' && bytes[1] == 'x' &&
	       printable_is_lower_hex(bytes[2]) && printable_is_lower_hex(bytes[3]);
}

#endif
