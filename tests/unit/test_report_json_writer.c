/* SPDX-License-Identifier: MIT */
/* report/json_writer.c: valid JSON whatever it is given; compact and fit for a page if wanted. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/json_writer.h"

static void assert_text(struct json_writer *json, const char *expected)
{
	assert_false(json->text.failed);
	assert_string_equal(json->text.chars, expected);
	text_free(&json->text);
}

static void members_are_indented_and_separated(void **state)
{
	char *const names[] = {(char *)"a", NULL};
	struct json_writer json = {.first = true};

	(void)state;
	json_open(&json, NULL, '{');
	json_key_count(&json, "count", 3);
	json_open(&json, "empty", '[');
	json_close(&json, ']');
	json_key_strings(&json, "names", names, 2);
	json_key_known(&json, "known", "");
	json_close(&json, '}');
	assert_text(&json, "{\n  \"count\": 3,\n  \"empty\": [],\n  \"names\": [\n"
			   "    \"a\",\n    null\n  ],\n  \"known\": null\n}");
}

static void compact_text_has_no_white_space(void **state)
{
	const double numbers[] = {1, 0.5, (double)NAN, 1e300};
	struct json_writer json = {.first = true, .compact = true};

	(void)state;
	json_open(&json, NULL, '{');
	json_key_numbers(&json, "n", numbers, 4);
	json_key_bool(&json, "b", true);
	json_key_numbers(&json, "none", numbers, 0);
	json_close(&json, '}');
	assert_text(&json, "{\"n\":[1,0.5,null,1e+300],\"b\":true,\"none\":[]}");
}

static void digits_are_as_many_as_asked_for(void **state)
{
	struct json_writer json = {.first = true, .compact = true};

	(void)state;
	json_open(&json, NULL, '[');
	json_key_number(&json, NULL, 1234567890.4);
	json_key_number(&json, NULL, 1.0 / 3);
	json.digits = 4;
	json_key_number(&json, NULL, 1234567890.4);
	json_key_number(&json, NULL, 1.0 / 3);
	json_close(&json, ']');
	assert_text(&json, "[1234567890,0.333333333,1.235e+09,0.3333]");
}

static void no_string_ends_a_script(void **state)
{
	struct json_writer json = {.first = true, .compact = true, .in_html = true};

	(void)state;
	json_open(&json, NULL, '{');
	json_key_string(&json, "</script>", "<!--<script>\"\\\n\x7f\xff\xe2\x80\xae");
	json_key_value(&json, "value", "{\"a<b\":\"</script>\"}");
	json_close(&json, '}');
	assert_text(&json,
		    "{\"\\u003c/script>\":\"\\u003c!--\\u003cscript>\\\"\\\\\\u000a"
		    "\\u007f\xef\xbf\xbd\xe2\x80\xae\","
		    "\"value\":{\"a\\u003cb\":\"\\u003c/script>\"}}");
}

static void elsewhere_less_than_is_itself(void **state)
{
	struct json_writer json = {.first = true};

	(void)state;
	json_key_string(&json, NULL, "a<b");
	assert_text(&json, "\"a<b\"");
	json = (struct json_writer){.first = true};
	json_key_value(&json, NULL, "[\"<\"]");
	assert_text(&json, "[\"<\"]");
}

static void value_that_could_not_be_made_is_a_failure(void **state)
{
	struct json_writer json = {.first = true};

	(void)state;
	json_key_value(&json, "a", NULL);
	assert_true(json.text.failed);
	text_free(&json.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_indented_and_separated),
		cmocka_unit_test(compact_text_has_no_white_space),
		cmocka_unit_test(digits_are_as_many_as_asked_for),
		cmocka_unit_test(no_string_ends_a_script),
		cmocka_unit_test(elsewhere_less_than_is_itself),
		cmocka_unit_test(value_that_could_not_be_made_is_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
