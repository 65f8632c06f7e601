/* SPDX-License-Identifier: MIT */
/* detect/judge.c and joint.c: p-values, ratios, corrections and what few runs can show. */
#include "detect/joint.h"
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
	double rates[4][2][RUNS_MAX]; /* of pass, side, run */
};

/* What the only rate of a run is, where runs have one. */
static const struct feature only_rate = {.kind = FEATURE_RATE_PER_KILOINST,
					 .resolution = 0.001};

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.17g is not %.17g", value, expected);
}

/* A run of `executions` that each took `time`. */
static struct model_run make_run(uint32_t ordinal, double time, double executions,
				 double score, double share)
{
	return (struct model_run){
		.ordinal = ordinal,
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
		runs->before[pass][i] =
			make_run((uint32_t)i, spread(time_before, i, before), 100,
				 0.01 * (double)i, 0.001 * (double)i);
	for (size_t i = 0; i < after; i++)
		runs->after[pass][i] =
			make_run((uint32_t)i, spread(time_after, i, after), 100,
				 0.01 * (double)i + 0.005, 0.001 * (double)i + 0.0005);
	runs->passes[pass] = (struct judge_pass){.pass = (uint32_t)pass,
						 .before = runs->before[pass],
						 .before_count = before,
						 .after = runs->after[pass],
						 .after_count = after};
}

/* Gives the runs of a pass rates around 10 events per 1000 instructions, new ones times `factor`. */
static void fill_rates(struct case_of_runs *runs, size_t pass, double factor)
{
	struct judge_pass *at = &runs->passes[pass];

	at->features = &only_rate;
	at->feature_count = 1;
	for (size_t i = 0; i < at->before_count; i++) {
		runs->rates[pass][0][i] = spread(10, i, at->before_count);
		runs->before[pass][i].rates = &runs->rates[pass][0][i];
	}
	for (size_t i = 0; i < at->after_count; i++) {
		runs->rates[pass][1][i] = factor * spread(10, i, at->after_count);
		runs->after[pass][i].rates = &runs->rates[pass][1][i];
	}
}

static void fill_case(struct case_of_runs *runs, size_t passes, size_t before,
		      size_t after, double time_before, double time_after)
{
	for (size_t p = 0; p < passes; p++)
		fill_pass(runs, p, before, after, time_before, time_after);
	runs->input =
		(struct judge_input){.passes = runs->passes, .pass_count = passes};
}

/* The judgement of a region by itself. */
static struct judgement judge(const struct case_of_runs *runs, double alarm_rate)
{
	struct judgement judgement;
	struct joint joint = {0};

	assert_int_equal(judge_region(&judgement, &runs->input, alarm_rate, NULL), 0);
	assert_int_equal(joint_add(&joint, &runs->input, &judgement, 0.05), 0);
	assert_int_equal(joint_solve(&joint, alarm_rate, &judgement), 0);
	joint_free(&joint);
	return judgement;
}

static void twice_the_time_gives_the_smallest_p_value(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 2000);
	judgement = judge(&runs, 0.01);
	assert_true(judgement.time_measured);
	/* One test of time because executions are the same; two tests of the alarm. */
	assert_false(judgement.totals_tested);
	assert_near(judgement.p_slower, 1 / 3003.0, 1e-12);
	/* One way of 3003 to choose 5 runs of 15 gives as much. */
	assert_near(judgement.p_alarm, 1 / 3003.0, 1e-12);
	assert_true(judgement.p_strange > 0.1);
	assert_near(judgement.p_faster, 1, 1e-12);
	assert_near(judgement.time.ratio, 2, 0.01);
	assert_true(judgement.time.low > 1.98 && judgement.time.high < 2.02);
	assert_near(judgement.time_before_ns, 1000, 10);
	assert_near(judgement.time_after_ns, 2000, 20);
	assert_near(judgement.total_after_ns, 200000, 2000);
	assert_true(judgement.reach.reached);
}

static void half_the_time_is_seen_in_the_other_direction(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 500);
	judgement = judge(&runs, 0.01);
	assert_near(judgement.p_faster, 1 / 3003.0, 1e-12);
	assert_near(judgement.p_improvement, 1 / 3003.0, 1e-12);
	assert_true(judgement.p_alarm > 0.1);
	assert_near(judgement.p_slower, 1, 1e-12);
	assert_true(judgement.time.high < 0.51);
}

static void stranger_samples_are_seen_whatever_the_time(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 1000);
	assert_false(judge(&runs, 0.01).score_separated);
	for (size_t i = 0; i < 5; i++)
		runs.after[0][i].score_mean += 1;
	judgement = judge(&runs, 0.01);
	assert_true(judgement.score_separated);
	/* Two statistics. */
	assert_near(judgement.p_score, 2 / 3003.0, 1e-12);
	/* Scores of new and held-out samples are not of one kind: no reason for an alarm. */
	assert_near(judgement.p_strange, 1, 0);
	assert_true(judgement.p_alarm > 0.1);
}

