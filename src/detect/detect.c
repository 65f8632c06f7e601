/* SPDX-License-Identifier: MIT */
/*
 * Detection, from a model and a new profile to findings:
 *
 *	compare.c	may the two be compared at all?
 *	evidence.c	score the samples of one region and pass, keep summaries
 *	judge.c		runs against runs: p-values, ratios, intervals
 *	rank.c		which counters explain it
 *	verdict.c	does it matter, is it sure; sentence.c says so
 *
 * The correction for the number of regions needs all p-values, so numbers come first, region
 * by region, and verdicts in a second pass that touches no samples.
 */
#include "detect/findings.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "detect/compare.h"
#include "detect/evidence.h"
#include "detect/judge.h"
#include "detect/name.h"
#include "detect/rank.h"
#include "detect/rounds.h"
#include "detect/verdict.h"

#define NOISY_RATIO 1.25 /* intervals that reach beyond are worth a warning */

/* Everything that the steps of one detection share. */
struct detection {
	struct findings *findings;
	const struct model *model;
	struct profile *profile;
	const struct detect_options *options;
	struct comparison comparison;
	struct profile_region *regions; /* of the profile, sorted by name */
	size_t region_count;
	size_t comparisons; /* regions on both sides */
	/* Parallel to findings->regions. */
	struct judgement *judgements;
	bool *judged; /* false: no run has the model's events in it */
	struct rounds before;
	struct rounds after;
	struct progress progress;
	double units_done;
};

void detect_options_default(struct detect_options *options)
{
	*options = (struct detect_options){
		.alarm_rate = DETECT_ALARM_RATE,
		.effect_floor = DETECT_EFFECT_FLOOR,
	};
}

static int out_of_memory(struct error *error)
{
	return error_no_memory(error, "judging the regions");
}

/* ---- which regions there are ---- */

static int compare_region_name(const void *name, const void *region)
{
	return strcmp(name, ((const struct profile_region *)region)->name);
}

/* The region of the profile with samples of good runs, or NULL. */
static const struct profile_region *find_region(const struct detection *detection,
						const char *name)
{
	const struct profile_region *region =
		bsearch(name, detection->regions, detection->region_count,
			sizeof(*detection->regions), compare_region_name);

	return region && region->samples ? region : NULL;
}

/* One past the last unit of the region that begins at unit `first`. */
static size_t end_of_region(const struct model *model, size_t first)
{
	size_t end = first;

	while (end < model->unit_count &&
	       !strcmp(model->units[end].region, model->units[first].region))
		end++;
	return end;
}

static bool has_unit(const struct model *model, const char *region)
{
	for (uint32_t pass = 0; pass < model->plan.pass_count; pass++)
		if (model_find(model, region, pass))
			return true;
	return false;
}

static const struct model_skipped *find_skipped(const struct model *model,
						const char *region)
{
	for (size_t i = 0; i < model->skipped_count; i++)
		if (!strcmp(model->skipped[i].region, region))
			return &model->skipped[i];
	return NULL;
}

static int add_name(char ***names, size_t *count, const char *name)
{
	size_t capacity = *count; /* exact: these lists are short and rarely grow */

	if (array_reserve(names, &capacity, *count + 1, sizeof(**names)))
		return -ENOMEM;
	(*names)[*count] = strdup(name);
	if (!(*names)[*count])
		return -ENOMEM;
	(*count)++;
	return 0;
}

static int add_unjudged(struct findings *findings, const struct model_skipped *skipped)
{
	size_t capacity = findings->unjudged_count;
	struct finding_unjudged *unjudged;

	if (array_reserve(&findings->unjudged, &capacity, findings->unjudged_count + 1,
			  sizeof(*findings->unjudged)))
		return -ENOMEM;
	unjudged = &findings->unjudged[findings->unjudged_count++];
	unjudged->name = strdup(skipped->region);
	unjudged->reason = strdup(skipped->reason);
	return unjudged->name && unjudged->reason ? 0 : -ENOMEM;
}

