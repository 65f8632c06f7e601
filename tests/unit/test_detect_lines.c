/* SPDX-License-Identifier: MIT */
/* detect/lines.c: which contended lines of a profile are evidence against a model. */
#include "detect/lines.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "detect/cause.h"
#include "profile/lines.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

#define EXECUTIONS    10
#define REGION_CYCLES 100000

static char work[] = "work", other[] = "other", sums[] = "global sums+0";

struct fixture {
	struct scratch scratch;
	struct profile *profile;
	struct model model;
	struct model_line known;
	struct finding_region region;
	struct findings findings;
	struct text lines; /* of the file under way */
	unsigned padding;  /* of the lines to come */
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   recording_plan());
	fixture->model.lines_known = true;
	fixture->region.name = work;
	fixture->findings.regions = &fixture->region;
	fixture->findings.region_count = 1;
	fixture->findings.effect_floor = 0.05;
	fixture->padding = 56;
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	finding_lines_free(&fixture->region);
	text_free(&fixture->lines);
	profile_close(fixture->profile);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

/* A line of the variable `name` that costs so many cycles of REGION_CYCLES. */
static void put_line(struct fixture *fixture, const char *name, unsigned cycles)
{
	text_printf(&fixture->lines,
		    "%s{\"address\": 4096, \"hitm_local\": 10, \"hitm_remote\": 0,"
		    " \"hitm_false\": 10, \"hitm_true\": 0, \"upgrades\": 5,"
		    " \"cycles\": %u, \"padding\": %u, \"data\": [{\"first\": 0,"
		    " \"last\": 63, \"kind\": \"global\", \"name\": \"%s\","
		    " \"offset\": 0, \"thread\": 0, \"block\": 0}], \"blocks\": [],"
		    " \"threads\": [], \"more_threads\": false, \"fetched_at\": [],"
		    " \"written_at\": [], \"regions\": [{\"region\": \"work\","
		    " \"hitm\": 20, \"cycles\": %u}]}",
		    fixture->lines.length ? ", " : "", cycles, fixture->padding, name,
		    cycles);
}

/* The lines become those of a run, and what is evidence that of the region. */
static size_t collect(struct fixture *fixture)
{
	struct profile_run run = {.status = PROFILE_RUN_OK};
	struct text file = {0};
	struct error error;
	const char *path;

	text_printf(&file,
		    "{\"version\": 1, \"line_bytes\": 64, \"regions\": [{\"region\":"
		    " \"work\", \"executions\": %d, \"cycles\": %d,"
		    " \"instructions\": 1000}], \"lines\": [%s]}",
		    EXECUTIONS, REGION_CYCLES, fixture->lines.chars);
	path = scratch_write(&fixture->scratch, "1-0.lines.json", file.chars,
			     file.length);
	assert_int_equal(profile_begin_run(fixture->profile, &run, &error), 0);
	if (profile_add_lines(fixture->profile, &run, path, NULL, &error))
		fail_msg("%s", error.text);
	assert_int_equal(profile_end_run(fixture->profile, &run, &error), 0);
	text_free(&file);
	assert_int_equal(finding_lines_collect(&fixture->findings, &fixture->model,
					       fixture->profile, &error),
			 0);
	return fixture->region.line_count;
}

/* What training says of `sums`. */
static void know(struct fixture *fixture, double cycles)
{
	fixture->known = (struct model_line){work, sums, cycles, 1};
	fixture->model.lines = &fixture->known;
	fixture->model.line_count = 1;
}

static void a_new_line_is_evidence(void **state)
{
	struct fixture *fixture = *state;
	const struct finding_line *line;

	put_line(fixture, "sums", 40000);
	assert_int_equal(collect(fixture), 1);
	line = fixture->region.lines;
	assert_true(line->is_false && line->before_known && line->padding == 56);
	assert_string_equal(line->contended, "sums+0");
	assert_true(line->cycles_share == 0.4);
	assert_true(line->cycles_before == 0 && line->cycles_after == 4000);
	assert_true(line->hitm_before == 0 && line->hitm_after == 2);
	assert_null(line->waits_at);
	assert_non_null(strstr(line->detail, "\"padding\":56"));
}

