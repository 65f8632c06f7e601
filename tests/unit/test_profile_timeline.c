/* SPDX-License-Identifier: MIT */
/* profile/timeline.c: order and nesting of samples, by depth where that can be trusted. */
#include "profile/timeline.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/profile_builder.h"
#include "support/recording_builder.h"
#include "support/scratch.h"

enum { ALPHA, BETA }; /* regions */

struct fixture {
	struct scratch scratch;
	struct recording_builder builder;
	uint64_t block;
	struct profile *profile;
	struct export_source source;
	struct export_summary summary;
	struct timeline timeline;
	struct error error;
};

/* A recording of one thread without samples yet. */
static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	builder_open(&fixture->builder, 2);
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 0, 0, "page-faults");
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 1, 0, "context-switches");
	builder_name(&fixture->builder, RECORDING_NAME_REGION, ALPHA, 0, "alpha");
	builder_name(&fixture->builder, RECORDING_NAME_REGION, BETA, 0, "beta");
	builder_name(&fixture->builder, RECORDING_NAME_THREAD, 0, 100, "");
	fixture->block = builder_block(&fixture->builder, 1);
	builder_header(&fixture->builder)->state = RECORDING_EXITED;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	timeline_free(&fixture->timeline);
	export_source_close(&fixture->source);
	profile_close(fixture->profile);
	builder_close(&fixture->builder);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

static void add(struct fixture *fixture, uint32_t region, uint16_t depth,
		uint64_t begin_ns, uint64_t wall_ns)
{
	const uint64_t values[2] = {begin_ns, wall_ns};
	const struct recording_sample sample = {
		.running_share = UINT16_MAX,
		.depth = depth,
		.one_in = 1,
		.region = region,
		.begin_ns = begin_ns,
		.wall_ns = wall_ns,
	};

	builder_sample(&fixture->builder, fixture->block, &sample, values);
	builder_header(&fixture->builder)->executions++;
	builder_header(&fixture->builder)->measured++;
}

/* Puts the recording into a profile and reads its only run. */
static void read_run(struct fixture *fixture)
{
	struct profile_run run = {0};
	const char *path =
		scratch_write(&fixture->scratch, "a.aprec", fixture->builder.bytes,
			      fixture->builder.length);

	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   recording_plan());
	if (profile_begin_run(fixture->profile, &run, &fixture->error) ||
	    profile_add_recording(fixture->profile, &run, path, &fixture->error) ||
	    profile_end_run(fixture->profile, &run, &fixture->error) ||
	    export_source_open(&fixture->source, fixture->profile, NULL,
			       &fixture->summary, &fixture->error) ||
	    timeline_read(&fixture->timeline, &fixture->source,
			  &fixture->source.runs[0], &fixture->error))
		fail_msg("%s", fixture->error.text);
}

/* "0alpha 1beta 0alpha": levels and regions in the order of time. */
static void expect_levels(struct fixture *fixture, const char *expected)
{
	struct text levels = {0};

	for (size_t i = 0; i < fixture->timeline.count; i++) {
		const struct timeline_sample *sample = &fixture->timeline.samples[i];

		text_printf(&levels, "%s%d%s", i ? " " : "", sample->level,
			    fixture->source.regions[sample->region].name);
	}
	assert_false(levels.failed);
	assert_string_equal(levels.chars, expected);
	text_free(&levels);
}

/* Markers took 400 of the outer one's 500 ns: its time says it ended at 100. */
static void add_short_inner_regions(struct fixture *fixture)
{
	add(fixture, BETA, 1, 50, 10);
	add(fixture, BETA, 1, 250, 10);
	add(fixture, BETA, 1, 450, 10);
	add(fixture, ALPHA, 0, 0, 100);
	add(fixture, ALPHA, 0, 520, 30);
	builder_header(&fixture->builder)->marker_ns = 5 * 200;
}

