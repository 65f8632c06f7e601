/* SPDX-License-Identifier: MIT */
/* report/terminal.c: names made harmless, cut and padded; sentences wrapped. */
#include "report/terminal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_put(const char *name, size_t columns, const char *expected)
{
	struct text text = {0};
	size_t used = terminal_put(&text, name, columns);

	assert_string_equal(text.chars ? text.chars : "", expected);
	assert_true(used <= columns);
	text_free(&text);
}

static void assert_wrapped(const char *sentence, size_t column, size_t indent,
			   size_t width, const char *expected)
{
	struct text text = {0};

	terminal_wrap(&text, sentence, column, indent, width);
	assert_string_equal(text.chars, expected);
	text_free(&text);
}

static void harmless_names_stay_as_they_are(void **state)
{
	(void)state;
	assert_put("", 10, "\"\"");
	assert_put("parse_input", 20, "parse_input");
	assert_put("gr\xc3\xb6\xc3\x9f"
		   "e",
		   20,
		   "gr\xc3\xb6\xc3\x9f"
		   "e");
}

static void what_would_move_the_cursor_is_written_out(void **state)
{
	(void)state;
	assert_put("\x1b[2J", 20, "\\x1b[2J");
	assert_put("a\nb\tc\x7f", 20, "a\\x0ab\\x09c\\x7f");
	assert_put("\xc2\x9b"
		   "31m",
		   20, "\\x9b31m"); /* C1 CSI */
	assert_put("a\xe2\x80\xae"
		   "b",
		   20, "a\\u202eb");                       /* right-to-left override */
	assert_put("\xd7\x90", 20, "\\u05d0");             /* Hebrew letter */
	assert_put("\xff\xc0\xaf", 20, "\\xff\\xc0\\xaf"); /* not UTF-8 */
	assert_put("\xf3\xa0\x80\x81", 20, "\\ue0001");    /* tag */
}

static void long_names_lose_their_middle(void **state)
{
	(void)state;
	assert_put("abcdefghijklmnopqrstuvwxyz", 11, "abcd...wxyz");
	assert_put("abcdefghijk", 11, "abcdefghijk");
	/* Neither an escape nor a wide character is cut in two. */
	assert_put("\x1b\x1b\x1b\x1b\x1b", 12, "\\x1b...\\x1b");
	assert_put("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 8,
		   "\xe4\xb8\xad...\xe4\xb8\xad");
}

static void columns_are_those_of_the_screen(void **state)
{
	struct text text = {0};

	(void)state;
	assert_int_equal(terminal_columns("abc"), 3);
	assert_int_equal(terminal_columns("\x1b"), 4);
	assert_int_equal(terminal_columns("\xe4\xb8\xad"), 2);
	assert_int_equal(terminal_columns("\xc3\xb6"), 1);
	terminal_put_padded(&text, "\xe4\xb8\xad", 5);
	assert_string_equal(text.chars, "\xe4\xb8\xad   ");
	text_free(&text);
}

static void sentences_are_broken_at_spaces(void **state)
{
	(void)state;
	assert_wrapped("one two three", 0, 2, 80, "one two three\n");
	assert_wrapped("one two three", 0, 2, 9, "one two\n  three\n");
	assert_wrapped("one two three", 5, 2, 9, "one\n  two\n  three\n");
	assert_wrapped("  one   two ", 0, 0, 80, "one two\n");
	assert_wrapped("", 0, 0, 80, "\n");
}

static void a_word_longer_than_a_line_is_broken_anywhere(void **state)
{
	(void)state;
	assert_wrapped("a bcdefghij k", 0, 1, 5, "a\n bcde\n fghi\n j k\n");
	assert_wrapped("\x1b\x1b\x1b", 0, 0, 9, "\\x1b\\x1b\n\\x1b\n");
}

static void a_line_end_in_a_sentence_does_not_end_the_line(void **state)
{
	(void)state;
	assert_wrapped("region \"a\nb\"", 0, 0, 80, "region \"a\\x0ab\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless_names_stay_as_they_are),
		cmocka_unit_test(what_would_move_the_cursor_is_written_out),
		cmocka_unit_test(long_names_lose_their_middle),
		cmocka_unit_test(columns_are_those_of_the_screen),
		cmocka_unit_test(sentences_are_broken_at_spaces),
		cmocka_unit_test(a_word_longer_than_a_line_is_broken_anywhere),
		cmocka_unit_test(a_line_end_in_a_sentence_does_not_end_the_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
