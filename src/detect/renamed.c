/* SPDX-License-Identifier: MIT */
/*
 * See renamed.h. A new region is a vanished one under another name when the model of the vanished
 * one finds its samples normal and it takes about as long. It is only said: a verdict on it would
 * rest on a guess.
 */
#include "detect/renamed.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "detect/compare.h"
#include "detect/evidence.h"

#define NAMES_MAX  32  /* of either side: each is compared with each */
#define SHARE_MAX  0.1 /* of samples that are anomalous to the vanished region's model */
#define TIME_RATIO 1.25 /* of the medians over runs, in either direction */

static double median_of(const struct model_run *runs, size_t count, bool time,
			double *scratch)
{
	for (size_t i = 0; i < count; i++)
		scratch[i] = time ? runs[i].wall_mean_ns : runs[i].anomalous_share;
	return statistics_median(scratch, count);
}

/* Share of anomalous samples, or more than 1 if it cannot be the same region. */
static double difference(const struct evidence *evidence)
{
	const struct model_unit *unit = evidence->unit;
	size_t most = evidence->run_count > unit->run_count ? evidence->run_count
							    : unit->run_count;
	double *scratch = calloc(most + 1, sizeof(*scratch));
	double before, after, share;

	if (!scratch || !evidence->run_count || !unit->run_count) {
		free(scratch);
		return INFINITY;
	}
	before = median_of(unit->runs, unit->run_count, true, scratch);
	after = median_of(evidence->runs, evidence->run_count, true, scratch);
	share = median_of(evidence->runs, evidence->run_count, false, scratch);
	free(scratch);
	if (after > before * TIME_RATIO || before > after * TIME_RATIO ||
	    share > SHARE_MAX)
		return INFINITY;
	return share;
}

static const struct model_unit *first_unit(const struct model *model,
					   const char *region, const uint32_t *passes)
{
	for (uint32_t pass = 0; pass < model->plan.pass_count; pass++) {
		const struct model_unit *unit = model_find(model, region, pass);

		if (unit && passes[pass] != COMPARE_NO_PASS)
			return unit;
	}
	return NULL;
}

static int64_t id_of(const struct profile_region *regions, size_t count,
		     const char *name)
{
	size_t at = 0;

	while (at < count && strcmp(regions[at].name, name))
		at++;
	return at < count ? regions[at].id : -1;
}

static int add(struct findings *findings, const char *before, const char *after)
{
	struct finding_renamed *renamed = &findings->renamed[findings->renamed_count++];

	renamed->before = strdup(before);
	renamed->after = strdup(after);
	return renamed->before && renamed->after ? 0 : -ENOMEM;
}

int findings_find_renamed(struct findings *findings, const struct model *model,
			  struct profile *profile, const uint32_t *passes,
			  const struct profile_region *regions, size_t region_count,
			  const struct detect_options *options, struct error *error)
{
	struct detect_options quiet = *options;
	size_t olds = findings->only_before_count, news = findings->only_after_count;
	bool taken[NAMES_MAX] = {false};

	if (!olds || !news || olds > NAMES_MAX || news > NAMES_MAX ||
	    model->method != MODEL_DEFAULT)
		return 0;
	quiet.scores = NULL;
	findings->renamed = calloc(news, sizeof(*findings->renamed));
	if (!findings->renamed)
		return error_no_memory(error, "comparing regions of one side");
	for (size_t n = 0; n < news; n++) {
		int64_t id = id_of(regions, region_count, findings->only_after[n]);
		double least = INFINITY;
		size_t best = 0;

		for (size_t o = 0; id >= 0 && o < olds; o++) {
			const struct model_unit *unit =
				first_unit(model, findings->only_before[o], passes);
			struct evidence evidence = {0};
			double found;
			int code;

			if (!unit || taken[o])
				continue;
			code = evidence_collect(&evidence, unit, profile, id,
						passes[unit->pass], &quiet, NULL,
						error);
			found = code ? INFINITY : difference(&evidence);
			evidence_free(&evidence);
			if (code)
				return code;
			if (found < least) {
				least = found;
				best = o;
			}
		}
		if (!isfinite(least))
			continue;
		taken[best] = true;
		if (add(findings, findings->only_before[best], findings->only_after[n]))
			return error_no_memory(error, "comparing regions of one side");
	}
	return 0;
}
