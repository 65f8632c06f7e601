/* SPDX-License-Identifier: MIT */
/* src/workload/capture.c: real programs, found on PATH. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "workload/capture.h"

static void what_it_prints_is_captured_and_stderr_is_not(void **state)
{
	(void)state;
	const char *const argv[] = {"sh", "-c", "echo one; echo two >&2; echo three",
				    NULL};
	char *output = NULL;

	assert_int_equal(capture_output(argv, 100, 10, &output), 0);
	assert_string_equal(output, "one\nthree\n");
	free(output);
}

static void silence_is_an_empty_text(void **state)
{
	(void)state;
	const char *const argv[] = {"true", NULL};
	char *output = NULL;

	assert_int_equal(capture_output(argv, 100, 10, &output), 0);
	assert_string_equal(output, "");
	free(output);
}

static void what_exceeds_the_limit_is_read_and_dropped(void **state)
{
	(void)state;
	const char *const argv[] = {"sh", "-c", "yes | head -n 100000", NULL};
	char *output = NULL;

	assert_int_equal(capture_output(argv, 5, 10, &output), 0);
	assert_string_equal(output, "y\ny\ny");
	free(output);
}

static void its_stdin_is_empty(void **state)
{
	(void)state;
	const char *const argv[] = {"cat", NULL};
	char *output = NULL;

	assert_int_equal(capture_output(argv, 5, 10, &output), 0);
	assert_string_equal(output, "");
	free(output);
}

static void a_program_that_does_not_exist_is_told_apart(void **state)
{
	(void)state;
	const char *const argv[] = {"autoperf-no-such-program", NULL};
	char *output = NULL;

	assert_int_equal(capture_output(argv, 5, 10, &output), -ENOENT);
	assert_null(output);
}

static void failing_is_an_error(void **state)
{
	(void)state;
	const char *const fails[] = {"sh", "-c", "echo x; exit 3", NULL};
	const char *const dies[] = {"sh", "-c", "kill -9 $$", NULL};
	char *output = NULL;

	assert_int_equal(capture_output(fails, 5, 10, &output), -EIO);
	assert_int_equal(capture_output(dies, 5, 10, &output), -EIO);
	assert_null(output);
}

static void one_that_takes_too_long_is_killed(void **state)
{
	(void)state;
	const char *const argv[] = {"sleep", "60", NULL};
	char *output = NULL;
	time_t before = time(NULL);

	assert_int_equal(capture_output(argv, 5, 0.2, &output), -ETIMEDOUT);
	assert_null(output);
	assert_true(time(NULL) - before < 10);
}

static void an_ignored_sigchld_does_not_matter(void **state)
{
	(void)state;
	const char *const argv[] = {"echo", "x", NULL};
	char *output = NULL;

	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(capture_output(argv, 5, 10, &output), 0);
	signal(SIGCHLD, SIG_DFL);
	assert_string_equal(output, "x\n");
	free(output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_prints_is_captured_and_stderr_is_not),
		cmocka_unit_test(silence_is_an_empty_text),
		cmocka_unit_test(what_exceeds_the_limit_is_read_and_dropped),
		cmocka_unit_test(its_stdin_is_empty),
		cmocka_unit_test(a_program_that_does_not_exist_is_told_apart),
		cmocka_unit_test(failing_is_an_error),
		cmocka_unit_test(one_that_takes_too_long_is_killed),
		cmocka_unit_test(an_ignored_sigchld_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
