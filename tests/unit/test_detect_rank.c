/* SPDX-License-Identifier: MIT */
/* detect/rank.c: which counters explain an anomaly. */
#include "detect/rank.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RUNS         6
#define FEATURES_MAX 4

/* One pass, all in place: rates are the same for every run but for 1 % of scatter. */
struct pass_of_evidence {
	struct feature features[FEATURES_MAX];
	struct model_unit unit;
	struct evidence evidence;
	struct model_run before[RUNS];
	struct model_run after[RUNS];
	double rates_before[RUNS][FEATURES_MAX];
	double rates_after[RUNS][FEATURES_MAX];
	double excess[FEATURES_MAX];
	double residual[FEATURES_MAX];
};

static void start_pass(struct pass_of_evidence *pass, uint32_t index)
{
	*pass = (struct pass_of_evidence){.unit = {.pass = index}};
	pass->unit.features = pass->features;
	pass->unit.runs = pass->before;
	pass->unit.run_count = RUNS;
	pass->evidence = (struct evidence){.unit = &pass->unit,
					   .runs = pass->after,
					   .run_count = RUNS,
					   .excess = pass->excess,
					   .residual = pass->residual};
	for (size_t r = 0; r < RUNS; r++) {
		pass->before[r].rates = pass->rates_before[r];
		pass->after[r].rates = pass->rates_after[r];
	}
}

static void add_feature(struct pass_of_evidence *pass, const char *name,
			enum feature_kind kind, double before, double after,
			double excess)
{
	size_t f = pass->unit.feature_count++;

	pass->features[f] = (struct feature){.name = (char *)name,
					     .kind = kind,
					     .role = EVENT_ROLE_OTHER,
					     .event = (int)f};
	pass->excess[f] = excess;
	pass->residual[f] = sqrt(excess);
	for (size_t r = 0; r < RUNS; r++) {
		double scatter = 1 + 0.001 * (double)r;

		pass->rates_before[r][f] = before * scatter;
		pass->rates_after[r][f] = after * scatter;
	}
}

static struct finding_region rank(struct pass_of_evidence *passes, size_t count)
{
	struct event event = {.name = (char *)"page-faults",
			      .description =
				      (char *)"memory touched for the first time"};
	struct event_plan plan = {.events = {.items = &event, .count = 1}};
	struct finding_region region = {0};
	struct evidence *evidence = calloc(count, sizeof(*evidence));

	assert_non_null(evidence);
	for (size_t i = 0; i < count; i++)
		evidence[i] = passes[i].evidence;
	assert_int_equal(rank_counters(&region, evidence, count, &plan, 0.05, NULL), 0);
	free(evidence);
	return region;
}

static void free_counters(struct finding_region *region)
{
	for (size_t i = 0; i < region->counter_count; i++) {
		free(region->counters[i].name);
		free(region->counters[i].description);
	}
	free(region->counters);
}

static void counters_are_ranked_by_their_share_of_the_error(void **state)
{
	static struct pass_of_evidence pass;
	struct finding_region region;

	(void)state;
	start_pass(&pass, 0);
	add_feature(&pass, "page-faults", FEATURE_RATE_PER_MICROSECOND, 2, 3, 25);
	add_feature(&pass, "context-switches", FEATURE_RATE_PER_MICROSECOND, 1, 4, 75);
	region = rank(&pass, 1);
	assert_int_equal(region.counter_count, 2);
	assert_string_equal(region.counters[0].name, "context-switches");
	assert_true(fabs(region.counters[0].error_share - 0.75) < 1e-12);
	assert_true(fabs(region.counters[0].factor - 4) < 1e-9);
	assert_true(region.counters[0].moved && region.counters[1].moved);
	assert_true(fabs(region.counters[1].before - 2 * 1.0025) < 1e-9);
	assert_string_equal(region.counters[1].description,
			    "memory touched for the first time");
	free_counters(&region);
}

static void false_sharing_comes_before_the_misses_that_it_causes(void **state)
{
	static struct pass_of_evidence pass;
	struct finding_region region;

	(void)state;
	/* Explains 5 of 8 parts as much as the misses, then 3 of 8. */
	for (int far = 0; far < 2; far++) {
		start_pass(&pass, 0);
		add_feature(&pass, "l1d_misses", FEATURE_RATE_PER_MICROSECOND, 1, 4,
			    80);
		add_feature(&pass, "hitm_false", FEATURE_RATE_PER_MICROSECOND, 1, 4,
			    far ? 30 : 50);
		pass.features[1].role = EVENT_ROLE_FALSE_SHARING;
		region = rank(&pass, 1);
		assert_string_equal(region.counters[0].name,
				    far ? "l1d_misses" : "hitm_false");
		assert_string_equal(region.counters[1].name,
				    far ? "hitm_false" : "l1d_misses");
		free_counters(&region);
	}
}

static void a_counter_that_did_not_move_explains_nothing(void **state)
{
	static struct pass_of_evidence pass;
	struct finding_region region;

	(void)state;
	start_pass(&pass, 0);
	/* Reconstructed badly only because the other one is off. */
	add_feature(&pass, "bystander", FEATURE_RATE_PER_KILOINST, 5, 5, 90);
	add_feature(&pass, "culprit", FEATURE_RATE_PER_KILOINST, 5, 6, 10);
	region = rank(&pass, 1);
	assert_string_equal(region.counters[0].name, "culprit");
	assert_false(region.counters[1].moved);
	assert_true(fabs(region.counters[1].error_share - 0.9) < 1e-12);
	free_counters(&region);
}

