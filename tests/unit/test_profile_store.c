/* SPDX-License-Identifier: MIT */
/* profile/store.c and sql.c: making profiles, opening good, foreign and damaged ones. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/random.h"
#include "profile/store.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

static const char *const alpha[] = {"alpha"};

struct fixture {
	struct scratch scratch;
	struct profile *profile;
	struct error error;
	char path[SCRATCH_PATH_MAX + 256];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	strcpy(fixture->path, scratch_path(&fixture->scratch, "a.apdb"));
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	profile_close(fixture->profile);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

/* Opening must fail with `code`, and the text must name the file and say `words`. */
static void refuses(struct fixture *fixture, const char *path, int code,
		    const char *words)
{
	struct profile *profile;
	struct error error = {0};

	assert_int_equal(profile_open(&profile, path, PROFILE_READ, &error), code);
	assert_null(profile);
	if (!strstr(error.text, path) || !strstr(error.text, words))
		fail_msg("text: %s", error.text);
	(void)fixture;
}

static void make(struct fixture *fixture)
{
	struct profile *profile = example_profile(fixture->path, example_plan());

	example_run(profile, 0, PROFILE_RUN_OK, alpha, 1, 1000, 1);
	profile_close(profile);
}

/* The whole file, for spoiling. */
static char *read_whole(const char *path, size_t *length)
{
	struct error error;
	char *bytes;

	assert_int_equal(file_read(path, 64 << 20, &bytes, length, &error), 0);
	return bytes;
}

static void a_new_profile_is_one_complete_file(void **state)
{
	struct fixture *fixture = *state;
	struct profile *reader;

	assert_int_equal(profile_create(&fixture->profile, fixture->path, false,
					&fixture->error),
			 0);
	assert_int_equal(scratch_count(&fixture->scratch), 1);
	assert_string_equal(profile_path(fixture->profile), fixture->path);
	assert_int_equal(
		profile_open(&reader, fixture->path, PROFILE_READ, &fixture->error), 0);
	profile_close(reader);
}

static void the_file_says_what_it_is(void **state)
{
	struct fixture *fixture = *state;
	size_t length;
	char *bytes;

	make(fixture);
	bytes = read_whole(fixture->path, &length);
	assert_memory_equal(bytes, "SQLite format 3", 16);
	assert_memory_equal(bytes + 68, "APDb", 4);
	assert_memory_equal(bytes + 60, "\0\0\0\3", 4);
	assert_memory_equal(bytes + 18, "\1\1", 2); /* no write-ahead log */
	free(bytes);
	assert_int_equal(scratch_count(&fixture->scratch), 1);
}

static void an_existing_file_is_refused_without_force(void **state)
{
	struct fixture *fixture = *state;
	struct profile *profile;
	size_t length;
	char *bytes;

	scratch_write(&fixture->scratch, "a.apdb", "precious", 8);
	assert_int_equal(
		profile_create(&profile, fixture->path, false, &fixture->error),
		-EEXIST);
	assert_non_null(strstr(fixture->error.text, fixture->path));
	assert_non_null(strstr(fixture->error.text, "--force"));
	bytes = read_whole(fixture->path, &length);
	assert_string_equal(bytes, "precious");
	free(bytes);
	assert_int_equal(scratch_count(&fixture->scratch), 1);
}

static void force_replaces_file_and_stale_journal(void **state)
{
	struct fixture *fixture = *state;

	scratch_write(&fixture->scratch, "a.apdb", "old", 3);
	scratch_write(&fixture->scratch, "a.apdb-journal", "old", 3);
	assert_int_equal(
		profile_create(&fixture->profile, fixture->path, true, &fixture->error),
		0);
	assert_int_equal(scratch_count(&fixture->scratch), 1);
}

