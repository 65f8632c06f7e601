/* SPDX-License-Identifier: MIT */
/* The numbers of one region: see measure.h. Puts together what judge.c and rank.c find. */
#include "detect/measure.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "detect/cause.h"
#include "detect/histogram.h"
#include "detect/joint.h"
#include "detect/rank.h"
#include "model/original.h"

#define RATIO_SEED 20190613 /* any; fixed, so that findings are reproducible */

static void count_sides(struct finding_region *region, const struct evidence *evidence,
			size_t count)
{
	double anomalous_before = 0, anomalous_after = 0;

	for (size_t e = 0; e < count; e++) {
		const struct model_unit *unit = evidence[e].unit;

		for (size_t r = 0; r < unit->run_count; r++) {
			region->samples_before += unit->runs[r].samples;
			anomalous_before += unit->runs[r].anomalous_share *
					    (double)unit->runs[r].samples;
		}
		for (size_t r = 0; r < evidence[e].run_count; r++) {
			region->samples_after += evidence[e].runs[r].samples;
			anomalous_after += evidence[e].runs[r].anomalous_share *
					   (double)evidence[e].runs[r].samples;
		}
		region->runs_before += unit->run_count;
		region->runs_after += evidence[e].run_count;
		histogram_add(&region->scores, unit, evidence[e].scores);
	}
	histogram_finish(&region->scores);
	region->anomalous_share_before =
		anomalous_before / (double)region->samples_before;
	region->anomalous_share_after = anomalous_after / (double)region->samples_after;
}

static int compare_finding_runs(const void *a, const void *b)
{
	const struct finding_run *x = a, *y = b;

	return (x->ordinal > y->ordinal) - (x->ordinal < y->ordinal);
}

/* The new runs, each judged by itself, in order of execution. */
static int list_runs(struct finding_region *region, const struct evidence *evidence,
		     size_t count)
{
	double *scratch = calloc(region->runs_before + 1, sizeof(*scratch));

	region->runs = calloc(region->runs_after + 1, sizeof(*region->runs));
	if (!scratch || !region->runs) {
		free(scratch);
		return -ENOMEM;
	}
	for (size_t e = 0; e < count; e++) {
		const struct model_unit *unit = evidence[e].unit;

		for (size_t r = 0; r < evidence[e].run_count; r++) {
			const struct model_run *run = &evidence[e].runs[r];

			region->runs[region->run_count++] = (struct finding_run){
				.ordinal = run->ordinal,
				.pass = unit->pass,
				.samples = run->samples,
				.wall_median_ns = run->wall_median_ns,
				.anomalous_share = run->anomalous_share,
				.score_mean = run->score_mean,
				.anomalous =
					unit->method == MODEL_ORIGINAL
						? run->anomalous_share > ORIGINAL_SHARE
						: judge_run_anomalous(unit->runs,
								      unit->run_count,
								      run, scratch),
			};
		}
	}
	qsort(region->runs, region->run_count, sizeof(*region->runs),
	      compare_finding_runs);
	free(scratch);
	return 0;
}

static void copy_judgement(struct finding_region *region,
			   const struct judgement *judgement)
{
	region->executions_before = judgement->executions_before;
	region->executions_after = judgement->executions_after;
	region->time_measured = judgement->time_measured;
	region->time_before_ns = judgement->time_before_ns;
	region->time_after_ns = judgement->time_after_ns;
	region->time = judgement->time;
	region->typical_before_ns = judgement->typical_before_ns;
	region->typical_after_ns = judgement->typical_after_ns;
	region->typical = judgement->typical;
	region->total_before_ns = judgement->total_before_ns;
	region->total_after_ns = judgement->total_after_ns;
	region->total = judgement->total;
	region->p_score = judgement->p_score;
	region->p_time = judgement->p_slower;
	region->p_faster = judgement->p_faster;
}