static void depth_tells_what_lies_inside_where_all_was_measured(void **state)
{
	struct fixture *fixture = *state;

	add_short_inner_regions(fixture);
	builder_header(&fixture->builder)->marker_ns = 0;
	read_run(fixture);
	assert_true(fixture->timeline.timed);
	expect_levels(fixture, "0alpha 1beta 1beta 1beta 0alpha");
	/* As long as what lies inside, and not beyond what comes after. */
	assert_int_equal(fixture->timeline.samples[0].end_ns, 460);
	assert_true(fixture->timeline.samples[0].wall_ns == 100);
	assert_int_equal(fixture->timeline.samples[4].end_ns, 550);
	/* Values went with their samples. */
	for (size_t i = 0; i < fixture->timeline.count; i++)
		assert_true(fixture->timeline
				    .values[2 * fixture->timeline.samples[i].row] ==
			    (double)fixture->timeline.samples[i].begin_ns);
}

static void a_sample_ends_before_the_next_one_beside_it_begins(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, BETA, 1, 10, 45);
	add(fixture, BETA, 1, 50, 10);
	add(fixture, ALPHA, 0, 0, 100);
	read_run(fixture);
	expect_levels(fixture, "0alpha 1beta 1beta");
	assert_int_equal(fixture->timeline.samples[1].end_ns, 50);
}

static void where_not_all_was_measured_the_markers_time_counts(void **state)
{
	struct fixture *fixture = *state;

	add_short_inner_regions(fixture);
	builder_header(&fixture->builder)->executions++;
	read_run(fixture);
	expect_levels(fixture, "0alpha 1beta 1beta 1beta 0alpha");
}

static void what_begins_much_later_lies_outside_where_not_all_was_measured(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, ALPHA, 0, 0, 100);
	add(fixture, BETA, 1, 100000, 10);
	builder_header(&fixture->builder)->executions++;
	builder_header(&fixture->builder)->marker_ns = 2 * 200;
	read_run(fixture);
	expect_levels(fixture, "0alpha 0beta");
}

static void a_loss_makes_depth_doubtful(void **state)
{
	struct fixture *fixture = *state;

	/* The region around "beta" was never ended. */
	add(fixture, ALPHA, 0, 0, 100);
	add(fixture, BETA, 1, 100000, 10);
	builder_header(&fixture->builder)->losses[RECORDING_LOSS_NOT_ENDED] = 1;
	read_run(fixture);
	expect_levels(fixture, "0alpha 0beta");
}

static void without_depths_times_tell(void **state)
{
	struct fixture *fixture = *state;

	add(fixture, ALPHA, 0, 0, 100);
	add(fixture, BETA, 0, 50, 20);
	add(fixture, BETA, 0, 100, 20);
	read_run(fixture);
	expect_levels(fixture, "0alpha 1beta 0beta");
}

static void processes_keep_their_distance(void **state)
{
	struct fixture *fixture = *state;
	struct profile_run run = {0};
	const char *path;

	add(fixture, ALPHA, 0, 5, 10);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   recording_plan());
	assert_int_equal(profile_begin_run(fixture->profile, &run, &fixture->error), 0);
	for (uint64_t start = 2000; start >= 1000; start -= 1000) {
		builder_header(&fixture->builder)->start_realtime_ns = start;
		path = scratch_write(&fixture->scratch, "a.aprec",
				     fixture->builder.bytes, fixture->builder.length);
		assert_int_equal(profile_add_recording(fixture->profile, &run, path,
						       &fixture->error),
				 0);
	}
	assert_int_equal(profile_end_run(fixture->profile, &run, &fixture->error), 0);
	if (export_source_open(&fixture->source, fixture->profile, NULL,
			       &fixture->summary, &fixture->error) ||
	    timeline_read(&fixture->timeline, &fixture->source,
			  &fixture->source.runs[0], &fixture->error))
		fail_msg("%s", fixture->error.text);
	assert_int_equal(fixture->timeline.process_count, 2);
	assert_int_equal(fixture->timeline.samples[0].begin_ns, 1005);
	assert_int_equal(fixture->timeline.samples[1].begin_ns, 5);
	assert_int_equal(timeline_end_of_thread(&fixture->timeline, 0), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(depth_tells_what_lies_inside_where_all_was_measured),
		TEST(a_sample_ends_before_the_next_one_beside_it_begins),
		TEST(where_not_all_was_measured_the_markers_time_counts),
		TEST(what_begins_much_later_lies_outside_where_not_all_was_measured),
		TEST(a_loss_makes_depth_doubtful),
		TEST(without_depths_times_tell),
		TEST(processes_keep_their_distance),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
