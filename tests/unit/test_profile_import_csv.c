/* SPDX-License-Identifier: MIT */
/* profile/import_csv.c and import.c: tables into profiles, and refusals that name the cell. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	bool raw;
	bool force;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	strcpy(fixture->output, scratch_path(&fixture->scratch, "out.apdb"));
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

static int import_paths(struct fixture *fixture, const char *const *paths, size_t count)
{
	const struct import_options options = {
		.inputs = paths,
		.input_count = count,
		.output = fixture->output,
		.raw = fixture->raw,
		.force = fixture->force,
		.tool_version = "1.0",
	};

	return profile_import(&options, &fixture->summary, &fixture->error);
}

static int import_text(struct fixture *fixture, const char *text)
{
	const char *path = fixture->input;

	strcpy(fixture->input,
	       scratch_write(&fixture->scratch, "in.csv", text, strlen(text)));
	return import_paths(fixture, &path, 1);
}

static void opens(struct fixture *fixture)
{
	assert_int_equal(profile_open(&fixture->profile, fixture->output, PROFILE_READ,
				      &fixture->error),
			 0);
}

/* Imports and opens. */
static void accepts(struct fixture *fixture, const char *text)
{
	if (import_text(fixture, text))
		fail_msg("%s", fixture->error.text);
	opens(fixture);
}

