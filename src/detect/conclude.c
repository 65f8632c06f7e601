/* SPDX-License-Identifier: MIT */
/* Verdicts on all regions together: see conclude.h. Touches no samples. */
#include "detect/conclude.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/lines.h"
#include "detect/name.h"
#include "detect/verdict.h"

#define NOISY_RATIO 1.25 /* intervals that reach beyond are worth a warning */

static int out_of_memory(struct error *error)
{
	return error_no_memory(error, "deciding on the regions");
}

static int decide_region(struct finding_region *region,
			 const struct judgement *judgement,
			 const struct verdict_terms *terms)
{
	struct text reason = {0};
	enum verdict_why why = terms->method == MODEL_ORIGINAL
				       ? verdict_vote(region)
				       : verdict_decide(region, judgement, terms);

	/* Lines are contended in normal runs too: they explain only what wants explaining. */
	if (region->verdict != VERDICT_REGRESSION &&
	    region->verdict != VERDICT_CHANGED && !region->suspicious)
		finding_lines_free(region);
	sentence_reason(&reason, region, why, terms);
	if (reason.failed) {
		text_free(&reason);
		return -ENOMEM;
	}
	region->reason = reason.chars;
	return 0;
}

static int decide_all(struct findings *findings, const struct judgement *judgements,
		      struct error *error)
{
	const struct verdict_terms terms = {
		.method = findings->method,
		.alarm_rate = findings->alarm_rate,
		.effect_floor = findings->effect_floor,
		.pass_count = findings->pass_count,
		.regions = findings->region_count,
		.other_command =
			findings->command_before && findings->command_after &&
			strcmp(findings->command_before, findings->command_after) != 0,
	};
	for (size_t i = 0; i < findings->region_count; i++) {
		findings->regions[i].p_value = judgements[i].p_alarm;
		findings->regions[i].p_improvement = judgements[i].p_improvement;
		if (decide_region(&findings->regions[i], &judgements[i], &terms))
			return out_of_memory(error);
	}
	return 0;
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

int conclude(struct findings *findings, const struct judgement *judgements,
	     struct error *error)
{
	struct text summary = {0};
	int code = decide_all(findings, judgements, error);

	if (code)
		return code;
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
