/* SPDX-License-Identifier: MIT */
/* The configuration: what is read, what is refused, and that what is written reads the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gate/config.h"

static void parse(struct config *config, const char *text)
{
	struct error error = {0};
	int code = config_parse(config, text, "test", &error);

	if (code)
		fail_msg("%s", error.text);
}

static void refuse(const char *text, const char *reason)
{
	struct config config;
	struct error error = {0};

	assert_int_not_equal(config_parse(&config, text, "test", &error), 0);
	if (!strstr(error.text, reason))
		fail_msg("'%s' lacks '%s'", error.text, reason);
	assert_null(config.build);
}

static void settings_are_found_by_section_and_key(void **state)
{
	struct config config;

	(void)state;
	parse(&config, "[build]\ncmd = make\ndir=src\r\n\n[workload]\ncmd: ./x\n");
	assert_string_equal(config.build, "make");
	assert_string_equal(config.build_dir, "src");
	assert_string_equal(config.workload, "./x");
	assert_null(config.clean);
	config_free(&config);
}

static void semicolons_hashes_and_long_lines_belong_to_commands(void **state)
{
	char text[4096] = "[build]\ncmd = a ; b # c = [d] ";
	size_t length = strlen(text);
	struct config config;

	(void)state;
	memset(text + length, 'x', 2000);
	text[length + 2000] = '\0';
	parse(&config, text);
	assert_string_equal(config.build, text + strlen("[build]\ncmd = "));
	config_free(&config);
}

static void comments_and_a_byte_order_mark_are_passed_over(void **state)
{
	struct config config;

	(void)state;
	parse(&config, "\xef\xbb\xbf# one\n; two\n[build]\n  # three\ncmd = make\n");
	assert_string_equal(config.build, "make");
	config_free(&config);
}

static void indented_lines_go_on_with_a_value(void **state)
{
	struct config config;

	(void)state;
	parse(&config, "[build]\n  cmd = one\n    two = 2\n      [three]\n  dir = .\n");
	assert_string_equal(config.build, "one\ntwo = 2\n[three]");
	assert_string_equal(config.build_dir, ".");
	config_free(&config);
}

static void empty_values_are_not_set(void **state)
{
	struct config config;

	(void)state;
	parse(&config, "[clean]\ncmd =\n[model]\nhidden = [16, 8]\n");
	assert_null(config.clean);
	config_free(&config);
}

static void mistakes_are_refused_with_their_line(void **state)
{
	(void)state;
	refuse("cmd = make\n", "line 1");
	refuse("[build\ncmd = make\n", "line 1");
	refuse("[build]\nmake\n", "line 2");
	refuse("[build]\ncommand = make\n", "no setting 'command'");
	refuse("[biuld]\n", "no section [biuld]");
	refuse("[build]\ncmd = a\n\ncmd = b\n", "line 4");
	refuse("[]\n", "no section []");
	refuse("[build]\n= a\n", "line 2");
}

static void what_is_written_reads_the_same(void **state)
{
	struct config config, again;
	char *text = NULL;
	size_t length;
	FILE *stream = open_memstream(&text, &length);

	(void)state;
	assert_non_null(stream);
	parse(&config,
	      "[build]\ncmd = one\n   two ; three\n[workload]\ncmd = \"a b\" = c\n"
	      "[git]\nmain = develop\n");
	config_write(&config, stream);
	assert_int_equal(fclose(stream), 0);
	parse(&again, text);
	for (const struct config_key *key = config_keys; key->section; key++) {
		const char *before = *config_member(&config, key);
		const char *after = *config_member(&again, key);

		assert_true(!before == !after);
		if (before)
			assert_string_equal(before, after);
	}
	config_free(&again);
	config_free(&config);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_are_found_by_section_and_key),
		cmocka_unit_test(semicolons_hashes_and_long_lines_belong_to_commands),
		cmocka_unit_test(comments_and_a_byte_order_mark_are_passed_over),
		cmocka_unit_test(indented_lines_go_on_with_a_value),
		cmocka_unit_test(empty_values_are_not_set),
		cmocka_unit_test(mistakes_are_refused_with_their_line),
		cmocka_unit_test(what_is_written_reads_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
