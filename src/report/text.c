/* SPDX-License-Identifier: MIT */
/*
 * The text report, read in a terminal in the middle of the night: the verdict in one sentence,
 * a table of regions, then for every region that is not normal why and how sure, then what to
 * do. At most 80 columns unless the terminal is wider and names need it.
 */
#include "report/report.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report/number.h"
#include "report/page.h"
#include "report/terminal.h"

#define WIDTH_DEFAULT      80
#define WIDTH_MIN          80 /* the table without names needs 67 */
#define NAME_COLUMNS_MIN   13
#define NAME_COLUMNS_MAX   48
#define NORMAL_SHOWN_MAX   8 /* normal regions in the table unless verbose */
#define ONE_SIDED_SHOWN    5
#define SHORT_COMMIT_BYTES 10

/* Columns of the table besides the name: see table_line(). */
#define TABLE_FIXED_COLUMNS 67

/* ---- who is compared with whom ---- */

static void put_side(struct text *text, const char *path, size_t runs, size_t passes,
		     const char *kind, const char *commit)
{
	text_printf(text, "%s (%zu %s run%s", path ? path : "the model", runs, kind,
		    runs == 1 ? "" : "s");
	if (passes > 1)
		text_printf(text, " in %zu passes", passes);
	if (commit && *commit)
		text_printf(text, ", commit %.*s", SHORT_COMMIT_BYTES, commit);
	text_puts(text, ")");
}

static void put_sides(struct page *page)
{
	const struct findings *findings = page->findings;
	struct text before = {0}, after = {0};

	put_side(&before, findings->model_path, findings->runs_before,
		 findings->pass_count, "normal", findings->commit_before);
	put_side(&after, findings->profile_path, findings->runs_after,
		 findings->pass_count, "new", findings->commit_after);
	if (findings->runs_failed)
		text_printf(&after, "; %zu failed run%s left out",
			    findings->runs_failed,
			    findings->runs_failed == 1 ? " is" : "s are");
	page_fact_text(page, "before", &before);
	page_fact_text(page, "after", &after);
	page_changes(page, NULL, findings->change_count);
}

/* ---- the table ---- */

/* Columns of a cell whose text holds only ASCII. */
static void put_right(struct text *text, const char *cell, int columns)
{
	text_printf(text, "  %*s", columns, cell);
}

/* name  before 8  after 8  ratio 7  interval 9  anomalous 12  verdict */
static void table_line(struct page *page, const char *name, size_t name_columns,
		       const char *const cells[5])
{
	static const int columns[5] = {8, 8, 7, 9, 12};

	text_puts(&page->text, " ");
	terminal_put_padded(&page->text, name, name_columns);
	for (size_t i = 0; i < 5; i++)
		put_right(&page->text, cells[i], columns[i]);
	text_puts(&page->text, "  ");
}

static void table_region(struct page *page, const struct finding_region *region,
			 size_t name_columns)
{
	const struct ratio_interval *time = region->by_total     ? &region->total
					    : region->by_typical ? &region->typical
								 : &region->time;
	char before[NUMBER_BYTES], after[NUMBER_BYTES];
	char ratio[NUMBER_BYTES], marked[NUMBER_BYTES + 1];
	char interval[NUMBER_BYTES], anomalous[2 * NUMBER_BYTES];
	char share_before[NUMBER_BYTES], share_after[NUMBER_BYTES];

	number_time_short(region->by_total     ? region->total_before_ns
			  : region->by_typical ? region->typical_before_ns
					       : region->time_before_ns,
			  before);
	number_time_short(region->by_total     ? region->total_after_ns
			  : region->by_typical ? region->typical_after_ns
					       : region->time_after_ns,
			  after);
	snprintf(marked, sizeof(marked), "%s%s", number_factor(time->ratio, ratio),
		 region->by_total     ? "*"
		 : region->by_typical ? "'"
				      : "");
	/* "1.0 -> 97 %" */
	number_share(region->anomalous_share_before, share_before);
	snprintf(anomalous, sizeof(anomalous), "%.*s -> %s",
		 (int)strcspn(share_before, " "), share_before,
		 number_share(region->anomalous_share_after, share_after));
	table_line(page, region->name, name_columns,
		   (const char *const[]){before, after, marked,
					 number_interval(time, interval), anomalous});
	page_verdict(page, region->verdict, false);
	text_puts(&page->text, "\n");
}

/* Wide enough for the longest name, as far as the width allows. */
static size_t choose_name_columns(const struct page *page)
{
	size_t room = page->width - TABLE_FIXED_COLUMNS;
	size_t longest = NAME_COLUMNS_MIN;

	for (size_t i = 0; i < page->findings->region_count; i++) {
		size_t columns = terminal_columns(page->findings->regions[i].name);

		if (columns > longest)
			longest = columns;
	}
	if (longest > room)
		longest = room;
	return longest > NAME_COLUMNS_MAX ? NAME_COLUMNS_MAX : longest;
}

