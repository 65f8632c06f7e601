/* SPDX-License-Identifier: MIT */
/* detect/judge.c: p-values, ratios, corrections and what few runs can show. */
#include "detect/judge.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"

#define RUNS_MAX 64

/* A region's runs on both sides, with room for several passes. */
struct case_of_runs {
	struct model_run before[4][RUNS_MAX];
	struct model_run after[4][RUNS_MAX];
	struct judge_pass passes[4];
	struct judge_input input;
};

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.17g is not %.17g", value, expected);
}

/* A run of `executions` that each took `time`. */
static struct model_run make_run(double time, double executions, double score,
				 double share)
{
	return (struct model_run){
		.samples = (uint64_t)executions,
		.executions = executions,
		.wall_total_ns = time * executions,
		.wall_mean_ns = time,
		.wall_median_ns = time,
		.score_mean = score,
		.anomalous_share = share,
	};
}

/* Distinct values around `time`, 1 % apart from lowest to highest, in no order. */
static double spread(double time, size_t i, size_t count)
{
	return time * (1 + 0.01 * ((double)(i * 7 % count) / (double)count - 0.5));
}

static void fill_pass(struct case_of_runs *runs, size_t pass, size_t before,
		      size_t after, double time_before, double time_after)
{
	for (size_t i = 0; i < before; i++)
		runs->before[pass][i] = make_run(spread(time_before, i, before), 100,
						 0.01 * (double)i, 0.001 * (double)i);
	for (size_t i = 0; i < after; i++)
		runs->after[pass][i] =
			make_run(spread(time_after, i, after), 100,
				 0.01 * (double)i + 0.005, 0.001 * (double)i + 0.0005);
	runs->passes[pass] = (struct judge_pass){runs->before[pass], before,
						 runs->after[pass], after};
}

static void fill_case(struct case_of_runs *runs, size_t passes, size_t before,
		      size_t after, double time_before, double time_after)
{
	for (size_t p = 0; p < passes; p++)
		fill_pass(runs, p, before, after, time_before, time_after);
	runs->input =
		(struct judge_input){.passes = runs->passes, .pass_count = passes};
}

static struct judgement judge(const struct case_of_runs *runs, size_t comparisons,
			      double alarm_rate)
{
	struct judgement judgement;

	assert_int_equal(
		judge_region(&judgement, &runs->input, comparisons, alarm_rate, NULL),
		0);
	return judgement;
}

static void twice_the_time_gives_the_smallest_p_value(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 2000);
	judgement = judge(&runs, 1, 0.01);
	assert_true(judgement.time_measured);
	/* One test of time because executions are the same; two tests of the alarm. */
	assert_false(judgement.totals_tested);
	assert_near(judgement.p_slower, 1 / 3003.0, 1e-12);
	assert_near(judgement.p_alarm, 2 / 3003.0, 1e-12);
	assert_near(judgement.p_faster, 1, 1e-12);
	assert_near(judgement.time.ratio, 2, 0.01);
	assert_true(judgement.time.low > 1.98 && judgement.time.high < 2.02);
	assert_near(judgement.time_before_ns, 1000, 10);
	assert_near(judgement.time_after_ns, 2000, 20);
	assert_near(judgement.total_after_ns, 200000, 2000);
	assert_true(judgement.time_reach.reached);
}

static void half_the_time_is_seen_in_the_other_direction(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 500);
	judgement = judge(&runs, 1, 0.01);
	assert_near(judgement.p_faster, 1 / 3003.0, 1e-12);
	assert_near(judgement.p_improvement, 2 / 3003.0, 1e-12);
	assert_near(judgement.p_slower, 1, 1e-12);
	assert_true(judgement.time.high < 0.51);
}

static void stranger_samples_are_seen_whatever_the_time(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 1000);
	assert_false(judge(&runs, 1, 0.01).score_separated);
	for (size_t i = 0; i < 5; i++)
		runs.after[0][i].score_mean += 1;
	judgement = judge(&runs, 1, 0.01);
	assert_true(judgement.score_separated);
	/* Two statistics, then one of two tests. */
	assert_near(judgement.p_score, 2 / 3003.0, 1e-12);
	assert_near(judgement.p_strange, 4 / 3003.0, 1e-12);
	assert_near(judgement.p_alarm, 4 / 3003.0, 1e-12);
}

static void a_larger_share_of_anomalous_samples_is_enough(void **state)
{
	static struct case_of_runs runs;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 1000);
	for (size_t i = 0; i < 5; i++)
		runs.after[0][i].anomalous_share += 0.5;
	assert_near(judge(&runs, 1, 0.01).p_score, 2 / 3003.0, 1e-12);
}

static void what_one_pass_sees_is_corrected_for_all_passes(void **state)
{
	static struct case_of_runs runs;

	(void)state;
	fill_case(&runs, 3, 10, 5, 1000, 1000);
	/* Only the events of the third pass see it: two statistics, alone or together. */
	for (size_t i = 0; i < 5; i++)
		runs.after[2][i].score_mean += 1;
	assert_near(judge(&runs, 1, 0.01).p_score, 3 * 2 * 2 / 3003.0, 1e-12);
}

