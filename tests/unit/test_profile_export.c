/* SPDX-License-Identifier: MIT */
/* profile/export_*.c: what is exported comes back from an import with the same numbers. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "profile/export.h"
#include "profile/import.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct error error;
	struct profile *profile;
	struct profile *again; /* imported from the export */
	struct export_summary summary;
};

static const char *const names[] = {"alpha, \"quoted\"", "mark-7", "\xc3\xa9"};

/* Two runs of each pass, a failed one and an empty one. */
static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   example_plan());
	example_run(fixture->profile, 0, PROFILE_RUN_OK, names, 3, 70000, 1);
	example_run(fixture->profile, 1, PROFILE_RUN_OK, names, 2, 20, 2);
	example_run(fixture->profile, 0, PROFILE_RUN_SIGNAL, names, 3, 30, 3);
	example_run(fixture->profile, 0, PROFILE_RUN_EMPTY, NULL, 0, 0, 4);
	example_run(fixture->profile, 0, PROFILE_RUN_OK, names, 3, 40, 5);
	example_run(fixture->profile, 1, PROFILE_RUN_OK, names, 3, 50, 6);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	profile_close(fixture->profile);
	profile_close(fixture->again);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

static void import_again(struct fixture *fixture, const char *input)
{
	const char *path = scratch_path(&fixture->scratch, input);
	const struct import_options options = {
		.inputs = &path,
		.input_count = 1,
		.output = scratch_path(&fixture->scratch, "again.apdb"),
	};
	struct import_summary summary;

	if (profile_import(&options, &summary, &fixture->error) ||
	    profile_open(&fixture->again, options.output, PROFILE_READ,
			 &fixture->error))
		fail_msg("%s", fixture->error.text);
}

static void load(struct fixture *fixture, struct profile *profile, const char *region,
		 uint32_t pass, struct sample_table *table)
{
	struct profile_region *regions;
	int64_t id = 0;
	size_t count;

	assert_int_equal(profile_regions(profile, &regions, &count, &fixture->error),
			 0);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(regions[i].name, region))
			id = regions[i].id;
	profile_regions_free(regions, count);
	assert_true(id > 0);
	assert_int_equal(profile_load(profile, id, pass, false, table, &fixture->error),
			 0);
}

static void same_doubles(const double *have, const double *want, size_t rows)
{
	assert_memory_equal(have, want, rows * sizeof(double));
}

static void begins_with(const char *text, const char *expected)
{
	char *head = strndup(text, strlen(expected));

	assert_string_equal(head, expected);
	free(head);
}

static void export_csv(struct fixture *fixture, const char *name)
{
	FILE *out = fopen(scratch_path(&fixture->scratch, name), "w");

	assert_int_equal(profile_export_csv(fixture->profile, NULL, out,
					    &fixture->summary, &fixture->error),
			 0);
	assert_int_equal(fclose(out), 0);
}

static void a_csv_table_has_a_line_a_sample(void **state)
{
	struct fixture *fixture = *state;
	size_t length;
	char *text;

	export_csv(fixture, "a.csv");
	assert_int_equal(fixture->summary.runs, 4);
	assert_int_equal(fixture->summary.runs_left_out, 2);
	assert_int_equal(fixture->summary.samples,
			 3 * 70000 + 2 * 20 + 3 * 40 + 3 * 50);
	assert_int_equal(file_read(scratch_path(&fixture->scratch, "a.csv"), 64 << 20,
				   &text, &length, &fixture->error),
			 0);
	begins_with(
		text,
		"region,run,pass,thread,begin_ns,wall_ns,cpu_ns,executions,"
		"counters_running,instructions,page-faults,context-switches,"
		"cache-misses\n"
		"\"alpha, \"\"quoted\"\"\",0,0,0,1000,101,90,1,1,1001,2001,3001,\n");
	free(text);
}

static void a_csv_table_comes_back_with_everything(void **state)
{
	struct fixture *fixture = *state;

	export_csv(fixture, "a.csv");
	import_again(fixture, "a.csv");
	for (size_t i = 0; i < 3; i++)
		for (uint32_t pass = 0; pass < 2; pass++) {
			struct sample_table have, want;

			load(fixture, fixture->profile, names[i], pass, &want);
			load(fixture, fixture->again, names[i], pass, &have);
			assert_int_equal(have.rows, want.rows);
			assert_int_equal(have.run_count, want.run_count);
			assert_int_equal(have.event_count, want.event_count);
			assert_memory_equal(have.run, want.run, want.rows * 4);
			assert_memory_equal(have.thread, want.thread, want.rows * 4);
			assert_memory_equal(have.begin_ns, want.begin_ns,
					    want.rows * 8);
			same_doubles(have.wall_ns, want.wall_ns, want.rows);
			same_doubles(have.cpu_ns, want.cpu_ns, want.rows);
			same_doubles(have.weight, want.weight, want.rows);
			for (size_t event = 0; event < want.event_count; event++)
				same_doubles(have.values[event], want.values[event],
					     want.rows);
			sample_table_free(&have);
			sample_table_free(&want);
		}
}