static void what_cannot_be_created_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct profile *profile;
	char path[sizeof(fixture->path) + 16];

	snprintf(path, sizeof(path), "%s/none/a.apdb", fixture->scratch.directory);
	assert_int_equal(profile_create(&profile, path, false, &fixture->error),
			 -ENOENT);
	assert_non_null(strstr(fixture->error.text, "directory does not exist"));
	assert_int_equal(profile_create(&profile, fixture->scratch.directory, true,
					&fixture->error),
			 -EISDIR);
	snprintf(path, sizeof(path), "%s/pipe", fixture->scratch.directory);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(profile_create(&profile, path, true, &fixture->error),
			 -EINVAL);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(scratch_count(&fixture->scratch), 0);
}

static void files_that_are_no_profiles_are_told_apart(void **state)
{
	struct fixture *fixture = *state;
	char recording[4096] = "APREC\r\n\x1a";
	char other[100] = "SQLite format 3";
	const char *path;

	refuses(fixture, fixture->path, -ENOENT, "No such file");
	refuses(fixture, fixture->scratch.directory, -EISDIR, "is a directory");
	refuses(fixture, "/dev/null", -EINVAL, "no regular file");
	path = scratch_write(&fixture->scratch, "empty", "", 0);
	refuses(fixture, path, -EINVAL, "is empty");
	path = scratch_write(&fixture->scratch, "text", "hello, world\n", 13);
	refuses(fixture, path, -EINVAL, "is not a profile");
	path = scratch_write(&fixture->scratch, "recording", recording,
			     sizeof(recording));
	refuses(fixture, path, -EINVAL, "is a recording");
	path = scratch_write(&fixture->scratch, "other", other, sizeof(other));
	refuses(fixture, path, -EINVAL, "not a profile of AutoPerf");
	path = scratch_write(&fixture->scratch, "head", other, 40);
	refuses(fixture, path, -EBADMSG, "cut short");
}

static void a_newer_version_says_so(void **state)
{
	struct fixture *fixture = *state;
	size_t length;
	char *bytes;

	make(fixture);
	bytes = read_whole(fixture->path, &length);
	bytes[63] = 9;
	refuses(fixture, scratch_write(&fixture->scratch, "new", bytes, length),
		-EPROTO, "newer AutoPerf");
	bytes[63] = 0;
	refuses(fixture, scratch_write(&fixture->scratch, "old", bytes, length),
		-EBADMSG, "no schema version");
	free(bytes);
}

static void a_shortened_file_says_how_much_is_missing(void **state)
{
	struct fixture *fixture = *state;
	size_t length;
	char *bytes;

	make(fixture);
	bytes = read_whole(fixture->path, &length);
	for (size_t part = 100; part < length; part += 997)
		refuses(fixture, scratch_write(&fixture->scratch, "part", bytes, part),
			-EBADMSG, "cut short");
	free(bytes);
}

/* Reads everything that a profile has. */
static int read_all(struct profile *profile, struct error *error)
{
	struct profile_region *regions;
	struct profile_process *processes;
	struct profile_run *runs;
	struct event_plan plan;
	struct machine machine;
	size_t count, region_count;
	int status = profile_get_plan(profile, &plan, error);

	if (status)
		return status;
	status = profile_get_machine(profile, &machine, error);
	if (!status) {
		status = profile_runs(profile, &runs, &count, error);
		free(runs);
	}
	if (!status) {
		status = profile_processes(profile, &processes, &count, error);
		free(processes);
	}
	if (!status) {
		status = profile_regions(profile, &regions, &region_count, error);
		for (size_t i = 0; i < region_count && !status; i++)
			for (size_t pass = 0; pass < plan.pass_count && !status;
			     pass++) {
				struct sample_table table;

				status = profile_load(profile, regions[i].id,
						      (uint32_t)pass, true, &table,
						      error);
				sample_table_free(&table);
			}
		profile_regions_free(regions, region_count);
	}
	event_plan_free(&plan);
	return status;
}

