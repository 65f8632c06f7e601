/* SPDX-License-Identifier: MIT */
/* profile/names.c: any bytes become printable text, and different bytes different text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "profile/store.h"

static void becomes(const char *bytes, size_t length, const char *expected)
{
	char *copy = malloc(length + 1), *clean;

	memcpy(copy, bytes, length);
	clean = profile_clean_text(copy, length);
	assert_non_null(clean);
	assert_string_equal(clean, expected);
	assert_true(store_is_clean(clean));
	free(clean);
	free(copy);
}

#define BECOMES(bytes, expected) becomes(bytes, sizeof(bytes) - 1, expected)

static void ordinary_names_stay_as_they_are(void **state)
{
	(void)state;
	BECOMES("", "");
	BECOMES("mark-3", "mark-3");
	BECOMES("std::map<int, char>::find() const",
		"std::map<int, char>::find() const");
	BECOMES("C:\\path", "C:\\path");
	BECOMES("größe \xe2\x82\xac \xf0\x9f\x98\x80",
		"größe \xe2\x82\xac \xf0\x9f\x98\x80");
	BECOMES("\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf",
		"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf");
}

static void control_characters_are_shown_in_hexadecimal(void **state)
{
	(void)state;
	BECOMES("a\tb\n", "a\\x09b\\x0a");
	BECOMES("\x1b[31mred", "\\x1b[31mred");
	BECOMES("a\0b", "a\\x00b");
	BECOMES("\x7f", "\\x7f");
	BECOMES("\xc2\x9b"
		"31m",
		"\\xc2\\x9b31m"); /* C1: CSI */
}

static void bytes_that_are_no_utf8_are_shown_in_hexadecimal(void **state)
{
	(void)state;
	BECOMES("\xff\xfe", "\\xff\\xfe");
	BECOMES("\x80", "\\x80");
	BECOMES("\xc0\xaf", "\\xc0\\xaf");          /* overlong */
	BECOMES("\xe0\x80\xaf", "\\xe0\\x80\\xaf"); /* overlong */
	BECOMES("\xf0\x80\x80\xaf", "\\xf0\\x80\\x80\\xaf");
	BECOMES("\xed\xa0\x80", "\\xed\\xa0\\x80");          /* surrogate */
	BECOMES("\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"); /* beyond Unicode */
	BECOMES("\xf5\x80\x80\x80", "\\xf5\\x80\\x80\\x80");
	BECOMES("\xe2\x82", "\\xe2\\x82"); /* cut */
	BECOMES("\xe2\x82x", "\\xe2\\x82x");
}

static void text_that_reads_as_an_escape_is_told_apart(void **state)
{
	(void)state;
	BECOMES("\\xff", "\\x5cxff");
	BECOMES("\\xFF", "\\xFF"); /* escapes are lower case: this cannot be one */
	BECOMES("\\xf", "\\xf");
	BECOMES("\\\\xff", "\\\\x5cxff");
}

/* Undoes profile_clean_text(): if that is possible, no two names share a text. */
static size_t undo(const char *clean, unsigned char *bytes)
{
	size_t count = 0;

	while (*clean) {
		unsigned value;
		char digits[3] = {0};

		if (!strncmp(clean, "\\x", 2) &&
		    strspn(clean + 2, "0123456789abcdef") >= 2) {
			memcpy(digits, clean + 2, 2);
			value = (unsigned)strtoul(digits, NULL, 16);
			clean += 4;
		} else {
			value = (unsigned char)*clean++;
		}
		bytes[count++] = (unsigned char)value;
	}
	return count;
}

static void every_name_can_be_told_from_its_text(void **state)
{
	static const char alphabet[] = "\\x0f5caz \xc3\xa9\xff\x1b";
	struct random random;

	(void)state;
	random_seed(&random, 3, 0);
	for (int round = 0; round < 20000; round++) {
		char bytes[16];
		unsigned char back[64];
		size_t length = random_below(&random, sizeof(bytes));
		char *clean;

		for (size_t i = 0; i < length; i++)
			bytes[i] = alphabet[random_below(&random, sizeof(alphabet))];
		clean = profile_clean_text(bytes, length);
		assert_true(store_is_clean(clean));
		assert_int_equal(undo(clean, back), length);
		assert_memory_equal(bytes, back, length);
		free(clean);
	}
}

static void copies_are_cut_between_characters(void **state)
{
	char buffer[6];

	(void)state;
	store_copy_text(buffer, sizeof(buffer), "short");
	assert_string_equal(buffer, "short");
	store_copy_text(buffer, sizeof(buffer), "abcd\xc3\xa9");
	assert_string_equal(buffer, "abcd");
	store_copy_text(buffer, sizeof(buffer),
			"ab\xe2\x82\xac"
			"c");
	assert_string_equal(buffer, "ab\xe2\x82\xac");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_names_stay_as_they_are),
		cmocka_unit_test(control_characters_are_shown_in_hexadecimal),
		cmocka_unit_test(bytes_that_are_no_utf8_are_shown_in_hexadecimal),
		cmocka_unit_test(text_that_reads_as_an_escape_is_told_apart),
		cmocka_unit_test(every_name_can_be_told_from_its_text),
		cmocka_unit_test(copies_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