/* Sorts regions into those of both sides, of one side, and those without a model. */
static int sort_out_regions(struct detection *detection, struct error *error)
{
	const struct model *model = detection->model;
	struct findings *findings = detection->findings;

	for (size_t first = 0; first < model->unit_count;
	     first = end_of_region(model, first)) {
		const char *name = model->units[first].region;

		if (find_region(detection, name))
			detection->comparisons++;
		else if (add_name(&findings->only_before, &findings->only_before_count,
				  name))
			return out_of_memory(error);
	}
	for (size_t i = 0; i < detection->region_count; i++) {
		const struct profile_region *region = &detection->regions[i];
		const struct model_skipped *skipped;
		int code;

		if (!region->samples || has_unit(model, region->name))
			continue;
		skipped = find_skipped(model, region->name);
		if (skipped)
			code = add_unjudged(findings, skipped);
		else
			code = add_name(&findings->only_after,
					&findings->only_after_count, region->name);
		if (code)
			return out_of_memory(error);
	}
	return 0;
}

/* ---- numbers of one region ---- */

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
	}
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
				.anomalous = judge_run_anomalous(
					unit->runs, unit->run_count, run, scratch),
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
	region->total_before_ns = judgement->total_before_ns;
	region->total_after_ns = judgement->total_after_ns;
	region->total = judgement->total;
	region->p_score = judgement->p_score;
	region->p_time = judgement->p_slower;
	region->p_faster = judgement->p_faster;
}

/* Numbers, runs and counters from the evidence of all passes; `count` may be 0. */
static int measure_region(struct detection *detection, struct finding_region *region,
			  const struct evidence *evidence, size_t count,
			  struct error *error)
{
	size_t index = (size_t)(region - detection->findings->regions);
	struct judge_pass *passes;
	struct judge_input input;
	int code;

	region->time = region->total = (struct ratio_interval){NAN, NAN, NAN};
	region->time_before_ns = region->time_after_ns = NAN;
	region->total_before_ns = region->total_after_ns = NAN;
	region->p_score = region->p_time = region->p_faster = NAN;
	if (!count)
		return 0;
	passes = calloc(count, sizeof(*passes));
	if (!passes)
		return out_of_memory(error);
	for (size_t e = 0; e < count; e++)
		passes[e] = (struct judge_pass){
			.before = evidence[e].unit->runs,
			.before_count = evidence[e].unit->run_count,
			.after = evidence[e].runs,
			.after_count = evidence[e].run_count,
		};
	input = (struct judge_input){
		.passes = passes,
		.pass_count = count,
		.totals_unknown = detection->comparison.totals_unknown,
	};
	count_sides(region, evidence, count);
	for (size_t e = 0; e < count; e++) {
		const struct model_unit *unit = evidence[e].unit;

		if (rounds_add(&detection->before, unit->pass, unit->runs,
			       unit->run_count) ||
		    rounds_add(&detection->after, unit->pass, evidence[e].runs,
			       evidence[e].run_count)) {
			free(passes);
			return out_of_memory(error);
		}
	}
	code = judge_region(&detection->judgements[index], &input,
			    detection->comparisons, detection->options->alarm_rate,
			    error);
	free(passes);
	if (code)
		return code;
	copy_judgement(region, &detection->judgements[index]);
	detection->judged[index] = true;
	if (list_runs(region, evidence, count))
		return out_of_memory(error);
	return rank_counters(region, evidence, count, &detection->model->plan,
			     detection->options->effect_floor, error);
}

/* Units [first, end) of the model are the passes of one region. */
static int detect_region(struct detection *detection, size_t first, size_t end,
			 const struct profile_region *found,
			 struct finding_region *region, struct error *error)
{
	struct evidence *evidence = calloc(end - first, sizeof(*evidence));
	size_t count = 0;
	int code = 0;

	region->name = strdup(found->name);
	if (!evidence || !region->name) {
		code = out_of_memory(error);
		goto out;
	}
	for (size_t u = first; u < end; u++) {
		const struct model_unit *unit = &detection->model->units[u];
		uint32_t pass = detection->comparison.passes[unit->pass];

		if (pass != COMPARE_NO_PASS) {
			code = evidence_collect(&evidence[count], unit,
						detection->profile, found->id, pass,
						detection->options->scores, error);
			if (code) {
				evidence_free(&evidence[count]);
				goto out;
			}
			if (evidence[count].run_count && unit->run_count)
				count++;
			else
				evidence_free(&evidence[count]);
		}
		progress_update(&detection->progress, ++detection->units_done);
	}
	code = measure_region(detection, region, evidence, count, error);
out:
	for (size_t e = 0; e < count; e++)
		evidence_free(&evidence[e]);
	free(evidence);
	return code;
}

