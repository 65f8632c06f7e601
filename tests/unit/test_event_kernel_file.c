/* SPDX-License-Identifier: MIT */
/* src/event/kernel_file.c */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/kernel_file.h"
#include "support/scratch.h"

static struct scratch scratch;

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	return 0;
}

static int close_scratch(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

static void the_first_line_is_read_without_its_line_feed(void **state)
{
	char line[16];

	(void)state;
	assert_int_equal(kernel_file_line(scratch_write(&scratch, "f", "one\ntwo\n", 8),
					  line, sizeof(line)),
			 0);
	assert_string_equal(line, "one");
}

static void a_long_line_is_cut(void **state)
{
	char line[4];

	(void)state;
	assert_int_equal(kernel_file_line(scratch_write(&scratch, "f", "abcdef", 6),
					  line, sizeof(line)),
			 0);
	assert_string_equal(line, "abc");
}

static void a_missing_file_gives_its_errno_and_an_empty_line(void **state)
{
	char line[4] = "xyz";

	(void)state;
	assert_int_equal(
		kernel_file_line(scratch_path(&scratch, "none"), line, sizeof(line)),
		-ENOENT);
	assert_string_equal(line, "");
	assert_int_equal(kernel_file_line(scratch.directory, line, sizeof(line)),
			 -EISDIR);
}

static void numbers_are_read_and_text_is_no_number(void **state)
{
	int64_t value;

	(void)state;
	assert_int_equal(
		kernel_file_number(scratch_write(&scratch, "f", "-1\n", 3), &value), 0);
	assert_int_equal(value, -1);
	assert_int_equal(
		kernel_file_number(scratch_write(&scratch, "f", "on\n", 3), &value),
		-EINVAL);
	assert_int_equal(kernel_file_number("/proc/sys/kernel/pid_max", &value), 0);
	assert_true(value > 1);
}

static int gather(const char *name, void *context)
{
	strcat(context, name);
	return !strcmp(name, "stop");
}

static void a_directory_is_walked_in_order_until_told_to_stop(void **state)
{
	char seen[64] = "";

	(void)state;
	scratch_write(&scratch, "b", "", 0);
	scratch_write(&scratch, "a", "", 0);
	scratch_write(&scratch, ".hidden", "", 0);
	scratch_write(&scratch, "stop", "", 0);
	scratch_write(&scratch, "z", "", 0);
	assert_int_equal(kernel_directory_each(scratch.directory, gather, seen), 1);
	assert_string_equal(seen, "abstop");
	assert_int_equal(kernel_directory_each("/nowhere", gather, seen), 0);
}

#define WITH_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(the_first_line_is_read_without_its_line_feed),
		WITH_SCRATCH(a_long_line_is_cut),
		WITH_SCRATCH(a_missing_file_gives_its_errno_and_an_empty_line),
		WITH_SCRATCH(numbers_are_read_and_text_is_no_number),
		WITH_SCRATCH(a_directory_is_walked_in_order_until_told_to_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
