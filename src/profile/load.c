/* SPDX-License-Identifier: MIT */
/*
 * Samples out of the profile, as columns. A table is allocated once, at the size that the
 * chunks announce, and the chunks are decoded straight into it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/store.h"

/* ---- regions ---- */

int profile_regions(struct profile *profile, struct profile_region **regions,
		    size_t *count, struct error *error)
{
	static const char sql[] =
		"SELECT region.id, region.name, coalesce(total(ok.rows), 0),"
		" coalesce(total(ok.wall_total_ns), 0) FROM region LEFT JOIN"
		" (SELECT chunk.region, chunk.rows, chunk.wall_total_ns FROM chunk"
		"  JOIN run ON run.id = chunk.run WHERE run.status = 'ok') AS ok"
		" ON ok.region = region.id GROUP BY region.id ORDER BY region.name";
	sqlite3_stmt *statement = NULL;
	size_t capacity = 0;
	int status;

	*regions = NULL;
	*count = 0;
	status = store_prepare(profile, &statement, sql, error);
	while (!status && (status = store_step(profile, statement,
					       "reading the regions", error)) > 0) {
		struct profile_region *region;

		if (array_reserve(regions, &capacity, *count + 1, sizeof(*region))) {
			status = error_no_memory(error, "reading the regions");
			break;
		}
		region = &(*regions)[(*count)++];
		region->id = sqlite3_column_int64(statement, 0);
		region->samples = store_column_u64(statement, 2);
		region->total_wall_ns = sqlite3_column_double(statement, 3);
		status = store_column_name(profile, statement, 1, &region->name, error);
	}
	sqlite3_finalize(statement);
	if (status) {
		profile_regions_free(*regions, *count);
		*regions = NULL;
		*count = 0;
	}
	return status;
}

void profile_regions_free(struct profile_region *regions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(regions[i].name);
	free(regions);
}

/* ---- tables ---- */

int store_table_reserve(struct sample_table *table, size_t rows, size_t event_count,
			struct error *error)
{
	bool failed = false;

	*table = (struct sample_table){.event_count = event_count};
	table->values = calloc(event_count ? event_count : 1, sizeof(*table->values));
	if (!table->values) {
		table->event_count = 0;
		return error_no_memory(error, "loading samples");
	}
	if (!rows)
		return 0;
	table->run = calloc(rows, sizeof(*table->run));
	table->thread = calloc(rows, sizeof(*table->thread));
	table->begin_ns = calloc(rows, sizeof(*table->begin_ns));
	table->wall_ns = calloc(rows, sizeof(*table->wall_ns));
	table->cpu_ns = calloc(rows, sizeof(*table->cpu_ns));
	table->weight = calloc(rows, sizeof(*table->weight));
	table->running = calloc(rows, sizeof(*table->running));
	for (size_t i = 0; i < event_count; i++) {
		table->values[i] = calloc(rows, sizeof(**table->values));
		failed |= !table->values[i];
	}
	if (failed || !table->run || !table->thread || !table->begin_ns ||
	    !table->wall_ns || !table->cpu_ns || !table->weight || !table->running) {
		return error_set(
			error, -ENOMEM,
			"out of memory while loading %zu samples of %zu counters", rows,
			event_count);
	}
	return 0;
}

void sample_table_free(struct sample_table *table)
{
	free(table->run);
	free(table->thread);
	free(table->begin_ns);
	free(table->wall_ns);
	free(table->cpu_ns);
	free(table->weight);
	free(table->running);
	free(table->depth);
	for (size_t i = 0; i < table->event_count; i++)
		free(table->values[i]);
	free(table->values);
	free(table->run_ordinals);
	*table = (struct sample_table){0};
}

/* ---- chunks of one region and pass ---- */

struct listed_chunk {
	struct store_chunk chunk;
	uint32_t run_ordinal;
};

struct chunk_list {
	struct listed_chunk *items;
	size_t count;
	size_t capacity;
	size_t rows;
};

static int read_chunk_row(struct profile *profile, sqlite3_stmt *statement,
			  struct chunk_list *list, struct error *error)
{
	uint64_t rows = store_column_u64(statement, 1);
	uint64_t ordinal = store_column_u64(statement, 2);
	struct listed_chunk *item;

