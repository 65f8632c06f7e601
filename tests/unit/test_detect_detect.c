/* SPDX-License-Identifier: MIT */
/*
 * detect/detect.c with compare.c and evidence.c: profiles of a known mixture are learnt and
 * judged, through the real store and the real model.
 */
#include "detect/findings.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/mixture.h"
#include "support/scratch.h"

#define COUNTERS   3
#define TRAIN_RUNS 10
#define NEW_RUNS   5
#define ROWS       150

static struct scratch scratch;
static struct model *model;
static int made; /* profiles so far: gives names and seeds */

/* One region of a profile. */
struct part {
	const char *region;
	struct mixture mixture; /* runs and seed are filled in; rows 0: ROWS */
};

/* A profile. */
struct recipe {
	size_t runs;
	size_t failed; /* further runs, with status EXIT */
	const struct part *parts;
	size_t part_count;
	size_t counters;          /* 0: COUNTERS */
	int cores;                /* 0: 4 */
	const char *cpu_model;    /* NULL: Test CPU */
	enum event_source source; /* 0: perf, as in training */
	const char *command;
};

static void require(int code, const struct error *error)
{
	if (code)
		fail_msg("%s", error->text);
}

static void add_run(struct profile *profile, const struct recipe *recipe, bool failed)
{
	struct profile_run run = {.status = failed ? PROFILE_RUN_EXIT : PROFILE_RUN_OK,
				  .exit_code = failed};
	struct error error;
	static uint64_t seed;

	require(profile_begin_run(profile, &run, &error), &error);
	for (size_t p = 0; p < recipe->part_count; p++) {
		struct mixture mixture = recipe->parts[p].mixture;
		struct sample_table table;

		mixture.runs = 1;
		mixture.rows = mixture.rows ? mixture.rows : ROWS;
		mixture.counters = recipe->counters ? recipe->counters : COUNTERS;
		mixture.seed = ++seed;
		if (failed)
			mixture.time_factor = 100;
		mixture_table(&table, &mixture);
		require(profile_add_samples(profile, &run, recipe->parts[p].region,
					    &table, &error),
			&error);
		mixture_table_free(&table);
	}
	require(profile_end_run(profile, &run, &error), &error);
}

static struct profile *make_profile(const struct recipe *recipe)
{
	struct machine machine = {.cpu_model = "Test CPU",
				  .architecture = "x86_64",
				  .cores = recipe->cores ? recipe->cores : 4,
				  .cores_allowed = recipe->cores ? recipe->cores : 4};
	struct profile *profile;
	struct event_plan plan;
	struct error error;
	char name[32];

	snprintf(name, sizeof(name), "%d.apdb", made++);
	mixture_plan(&plan, recipe->counters ? recipe->counters : COUNTERS);
	if (recipe->source)
		plan.source = recipe->source;
	if (recipe->cpu_model)
		snprintf(machine.cpu_model, sizeof(machine.cpu_model), "%s",
			 recipe->cpu_model);
	require(profile_create(&profile, scratch_path(&scratch, name), false, &error),
		&error);
	require(profile_set_plan(profile, &plan, &error), &error);
	require(profile_set_machine(profile, &machine, &error), &error);
	require(profile_set_fact(profile, "source", event_source_name(plan.source),
				 &error),
		&error);
	require(profile_set_fact(profile, "command",
				 recipe->command ? recipe->command : "[\"./work\"]",
				 &error),
		&error);
	for (size_t run = 0; run < recipe->runs; run++)
		add_run(profile, recipe, false);
	for (size_t run = 0; run < recipe->failed; run++)
		add_run(profile, recipe, true);
	mixture_plan_free(&plan);
	return profile;
}

static int learn(void **state)
{
	static const struct part parts[] = {{"changing", {0}}, {"steady", {0}}};
	struct profile *profile;
	struct model_options options;
	struct error error;

	(void)state;
	scratch_open(&scratch);
	profile = make_profile(
		&(struct recipe){.runs = TRAIN_RUNS, .parts = parts, .part_count = 2});
	model_options_default(&options);
	require(model_train(&model, profile, &options, &error), &error);
	profile_close(profile);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	model_free(model);
	scratch_close(&scratch);
	return 0;
}