static void damage_never_crashes_and_is_named(void **state)
{
	struct fixture *fixture = *state;
	struct random random;
	size_t length, found = 0;
	char *bytes;

	make(fixture);
	bytes = read_whole(fixture->path, &length);
	random_seed(&random, 4, 0);
	for (int round = 0; round < 400; round++) {
		char *copy = malloc(length);
		struct profile *profile;
		struct error error = {0};
		const char *path;
		int status;

		memcpy(copy, bytes, length);
		for (uint32_t i = 0; i <= random_below(&random, 20); i++)
			copy[100 + random_below(&random, (uint32_t)length - 100)] =
				(char)random_u32(&random);
		path = scratch_write(&fixture->scratch, "bad", copy, length);
		status = profile_open(&profile, path, PROFILE_READ, &error);
		if (!status)
			status = read_all(profile, &error);
		if (status) {
			found++;
			assert_non_null(strstr(error.text, path));
			assert_true(status < 0);
		}
		profile_close(profile);
		free(copy);
	}
	/* Some bytes are unused; most are not. */
	assert_true(found > 100);
	free(bytes);
}

static void missing_tables_are_damage(void **state)
{
	struct fixture *fixture = *state;

	make(fixture);
	assert_int_equal(profile_open(&fixture->profile, fixture->path, PROFILE_WRITE,
				      &fixture->error),
			 0);
	assert_int_equal(store_execute(fixture->profile, "DROP TABLE loss", "testing",
				       &fixture->error),
			 0);
	refuses(fixture, fixture->path, -EBADMSG, "tables are missing");
}

/* A view in a table's place could compute anything; SQLite is told to allow none. */
static void a_view_in_the_place_of_a_table_is_damage(void **state)
{
	struct fixture *fixture = *state;
	sqlite3 *db;

	make(fixture);
	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "DROP TABLE loss; CREATE VIEW loss AS SELECT 1 AS "
			     "process, 1 AS kind, 1 AS count",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	refuses(fixture, fixture->path, -EBADMSG, "tables are missing");
}

/* What SQLite takes for a database in memory, or for an address. */
static void names_that_mean_more_to_sqlite_are_just_names(void **state)
{
	struct fixture *fixture = *state;
	static const char *const paths[] = {":memory:", "file:a?mode=memory"};
	char before[4096];

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(fixture->scratch.directory), 0);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		profile_close(example_profile(paths[i], example_plan()));
		assert_int_equal(access(paths[i], F_OK), 0);
		assert_int_equal(profile_open(&fixture->profile, paths[i], PROFILE_READ,
					      &fixture->error),
				 0);
		assert_int_equal(read_all(fixture->profile, &fixture->error), 0);
		profile_close(fixture->profile);
		fixture->profile = NULL;
	}
	assert_int_equal(chdir(before), 0);
}

static void write_ahead_logging_is_left_when_opened(void **state)
{
	struct fixture *fixture = *state;
	size_t length;
	sqlite3 *db;
	char *bytes;

	make(fixture);
	assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db,
				      "PRAGMA journal_mode=WAL; DELETE FROM machine",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(profile_open(&fixture->profile, fixture->path, PROFILE_READ,
				      &fixture->error),
			 0);
	assert_int_equal(read_all(fixture->profile, &fixture->error), 0);
	profile_close(fixture->profile);
	fixture->profile = NULL;
	assert_int_equal(scratch_count(&fixture->scratch), 1);
	bytes = read_whole(fixture->path, &length);
	assert_memory_equal(bytes + 18, "\1\1", 2);
	free(bytes);
}

static void a_reader_can_read_what_it_cannot_write(void **state)
{
	struct fixture *fixture = *state;

	make(fixture);
	assert_int_equal(chmod(fixture->path, 0400), 0);
	assert_int_equal(chmod(fixture->scratch.directory, 0500), 0);
	assert_int_equal(profile_open(&fixture->profile, fixture->path, PROFILE_READ,
				      &fixture->error),
			 0);
	assert_int_equal(read_all(fixture->profile, &fixture->error), 0);
	assert_int_equal(chmod(fixture->scratch.directory, 0700), 0);
}

