/* SPDX-License-Identifier: MIT */
/*
 * `autoperf info --lines`: the cache lines that threads contend for, costliest first: whose fault,
 * what it costs, what lies there, who touches which bytes, where, and what to do.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/info.h"
#include "profile/lines.h"
#include "report/terminal.h"

#define PERCENT 100
#define TOP     5 /* shown unless asked for */
#define SHARE_MIN \
	0.001 /* of a region's cycles; lines below are noise unless asked for */
#define WHOLE_MIN     100 /* numbers from here on are told without decimals */
#define REGIONS_SHOWN 3   /* of one line */
#define TITLE_COLUMNS 120 /* of what lies there; longer texts lose their middle */
#define INDENT        "  "

struct chosen {
	const struct profile_line **lines; /* points into the profile's */
	size_t count;
	size_t cheap; /* left out because they cost next to nothing */
};

/* ---- choosing ---- */

static double cost_of(const struct info *info, const struct profile_line *line)
{
	const struct line_region *region;

	if (!info->region)
		return line->region_count ? line->regions[0].cycles_share : 0;
	region = profile_line_region(line, info->region);
	return region ? region->cycles_share : -1;
}

/* With a region, what costs it most comes first. */
static void sort_by_cost(const struct info *info, struct chosen *chosen)
{
	for (size_t i = 1; info->region && i < chosen->count; i++) {
		const struct profile_line *line = chosen->lines[i];
		size_t at = i;

		for (; at && cost_of(info, chosen->lines[at - 1]) < cost_of(info, line);
		     at--)
			chosen->lines[at] = chosen->lines[at - 1];
		chosen->lines[at] = line;
	}
}

static int choose(const struct info *info, const struct profile_lines *lines,
		  struct chosen *chosen, struct error *error)
{
	chosen->lines = calloc(lines->count + 1, sizeof(const struct profile_line *));
	if (!chosen->lines)
		return error_no_memory(error, "choosing the contended lines");
	for (size_t i = 0; i < lines->count; i++) {
		double cost = cost_of(info, &lines->items[i]);

		if (cost < 0)
			continue;
		if (cost < SHARE_MIN && !info->all)
			chosen->cheap++;
		else
			chosen->lines[chosen->count++] = &lines->items[i];
	}
	sort_by_cost(info, chosen);
	return 0;
}

/* A region that does not exist is a mistake; one without contended lines is not. */
static int check_region(const struct info *info, struct profile *profile,
			struct error *error)
{
	struct profile_region *regions = NULL;
	struct nearest nearest;
	size_t count = 0;
	bool found = false;
	int status;

	if (!info->region)
		return 0;
	status = profile_regions(profile, &regions, &count, error);
	nearest_start(&nearest, info->region);
	for (size_t i = 0; i < count && !status; i++) {
		found |= !strcmp(regions[i].name, info->region);
		nearest_offer(&nearest, regions[i].name);
	}
	if (!status && !found)
		status = error_set(error, -ENOENT, "%s has no region '%s'%s%s%s",
				   info->path, info->region,
				   nearest.name[0] ? "; did you mean '" : "",
				   nearest.name, nearest.name[0] ? "'?" : "");
	profile_regions_free(regions, count);
	return status;
}

/* ---- text ---- */

static void put_fact(struct info *info, const char *label, struct text *text)
{
	info->page.failed |= text->failed;
	if (text->chars)
		info_fact(info, label, "%s", text->chars);
	text_free(text);
}

static void put_title(struct info *info, const struct profile_line *line, size_t number)
{
	struct text contended = {0}, title = {0};

	text_printf(&title, "%zu. %s sharing of ", number,
		    profile_line_is_false(line) ? "false" : "true");
	line_put_contended(&contended, line);
	if (contended.chars)
		terminal_put(&title, contended.chars, TITLE_COLUMNS);
	info->page.failed |= contended.failed || title.failed;
	if (title.chars)
		info_heading(info, "%s", title.chars);
	text_free(&contended);
	text_free(&title);
}