static struct findings *judge_with(const struct recipe *recipe,
				   const struct detect_options *options)
{
	struct profile *profile = make_profile(recipe);
	struct findings *findings;
	struct error error;

	require(detect(&findings, model, profile, options, &error), &error);
	profile_close(profile);
	return findings;
}

/* New runs in which `changing` is as `mixture` says. */
static struct findings *judge(struct mixture mixture, size_t runs)
{
	const struct part parts[] = {{"changing", mixture}, {"steady", {0}}};
	struct detect_options options;

	detect_options_default(&options);
	return judge_with(
		&(struct recipe){.runs = runs, .parts = parts, .part_count = 2},
		&options);
}

static const struct finding_region *find(const struct findings *findings,
					 const char *name)
{
	for (size_t i = 0; i < findings->region_count; i++)
		if (!strcmp(findings->regions[i].name, name))
			return &findings->regions[i];
	fail_msg("no region %s", name);
	return NULL;
}

static bool warned(const struct findings *findings, const char *words)
{
	for (size_t i = 0; i < findings->warning_count; i++)
		if (strstr(findings->warnings[i], words))
			return true;
	return false;
}

static void fresh_runs_of_the_same_program_are_normal(void **state)
{
	struct findings *findings = judge((struct mixture){0}, NEW_RUNS);
	const struct finding_region *region = find(findings, "changing");

	(void)state;
	assert_int_equal(findings->verdict, VERDICT_NORMAL);
	assert_int_equal(findings_exit_status(findings), EXIT_NORMAL);
	assert_int_equal(findings->region_count, 2);
	assert_int_equal(findings->warning_count, 0);
	assert_int_equal(findings->runs_before, TRAIN_RUNS);
	assert_int_equal(findings->runs_after, NEW_RUNS);
	assert_int_equal(region->runs_after, NEW_RUNS);
	assert_int_equal(region->samples_after, NEW_RUNS * ROWS);
	assert_int_equal(region->samples_before, TRAIN_RUNS * ROWS);
	assert_true(region->time.low < 1 && region->time.high > 1);
	assert_true(region->anomalous_share_after < 0.05);
	findings_free(findings);
}

/* Over many comparisons, alarms are as rare as promised; all 20 seeds are fixed. */
static void twenty_comparisons_of_normal_runs_raise_no_alarm(void **state)
{
	int alarms = 0;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct findings *findings = judge((struct mixture){0}, NEW_RUNS);

		alarms += findings->verdict == VERDICT_REGRESSION;
		findings_free(findings);
	}
	assert_true(alarms <= 1);
}

static void longer_time_is_a_regression_of_that_region(void **state)
{
	struct findings *findings =
		judge((struct mixture){.time_factor = 1.5}, NEW_RUNS);
	const struct finding_region *region = &findings->regions[0];

	(void)state;
	assert_int_equal(findings->verdict, VERDICT_REGRESSION);
	assert_int_equal(findings_exit_status(findings), EXIT_REGRESSION);
	assert_string_equal(region->name, "changing");
	assert_true(region->time.low > 1.2 && region->time.high < 1.9);
	assert_true(region->p_value < 0.01);
	assert_true(region->anomalous_share_after > 0.5);
	assert_int_equal(region->run_count, NEW_RUNS);
	for (size_t i = 0; i < region->run_count; i++) {
		assert_true(region->runs[i].anomalous);
		assert_int_equal(region->runs[i].ordinal, i);
	}
	assert_int_equal(find(findings, "steady")->verdict, VERDICT_NORMAL);
	assert_non_null(strstr(findings->summary, "region \"changing\" takes 1."));
	findings_free(findings);
}

