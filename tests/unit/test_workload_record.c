/* SPDX-License-Identifier: MIT */
/*
 * src/workload/record.c and prepare.c where several passes are concerned: a machine without
 * hardware counters never needs more than one, so the planner is wrapped (-Wl,--wrap) and
 * divides the events when a test wants it. The rest is tested by tests/cli/record.bats.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/console.h"
#include "support/scratch.h"
#include "workload/workload.h"

int __real_event_plan_make(struct event_plan *plan,
			   const struct event_plan_options *options,
			   struct error *error);
int __wrap_event_plan_make(struct event_plan *plan,
			   const struct event_plan_options *options,
			   struct error *error);

static bool one_event_a_pass;
static struct scratch scratch;
static char *said; /* on the console, by the last record_events() */
static size_t said_bytes;

/* The plan of the real planner, with a pass for each event. */
int __wrap_event_plan_make(struct event_plan *plan,
			   const struct event_plan_options *options,
			   struct error *error)
{
	int code = __real_event_plan_make(plan, options, error);

	if (code || !one_event_a_pass)
		return code;
	for (size_t i = 0; i < plan->pass_count; i++)
		free(plan->passes[i].members);
	free(plan->passes);
	plan->pass_count = plan->events.count;
	plan->passes = calloc(plan->pass_count, sizeof(*plan->passes));
	assert_non_null(plan->passes);
	for (size_t i = 0; i < plan->pass_count; i++) {
		plan->passes[i].members = malloc(sizeof(size_t));
		assert_non_null(plan->passes[i].members);
		plan->passes[i].members[0] = i;
		plan->passes[i].count = 1;
	}
	return 0;
}

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	one_event_a_pass = true;
	return 0;
}

static int close_scratch(void **state)
{
	(void)state;
	scratch_close(&scratch);
	free(said);
	said = NULL;
	return 0;
}

static const char *profile_file(void)
{
	return scratch_path(&scratch, "x.apdb");
}

/* Records `argv` with three software events into x.apdb. */
static int record_events(const char *const *argv, unsigned runs, bool append,
			 struct record_summary *summary, struct error *error)
{
	struct event_names names = {0};
	struct console console = {0};
	char output[1024];
	int code;

	free(said);
	said = NULL;
	console.messages = open_memstream(&said, &said_bytes);
	assert_non_null(console.messages);
	snprintf(output, sizeof(output), "%s", profile_file());
	assert_int_equal(
		event_names_split(&names, "page-faults,context-switches,cpu-migrations",
				  error),
		0);

	struct record_options options = {
		.argv = (char *const *)(uintptr_t)argv,
		.runs = runs,
		.names = append ? NULL : &names,
		.output = output,
		.append = append,
		.console = &console,
	};

	code = record(&options, summary, error);
	fclose(console.messages);
	event_names_free(&names);
	return code;
}

/* The program of tests/cli/programs. */
static const char *actions(void)
{
	static char path[1024];

	assert_non_null(getenv("PROGRAMS"));
	snprintf(path, sizeof(path), "%s/actions", getenv("PROGRAMS"));
	return path;
}

static struct profile *open_profile(void)
{
	struct profile *profile;
	struct error error;

	if (profile_open(&profile, profile_file(), PROFILE_READ, &error))
		fail_msg("%s", error.text);
	return profile;
}

static void passes_alternate_and_each_counts_its_own_event(void **state)
{
	(void)state;
	const char *const argv[] = {actions(), "work", "4", NULL};
	struct record_summary summary;
	struct profile_region *regions;
	struct sample_table table;
	struct profile_run *runs;
	struct error error;
	size_t count;

	if (record_events(argv, 3, false, &summary, &error))
		fail_msg("%s", error.text);
	assert_int_equal(summary.passes, 3);
	assert_int_equal(summary.runs_planned, 9);
	assert_int_equal(summary.runs_ok, 9);
	assert_int_equal(summary.samples, 36);
	assert_int_equal(summary.regions, 1);
	assert_non_null(
		strstr(said, "source perf, pass 1 of 3, 3 runs): page-faults\n"));
	assert_non_null(
		strstr(said, "source perf, pass 3 of 3, 3 runs): cpu-migrations\n"));

	struct profile *profile = open_profile();

	assert_int_equal(profile_runs(profile, &runs, &count, &error), 0);
	assert_int_equal(count, 9);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(runs[i].pass, i % 3);
		assert_int_equal(runs[i].status, PROFILE_RUN_OK);
		assert_int_equal(runs[i].samples, 4);
		assert_true(runs[i].wall_ns > 0 && runs[i].max_rss_bytes > 0);
	}
	assert_int_equal(profile_regions(profile, &regions, &count, &error), 0);
	assert_int_equal(count, 1);
	assert_string_equal(regions[0].name, "work");
	assert_int_equal(profile_load(profile, regions[0].id, 1, false, &table, &error),
			 0);
	assert_int_equal(table.rows, 12);
	assert_int_equal(table.event_count, 1);
	assert_int_equal(table.run_count, 3);
	sample_table_free(&table);
	profile_regions_free(regions, count);
	free(runs);
	profile_close(profile);
}