static void put_cost(struct info *info, const struct profile_line *line)
{
	struct text text = {0};
	size_t shown = 0;

	for (size_t i = 0; i < line->region_count; i++) {
		const struct line_region *region = &line->regions[i];

		if (info->region ? strcmp(region->name, info->region) != 0
				 : shown == REGIONS_SHOWN)
			continue;
		shown++;
		text_printf(&text,
			    "%.3g %% of the cycles of %s: %.*f fetches from another "
			    "core per call, %.3g per 1000 instructions",
			    PERCENT * region->cycles_share, region->name,
			    region->hitm_per_execution < WHOLE_MIN ? 2 : 0,
			    region->hitm_per_execution, region->hitm_per_1000);
		put_fact(info, shown == 1 ? INDENT "costs" : "", &text);
	}
	if (!info->region && shown < line->region_count)
		info_fact(info, "", "and %zu more region%s", line->region_count - shown,
			  info_plural(line->region_count - shown));
	text_printf(&text, "%.3g %% of the fetches false sharing",
		    line->hitm_false + line->hitm_true > 0
			    ? PERCENT * line->hitm_false /
				      (line->hitm_false + line->hitm_true)
			    : 0);
	put_fact(info, INDENT "kind", &text);
}

static void put_data(struct info *info, const struct profile_line *line)
{
	for (size_t i = 0; i < line->data_count; i++) {
		const struct line_data *data = &line->data[i];
		struct text text = {0};

		if (data->kind == LINE_UNKNOWN && line->data_count > 1)
			continue;
		text_printf(&text, "%u-%u ", data->first, data->last);
		line_put_data(&text, line, data->first);
		put_fact(info, i ? "" : INDENT "holds", &text);
	}
}

/* Frames that say where they are; those of the C library's start of a thread do not help. */
static void put_blocks(struct info *info, const struct profile_line *line)
{
	for (size_t i = 0; i < line->block_count; i++) {
		const struct line_block *block = &line->blocks[i];

		for (size_t k = 0; k < block->frame_count; k++) {
			struct text text = {0};

			line_put_place(&text, &block->frames[k]);
			put_fact(info, k ? "" : INDENT "block", &text);
		}
	}
}

static int compare_threads(const void *left, const void *right)
{
	const struct line_thread *a = left, *b = right;

	return a->thread < b->thread ? -1 : a->thread > b->thread;
}

/* One character a byte: w written, r only read. */
static void put_map(struct info *info, const struct profile_line *line)
{
	struct line_thread threads[LINE_THREADS_MAX];

	memcpy(threads, line->threads, sizeof(threads));
	qsort(threads, line->thread_count, sizeof(*threads), compare_threads);
	text_puts(&info->page, INDENT "byte       ");
	for (int byte = 0; byte < LINE_BYTES; byte += 8)
		text_printf(&info->page, "%-8d", byte);
	while (info->page.length && info->page.chars[info->page.length - 1] == ' ')
		info->page.length--;
	text_puts(&info->page, "\n");
	for (size_t i = 0; i < line->thread_count; i++) {
		const struct line_thread *thread = &threads[i];
		char map[LINE_BYTES + 1] = {0};

		for (int byte = 0; byte < LINE_BYTES; byte++)
			map[byte] = thread->written >> byte & 1 ? 'w'
				    : thread->read >> byte & 1  ? 'r'
								: '.';
		text_printf(&info->page, INDENT "thread %-3u %s\n", thread->thread,
			    map);
	}
	if (line->more_threads)
		text_puts(&info->page, INDENT "           and more threads\n");
}

/*
 * The most frequent one. Counts are over-estimates where many places compete, so that what comes
 * next may be somebody who came by last.
 */
static void put_site(struct info *info, const char *label,
		     const struct line_site *sites, size_t count)
{
	struct text text = {0};

	if (count)
		line_put_place(&text, &sites[0].place);
	put_fact(info, label, &text);
}

static void put_line(struct info *info, const struct profile_line *line, size_t number,
		     size_t runs)
{
	struct text advice = {0};

	put_title(info, line, number);
	put_cost(info, line);
	put_data(info, line);
	put_blocks(info, line);
	put_map(info, line);
	put_site(info, INDENT "waits at", line->fetched_at, line->fetched_count);
	put_site(info, INDENT "for", line->written_at, line->written_count);
	line_put_advice(&advice, line);
	put_fact(info, INDENT "advice", &advice);
	if (line->runs < runs)
		info_fact(info, INDENT "seen", "in %zu of %zu runs", line->runs, runs);
}

/* Why there is nothing to show. */
static void put_none(struct info *info, struct profile *profile,
		     const struct profile_lines *lines)
{
	char *source = profile_get_fact(profile, "source");

	if (lines->runs)
		info_fact(info, "lines", "no cache line was contended%s%s%s",
			  info->region ? " in " : "", info->region ? info->region : "",
			  lines->count && !info->region
				  ? " enough to cost a region 0.1 % of its cycles; "
				    "--all lists what there was"
				  : "");
	else
		info_fact(info, "lines",
			  "unknown: source %s does not see them, autoperf record "
			  "--source sim does",
			  source ? source : "none");
	free(source);
}