	if (!rows || rows > COLUMN_ROWS_MAX || ordinal >= UINT32_MAX)
		return store_damaged(profile, error, "a chunk of %" PRIu64 " samples",
				     rows);
	if (array_reserve(&list->items, &list->capacity, list->count + 1,
			  sizeof(*item)))
		return error_no_memory(error, "listing samples");
	item = &list->items[list->count++];
	item->chunk.id = sqlite3_column_int64(statement, 0);
	item->chunk.rows = (size_t)rows;
	item->chunk.first_thread = (uint32_t)store_column_u64(statement, 3);
	item->run_ordinal = (uint32_t)ordinal;
	list->rows += (size_t)rows;
	return 0;
}

/* `pass` -1: every pass. In order of run, then of storing. */
static int list_chunks(struct profile *profile, int64_t region, int64_t pass,
		       bool include_failed, struct chunk_list *list,
		       struct error *error)
{
	static const char sql[] =
		"SELECT chunk.id, chunk.rows, run.ordinal,"
		" coalesce(process.first_thread, 0) FROM chunk"
		" JOIN run ON run.id = chunk.run"
		" LEFT JOIN process ON process.id = chunk.process"
		" WHERE chunk.region = ?1 AND (run.pass = ?2 OR ?2 < 0)"
		" AND (run.status = 'ok' OR ?3) ORDER BY run.ordinal, chunk.id";
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(profile, &statement, sql, error);

	*list = (struct chunk_list){0};
	if (!status) {
		sqlite3_bind_int64(statement, 1, region);
		sqlite3_bind_int64(statement, 2, pass);
		sqlite3_bind_int(statement, 3, include_failed);
	}
	while (!status &&
	       (status = store_step(profile, statement, "listing samples", error)) > 0)
		status = read_chunk_row(profile, statement, list, error);
	sqlite3_finalize(statement);
	if (status) {
		free(list->items);
		*list = (struct chunk_list){0};
	}
	return status;
}

/* Index of the run in table->run_ordinals; chunks come in order of run. */
static int note_run(struct sample_table *table, size_t *capacity, uint32_t ordinal,
		    struct error *error)
{
	if (table->run_count && table->run_ordinals[table->run_count - 1] == ordinal)
		return 0;
	if (array_reserve(&table->run_ordinals, capacity, table->run_count + 1,
			  sizeof(*table->run_ordinals)))
		return error_no_memory(error, "loading samples");
	table->run_ordinals[table->run_count++] = ordinal;
	return 0;
}

int profile_load(struct profile *profile, int64_t region, uint32_t pass,
		 bool include_failed, struct sample_table *table, struct error *error)
{
	struct chunk_list list;
	size_t event_count, run_capacity = 0;
	int status;

	*table = (struct sample_table){0};
	status = store_pass_events(profile, pass, &event_count, error);
	if (!status)
		status = list_chunks(profile, region, pass, include_failed, &list,
				     error);
	if (status)
		return status;
	status = store_table_reserve(table, list.rows, event_count, error);
	for (size_t i = 0; i < list.count && !status; i++) {
		const struct store_chunk *chunk = &list.items[i].chunk;

		status = store_read_chunk(profile, chunk, table, table->rows, error);
		if (!status)
			status = note_run(table, &run_capacity,
					  list.items[i].run_ordinal, error);
		if (status)
			break;
		for (size_t row = 0; row < chunk->rows; row++)
			table->run[table->rows + row] =
				(uint32_t)(table->run_count - 1);
		table->rows += chunk->rows;
	}
	if (status)
		sample_table_free(table);
	free(list.items);
	return status;
}

int profile_load_wall(struct profile *profile, int64_t region, bool include_failed,
		      double **wall_ns, double **weight, size_t *count,
		      struct error *error)
{
	struct sample_table table = {0};
	struct chunk_list list;
	int status;

	*wall_ns = *weight = NULL;
	*count = 0;
	status = list_chunks(profile, region, -1, include_failed, &list, error);
	if (status)
		return status;
	if (list.rows) {
		table.wall_ns = calloc(list.rows, sizeof(*table.wall_ns));
		table.weight = calloc(list.rows, sizeof(*table.weight));
		if (!table.wall_ns || !table.weight)
			status = error_no_memory(error, "loading times");
	}
	for (size_t i = 0; i < list.count && !status; i++) {
		status = store_read_chunk(profile, &list.items[i].chunk, &table, *count,
					  error);
		*count += list.items[i].chunk.rows;
	}
	free(list.items);
	if (status) {
		free(table.wall_ns);
		free(table.weight);
		*count = 0;
	} else {
		*wall_ns = table.wall_ns;
		*weight = table.weight;
	}
	return status;
}
