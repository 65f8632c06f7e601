/* SPDX-License-Identifier: MIT */
/* The walk over a profile that is exported: see export_source.h. */
#include "profile/export_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* Index of the region of that id; regions are few and chunks come sorted by region. */
static int find_region(const struct export_source *source, int64_t id, size_t *index)
{
	for (size_t i = 0; i < source->region_count; i++) {
		size_t at = (*index + i) % source->region_count;

		if (source->regions[at].id == id) {
			*index = at;
			return 0;
		}
	}
	return -ENOENT;
}

static int add_chunk(struct export_source *source, sqlite3_stmt *statement,
		     size_t *region, struct error *error)
{
	struct profile *profile = source->profile;
	uint64_t rows = store_column_u64(statement, 1);
	struct export_chunk *chunk;

	if (!rows || rows > COLUMN_ROWS_MAX)
		return store_damaged(profile, error, "a chunk of %" PRIu64 " samples",
				     rows);
	if (find_region(source, sqlite3_column_int64(statement, 3), region))
		return store_damaged(profile, error, "a chunk of no region");
	if (array_reserve(&source->chunks, &source->chunk_capacity,
			  source->chunk_count + 1, sizeof(*source->chunks)))
		return error_no_memory(error, "listing samples");
	chunk = &source->chunks[source->chunk_count++];
	chunk->chunk.id = sqlite3_column_int64(statement, 0);
	chunk->chunk.rows = (size_t)rows;
	chunk->chunk.first_thread = (uint32_t)store_column_u64(statement, 2);
	chunk->region = *region;
	chunk->process = sqlite3_column_int64(statement, 4);
	return 0;
}

/* Whether the options leave the region of that id in. */
static bool is_region_chosen(const struct export_source *source,
			     const struct export_options *options, int64_t id)
{
	if (!options->region_count)
		return true;
	for (size_t i = 0; i < source->region_count; i++) {
		if (source->regions[i].id != id)
			continue;
		for (size_t k = 0; k < options->region_count; k++)
			if (!strcmp(source->regions[i].name, options->regions[k]))
				return true;
	}
	return false;
}

static bool is_run_chosen(const struct export_options *options, uint32_t ordinal)
{
	for (size_t i = 0; i < options->run_count; i++)
		if (options->runs[i] == ordinal)
			return true;
	return !options->run_count;
}

static int list_chunks(struct export_source *source,
		       const struct export_options *options, sqlite3_stmt *statement,
		       struct export_run *run, struct error *error)
{
	size_t region = 0;
	int status;

	run->first_chunk = source->chunk_count;
	sqlite3_bind_int64(statement, 1, run->run.id);
	while ((status = store_step(source->profile, statement, "listing samples",
				    error)) > 0) {
		if (!is_region_chosen(source, options,
				      sqlite3_column_int64(statement, 3)))
			continue;
		status = add_chunk(source, statement, &region, error);
		if (status)
			break;
	}
	sqlite3_reset(statement);
	run->chunk_count = source->chunk_count - run->first_chunk;
	return status;
}

static int list_runs(struct export_source *source, const struct export_options *options,
		     struct export_summary *summary, struct error *error)
{
	static const char sql[] =
		"SELECT chunk.id, chunk.rows, coalesce(process.first_thread, 0),"
		" chunk.region, coalesce(process.id, 0) FROM chunk JOIN region ON "
		"region.id = chunk.region"
		" LEFT JOIN process ON process.id = chunk.process"
		" WHERE chunk.run = ?1 ORDER BY region.name, chunk.id";
	sqlite3_stmt *statement = NULL;
	struct profile_run *runs;
	size_t count;
	int status = profile_runs(source->profile, &runs, &count, error);

