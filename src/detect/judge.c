/* SPDX-License-Identifier: MIT */
/*
 * Statistics of one region: see judge.h.
 *
 * The unit of every test is the run, never the sample: samples of one run share its layout,
 * its machine state and its luck, and a test that took them for independent would raise alarms
 * at will. What is tested here tells about one region; whether it is an alarm, joint.c decides,
 * which sees all regions. These are rank tests, corrected by Bonferroni for a region's own.
 *
 *	score	is the mean log(score) of the new runs higher, is their share of anomalous
 *		samples higher? A hint: see joint.h. Once in each pass, for what only some counters see, and once in
 *		all passes together, for what all see.		2 x (1 or 2) tests
 *	slower	is the time per execution longer; is the total time per run longer, where
 *		executions vary?				1 or 2 tests
 *
 * Passes together: all passes measure time and give scores, but differ a little in what
 * reading their counters costs and in what their scores are. So each value is brought to the
 * median of its pass over both sides first. That is symmetric between the sides, hence keeps
 * the test's level (aligned ranks: Hodges & Lehmann 1962).
 */
#include "detect/judge.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "detect/joint.h"

#define BOOTSTRAP_SEED       20190612 /* any; fixed, so that findings are reproducible */
#define EXECUTIONS_TOLERANCE 1.01     /* counts that differ less are the same work */
#define RUNS_MISSING_MAX     1000
#define SCORE_STATISTICS     2
#define RUN_SPREADS          3.0   /* robust standard deviations beyond the median */
#define RUN_SCORE_SPREAD_MIN 0.02  /* of log(score); below that runs are alike */
#define RUN_SHARE_SPREAD_MIN 0.005 /* of the share of anomalous samples */

static double run_score(const struct model_run *run)
{
	return run->score_mean;
}

static double run_share(const struct model_run *run)
{
	return run->anomalous_share;
}

static double run_time(const struct model_run *run)
{
	return run->wall_mean_ns;
}

static double run_typical(const struct model_run *run)
{
	return run->wall_median_ns;
}

static double run_total(const struct model_run *run)
{
	return run->wall_total_ns;
}

static double run_executions(const struct model_run *run)
{
	return run->executions;
}

/* One value per run of both sides, passes pooled. */
struct groups {
	double *before;
	size_t before_count;
	double *after;
	size_t after_count;
	double *scratch; /* room for all values */
};

static void groups_free(struct groups *groups)
{
	free(groups->before);
	free(groups->after);
	free(groups->scratch);
}

static int groups_make(struct groups *groups, const struct judge_input *input)
{
	size_t before = 0, after = 0;

	for (size_t p = 0; p < input->pass_count; p++) {
		before += input->passes[p].before_count;
		after += input->passes[p].after_count;
	}
	groups->before = calloc(before + 1, sizeof(double));
	groups->after = calloc(after + 1, sizeof(double));
	groups->scratch = calloc(before + after + 1, sizeof(double));
	if (!groups->before || !groups->after || !groups->scratch)
		return -1;
	return 0;
}

static size_t fill(double *values, const struct model_run *runs, size_t count,
		   judge_value value)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		double v = value(&runs[i]);

		/* A run in which the region was not measured says nothing. */
		if (isfinite(v))
			values[used++] = v;
	}
	return used;
}

static void groups_of_pass(struct groups *groups, const struct judge_pass *pass,
			   judge_value value)
{
	groups->before_count =
		fill(groups->before, pass->before, pass->before_count, value);
	groups->after_count =
		fill(groups->after, pass->after, pass->after_count, value);
}

/* Median of a pass over both sides; `scratch` is overwritten. */
double judge_median(const struct judge_pass *pass, double *scratch, judge_value value)
{
	size_t count = fill(scratch, pass->before, pass->before_count, value);

	count += fill(scratch + count, pass->after, pass->after_count, value);
	return statistics_median(scratch, count);
}

enum align {
	ALIGN_FACTOR, /* times and counts: passes differ by a factor */
	ALIGN_SHIFT,  /* logarithms and shares: by a difference */
};

