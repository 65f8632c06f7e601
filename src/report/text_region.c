/* SPDX-License-Identifier: MIT */
/* The text report on one region: counters, runs, how sure. */
#include <math.h>
#include <string.h>

#include "detect/cause.h"
#include "report/number.h"
#include "report/page.h"
#include "report/terminal.h"

#define COUNTERS_SHOWN_MAX 5 /* unless verbose */
#define EXPLAINS_SHOWN_MIN 0.01
#define NAME_COLUMNS_MIN   22
/* Columns besides the name: 2 + 2 + 9 + 2 + 9 + 2 + 7 + 2 + 8 */
#define FIXED_COLUMNS 43

/* ---- counters ---- */

/* "per 1000 instructions; the thread gave up its CPU". */
static void put_counter_note(struct page *page, const struct finding_counter *counter)
{
	struct text note = {0};
	bool described = counter->description && *counter->description;

	text_puts(&note, number_per(counter).per);
	if (described)
		text_printf(&note, "%s%s", note.length ? "; " : "",
			    counter->description);
	if (note.length) {
		text_puts(&page->text, "      ");
		if (!note.failed)
			terminal_wrap(&page->text, note.chars, 6, 6, page->width);
	}
	page->text.failed |= note.failed;
	text_free(&note);
}

static void put_counter(struct page *page, const struct finding_counter *counter,
			size_t name_columns)
{
	char before[NUMBER_BYTES], after[NUMBER_BYTES], factor[NUMBER_BYTES];
	char share[NUMBER_BYTES];

	text_puts(&page->text, "  ");
	terminal_put_padded(&page->text, counter->name, name_columns);
	if (counter->kind == FEATURE_RAW)
		snprintf(factor, sizeof(factor), "%+.3g",
			 counter->after - counter->before);
	else
		number_factor(counter->factor, factor);
	text_printf(&page->text, "  %9s  %9s  %7s  %8s\n",
		    number_rate(counter, counter->before, before),
		    number_rate(counter, counter->after, after), factor,
		    number_share(counter->explains, share));
	put_counter_note(page, counter);
}

static size_t longest_name(const struct page *page, const struct finding_region *region)
{
	size_t room = page->width - FIXED_COLUMNS;
	size_t longest = NAME_COLUMNS_MIN;

	for (size_t i = 0; i < region->counter_count; i++) {
		size_t columns = terminal_columns(region->counters[i].name);

		if (columns > longest)
			longest = columns;
	}
	return longest > room ? room : longest;
}

static void put_counters(struct page *page, const struct finding_region *region)
{
	size_t name_columns = longest_name(page, region);
	size_t shown = 0;

	if (!region->counter_count) {
		page_fact(page, "why", "no counter was recorded, only time");
		return;
	}
	for (size_t i = 0; i < region->counter_count; i++) {
		const struct finding_counter *counter = &region->counters[i];

		if (!page->verbose &&
		    (!counter->moved || counter->explains < EXPLAINS_SHOWN_MIN ||
		     shown == COUNTERS_SHOWN_MAX))
			continue;
		if (!shown++)
			text_printf(&page->text, "  %-*s  %9s  %9s  %7s  %8s\n",
				    (int)name_columns, "counter", "before", "after",
				    "factor", "explains");
		put_counter(page, counter, name_columns);
	}
	if (!shown)
		text_printf(&page->text,
			    "  none of the %zu counters moved (-v lists them)\n",
			    region->counter_count);
	else if (shown < region->counter_count)
		text_printf(&page->text,
			    "  and %zu more that explain less (-v lists them)\n",
			    region->counter_count - shown);
}

/* ---- contended cache lines ---- */

