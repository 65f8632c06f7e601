/* SPDX-License-Identifier: MIT */
/*
 * JSON written straight to text, in the order of the calls. A tree of jansson values would refuse
 * the invalid UTF-8 that names may hold and the numbers that are not finite; here the former
 * becomes U+FFFD and the latter null. Private to src/report.
 */
#ifndef AUTOPERF_REPORT_JSON_WRITER_H
#define AUTOPERF_REPORT_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define JSON_WRITER_DIGITS \
	9 /* of a number: more than anything measured here is good for */

/*
 * The document while it is written. Begins as {.first = true} and what is wanted of the options;
 * text.failed says at the end whether memory ran out. The text is the caller's to free.
 */
struct json_writer {
	struct text text;
	int depth;
	int digits;   /* of a number; 0: JSON_WRITER_DIGITS */
	bool first;   /* nothing in the innermost object or array yet */
	bool compact; /* no white space */
	bool in_html; /* '<' is escaped, so that no name can end a <script> */
};

/*
 * Each of these writes a member `key` of the innermost object or, where `key` is NULL, an item of
 * the innermost array.
 */
void json_open(struct json_writer *json, const char *key,
	       char bracket);                            /* '{' or '[' */
void json_close(struct json_writer *json, char bracket); /* '}' or ']' */
void json_key_string(struct json_writer *json, const char *key,
		     const char *string); /* NULL: null */
/* The same; what is empty is unknown, and null. */
void json_key_known(struct json_writer *json, const char *key, const char *string);
void json_key_strings(struct json_writer *json, const char *key, char *const *strings,
		      size_t count);
void json_key_bool(struct json_writer *json, const char *key, bool value);
void json_key_count(struct json_writer *json, const char *key, uint64_t count);
/* In any locale with a decimal point; null for what is not finite. */
void json_key_number(struct json_writer *json, const char *key, double number);
void json_key_numbers(struct json_writer *json, const char *key, const double *numbers,
		      size_t count);
/* What is JSON already; NULL: it could not be made for lack of memory. */
void json_key_value(struct json_writer *json, const char *key, const char *value);

#endif
