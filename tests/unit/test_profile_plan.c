/* SPDX-License-Identifier: MIT */
/* profile/plan.c: events and passes survive, and cannot change under existing runs. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

static void assert_plan(struct fixture *fixture, const struct event_plan *expected)
{
	struct event_plan plan;

	assert_int_equal(profile_get_plan(fixture->profile, &plan, &fixture->error), 0);
	assert_int_equal(plan.source, expected->source);
	assert_int_equal(plan.events.count, expected->events.count);
	for (size_t i = 0; i < plan.events.count; i++) {
		const struct event *have = &plan.events.items[i];
		const struct event *want = &expected->events.items[i];

		assert_string_equal(have->name, want->name);
		assert_int_equal(have->role, want->role);
		assert_int_equal(have->unit, want->unit);
		if (want->description)
			assert_string_equal(have->description, want->description);
		else
			assert_null(have->description);
	}
	assert_int_equal(plan.pass_count, expected->pass_count);
	for (size_t pass = 0; pass < plan.pass_count; pass++) {
		assert_int_equal(plan.passes[pass].count, expected->passes[pass].count);
		for (size_t i = 0; i < plan.passes[pass].count; i++)
			assert_int_equal(plan.passes[pass].members[i],
					 expected->passes[pass].members[i]);
	}
	event_plan_free(&plan);
}

static void a_plan_comes_back_as_it_was(void **state)
{
	struct fixture *fixture = *state;

	assert_plan(fixture, example_plan());
}

static void every_role_unit_and_source_survives(void **state)
{
	struct fixture *fixture = *state;
	struct event events[EVENT_ROLES] = {0};
	char names[EVENT_ROLES][32];
	size_t members[EVENT_ROLES];
	struct event_pass passes[] = {{.members = members, .count = EVENT_ROLES},
				      {.count = 0}};
	struct event_plan plan = {.events = {.items = events, .count = EVENT_ROLES},
				  .passes = passes,
				  .pass_count = 2};

	for (size_t i = 0; i < EVENT_ROLES; i++) {
		snprintf(names[i], sizeof(names[i]), "event-%zu", i);
		events[i].name = names[i];
		events[i].role = (enum event_role)i;
		events[i].unit = (enum event_unit)(i % 3);
		members[i] = EVENT_ROLES - 1 - i;
	}
	for (int source = EVENT_SOURCE_PERF; source <= EVENT_SOURCE_NONE; source++) {
		plan.source = (enum event_source)source;
		assert_int_equal(
			profile_set_plan(fixture->profile, &plan, &fixture->error), 0);
		assert_plan(fixture, &plan);
	}
}

static void the_plan_is_fixed_once_there_is_a_run(void **state)
{
	struct fixture *fixture = *state;
	static const char *const regions[] = {"alpha"};

	example_run(fixture->profile, 0, PROFILE_RUN_OK, regions, 1, 10, 1);
	assert_int_equal(
		profile_set_plan(fixture->profile, recording_plan(), &fixture->error),
		-EEXIST);
	assert_non_null(strstr(fixture->error.text, "has runs already"));
	assert_plan(fixture, example_plan());
}

static void a_plan_that_fails_leaves_the_old_one(void **state)
{
	struct fixture *fixture = *state;
	struct event_plan plan = *recording_plan();
	size_t members[] = {7};
	struct event_pass pass = {.members = members, .count = 1};

	plan.passes = &pass; /* event 7 does not exist */
	assert_true(profile_set_plan(fixture->profile, &plan, &fixture->error) < 0);
	assert_plan(fixture, example_plan());
}

static void a_role_of_another_version_is_just_a_counter(void **state)
{
	struct fixture *fixture = *state;
	struct event_plan plan;

	assert_int_equal(store_execute(fixture->profile,
				       "UPDATE event SET role = 'l5_miss' WHERE id = 3",
				       "testing", &fixture->error),
			 0);
	assert_int_equal(profile_get_plan(fixture->profile, &plan, &fixture->error), 0);
	assert_int_equal(plan.events.items[3].role, EVENT_ROLE_OTHER);
	event_plan_free(&plan);
}

static void tables_that_contradict_each_other_are_damage(void **state)
{
	struct fixture *fixture = *state;
	static const char *const spoil[] = {
		"UPDATE event SET unit = 'furlongs' WHERE id = 1",
		"UPDATE event SET name = 'a' || char(27) WHERE id = 1",
		"UPDATE event SET id = 9 WHERE id = 1",
		"UPDATE pass SET id = 99999999999 WHERE id = 1",
		"UPDATE pass_event SET position = 5 WHERE pass = 0 AND position = 2",
		"UPDATE pass_event SET event = 12 WHERE pass = 0 AND position = 2",
		"UPDATE pass_event SET pass = -1 WHERE pass = 0",
	};
	struct event_plan plan;

	assert_int_equal(store_execute(fixture->profile, "PRAGMA foreign_keys = OFF",
				       "testing", &fixture->error),
			 0);
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		assert_int_equal(store_begin(fixture->profile, &fixture->error), 0);
		assert_int_equal(store_execute(fixture->profile, spoil[i], "testing",
					       &fixture->error),
				 0);
		assert_int_equal(
			profile_get_plan(fixture->profile, &plan, &fixture->error),
			-EBADMSG);
		assert_int_equal(store_end(fixture->profile, -1, NULL), -1);
	}
	assert_plan(fixture, example_plan());
}

static void unknown_passes_are_named(void **state)
{
	struct fixture *fixture = *state;
	size_t count;

	assert_int_equal(
		store_pass_events(fixture->profile, 1, &count, &fixture->error), 0);
	assert_int_equal(count, 2);
	assert_int_equal(
		store_pass_events(fixture->profile, 2, &count, &fixture->error),
		-EINVAL);
	assert_non_null(strstr(fixture->error.text, "no pass 3"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_plan_comes_back_as_it_was),
		TEST(every_role_unit_and_source_survives),
		TEST(the_plan_is_fixed_once_there_is_a_run),
		TEST(a_plan_that_fails_leaves_the_old_one),
		TEST(a_role_of_another_version_is_just_a_counter),
		TEST(tables_that_contradict_each_other_are_damage),
		TEST(unknown_passes_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