static void shorter_time_is_an_improvement(void **state)
{
	struct findings *findings =
		judge((struct mixture){.time_factor = 0.6}, NEW_RUNS);

	(void)state;
	assert_int_equal(findings->verdict, VERDICT_IMPROVEMENT);
	assert_int_equal(findings_exit_status(findings), EXIT_NORMAL);
	findings_free(findings);
}

static void a_counter_that_moves_alone_is_a_change_and_is_named(void **state)
{
	struct findings *findings =
		judge((struct mixture){.counter_factor = 3}, NEW_RUNS);
	const struct finding_counter *counter = find(findings, "changing")->counters;

	(void)state;
	assert_int_equal(findings->verdict, VERDICT_CHANGED);
	assert_string_equal(counter->name, "counter-0");
	assert_true(counter->moved);
	assert_true(counter->factor > 2.7 && counter->factor < 3.3);
	assert_true(counter->explains > 0.5);
	assert_true(counter->residual > 1);
	findings_free(findings);
}

static void an_event_that_never_happened_before_is_named(void **state)
{
	struct findings *findings =
		judge((struct mixture){.faults = 20, .time_factor = 1.3}, NEW_RUNS);
	const struct finding_counter *counter = find(findings, "changing")->counters;

	(void)state;
	assert_int_equal(findings->verdict, VERDICT_REGRESSION);
	assert_string_equal(counter->name, "page-faults");
	assert_true(isinf(counter->factor) && counter->before == 0 &&
		    counter->after > 0);
	assert_non_null(strstr(findings->summary, "page-faults from none"));
	findings_free(findings);
}

static void more_executions_are_a_regression_of_the_total(void **state)
{
	struct findings *findings = judge((struct mixture){.rows = 3 * ROWS}, NEW_RUNS);
	const struct finding_region *region = &findings->regions[0];

	(void)state;
	assert_int_equal(findings->verdict, VERDICT_REGRESSION);
	assert_string_equal(region->name, "changing");
	assert_true(region->by_total);
	assert_true(region->total.ratio > 2.7 && region->total.ratio < 3.3);
	assert_true(region->executions_after == 3 * region->executions_before);
	findings_free(findings);
}

static void too_few_runs_cannot_tell_and_ask_for_more(void **state)
{
	/* 2 tests x 2 regions / C(12, 2) > 1 %, however large the effect. */
	struct findings *findings = judge((struct mixture){.time_factor = 5}, 2);
	const struct finding_region *region = &findings->regions[0];
	size_t missing = region->runs_missing;

	(void)state;
	assert_int_equal(findings->verdict, VERDICT_CANNOT_TELL);
	assert_int_equal(findings_exit_status(findings), EXIT_CANNOT_MEASURE);
	assert_string_equal(region->name, "changing");
	assert_true(region->suspicious);
	assert_non_null(strstr(findings->summary, "looks slower, "));
	assert_in_range(missing, 1, 5);
	findings_free(findings);
	/* With as many more the answer is there. */
	findings = judge((struct mixture){.time_factor = 5}, 2 + missing);
	assert_int_equal(findings->verdict, VERDICT_REGRESSION);
	findings_free(findings);
}

static void a_higher_alarm_rate_needs_fewer_runs(void **state)
{
	const struct part parts[] = {{"changing", {.time_factor = 5}}};
	struct detect_options options;
	struct findings *findings;

	(void)state;
	detect_options_default(&options);
	options.alarm_rate = 0.1;
	findings = judge_with(
		&(struct recipe){.runs = 2, .parts = parts, .part_count = 1}, &options);
	assert_int_equal(findings->verdict, VERDICT_REGRESSION);
	findings_free(findings);
	options.alarm_rate = 0.01;
	options.effect_floor = 0.9;
	findings = judge_with(
		&(struct recipe){.runs = NEW_RUNS,
				 .parts = (const struct part[]){{"changing",
								 {.time_factor = 1.5}}},
				 .part_count = 1},
		&options);
	assert_int_not_equal(findings->verdict, VERDICT_REGRESSION);
	findings_free(findings);
}