static int detect_regions(struct detection *detection, struct error *error)
{
	const struct model *model = detection->model;
	struct findings *findings = detection->findings;

	findings->regions =
		calloc(detection->comparisons + 1, sizeof(*findings->regions));
	detection->judgements =
		calloc(detection->comparisons + 1, sizeof(*detection->judgements));
	detection->judged =
		calloc(detection->comparisons + 1, sizeof(*detection->judged));
	if (!findings->regions || !detection->judgements || !detection->judged)
		return out_of_memory(error);
	if (detection->options->scores)
		evidence_scores_header(detection->options->scores);
	for (size_t first = 0, end; first < model->unit_count; first = end) {
		const struct profile_region *found =
			find_region(detection, model->units[first].region);
		int code;

		end = end_of_region(model, first);
		if (!found) {
			detection->units_done += (double)(end - first);
			continue;
		}
		code = detect_region(detection, first, end, found,
				     &findings->regions[findings->region_count++],
				     error);
		if (code)
			return code;
	}
	return 0;
}

/* ---- verdicts ---- */

static int decide_region(struct finding_region *region,
			 const struct judgement *judgement, double factor,
			 const struct verdict_terms *terms)
{
	struct text reason = {0};
	enum verdict_why why = verdict_decide(region, judgement, factor, terms);

	sentence_reason(&reason, region, why, terms);
	if (reason.failed) {
		text_free(&reason);
		return -ENOMEM;
	}
	region->reason = reason.chars;
	return 0;
}

static int decide_all(struct detection *detection, struct error *error)
{
	struct findings *findings = detection->findings;
	const struct verdict_terms terms = {
		.alarm_rate = findings->alarm_rate,
		.effect_floor = findings->effect_floor,
		.pass_count = findings->pass_count,
		.regions = findings->region_count,
	};
	size_t count = findings->region_count;
	/* Five columns of one number a region. */
	double *columns = calloc(5 * count + 1, sizeof(*columns));
	double *alarm = columns, *factor = columns + count;
	double *improvement = columns + 2 * count;
	int code = 0;

	if (!columns)
		return out_of_memory(error);
	for (size_t i = 0; i < count; i++) {
		alarm[i] = detection->judged[i] ? detection->judgements[i].p_alarm : 1;
		improvement[i] = detection->judged[i]
					 ? detection->judgements[i].p_improvement
					 : 1;
	}
	code = judge_holm(improvement, count, columns + 4 * count, columns + 3 * count,
			  error);
	if (code)
		goto out;
	for (size_t i = 0; i < count; i++)
		findings->regions[i].p_improvement = columns[4 * count + i];
	code = judge_holm(alarm, count, columns + 4 * count, factor, error);
	for (size_t i = 0; i < count && !code; i++) {
		findings->regions[i].p_value = columns[4 * count + i];
		if (decide_region(&findings->regions[i],
				  detection->judged[i] ? &detection->judgements[i]
						       : NULL,
				  factor[i], &terms))
			code = out_of_memory(error);
	}
out:
	free(columns);
	return code;
}

/* Time lost per run; what is unknown counts as none. */
static double time_lost(const struct finding_region *region)
{
	double lost = region->total_after_ns - region->total_before_ns;

	return isfinite(lost) ? lost : 0;
}

static int compare_seriousness(const void *a, const void *b)
{
	const struct finding_region *x = a, *y = b;
	double p = time_lost(x), q = time_lost(y);

	if (x->verdict != y->verdict)
		return x->verdict > y->verdict ? -1 : 1;
	if (p > q || p < q)
		/* Of improvements the largest gain first. */
		return (p > q) == (x->verdict != VERDICT_IMPROVEMENT) ? -1 : 1;
	return strcmp(x->name, y->name);
}

/*
 * Normal means that no change was found; where runs scatter widely, a large one would not have
 * been. One warning for all such regions.
 */