/* The account goes by counters until the line is known, which says that no padding would help. */
static void a_line_corrects_the_cause(void **state)
{
	struct fixture *fixture = *state;
	struct finding_counter counters[] = {
		{.name = work,
		 .role = EVENT_ROLE_HITM,
		 .kind = FEATURE_COUNT_PER_EXECUTION,
		 .after = 100},
		{.name = other,
		 .role = EVENT_ROLE_FALSE_SHARING,
		 .kind = FEATURE_COUNT_PER_EXECUTION,
		 .after = 100},
	};
	struct finding_region *region = &fixture->region;

	region->time_measured = true;
	region->time_before_ns = 1000;
	region->time_after_ns = 4000;
	region->counters = counters;
	region->counter_count = 2;
	assert_int_equal(cause_account(region), 0);
	assert_int_equal(region->causes[0].kind, CAUSE_FALSE_SHARING);
	fixture->padding = 0;
	put_line(fixture, "sums", 90000);
	assert_int_equal(collect(fixture), 1);
	assert_int_equal(region->cause_count, 1);
	assert_int_equal(region->causes[0].kind, CAUSE_TRUE_SHARING);
	free(region->causes);
}

static void a_line_that_cost_as_much_in_training_is_none(void **state)
{
	struct fixture *fixture = *state;

	put_line(fixture, "sums", 40000);
	know(fixture, 3900);
	assert_int_equal(collect(fixture), 0);
}

static void a_line_that_grew_is_evidence_with_what_it_was(void **state)
{
	struct fixture *fixture = *state;

	put_line(fixture, "sums", 40000);
	know(fixture, 2000);
	assert_int_equal(collect(fixture), 1);
	assert_true(fixture->region.lines[0].cycles_before == 2000);
}

static void growth_below_the_effect_floor_is_none(void **state)
{
	struct fixture *fixture = *state;

	put_line(fixture, "sums", 4900);
	assert_int_equal(collect(fixture), 0);
}

static void the_costliest_three_come_first(void **state)
{
	struct fixture *fixture = *state;

	put_line(fixture, "small", 8000);
	put_line(fixture, "large", 30000);
	put_line(fixture, "tiny", 7000);
	put_line(fixture, "middle", 20000);
	put_line(fixture, "same", 20000);
	assert_int_equal(collect(fixture), 3);
	assert_string_equal(fixture->region.lines[0].contended, "large+0");
	assert_true(fixture->region.lines[1].cycles_share == 0.2);
	assert_true(fixture->region.lines[2].cycles_share == 0.2);
}

static void without_training_on_the_simulator_nothing_is_claimed(void **state)
{
	struct fixture *fixture = *state;

	fixture->model.lines_known = false;
	put_line(fixture, "sums", 40000);
	assert_int_equal(collect(fixture), 1);
	assert_false(fixture->region.lines[0].before_known);
	assert_true(isnan(fixture->region.lines[0].cycles_before));
}

static void other_regions_are_not_charged(void **state)
{
	struct fixture *fixture = *state;

	fixture->region.name = other;
	put_line(fixture, "sums", 40000);
	assert_int_equal(collect(fixture), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_line_is_evidence),
		TEST(a_line_corrects_the_cause),
		TEST(a_line_that_cost_as_much_in_training_is_none),
		TEST(a_line_that_grew_is_evidence_with_what_it_was),
		TEST(growth_below_the_effect_floor_is_none),
		TEST(the_costliest_three_come_first),
		TEST(without_training_on_the_simulator_nothing_is_claimed),
		TEST(other_regions_are_not_charged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
