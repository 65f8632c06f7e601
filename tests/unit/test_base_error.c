/* SPDX-License-Identifier: MIT */
/* base/error.c: errors as values. */
#include "base/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void an_error_carries_code_status_and_text(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(error_set(&error, -ENOENT, "no %s in %d", "file", 7), -ENOENT);
	assert_int_equal(error.code, -ENOENT);
	assert_int_equal(error.exit_status, EXIT_FAILED);
	assert_string_equal(error.text, "no file in 7");
}

static void an_exit_status_of_its_own_is_kept(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(error_set_exit(&error, EXIT_CANNOT_MEASURE, -ENODEV, "no PMU"),
			 -ENODEV);
	assert_int_equal(error.exit_status, EXIT_CANNOT_MEASURE);
	assert_int_equal(error_prefix(&error, "event %s", "cycles"), -ENODEV);
	assert_int_equal(error.exit_status, EXIT_CANNOT_MEASURE);
	assert_string_equal(error.text, "event cycles: no PMU");
}

static void nobody_has_to_ask_for_the_text(void **state)
{
	(void)state;
	assert_int_equal(error_set(NULL, -EINVAL, "unheard"), -EINVAL);
	assert_int_equal(error_set_exit(NULL, EXIT_USAGE, -EINVAL, "unheard"), -EINVAL);
	assert_int_equal(error_no_memory(NULL, "testing"), -ENOMEM);
	assert_true(error_prefix(NULL, "unheard") < 0);
}

static void a_text_that_is_too_long_ends_in_dots(void **state)
{
	char long_text[3 * sizeof(((struct error *)0)->text)];
	struct error error;
	size_t last = sizeof(error.text) - 1;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	error_set(&error, -EIO, "%s", long_text);
	assert_int_equal(strlen(error.text), last);
	assert_string_equal(error.text + last - 4, "x...");
	error_set(&error, -EIO, "%.*s", (int)last, long_text);
	assert_string_equal(error.text + last - 3, "xxx");
	error_prefix(&error, "prefix");
	assert_int_equal(strlen(error.text), last);
	assert_string_equal(error.text + last - 3, "...");
	assert_memory_equal(error.text, "prefix: xxx", 11);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_carries_code_status_and_text),
		cmocka_unit_test(an_exit_status_of_its_own_is_kept),
		cmocka_unit_test(nobody_has_to_ask_for_the_text),
		cmocka_unit_test(a_text_that_is_too_long_ends_in_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
