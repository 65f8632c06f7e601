/* SPDX-License-Identifier: MIT */
/* profile/load.c: what a stage after the profile gets to see. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/store.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

static const char *const names[] = {"beta", "Alpha", "\xc3\xa9t\xc3\xa9"};

struct fixture {
	struct scratch scratch;
	struct profile *profile;
	struct error error;
	struct profile_region *regions;
	size_t region_count;
};

/* Runs 0 (ok, pass 0), 1 (ok, pass 1), 2 (failed, pass 0), 3 (ok, pass 0, no beta). */
static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   example_plan());
	example_run(fixture->profile, 0, PROFILE_RUN_OK, names, 3, 10, 0);
	example_run(fixture->profile, 1, PROFILE_RUN_OK, names, 3, 20, 0);
	example_run(fixture->profile, 0, PROFILE_RUN_EXIT, names, 3, 40, 0);
	example_run(fixture->profile, 0, PROFILE_RUN_OK, names + 1, 1, 80, 0);
	*state = fixture;
	return profile_regions(fixture->profile, &fixture->regions,
			       &fixture->region_count, &fixture->error);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	profile_regions_free(fixture->regions, fixture->region_count);
	profile_close(fixture->profile);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

static void regions_are_sorted_and_count_good_runs_only(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(fixture->region_count, 3);
	assert_string_equal(fixture->regions[0].name, "Alpha");
	assert_string_equal(fixture->regions[1].name, "beta");
	assert_string_equal(fixture->regions[2].name, "\xc3\xa9t\xc3\xa9");
	assert_int_equal(fixture->regions[0].samples, 10 + 20 + 80);
	assert_int_equal(fixture->regions[1].samples, 10 + 20);
	/* beta, seed 0, 10 and 20 rows, weights 1 and 2 in turn. */
	assert_true(fixture->regions[1].total_wall_ns ==
		    5 * (100 + 2 * 101) + 3 * 20 + 10 * (100 + 2 * 101) + 3 * 90);
}

static void a_table_has_the_runs_of_one_pass(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	assert_int_equal(profile_load(fixture->profile, fixture->regions[0].id, 0,
				      false, &table, &fixture->error),
			 0);
	assert_int_equal(table.rows, 10 + 80);
	assert_int_equal(table.event_count, 3);
	assert_int_equal(table.run_count, 2);
	assert_int_equal(table.run_ordinals[0], 0);
	assert_int_equal(table.run_ordinals[1], 3);
	assert_int_equal(table.run[9], 0);
	assert_int_equal(table.run[10], 1);
	assert_int_equal(table.run[89], 1);
	assert_true(table.values[2][10] == 3 * 1000);
	sample_table_free(&table);

	assert_int_equal(profile_load(fixture->profile, fixture->regions[0].id, 1,
				      false, &table, &fixture->error),
			 0);
	assert_int_equal(table.rows, 20);
	assert_int_equal(table.event_count, 2);
	sample_table_free(&table);
}

static void failed_runs_are_there_for_those_who_ask(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	assert_int_equal(profile_load(fixture->profile, fixture->regions[0].id, 0, true,
				      &table, &fixture->error),
			 0);
	assert_int_equal(table.rows, 10 + 40 + 80);
	assert_int_equal(table.run_count, 3);
	assert_int_equal(table.run_ordinals[1], 2);
	sample_table_free(&table);
}

static void no_rows_is_success(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	assert_int_equal(profile_load(fixture->profile, 12345, 1, false, &table,
				      &fixture->error),
			 0);
	assert_int_equal(table.rows, 0);
	assert_int_equal(table.run_count, 0);
	assert_int_equal(table.event_count, 2);
	sample_table_free(&table);
}

static void an_unknown_pass_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	assert_int_equal(profile_load(fixture->profile, fixture->regions[0].id, 2,
				      false, &table, &fixture->error),
			 -EINVAL);
	sample_table_free(&table); /* harmless */
}

static void wall_times_come_without_the_rest(void **state)
{
	struct fixture *fixture = *state;
	double *wall, *weight;
	size_t count;

	assert_int_equal(profile_load_wall(fixture->profile, fixture->regions[1].id,
					   false, &wall, &weight, &count,
					   &fixture->error),
			 0);
	assert_int_equal(count, 10 + 20);
	assert_true(wall[0] == 100);
	assert_true(wall[9] == 109);
	assert_true(wall[10] == 100);
	for (size_t i = 0; i < count; i++)
		assert_true(weight[i] == (i % 2 ? 2 : 1));
	free(wall);
	free(weight);
	assert_int_equal(profile_load_wall(fixture->profile, 12345, false, &wall,
					   &weight, &count, &fixture->error),
			 0);
	assert_null(wall);
	assert_null(weight);
	assert_int_equal(count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(regions_are_sorted_and_count_good_runs_only),
		TEST(a_table_has_the_runs_of_one_pass),
		TEST(failed_runs_are_there_for_those_who_ask),
		TEST(no_rows_is_success),
		TEST(an_unknown_pass_is_an_error),
		TEST(wall_times_come_without_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