/* What is not known yet, or never will be. */
static void forget(struct finding_region *region)
{
	region->work = region->pace = (struct ratio_interval){NAN, NAN, NAN};
	region->time = region->total = (struct ratio_interval){NAN, NAN, NAN};
	region->typical = region->time;
	region->typical_before_ns = region->typical_after_ns = NAN;
	region->time_before_ns = region->time_after_ns = NAN;
	region->total_before_ns = region->total_after_ns = NAN;
	region->p_score = region->p_time = region->p_faster = NAN;
}

/* The feature of that kind that is about instructions, or feature_count. */
static size_t find_feature(const struct model_unit *unit, enum feature_kind kind)
{
	size_t f = 0;

	while (f < unit->feature_count &&
	       (unit->features[f].kind != kind ||
		(unit->features[f].event >= 0 &&
		 unit->features[f].role != EVENT_ROLE_INSTRUCTIONS)))
		f++;
	return f;
}

/* Runs' rates of that feature in the first pass that has it; NaN if none has. -ENOMEM. */
static int compare_rates(struct ratio_interval *ratio, const struct evidence *evidence,
			 size_t count, enum feature_kind kind)
{
	for (size_t e = 0; e < count; e++) {
		const struct model_unit *unit = evidence[e].unit;
		size_t f = find_feature(unit, kind);
		double *rates;

		if (f == unit->feature_count)
			continue;
		rates = calloc(unit->run_count + evidence[e].run_count + 1,
			       sizeof(*rates));
		if (!rates)
			return -ENOMEM;
		for (size_t r = 0; r < unit->run_count; r++)
			rates[r] = unit->runs[r].rates[f];
		for (size_t r = 0; r < evidence[e].run_count; r++)
			rates[unit->run_count + r] = evidence[e].runs[r].rates[f];
		*ratio = statistics_ratio_of_medians(
			rates, unit->run_count, rates + unit->run_count,
			evidence[e].run_count, FINDINGS_CONFIDENCE, RATIO_SEED);
		free(rates);
		return 0;
	}
	return 0;
}

int measure_region(struct finding_region *region, struct judgement *judgement,
		   const struct evidence *evidence, size_t count,
		   const struct measure_terms *terms, struct error *error)
{
	struct judge_pass *passes;
	struct judge_input input;
	int code;

	*judgement =
		(struct judgement){.p_alarm = 1, .p_strange = 1, .p_improvement = 1};
	forget(region);
	if (!count) {
		terms->joint->region_count++;
		return 0;
	}
	passes = calloc(count, sizeof(*passes));
	if (!passes)
		return error_no_memory(error, "judging a region");
	for (size_t e = 0; e < count; e++)
		passes[e] = (struct judge_pass){
			.pass = evidence[e].unit->pass,
			.before = evidence[e].unit->runs,
			.before_count = evidence[e].unit->run_count,
			.after = evidence[e].runs,
			.after_count = evidence[e].run_count,
			.features = evidence[e].unit->features,
			.feature_count = evidence[e].unit->feature_count,
		};
	input = (struct judge_input){
		.passes = passes,
		.pass_count = count,
		.totals_unknown = terms->totals_unknown,
	};
	count_sides(region, evidence, count);
	code = judge_region(judgement, &input, terms->alarm_rate, error);
	if (!code && joint_add(terms->joint, &input, judgement, terms->effect_floor))
		code = error_no_memory(error, "judging a region");
	free(passes);
	if (code)
		return code;
	copy_judgement(region, judgement);
	region->calls_changed =
		judgement->calls_changed &&
		fabs(region->executions_after / region->executions_before - 1) >=
			terms->effect_floor;
	if (compare_rates(&region->work, evidence, count,
			  FEATURE_COUNT_PER_EXECUTION) ||
	    compare_rates(&region->pace, evidence, count, FEATURE_TIME_PER_KILOINST))
		return error_no_memory(error, "judging a region");
	if (list_runs(region, evidence, count))
		return error_no_memory(error, "judging the runs of a region");
	code = rank_counters(region, evidence, count, terms->plan, terms->effect_floor,
			     error);
	if (!code && cause_account(region))
		code = error_no_memory(error, "accounting for time");
	return code;
}
