/* SPDX-License-Identifier: MIT */
/*
 * Verdicts in words. A reason is one sentence about a region without its name; the summary is
 * the one sentence that somebody reads who reads nothing else. Plain ASCII, except for names.
 */
#include "detect/verdict.h"

#include <math.h>
#include <stdio.h>

#include "detect/name.h"
#include "model/original.h"

#define PERCENT 100.0

/* "2.31x". */
static void put_ratio(struct text *text, double ratio)
{
	if (!isfinite(ratio))
		text_puts(text, "infinitely many times");
	else if (ratio < 9.995)
		text_printf(text, "%.2fx", ratio);
	else if (ratio < 99.95)
		text_printf(text, "%.1fx", ratio);
	else
		text_printf(text, "%.0fx", ratio);
}

static void put_interval(struct text *text, const struct ratio_interval *interval)
{
	if (!isfinite(interval->low) || !isfinite(interval->high)) {
		text_puts(text, "no interval: one run on each side");
		return;
	}
	text_printf(text, "%.0f %% interval ", PERCENT * FINDINGS_CONFIDENCE);
	put_ratio(text, interval->low);
	text_puts(text, " to ");
	put_ratio(text, interval->high);
}

/* "2.31x (95 % interval 2.12x to 2.48x)". */
static void put_ratio_with_interval(struct text *text,
				    const struct ratio_interval *interval)
{
	put_ratio(text, interval->ratio);
	text_puts(text, " (");
	put_interval(text, interval);
	text_puts(text, ")");
}

/* "184 us -> 425 us". */
static void put_times(struct text *text, double before_ns, double after_ns)
{
	char before[32], after[32];

	text_printf(text, "%s -> %s", text_duration(before_ns, before, sizeof(before)),
		    text_duration(after_ns, after, sizeof(after)));
}

static void put_executions(struct text *text, const struct finding_region *region)
{
	double ratio = region->executions_after / region->executions_before;

	if (!isfinite(ratio) || fabs(ratio - 1) < 0.02)
		return;
	text_puts(text, "; it is executed ");
	put_ratio(text, ratio);
	text_puts(text, " as often");
}

/* The highest-ranked counter that moved, NULL when none did. */
static const struct finding_counter *top_counter(const struct finding_region *region)
{
	for (size_t i = 0; i < region->counter_count; i++)
		if (region->counters[i].moved)
			return &region->counters[i];
	return NULL;
}

/*
 * The same for a region whose time changed, but for rates per microsecond that the time alone has
 * moved: as many events in more time are fewer per microsecond, which tells nothing.
 */
static const struct finding_counter *
telling_counter(const struct finding_region *region)
{
	bool longer = region->verdict == VERDICT_REGRESSION;

	for (size_t i = 0; i < region->counter_count; i++) {
		const struct finding_counter *counter = &region->counters[i];

		if (counter->moved &&
		    (counter->kind != FEATURE_RATE_PER_MICROSECOND ||
		     (longer ? counter->factor > 1 : counter->factor < 1)))
			return counter;
	}
	return NULL;
}

/* "context-switches 400x", "page-faults from none". */
static void put_counter(struct text *text, const struct finding_counter *counter)
{
	struct text quoted = {0};

	name_quote(&quoted, counter->name);
	/* A counter's name reads well without quotes. */
	if (!quoted.failed)
		text_append(text, quoted.chars + 1, quoted.length - 2);
	text->failed |= quoted.failed;
	text_free(&quoted);
	if (counter->kind == FEATURE_RAW) {
		text_printf(text, " %.4g -> %.4g", counter->before, counter->after);
	} else if (isinf(counter->factor)) {
		text_puts(text, " from none");
	} else if (counter->kind == FEATURE_CPU_SHARE) {
		text_printf(text, " %.0f %% -> %.0f %%", PERCENT * counter->before,
			    PERCENT * counter->after);
	} else {
		text_puts(text, " ");
		put_ratio(text, counter->factor);
	}
}

static void put_too_few(struct text *text, const struct finding_region *region,
			const struct verdict_terms *terms)
{
	text_printf(text,
		    "%zu training run%s and %zu new run%s are too few to be sure at a "
		    "false-alarm rate of %g %%",
		    region->runs_before, region->runs_before == 1 ? "" : "s",
		    region->runs_after, region->runs_after == 1 ? "" : "s",
		    PERCENT * terms->alarm_rate);
	if (terms->regions > 1)
		text_printf(text, " over %zu regions", terms->regions);
	if (region->runs_missing)
		text_printf(text, "; at least %zu more new run%s needed",
			    region->runs_missing,
			    region->runs_missing == 1 ? " is" : "s are");
	if (region->training_runs_missing)
		text_printf(text, "%s %zu more training run%s",
			    region->runs_missing ? ", or" : "; at least",
			    region->training_runs_missing,
			    region->training_runs_missing == 1 ? "" : "s");
	if (terms->pass_count > 1)
		text_printf(text, ", of each of the %zu passes", terms->pass_count);
}