static int warn_about_noise(struct findings *findings)
{
	const struct finding_region *worst = NULL;
	struct text name = {0};
	size_t count = 0;
	int code = 0;

	for (size_t i = 0; i < findings->region_count; i++) {
		const struct finding_region *region = &findings->regions[i];

		if (region->verdict != VERDICT_NORMAL ||
		    !(region->time.high > NOISY_RATIO))
			continue;
		if (!worst || region->time.high > worst->time.high)
			worst = region;
		count++;
	}
	if (!worst)
		return 0;
	name_quote(&name, worst->name);
	if (name.failed)
		code = -ENOMEM;
	else if (count == 1)
		code = findings_warn(
			findings,
			"the runs of %s scatter so much that a slowdown of up to "
			"%.2fx can go unnoticed: a quieter machine or more runs "
			"help",
			name.chars, worst->time.high);
	else
		code = findings_warn(
			findings,
			"the runs of %zu regions scatter so much that slowdowns of "
			"up to %.2fx (%s) can go unnoticed: a quieter machine or "
			"more runs help",
			count, worst->time.high, name.chars);
	text_free(&name);
	return code;
}

static int conclude(struct findings *findings, struct error *error)
{
	struct text summary = {0};

	qsort(findings->regions, findings->region_count, sizeof(*findings->regions),
	      compare_seriousness);
	/* Nothing in common is no clean bill of health. */
	findings->verdict = findings->region_count ? findings->regions[0].verdict
						   : VERDICT_CANNOT_TELL;
	sentence_summary(&summary, findings);
	if (summary.failed || warn_about_noise(findings)) {
		text_free(&summary);
		return out_of_memory(error);
	}
	findings->summary = summary.chars;
	return 0;
}

static int check_options(const struct detect_options *options, struct error *error)
{
	if (!(options->alarm_rate > 0 && options->alarm_rate < 1))
		return error_set(error, -EINVAL,
				 "an alarm rate of %g makes no sense: it is a share of "
				 "comparisons, between 0 and 1",
				 options->alarm_rate);
	if (!(options->effect_floor >= 0 && options->effect_floor < 1))
		return error_set(
			error, -EINVAL,
			"an effect floor of %g makes no sense: it is a share of "
			"time, at least 0 and below 1",
			options->effect_floor);
	return 0;
}

static int run_detection(struct detection *detection, struct error *error)
{
	const struct detect_options *options = detection->options;
	int code;

	detection->findings->alarm_rate = options->alarm_rate;
	detection->findings->effect_floor = options->effect_floor;
	if (options->model_path) {
		detection->findings->model_path = strdup(options->model_path);
		if (!detection->findings->model_path)
			return out_of_memory(error);
	}
	code = compare_sides(&detection->comparison, detection->findings,
			     detection->model, detection->profile, options->force,
			     error);
	if (!code)
		code = profile_regions(detection->profile, &detection->regions,
				       &detection->region_count, error);
	if (!code)
		code = sort_out_regions(detection, error);
	if (code)
		return code;
	progress_start(&detection->progress, options->console, "judging",
		       (double)detection->model->unit_count);
	code = detect_regions(detection, error);
	progress_finish(&detection->progress);
	if (!code)
		code = decide_all(detection, error);
	if (!code &&
	    rounds_judge(detection->findings, &detection->before, &detection->after))
		code = out_of_memory(error);
	if (!code)
		code = conclude(detection->findings, error);
	return code;
}

int detect(struct findings **findings, const struct model *model,
	   struct profile *profile, const struct detect_options *options,
	   struct error *error)
{
	struct detection detection = {
		.model = model,
		.profile = profile,
		.options = options,
		.findings = calloc(1, sizeof(*detection.findings)),
	};
	int code;

	*findings = NULL;
	if (!detection.findings)
		return out_of_memory(error);
	code = check_options(options, error);
	if (!code)
		code = run_detection(&detection, error);
	rounds_free(&detection.before);
	rounds_free(&detection.after);
	free(detection.judged);
	free(detection.judgements);
	profile_regions_free(detection.regions, detection.region_count);
	comparison_free(&detection.comparison);
	if (code)
		findings_free(detection.findings);
	else
		*findings = detection.findings;
	return code;
}
