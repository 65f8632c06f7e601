/* SPDX-License-Identifier: MIT */
/* detect/verdict.c and detect/sentence.c: from numbers to a verdict and its sentence. */
#include "detect/verdict.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct verdict_terms terms = {MODEL_DEFAULT, 0.01, 0.05, 1, 1, false};

/* A region and its numbers, on the stack; strings are literals. */
struct decision {
	struct finding_counter counter;
	struct finding_region region;
	struct judgement judgement;
	enum verdict_why why;
	struct text reason;
};

/* Nothing happened: 10 runs against 5, times alike, enough runs to tell. */
static void nothing_happened(struct decision *decision)
{
	*decision = (struct decision){
		.counter = {.name = (char *)"context-switches",
			    .description = (char *)"",
			    .role = EVENT_ROLE_CONTEXT_SWITCH,
			    .kind = FEATURE_RATE_PER_MICROSECOND,
			    .before = 0.002,
			    .after = 0.002,
			    .factor = 1,
			    .error_share = 1},
		.region = {.name = (char *)"work",
			   .runs_before = 10,
			   .runs_after = 5,
			   .p_value = 1,
			   .p_improvement = 1,
			   .executions_before = 100,
			   .executions_after = 100,
			   .anomalous_share_before = 0.01,
			   .anomalous_share_after = 0.01,
			   .counter_count = 1},
		.judgement = {.judged = true,
			      .time_measured = true,
			      .p_alarm = 1,
			      .p_strange = 1,
			      .p_improvement = 1,
			      .time = {1, 0.98, 1.02},
			      .time_before_ns = 1e6,
			      .typical_before_ns = 5e5,
			      .typical = {1, 0.99, 1.01},
			      .total = {1, 0.98, 1.02},
			      .reach = {true, 0, 0}},
	};
	decision->region.counters = &decision->counter;
}

static enum verdict decide(struct decision *decision)
{
	decision->region.time_measured = decision->judgement.time_measured;
	decision->region.time = decision->judgement.time;
	decision->region.total = decision->judgement.total;
	decision->region.typical = decision->judgement.typical;
	decision->judgement.typical_after_ns = decision->judgement.typical_before_ns *
					       decision->judgement.typical.ratio;
	decision->region.typical_before_ns = decision->judgement.typical_before_ns;
	decision->region.typical_after_ns = decision->judgement.typical_after_ns;
	decision->region.time_before_ns = 1e6;
	decision->region.time_after_ns = 1e6 * decision->judgement.time.ratio;
	decision->region.total_before_ns = 1e8;
	decision->region.total_after_ns = 1e8 * decision->judgement.total.ratio;
	decision->why = verdict_decide(&decision->region, &decision->judgement, &terms);
	text_free(&decision->reason);
	sentence_reason(&decision->reason, &decision->region, decision->why, &terms);
	assert_false(decision->reason.failed);
	return decision->region.verdict;
}

static void assert_says(struct decision *decision, const char *words)
{
	if (!strstr(decision->reason.chars, words))
		fail_msg("\"%s\" does not say \"%s\"", decision->reason.chars, words);
}

static void make_slower(struct decision *decision, double ratio)
{
	decision->judgement.time =
		(struct ratio_interval){ratio, ratio - 0.02, ratio + 0.02};
	decision->judgement.total = decision->judgement.time;
	decision->region.p_value = decision->judgement.p_alarm = 0.001;
}

/* The same counters per instruction, but twice as many instructions. */
static void another_input_that_asks_for_more_is_normal(void **state)
{
	struct verdict_terms other = terms;
	struct decision decision;

	(void)state;
	other.other_command = true;
	nothing_happened(&decision);
	make_slower(&decision, 2);
	decision.region.time_measured = true;
	decision.region.time = decision.judgement.time;
	decision.region.work = (struct ratio_interval){2, 1.98, 2.02};
	decision.region.pace = (struct ratio_interval){1, 0.99, 1.01};
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	decision.why = verdict_decide(&decision.region, &decision.judgement, &other);
	assert_int_equal(decision.region.verdict, VERDICT_NORMAL);
	assert_int_equal(decision.why, WHY_MORE_WORK);
	text_free(&decision.reason);
	sentence_reason(&decision.reason, &decision.region, decision.why, &other);
	assert_says(&decision, "2.00x as many instructions per execution");
	/* Each instruction takes longer: that is no input. */
	decision.region.pace = (struct ratio_interval){1.2, 1.19, 1.21};
	verdict_decide(&decision.region, &decision.judgement, &other);
	assert_int_equal(decision.region.verdict, VERDICT_REGRESSION);
	text_free(&decision.reason);
}