static void put_looks(struct text *text, const struct finding_region *region)
{
	if (region->suspicious && region->time.ratio > 1 && region->time.low > 1) {
		text_puts(text, "looks slower, ");
		put_ratio_with_interval(text, &region->time);
	} else if (region->suspicious && region->total.low > 1) {
		text_puts(text, "looks as if it took more time per run, ");
		put_ratio_with_interval(text, &region->total);
	} else if (region->suspicious) {
		text_printf(text,
			    "looks strange, %.0f %% of its samples are anomalous "
			    "(%.0f %% in training)",
			    PERCENT * region->anomalous_share_after,
			    PERCENT * region->anomalous_share_before);
	} else {
		text_puts(text, "shows nothing suspicious, but a slowdown cannot be "
				"ruled out: ");
		put_ratio_with_interval(text, &region->time);
	}
}

static void reason_cannot_tell(struct text *text, const struct finding_region *region,
			       enum verdict_why why, const struct verdict_terms *terms)
{
	if (why == WHY_NO_RUNS) {
		text_puts(text, "no run of the new profile counted the model's events "
				"in it");
		return;
	}
	if (why == WHY_EFFECT_UNCERTAIN) {
		text_puts(text,
			  "is anomalous for sure, but its runs scatter too much to say "
			  "whether it is slower: ");
		put_ratio_with_interval(text, &region->time);
		text_printf(text, "; record %zu more", region->runs_missing);
		return;
	}
	put_looks(text, region);
	text_puts(text, "; ");
	put_too_few(text, region, terms);
}

static void reason_normal(struct text *text, const struct finding_region *region,
			  enum verdict_why why, const struct verdict_terms *terms)
{
	if (!region->time_measured) {
		text_puts(text, "no change beyond noise (time was not measured)");
		return;
	}
	if (why == WHY_MORE_WORK) {
		text_puts(text, "does more, as another command may ask for: ");
		put_ratio(text, region->work.ratio);
		text_puts(text, " as many instructions per execution, each in ");
		put_ratio(text, region->pace.ratio);
		text_puts(text, " the time");
		put_executions(text, region);
		return;
	}
	if (why == WHY_TINY) {
		text_printf(text,
			    "differs for sure, but by less than the floor of "
			    "%g %%: ",
			    PERCENT * terms->effect_floor);
		put_ratio_with_interval(text, &region->time);
		return;
	}
	if (region->suspicious) {
		put_looks(text, region);
		text_printf(text, ", but that may be chance (p=%.2g)", region->p_value);
		return;
	}
	text_puts(text, "no change beyond noise: ");
	put_ratio_with_interval(text, &region->time);
	if (region->calls_changed)
		put_executions(text, region);
}

static void reason_changed(struct text *text, const struct finding_region *region,
			   enum verdict_why why)
{
	const struct finding_counter *counter = top_counter(region);

	if (why == WHY_FEWER_BUT_LONGER) {
		text_puts(text, "its work was regrouped: each execution takes ");
		put_ratio(text, region->time.ratio);
		text_puts(text, " as long, but in total it takes ");
		put_ratio_with_interval(text, &region->total);
		put_executions(text, region);
		return;
	}
	text_puts(text, "behaves differently: ");
	if (why == WHY_COUNTERS_MOVED && counter)
		put_counter(text, counter);
	else
		text_printf(
			text,
			"%.0f %% of its samples are anomalous (%.0f %% in training)",
			PERCENT * region->anomalous_share_after,
			PERCENT * region->anomalous_share_before);
	if (!region->time_measured) {
		text_puts(text, "; time was not measured");
		return;
	}
	text_puts(text, "; time is ");
	put_ratio_with_interval(text, &region->time);
}