static void the_originals_layout_comes_back_with_the_same_counts(void **state)
{
	struct fixture *fixture = *state;
	/* Regions with names get numbers after the highest mark, by name. */
	static const char *const marks[] = {"mark-8", "mark-7", "mark-9"};
	const char *directory = scratch_path(&fixture->scratch, "original");

	assert_int_equal(profile_export_original(fixture->profile, NULL, directory,
						 &fixture->summary, &fixture->error),
			 0);
	assert_int_equal(fixture->summary.runs, 4);
	assert_int_equal(fixture->summary.files, 2 * 2 + 2 * 1);
	import_again(fixture, "original");
	for (size_t i = 0; i < 3; i++)
		for (uint32_t pass = 0; pass < 2; pass++)
			for (size_t event = 1; event < (pass ? 2 : 3); event++) {
				struct sample_table have, want;
				uint32_t file = pass ? 2 : (uint32_t)event - 1;

				load(fixture, fixture->profile, names[i], pass, &want);
				load(fixture, fixture->again, marks[i], file, &have);
				assert_int_equal(have.rows, want.rows);
				assert_int_equal(have.run_count, want.run_count);
				assert_int_equal(have.event_count, 2);
				same_doubles(have.values[0], want.values[0], want.rows);
				same_doubles(have.values[1], want.values[event],
					     want.rows);
				sample_table_free(&have);
				sample_table_free(&want);
			}
}

static void original_files_look_like_the_originals(void **state)
{
	struct fixture *fixture = *state;
	size_t length;
	char *text;

	assert_int_equal(profile_set_fact(fixture->profile, "command",
					  "[\"./a b\",\"-t\",\"it's\"]",
					  &fixture->error),
			 0);
	assert_int_equal(profile_export_original(fixture->profile, NULL,
						 scratch_path(&fixture->scratch, "o/"),
						 &fixture->summary, &fixture->error),
			 0);
	assert_int_equal(file_read(scratch_path(&fixture->scratch,
						"o/run_0/event_2_perf_data.csv"),
				   1 << 20, &text, &length, &fixture->error),
			 0);
	begins_with(text, "INPUT: './a b' -t 'it'\\''s'\nTIME: 0.001000000\n"
			  "Mark_id, NTHREADS,instructions, cache-misses\n"
			  "8, 3, 1002, 2002\n");
	free(text);
	assert_int_equal(file_read(scratch_path(&fixture->scratch, "o/marks.csv"),
				   1 << 20, &text, &length, &fixture->error),
			 0);
	assert_string_equal(text, "mark,region\n8,\"alpha, \"\"quoted\"\"\"\n7,mark-7\n"
				  "9,\xc3\xa9\n");
	free(text);
}

static void an_occupied_directory_is_left_alone(void **state)
{
	struct fixture *fixture = *state;
	const char *directory = scratch_path(&fixture->scratch, "o");

	assert_int_equal(mkdir(directory, 0777), 0);
	scratch_write(&fixture->scratch, "o/mine", "precious", 8);
	assert_int_equal(profile_export_original(fixture->profile, NULL, directory,
						 &fixture->summary, &fixture->error),
			 -EEXIST);
	assert_int_equal(scratch_count(&fixture->scratch), 2); /* profile and o */
	assert_int_equal(access(scratch_path(&fixture->scratch, "o/mine"), F_OK), 0);
	assert_int_equal(unlink(scratch_path(&fixture->scratch, "o/mine")), 0);
	assert_int_equal(profile_export_original(fixture->profile, NULL, directory,
						 &fixture->summary, &fixture->error),
			 0);
}

static void the_original_needs_instructions(void **state)
{
	struct fixture *fixture = *state;
	struct profile *profile = example_profile(
		scratch_path(&fixture->scratch, "b.apdb"), recording_plan());
	struct profile_run run = {.pass = 0};
	struct sample_table table;

	example_table(&table, 5, 2, 0);
	assert_int_equal(profile_begin_run(profile, &run, &fixture->error), 0);
	assert_int_equal(
		profile_add_samples(profile, &run, "a", &table, &fixture->error), 0);
	assert_int_equal(profile_end_run(profile, &run, &fixture->error), 0);
	sample_table_free(&table);
	assert_int_equal(profile_export_original(profile, NULL,
						 scratch_path(&fixture->scratch, "o"),
						 &fixture->summary, &fixture->error),
			 -EINVAL);
	assert_non_null(strstr(fixture->error.text, "instructions"));
	profile_close(profile);
}

static void a_profile_without_samples_cannot_be_exported(void **state)
{
	struct fixture *fixture = *state;
	struct profile *profile = example_profile(
		scratch_path(&fixture->scratch, "b.apdb"), recording_plan());

	assert_int_equal(profile_export_csv(profile, NULL, stdout, &fixture->summary,
					    &fixture->error),
			 -ENODATA);
	profile_close(profile);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_csv_table_has_a_line_a_sample),
		TEST(a_csv_table_comes_back_with_everything),
		TEST(the_originals_layout_comes_back_with_the_same_counts),
		TEST(original_files_look_like_the_originals),
		TEST(an_occupied_directory_is_left_alone),
		TEST(the_original_needs_instructions),
		TEST(a_profile_without_samples_cannot_be_exported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
