/* SPDX-License-Identifier: MIT */
/* profile/import_original.c: the original AutoPerf's directories, rows never joined. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "profile/import.h"
#include "profile/profile.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct error error;
	struct import_summary summary;
	struct profile *profile;
	char output[SCRATCH_PATH_MAX + 256];
	char input[SCRATCH_PATH_MAX + 256];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	strcpy(fixture->output, scratch_path(&fixture->scratch, "out.apdb"));
	strcpy(fixture->input, scratch_path(&fixture->scratch, "in"));
	assert_int_equal(mkdir(fixture->input, 0777), 0);
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

#define HEAD(event)                                             \
	"INPUT: ./program -t 4 \"x, y\"\nTIME: 1.25\nMark_id, " \
	"NTHREADS,PAPI_TOT_INS, " event "\n"

/* Writes in/<run>/event_<index>_perf_data.csv; run NULL: in/ itself. */
static void put(struct fixture *fixture, const char *run, int index, const char *text)
{
	char name[128];

	if (run) {
		snprintf(name, sizeof(name), "in/%s", run);
		mkdir(scratch_path(&fixture->scratch, name), 0777);
	}
	snprintf(name, sizeof(name), "in/%s/event_%d_perf_data.csv", run ? run : ".",
		 index);
	scratch_write(&fixture->scratch, name, text, strlen(text));
}

static int import_it(struct fixture *fixture)
{
	const char *path = fixture->input;
	const struct import_options options = {
		.inputs = &path, .input_count = 1, .output = fixture->output};

	return profile_import(&options, &fixture->summary, &fixture->error);
}

static void accepts(struct fixture *fixture)
{
	if (import_it(fixture))
		fail_msg("%s", fixture->error.text);
	assert_int_equal(profile_open(&fixture->profile, fixture->output, PROFILE_READ,
				      &fixture->error),
			 0);
}

static void refuses(struct fixture *fixture, const char *words)
{
	assert_true(import_it(fixture) < 0);
	if (!strstr(fixture->error.text, fixture->input) ||
	    !strstr(fixture->error.text, words))
		fail_msg("text: %s", fixture->error.text);
	assert_int_equal(scratch_count(&fixture->scratch), 1);
}

static void load(struct fixture *fixture, const char *region, uint32_t pass,
		 struct sample_table *table)
{
	struct profile_region *regions;
	int64_t id = 0;
	size_t count;

	assert_int_equal(
		profile_regions(fixture->profile, &regions, &count, &fixture->error),
		0);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(regions[i].name, region))
			id = regions[i].id;
	profile_regions_free(regions, count);
	assert_true(id > 0);
	assert_int_equal(
		profile_load(fixture->profile, id, pass, false, table, &fixture->error),
		0);
}

static void each_file_is_a_run_of_its_own_pass(void **state)
{
	struct fixture *fixture = *state;
	struct profile_process *processes;
	struct profile_run *runs;
	struct sample_table table;
	struct event_plan plan;
	char *command;
	size_t count;

	put(fixture, "run_10", 0,
	    HEAD("PAPI_L1_DCM") "0, 4, 1000, 10\n1, 4, 2000, 20\n");
	put(fixture, "run_10", 1, HEAD("PAPI_L2_TCM") "1, 4, 2001, 5\n");
	put(fixture, "run_2", 10, HEAD("PAPI_L2_TCM") "0, 4, 1003, 7\n");
	put(fixture, "run_2", 9, HEAD("PAPI_L1_DCM") "0,4,1002,11\r\n");
	accepts(fixture);
	assert_int_equal(fixture->summary.runs, 4);
	assert_int_equal(fixture->summary.passes, 2);
	assert_int_equal(fixture->summary.regions, 2);
	assert_int_equal(fixture->summary.samples, 5);

	assert_int_equal(profile_get_plan(fixture->profile, &plan, &fixture->error), 0);
	assert_int_equal(plan.events.count, 3);
	assert_string_equal(plan.events.items[0].name, "PAPI_TOT_INS");
	assert_int_equal(plan.events.items[0].role, EVENT_ROLE_INSTRUCTIONS);
	assert_int_equal(plan.events.items[1].role, EVENT_ROLE_L1D_MISS);
	event_plan_free(&plan);

	/* run_2 comes before run_10, event_9 before event_10. */
	load(fixture, "mark-0", 0, &table);
	assert_int_equal(table.rows, 2);
	assert_int_equal(table.run_ordinals[0], 0);
	assert_int_equal(table.run_ordinals[1], 2);
	assert_true(table.values[0][0] == 1002 && table.values[1][0] == 11);
	assert_true(table.values[0][1] == 1000 && table.values[1][1] == 10);
	sample_table_free(&table);
	load(fixture, "mark-1", 1, &table);
	assert_int_equal(table.rows, 1);
	assert_true(table.values[0][0] == 2001 && table.values[1][0] == 5);
	sample_table_free(&table);

	assert_int_equal(profile_runs(fixture->profile, &runs, &count, &fixture->error),
			 0);
	assert_int_equal(count, 4);
	assert_int_equal(runs[0].wall_ns, 1250000000);
	free(runs);
	assert_int_equal(profile_processes(fixture->profile, &processes, &count,
					   &fixture->error),
			 0);
	assert_int_equal(count, 4);
	assert_int_equal(processes[0].threads, 4);
	free(processes);
	command = profile_get_fact(fixture->profile, "command");
	assert_string_equal(command, "[\"./program -t 4 \\\"x, y\\\"\"]");
	free(command);
}