static void a_far_move_outranks_a_near_one(void **state)
{
	static struct pass_of_evidence pass;
	struct finding_region region;

	(void)state;
	start_pass(&pass, 0);
	add_feature(&pass, "near", FEATURE_RATE_PER_KILOINST, 10, 5, 60);
	add_feature(&pass, "far", FEATURE_RATE_PER_KILOINST, 10, 80, 40);
	region = rank(&pass, 1);
	assert_string_equal(region.counters[0].name, "far");
	/* 40 ln 8 / (40 ln 8 + 60 ln 2) */
	assert_true(fabs(region.counters[0].explains - 2.0 / 3) < 1e-9);
	assert_true(fabs(region.counters[0].error_share - 0.4) < 1e-12);
	free_counters(&region);
}

static void cpu_time_is_not_listed_twice(void **state)
{
	static struct pass_of_evidence pass;
	struct finding_region region;

	(void)state;
	start_pass(&pass, 0);
	add_feature(&pass, "task-clock", FEATURE_RATE_PER_MICROSECOND, 1000, 400, 50);
	pass.features[0].role = EVENT_ROLE_CPU_TIME;
	region = rank(&pass, 1);
	assert_int_equal(region.counter_count, 1);
	free_counters(&region);
	add_feature(&pass, "cpu_share", FEATURE_CPU_SHARE, 1, 0.4, 50);
	region = rank(&pass, 1);
	assert_int_equal(region.counter_count, 1);
	assert_string_equal(region.counters[0].name, "cpu_share");
	free_counters(&region);
}

static void a_move_below_the_floor_is_none(void **state)
{
	static struct pass_of_evidence pass;
	struct finding_region region;

	(void)state;
	start_pass(&pass, 0);
	add_feature(&pass, "a", FEATURE_RATE_PER_KILOINST, 100, 104, 5);
	add_feature(&pass, "b", FEATURE_RATE_PER_KILOINST, 100, 94, 5);
	region = rank(&pass, 1);
	assert_string_equal(region.counters[0].name, "b");
	assert_true(region.counters[0].moved);
	assert_string_equal(region.counters[1].name, "a");
	assert_true(region.counters[1].p_moved < 0.05);
	assert_false(region.counters[1].moved);
	free_counters(&region);
}

static void times_are_no_counters(void **state)
{
	static struct pass_of_evidence pass;
	struct finding_region region;

	(void)state;
	start_pass(&pass, 0);
	add_feature(&pass, "wall_ns", FEATURE_TIME_PER_KILOINST, 100, 300, 900);
	add_feature(&pass, "wall_ns", FEATURE_TIME_PER_EXECUTION, 100, 300, 900);
	add_feature(&pass, "cpu_share", FEATURE_CPU_SHARE, 1, 0.4, 10);
	region = rank(&pass, 1);
	assert_int_equal(region.counter_count, 1);
	assert_string_equal(region.counters[0].name, "cpu_share");
	assert_true(fabs(region.counters[0].error_share - 1) < 1e-12);
	assert_true(strlen(region.counters[0].description) > 0);
	free_counters(&region);
}

static void a_counter_of_several_passes_appears_once(void **state)
{
	static struct pass_of_evidence passes[2];
	struct finding_region region;

	(void)state;
	start_pass(&passes[0], 0);
	add_feature(&passes[0], "instructions", FEATURE_COUNT_PER_EXECUTION, 10, 20,
		    30);
	add_feature(&passes[0], "misses", FEATURE_RATE_PER_KILOINST, 1, 2, 60);
	start_pass(&passes[1], 1);
	add_feature(&passes[1], "branches", FEATURE_RATE_PER_KILOINST, 7, 7, 0);
	add_feature(&passes[1], "instructions", FEATURE_COUNT_PER_EXECUTION, 10, 20,
		    50);
	region = rank(passes, 2);
	assert_int_equal(region.counter_count, 3);
	assert_string_equal(region.counters[0].name, "misses");
	assert_string_equal(region.counters[1].name, "instructions");
	assert_true(fabs(region.counters[1].error_share - 0.4) < 1e-12);
	assert_int_equal(region.counters[1].pass, 0);
	assert_int_equal(region.counters[2].pass, 1);
	free_counters(&region);
}

static void nothing_and_something_make_an_infinite_factor(void **state)
{
	static struct pass_of_evidence pass;
	struct finding_region region;

	(void)state;
	start_pass(&pass, 0);
	add_feature(&pass, "appeared", FEATURE_RATE_PER_KILOINST, 0, 3, 50);
	add_feature(&pass, "vanished", FEATURE_RATE_PER_KILOINST, 3, 0, 30);
	add_feature(&pass, "absent", FEATURE_RATE_PER_KILOINST, 0, 0, 0);
	region = rank(&pass, 1);
	assert_true(isinf(region.counters[0].factor) && region.counters[0].moved);
	assert_true(region.counters[1].factor == 0 && region.counters[1].moved);
	assert_true(region.counters[2].factor == 1 && !region.counters[2].moved);
	free_counters(&region);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_are_ranked_by_their_share_of_the_error),
		cmocka_unit_test(false_sharing_comes_before_the_misses_that_it_causes),
		cmocka_unit_test(a_counter_that_did_not_move_explains_nothing),
		cmocka_unit_test(a_far_move_outranks_a_near_one),
		cmocka_unit_test(cpu_time_is_not_listed_twice),
		cmocka_unit_test(a_move_below_the_floor_is_none),
		cmocka_unit_test(times_are_no_counters),
		cmocka_unit_test(a_counter_of_several_passes_appears_once),
		cmocka_unit_test(nothing_and_something_make_an_infinite_factor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