/* All passes, each brought to the level that they have on average. */
static void groups_of_all(struct groups *groups, const struct judge_input *input,
			  judge_value value, enum align align)
{
	double level = 0;

	for (size_t p = 0; p < input->pass_count; p++)
		level += judge_median(&input->passes[p], groups->scratch, value) /
			 (double)input->pass_count;
	groups->before_count = groups->after_count = 0;
	for (size_t p = 0; p < input->pass_count; p++) {
		const struct judge_pass *pass = &input->passes[p];
		double median = judge_median(pass, groups->scratch, value);
		double *before = groups->before + groups->before_count;
		double *after = groups->after + groups->after_count;
		size_t b = fill(before, pass->before, pass->before_count, value);
		size_t a = fill(after, pass->after, pass->after_count, value);
		double factor = 1, shift = 0;

		if (align == ALIGN_SHIFT)
			shift = level - median;
		else if (median > 0)
			factor = level / median;
		if (input->pass_count > 1) {
			for (size_t i = 0; i < b; i++)
				before[i] = before[i] * factor + shift;
			for (size_t i = 0; i < a; i++)
				after[i] = after[i] * factor + shift;
		}
		groups->before_count += b;
		groups->after_count += a;
	}
}

static double greater(const struct groups *groups)
{
	return statistics_rank_test_greater(groups->before, groups->before_count,
					    groups->after, groups->after_count);
}

static double smaller(const struct groups *groups)
{
	return statistics_rank_test_greater(groups->after, groups->after_count,
					    groups->before, groups->before_count);
}

/* The smaller p-value of `tests` tests. */
static double bonferroni(double p, double q, size_t tests)
{
	return fmin(1, fmin(p, q) * (double)tests);
}

static bool separated(const struct groups *groups)
{
	double highest = -INFINITY, lowest = INFINITY;

	for (size_t i = 0; i < groups->before_count; i++)
		highest = fmax(highest, groups->before[i]);
	for (size_t i = 0; i < groups->after_count; i++)
		lowest = fmin(lowest, groups->after[i]);
	return groups->before_count && groups->after_count && lowest > highest;
}

/* Of a single pass: how many tests its p-value competes with. */
static size_t narrow_tests(const struct judge_input *input)
{
	return SCORE_STATISTICS * (input->pass_count > 1 ? 2 * input->pass_count : 1);
}

/* The same for all passes together. */
static size_t broad_tests(void)
{
	return SCORE_STATISTICS * (size_t)2;
}

static void judge_score(struct judgement *judgement, const struct judge_input *input,
			struct groups *groups)
{
	static const judge_value statistics[SCORE_STATISTICS] = {run_score, run_share};
	double p = 1;

	for (size_t s = 0; s < SCORE_STATISTICS; s++) {
		for (size_t i = 0; i < input->pass_count; i++) {
			groups_of_pass(groups, &input->passes[i], statistics[s]);
			p = fmin(p,
				 bonferroni(greater(groups), 1, narrow_tests(input)));
			judgement->score_separated |= separated(groups);
		}
		if (input->pass_count > 1) {
			groups_of_all(groups, input, statistics[s], ALIGN_SHIFT);
			p = fmin(p, bonferroni(greater(groups), 1, broad_tests()));
		}
	}
	judgement->p_score = p;
}

/* Whether executions per run differ between any two runs. */
static bool executions_vary(const struct groups *groups)
{
	double lowest = INFINITY, highest = 0;

	for (size_t i = 0; i < groups->before_count; i++) {
		lowest = fmin(lowest, groups->before[i]);
		highest = fmax(highest, groups->before[i]);
	}
	for (size_t i = 0; i < groups->after_count; i++) {
		lowest = fmin(lowest, groups->after[i]);
		highest = fmax(highest, groups->after[i]);
	}
	return highest > lowest * EXECUTIONS_TOLERANCE;
}

/* Whether all runs of one side execute it more often than all of the other. */
static bool are_apart(struct groups *groups)
{
	struct groups turned = {.before = groups->after,
				.before_count = groups->after_count,
				.after = groups->before,
				.after_count = groups->before_count};

	return separated(groups) || separated(&turned);
}

/* Ratio, interval and medians of what is in `groups`, which gets sorted. */
static struct ratio_interval compare(struct groups *groups, double *before,
				     double *after)
{
	struct ratio_interval interval = statistics_ratio_of_medians(
		groups->before, groups->before_count, groups->after,
		groups->after_count, FINDINGS_CONFIDENCE, BOOTSTRAP_SEED);

	*before = statistics_median(groups->before, groups->before_count);
	*after = statistics_median(groups->after, groups->after_count);
	return interval;
}