static void a_directory_of_event_files_is_one_run(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, NULL, 0, HEAD("PAPI_L1_DCM") "0, 4, 1000, 10\n");
	put(fixture, NULL, 1, HEAD("PAPI_BR_MSP") "0, 4, 1000, 10\n");
	scratch_write(&fixture->scratch, "in/event_x_perf_data.csv", "no", 2);
	scratch_write(&fixture->scratch, "in/event_1_perf_data.csv.bak", "no", 2);
	accepts(fixture);
	assert_int_equal(fixture->summary.runs, 2);
	assert_int_equal(fixture->summary.passes, 2);
}

static void a_file_without_rows_is_an_empty_run(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run *runs;
	size_t count;

	put(fixture, "a", 0, HEAD("PAPI_L1_DCM") "0, 4, 1000, 10\n");
	put(fixture, "a", 1, HEAD("PAPI_BR_MSP"));
	accepts(fixture);
	assert_int_equal(fixture->summary.runs, 2);
	assert_int_equal(fixture->summary.runs_empty, 1);
	assert_int_equal(profile_runs(fixture->profile, &runs, &count, &fixture->error),
			 0);
	assert_int_equal(runs[1].status, PROFILE_RUN_EMPTY);
	free(runs);
}

static void the_event_may_be_instructions_themselves(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	put(fixture, "a", 0, HEAD("PAPI_TOT_INS") "7, 4, 1000, 1000\n");
	accepts(fixture);
	load(fixture, "mark-7", 0, &table);
	assert_int_equal(table.event_count, 1);
	assert_true(table.values[0][0] == 1000);
	sample_table_free(&table);
}

static void a_command_of_several_lines_does_not_hide_the_table(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "a", 0,
	    "INPUT: for i in 1 2; do\n\n./p \"$i\ndone\nTIME: 2\n"
	    "Mark_id, NTHREADS,PAPI_TOT_INS, PAPI_L1_DCM\n-3, 4, 1, 2\n");
	accepts(fixture);
	assert_int_equal(fixture->summary.samples, 1);
}

static void what_is_no_measurement_is_refused(void **state)
{
	struct fixture *fixture = *state;

	refuses(fixture, "holds no measurement");
	put(fixture, "a", 0, "a,b\n1,2\n");
	refuses(fixture, "no line begins with 'Mark_id'");
	put(fixture, "a", 0, "");
	refuses(fixture, "no line begins with 'Mark_id'");
	put(fixture, "a", 0, "Mark_id, NTHREADS\n");
	refuses(fixture, "line 1: the header has fewer than 4");
	put(fixture, "a", 0, "Mark_id, NTHREADS,PAPI_TOT_INS, \n1,2,3,4\n");
	refuses(fixture, "names no event");
	put(fixture, "a", 0, "Mark_id, NTHREADS,PAPI_L1_DCM, PAPI_L2_DCM\n1,2,3,4\n");
	refuses(fixture, "does not count instructions");
	put(fixture, "a", 0,
	    "TIME: soon\nMark_id, NTHREADS,PAPI_TOT_INS, A\n1,2,3,4\n");
	refuses(fixture, "line 1: TIME");
}

static void rows_that_make_no_sense_are_named(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *row;
		const char *words;
	} rows[] = {
		{"0, 4, 1000\n", "line 5: 3 fields instead of 4"},
		{"x, 4, 1000, 1\n", "line 5: column 1 (Mark_id)"},
		{"0, -4, 1000, 1\n", "line 5: column 2 (NTHREADS)"},
		{"0, 4, nan, 1\n", "line 5: column 3 (instructions)"},
		{"0, 4, 1000, -1\n", "line 5: column 4 (count)"},
		{"0, 4, 1000, \n", "line 5: column 4 (count)"},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "%s0, 4, 1, 1\n%s", HEAD("PAPI_L1_DCM"),
			 rows[i].row);
		put(fixture, "a", 0, text);
		refuses(fixture, rows[i].words);
	}
}

static void only_empty_files_are_no_measurement(void **state)
{
	struct fixture *fixture = *state;

	put(fixture, "a", 0, HEAD("PAPI_L1_DCM"));
	assert_int_equal(import_it(fixture), -EINVAL);
	assert_non_null(strstr(fixture->error.text, "has a sample"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(each_file_is_a_run_of_its_own_pass),
		TEST(a_directory_of_event_files_is_one_run),
		TEST(a_file_without_rows_is_an_empty_run),
		TEST(the_event_may_be_instructions_themselves),
		TEST(a_command_of_several_lines_does_not_hide_the_table),
		TEST(what_is_no_measurement_is_refused),
		TEST(rows_that_make_no_sense_are_named),
		TEST(only_empty_files_are_no_measurement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