/* Of a region that takes twice as long; by a model of `before` runs. */
static void assert_seen_in(size_t before, size_t after, double alarm_rate)
{
	static const struct part normal[] = {{"changing", {0}}, {"steady", {0}}};
	const struct part slower[] = {{"changing", {.time_factor = 2}},
				      {"steady", {0}}};
	struct profile *training = make_profile(
		&(struct recipe){.runs = before, .parts = normal, .part_count = 2});
	struct profile *new = make_profile(
		&(struct recipe){.runs = after, .parts = slower, .part_count = 2});
	struct model_options options;
	struct detect_options terms;
	struct findings *findings;
	struct model *learnt;
	struct error error;

	model_options_default(&options);
	detect_options_default(&terms);
	terms.alarm_rate = alarm_rate;
	require(model_train(&learnt, training, &options, &error), &error);
	require(detect(&findings, learnt, new, &terms, &error), &error);
	assert_int_equal(find(findings, "changing")->verdict, VERDICT_REGRESSION);
	assert_int_equal(find(findings, "steady")->verdict, VERDICT_NORMAL);
	findings_free(findings);
	model_free(learnt);
	profile_close(training);
	profile_close(new);
}

static void ten_normal_runs_are_enough_for_one_percent(void **state)
{
	(void)state;
	assert_seen_in(10, 3, 0.01);
	assert_seen_in(10, 5, 0.01);
}

static void five_normal_runs_are_enough_for_five_percent(void **state)
{
	(void)state;
	assert_seen_in(5, 3, 0.05);
	assert_seen_in(5, 5, 0.05);
}

static void impossible_options_are_refused(void **state)
{
	const double rates[] = {0, 1, -1, NAN, 2};
	struct profile *profile = make_profile(&(struct recipe){.runs = 1});
	struct detect_options options;
	struct findings *findings;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(*rates); i++) {
		detect_options_default(&options);
		options.alarm_rate = rates[i];
		assert_int_equal(detect(&findings, model, profile, &options, &error),
				 -EINVAL);
		assert_null(findings);
	}
	profile_close(profile);
}

static void regions_on_one_side_are_listed(void **state)
{
	const struct part parts[] = {{"steady", {0}}, {"unheard of", {0}}};
	struct detect_options options;
	struct findings *findings;

	(void)state;
	detect_options_default(&options);
	findings = judge_with(
		&(struct recipe){.runs = NEW_RUNS, .parts = parts, .part_count = 2},
		&options);
	assert_int_equal(findings->region_count, 1);
	assert_int_equal(findings->only_before_count, 1);
	assert_string_equal(findings->only_before[0], "changing");
	assert_int_equal(findings->only_after_count, 1);
	assert_string_equal(findings->only_after[0], "unheard of");
	findings_free(findings);
}

static void nothing_in_common_cannot_tell(void **state)
{
	const struct part parts[] = {{"unheard of", {0}}};
	struct detect_options options;
	struct findings *findings;

	(void)state;
	detect_options_default(&options);
	findings = judge_with(
		&(struct recipe){.runs = NEW_RUNS, .parts = parts, .part_count = 1},
		&options);
	assert_int_equal(findings->verdict, VERDICT_CANNOT_TELL);
	assert_int_equal(findings->only_before_count, 2);
	assert_non_null(findings->summary);
	findings_free(findings);
}

static void failed_runs_are_counted_but_not_judged(void **state)
{
	const struct part parts[] = {{"changing", {0}}, {"steady", {0}}};
	struct detect_options options;
	struct findings *findings;

	(void)state;
	detect_options_default(&options);
	findings = judge_with(
		&(struct recipe){
			.runs = NEW_RUNS, .failed = 3, .parts = parts, .part_count = 2},
		&options);
	assert_int_equal(findings->verdict, VERDICT_NORMAL);
	assert_int_equal(findings->runs_failed, 3);
	assert_int_equal(findings->runs_after, NEW_RUNS);
	assert_int_equal(find(findings, "steady")->runs_after, NEW_RUNS);
	findings_free(findings);
}