/* "new: 92 % of its cycles, 4680 fetches from another core per call". */
static void put_line_cost(struct text *text, const struct finding_line *line)
{
	double factor = line->cycles_after / line->cycles_before;
	char number[NUMBER_BYTES];

	if (line->before_known)
		text_printf(text, line->cycles_before > 0 ? "%s as much: " : "%s: ",
			    number_factor(factor, number));
	text_printf(text, "%s of its cycles, ",
		    number_share(line->cycles_share, number));
	text_printf(text, "%s fetches from another core per call",
		    number_count(line->hitm_after, number));
}

static void put_lines(struct page *page, const struct finding_region *region)
{
	for (size_t i = 0; i < region->line_count; i++) {
		const struct finding_line *line = &region->lines[i];
		struct text text = {0};

		text_printf(&text, "%s sharing of %s, ",
			    line->is_false ? "false" : "true", line->contended);
		put_line_cost(&text, line);
		page_fact_text(page, "line", &text);
		if (line->waits_at)
			text_printf(&text, "at %s; ", line->waits_at);
		text_puts(&text, line->advice);
		page_fact_text(page, NULL, &text);
	}
}

/* ---- facts ---- */

static void put_executions(struct page *page, const struct finding_region *region)
{
	char before[NUMBER_BYTES], after[NUMBER_BYTES];
	char total_before[NUMBER_BYTES], total_after[NUMBER_BYTES];
	struct text text = {0};

	text_count((uint64_t)llround(region->executions_before), before,
		   sizeof(before));
	text_count((uint64_t)llround(region->executions_after), after, sizeof(after));
	if (strcmp(before, after))
		text_printf(&text, "%s -> %s in a run", before, after);
	else
		text_printf(&text, "%s in a run, as before", before);
	if (region->time_measured)
		text_printf(&text, "; %s -> %s in all threads together",
			    number_time(region->total_before_ns, total_before),
			    number_time(region->total_after_ns, total_after));
	page_fact_text(page, "calls", &text);
}

static void put_runs(struct page *page, const struct finding_region *region)
{
	double lowest = INFINITY, highest = 0;
	char low[NUMBER_BYTES], high[NUMBER_BYTES], time[NUMBER_BYTES];
	struct text text = {0};
	size_t anomalous = 0;

	for (size_t i = 0; i < region->run_count; i++) {
		anomalous += region->runs[i].anomalous;
		lowest = fmin(lowest, region->runs[i].anomalous_share);
		highest = fmax(highest, region->runs[i].anomalous_share);
	}
	if (!region->run_count)
		return;
	text_printf(&text, "%zu of %zu new runs lie beyond all normal ones", anomalous,
		    region->run_count);
	text_printf(&text, "; anomalous samples %s", number_share(lowest, low));
	if (strcmp(low, number_share(highest, high)))
		text_printf(&text, " to %s", high);
	page_fact_text(page, "runs", &text);
	for (size_t i = 0; i < region->run_count && page->verbose; i++) {
		const struct finding_run *run = &region->runs[i];
		char samples[NUMBER_BYTES];

		text_printf(&text, "run %u: %s samples, median %s, %s anomalous%s",
			    run->ordinal + 1,
			    text_count(run->samples, samples, sizeof(samples)),
			    number_time(run->wall_median_ns, time),
			    number_share(run->anomalous_share, low),
			    run->anomalous ? ", beyond normal" : "");
		page_fact_text(page, NULL, &text);
	}
}

/* ---- scores ---- */

/*
 * Eight heights; nothing at all is a blank. On the border of two, the ninth digit, which findings
 * that were read have lost, decides nothing.
 */
static void put_bar(struct page *page, double share, double highest)
{
	static const char *const blocks[] = {" ",      "\u2581", "\u2582",
					     "\u2583", "\u2584", "\u2585",
					     "\u2586", "\u2587", "\u2588"};
	static const char *const ascii[] = {" ", ".", ":", "-", "=",
					    "+", "*", "%", "#"};
	size_t height = share > 0 ? 1 + (size_t)(share / highest * 7.5 + 1e-6) : 0;

	text_puts(&page->text, page->utf8 ? blocks[height] : ascii[height]);
}