static void alike_is_normal(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	assert_false(decision.region.suspicious);
	assert_says(&decision,
		    "no change beyond noise: 1.00x (95 % interval 0.98x to 1.02x)");
	text_free(&decision.reason);
}

static void sure_and_slower_is_a_regression(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	make_slower(&decision, 2.31);
	decision.counter.moved = true;
	decision.counter.factor = 412;
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	assert_false(decision.region.by_total);
	assert_string_equal(
		decision.reason.chars,
		"takes 2.31x as long (95 % interval 2.29x to 2.33x), 1 ms -> 2.31 "
		"ms per execution; context-switches 412x");
	text_free(&decision.reason);
}

static void as_many_events_in_more_time_are_not_told(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	make_slower(&decision, 2.31);
	decision.counter.moved = true;
	decision.counter.kind = FEATURE_RATE_PER_MICROSECOND;
	decision.counter.factor = 1 / 2.31;
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	assert_string_equal(
		decision.reason.chars,
		"takes 2.31x as long (95 % interval 2.29x to 2.33x), 1 ms -> 2.31 "
		"ms per execution");
	decision.counter.factor = 1.5;
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	assert_says(&decision, "; context-switches 1.50x");
	text_free(&decision.reason);
}

static void sure_but_tiny_is_normal(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	make_slower(&decision, 1.04);
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	assert_says(&decision, "differs for sure, but by less than the floor of 5 %");
	make_slower(&decision, 1.06);
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	text_free(&decision.reason);
}

static void slower_but_not_sure_is_normal_when_it_could_have_been_sure(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	make_slower(&decision, 1.3);
	decision.region.p_value = 0.02;
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	assert_true(decision.region.suspicious);
	assert_says(&decision,
		    "looks slower, 1.30x (95 % interval 1.28x to 1.32x), but that "
		    "may be chance (p=0.02)");
	text_free(&decision.reason);
}

static void a_sure_difference_of_unclear_size_cannot_be_told(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	make_slower(&decision, 1.3);
	decision.judgement.time.low = 0.9;
	decision.judgement.total = decision.judgement.time;
	assert_int_equal(decide(&decision), VERDICT_CANNOT_TELL);
	assert_int_equal(decision.region.runs_missing, 5);
	assert_says(&decision,
		    "is anomalous for sure, but its runs scatter too much to say "
		    "whether it is slower: 1.30x (95 % interval 0.90x to 1.32x); "
		    "record 5 more");
	/* Also when counters moved: time may have. */
	decision.judgement.p_strange = 0.001;
	decision.counter.moved = true;
	assert_int_equal(decide(&decision), VERDICT_CANNOT_TELL);
	text_free(&decision.reason);
}

static void the_median_execution_counts_where_means_scatter(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	decision.region.p_value = decision.judgement.p_alarm = 0.001;
	decision.judgement.time = (struct ratio_interval){0.9, 0.5, 2.5};
	decision.judgement.total = decision.judgement.time;
	decision.judgement.typical = (struct ratio_interval){1.5, 1.4, 1.6};
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	assert_true(decision.region.by_typical && !decision.region.by_total);
	assert_says(&decision,
		    "takes 1.50x as long (95 % interval 1.40x to 1.60x), 500 us "
		    "-> 750 us in the median execution");
	/* Means that are sure of the contrary have the last word: other executions got shorter. */
	decision.judgement.time = (struct ratio_interval){1, 0.99, 1.01};
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	assert_false(decision.region.by_typical);
	/* They scatter less than the median gained. */
	decision.judgement.time = (struct ratio_interval){1.1, 0.99, 1.2};
	assert_int_not_equal(decide(&decision), VERDICT_REGRESSION);
	/* Most executions are so short that the others are what is paid. */
	decision.judgement.time = (struct ratio_interval){0.9, 0.5, 2.5};
	decision.judgement.typical_before_ns = 5e4;
	assert_int_not_equal(decide(&decision), VERDICT_REGRESSION);
	decision.judgement.typical_before_ns = 5e5;
	/* A sure mean needs no median. */
	make_slower(&decision, 1.3);
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	assert_false(decision.region.by_typical);
	assert_says(&decision, "takes 1.30x as long");
	/* And the same for what got faster. */
	decision.judgement.time = (struct ratio_interval){0.9, 0.5, 2.5};
	decision.judgement.total = decision.judgement.time;
	decision.judgement.typical = (struct ratio_interval){0.5, 0.4, 0.6};
	decision.region.p_improvement = 0.001;
	decision.region.p_value = decision.judgement.p_alarm = 1;
	assert_int_equal(decide(&decision), VERDICT_IMPROVEMENT);
	assert_true(decision.region.by_typical);
	text_free(&decision.reason);
}

