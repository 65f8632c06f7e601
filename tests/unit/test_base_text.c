/* SPDX-License-Identifier: MIT */
/* base/text.c: growable text, strict numbers, numbers for people. */
#include "base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void text_grows_by_pieces(void **state)
{
	struct text text = {0};

	(void)state;
	text_puts(&text, "abc");
	text_append(&text, "defgh", 2);
	text_printf(&text, "-%d-%s", 42, "x");
	assert_string_equal(text.chars, "abcde-42-x");
	assert_int_equal(text.length, 10);
	assert_false(text.failed);
	for (int i = 0; i < 10000; i++)
		text_printf(&text, "%04d", i);
	assert_int_equal(text.length, 10 + 4 * 10000);
	assert_string_equal(text.chars + text.length - 8, "99989999");
	text_free(&text);
	assert_null(text.chars);
	assert_int_equal(text.length, 0);
}

static void text_keeps_bytes_that_are_no_characters(void **state)
{
	struct text text = {0};

	(void)state;
	text_append(&text, "a\0b", 3);
	assert_memory_equal(text.chars, "a\0b\0", 4);
	assert_int_equal(text.length, 3);
	text_free(&text);
	text_append(&text, "", 0);
	assert_string_equal(text.chars, "");
	text_free(&text);
}

static void lack_of_memory_stays_known_until_the_end(void **state)
{
	struct text text = {0};

	(void)state;
	text_puts(&text, "kept");
	text_append(&text, "x", SIZE_MAX - 16);
	assert_true(text.failed);
	text_puts(&text, "more");
	text_printf(&text, "%d", 1);
	assert_true(text.failed);
	assert_string_equal(text.chars, "kept");
	text_free(&text);
	assert_false(text.failed);
}

static void unsigned_numbers_are_digits_and_nothing_else(void **state)
{
	static const char *const bad[] = {"",    "-1",  "+1",  " 1", "1 ",   "1\n",
					  "0x1", "1.0", "1e3", "٣",  "1,000"};
	uint64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(text_to_u64(bad[i], &value), -EINVAL);
	assert_int_equal(text_to_u64("18446744073709551616", &value), -ERANGE);
	assert_int_equal(text_to_u64("99999999999999999999", &value), -ERANGE);
	/* Junk is junk, however large the number before it. */
	assert_int_equal(text_to_u64("99999999999999999999x", &value), -EINVAL);
	assert_int_equal(value, 7);
	assert_int_equal(text_to_u64("18446744073709551615", &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(text_to_u64("0000", &value), 0);
	assert_int_equal(value, 0);
}

static void signed_numbers_reach_both_ends(void **state)
{
	static const char *const bad[] = {"", "-", "--1", "+1", "- 1", "1-"};
	int64_t value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(text_to_i64(bad[i], &value), -EINVAL);
	assert_int_equal(text_to_i64("9223372036854775808", &value), -ERANGE);
	assert_int_equal(text_to_i64("-9223372036854775809", &value), -ERANGE);
	assert_int_equal(text_to_i64("-99999999999999999999", &value), -ERANGE);
	assert_int_equal(value, 7);
	assert_int_equal(text_to_i64("9223372036854775807", &value), 0);
	assert_true(value == INT64_MAX);
	assert_int_equal(text_to_i64("-9223372036854775808", &value), 0);
	assert_true(value == INT64_MIN);
	assert_int_equal(text_to_i64("-0", &value), 0);
	assert_int_equal(value, 0);
}

static void doubles_are_finite_decimal_numbers(void **state)
{
	static const char *const bad[] = {"",      ".",   "+",     "-",    "e5",
					  "1e",    "1e+", "1.2.3", " 1",   "1 ",
					  "1,5",   "nan", "inf",   "-inf", "Infinity",
					  "0x1p3", "1f",  "1e5.5", "--1",  "NAN(1)"};
	static const struct {
		const char *chars;
		double value;
	} good[] = {
		{"0", 0},           {"-0.5", -0.5},
		{"+1.5", 1.5},      {".5", 0.5},
		{"5.", 5},          {"1e3", 1000},
		{"1E-2", 0.01},     {"1.25e+2", 125},
		{"1e-400", 0},      {"0.1", 0.1},
		{"5e-324", 5e-324}, {"1.7976931348623157e308", 1.7976931348623157e308},
	};
	double value = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(text_to_double(bad[i], &value), -EINVAL);
	assert_int_equal(text_to_double("1e400", &value), -ERANGE);
	assert_int_equal(text_to_double("-1e400", &value), -ERANGE);
	assert_true(value == 7);
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		assert_int_equal(text_to_double(good[i].chars, &value), 0);
		assert_true(value == good[i].value);
	}
}

static void the_decimal_point_is_a_point_in_every_locale(void **state)
{
	static const char *const locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
	double value = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(locales) / sizeof(*locales); i++)
		if (setlocale(LC_NUMERIC, locales[i]))
			break;
	/* Not installed: what is left is the C locale, and that is tested above. */
	if (i == sizeof(locales) / sizeof(*locales))
		skip();
	assert_int_equal(text_to_double("1.5", &value), 0);
	assert_true(value == 1.5);
	setlocale(LC_NUMERIC, "C");
}