/* "[  .:#+. |        ]": right of the bar is what is anomalous. */
static void put_sparkline(struct page *page, const double *shares)
{
	double highest = 0;

	for (size_t bin = 0; bin < FINDING_BINS; bin++)
		highest = fmax(highest, shares[bin]);
	text_puts(&page->text, "[");
	for (size_t bin = 0; bin < FINDING_BINS; bin++) {
		if (bin == FINDING_BIN_THRESHOLD)
			text_puts(&page->text, "|");
		put_bar(page, shares[bin], highest);
	}
	text_puts(&page->text, "]");
}

/* One line of its own making: blanks in it are part of the picture. */
static void put_scores(struct page *page, const struct finding_region *region)
{
	if (!page->verbose || !region->scores.known)
		return;
	text_puts(&page->text, "  scores  normal ");
	put_sparkline(page, region->scores.before);
	text_puts(&page->text, " new ");
	put_sparkline(page, region->scores.after);
	text_puts(&page->text, "\n");
}

static const char *sureness(double p)
{
	if (p <= 0.0001)
		return "as good as certain";
	if (p <= 0.001)
		return "yes, very";
	if (p <= 0.01)
		return "yes";
	if (p <= 0.05)
		return "probably";
	return "no";
}

/* What the p-value says, without statistics' words. */
static void put_odds(struct text *text, double p)
{
	char count[NUMBER_BYTES];

	if (p >= 0.5)
		text_puts(text, "an unchanged program often looks like this");
	else if (p < 1e-6)
		text_puts(text,
			  "an unchanged program looks like this less than once in a "
			  "million comparisons");
	else
		text_printf(
			text,
			"an unchanged program looks like this once in %s comparisons",
			text_count((uint64_t)llround(1 / p), count, sizeof(count)));
}

static void put_sureness(struct page *page, const struct finding_region *region)
{
	double p = region->verdict == VERDICT_IMPROVEMENT
			   ? fmin(region->p_improvement, region->p_value)
			   : region->p_value;
	char before[NUMBER_BYTES], after[NUMBER_BYTES];
	struct text text = {0};

	/* The original's method does not know how sure it is. */
	if (!region->runs_after || isnan(p))
		return;
	text_printf(&text, "%s: ", sureness(p));
	put_odds(&text, p);
	text_printf(&text, " (p=%.2g", p);
	if (page->findings->region_count > 1)
		text_printf(&text, ", corrected for %zu regions",
			    page->findings->region_count);
	text_printf(&text, "); %zu runs with %s samples against %zu with %s",
		    region->runs_after,
		    text_count(region->samples_after, after, sizeof(after)),
		    region->runs_before,
		    text_count(region->samples_before, before, sizeof(before)));
	page_fact_text(page, "sure?", &text);
}

/* "false sharing explains 93 % of the extra time, cache misses 20 %". */
static void put_causes(struct page *page, const struct finding_region *region)
{
	struct text text = {0};
	char share[NUMBER_BYTES];

	if (region->verdict != VERDICT_REGRESSION || !region->cause_count)
		return;
	for (size_t i = 0; i < region->cause_count; i++)
		text_printf(&text, i ? ", %s %s" : "%s explains %s of the extra time",
			    cause_name(region->causes[i].kind),
			    number_share(fmin(region->causes[i].share, 1), share));
	page_fact_text(page, "cause", &text);
}

void page_region(struct page *page, const struct finding_region *region)
{
	text_puts(&page->text, "\n");
	page_heading(page, region->name);
	/* The first one's reason is in the summary, unless everything is normal. */
	if (region != page->findings->regions || region->verdict == VERDICT_NORMAL)
		page_fact(page, "what", region->reason);
	if (!region->runs_after)
		return;
	put_sureness(page, region);
	put_causes(page, region);
	put_executions(page, region);
	put_runs(page, region);
	put_scores(page, region);
	put_lines(page, region);
	page_changes(page, region->changes, region->change_count);
	put_counters(page, region);
}
