/* SPDX-License-Identifier: MIT */
/*
 * Contended cache lines as evidence: see lines.h.
 *
 * A line is evidence when what it costs more than in training is a fair part of the region's time
 * now: at least the effect floor, below which nothing counts here. It is compared by what lies on it
 * (profile_line.subject). A model that was not trained on the simulated machine knows of no lines;
 * then what they cost now is all that can be said.
 */
#include "detect/lines.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "detect/cause.h"
#include "profile/lines.h"

#define LINES_MAX 3    /* of one region: the costliest */
#define SHARE_MIN 0.01 /* of the region's cycles, should the effect floor be lower */

static void line_free(struct finding_line *line)
{
	free(line->contended);
	free(line->waits_at);
	free(line->waits_for);
	free(line->advice);
	free(line->detail);
}

void finding_lines_free(struct finding_region *region)
{
	for (size_t i = 0; i < region->line_count; i++)
		line_free(&region->lines[i]);
	free(region->lines);
	region->lines = NULL;
	region->line_count = 0;
}

/* Share of the region's cycles that the line costs more than in training. */
static double added_share(const struct line_region *now, double before)
{
	double added = now->cycles_per_execution - before;

	return now->cycles_per_execution > 0
		       ? now->cycles_share * added / now->cycles_per_execution
		       : 0;
}

/* NULL: nothing is known, or no memory (*failed). */
static char *place_text(const struct line_site *sites, size_t count, bool *failed)
{
	struct text text = {0};

	if (!count)
		return NULL;
	line_put_place(&text, &sites[0].place);
	*failed |= text.failed;
	return text.chars;
}

static int describe(struct finding_line *line, const struct profile_line *seen)
{
	struct text contended = {0}, advice = {0};
	bool failed = false;

	line_put_contended(&contended, seen);
	line_put_advice(&advice, seen);
	line->contended = contended.chars;
	line->advice = advice.chars;
	line->waits_at = place_text(seen->fetched_at, seen->fetched_count, &failed);
	line->waits_for = place_text(seen->written_at, seen->written_count, &failed);
	line->detail = profile_line_detail(seen);
	return failed || contended.failed || advice.failed || !line->detail ? -ENOMEM
									    : 0;
}

/* A line and its part in the region. */
struct candidate {
	const struct profile_line *line;
	const struct line_region *now;
};

static int add_line(struct finding_region *region, const struct model *model,
		    const struct candidate *candidate)
{
	struct finding_line *line = &region->lines[region->line_count++];
	const struct profile_line *seen = candidate->line;

	*line = (struct finding_line){
		.is_false = profile_line_is_false(seen),
		.false_share = profile_line_false_share(seen),
		.padding = seen->padding,
		.cycles_share = candidate->now->cycles_share,
		.before_known = model->lines_known,
		.cycles_before = NAN,
		.cycles_after = candidate->now->cycles_per_execution,
		.hitm_before = NAN,
		.hitm_after = candidate->now->hitm_per_execution,
	};
	if (model->lines_known)
		model_find_line(model, region->name, seen->subject,
				&line->cycles_before, &line->hitm_before);
	return describe(line, seen);
}

/* Keeps the LINES_MAX costliest, in order; returns how many there are now. */
static size_t keep(struct candidate *candidates, size_t count,
		   const struct candidate *next)
{
	size_t at = count;

	while (at && candidates[at - 1].now->cycles_share < next->now->cycles_share)
		at--;
	if (at == LINES_MAX)
		return count;
	if (count == LINES_MAX)
		count--;
	memmove(&candidates[at + 1], &candidates[at],
		(count - at) * sizeof(*candidates));
	candidates[at] = *next;
	return count + 1;
}

static int collect_region(struct finding_region *region,
			  const struct findings *findings, const struct model *model,
			  const struct profile_lines *lines)
{
	double least = fmax(findings->effect_floor, SHARE_MIN);
	struct candidate candidates[LINES_MAX];
	size_t count = 0;
	int status = 0;

	for (size_t i = 0; i < lines->count; i++) {
		const struct candidate next = {
			.line = &lines->items[i],
			.now = profile_line_region(&lines->items[i], region->name),
		};
		double cycles, hitm;

		if (!next.now)
			continue;
		model_find_line(model, region->name, next.line->subject, &cycles,
				&hitm);
		if (added_share(next.now, cycles) >= least)
			count = keep(candidates, count, &next);
	}
	if (!count)
		return 0;
	region->lines = calloc(count, sizeof(*region->lines));
	if (!region->lines)
		return -ENOMEM;
	for (size_t i = 0; i < count && !status; i++)
		status = add_line(region, model, &candidates[i]);
	/* They tell false sharing from true better than counters, which do not know of padding. */
	return status ? status : cause_account(region);
}

int finding_lines_collect(struct findings *findings, const struct model *model,
			  struct profile *profile, struct error *error)
{
	struct profile_lines lines;
	int status = profile_lines(profile, &lines, error);

	for (size_t i = 0; i < findings->region_count && !status && lines.count; i++)
		if (collect_region(&findings->regions[i], findings, model, &lines))
			status = error_no_memory(error, "comparing contended lines");
	profile_lines_free(&lines);
	return status;
}