static void a_rate_that_moved_is_seen_whatever_the_time_and_the_direction(void **state)
{
	static const double factors[] = {1.5, 0.6};
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		fill_case(&runs, 1, 10, 5, 1000, 1000);
		fill_rates(&runs, 0, factors[i]);
		judgement = judge(&runs, 0.01);
		/* Weighs a quarter: labellings whose times are as rare count as well. */
		assert_true(judgement.p_strange >= 1 / 3003.0);
		assert_true(judgement.p_strange <= 5 / 3003.0 + 1e-12);
		assert_near(judgement.p_alarm, judgement.p_strange, 0);
		assert_near(judgement.p_improvement, 1, 0.9);
	}
	fill_rates(&runs, 0, 1);
	assert_true(judge(&runs, 0.01).p_alarm > 0.1);
}

static void a_sure_but_tiny_move_is_no_change(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 1000);
	fill_rates(&runs, 0, 1.03);
	judgement = judge(&runs, 0.01);
	assert_true(judgement.p_alarm <= 5 / 3003.0 + 1e-12);
	assert_near(judgement.p_strange, 1, 0);
}

/* Among rates that did not move. */
static void rates_cost_time_hardly_any_power(void **state)
{
	static struct case_of_runs runs;

	(void)state;
	fill_case(&runs, 1, 10, 3, 1000, 2000);
	fill_rates(&runs, 0, 1);
	/* The only labelling of 286 that separates the times; rates cannot weigh as much. */
	assert_near(judge(&runs, 0.01).p_alarm, 1 / 286.0, 1e-12);
}

static void a_run_without_a_rate_has_none_to_compare(void **state)
{
	static struct case_of_runs runs;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 1000);
	fill_rates(&runs, 0, 2);
	for (size_t i = 0; i < 5; i++)
		runs.rates[0][1][i] = NAN;
	assert_near(judge(&runs, 0.01).p_strange, 1, 0);
}

static void a_larger_share_of_anomalous_samples_is_enough(void **state)
{
	static struct case_of_runs runs;

	(void)state;
	fill_case(&runs, 1, 10, 5, 1000, 1000);
	for (size_t i = 0; i < 5; i++)
		runs.after[0][i].anomalous_share += 0.5;
	assert_near(judge(&runs, 0.01).p_score, 2 / 3003.0, 1e-12);
}

static void what_one_pass_sees_is_corrected_for_all_passes(void **state)
{
	static struct case_of_runs runs;

	(void)state;
	fill_case(&runs, 3, 10, 5, 1000, 1000);
	/* Only the events of the third pass see it: two statistics, alone or together. */
	for (size_t i = 0; i < 5; i++)
		runs.after[2][i].score_mean += 1;
	assert_near(judge(&runs, 0.01).p_score, 3 * 2 * 2 / 3003.0, 1e-12);
	for (size_t p = 0; p < 3; p++)
		fill_rates(&runs, p, p == 2 ? 2 : 1);
	/* Labellings are drawn here; in the third pass one in 3003 is the right one. */
	assert_true(judge(&runs, 0.01).p_alarm < 0.004);
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
	assert_near(judge(&runs, 0.01).p_score, 4 / 5005.0, 1e-12);
	/* The same of times: in each pass 10 ways to choose 2 runs of 5. */
	fill_case(&runs, 3, 3, 2, 1000, 1500);
	assert_true(judge(&runs, 0.01).reach.reached);
	assert_true(judge(&runs, 0.01).p_alarm >= 0.001);
	assert_true(judge(&runs, 0.01).p_alarm < 0.003);
}

static void passes_of_different_cost_are_pooled_for_time(void **state)
{
	static struct case_of_runs runs;
	struct judgement same, slower;

	(void)state;
	/* Reading the counters of the second pass costs half as much again. */
	fill_case(&runs, 2, 6, 4, 1000, 1000);
	fill_pass(&runs, 1, 6, 4, 1500, 1500);
	same = judge(&runs, 0.01);
	fill_pass(&runs, 0, 6, 4, 1000, 1100);
	fill_pass(&runs, 1, 6, 4, 1500, 1650);
	slower = judge(&runs, 0.01);
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
		runs.after[0][i] = make_run((uint32_t)i, spread(1000, i, 5), 300, 0, 0);
	judgement = judge(&runs, 0.01);
	assert_true(judgement.totals_tested);
	assert_near(judgement.time.ratio, 1, 0.01);
	assert_near(judgement.total.ratio, 3, 0.03);
	assert_near(judgement.executions_after / judgement.executions_before, 3, 1e-9);
	assert_near(judgement.p_slower, 2 / 3003.0, 1e-12);

	/* Samples are missing: totals mean nothing. */
	runs.input.totals_unknown = true;
	assert_false(judge(&runs, 0.01).totals_tested);
}

