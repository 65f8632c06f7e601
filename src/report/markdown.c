/* SPDX-License-Identifier: MIT */
/*
 * Findings as GitHub's Markdown: for a step summary or a comment. The verdict, a table of regions,
 * then why, folded away for all but the worst one. Names stand in code spans, in which nothing has
 * a meaning; everything else of the program's is escaped.
 */
#include "report/report.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "detect/cause.h"
#include "report/escape.h"
#include "report/number.h"

#define REGIONS_SHOWN_MAX  ((size_t)50) /* GitHub cuts summaries at 1 MiB */
#define COUNTERS_SHOWN_MAX ((size_t)5)
#define CHANGES_SHOWN_MAX  ((size_t)10)
#define NAME_COLUMNS       120
#define SENTENCE_COLUMNS   4000
#define SHORT_COMMIT       10

static void put_code(struct text *text, const char *name)
{
	escape_code(text, name, SENTENCE_COLUMNS, false);
}

static void put_cell(struct text *text, const char *name)
{
	escape_code(text, name, NAME_COLUMNS, true);
}

static void put_side(struct text *text, const char *label, const char *path,
		     size_t runs, const char *kind, const char *commit)
{
	text_printf(text, "%s: ", label);
	if (path)
		put_code(text, path);
	text_printf(text, "%s%zu %s run%s", path ? ", " : "", runs, kind,
		    runs == 1 ? "" : "s");
	if (commit && *commit) {
		struct text shortened = {0};

		text_printf(&shortened, "%.*s", SHORT_COMMIT, commit);
		text_puts(text, ", commit ");
		if (!shortened.failed)
			put_code(text, shortened.chars);
		text_free(&shortened);
	}
}

static void put_heading(struct text *text, const struct findings *findings)
{
	const char *verdict = verdict_name(findings->verdict);

	text_printf(text, "### AutoPerf: %c%s\n\n", toupper((unsigned char)*verdict),
		    verdict + 1);
	escape_markdown(text, findings->summary);
	text_puts(text, "\n\n");
	put_side(text, "Before", findings->model_path, findings->runs_before, "normal",
		 findings->commit_before);
	put_side(text, ". After", findings->profile_path, findings->runs_after, "new",
		 findings->commit_after);
	text_puts(text, ".\n\n");
}

/* ---- the table ---- */

static void put_row(struct text *text, const struct finding_region *region)
{
	const struct ratio_interval *time = region->by_total     ? &region->total
					    : region->by_typical ? &region->typical
								 : &region->time;
	double before = region->by_total     ? region->total_before_ns
			: region->by_typical ? region->typical_before_ns
					     : region->time_before_ns;
	double after = region->by_total     ? region->total_after_ns
		       : region->by_typical ? region->typical_after_ns
					    : region->time_after_ns;
	char cells[6][NUMBER_BYTES];

	text_puts(text, "| ");
	put_cell(text, region->name);
	text_printf(text, " | %s | %s | %s | %s | %s | %s%s%s | %s |\n",
		    number_time(before, cells[0]), number_time(after, cells[1]),
		    number_factor(time->ratio, cells[2]),
		    number_interval(time, cells[3]),
		    number_share(region->anomalous_share_after, cells[4]),
		    region->verdict == VERDICT_REGRESSION ? "**" : "",
		    verdict_name(region->verdict),
		    region->verdict == VERDICT_REGRESSION ? "**" : "",
		    region->verdict == VERDICT_REGRESSION && region->cause_count
			    ? cause_name(region->causes[0].kind)
			    : "");
}

static void put_table(struct text *text, const struct findings *findings)
{
	size_t shown = findings->region_count < REGIONS_SHOWN_MAX
			       ? findings->region_count
			       : REGIONS_SHOWN_MAX;

	if (!shown)
		return;
	text_printf(text,
		    "| Region | Before | After | Ratio | %.0f %% interval | Anomalous "
		    "samples | Verdict | Cause |\n"
		    "|:--|--:|--:|--:|--:|--:|:--|:--|\n",
		    100 * FINDINGS_CONFIDENCE);
	for (size_t i = 0; i < shown; i++)
		put_row(text, &findings->regions[i]);
	text_puts(text, "\n");
	if (shown < findings->region_count)
		text_printf(text, "And %zu more regions.\n\n",
			    findings->region_count - shown);
}

/* ---- a region ---- */

static void put_causes(struct text *text, const struct finding_region *region)
{
	char share[NUMBER_BYTES];

	for (size_t i = 0; i < region->cause_count; i++)
		text_printf(text,
			    i ? ", %s %s" : "- Cause: %s explains %s of the extra time",
			    cause_name(region->causes[i].kind),
			    number_share(fmin(region->causes[i].share, 1), share));
	if (region->cause_count)
		text_puts(text, "\n");
}