static void put_table(struct page *page)
{
	const struct findings *findings = page->findings;
	size_t name_columns = choose_name_columns(page);
	size_t normal = 0;
	bool by_total = false, by_typical = false;

	text_puts(&page->text, "\n");
	table_line(page, "region", name_columns,
		   (const char *const[]){"before", "after", "ratio", "95 % int.",
					 "anomalous"});
	text_puts(&page->text, "verdict\n");
	for (size_t i = 0; i < findings->region_count; i++) {
		const struct finding_region *region = &findings->regions[i];

		if (region->verdict == VERDICT_NORMAL && !page->verbose &&
		    normal++ >= NORMAL_SHOWN_MAX)
			continue;
		table_region(page, region, name_columns);
		by_total |= region->by_total;
		by_typical |= region->by_typical;
	}
	if (normal > NORMAL_SHOWN_MAX)
		text_printf(&page->text,
			    " and %zu more normal region%s (-v lists them)\n",
			    normal - NORMAL_SHOWN_MAX,
			    normal - NORMAL_SHOWN_MAX == 1 ? "" : "s");
	terminal_wrap(
		&page->text,
		by_total && by_typical
			? "Time per execution (* per run, ' of the median one), "
			  "medians. Anomalous: samples unlike those learnt."
		: by_typical ? "Time per execution (' of the median one), medians over "
			       "runs. Anomalous: samples unlike those learnt."
		: by_total
			? "Time per execution (* per run), medians. Anomalous: samples "
			  "unlike those learnt."
			: "Time per execution, median over runs. Anomalous: samples "
			  "unlike those learnt.",
		0, 0, page->width);
}

/* ---- what else was seen ---- */

static void put_one_sided(struct page *page, char *const *names, size_t count,
			  const char *what)
{
	struct text text = {0};

	if (!count)
		return;
	text_printf(&text, "%zu region%s %s: ", count, count == 1 ? "" : "s", what);
	for (size_t i = 0; i < count; i++) {
		if (i == ONE_SIDED_SHOWN && !page->verbose) {
			text_printf(&text, " and %zu more", count - i);
			break;
		}
		text_puts(&text, i ? ", " : "");
		terminal_put(&text, names[i], NAME_COLUMNS_MAX);
	}
	page_bullet_text(page, &text);
}

static void put_remarks(struct page *page)
{
	const struct findings *findings = page->findings;

	if (!findings->warning_count && !findings->only_before_count &&
	    !findings->only_after_count && !findings->unjudged_count)
		return;
	text_puts(&page->text, "\n");
	page_heading(page, "Bear in mind");
	for (size_t i = 0; i < findings->warning_count; i++)
		page_bullet(page, findings->warnings[i]);
	put_one_sided(page, findings->only_before, findings->only_before_count,
		      "of the model did not run");
	put_one_sided(page, findings->only_after, findings->only_after_count,
		      "the model has never seen");
	for (size_t i = 0; i < findings->renamed_count; i++) {
		struct text text = {0};

		terminal_put(&text, findings->renamed[i].before, NAME_COLUMNS_MAX);
		text_puts(&text, " seems to be called ");
		terminal_put(&text, findings->renamed[i].after, NAME_COLUMNS_MAX);
		text_puts(&text, " now: its samples are normal there");
		page_bullet_text(page, &text);
	}
	for (size_t i = 0; i < findings->unjudged_count; i++) {
		struct text text = {0};

		text_puts(&text, "not judged: ");
		terminal_put(&text, findings->unjudged[i].name, NAME_COLUMNS_MAX);
		text_printf(&text, ": %s", findings->unjudged[i].reason);
		page_bullet_text(page, &text);
	}
}

static void put_verdict(struct page *page)
{
	const struct findings *findings = page->findings;

	page_verdict(page, findings->verdict, true);
	text_puts(&page->text, ": ");
	terminal_wrap(&page->text, findings->summary,
		      strlen(verdict_name(findings->verdict)) + strlen(": "), 0,
		      page->width);
}

int report_text(const struct findings *findings, const struct report_style *style,
		FILE *out, struct error *error)
{
	struct page page = {
		.findings = findings,
		.width = style->width > 0 ? (size_t)style->width : WIDTH_DEFAULT,
		.color = style->color,
		.verbose = style->verbose,
		.utf8 = style->utf8,
	};
	int code = 0;

	if (page.width < WIDTH_MIN)
		page.width = WIDTH_MIN;
	put_verdict(&page);
	put_sides(&page);
	if (findings->region_count)
		put_table(&page);
	for (size_t i = 0; i < findings->region_count; i++)
		if (findings->regions[i].verdict != VERDICT_NORMAL ||
		    findings->regions[i].suspicious || page.verbose)
			page_region(&page, &findings->regions[i]);
	put_remarks(&page);
	page_advice(&page);
	if (page.text.failed)
		code = error_no_memory(error, "writing the report");
	else
		fwrite(page.text.chars, 1, page.text.length, out);
	text_free(&page.text);
	return code;
}
