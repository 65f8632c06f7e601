/* SPDX-License-Identifier: MIT */
/* Growable text, and the number parsing that every reader of untrusted text shares. */
#ifndef AUTOPERF_BASE_TEXT_H
#define AUTOPERF_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty. `chars` is NUL-terminated whenever it is not NULL. */
struct text {
	char *chars;
	size_t length;
	size_t capacity;
	bool failed; /* an append ran out of memory; the text is incomplete */
};

/* Append; on lack of memory `failed` is set and stays, so that only the end checks. */
void text_append(struct text *text, const char *chars, size_t length);
void text_puts(struct text *text, const char *chars);
void text_printf(struct text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Appends `word` so that a shell reads it as one word, quoted only where it must be. */
void text_put_shell_word(struct text *text, const char *word);
/* Frees the memory and makes the text empty again. */
void text_free(struct text *text);

/*
 * Whole-string parsers of decimal notation: no leading or trailing junk, no overflow. The
 * decimal point is '.' in every locale. Signs: none, '-', and '+' or '-'. A double is finite:
 * "nan", "inf" and hexadecimal are -EINVAL; what is too small becomes 0. Return 0, -EINVAL
 * (not a number) or -ERANGE; *value is set only on success.
 */
int text_to_u64(const char *chars, uint64_t *value);
int text_to_i64(const char *chars, int64_t *value);
int text_to_double(const char *chars, double *value);

/*
 * "1.23 ms", "45 ns", "2 min 05 s": a duration for people, "unknown" if not finite. Returns
 * `buffer`.
 */
char *text_duration(double nanoseconds, char *buffer, size_t size);
/* "12.3 MiB" for people. Returns `buffer`. */
char *text_bytes(double bytes, char *buffer, size_t size);
/* "1,234,567" for people. Returns `buffer`. */
char *text_count(uint64_t count, char *buffer, size_t size);

#endif
