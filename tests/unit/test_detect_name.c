/* SPDX-License-Identifier: MIT */
/* detect/name.c: names of strangers quoted in sentences. */
#include "detect/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_quoted(const char *name, const char *expected)
{
	struct text text = {0};

	name_quote(&text, name);
	assert_false(text.failed);
	assert_string_equal(text.chars, expected);
	text_free(&text);
}

static void short_names_are_quoted_whole(void **state)
{
	(void)state;
	assert_quoted("", "\"\"");
	assert_quoted("parse", "\"parse\"");
	assert_quoted("\x1b[31m", "\"\x1b[31m\"");
}

static void long_names_are_cut_to_their_limit(void **state)
{
	char name[10001];
	struct text text = {0};

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	name_quote(&text, name);
	assert_int_equal(text.length, NAME_QUOTED_BYTES + 2);
	assert_string_equal(text.chars + text.length - 4, "...\"");
	text_free(&text);
	name[NAME_QUOTED_BYTES] = '\0';
	name_quote(&text, name);
	assert_int_equal(text.length, NAME_QUOTED_BYTES + 2);
	assert_null(strstr(text.chars, "..."));
	text_free(&text);
}

/* The cut falls on each byte of a three-byte character in turn. */
static void characters_are_not_cut_in_two(void **state)
{
	(void)state;
	for (size_t lead = 0; lead < 3; lead++) {
		struct text name = {0}, text = {0};

		text_append(&name, "abc", lead);
		for (int i = 0; i < 40; i++)
			text_puts(&name, "\xe2\x82\xac"); /* euro sign */
		name_quote(&text, name.chars);
		assert_true(text.length <= NAME_QUOTED_BYTES + 2);
		assert_int_equal((text.length - strlen("\"...\"") - lead) % 3, 0);
		text_free(&name);
		text_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_names_are_quoted_whole),
		cmocka_unit_test(long_names_are_cut_to_their_limit),
		cmocka_unit_test(characters_are_not_cut_in_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
