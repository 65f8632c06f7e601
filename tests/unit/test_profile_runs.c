/* SPDX-License-Identifier: MIT */
/* profile/runs.c: runs are all or nothing, and come back as they were. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/store.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct profile *profile;
	struct error error;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   example_plan());
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

static size_t count_runs(struct fixture *fixture)
{
	struct profile_run *runs;
	size_t count;

	assert_int_equal(profile_runs(fixture->profile, &runs, &count, &fixture->error),
			 0);
	free(runs);
	return count;
}

static void a_run_comes_back_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run run = {
		.pass = 1,
		.status = PROFILE_RUN_SIGNAL,
		.exit_code = 11,
		.started_utc_ns = INT64_C(1700000000123456789),
		.wall_ns = 5,
		.user_ns = 6,
		.system_ns = 7,
		.max_rss_bytes = 8,
		.seed = UINT64_MAX - 1,
	};
	struct profile_run *runs;
	size_t count;

	assert_int_equal(profile_begin_run(fixture->profile, &run, &fixture->error), 0);
	run.lost = 9; /* samples are counted by what is added */
	assert_int_equal(profile_end_run(fixture->profile, &run, &fixture->error), 0);
	assert_int_equal(profile_runs(fixture->profile, &runs, &count, &fixture->error),
			 0);
	assert_int_equal(count, 1);
	assert_int_equal(runs[0].id, run.id);
	assert_int_equal(runs[0].ordinal, 0);
	assert_int_equal(runs[0].pass, 1);
	assert_int_equal(runs[0].status, PROFILE_RUN_SIGNAL);
	assert_int_equal(runs[0].exit_code, 11);
	assert_true(runs[0].started_utc_ns == run.started_utc_ns);
	assert_int_equal(runs[0].wall_ns, 5);
	assert_int_equal(runs[0].user_ns, 6);
	assert_int_equal(runs[0].system_ns, 7);
	assert_int_equal(runs[0].max_rss_bytes, 8);
	assert_true(runs[0].seed == UINT64_MAX - 1);
	assert_int_equal(runs[0].samples, 0);
	assert_int_equal(runs[0].lost, 9);
	free(runs);
}

static void every_status_has_a_name_that_comes_back(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run *runs;
	size_t count;

	for (int status = PROFILE_RUN_OK; status <= PROFILE_RUN_EMPTY; status++)
		example_run(fixture->profile, 0, (enum profile_run_status)status, NULL,
			    0, 0, 0);
	assert_int_equal(profile_runs(fixture->profile, &runs, &count, &fixture->error),
			 0);
	assert_int_equal(count, PROFILE_RUN_EMPTY + 1);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(runs[i].status, i);
		assert_int_equal(runs[i].ordinal, i);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(
				profile_run_status_name(runs[i].status),
				profile_run_status_name(runs[k].status));
	}
	free(runs);
	assert_string_equal(profile_run_status_name((enum profile_run_status)99),
			    "unknown");
}

static void an_abandoned_run_leaves_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run run = {.pass = 0};
	struct profile_region *regions;
	struct sample_table table;
	size_t count;

	assert_int_equal(profile_begin_run(fixture->profile, &run, &fixture->error), 0);
	example_table(&table, 10, 3, 0);
	assert_int_equal(profile_add_samples(fixture->profile, &run, "alpha", &table,
					     &fixture->error),
			 0);
	sample_table_free(&table);
	profile_abandon_run(fixture->profile);
	assert_int_equal(count_runs(fixture), 0);
	assert_int_equal(
		profile_regions(fixture->profile, &regions, &count, &fixture->error),
		0);
	assert_int_equal(count, 0);
	profile_regions_free(regions, count);
	profile_abandon_run(fixture->profile); /* harmless */
	example_run(fixture->profile, 0, PROFILE_RUN_OK, NULL, 0, 0, 0);
	assert_int_equal(count_runs(fixture), 1);
}

static void closing_in_the_middle_rolls_the_run_back(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run run = {.pass = 0};

	assert_int_equal(profile_begin_run(fixture->profile, &run, &fixture->error), 0);
	profile_close(fixture->profile);
	assert_int_equal(scratch_count(&fixture->scratch), 1);
	assert_int_equal(profile_open(&fixture->profile,
				      scratch_path(&fixture->scratch, "a.apdb"),
				      PROFILE_READ, &fixture->error),
			 0);
	assert_int_equal(count_runs(fixture), 0);
}

static void misuse_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run run = {.pass = 0}, other = {.pass = 0}, wrong = {.pass = 2};
	struct sample_table table;

	assert_int_equal(profile_begin_run(fixture->profile, &wrong, &fixture->error),
			 -EINVAL);
	assert_int_equal(profile_end_run(fixture->profile, &run, &fixture->error),
			 -EINVAL);
	example_table(&table, 10, 3, 0);
	assert_int_equal(profile_add_samples(fixture->profile, &run, "alpha", &table,
					     &fixture->error),
			 -EINVAL);
	assert_int_equal(profile_begin_run(fixture->profile, &run, &fixture->error), 0);
	assert_int_equal(profile_begin_run(fixture->profile, &other, &fixture->error),
			 -EBUSY);
	table.event_count = 2;
	assert_int_equal(profile_add_samples(fixture->profile, &run, "alpha", &table,
					     &fixture->error),
			 -EINVAL);
	table.event_count = 3;
	sample_table_free(&table);
	assert_int_equal(profile_end_run(fixture->profile, &run, &fixture->error), 0);
}

static void rows_that_make_no_sense_are_damage(void **state)
{
	struct fixture *fixture = *state;
	static const char *const spoil[] = {
		"UPDATE run SET status = 'fine'",
		"UPDATE run SET ordinal = -1",
		"UPDATE run SET pass = -1",
	};
	struct profile_run *runs;
	size_t count;

	example_run(fixture->profile, 0, PROFILE_RUN_OK, NULL, 0, 0, 0);
	assert_int_equal(store_execute(fixture->profile, "PRAGMA foreign_keys = OFF",
				       "testing", &fixture->error),
			 0);
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		assert_int_equal(store_begin(fixture->profile, &fixture->error), 0);
		assert_int_equal(store_execute(fixture->profile, spoil[i], "testing",
					       &fixture->error),
				 0);
		assert_int_equal(
			profile_runs(fixture->profile, &runs, &count, &fixture->error),
			-EBADMSG);
		assert_null(runs);
		store_end(fixture->profile, -1, NULL);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_run_comes_back_as_it_was),
		TEST(every_status_has_a_name_that_comes_back),
		TEST(an_abandoned_run_leaves_nothing),
		TEST(closing_in_the_middle_rolls_the_run_back),
		TEST(misuse_is_an_error),
		TEST(rows_that_make_no_sense_are_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
