/* SPDX-License-Identifier: MIT */
/* src/workload/library.c: the search that $PERFPOINT_LIBRARY_DIR replaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/scratch.h"
#include "workload/workload.h"

static struct scratch scratch;

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	assert_int_equal(setenv("PERFPOINT_LIBRARY_DIR", scratch.directory, 1), 0);
	return 0;
}

static int close_scratch(void **state)
{
	(void)state;
	unsetenv("PERFPOINT_LIBRARY_DIR");
	scratch_close(&scratch);
	return 0;
}

static void a_library_of_the_given_directory_is_found(void **state)
{
	(void)state;
	const char *path = scratch_write(&scratch, "libx.so.0", "x", 1);
	char *found = workload_find_library("libx.so.0");

	assert_string_equal(found, path);
	free(found);
}

static void a_plug_in_is_found_in_its_directory(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path(&scratch, "autoperf"), 0755), 0);

	const char *path = scratch_write(&scratch, "autoperf/plugin.so", "x", 1);
	char *found = workload_find_library("plugin.so");

	assert_string_equal(found, path);
	free(found);
}

static void the_simulator_is_found_below_the_given_directory(void **state)
{
	char *found;

	(void)state;
	assert_int_equal(mkdir(scratch_path(&scratch, "autoperf"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(&scratch, "autoperf/valgrind"), 0755), 0);
	scratch_write(&scratch, "autoperf/valgrind/autoperf-sim-amd64-linux", "x", 1);
	found = workload_find_simulator();
	assert_string_equal(found, scratch_path(&scratch, "autoperf/valgrind"));
	free(found);
}

static void links_are_followed_to_the_file(void **state)
{
	(void)state;
	const char *path = scratch_write(&scratch, "libx.so.0.1.0", "x", 1);

	assert_int_equal(symlink("libx.so.0.1.0", scratch_path(&scratch, "libx.so.0")),
			 0);

	char *found = workload_find_library("libx.so.0");

	assert_string_equal(found, path);
	free(found);
}

static void what_is_not_there_is_not_looked_for_elsewhere(void **state)
{
	(void)state;
	assert_null(workload_find_library("libperfpoint.so.0"));
	assert_null(workload_find_library("libc.so.6"));
}

int main(void)
{
#define with_scratch(test) \
	cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)
	const struct CMUnitTest tests[] = {
		with_scratch(a_library_of_the_given_directory_is_found),
		with_scratch(a_plug_in_is_found_in_its_directory),
		with_scratch(the_simulator_is_found_below_the_given_directory),
		with_scratch(links_are_followed_to_the_file),
		with_scratch(what_is_not_there_is_not_looked_for_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
