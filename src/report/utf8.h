/* SPDX-License-Identifier: MIT */
/* UTF-8 as untrusted names have it: decoded strictly, judged for a terminal, measured. */
#ifndef AUTOPERF_REPORT_UTF8_H
#define AUTOPERF_REPORT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_BYTES_MAX 4

/*
 * Decodes the character at `bytes` (length > 0). Returns its length in bytes, or 0 when the
 * first byte starts no valid character: overlong forms, surrogates and values above U+10FFFF
 * are invalid (RFC 3629).
 */
size_t utf8_decode(const char *bytes, size_t length, uint32_t *character);

/*
 * Columns that a terminal gives the character, 1 or 2; 0 when it must not be printed as it is:
 * control and format characters, what is written from right to left, what combines with its
 * neighbour, private use. Unassigned characters are taken for one column.
 */
int utf8_columns(uint32_t character);

#endif