/* Refused with words that say `why`, compared when forced, with a warning that says it too. */
static void assert_refused(const struct recipe *recipe, const char *why,
			   bool can_be_forced)
{
	struct profile *profile = make_profile(recipe);
	struct detect_options options;
	struct findings *findings;
	struct error error = {0};

	detect_options_default(&options);
	assert_int_not_equal(detect(&findings, model, profile, &options, &error), 0);
	assert_null(findings);
	if (!strstr(error.text, why) || !strstr(error.text, profile_path(profile)))
		fail_msg("\"%s\" does not say \"%s\"", error.text, why);
	assert_int_equal(error.exit_status, EXIT_FAILED);
	options.force = true;
	if (can_be_forced) {
		require(detect(&findings, model, profile, &options, &error), &error);
		assert_true(warned(findings, why));
		findings_free(findings);
	} else {
		assert_int_not_equal(
			detect(&findings, model, profile, &options, &error), 0);
	}
	profile_close(profile);
}

static void another_machine_is_refused_unless_forced(void **state)
{
	const struct part parts[] = {{"changing", {0}}};

	(void)state;
	assert_refused(
		&(struct recipe){
			.runs = NEW_RUNS, .parts = parts, .part_count = 1, .cores = 8},
		"8", true);
}

static void another_processor_is_refused_unless_forced(void **state)
{
	const struct part parts[] = {{"changing", {0}}};

	(void)state;
	assert_refused(&(struct recipe){.runs = NEW_RUNS,
					.parts = parts,
					.part_count = 1,
					.cpu_model = "Another CPU"},
		       "Another CPU", true);
}

static void another_source_is_refused_unless_forced(void **state)
{
	const struct part parts[] = {{"changing", {0}}};

	(void)state;
	assert_refused(&(struct recipe){.runs = NEW_RUNS,
					.parts = parts,
					.part_count = 1,
					.source = EVENT_SOURCE_PAPI},
		       "the model's counters come from source perf", true);
}

static void other_events_are_refused_even_if_forced(void **state)
{
	const struct part parts[] = {{"changing", {0}}};

	(void)state;
	assert_refused(&(struct recipe){.runs = NEW_RUNS,
					.parts = parts,
					.part_count = 1,
					.counters = COUNTERS + 1},
		       "only the profile has counter-3", false);
}

static void without_a_good_run_there_is_nothing_to_judge(void **state)
{
	const struct part parts[] = {{"changing", {0}}};

	(void)state;
	assert_refused(&(struct recipe){.failed = 2, .parts = parts, .part_count = 1},
		       "no run that ended well (2 failed)", false);
}

static void another_command_is_a_warning(void **state)
{
	const struct part parts[] = {{"changing", {0}}};
	struct detect_options options;
	struct findings *findings;

	(void)state;
	detect_options_default(&options);
	findings = judge_with(&(struct recipe){.runs = NEW_RUNS,
					       .parts = parts,
					       .part_count = 1,
					       .command = "[\"./work\",\"--large\"]"},
			      &options);
	assert_true(warned(findings, "the command was \"./work\" in training and is "
				     "\"./work --large\" now"));
	findings_free(findings);
}