static void durations_have_three_digits_and_a_fitting_unit(void **state)
{
	static const struct {
		double nanoseconds;
		const char *text;
	} cases[] = {
		{0, "0 ns"},
		{0.25, "0.25 ns"},
		{45, "45 ns"},
		{999.4, "999 ns"},
		{999.6, "1 us"},
		{1234567, "1.23 ms"},
		{99.96e6, "100 ms"},
		{1.5e9, "1.5 s"},
		{-1.5e9, "-1.5 s"},
		{99.4e9, "99.4 s"},
		{99.6e9, "1 min 40 s"},
		{125e9, "2 min 05 s"},
		{3599.6e9, "1 h 00 min"},
		{3661e9, "1 h 01 min"},
		{86400e9, "24 h 00 min"},
		{1e16, "2778 h"},
		{(double)NAN, "unknown"},
		{(double)INFINITY, "unknown"},
	};
	char buffer[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(
			text_duration(cases[i].nanoseconds, buffer, sizeof(buffer)),
			cases[i].text);
}

static void bytes_have_binary_units(void **state)
{
	static const struct {
		double bytes;
		const char *text;
	} cases[] = {
		{0, "0 B"},
		{1023, "1023 B"},
		{1024, "1 KiB"},
		{12.34 * 1024 * 1024, "12.3 MiB"},
		{1023.9 * 1024, "1 MiB"},
		{-2048, "-2 KiB"},
		{0x1p64, "16 EiB"},
		{(double)NAN, "unknown"},
	};
	char buffer[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(text_bytes(cases[i].bytes, buffer, sizeof(buffer)),
				    cases[i].text);
}

static void counts_are_grouped_by_three(void **state)
{
	static const struct {
		uint64_t count;
		const char *text;
	} cases[] = {
		{0, "0"},
		{999, "999"},
		{1000, "1,000"},
		{1234567, "1,234,567"},
		{UINT64_MAX, "18,446,744,073,709,551,615"},
	};
	char buffer[32];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(text_count(cases[i].count, buffer, sizeof(buffer)),
				    cases[i].text);
}

static void a_short_buffer_is_filled_and_not_overrun(void **state)
{
	char buffer[5] = "....";

	(void)state;
	assert_string_equal(text_count(1234567, buffer, sizeof(buffer)), "1,23");
	assert_string_equal(text_duration(1234567, buffer, sizeof(buffer)), "1.23");
	assert_string_equal(text_bytes(1234567, buffer, sizeof(buffer)), "1.18");
}

static void a_shell_reads_back_one_word(void **state)
{
	static const char *const words[][2] = {
		{"plain-1.0/x", "plain-1.0/x"},
		{"", "''"},
		{"two words", "'two words'"},
		{"it's", "'it'\\''s'"},
		{"$HOME", "'$HOME'"},
		{"~", "'~'"},
		{"\n", "'\n'"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct text text = {0};

		text_put_shell_word(&text, words[i][0]);
		assert_string_equal(text.chars, words[i][1]);
		text_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_grows_by_pieces),
		cmocka_unit_test(text_keeps_bytes_that_are_no_characters),
		cmocka_unit_test(lack_of_memory_stays_known_until_the_end),
		cmocka_unit_test(unsigned_numbers_are_digits_and_nothing_else),
		cmocka_unit_test(signed_numbers_reach_both_ends),
		cmocka_unit_test(doubles_are_finite_decimal_numbers),
		cmocka_unit_test(the_decimal_point_is_a_point_in_every_locale),
		cmocka_unit_test(durations_have_three_digits_and_a_fitting_unit),
		cmocka_unit_test(bytes_have_binary_units),
		cmocka_unit_test(counts_are_grouped_by_three),
		cmocka_unit_test(a_short_buffer_is_filled_and_not_overrun),
		cmocka_unit_test(a_shell_reads_back_one_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