static void a_reading_handle_does_not_write(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run run = {0};

	make(fixture);
	assert_int_equal(profile_open(&fixture->profile, fixture->path, PROFILE_READ,
				      &fixture->error),
			 0);
	assert_int_equal(profile_set_fact(fixture->profile, "a", "b", &fixture->error),
			 -EROFS);
	assert_int_equal(profile_begin_run(fixture->profile, &run, &fixture->error),
			 -EROFS);
	assert_int_equal(
		profile_set_plan(fixture->profile, example_plan(), &fixture->error),
		-EROFS);
}

/*
 * A child writes a run so large that SQLite spills it into the file, and kills itself before
 * the commit. The journal that it leaves must bring the file back to the run before.
 */
static void a_killed_writer_leaves_the_runs_before(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run *runs;
	size_t count;
	pid_t child;
	int status;

	make(fixture);
	child = fork();
	if (!child) {
		struct profile_run run = {.pass = 0};
		struct sample_table table;
		struct profile *profile;
		struct random random;
		struct error error;

		if (profile_open(&profile, fixture->path, PROFILE_WRITE, &error) ||
		    profile_begin_run(profile, &run, &error))
			_exit(1);
		example_table(&table, 600000, 3, 5);
		random_seed(&random, 1, 1);
		for (size_t i = 0; i < table.rows; i++)
			table.values[0][i] = random_normal(&random);
		if (profile_add_samples(profile, &run, "beta", &table, &error))
			_exit(1);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(scratch_count(&fixture->scratch), 2); /* the journal */
	assert_int_equal(profile_open(&fixture->profile, fixture->path, PROFILE_READ,
				      &fixture->error),
			 0);
	assert_int_equal(scratch_count(&fixture->scratch), 1);
	assert_int_equal(profile_runs(fixture->profile, &runs, &count, &fixture->error),
			 0);
	assert_int_equal(count, 1);
	free(runs);
	assert_int_equal(read_all(fixture->profile, &fixture->error), 0);
}

static void a_second_writer_waits_and_then_says_who_is_there(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run run = {0}, second_run = {0};
	struct profile *second;

	make(fixture);
	assert_int_equal(profile_open(&fixture->profile, fixture->path, PROFILE_WRITE,
				      &fixture->error),
			 0);
	assert_int_equal(
		profile_open(&second, fixture->path, PROFILE_WRITE, &fixture->error),
		0);
	sqlite3_busy_timeout(second->db, 50); /* instead of 5 s */
	assert_int_equal(profile_begin_run(fixture->profile, &run, &fixture->error), 0);
	assert_int_equal(profile_begin_run(second, &second_run, &fixture->error),
			 -EBUSY);
	assert_non_null(strstr(fixture->error.text, "another program is writing"));
	assert_int_equal(profile_end_run(fixture->profile, &run, &fixture->error), 0);
	assert_int_equal(profile_begin_run(second, &second_run, &fixture->error), 0);
	assert_int_equal(second_run.ordinal, run.ordinal + 1);
	profile_close(second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_new_profile_is_one_complete_file),
		TEST(the_file_says_what_it_is),
		TEST(an_existing_file_is_refused_without_force),
		TEST(force_replaces_file_and_stale_journal),
		TEST(what_cannot_be_created_leaves_nothing),
		TEST(files_that_are_no_profiles_are_told_apart),
		TEST(a_newer_version_says_so),
		TEST(a_shortened_file_says_how_much_is_missing),
		TEST(damage_never_crashes_and_is_named),
		TEST(missing_tables_are_damage),
		TEST(a_view_in_the_place_of_a_table_is_damage),
		TEST(names_that_mean_more_to_sqlite_are_just_names),
		TEST(write_ahead_logging_is_left_when_opened),
		TEST(a_reader_can_read_what_it_cannot_write),
		TEST(a_reading_handle_does_not_write),
		TEST(a_killed_writer_leaves_the_runs_before),
		TEST(a_second_writer_waits_and_then_says_who_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