static void every_sample_gets_a_line_of_scores(void **state)
{
	const struct part parts[] = {{"changing", {.time_factor = 3}}, {"steady", {0}}};
	struct detect_options options;
	char *bytes = NULL, *line, *rest;
	size_t length = 0, lines = 0, anomalous = 0;
	struct findings *findings;

	(void)state;
	detect_options_default(&options);
	options.scores = open_memstream(&bytes, &length);
	assert_non_null(options.scores);
	findings = judge_with(
		&(struct recipe){.runs = 2, .parts = parts, .part_count = 2}, &options);
	assert_int_equal(fclose(options.scores), 0);
	line = strtok_r(bytes, "\n", &rest);
	assert_string_equal(
		line,
		"region,pass,run,thread,begin_ns,wall_ns,score,p_value,anomalous");
	while ((line = strtok_r(NULL, "\n", &rest))) {
		char region[32];
		unsigned pass, run, thread, flag;
		double begin, wall, score, p;

		assert_int_equal(sscanf(line, "%31[^,],%u,%u,%u,%lf,%lf,%lf,%lf,%u",
					region, &pass, &run, &thread, &begin, &wall,
					&score, &p, &flag),
				 9);
		assert_true(run < 2 && pass == 0 && p > 0 && p <= 1 && score >= 0);
		anomalous += flag && !strcmp(region, "changing");
		lines++;
	}
	assert_int_equal(lines, 2 * 2 * ROWS);
	assert_true(anomalous ==
		    (size_t)lround(2 * ROWS *
				   find(findings, "changing")->anomalous_share_after));
	findings_free(findings);
	free(bytes);
}

/* Also with several threads, of which each scores a part of the samples. */
static void the_same_profile_gives_the_same_findings(void **state)
{
	const struct part parts[] = {{"changing", {.time_factor = 1.2, .rows = 3000}},
				     {"steady", {0}}};
	struct profile *profile = make_profile(
		&(struct recipe){.runs = NEW_RUNS, .parts = parts, .part_count = 2});
	struct detect_options options;
	struct findings *first, *second;
	struct error error;

	(void)state;
	detect_options_default(&options);
	options.threads = 1;
	require(detect(&first, model, profile, &options, &error), &error);
	options.threads = 3;
	require(detect(&second, model, profile, &options, &error), &error);
	assert_string_equal(first->summary, second->summary);
	assert_int_equal(first->regions[0].counter_count,
			 second->regions[0].counter_count);
	for (size_t i = 0; i < first->regions[0].counter_count; i++)
		assert_true(first->regions[0].counters[i].error_share ==
			    second->regions[0].counters[i].error_share);
	assert_true(first->regions[0].time.low == second->regions[0].time.low);
	assert_true(first->regions[0].p_value == second->regions[0].p_value);
	findings_free(first);
	findings_free(second);
	profile_close(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_runs_of_the_same_program_are_normal),
		cmocka_unit_test(twenty_comparisons_of_normal_runs_raise_no_alarm),
		cmocka_unit_test(longer_time_is_a_regression_of_that_region),
		cmocka_unit_test(shorter_time_is_an_improvement),
		cmocka_unit_test(a_counter_that_moves_alone_is_a_change_and_is_named),
		cmocka_unit_test(an_event_that_never_happened_before_is_named),
		cmocka_unit_test(more_executions_are_a_regression_of_the_total),
		cmocka_unit_test(too_few_runs_cannot_tell_and_ask_for_more),
		cmocka_unit_test(a_higher_alarm_rate_needs_fewer_runs),
		cmocka_unit_test(ten_normal_runs_are_enough_for_one_percent),
		cmocka_unit_test(five_normal_runs_are_enough_for_five_percent),
		cmocka_unit_test(impossible_options_are_refused),
		cmocka_unit_test(regions_on_one_side_are_listed),
		cmocka_unit_test(nothing_in_common_cannot_tell),
		cmocka_unit_test(failed_runs_are_counted_but_not_judged),
		cmocka_unit_test(another_machine_is_refused_unless_forced),
		cmocka_unit_test(another_processor_is_refused_unless_forced),
		cmocka_unit_test(another_source_is_refused_unless_forced),
		cmocka_unit_test(other_events_are_refused_even_if_forced),
		cmocka_unit_test(without_a_good_run_there_is_nothing_to_judge),
		cmocka_unit_test(another_command_is_a_warning),
		cmocka_unit_test(every_sample_gets_a_line_of_scores),
		cmocka_unit_test(the_same_profile_gives_the_same_findings),
	};

	return cmocka_run_group_tests(tests, learn, forget);
}
