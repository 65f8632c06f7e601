/* SPDX-License-Identifier: MIT */
/*
 * Contended lines out of the profile: counts of each run, of which medians are made, and the
 * details. A run in which a line was not seen counts as one in which it cost nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/statistics.h"
#include "profile/line_detail.h"
#include "profile/store.h"

#define INSTRUCTIONS_PER 1000.0 /* HITM are told per so many */

#define GOOD_RUNS "SELECT id FROM run WHERE status = 'ok'"

struct loading {
	struct profile *profile;
	struct profile_lines *lines;
	double *values; /* [runs] scratch */
};

static int out_of_memory(struct error *error)
{
	return error_no_memory(error, "reading the contended lines");
}

/* Median of the first `seen` values and of zeros for the runs that are missing. */
static double median(struct loading *loading, size_t seen)
{
	size_t runs = loading->lines->runs;

	for (size_t i = seen; i < runs; i++)
		loading->values[i] = 0;
	return statistics_median(loading->values, runs);
}

/* ---- one line ---- */

static int read_detail(struct loading *loading, sqlite3_stmt *statement,
		       struct profile_line *line, struct error *error)
{
	const char *detail = (const char *)sqlite3_column_text(statement, 2);
	struct text subject = {0};
	struct error why;

	if (detail)
		line->detail = json_loads(detail, JSON_REJECT_DUPLICATES, NULL);
	if (!line->detail)
		return store_damaged(loading->profile, error,
				     "a contended line is no JSON");
	if (line_read_detail(line->detail, line, &why))
		return store_damaged(loading->profile, error, "of a contended line, %s",
				     why.text);
	line_identify(&subject, line, false);
	if (subject.failed)
		return out_of_memory(error);
	line->subject = subject.chars;
	return 0;
}

/* Medians of the counts; *id's rows of line_run. */
static int read_counts(struct loading *loading, int64_t id, struct profile_line *line,
		       struct error *error)
{
	static const char *const columns[] = {"hitm_local + hitm_remote", "hitm_false",
					      "hitm_true", "upgrades", "cycles"};
	double *const medians[] = {&line->hitm, &line->hitm_false, &line->hitm_true,
				   &line->upgrades, &line->cycles};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		struct text sql = {0};
		sqlite3_stmt *statement = NULL;
		int status;

		text_printf(&sql,
			    "SELECT %s FROM line_run WHERE line = ?1"
			    " AND run IN (" GOOD_RUNS ")",
			    columns[i]);
		if (sql.failed)
			return out_of_memory(error);
		status = store_prepare(loading->profile, &statement, sql.chars, error);
		text_free(&sql);
		line->runs = 0;
		if (!status)
			sqlite3_bind_int64(statement, 1, id);
		while (!status && (status = store_step(loading->profile, statement,
						       "reading the contended lines",
						       error)) > 0) {
			status = 0;
			if (line->runs < loading->lines->runs)
				loading->values[line->runs++] =
					(double)sqlite3_column_int64(statement, 0);
		}
		sqlite3_finalize(statement);
		if (status)
			return status;
		*medians[i] = median(loading, line->runs);
	}
	return 0;
}

/* What of a line and region is told; each is a quotient of what line_region and region_run have. */
struct quotient {
	const char *above, *below;
	double factor;
};

static int read_quotient(struct loading *loading, int64_t line, int64_t region,
			 const struct quotient *quotient, double *value,
			 struct error *error)
{
	struct text sql = {0};
	sqlite3_stmt *statement = NULL;
	size_t seen = 0;
	int status;

	text_printf(
		&sql,
		"SELECT line_region.%s, region_run.%s FROM line_region JOIN region_run"
		" ON region_run.run = line_region.run"
		" AND region_run.region = line_region.region"
		" WHERE line_region.line = ?1 AND line_region.region = ?2"
		" AND line_region.run IN (" GOOD_RUNS ")",
		quotient->above, quotient->below);
	if (sql.failed)
		return out_of_memory(error);
	status = store_prepare(loading->profile, &statement, sql.chars, error);
	text_free(&sql);
	if (!status) {
		sqlite3_bind_int64(statement, 1, line);
		sqlite3_bind_int64(statement, 2, region);
	}
	while (!status &&
	       (status = store_step(loading->profile, statement,
				    "reading the contended lines", error)) > 0) {
		double above = (double)sqlite3_column_int64(statement, 0);
		double below = (double)sqlite3_column_int64(statement, 1);

		status = 0;
		if (below > 0 && seen < loading->lines->runs)
			loading->values[seen++] = quotient->factor * above / below;
	}
	sqlite3_finalize(statement);
	*value = median(loading, seen);
	return status;
}

static int compare_regions(const void *left, const void *right)
{
	const struct line_region *a = left, *b = right;

	if (a->cycles_share != b->cycles_share)
		return a->cycles_share > b->cycles_share ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int read_region(struct loading *loading, int64_t line, int64_t id,
		       struct line_region *region, struct error *error)
{
	static const struct quotient quotients[] = {
		{"cycles", "cycles", 1},
		{"cycles", "executions", 1},
		{"hitm", "executions", 1},
		{"hitm", "instructions", INSTRUCTIONS_PER},
	};
	double *const values[] = {&region->cycles_share, &region->cycles_per_execution,
				  &region->hitm_per_execution, &region->hitm_per_1000};
	int status = 0;

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]) && !status; i++)
		status = read_quotient(loading, line, id, &quotients[i], values[i],
				       error);
	return status;
}