static void what_all_passes_see_is_surer(void **state)
{
	static struct case_of_runs runs;

	(void)state;
	fill_case(&runs, 3, 3, 2, 1000, 1000);
	for (size_t p = 0; p < 3; p++)
		for (size_t i = 0; i < 3; i++)
			/* The scores of passes need not be alike. */
			runs.before[p][i].score_mean += 10 * (double)p;
	for (size_t p = 0; p < 3; p++)
		for (size_t i = 0; i < 2; i++)
			runs.after[p][i].score_mean += 10 * (double)p + 1;
	/* 4 tests of 9 runs against 6: C(15, 6) = 5005. */
	assert_near(judge(&runs, 1, 0.01).p_score, 4 / 5005.0, 1e-12);
	assert_true(judge(&runs, 1, 0.01).score_reach.reached);
}

static void passes_of_different_cost_are_pooled_for_time(void **state)
{
	static struct case_of_runs runs;
	struct judgement same, slower;

	(void)state;
	/* Reading the counters of the second pass costs half as much again. */
	fill_case(&runs, 2, 6, 4, 1000, 1000);
	fill_pass(&runs, 1, 6, 4, 1500, 1500);
	same = judge(&runs, 1, 0.01);
	fill_pass(&runs, 0, 6, 4, 1000, 1100);
	fill_pass(&runs, 1, 6, 4, 1500, 1650);
	slower = judge(&runs, 1, 0.01);
	assert_near(same.time.ratio, 1, 0.01);
	assert_true(same.time.high < 1.02 && same.time.low > 0.98);
	assert_near(slower.time.ratio, 1.1, 0.02);
	/* Although pass 1 after is faster than pass 2 before: 1 / C(20, 8). */
	assert_near(slower.p_slower, 1 / 125970.0, 1e-12);
}

static void more_executions_make_total_time_a_test_of_its_own(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 1000);
	for (size_t i = 0; i < 5; i++)
		runs.after[0][i] = make_run(spread(1000, i, 5), 300, 0, 0);
	judgement = judge(&runs, 1, 0.01);
	assert_true(judgement.totals_tested);
	assert_near(judgement.time.ratio, 1, 0.01);
	assert_near(judgement.total.ratio, 3, 0.03);
	assert_near(judgement.executions_after / judgement.executions_before, 3, 1e-9);
	assert_near(judgement.p_slower, 2 / 3003.0, 1e-12);

	/* Samples are missing: totals mean nothing. */
	runs.input.totals_unknown = true;
	assert_false(judge(&runs, 1, 0.01).totals_tested);
}

static void without_time_only_the_score_is_tested(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 0, 0);
	for (size_t i = 0; i < 5; i++)
		runs.after[0][i].score_mean += 1;
	judgement = judge(&runs, 1, 0.01);
	assert_false(judgement.time_measured);
	assert_true(isnan(judgement.p_slower) && isnan(judgement.time.ratio));
	assert_near(judgement.p_alarm, 2 / 3003.0, 1e-12);
	assert_near(judgement.p_alarm, judgement.p_strange, 0);
	assert_true(judgement.time_reach.reached);
}

static void few_runs_cannot_reach_the_alarm_rate(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 3, 2, 1000, 5000);
	judgement = judge(&runs, 1, 0.01);
	assert_near(judgement.p_alarm, 2 / 10.0, 1e-12);
	assert_false(judgement.time_reach.reached);
	/* 2 / C(3 + m, 3) <= 0.01: C(11, 3) = 165, C(12, 3) = 220, so m = 9. */
	assert_int_equal(judgement.time_reach.new_missing, 7);
	/* 2 / C(n + 2, 2) <= 0.01: n = 19 gives C(21, 2) = 210. */
	assert_int_equal(judgement.time_reach.training_missing, 16);
	/* The score has four tests: C(3 + m, 3) >= 400, m = 12. */
	assert_int_equal(judgement.score_reach.new_missing, 10);
}

static void that_many_further_runs_are_enough(void **state)
{
	static struct case_of_runs runs;
	size_t missing;

	(void)state;
	for (size_t regions = 1; regions <= 16; regions *= 4) {
		fill_case(&runs, 1, 4, 2, 1000, 3000);
		missing = judge(&runs, regions, 0.01).time_reach.new_missing;
		assert_true(missing > 0);
		fill_case(&runs, 1, 4, 2 + missing, 1000, 3000);
		assert_true(judge(&runs, regions, 0.01).time_reach.reached);
		assert_true(judge(&runs, regions, 0.01).p_alarm * (double)regions <=
			    0.01);
		fill_case(&runs, 1, 4, 1 + missing, 1000, 3000);
		assert_false(judge(&runs, regions, 0.01).time_reach.reached);
	}
}

static void ten_and_five_runs_judge_several_regions(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 2000);
	judgement = judge(&runs, 7, 0.01);
	assert_true(judgement.time_reach.reached && judgement.score_reach.reached);
	judgement = judge(&runs, 15, 0.01);
	assert_true(judgement.time_reach.reached);
}