static void without_time_only_rates_are_tested(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 5, 0, 0);
	fill_rates(&runs, 0, 2);
	judgement = judge(&runs, 0.01);
	assert_false(judgement.time_measured);
	assert_true(isnan(judgement.p_slower) && isnan(judgement.time.ratio));
	/* Then they need not give way to times. */
	assert_near(judgement.p_alarm, 1 / 3003.0, 1e-12);
	assert_near(judgement.p_alarm, judgement.p_strange, 0);
	assert_near(judgement.p_improvement, 1, 0);
	assert_true(judgement.reach.reached);
}

static void few_runs_cannot_reach_the_alarm_rate(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 3, 2, 1000, 5000);
	judgement = judge(&runs, 0.01);
	assert_near(judgement.p_alarm, 1 / 10.0, 1e-12);
	assert_false(judgement.reach.reached);
	/* C(3 + m, 3) >= 100: C(9, 3) = 84, C(10, 3) = 120, so m = 7. */
	assert_int_equal(judgement.reach.new_missing, 5);
	/* C(n + 2, 2) >= 100: n = 13 gives C(15, 2) = 105. */
	assert_int_equal(judgement.reach.training_missing, 10);
}

static void that_many_further_runs_are_enough(void **state)
{
	static struct case_of_runs runs;
	size_t missing;

	(void)state;
	fill_case(&runs, 1, 4, 2, 1000, 3000);
	missing = judge(&runs, 0.01).reach.new_missing;
	assert_true(missing > 0);
	fill_case(&runs, 1, 4, 2 + missing, 1000, 3000);
	assert_true(judge(&runs, 0.01).reach.reached);
	assert_true(judge(&runs, 0.01).p_alarm <= 0.01);
	fill_case(&runs, 1, 4, 1 + missing, 1000, 3000);
	assert_false(judge(&runs, 0.01).reach.reached);
}

static void ten_runs_are_enough_for_one_percent_and_five_for_five(void **state)
{
	static struct case_of_runs runs;

	(void)state;
	fill_case(&runs, 1, 10, 3, 1000, 2000);
	assert_true(judge(&runs, 0.01).reach.reached);
	assert_true(judge(&runs, 0.01).p_alarm <= 0.01);
	fill_case(&runs, 1, 5, 3, 1000, 2000);
	assert_true(judge(&runs, 0.05).reach.reached);
	assert_true(judge(&runs, 0.05).p_alarm <= 0.05);
}

#define REGIONS 40

/* Regions whose runs are as drawn; in region 0 the new ones take `factor` times as long. */
static void draw_regions(struct case_of_runs *regions, struct random *random,
			 size_t before, size_t after, double factor)
{
	for (size_t k = 0; k < REGIONS; k++) {
		fill_case(&regions[k], 1, before, after, 1000, 1000);
		for (size_t i = 0; i < before + after; i++) {
			bool new = i >= before;
			struct model_run *run = new ? &regions[k].after[0][i - before]
						    : &regions[k].before[0][i];
			uint32_t ordinal = run->ordinal;

			*run = make_run(ordinal,
					1000 * exp(0.05 * random_normal(random)) *
						(new && !k ? factor : 1),
					100, random_normal(random),
					random_uniform(random));
		}
	}
}

static void judge_all(struct case_of_runs *regions, struct judgement *judgements)
{
	struct joint joint = {0};

	for (size_t k = 0; k < REGIONS; k++) {
		assert_int_equal(
			judge_region(&judgements[k], &regions[k].input, 0.01, NULL), 0);
		assert_int_equal(
			joint_add(&joint, &regions[k].input, &judgements[k], 0.05), 0);
	}
	assert_int_equal(joint_solve(&joint, 0.01, judgements), 0);
	joint_free(&joint);
}

/* A correction that multiplies would give 40 x 2 / 3003 at best: 2.7 %. */
static void a_large_effect_is_sure_among_many_regions(void **state)
{
	static struct case_of_runs regions[REGIONS];
	static struct judgement judgements[REGIONS];
	struct random random;
	size_t others = 0;

	(void)state;
	random_seed(&random, 3, 0);
	draw_regions(regions, &random, 10, 5, 2);
	judge_all(regions, judgements);
	assert_true(judgements[0].p_alarm <= 0.001);
	for (size_t k = 1; k < REGIONS; k++)
		others += judgements[k].p_alarm <= 0.05;
	assert_true(others <= 1);
}