static int read_regions(struct loading *loading, int64_t id, struct profile_line *line,
			struct error *error)
{
	static const char sql[] =
		"SELECT DISTINCT region.id, region.name FROM line_region"
		" JOIN region ON region.id = line_region.region"
		" WHERE line_region.line = ?1 AND line_region.run IN (" GOOD_RUNS ")";
	sqlite3_stmt *statement = NULL;
	size_t capacity = 0;
	int status = store_prepare(loading->profile, &statement, sql, error);

	if (!status)
		sqlite3_bind_int64(statement, 1, id);
	while (!status &&
	       (status = store_step(loading->profile, statement,
				    "reading the contended lines", error)) > 0) {
		struct line_region *region;

		if (array_reserve(&line->regions, &capacity, line->region_count + 1,
				  sizeof(*line->regions))) {
			status = out_of_memory(error);
			break;
		}
		region = &line->regions[line->region_count++];
		status = store_column_name(loading->profile, statement, 1,
					   &region->name, error);
		if (!status)
			status = read_region(loading, id,
					     sqlite3_column_int64(statement, 0), region,
					     error);
	}
	sqlite3_finalize(statement);
	if (!status && line->region_count)
		qsort(line->regions, line->region_count, sizeof(*line->regions),
		      compare_regions);
	return status;
}

static int read_line(struct loading *loading, sqlite3_stmt *statement,
		     struct profile_line *line, struct error *error)
{
	int64_t id = sqlite3_column_int64(statement, 0);
	int status = store_column_name(loading->profile, statement, 1, &line->identity,
				       error);

	if (!status)
		status = read_detail(loading, statement, line, error);
	if (!status)
		status = read_counts(loading, id, line, error);
	if (!status)
		status = read_regions(loading, id, line, error);
	return status;
}

/* ---- all ---- */

/* One number. */
static int count(struct profile *profile, const char *sql, size_t *number,
		 struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(profile, &statement, sql, error);

	if (!status)
		status = store_step(profile, statement, "reading the contended lines",
				    error);
	if (status > 0)
		*number = (size_t)store_column_u64(statement, 0);
	sqlite3_finalize(statement);
	return status < 0 ? status : 0;
}

int profile_count_lines(struct profile *profile, size_t *number, struct error *error)
{
	*number = 0;
	if (profile->version < STORE_VERSION_LINES)
		return 0;
	return count(profile, "SELECT count(*) FROM line", number, error);
}

static int read_lines(struct loading *loading, struct error *error)
{
	static const char sql[] =
		"SELECT line.id, line.identity, line.detail FROM line"
		" WHERE line.id IN (SELECT line FROM line_region WHERE run IN"
		" (" GOOD_RUNS "))";
	struct profile_lines *lines = loading->lines;
	sqlite3_stmt *statement = NULL;
	size_t capacity = 0;
	int status = store_prepare(loading->profile, &statement, sql, error);

	while (!status &&
	       (status = store_step(loading->profile, statement,
				    "reading the contended lines", error)) > 0) {
		if (array_reserve(&lines->items, &capacity, lines->count + 1,
				  sizeof(*lines->items)))
			status = out_of_memory(error);
		else
			status = read_line(loading, statement,
					   &lines->items[lines->count++], error);
	}
	sqlite3_finalize(statement);
	return status;
}

static int compare_lines(const void *left, const void *right)
{
	const struct profile_line *a = left, *b = right;

	if (a->cycles != b->cycles)
		return a->cycles > b->cycles ? -1 : 1;
	return strcmp(a->identity, b->identity);
}

int profile_lines(struct profile *profile, struct profile_lines *lines,
		  struct error *error)
{
	struct loading loading = {.profile = profile, .lines = lines};
	int status;

	*lines = (struct profile_lines){0};
	if (profile->version < STORE_VERSION_LINES)
		return 0;
	status = count(profile,
		       "SELECT count(DISTINCT run) FROM region_run"
		       " WHERE run IN (" GOOD_RUNS ")",
		       &lines->runs, error);
	if (status || !lines->runs)
		return status;
	loading.values = calloc(lines->runs, sizeof(*loading.values));
	status = loading.values ? read_lines(&loading, error) : out_of_memory(error);
	free(loading.values);
	if (status)
		profile_lines_free(lines);
	else if (lines->count)
		qsort(lines->items, lines->count, sizeof(*lines->items), compare_lines);
	return status;
}

void profile_lines_free(struct profile_lines *lines)
{
	for (size_t i = 0; i < lines->count; i++) {
		struct profile_line *line = &lines->items[i];

		for (size_t k = 0; k < line->region_count; k++)
			free(line->regions[k].name);
		free(line->regions);
		free(line->identity);
		free(line->subject);
		json_decref(line->detail);
	}
	free(lines->items);
	*lines = (struct profile_lines){0};
}

char *profile_line_detail(const struct profile_line *line)
{
	return json_dumps(line->detail, JSON_COMPACT);
}

const struct line_region *profile_line_region(const struct profile_line *line,
					      const char *region)
{
	for (size_t i = 0; i < line->region_count; i++)
		if (!strcmp(line->regions[i].name, region))
			return &line->regions[i];
	return NULL;
}
