/* SPDX-License-Identifier: MIT */
/*
 * Detection, from a model and a new profile to findings:
 *
 *	compare.c	may the two be compared at all?
 *	evidence.c	score the samples of one region and pass, keep summaries
 *	measure.c	numbers of a region: judge.c compares runs with runs, rank.c ranks
 *			the counters
 *	joint.c		how sure an alarm is, over all regions and everything tested
 *	lines.c		contended cache lines that cost more than in training
 *	rounds.c	runs of all passes together, as executions of the program
 *	doubts.c	what else to bear in mind about the runs of a region
 *	conclude.c	the verdicts: verdict.c decides, sentence.c says so
 *
 * How sure an alarm is depends on all that was looked at, so numbers come first, region by
 * region, and verdicts in a second step that touches no samples.
 */
#include "detect/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "detect/compare.h"
#include "detect/conclude.h"
#include "detect/doubts.h"
#include "detect/evidence.h"
#include "detect/joint.h"
#include "detect/judge.h"
#include "detect/lines.h"
#include "detect/measure.h"
#include "detect/name.h"
#include "detect/renamed.h"
#include "detect/rounds.h"

/* Everything that the steps of one detection share. */
struct detection {
	struct findings *findings;
	const struct model *model;
	struct profile *profile;
	const struct detect_options *options;
	struct comparison comparison;
	struct profile_region *regions; /* of the profile, sorted by name */
	size_t region_count;
	size_t comparisons;           /* regions on both sides */
	struct joint joint;           /* of findings->regions, in that order */
	struct judgement *judgements; /* parallel to findings->regions */
	struct rounds before;
	struct rounds after;
	struct progress progress; /* in samples of the regions on both sides */
	double samples;
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

		const struct profile_region *found = find_region(detection, name);

		if (found) {
			detection->comparisons++;
			detection->samples += (double)found->samples;
		} else if (add_name(&findings->only_before,
				    &findings->only_before_count, name)) {
			return out_of_memory(error);
		}
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

/* ---- one region after the other ---- */

/* The evidence of units [first, end) that have runs on both sides; *count of them. */
static int collect(struct detection *detection, size_t first, size_t end,
		   int64_t region, struct evidence *evidence, size_t *count,
		   struct error *error)
{
	for (size_t u = first; u < end; u++) {
		const struct model_unit *unit = &detection->model->units[u];
		uint32_t pass = detection->comparison.passes[unit->pass];
		struct evidence *next = &evidence[*count];
		int code = 0;

		if (pass != COMPARE_NO_PASS)
			code = evidence_collect(next, unit, detection->profile, region,
						pass, detection->options,
						&detection->progress, error);
		if (!code && next->run_count && unit->run_count)
			(*count)++;
		else
			evidence_free(next);
		if (code)
			return code;
	}
	return 0;
}

static int add_rounds(struct detection *detection, const struct evidence *evidence,
		      size_t count)
{
	for (size_t e = 0; e < count; e++) {
		const struct model_unit *unit = evidence[e].unit;

		if (rounds_add(&detection->before, unit->pass, unit->runs,
			       unit->run_count) ||
		    rounds_add(&detection->after, unit->pass, evidence[e].runs,
			       evidence[e].run_count))
			return -ENOMEM;
	}
	return 0;
}

/* Units [first, end) of the model are the passes of one region. */
static int detect_region(struct detection *detection, size_t first, size_t end,
			 const struct profile_region *found, struct error *error)
{
	const struct measure_terms terms = {
		.plan = &detection->model->plan,
		.totals_unknown = detection->comparison.totals_unknown,
		.joint = &detection->joint,
		.alarm_rate = detection->options->alarm_rate,
		.effect_floor = detection->options->effect_floor,
	};
	size_t index = detection->findings->region_count++;
	struct finding_region *region = &detection->findings->regions[index];
	struct evidence *evidence = calloc(end - first, sizeof(*evidence));
	size_t count = 0;
	int code = 0;

	region->name = strdup(found->name);
	if (!evidence || !region->name) {
		code = out_of_memory(error);
		goto out;
	}
	code = collect(detection, first, end, found->id, evidence, &count, error);
	if (!code)
		code = measure_region(region, &detection->judgements[index], evidence,
				      count, &terms, error);
	if (!code && add_rounds(detection, evidence, count))
		code = out_of_memory(error);
	if (!code && count &&
	    warn_about_runs(detection->findings, found->name, &evidence[0]))
		code = out_of_memory(error);
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
	if (!findings->regions || !detection->judgements)
		return out_of_memory(error);
	if (detection->options->scores)
		evidence_scores_header(detection->options->scores);
	for (size_t first = 0, end; first < model->unit_count; first = end) {
		const struct profile_region *found =
			find_region(detection, model->units[first].region);
		int code;

		end = end_of_region(model, first);
		if (!found)
			continue;
		code = detect_region(detection, first, end, found, error);
		if (code)
			return code;
	}
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
			     detection->model, detection->profile, options, error);
	if (!code)
		code = profile_regions(detection->profile, &detection->regions,
				       &detection->region_count, error);
	if (!code)
		code = sort_out_regions(detection, error);
	if (!code)
		code = findings_find_renamed(
			detection->findings, detection->model, detection->profile,
			detection->comparison.passes, detection->regions,
			detection->region_count, options, error);
	if (code)
		return code;
	progress_start(&detection->progress, options->console, "judging",
		       detection->samples);
	code = detect_regions(detection, error);
	progress_finish(&detection->progress);
	if (!code &&
	    rounds_judge(detection->findings, &detection->before, &detection->after))
		code = out_of_memory(error);
	if (!code)
		code = finding_lines_collect(detection->findings, detection->model,
					     detection->profile, error);
	if (!code &&
	    joint_solve(&detection->joint, options->alarm_rate, detection->judgements))
		code = out_of_memory(error);
	if (!code)
		code = conclude(detection->findings, detection->judgements, error);
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
	joint_free(&detection.joint);
	free(detection.judgements);
	profile_regions_free(detection.regions, detection.region_count);
	comparison_free(&detection.comparison);
	if (code)
		findings_free(detection.findings);
	else
		*findings = detection.findings;
	return code;
}
