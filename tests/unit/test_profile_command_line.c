/* SPDX-License-Identifier: MIT */
/* profile/command_line.c: what is shown can be pasted into a shell. */
#include "profile/command_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void shows(const char *command, const char *expected)
{
	struct text text = {0};

	command_line_put(&text, command);
	assert_string_equal(text.chars, expected);
	text_free(&text);
}

static void plain_words_stand_as_they_are(void **state)
{
	(void)state;
	shows("[\"./a.out\", \"-t\", \"--x=1,2\"]", "./a.out -t --x=1,2");
}

static void words_that_a_shell_would_change_are_quoted(void **state)
{
	(void)state;
	shows("[\"sh\", \"-c\", \"a b; c\"]", "sh -c 'a b; c'");
	shows("[\"a\", \"\", \"it's\", \"$HOME\"]", "a '' 'it'\\''s' '$HOME'");
}

static void a_lone_word_is_a_whole_command_line(void **state)
{
	(void)state;
	shows("[\"./a.out -t 4\"]", "./a.out -t 4");
}

static void anything_else_is_shown_as_it_is(void **state)
{
	(void)state;
	shows("", "");
	shows("./a.out -t", "./a.out -t");
	shows("[\"a\", 5]", "[\"a\", 5]");
	shows("{\"a\": 1}", "{\"a\": 1}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_words_stand_as_they_are),
		cmocka_unit_test(words_that_a_shell_would_change_are_quoted),
		cmocka_unit_test(a_lone_word_is_a_whole_command_line),
		cmocka_unit_test(anything_else_is_shown_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