static void faster_is_an_improvement(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	make_slower(&decision, 0.5);
	decision.region.p_value = 1;
	decision.region.p_improvement = 0.001;
	assert_int_equal(decide(&decision), VERDICT_IMPROVEMENT);
	assert_says(&decision, "takes 0.50x as long");
	/* The same when only the strangeness of the samples is sure. */
	decision.region.p_value = 0.001;
	decision.region.p_improvement = 1;
	assert_int_equal(decide(&decision), VERDICT_IMPROVEMENT);
	text_free(&decision.reason);
}

static void counters_that_moved_without_time_are_a_change(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	decision.region.p_value = decision.judgement.p_alarm = 0.001;
	decision.judgement.p_strange = 0.001;
	decision.counter.moved = true;
	decision.counter.factor = 3;
	assert_int_equal(decide(&decision), VERDICT_CHANGED);
	assert_says(&decision,
		    "behaves differently: context-switches 3.00x; time is 1.00x");
	/* A counter that explains next to nothing does not make a change. */
	decision.counter.error_share = 0.01;
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	/* Many strange samples do. */
	decision.region.anomalous_share_after = 0.3;
	assert_int_equal(decide(&decision), VERDICT_CHANGED);
	assert_says(&decision, "30 % of its samples are anomalous (1 % in training)");
	/* Unless a time that moved by less than the floor explains them. */
	decision.judgement.time = (struct ratio_interval){1.03, 1.02, 1.04};
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	text_free(&decision.reason);
}

static void more_executions_are_a_regression_of_the_total(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	make_slower(&decision, 1);
	decision.judgement.totals_tested = true;
	decision.judgement.total = (struct ratio_interval){3, 2.9, 3.1};
	decision.region.executions_after = 300;
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	assert_true(decision.region.by_total);
	assert_says(&decision,
		    "takes 3.00x as much time per run (95 % interval 2.90x to "
		    "3.10x), 100 ms -> 300 ms; it is executed 3.00x as often");
	text_free(&decision.reason);
}

static void
fewer_but_longer_executions_are_a_change_only_if_the_total_sank(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	make_slower(&decision, 2);
	decision.judgement.totals_tested = true;
	decision.judgement.total = (struct ratio_interval){0.5, 0.4, 0.6};
	decision.region.executions_after = 25;
	assert_int_equal(decide(&decision), VERDICT_CHANGED);
	assert_says(&decision, "regrouped");
	/* Half as many in the same time: lost throughput. */
	decision.judgement.total = (struct ratio_interval){1, 0.99, 1.01};
	decision.region.executions_after = 50;
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	assert_false(decision.region.by_total);
	assert_says(&decision, "it is executed 0.50x as often");
	text_free(&decision.reason);
}

