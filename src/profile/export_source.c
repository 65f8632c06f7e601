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
	return 0;
}

static int list_chunks(struct export_source *source, sqlite3_stmt *statement,
		       struct export_run *run, struct error *error)
{
	size_t region = 0;
	int status;

	run->first_chunk = source->chunk_count;
	sqlite3_bind_int64(statement, 1, run->run.id);
	while ((status = store_step(source->profile, statement, "listing samples",
				    error)) > 0) {
		status = add_chunk(source, statement, &region, error);
		if (status)
			break;
	}
	sqlite3_reset(statement);
	run->chunk_count = source->chunk_count - run->first_chunk;
	return status;
}

static int list_runs(struct export_source *source, struct export_summary *summary,
		     struct error *error)
{
	static const char sql[] =
		"SELECT chunk.id, chunk.rows, coalesce(process.first_thread, 0),"
		" chunk.region FROM chunk JOIN region ON region.id = chunk.region"
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
		run->run = runs[i];
		if (runs[i].status == PROFILE_RUN_OK)
			status = list_chunks(source, statement, run, error);
		if (runs[i].status == PROFILE_RUN_OK && run->chunk_count)
			source->run_count++;
		else
			summary->runs_left_out++;
	}
	sqlite3_finalize(statement);
	free(runs);
	return status;
}

int export_source_open(struct export_source *source, struct profile *profile,
		       struct export_summary *summary, struct error *error)
{
	size_t events = 0;
	int status;

	*source = (struct export_source){.profile = profile};
	*summary = (struct export_summary){0};
	status = profile_get_plan(profile, &source->plan, error);
	if (!status)
		status = profile_regions(profile, &source->regions,
					 &source->region_count, error);
	if (!status)
		status = list_runs(source, summary, error);
	for (size_t pass = 0; pass < source->plan.pass_count; pass++)
		if (source->plan.passes[pass].count > events)
			events = source->plan.passes[pass].count;
	if (!status)
		status = store_table_reserve(&source->table, COLUMN_ROWS_MAX, events,
					     error);
	if (!status && !source->run_count)
		status = error_set(error, -ENODATA,
				   "profile %s has no sample of a run that ended well: "
				   "nothing to export",
				   profile_path(profile));
	summary->runs = source->run_count;
	return status;
}

void export_source_close(struct export_source *source)
{
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
	return store_read_chunk(source->profile, &chunk->chunk, view, 0, error);
}
