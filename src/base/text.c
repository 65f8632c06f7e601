/* SPDX-License-Identifier: MIT */
/*
 * Growable text and strict number parsing: see text.h.
 *
 * Numbers are checked character by character before libc converts them: strtod() and
 * strtoull() skip white space, take "0x10", "nan" and "-1" for an unsigned, and follow the
 * locale, none of which a file format wants.
 */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Makes room for `length` more characters and the NUL. */
static bool text_reserve(struct text *text, size_t length)
{
	if (text->failed)
		return false;
	if (length > SIZE_MAX - text->length - 1 ||
	    array_reserve(&text->chars, &text->capacity, text->length + length + 1, 1))
		text->failed = true;
	return !text->failed;
}

void text_append(struct text *text, const char *chars, size_t length)
{
	if (!text_reserve(text, length))
		return;
	if (length)
		memcpy(text->chars + text->length, chars, length);
	text->length += length;
	text->chars[text->length] = '\0';
}

void text_puts(struct text *text, const char *chars)
{
	text_append(text, chars, strlen(chars));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args, again;
	int length;

	if (text->failed)
		return;
	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	if (length < 0) {
		text->failed = true;
	} else if (text_reserve(text, (size_t)length)) {
		vsnprintf(text->chars + text->length, (size_t)length + 1, format,
			  again);
		text->length += (size_t)length;
	}
	va_end(again);
	va_end(args);
}

/* Words of these characters mean themselves in every shell. */
#define SHELL_PLAIN \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./=:,+@%^-"

void text_put_shell_word(struct text *text, const char *word)
{
	if (*word && !word[strspn(word, SHELL_PLAIN)]) {
		text_puts(text, word);
		return;
	}
	text_puts(text, "'");
	for (; *word; word++)
		if (*word == '\'')
			text_puts(text, "'\\''");
		else
			text_append(text, word, 1);
	text_puts(text, "'");
}

void text_free(struct text *text)
{
	free(text->chars);
	*text = (struct text){0};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int text_to_u64(const char *chars, uint64_t *value)
{
	uint64_t sum = 0;

	if (!*chars)
		return -EINVAL;
	for (const char *c = chars; *c; c++)
		if (!is_digit(*c))
			return -EINVAL;
	for (const char *c = chars; *c; c++)
		if (__builtin_mul_overflow(sum, UINT64_C(10), &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(*c - '0'), &sum))
			return -ERANGE;
	*value = sum;
	return 0;
}

int text_to_i64(const char *chars, int64_t *value)
{
	bool negative = *chars == '-';
	uint64_t limit = (uint64_t)INT64_MAX + negative;
	uint64_t magnitude;
	int code = text_to_u64(chars + negative, &magnitude);

	if (code)
		return code;
	if (magnitude > limit)
		return -ERANGE;
	/* Negated as unsigned: -INT64_MIN does not exist. */
	*value = (int64_t)(negative ? -magnitude : magnitude);
	return 0;
}

/* Decimal notation: [+-] digits [. digits] [e [+-] digits], a digit before the e. */
static bool is_decimal(const char *c)
{
	size_t digits = 0;

	if (*c == '+' || *c == '-')
		c++;
	for (; is_digit(*c); c++)
		digits++;
	if (*c == '.')
		for (c++; is_digit(*c); c++)
			digits++;
	if (!digits)
		return false;
	if (*c == 'e' || *c == 'E') {
		c++;
		if (*c == '+' || *c == '-')
			c++;
		if (!is_digit(*c))
			return false;
		while (is_digit(*c))
			c++;
	}
	return !*c;
}

int text_to_double(const char *chars, double *value)
{
	locale_t plain;
	double parsed;

	if (!is_decimal(chars))
		return -EINVAL;
	/* The C locale is a static object in glibc and musl: this allocates nothing. */
	plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (plain == (locale_t)0)
		return -ENOMEM;
	parsed = strtod_l(chars, NULL, plain);
	freelocale(plain);
	/* Too small becomes 0 or a subnormal, which is as near as can be: no error. */
	if (isinf(parsed))
		return -ERANGE;
	*value = parsed;
	return 0;
}

/* Three significant digits, never in exponent notation: 0 <= number < 10^6. */
static void format_three_digits(double number, char *buffer, size_t size)
{
	if (number >= 99.95)
		snprintf(buffer, size, "%.0f", number);
	else
		snprintf(buffer, size, "%.3g", number < 0.001 ? 0.0 : number);
}

char *text_duration(double nanoseconds, char *buffer, size_t size)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	const char *sign = nanoseconds < 0 ? "-" : "";
	double amount = fabs(nanoseconds);
	double seconds = nearbyint(amount / 1e9);
	char number[32];
	size_t unit = 0;

	if (!isfinite(nanoseconds)) {
		snprintf(buffer, size, "unknown");
	} else if (seconds >= 100 * 3600.0) {
		snprintf(buffer, size, "%s%.0f h", sign, seconds / 3600);
	} else if (seconds >= 3600) {
		long minutes = lround(seconds / 60);

		snprintf(buffer, size, "%s%ld h %02ld min", sign, minutes / 60,
			 minutes % 60);
	} else if (seconds >= 100) {
		snprintf(buffer, size, "%s%ld min %02ld s", sign, (long)seconds / 60,
			 (long)seconds % 60);
	} else {
		/* 999.5 would be printed as 1000. */
		while (amount >= 999.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
			amount /= 1000;
			unit++;
		}
		format_three_digits(amount, number, sizeof(number));
		snprintf(buffer, size, "%s%s %s", sign, number, units[unit]);
	}
	return buffer;
}

char *text_bytes(double bytes, char *buffer, size_t size)
{
	static const char *const units[] = {"B",   "KiB", "MiB", "GiB",
					    "TiB", "PiB", "EiB"};
	const char *sign = bytes < 0 ? "-" : "";
	double amount = fabs(bytes);
	char number[32];
	size_t unit = 0;

	if (!isfinite(bytes)) {
		snprintf(buffer, size, "unknown");
		return buffer;
	}
	/* 1023.5 would be printed as 1024. */
	while (amount >= 1023.5 && unit + 1 < sizeof(units) / sizeof(*units)) {
		amount /= 1024;
		unit++;
	}
	format_three_digits(amount, number, sizeof(number));
	snprintf(buffer, size, "%s%s %s", sign, number, units[unit]);
	return buffer;
}

char *text_count(uint64_t count, char *buffer, size_t size)
{
	char digits[24];
	char grouped[32];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, count);
	size_t out = 0;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			grouped[out++] = ',';
		grouped[out++] = digits[i];
	}
	grouped[out] = '\0';
	snprintf(buffer, size, "%s", grouped);
	return buffer;
}