/* Each second of three runs fails. */
static void a_pass_that_always_fails_is_an_error_and_the_others_are_kept(void **state)
{
	(void)state;
	static const char script[] = "\"$0\" work 2; echo >>\"$1\"; "
				     "[ $(($(wc -l <\"$1\") % 3)) != 2 ]";
	char counter[1024];
	struct record_summary summary;
	struct error error;

	snprintf(counter, sizeof(counter), "%s", scratch_path(&scratch, "counter"));

	const char *const argv[] = {"sh", "-c", script, actions(), counter, NULL};

	assert_int_equal(record_events(argv, 2, false, &summary, &error), -ECANCELED);
	assert_non_null(strstr(error.text,
			       "no run of pass 2 was fine: the program exited "
			       "with status 1"));
	assert_non_null(strstr(error.text, profile_file()));
	assert_int_equal(summary.runs_ok, 4);
	assert_int_equal(summary.runs_failed, 2);
	assert_int_equal(summary.samples, 8);
	profile_close(open_profile());
}

static void append_continues_with_the_passes_of_the_profile(void **state)
{
	(void)state;
	const char *const argv[] = {actions(), "work", "1", NULL};
	struct record_summary summary;
	struct profile_run *runs;
	struct error error;
	size_t count;

	assert_int_equal(record_events(argv, 1, false, &summary, &error), 0);
	assert_int_equal(record_events(argv, 2, true, &summary, &error), 0);
	assert_int_equal(summary.runs_ok, 6);

	struct profile *profile = open_profile();

	assert_int_equal(profile_runs(profile, &runs, &count, &error), 0);
	assert_int_equal(count, 9);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(runs[i].ordinal, i);
		assert_int_equal(runs[i].pass, i % 3);
	}
	free(runs);
	profile_close(profile);
}

static void append_with_other_passes_names_the_first_that_differs(void **state)
{
	(void)state;
	const char *const argv[] = {actions(), "work", "1", NULL};
	struct record_summary summary;
	struct error error;

	assert_int_equal(record_events(argv, 1, false, &summary, &error), 0);
	one_event_a_pass = false;
	assert_int_equal(record_events(argv, 1, true, &summary, &error), -EINVAL);
	assert_non_null(strstr(error.text, profile_file()));
	assert_non_null(strstr(error.text,
			       "its pass 1 counts page-faults; here it would count "
			       "page-faults, context-switches, cpu-migrations"));
}

static void append_takes_the_events_that_the_profile_has(void **state)
{
	(void)state;
	const char *const argv[] = {actions(), "work", "1", NULL};
	struct record_summary summary;
	struct event_plan plan;
	struct profile *profile;
	struct machine machine;
	struct error error;

	/* A profile that was made with the first event alone. */
	struct event_names names = {0};

	assert_int_equal(event_names_split(&names, "page-faults", &error), 0);
	assert_int_equal(event_plan_make(&plan,
					 &(struct event_plan_options){.names = &names},
					 &error),
			 0);
	machine_probe(&machine);
	assert_int_equal(profile_create(&profile, profile_file(), false, &error), 0);
	assert_int_equal(profile_set_plan(profile, &plan, &error), 0);
	assert_int_equal(profile_set_machine(profile, &machine, &error), 0);
	profile_close(profile);
	event_plan_free(&plan);
	event_names_free(&names);

	/* Its own events are taken, and they are one pass. */
	assert_int_equal(record_events(argv, 1, true, &summary, &error), 0);
	assert_int_equal(summary.passes, 1);
	assert_int_equal(summary.runs_ok, 1);
}

int main(void)
{
#define with_scratch(test) \
	cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)
	const struct CMUnitTest tests[] = {
		with_scratch(passes_alternate_and_each_counts_its_own_event),
		with_scratch(
			a_pass_that_always_fails_is_an_error_and_the_others_are_kept),
		with_scratch(append_continues_with_the_passes_of_the_profile),
		with_scratch(append_with_other_passes_names_the_first_that_differs),
		with_scratch(append_takes_the_events_that_the_profile_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