static void put_text(struct info *info, struct profile *profile,
		     const struct profile_lines *lines, const struct chosen *chosen)
{
	size_t top = info->top ? info->top : info->all ? chosen->count : TOP;

	info_file(info, "profile");
	if (!chosen->count) {
		put_none(info, profile, lines);
		return;
	}
	info_fact(info, "runs", "%zu on the simulated machine; medians over runs",
		  lines->runs);
	for (size_t i = 0; i < chosen->count && i < top; i++)
		put_line(info, chosen->lines[i], i + 1, lines->runs);
	if (chosen->count > top)
		text_printf(&info->page, "\n%zu more line%s; --top N shows more\n",
			    chosen->count - top, info_plural(chosen->count - top));
	else if (chosen->cheap)
		text_printf(&info->page,
			    "\n%zu more line%s that cost less than 0.1 %% of a region; "
			    "--all lists them\n",
			    chosen->cheap, info_plural(chosen->cheap));
}

/* ---- JSON ---- */

static json_t *region_json(const struct line_region *region)
{
	json_t *object = json_object();

	json_object_set_new(object, "region", info_json_text(region->name));
	json_object_set_new(object, "cycles_share",
			    info_json_number(region->cycles_share));
	json_object_set_new(object, "cycles_per_execution",
			    info_json_number(region->cycles_per_execution));
	json_object_set_new(object, "hitm_per_execution",
			    info_json_number(region->hitm_per_execution));
	json_object_set_new(object, "hitm_per_1000_instructions",
			    info_json_number(region->hitm_per_1000));
	return object;
}

/* Members of the stored detail come as they are: doc/formats/lines.md. */
static json_t *line_json(const struct profile_line *line)
{
	json_t *object = json_object(), *regions = json_array();
	struct text contended = {0}, advice = {0};

	line_put_contended(&contended, line);
	line_put_advice(&advice, line);
	json_object_set_new(object, "identity", info_json_text(line->identity));
	json_object_set_new(
		object, "sharing",
		json_string(profile_line_is_false(line) ? "false" : "true"));
	json_object_set_new(object, "contended", info_json_text(contended.chars));
	json_object_set_new(object, "advice", info_json_text(advice.chars));
	json_object_set_new(object, "runs", json_integer((json_int_t)line->runs));
	json_object_set_new(object, "hitm", info_json_number(line->hitm));
	json_object_set_new(object, "hitm_false", info_json_number(line->hitm_false));
	json_object_set_new(object, "hitm_true", info_json_number(line->hitm_true));
	json_object_set_new(object, "upgrades", info_json_number(line->upgrades));
	json_object_set_new(object, "cycles", info_json_number(line->cycles));
	for (size_t i = 0; i < line->region_count; i++)
		json_array_append_new(regions, region_json(&line->regions[i]));
	json_object_set_new(object, "regions", regions);
	json_object_update(object, line->detail);
	text_free(&contended);
	text_free(&advice);
	return object;
}

static void put_json(struct info *info, const struct profile_lines *lines,
		     const struct chosen *chosen)
{
	size_t top = info->top ? info->top : chosen->count;
	json_t *array = json_array();

	info_file(info, "lines");
	json_object_set_new(info->json, "runs", json_integer((json_int_t)lines->runs));
	for (size_t i = 0; i < chosen->count && i < top; i++)
		json_array_append_new(array, line_json(chosen->lines[i]));
	json_object_set_new(info->json, "lines", array);
}

int info_lines(struct info *info, struct error *error)
{
	struct profile_lines lines = {0};
	struct chosen chosen = {0};
	struct profile *profile = NULL;
	int status = profile_open(&profile, info->path, PROFILE_READ, error);

	if (!status)
		status = check_region(info, profile, error);
	if (!status)
		status = profile_lines(profile, &lines, error);
	if (!status)
		status = choose(info, &lines, &chosen, error);
	if (!status && info->json)
		put_json(info, &lines, &chosen);
	else if (!status)
		put_text(info, profile, &lines, &chosen);
	free(chosen.lines);
	profile_lines_free(&lines);
	profile_close(profile);
	return status;
}
