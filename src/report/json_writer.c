/* SPDX-License-Identifier: MIT */
/* Writes JSON: see json_writer.h. */
#include "report/json_writer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/utf8.h"

/* Between these, numbers are nanoseconds or counts: whole ones are easier to read. */
#define WHOLE_MIN 1e8
#define WHOLE_MAX 1e15

static void put_indent(struct json_writer *json)
{
	if (!json->compact)
		text_printf(&json->text, "\n%*s", 2 * json->depth, "");
}

static void put_string(struct json_writer *json, const char *string)
{
	size_t length = strlen(string);

	text_puts(&json->text, "\"");
	while (length) {
		uint32_t character;
		size_t used = utf8_decode(string, length, &character);

		if (!used) {
			text_puts(&json->text, "\xef\xbf\xbd"); /* U+FFFD */
			used = 1;
		} else if (character == '"' || character == '\\') {
			text_printf(&json->text, "\\%c", (char)character);
		} else if (character < 0x20 || character == 0x7f ||
			   (character == '<' && json->in_html)) {
			text_printf(&json->text, "\\u%04" PRIx32, character);
		} else {
			text_append(&json->text, string, used);
		}
		string += used;
		length -= used;
	}
	text_puts(&json->text, "\"");
}

/* What stands before a value: the separator, and the key of a member. */
static void put_key(struct json_writer *json, const char *key)
{
	if (!json->first)
		text_puts(&json->text, ",");
	if (json->depth)
		put_indent(json);
	json->first = false;
	if (key) {
		put_string(json, key);
		text_puts(&json->text, json->compact ? ":" : ": ");
	}
}

void json_open(struct json_writer *json, const char *key, char bracket)
{
	put_key(json, key);
	text_printf(&json->text, "%c", bracket);
	json->depth++;
	json->first = true;
}

void json_close(struct json_writer *json, char bracket)
{
	json->depth--;
	if (!json->first)
		put_indent(json);
	text_printf(&json->text, "%c", bracket);
	json->first = false;
}

void json_key_string(struct json_writer *json, const char *key, const char *string)
{
	put_key(json, key);
	if (string)
		put_string(json, string);
	else
		text_puts(&json->text, "null");
}

void json_key_known(struct json_writer *json, const char *key, const char *string)
{
	json_key_string(json, key, string && *string ? string : NULL);
}

void json_key_strings(struct json_writer *json, const char *key, char *const *strings,
		      size_t count)
{
	json_open(json, key, '[');
	for (size_t i = 0; i < count; i++)
		json_key_string(json, NULL, strings[i]);
	json_close(json, ']');
}

void json_key_bool(struct json_writer *json, const char *key, bool value)
{
	put_key(json, key);
	text_puts(&json->text, value ? "true" : "false");
}

void json_key_count(struct json_writer *json, const char *key, uint64_t count)
{
	put_key(json, key);
	text_printf(&json->text, "%" PRIu64, count);
}

/* The decimal point is made one whatever the locale. */
void json_key_number(struct json_writer *json, const char *key, double number)
{
	char digits[40];
	bool pointed = false; /* a decimal point can be several bytes */

	put_key(json, key);
	if (!isfinite(number)) {
		text_puts(&json->text, "null");
		return;
	}
	if (!json->digits && fabs(number) >= WHOLE_MIN && fabs(number) < WHOLE_MAX)
		snprintf(digits, sizeof(digits), "%.0f", number);
	else
		snprintf(digits, sizeof(digits), "%.*g",
			 json->digits ? json->digits : JSON_WRITER_DIGITS, number);
	for (const char *c = digits; *c; c++) {
		if (strchr("0123456789+-e", *c))
			text_append(&json->text, c, 1);
		else if (!pointed)
			text_puts(&json->text, ".");
		pointed |= !strchr("0123456789+-e", *c);
	}
}

void json_key_numbers(struct json_writer *json, const char *key, const double *numbers,
		      size_t count)
{
	json_open(json, key, '[');
	for (size_t i = 0; i < count; i++)
		json_key_number(json, NULL, numbers[i]);
	json_close(json, ']');
}

/* In JSON, '<' stands only in strings, where its escape is the same character. */
void json_key_value(struct json_writer *json, const char *key, const char *value)
{
	const char *less;

	put_key(json, key);
	if (!value) {
		json->text.failed = true;
		return;
	}
	while (json->in_html && (less = strchr(value, '<'))) {
		text_append(&json->text, value, (size_t)(less - value));
		text_puts(&json->text, "\\u003c");
		value = less + 1;
	}
	text_puts(&json->text, value);
}