static void without_time_rising_costs_are_a_regression(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	decision.judgement.time_measured = false;
	decision.judgement.time = (struct ratio_interval){NAN, NAN, NAN};
	decision.judgement.total = decision.judgement.time;
	decision.region.p_value = decision.judgement.p_strange = 0.001;
	decision.counter.moved = true;
	decision.counter.factor = 3;
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	assert_says(&decision, "time was not measured");
	/* Fewer of them, or more loads, are only a change. */
	decision.counter.factor = 0.3;
	assert_int_equal(decide(&decision), VERDICT_CHANGED);
	decision.counter.factor = 3;
	decision.counter.role = EVENT_ROLE_LOADS;
	assert_int_equal(decide(&decision), VERDICT_CHANGED);
	/* A ready-made feature has no bad direction. */
	decision.counter.kind = FEATURE_RAW;
	decision.counter.factor = 0.3;
	assert_int_equal(decide(&decision), VERDICT_REGRESSION);
	/* And nothing at all is normal, however few the runs. */
	decision.region.p_value = 1;
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	assert_says(&decision, "time was not measured");
	text_free(&decision.reason);
}

static void few_runs(struct decision *decision)
{
	nothing_happened(decision);
	decision->region.runs_before = 3;
	decision->region.runs_after = 2;
	decision->judgement.reach = (struct judge_reach){false, 7, 16};
}

static void too_few_runs_for_a_huge_effect_cannot_tell_but_say_so(void **state)
{
	struct decision decision;

	(void)state;
	few_runs(&decision);
	make_slower(&decision, 5);
	decision.region.p_value = 0.2;
	assert_int_equal(decide(&decision), VERDICT_CANNOT_TELL);
	assert_true(decision.region.suspicious);
	assert_int_equal(decision.region.runs_missing, 7);
	assert_int_equal(decision.region.training_runs_missing, 16);
	assert_string_equal(decision.reason.chars,
			    "looks slower, 5.00x (95 % interval 4.98x to 5.02x); 3 "
			    "training runs and 2 new "
			    "runs are too few to be sure at a false-alarm rate of 1 %; "
			    "at least 7 more new "
			    "runs are needed, or 16 more training runs");
	text_free(&decision.reason);
}

static void too_few_runs_that_show_nothing_are_normal(void **state)
{
	struct decision decision;

	(void)state;
	few_runs(&decision);
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	assert_int_equal(decision.region.runs_missing, 0);
	text_free(&decision.reason);
}

static void too_few_runs_that_could_hide_a_slowdown_cannot_tell(void **state)
{
	struct decision decision;

	(void)state;
	few_runs(&decision);
	decision.judgement.time = (struct ratio_interval){1.01, 0.9, 1.2};
	assert_int_equal(decide(&decision), VERDICT_CANNOT_TELL);
	assert_false(decision.region.suspicious);
	assert_says(&decision,
		    "nothing suspicious, but a slowdown cannot be ruled out");
	decision.judgement.time = (struct ratio_interval){1.01, NAN, NAN};
	assert_int_equal(decide(&decision), VERDICT_CANNOT_TELL);
	assert_says(&decision, "no interval: one run on each side");
	text_free(&decision.reason);
}

static void too_few_runs_with_strange_samples_cannot_tell(void **state)
{
	struct decision decision;

	(void)state;
	few_runs(&decision);
	decision.judgement.score_separated = true;
	assert_int_equal(decide(&decision), VERDICT_NORMAL);
	decision.region.anomalous_share_after = 0.4;
	assert_int_equal(decide(&decision), VERDICT_CANNOT_TELL);
	assert_int_equal(decision.region.runs_missing, 7);
	assert_says(&decision, "looks strange, 40 % of its samples are anomalous");
	text_free(&decision.reason);
}

static void runs_of_several_passes_are_asked_for_per_pass(void **state)
{
	const struct verdict_terms three = {MODEL_DEFAULT, 0.01, 0.05, 3, 4, false};
	struct decision decision;

	(void)state;
	few_runs(&decision);
	make_slower(&decision, 5);
	decision.region.p_value = 0.2;
	decide(&decision);
	text_free(&decision.reason);
	sentence_reason(&decision.reason, &decision.region, decision.why, &three);
	assert_says(&decision, "16 more training runs, of each of the 3 passes");
	assert_says(&decision, "a false-alarm rate of 1 % over 4 regions;");
	text_free(&decision.reason);
}