static void false_alarms_over_many_regions_stay_below_the_rate(void **state)
{
	static struct case_of_runs regions[REGIONS];
	static struct judgement judgements[REGIONS];
	struct random random;
	const size_t trials = 150;
	size_t alarms = 0;

	(void)state;
	random_seed(&random, 4, 0);
	for (size_t trial = 0; trial < trials; trial++) {
		bool alarm = false;

		draw_regions(regions, &random, 6, 4, 1);
		judge_all(regions, judgements);
		for (size_t k = 0; k < REGIONS; k++)
			alarm |= judgements[k].p_alarm <= 0.1;
		alarms += alarm;
	}
	print_message("%zu alarms in %zu comparisons at 10 %%\n", alarms, trials);
	/* 15 are expected, and 3.7 is their standard deviation. */
	assert_true(alarms <= 26 && alarms >= 4);
}

static void one_run_on_a_side_is_possible(void **state)
{
	static struct case_of_runs runs;
	struct judgement judgement;

	(void)state;
	fill_case(&runs, 1, 10, 1, 1000, 1000);
	judgement = judge(&runs, 0.01);
	assert_true(isfinite(judgement.time.low) && judgement.time.low < 1);
	assert_false(judgement.reach.reached);
	fill_case(&runs, 1, 1, 1, 1000, 1000);
	judgement = judge(&runs, 0.01);
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
					(uint32_t)i,
					1000 * exp(0.2 * random_normal(&random)),
					100 + random_below(&random, 20),
					random_normal(&random),
					random_uniform(&random));
			for (size_t i = 0; i < 4; i++)
				runs.after[p][i] = make_run(
					(uint32_t)i,
					1000 * exp(0.2 * random_normal(&random)),
					100 + random_below(&random, 20),
					random_normal(&random),
					random_uniform(&random));
		}
		alarms += judge(&runs, alarm_rate).p_alarm <= alarm_rate;
	}
	/* Two standard deviations of the count above the rate. */
	assert_true(alarms <= trials * alarm_rate + 2 * sqrt(trials * alarm_rate));
	/* A test that never alarms would pass the line above. */
	assert_true(alarms > trials * alarm_rate / 10);
}

static void a_run_is_anomalous_only_beyond_all_normal_ones(void **state)
{
	static struct case_of_runs runs;
	double scratch[10];
	struct model_run run;

	(void)state;
	fill_case(&runs, 1, 10, 1, 1000, 1000);
	run = make_run(0, 1000, 100, 0.089, 0.0089);
	assert_false(judge_run_anomalous(runs.before[0], 10, &run, scratch));
	/* Beyond the highest, but not beyond what runs scatter. */
	run = make_run(0, 1000, 100, 0.095, 0.0095);
	assert_false(judge_run_anomalous(runs.before[0], 10, &run, scratch));
	run = make_run(0, 1000, 100, 0.8, 0.0089);
	assert_true(judge_run_anomalous(runs.before[0], 10, &run, scratch));
	run = make_run(0, 1000, 100, 0.05, 0.2);
	assert_true(judge_run_anomalous(runs.before[0], 10, &run, scratch));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twice_the_time_gives_the_smallest_p_value),
		cmocka_unit_test(half_the_time_is_seen_in_the_other_direction),
		cmocka_unit_test(stranger_samples_are_seen_whatever_the_time),
		cmocka_unit_test(
			a_rate_that_moved_is_seen_whatever_the_time_and_the_direction),
		cmocka_unit_test(a_sure_but_tiny_move_is_no_change),
		cmocka_unit_test(rates_cost_time_hardly_any_power),
		cmocka_unit_test(a_run_without_a_rate_has_none_to_compare),
		cmocka_unit_test(a_larger_share_of_anomalous_samples_is_enough),
		cmocka_unit_test(what_one_pass_sees_is_corrected_for_all_passes),
		cmocka_unit_test(what_all_passes_see_is_surer),
		cmocka_unit_test(passes_of_different_cost_are_pooled_for_time),
		cmocka_unit_test(more_executions_make_total_time_a_test_of_its_own),
		cmocka_unit_test(without_time_only_rates_are_tested),
		cmocka_unit_test(few_runs_cannot_reach_the_alarm_rate),
		cmocka_unit_test(that_many_further_runs_are_enough),
		cmocka_unit_test(ten_runs_are_enough_for_one_percent_and_five_for_five),
		cmocka_unit_test(a_large_effect_is_sure_among_many_regions),
		cmocka_unit_test(false_alarms_over_many_regions_stay_below_the_rate),
		cmocka_unit_test(one_run_on_a_side_is_possible),
		cmocka_unit_test(false_alarms_stay_below_the_alarm_rate),
		cmocka_unit_test(a_run_is_anomalous_only_beyond_all_normal_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