/* Time per execution or per run, whichever the verdict rests on. */
static void reason_time(struct text *text, const struct finding_region *region)
{
	const struct ratio_interval *time = region->by_total     ? &region->total
					    : region->by_typical ? &region->typical
								 : &region->time;

	text_puts(text, "takes ");
	put_ratio(text, time->ratio);
	text_puts(text, region->by_total ? " as much time per run (" : " as long (");
	put_interval(text, time);
	text_puts(text, "), ");
	if (region->by_total)
		put_times(text, region->total_before_ns, region->total_after_ns);
	else if (region->by_typical)
		put_times(text, region->typical_before_ns, region->typical_after_ns);
	else
		put_times(text, region->time_before_ns, region->time_after_ns);
	if (!region->by_total)
		text_puts(text, region->by_typical ? " in the median execution"
						   : " per execution");
	put_executions(text, region);
}

/* The costliest contended line, where one explains the region. */
static void put_line(struct text *text, const struct finding_region *region)
{
	const struct finding_line *line = region->lines;

	if (!region->line_count)
		return;
	text_printf(text, "; %s sharing of %s", line->is_false ? "false" : "true",
		    line->contended);
	if (line->waits_at)
		text_printf(text, " at %s", line->waits_at);
}

/* By the original's method. */
static void reason_vote(struct text *text, const struct finding_region *region)
{
	size_t anomalous = 0;

	for (size_t i = 0; i < region->run_count; i++)
		anomalous += region->runs[i].anomalous;
	text_printf(text,
		    "has %zu anomalous run%s of %zu by the original's method (a run is "
		    "anomalous with more than %g %% of its samples beyond 3 standard "
		    "deviations)",
		    anomalous, anomalous == 1 ? "" : "s", region->run_count,
		    PERCENT * ORIGINAL_SHARE);
}

void sentence_reason(struct text *text, const struct finding_region *region,
		     enum verdict_why why, const struct verdict_terms *terms)
{
	const struct finding_counter *counter = telling_counter(region);

	if (why == WHY_VOTE) {
		reason_vote(text, region);
		return;
	}
	switch (region->verdict) {
	case VERDICT_REGRESSION:
	case VERDICT_IMPROVEMENT:
		if (why == WHY_COUNTERS_WORSE)
			text_puts(text, "behaves worse (time was not measured)");
		else
			reason_time(text, region);
		if (counter) {
			text_puts(text, "; ");
			put_counter(text, counter);
		}
		put_line(text, region);
		break;
	case VERDICT_CHANGED:
		reason_changed(text, region, why);
		put_line(text, region);
		break;
	case VERDICT_CANNOT_TELL:
		reason_cannot_tell(text, region, why, terms);
		break;
	default:
		reason_normal(text, region, why, terms);
		break;
	}
}

static size_t count_verdict(const struct findings *findings, enum verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->region_count; i++)
		count += findings->regions[i].verdict == verdict;
	return count;
}

static void put_others(struct text *text, size_t others, const char *what)
{
	if (others)
		text_printf(text, "; %zu other region%s %s %s", others,
			    others == 1 ? "" : "s", others == 1 ? "is" : "are", what);
}

/* Normal, but something looked otherwise and was not sure enough. */
static void put_doubts(struct text *text, const struct findings *findings)
{
	const struct finding_region *first = NULL;
	size_t count = 0;

	for (size_t i = 0; i < findings->region_count; i++) {
		if (!findings->regions[i].suspicious)
			continue;
		if (!first)
			first = &findings->regions[i];
		count++;
	}
	if (!first)
		return;
	text_puts(text, "; ");
	name_quote(text, first->name);
	if (count > 1)
		text_printf(text, " and %zu other%s", count - 1, count > 2 ? "s" : "");
	text_printf(text, " look%s otherwise, which may be chance",
		    count > 1 ? "" : "s");
}

void sentence_summary(struct text *text, const struct findings *findings)
{
	static const char *const others[VERDICTS] = {
		[VERDICT_IMPROVEMENT] = "faster too",
		[VERDICT_CHANGED] = "changed too",
		[VERDICT_CANNOT_TELL] = "undecided too",
		[VERDICT_REGRESSION] = "worse too",
	};
	size_t count = count_verdict(findings, findings->verdict);

	if (!findings->region_count) {
		text_puts(text, "no region could be compared");
	} else if (findings->verdict == VERDICT_NORMAL) {
		text_printf(text,
			    "%zu region%s behave%s as in training (%zu new runs "
			    "against %zu)",
			    count, count == 1 ? "" : "s", count == 1 ? "s" : "",
			    findings->runs_after, findings->runs_before);
		put_doubts(text, findings);
	} else {
		text_puts(text, "region ");
		name_quote(text, findings->regions[0].name);
		text_printf(text, " %s", findings->regions[0].reason);
		put_others(text, count - 1, others[findings->verdict]);
	}
}
