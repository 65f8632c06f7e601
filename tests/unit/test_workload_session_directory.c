/* SPDX-License-Identifier: MIT */
/* src/workload/session_directory.c: making, sharing, keeping and finding leftovers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/scratch.h"
#include "workload/session_directory.h"

static struct scratch scratch;
static struct console console;
static char *said; /* on the console */
static size_t said_bytes;

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	console = (struct console){.messages = open_memstream(&said, &said_bytes)};
	return console.messages ? 0 : -1;
}

static int close_scratch(void **state)
{
	(void)state;
	scratch_close(&scratch);
	fclose(console.messages);
	free(said);
	said = NULL;
	return 0;
}

static void make(struct session_directory *directory)
{
	struct error error;

	if (session_directory_make(directory, scratch.directory, &error))
		fail_msg("%s", error.text);
}

static void begin_run(struct session_directory *directory)
{
	struct error error;

	if (session_directory_begin_run(directory, &error))
		fail_msg("%s", error.text);
}

/* What is said about leftovers. */
static const char *leftovers(void)
{
	session_directory_warn_leftovers(scratch.directory, &console);
	fflush(console.messages);
	return said;
}

static void names_are_absolute_unique_and_of_one_length(void **state)
{
	(void)state;
	struct session_directory first, second;
	size_t length;

	make(&first);
	make(&second);
	assert_int_equal(first.path[0], '/');
	assert_string_not_equal(first.path, second.path);
	assert_int_equal(strlen(first.path), strlen(second.path));
	begin_run(&first);
	length = strlen(first.run_path);
	for (int run = 0; run < 20; run++) {
		session_directory_end_run(&first, false, &console);
		begin_run(&first);
		assert_int_equal(strlen(first.run_path), length);
	}
	session_directory_close(&first, false, &console);
	session_directory_close(&second, false, &console);
	assert_int_equal(scratch_count(&scratch), 0);
}

static void only_the_user_may_look_into_it(void **state)
{
	(void)state;
	struct session_directory directory;
	struct stat status;

	make(&directory);
	begin_run(&directory);
	assert_int_equal(stat(directory.path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(directory.run_path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	session_directory_close(&directory, false, &console);
}

static void closing_removes_what_a_run_left(void **state)
{
	(void)state;
	struct session_directory directory;
	char path[1024];
	FILE *file;

	make(&directory);
	begin_run(&directory);
	snprintf(path, sizeof(path), "%s/1-0.aprec", directory.run_path);
	file = fopen(path, "w");
	assert_non_null(file);
	fclose(file);
	session_directory_close(&directory, false, &console);
	assert_int_equal(scratch_count(&scratch), 0);
	session_directory_close(&directory, false, &console); /* harmless */
	assert_string_equal(leftovers(), "");
}

static void kept_recordings_are_no_leftover(void **state)
{
	(void)state;
	struct session_directory directory;

	make(&directory);
	begin_run(&directory);
	session_directory_end_run(&directory, true, &console);
	session_directory_close(&directory, true, &console);
	assert_int_equal(scratch_count(&scratch), 1);
	fflush(console.messages);
	assert_non_null(strstr(said, ".recordings\n"));
	assert_null(strstr(leftovers(), "left behind"));
}

static void one_in_use_is_no_leftover_and_an_abandoned_one_is(void **state)
{
	(void)state;
	struct session_directory directory;

	make(&directory);
	assert_string_equal(leftovers(), "");
	close(directory.lock); /* as death would */
	assert_non_null(strstr(leftovers(), directory.path));
	assert_non_null(strstr(said, "left behind"));
	assert_int_equal(access(directory.path, F_OK), 0);
	directory.lock = -1;
	session_directory_close(&directory, false, &console);
}

static void what_only_looks_like_a_session_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(mkdir(scratch_path(&scratch, "a.perfpoint-session"), 0700), 0);
	scratch_write(&scratch, "b.perfpoint-session", "x", 1);
	scratch_write(&scratch, ".perfpoint-session", "x", 1);
	assert_string_equal(leftovers(), "");
	session_directory_warn_leftovers("/no/where", &console);
	assert_string_equal(leftovers(), "");
}

static void a_parent_that_does_not_exist_is_named(void **state)
{
	(void)state;
	struct session_directory directory;
	struct error error;

	assert_int_equal(session_directory_make(&directory, "/no/where", &error),
			 -ENOENT);
	assert_non_null(strstr(error.text, "'/no/where'"));
	assert_non_null(strstr(error.text, "--scratch"));
	session_directory_close(&directory, false, &console);
}

static void recordings_are_listed_in_order_of_number(void **state)
{
	(void)state;
	static const char *const names[] = {"100-0.aprec", "20-1.aprec",  "20-0.aprec",
					    "session",     "x.aprec.tmp", ".aprec"};
	static const char *const expected[] = {"20-0.aprec", "20-1.aprec",
					       "100-0.aprec"};
	struct error error;
	char **paths;
	size_t count;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		scratch_write(&scratch, names[i], "x", 1);
	assert_int_equal(session_recordings(scratch.directory, &paths, &count, &error),
			 0);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(paths[i], scratch_path(&scratch, expected[i]));
	session_files_free(paths, count);
	assert_int_equal(session_recordings("/no/where", &paths, &count, &error),
			 -ENOENT);
}

int main(void)
{
#define with_scratch(test) \
	cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)
	const struct CMUnitTest tests[] = {
		with_scratch(names_are_absolute_unique_and_of_one_length),
		with_scratch(only_the_user_may_look_into_it),
		with_scratch(closing_removes_what_a_run_left),
		with_scratch(kept_recordings_are_no_leftover),
		with_scratch(one_in_use_is_no_leftover_and_an_abandoned_one_is),
		with_scratch(what_only_looks_like_a_session_is_left_alone),
		with_scratch(a_parent_that_does_not_exist_is_named),
		with_scratch(recordings_are_listed_in_order_of_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