	if (status)
		return status;
	source->runs = calloc(count + 1, sizeof(*source->runs));
	if (!source->runs)
		status = error_no_memory(error, "listing runs");
	if (!status)
		status = store_prepare(source->profile, &statement, sql, error);
	for (size_t i = 0; i < count && !status; i++) {
		struct export_run *run = &source->runs[source->run_count];

		if (runs[i].pass >= source->plan.pass_count) {
			status = store_damaged(source->profile, error,
					       "a run of no pass");
			break;
		}
		if (!is_run_chosen(options, runs[i].ordinal))
			continue;
		run->run = runs[i];
		if (runs[i].status == PROFILE_RUN_OK)
			status = list_chunks(source, options, statement, run, error);
		if (runs[i].status == PROFILE_RUN_OK && run->chunk_count)
			source->run_count++;
		else
			summary->runs_left_out++;
	}
	sqlite3_finalize(statement);
	free(runs);
	return status;
}

/* What the options name must be there: a slip of the pen is no empty result. */
static int check_options(const struct export_source *source,
			 const struct export_options *options, struct error *error)
{
	struct profile *profile = source->profile;
	struct profile_run *runs;
	size_t count;
	int status = profile_runs(profile, &runs, &count, error);

	for (size_t i = 0; i < options->run_count && !status; i++)
		if (options->runs[i] >= count)
			status = error_set(error, -ENOENT,
					   "there is no run %" PRIu32
					   " in %s: it has %zu run%s",
					   options->runs[i] + 1, profile_path(profile),
					   count, count == 1 ? "" : "s");
	for (size_t i = 0; i < options->region_count && !status; i++) {
		size_t at = 0;

		while (at < source->region_count &&
		       strcmp(source->regions[at].name, options->regions[i]) != 0)
			at++;
		if (at == source->region_count)
			status = error_set(error, -ENOENT,
					   "there is no region '%s' in %s; 'autoperf "
					   "info' lists them",
					   options->regions[i], profile_path(profile));
	}
	free(runs);
	return status;
}

static int reserve_table(struct export_source *source, struct error *error)
{
	size_t events = 0;
	int status;

	for (size_t pass = 0; pass < source->plan.pass_count; pass++)
		if (source->plan.passes[pass].count > events)
			events = source->plan.passes[pass].count;
	status = store_table_reserve(&source->table, COLUMN_ROWS_MAX, events, error);
	if (status)
		return status;
	source->table.depth = calloc(COLUMN_ROWS_MAX, sizeof(*source->table.depth));
	return source->table.depth ? 0 : error_no_memory(error, "exporting");
}

int export_source_open(struct export_source *source, struct profile *profile,
		       const struct export_options *options,
		       struct export_summary *summary, struct error *error)
{
	static const struct export_options everything = {0};
	double samples = 0;
	int status;

	options = options ? options : &everything;
	*source = (struct export_source){.profile = profile};
	*summary = (struct export_summary){0};
	status = profile_get_plan(profile, &source->plan, error);
	if (!status)
		status = profile_regions(profile, &source->regions,
					 &source->region_count, error);
	if (!status)
		status = check_options(source, options, error);
	if (!status)
		status = list_runs(source, options, summary, error);
	if (!status)
		status = reserve_table(source, error);
	if (!status && !source->run_count)
		status = error_set(
			error, -ENODATA,
			"profile %s has no sample of a run that ended well%s: "
			"nothing to export",
			profile_path(profile),
			options->run_count || options->region_count
				? " among those chosen"
				: "");
	summary->runs = source->run_count;
	for (size_t i = 0; i < source->chunk_count; i++)
		samples += (double)source->chunks[i].chunk.rows;
	progress_start(&source->progress, options->console, "exporting", samples);
	return status;
}

void export_source_close(struct export_source *source)
{
	progress_finish(&source->progress);
	event_plan_free(&source->plan);
	profile_regions_free(source->regions, source->region_count);
	free(source->runs);
	free(source->chunks);
	sample_table_free(&source->table);
}

int export_read(struct export_source *source, const struct export_run *run,
		const struct export_chunk *chunk, struct sample_table *view,
		struct error *error)
{
	*view = source->table;
	view->event_count = source->plan.passes[run->run.pass].count;
	view->rows = chunk->chunk.rows;
	progress_update(&source->progress, source->progress.done + (double)view->rows);
	return store_read_chunk(source->profile, &chunk->chunk, view, 0, error);
}