static void judge_time(struct judgement *judgement, const struct judge_input *input,
		       struct groups *groups)
{
	double slower_total = 1, faster_total = 1, slower, faster, before, after;
	struct ratio_interval time;
	size_t tests = 1;
	bool vary;

	groups_of_all(groups, input, run_executions, ALIGN_FACTOR);
	vary = executions_vary(groups);
	judgement->calls_changed = !input->totals_unknown && are_apart(groups);
	judgement->executions_before =
		statistics_median(groups->before, groups->before_count);
	judgement->executions_after =
		statistics_median(groups->after, groups->after_count);

	groups_of_all(groups, input, run_time, ALIGN_FACTOR);
	slower = greater(groups);
	faster = smaller(groups);
	time = compare(groups, &before, &after);
	judgement->time_measured = before > 0 && after > 0;
	if (!judgement->time_measured)
		return;
	judgement->time = time;
	judgement->time_before_ns = before;
	judgement->time_after_ns = after;

	groups_of_all(groups, input, run_typical, ALIGN_FACTOR);
	judgement->typical = compare(groups, &judgement->typical_before_ns,
				     &judgement->typical_after_ns);

	judgement->totals_known = !input->totals_unknown;
	judgement->totals_tested = vary && judgement->totals_known;
	groups_of_all(groups, input, run_total, ALIGN_FACTOR);
	if (judgement->totals_tested) {
		tests = 2;
		slower_total = greater(groups);
		faster_total = smaller(groups);
	}
	judgement->total = compare(groups, &judgement->total_before_ns,
				   &judgement->total_after_ns);
	judgement->p_slower = bonferroni(slower, slower_total, tests);
	judgement->p_faster = bonferroni(faster, faster_total, tests);
}

static struct judge_reach reach_of(const struct judge_input *input, double alarm_rate)
{
	struct judge_reach reach = {.reached = joint_floor(input, 0, 0) <= alarm_rate};

	for (size_t more = 1; more <= RUNS_MISSING_MAX && !reach.reached; more++) {
		if (!reach.new_missing && joint_floor(input, 0, more) <= alarm_rate)
			reach.new_missing = more;
		if (!reach.training_missing &&
		    joint_floor(input, more, 0) <= alarm_rate)
			reach.training_missing = more;
		if (reach.new_missing && reach.training_missing)
			break;
	}
	return reach;
}

int judge_region(struct judgement *judgement, const struct judge_input *input,
		 double alarm_rate, struct error *error)
{
	const struct ratio_interval unknown = {NAN, NAN, NAN};
	struct groups groups = {0};
	int code = 0;

	*judgement = (struct judgement){
		.judged = true,
		.p_slower = NAN,
		.p_faster = NAN,
		.p_alarm = 1,
		.p_strange = 1,
		.p_improvement = 1,
		.time_before_ns = NAN,
		.time_after_ns = NAN,
		.time = unknown,
		.typical_before_ns = NAN,
		.typical_after_ns = NAN,
		.typical = unknown,
		.total_before_ns = NAN,
		.total_after_ns = NAN,
		.total = unknown,
	};
	if (groups_make(&groups, input)) {
		code = error_no_memory(error, "comparing the runs of a region");
		goto out;
	}
	judge_score(judgement, input, &groups);
	judge_time(judgement, input, &groups);
	judgement->reach = reach_of(input, alarm_rate);
out:
	groups_free(&groups);
	return code;
}

/* Beyond the highest held-out value and beyond its scatter; `spread_min` is in its unit. */
static bool beyond(const struct model_run *held_out, size_t count,
		   const struct model_run *run, judge_value value, double spread_min,
		   double *scratch)
{
	size_t used = fill(scratch, held_out, count, value);
	double spread = fmax(statistics_mad(scratch, used), spread_min);
	/* statistics_mad() has sorted. */
	double median = statistics_quantile_sorted(scratch, used, 0.5);

	return used && value(run) > scratch[used - 1] &&
	       value(run) > median + RUN_SPREADS * spread;
}

bool judge_run_anomalous(const struct model_run *held_out, size_t held_out_count,
			 const struct model_run *run, double *scratch)
{
	return beyond(held_out, held_out_count, run, run_score, RUN_SCORE_SPREAD_MIN,
		      scratch) ||
	       beyond(held_out, held_out_count, run, run_share, RUN_SHARE_SPREAD_MIN,
		      scratch);
}