static void put_lines(struct text *text, const struct finding_region *region)
{
	for (size_t i = 0; i < region->line_count; i++) {
		const struct finding_line *line = &region->lines[i];

		text_printf(text, "- %s sharing of ",
			    line->is_false ? "False" : "True");
		put_code(text, line->contended);
		if (line->waits_at) {
			text_puts(text, " at ");
			put_code(text, line->waits_at);
		}
		text_puts(text, ": ");
		escape_markdown(text, line->advice);
		text_puts(text, "\n");
	}
}

static void put_changes(struct text *text, const struct findings *findings,
			const struct finding_region *region)
{
	for (size_t i = 0; i < region->change_count; i++) {
		const struct finding_change *change =
			&findings->changes[region->changes[i]];
		struct text place = {0};

		if (i == CHANGES_SHOWN_MAX) {
			text_printf(text, " and %zu more", region->change_count - i);
			break;
		}
		text_printf(&place, "%s:%u", change->path, change->first);
		text_puts(text, i ? ", " : "- Changed: ");
		if (!place.failed)
			put_code(text, place.chars);
		text->failed |= place.failed;
		text_free(&place);
	}
	if (region->change_count)
		text_puts(text, "\n");
}

static void put_counters(struct text *text, const struct finding_region *region)
{
	char before[NUMBER_BYTES], after[NUMBER_BYTES];
	char factor[NUMBER_BYTES], share[NUMBER_BYTES];
	size_t shown = 0;

	for (size_t i = 0; i < region->counter_count && shown < COUNTERS_SHOWN_MAX;
	     i++) {
		const struct finding_counter *counter = &region->counters[i];

		if (!counter->moved)
			continue;
		if (!shown++)
			text_puts(text,
				  "\n| Counter | Before | After | Factor | Explains |\n"
				  "|:--|--:|--:|--:|--:|\n");
		text_puts(text, "| ");
		put_cell(text, counter->name);
		text_printf(text, " %s | %s | %s | %s | %s |\n",
			    number_per(counter).per,
			    number_rate(counter, counter->before, before),
			    number_rate(counter, counter->after, after),
			    number_factor(counter->factor, factor),
			    number_share(counter->explains, share));
	}
	text_puts(text, "\n");
}

static void put_region(struct text *text, const struct findings *findings,
		       const struct finding_region *region, bool folded)
{
	if (folded) {
		/* Inside of HTML, Markdown's escapes mean nothing: a plain word only. */
		text_printf(text, "<details><summary>%s: region %td</summary>\n\n",
			    verdict_name(region->verdict),
			    region - findings->regions + 1);
	}
	text_puts(text, "**");
	put_code(text, region->name);
	text_puts(text, "** ");
	escape_markdown(text, region->reason);
	text_puts(text, "\n\n");
	if (region->verdict == VERDICT_REGRESSION)
		put_causes(text, region);
	put_lines(text, region);
	put_changes(text, findings, region);
	if (isfinite(region->p_value) && region->verdict != VERDICT_IMPROVEMENT)
		text_printf(text,
			    "- p = %.2g, corrected for all regions; %zu new runs "
			    "against %zu\n",
			    region->p_value, region->runs_after, region->runs_before);
	put_counters(text, region);
	if (folded)
		text_puts(text, "</details>\n\n");
}

static void put_remarks(struct text *text, const struct findings *findings)
{
	for (size_t i = 0; i < findings->warning_count; i++) {
		text_puts(text, i ? "- " : "Bear in mind:\n\n- ");
		escape_markdown(text, findings->warnings[i]);
		text_puts(text, "\n");
	}
	if (findings->range) {
		text_puts(text, findings->warning_count ? "\nCommits: " : "Commits: ");
		put_code(text, findings->range);
		text_puts(text, "\n");
	}
}

int report_markdown(const struct findings *findings, const struct report_style *style,
		    FILE *out, struct error *error)
{
	struct text text = {0};
	size_t told = 0;
	int code = 0;

	(void)style;
	put_heading(&text, findings);
	put_table(&text, findings);
	for (size_t i = 0; i < findings->region_count && told < REGIONS_SHOWN_MAX; i++)
		if (findings->regions[i].verdict != VERDICT_NORMAL)
			put_region(&text, findings, &findings->regions[i], told++ > 0);
	put_remarks(&text, findings);
	if (text.failed)
		code = error_no_memory(error, "writing the report");
	else
		fwrite(text.chars, 1, text.length, out);
	text_free(&text);
	return code;
}