static void refuses(struct fixture *fixture, const char *text, const char *words)
{
	assert_true(import_text(fixture, text) < 0);
	if (!strstr(fixture->error.text, fixture->input) ||
	    !strstr(fixture->error.text, words))
		fail_msg("text: %s", fixture->error.text);
	assert_int_equal(scratch_count(&fixture->scratch), 1); /* only the input */
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

static void a_table_of_counters_becomes_one_run(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;
	struct event_plan plan;

	accepts(fixture, "page-faults,instructions\n1,1000\n2,2000\n3,3000.5\n");
	assert_int_equal(fixture->summary.runs, 1);
	assert_int_equal(fixture->summary.samples, 3);
	assert_int_equal(profile_get_plan(fixture->profile, &plan, &fixture->error), 0);
	assert_int_equal(plan.source, EVENT_SOURCE_IMPORT);
	assert_int_equal(plan.events.count, 2);
	assert_string_equal(plan.events.items[0].name, "page-faults");
	assert_int_equal(plan.events.items[0].role, EVENT_ROLE_PAGE_FAULT);
	assert_int_equal(plan.events.items[0].unit, EVENT_UNIT_COUNT);
	assert_int_equal(plan.events.items[1].role, EVENT_ROLE_INSTRUCTIONS);
	/* Instructions come first in a pass. */
	assert_int_equal(plan.pass_count, 1);
	assert_int_equal(plan.passes[0].members[0], 1);
	assert_int_equal(plan.passes[0].members[1], 0);
	event_plan_free(&plan);
	load(fixture, "all", 0, &table);
	assert_int_equal(table.rows, 3);
	assert_true(table.values[0][2] == 3000.5);
	assert_true(table.values[1][2] == 3);
	assert_true(table.wall_ns[0] == 0);
	assert_true(isnan(table.cpu_ns[0]));
	sample_table_free(&table);
}

static void columns_of_ours_are_recognised(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	accepts(fixture,
		"run,region,thread,begin_ns,wall_ns,cpu_ns,executions,counters_running,"
		"branches\r\n"
		"first,sort,3,18446744073709551615,1e6,,2,0.5,7\r\n"
		"second,\"merge, all\",0,0,12.5,11,1,1,8\r\n"
		"first,sort,4,1,2,3,1,1,9\r\n");
	assert_int_equal(fixture->summary.runs, 2);
	assert_int_equal(fixture->summary.regions, 2);
	load(fixture, "sort", 0, &table);
	assert_int_equal(table.rows, 2);
	assert_int_equal(table.run_count, 1);
	assert_int_equal(table.run_ordinals[0], 0);
	assert_int_equal(table.thread[0], 3);
	assert_true(table.begin_ns[0] == UINT64_MAX);
	assert_true(table.wall_ns[0] == 1e6);
	assert_true(isnan(table.cpu_ns[0]));
	assert_true(table.cpu_ns[1] == 3);
	assert_true(table.weight[0] == 2);
	assert_true(table.running[0] == 0.5f);
	assert_true(table.values[0][1] == 9);
	sample_table_free(&table);
	load(fixture, "merge, all", 0, &table);
	assert_int_equal(table.run_ordinals[0], 1);
	assert_true(table.wall_ns[0] == 12.5);
	sample_table_free(&table);
}

static void raw_features_may_be_any_real_number(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;
	struct event_plan plan;

	fixture->raw = true;
	accepts(fixture, "f1,f2,cycles\n-1.5,2e-300,1\n+.5,3.,2\n");
	assert_int_equal(profile_get_plan(fixture->profile, &plan, &fixture->error), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(plan.events.items[i].unit, EVENT_UNIT_RAW);
	event_plan_free(&plan);
	load(fixture, "all", 0, &table);
	assert_true(table.values[0][0] == -1.5);
	assert_true(table.values[0][1] == 0.5);
	assert_true(table.values[1][0] == 2e-300);
	sample_table_free(&table);
}

static void each_file_is_a_run(void **state)
{
	struct fixture *fixture = *state;
	char second[sizeof(fixture->input)];
	const char *paths[] = {fixture->input, second};

	strcpy(fixture->input,
	       scratch_write(&fixture->scratch, "1.csv", "a,b\n1,2\n", 8));
	strcpy(second,
	       scratch_write(&fixture->scratch, "2.csv", "b,a\n2,1\n3,4\n", 12));
	assert_int_equal(import_paths(fixture, paths, 2), 0);
	assert_int_equal(fixture->summary.runs, 2);
	assert_int_equal(fixture->summary.passes, 1);
	assert_int_equal(fixture->summary.events, 2);
	assert_int_equal(fixture->summary.samples, 3);
}

static void empty_cells_make_passes(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	accepts(fixture, "run,instructions,a,b,none\n"
			 "0,10,1,,\n1,20,,5,\n0,11,2,,\n2,12,3,,\n");
	assert_int_equal(fixture->summary.runs, 3);
	assert_int_equal(fixture->summary.passes, 2);
	assert_int_equal(fixture->summary.events, 3); /* "none" is left out */
	load(fixture, "all", 0, &table);
	assert_int_equal(table.rows, 3);
	assert_int_equal(table.run_count, 2);
	assert_true(table.values[1][2] == 3);
	sample_table_free(&table);
	load(fixture, "all", 1, &table);
	assert_int_equal(table.rows, 1);
	assert_true(table.values[1][0] == 5);
	sample_table_free(&table);
}

static void wall_time_alone_is_enough(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	accepts(fixture, "region,wall_ns\nr,5\n");
	assert_int_equal(fixture->summary.events, 0);
	load(fixture, "r", 0, &table);
	assert_int_equal(table.event_count, 0);
	assert_true(table.wall_ns[0] == 5);
	sample_table_free(&table);
}

static void tables_without_samples_are_refused(void **state)
{
	struct fixture *fixture = *state;

	refuses(fixture, "", "is empty");
	refuses(fixture, "\n\n", "is empty");
	refuses(fixture, "a,b\n", "no samples");
}

static void headers_that_are_none_are_refused(void **state)
{
	struct fixture *fixture = *state;

	refuses(fixture, "1,2\n3,4\n", "line 1: there is no header row");
	refuses(fixture, "a\n1\n", "line 1: there is only one column");
	refuses(fixture, "a;b\n1;2\n", "another separator?");
	refuses(fixture, "a,b,a\n1,2,3\n", "columns 1 and 3 are both called 'a'");
	refuses(fixture, ",a\n0,1\n", "column 1 has no name");
}

static void cells_that_are_no_numbers_are_named(void **state)
{
	struct fixture *fixture = *state;

	refuses(fixture, "a,b\n1,2\n3,x\n",
		"line 3, column 2 (b): 'x' is not a finite");
	refuses(fixture, "a,b\n1,nan\n", "line 2, column 2 (b): 'nan'");
	refuses(fixture, "a,b\nNaN,1\n", "line 2, column 1 (a): 'NaN'");
	refuses(fixture, "a,b\ninf,1\n", "'inf' is not a finite number");
	refuses(fixture, "a,b\n1e999,1\n", "'1e999' is too large");
	refuses(fixture, "a,b\n0x10,1\n", "'0x10' is not a finite number");
	refuses(fixture, "a,b\n\"1,5\",1\n", "'1,5' is not a finite number");
	refuses(fixture, "a,b\n\x1b[31m,1\n", "'unprintable text'");
	refuses(fixture, "a,b\n-1,1\n", "need --raw");
	refuses(fixture, "a,b\n1,2\n3,\n", "line 3, column 2 (b): '' is empty");
	refuses(fixture, "a,b\n1,\n3,4\n",
		"line 3, column 2 (b): '4' is a number, and");
}

static void cells_of_our_columns_are_checked(void **state)
{
	struct fixture *fixture = *state;

	refuses(fixture, "thread,a\n-1,1\n", "column 1 (thread)");
	refuses(fixture, "thread,a\n4294967296,1\n", "column 1 (thread)");
	refuses(fixture, "thread,a\n1.5,1\n", "column 1 (thread)");
	refuses(fixture, "begin_ns,a\n18446744073709551616,1\n", "column 1 (begin_ns)");
	refuses(fixture, "wall_ns,a\n-1,1\n", "negative time");
	refuses(fixture, "wall_ns,a\n,1\n", "column 1 (wall_ns)");
	refuses(fixture, "executions,a\n0,1\n", "fewer than one");
	refuses(fixture, "counters_running,a\n0,1\n", "(0, 1]");
	refuses(fixture, "counters_running,a\n1.01,1\n", "(0, 1]");
	refuses(fixture, "region,a\n,1\n", "names no region");
	refuses(fixture, "run,a\n,1\n", "names no run");
}

static void ragged_rows_are_named(void **state)
{
	struct fixture *fixture = *state;

	refuses(fixture, "a,b\n1,2\n1,2,3\n", "line 3: 3 fields, but the header has 2");
	refuses(fixture, "a,b\n1\n", "line 2: 1 fields");
	refuses(fixture, "a,b\n1,\"2\n", "line 2: the quote");
}

static void too_many_columns_are_refused(void **state)
{
	struct fixture *fixture = *state;
	char *text = malloc(5000 * 8);
	size_t length = 0;

	for (int i = 0; i < 5000; i++)
		length += (size_t)sprintf(text + length, "c%d%c", i,
					  i == 4999 ? '\n' : ',');
	refuses(fixture, text, "5000 columns are too many");
	free(text);
}

static void an_existing_output_is_kept(void **state)
{
	struct fixture *fixture = *state;
	const char *path = fixture->input;

	scratch_write(&fixture->scratch, "out.apdb", "old", 3);
	strcpy(fixture->input,
	       scratch_write(&fixture->scratch, "in.csv", "a,b\n1,x\n", 8));
	assert_int_equal(import_paths(fixture, &path, 1), -EEXIST);
	fixture->force = true;
	assert_int_equal(import_paths(fixture, &path, 1), -EINVAL);
	assert_int_equal(scratch_count(&fixture->scratch), 2);
	strcpy(fixture->input,
	       scratch_write(&fixture->scratch, "in.csv", "a,b\n1,2\n", 8));
	assert_int_equal(import_paths(fixture, &path, 1), 0);
	assert_int_equal(scratch_count(&fixture->scratch), 2);
	opens(fixture);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_table_of_counters_becomes_one_run),
		TEST(columns_of_ours_are_recognised),
		TEST(raw_features_may_be_any_real_number),
		TEST(each_file_is_a_run),
		TEST(empty_cells_make_passes),
		TEST(wall_time_alone_is_enough),
		TEST(tables_without_samples_are_refused),
		TEST(headers_that_are_none_are_refused),
		TEST(cells_that_are_no_numbers_are_named),
		TEST(cells_of_our_columns_are_checked),
		TEST(ragged_rows_are_named),
		TEST(too_many_columns_are_refused),
		TEST(an_existing_output_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