static void no_common_pass_cannot_tell(void **state)
{
	struct decision decision;

	(void)state;
	nothing_happened(&decision);
	decision.judgement.judged = false;
	decision.why = verdict_decide(&decision.region, &decision.judgement, &terms);
	assert_int_equal(decision.region.verdict, VERDICT_CANNOT_TELL);
	sentence_reason(&decision.reason, &decision.region, decision.why, &terms);
	assert_says(&decision, "no run of the new profile");
	text_free(&decision.reason);
}

static void assert_summary(const struct findings *findings, const char *expected)
{
	struct text text = {0};

	sentence_summary(&text, findings);
	assert_string_equal(text.chars, expected);
	text_free(&text);
}

static void the_summary_names_the_worst_region_and_counts_the_others(void **state)
{
	struct finding_region regions[3] = {
		{.name = (char *)"a",
		 .verdict = VERDICT_REGRESSION,
		 .reason = (char *)"is slow"},
		{.name = (char *)"b",
		 .verdict = VERDICT_REGRESSION,
		 .reason = (char *)"too"},
		{.name = (char *)"c",
		 .verdict = VERDICT_NORMAL,
		 .reason = (char *)"not"},
	};
	struct findings findings = {
		.verdict = VERDICT_REGRESSION, .regions = regions, .region_count = 3};

	(void)state;
	assert_summary(&findings, "region \"a\" is slow; 1 other region is worse too");
	regions[1].verdict = VERDICT_NORMAL;
	assert_summary(&findings, "region \"a\" is slow");
	regions[0].verdict = VERDICT_NORMAL;
	findings.verdict = VERDICT_NORMAL;
	findings.runs_before = 10;
	findings.runs_after = 5;
	assert_summary(&findings,
		       "3 regions behave as in training (5 new runs against 10)");
	regions[2].suspicious = true;
	assert_summary(
		&findings,
		"3 regions behave as in training (5 new runs against 10); \"c\" looks "
		"otherwise, which may be chance");
	findings.region_count = 0;
	assert_summary(&findings, "no region could be compared");
}

static void statuses_follow_the_verdict(void **state)
{
	static const enum exit_status expected[VERDICTS] = {
		[VERDICT_NORMAL] = EXIT_NORMAL,
		[VERDICT_IMPROVEMENT] = EXIT_NORMAL,
		[VERDICT_CHANGED] = EXIT_NORMAL,
		[VERDICT_CANNOT_TELL] = EXIT_CANNOT_MEASURE,
		[VERDICT_REGRESSION] = EXIT_REGRESSION,
	};

	(void)state;
	for (int verdict = 0; verdict < VERDICTS; verdict++) {
		struct findings findings = {.verdict = (enum verdict)verdict};

		assert_int_equal(findings_exit_status(&findings), expected[verdict]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike_is_normal),
		cmocka_unit_test(another_input_that_asks_for_more_is_normal),
		cmocka_unit_test(sure_and_slower_is_a_regression),
		cmocka_unit_test(as_many_events_in_more_time_are_not_told),
		cmocka_unit_test(sure_but_tiny_is_normal),
		cmocka_unit_test(
			slower_but_not_sure_is_normal_when_it_could_have_been_sure),
		cmocka_unit_test(a_sure_difference_of_unclear_size_cannot_be_told),
		cmocka_unit_test(the_median_execution_counts_where_means_scatter),
		cmocka_unit_test(faster_is_an_improvement),
		cmocka_unit_test(counters_that_moved_without_time_are_a_change),
		cmocka_unit_test(more_executions_are_a_regression_of_the_total),
		cmocka_unit_test(
			fewer_but_longer_executions_are_a_change_only_if_the_total_sank),
		cmocka_unit_test(without_time_rising_costs_are_a_regression),
		cmocka_unit_test(too_few_runs_for_a_huge_effect_cannot_tell_but_say_so),
		cmocka_unit_test(too_few_runs_that_show_nothing_are_normal),
		cmocka_unit_test(too_few_runs_that_could_hide_a_slowdown_cannot_tell),
		cmocka_unit_test(too_few_runs_with_strange_samples_cannot_tell),
		cmocka_unit_test(runs_of_several_passes_are_asked_for_per_pass),
		cmocka_unit_test(no_common_pass_cannot_tell),
		cmocka_unit_test(
			the_summary_names_the_worst_region_and_counts_the_others),
		cmocka_unit_test(statuses_follow_the_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
