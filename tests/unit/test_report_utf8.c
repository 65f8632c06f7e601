/* SPDX-License-Identifier: MIT */
/* report/utf8.c: strict decoding, and what a terminal may be given. */
#include "report/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_decodes(const char *bytes, size_t expected_bytes, uint32_t expected)
{
	uint32_t character = 0;

	assert_int_equal(utf8_decode(bytes, strlen(bytes), &character), expected_bytes);
	if (expected_bytes)
		assert_int_equal(character, expected);
}

static void valid_characters_are_decoded(void **state)
{
	(void)state;
	assert_decodes("a", 1, 'a');
	assert_decodes("\xc2\x80", 2, 0x80);
	assert_decodes("\xc3\xa9", 2, 0xe9);
	assert_decodes("\xe2\x82\xac", 3, 0x20ac);
	assert_decodes("\xf0\x9f\x98\x80", 4, 0x1f600);
	assert_decodes("\xf4\x8f\xbf\xbf", 4, 0x10ffff);
}

static void invalid_bytes_are_refused(void **state)
{
	(void)state;
	assert_decodes("\x80", 0, 0);             /* a continuation alone */
	assert_decodes("\xff", 0, 0);             /* no lead byte */
	assert_decodes("\xc0\xaf", 0, 0);         /* overlong slash */
	assert_decodes("\xe0\x80\xaf", 0, 0);     /* overlong */
	assert_decodes("\xf0\x80\x80\xaf", 0, 0); /* overlong */
	assert_decodes("\xed\xa0\x80", 0, 0);     /* surrogate */
	assert_decodes("\xf4\x90\x80\x80", 0, 0); /* above U+10FFFF */
	assert_decodes("\xe2\x82", 0, 0);         /* cut short */
	assert_decodes("\xe2(\xa1", 0, 0);        /* continuation missing */
}

/* Every code point, encoded by hand, comes back, surrogates excepted. */
static void all_code_points_survive(void **state)
{
	(void)state;
	for (uint32_t c = 0x80; c <= 0x10ffff; c++) {
		char bytes[5] = {0};
		size_t used = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		uint32_t decoded = 0, rest = c;
		static const unsigned lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};

		for (size_t i = used - 1; i > 0; i--, rest >>= 6)
			bytes[i] = (char)(0x80 | (rest & 0x3f));
		bytes[0] = (char)(lead[used] | rest);
		if (c >= 0xd800 && c <= 0xdfff) {
			assert_int_equal(utf8_decode(bytes, used, &decoded), 0);
		} else {
			assert_int_equal(utf8_decode(bytes, used, &decoded), used);
			assert_int_equal(decoded, c);
		}
	}
}

static void dangerous_characters_have_no_columns(void **state)
{
	static const uint32_t dangerous[] = {0x00,
					     0x1b,
					     0x7f,
					     0x9b /* CSI */,
					     0xad,
					     0x301,
					     0x5d0 /* Hebrew */,
					     0x627 /* Arabic */,
					     0x200b,
					     0x200f,
					     0x202e,
					     0x2066,
					     0xfeff,
					     0xe000,
					     0xfe0f,
					     0x1f3fb,
					     0xe0001,
					     0x10ffff};

	(void)state;
	for (size_t i = 0; i < sizeof(dangerous) / sizeof(*dangerous); i++)
		assert_int_equal(utf8_columns(dangerous[i]), 0);
}

static void letters_have_one_column_and_ideographs_two(void **state)
{
	(void)state;
	assert_int_equal(utf8_columns(' '), 1);
	assert_int_equal(utf8_columns('~'), 1);
	assert_int_equal(utf8_columns(0xa0), 1);
	assert_int_equal(utf8_columns(0xe9), 1);
	assert_int_equal(utf8_columns(0x416), 1); /* Cyrillic */
	assert_int_equal(utf8_columns(0x4e2d), 2);
	assert_int_equal(utf8_columns(0xac00), 2);
	assert_int_equal(utf8_columns(0x1f600), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_characters_are_decoded),
		cmocka_unit_test(invalid_bytes_are_refused),
		cmocka_unit_test(all_code_points_survive),
		cmocka_unit_test(dangerous_characters_have_no_columns),
		cmocka_unit_test(letters_have_one_column_and_ideographs_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