static void one_run_on_a_side_is_possible(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 1, 1000, 1000);
	judgement = judge(&runs, 1, 0.01);
	assert_true(isfinite(judgement.time.low) && judgement.time.low < 1);
	assert_false(judgement.time_reach.reached);
	fill_case(&runs, 1, 1, 1, 1000, 1000);
	judgement = judge(&runs, 1, 0.01);
	assert_true(isnan(judgement.time.low));
}

/* What a user is promised: at most one false alarm in 1 / alarm_rate comparisons. */
static void false_alarms_stay_below_the_alarm_rate(void **state)
{
	static struct case_of_runs runs;
	const double alarm_rate = 0.05;
	const int trials = 2000;
	struct random random;
	int alarms = 0;

	(void)state;
	random_seed(&random, 7, 0);
	for (int trial = 0; trial < trials; trial++) {
		fill_case(&runs, 2, 8, 4, 1000, 1000);
		for (size_t p = 0; p < 2; p++) {
			/* Runs scatter by 20 %, skewed, and executions vary too. */
			for (size_t i = 0; i < 8; i++)
				runs.before[p][i] = make_run(
					1000 * exp(0.2 * random_normal(&random)),
					100 + random_below(&random, 20),
					random_normal(&random),
					random_uniform(&random));
			for (size_t i = 0; i < 4; i++)
				runs.after[p][i] = make_run(
					1000 * exp(0.2 * random_normal(&random)),
					100 + random_below(&random, 20),
					random_normal(&random),
					random_uniform(&random));
		}
		alarms += judge(&runs, 1, alarm_rate).p_alarm <= alarm_rate;
	}
	/* Two standard deviations of the count above the rate. */
	assert_true(alarms <= trials * alarm_rate + 2 * sqrt(trials * alarm_rate));
	/* A test that never alarms would pass the line above. */
	assert_true(alarms > trials * alarm_rate / 10);
}

static void holm_corrects_step_by_step(void **state)
{
	/* R: p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") */
	static const double p[] = {0.01, 0.04, 0.03, 0.005, NAN};
	static const double expected[] = {0.03, 0.06, 0.06, 0.02};
	double adjusted[5], factors[5];

	(void)state;
	assert_int_equal(judge_holm(p, 4, adjusted, factors, NULL), 0);
	for (size_t i = 0; i < 4; i++)
		assert_near(adjusted[i], expected[i], 1e-12);
	assert_near(factors[3], 4, 0);
	assert_near(factors[1], 1, 0);
	assert_int_equal(judge_holm(p, 5, adjusted, factors, NULL), 0);
	assert_near(adjusted[4], 1, 0);
	assert_near(adjusted[3], 0.025, 1e-12);
	assert_int_equal(judge_holm(p, 0, adjusted, factors, NULL), 0);
}

static void a_run_is_anomalous_only_beyond_all_normal_ones(void **state)
{
	static struct case_of_runs runs;
	double scratch[10];
	struct model_run run;

	(void)state;
	fill_case(&runs, 1, 10, 1, 1000, 1000);
	run = make_run(1000, 100, 0.089, 0.0089);
	assert_false(judge_run_anomalous(runs.before[0], 10, &run, scratch));
	/* Beyond the highest, but not beyond what runs scatter. */
	run = make_run(1000, 100, 0.095, 0.0095);
	assert_false(judge_run_anomalous(runs.before[0], 10, &run, scratch));
	run = make_run(1000, 100, 0.8, 0.0089);
	assert_true(judge_run_anomalous(runs.before[0], 10, &run, scratch));
	run = make_run(1000, 100, 0.05, 0.2);
	assert_true(judge_run_anomalous(runs.before[0], 10, &run, scratch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice_the_time_gives_the_smallest_p_value),
		cmocka_unit_test(half_the_time_is_seen_in_the_other_direction),
		cmocka_unit_test(stranger_samples_are_seen_whatever_the_time),
		cmocka_unit_test(a_larger_share_of_anomalous_samples_is_enough),
		cmocka_unit_test(what_one_pass_sees_is_corrected_for_all_passes),
		cmocka_unit_test(what_all_passes_see_is_surer),
		cmocka_unit_test(passes_of_different_cost_are_pooled_for_time),
		cmocka_unit_test(more_executions_make_total_time_a_test_of_its_own),
		cmocka_unit_test(without_time_only_the_score_is_tested),
		cmocka_unit_test(few_runs_cannot_reach_the_alarm_rate),
		cmocka_unit_test(that_many_further_runs_are_enough),
		cmocka_unit_test(ten_and_five_runs_judge_several_regions),
		cmocka_unit_test(one_run_on_a_side_is_possible),
		cmocka_unit_test(false_alarms_stay_below_the_alarm_rate),
		cmocka_unit_test(holm_corrects_step_by_step),
		cmocka_unit_test(a_run_is_anomalous_only_beyond_all_normal_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
