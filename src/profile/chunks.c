/* SPDX-License-Identifier: MIT */
/*
 * Chunks: up to COLUMN_ROWS_MAX samples of one region in one run, as rows of the tables chunk
 * and block. Everything that writes or reads samples comes through here.
 *
 * A column whose every row is the default (thread 0, begin 0, wall 0, CPU time unknown, weight
 * 1, counters always running, depth 0) is left out.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/store.h"

int store_codec(struct profile *profile, struct error *error)
{
	return profile->codec ? 0 : column_codec_new(&profile->codec, error);
}

/* ---- writing ---- */

int store_region(struct profile *profile, const char *name, int64_t *region,
		 struct error *error)
{
	sqlite3_stmt *find = NULL, *add = NULL;
	int status;

	status = store_prepare(profile, &find, "SELECT id FROM region WHERE name = ?1",
			       error);
	if (status)
		return status;
	sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
	status = store_step(profile, find, "looking a region up", error);
	if (status > 0)
		*region = sqlite3_column_int64(find, 0);
	sqlite3_finalize(find);
	if (status)
		return status < 0 ? status : 0;

	status = store_prepare(profile, &add, "INSERT INTO region(name) VALUES(?1)",
			       error);
	if (status)
		return status;
	sqlite3_bind_text(add, 1, name, -1, SQLITE_STATIC);
	status = store_run(profile, add, "storing a region", error);
	*region = sqlite3_last_insert_rowid(profile->db);
	sqlite3_finalize(add);
	return status;
}

int store_put_chunk(struct profile *profile, int64_t region, int64_t process,
		    size_t rows, double wall_total_ns, int64_t *chunk,
		    struct error *error)
{
	static const char sql[] = "INSERT INTO chunk(run, region, process, rows,"
				  " wall_total_ns) VALUES(?1, ?2, ?3, ?4, ?5)";
	int status = 0;

	if (!profile->insert_chunk)
		status = store_prepare(profile, &profile->insert_chunk, sql, error);
	if (status)
		return status;
	sqlite3_bind_int64(profile->insert_chunk, 1, profile->run);
	sqlite3_bind_int64(profile->insert_chunk, 2, region);
	if (process)
		sqlite3_bind_int64(profile->insert_chunk, 3, process);
	sqlite3_bind_int64(profile->insert_chunk, 4, (sqlite3_int64)rows);
	sqlite3_bind_double(profile->insert_chunk, 5, wall_total_ns);
	status = store_run(profile, profile->insert_chunk, "storing samples", error);
	*chunk = sqlite3_last_insert_rowid(profile->db);
	return status;
}

int store_put_block(struct profile *profile, int64_t chunk, unsigned column,
		    const struct column_block *block, struct error *error)
{
	static const char sql[] =
		"INSERT INTO block(chunk, column, data) VALUES(?1, ?2, ?3)";
	int status = 0;

	if (!profile->insert_block)
		status = store_prepare(profile, &profile->insert_block, sql, error);
	if (status)
		return status;
	sqlite3_bind_int64(profile->insert_block, 1, chunk);
	sqlite3_bind_int64(profile->insert_block, 2, column);
	sqlite3_bind_blob64(profile->insert_block, 3, block->bytes, block->length,
			    SQLITE_STATIC);
	return store_run(profile, profile->insert_block, "storing samples", error);
}

/* One column of doubles; nothing when every row equals `otherwise` (NaN equals NaN). */
static int put_real(struct profile *profile, int64_t chunk, unsigned column,
		    const double *values, size_t rows, const double *otherwise,
		    struct error *error)
{
	struct column_block block;
	size_t same = 0;
	int status;

	if (!values)
		return 0;
	while (otherwise && same < rows &&
	       (values[same] == *otherwise ||
		(isnan(values[same]) && isnan(*otherwise))))
		same++;
	if (same == rows)
		return 0;
	status = column_encode_real(profile->codec, values, rows, &block, error);
	if (!status)
		status = store_put_block(profile, chunk, column, &block, error);
	return status;
}

static int put_integer(struct profile *profile, int64_t chunk, unsigned column,
		       enum column_encoding encoding, const uint64_t *values,
		       size_t rows, struct error *error)
{
	struct column_block block;
	size_t zeros = 0;
	int status;

	while (zeros < rows && !values[zeros])
		zeros++;
	if (zeros == rows)
		return 0;
	status = column_encode(profile->codec, encoding, values, rows, &block, error);
	if (!status)
		status = store_put_block(profile, chunk, column, &block, error);
	return status;
}

/* The columns of profile_add_samples() that are no doubles, widened. */
static int put_thread_and_begin(struct profile *profile, int64_t chunk,
				const struct sample_table *table, size_t at,
				size_t rows, struct error *error)
{
	uint64_t *wide = malloc(rows * sizeof(*wide));
	int status = 0;

	if (!wide)
		return error_no_memory(error, "storing samples");
	if (table->thread) {
		for (size_t i = 0; i < rows; i++)
			wide[i] = table->thread[at + i];
		status = put_integer(profile, chunk, STORE_COLUMN_THREAD,
				     COLUMN_INTEGER, wide, rows, error);
	}
	if (!status && table->begin_ns)
		status = put_integer(profile, chunk, STORE_COLUMN_BEGIN, COLUMN_DELTA,
				     table->begin_ns + at, rows, error);
	free(wide);
	return status;
}

static int put_running(struct profile *profile, int64_t chunk, const float *running,
		       size_t rows, struct error *error)
{
	static const double all = 1;
	double *wide;
	int status;

	if (!running)
		return 0;
	wide = malloc(rows * sizeof(*wide));
	if (!wide)
		return error_no_memory(error, "storing samples");
	/* Reals, so that a reader tells them from integer parts of STORE_RUNNING_ALL. */
	for (size_t i = 0; i < rows; i++)
		wide[i] = running[i];
	status =
		put_real(profile, chunk, STORE_COLUMN_RUNNING, wide, rows, &all, error);
	free(wide);
	return status;
}

static int put_rows(struct profile *profile, int64_t region,
		    const struct sample_table *table, size_t at, size_t rows,
		    struct error *error)
{
	static const double zero = 0, one = 1, unknown = NAN;
	const double *wall = table->wall_ns ? table->wall_ns + at : NULL;
	const double *weight = table->weight ? table->weight + at : NULL;
	const double *cpu = table->cpu_ns ? table->cpu_ns + at : NULL;
	double total = 0;
	int64_t chunk;
	int status;

	for (size_t i = 0; wall && i < rows; i++)
		total += wall[i] * (weight ? weight[i] : 1);
	status = store_put_chunk(profile, region, 0, rows, total, &chunk, error);
	if (!status)
		status = put_thread_and_begin(profile, chunk, table, at, rows, error);
	if (!status)
		status = put_real(profile, chunk, STORE_COLUMN_WALL, wall, rows, &zero,
				  error);
	if (!status)
		status = put_real(profile, chunk, STORE_COLUMN_CPU, cpu, rows, &unknown,
				  error);
	if (!status)
		status = put_real(profile, chunk, STORE_COLUMN_WEIGHT, weight, rows,
				  &one, error);
	if (!status)
		status = put_running(profile, chunk,
				     table->running ? table->running + at : NULL, rows,
				     error);
	for (size_t i = 0; i < table->event_count && !status; i++)
		status = put_real(profile, chunk, STORE_COLUMN_EVENT + (unsigned)i,
				  table->values[i] + at, rows, NULL, error);
	return status;
}

int profile_add_samples(struct profile *profile, struct profile_run *run,
			const char *region_name, const struct sample_table *table,
			struct error *error)
{
	char *name;
	int64_t region;
	int status;

	status = store_check_run(profile, run, error);
	if (status)
		return status;
	if (table->event_count != profile->run_events)
		return error_set(
			error, -EINVAL, "samples of %zu events for a pass of %zu in %s",
			table->event_count, profile->run_events, profile->path);
	name = store_keep_text(region_name);
	if (!name)
		return error_no_memory(error, "storing samples");
	status = store_codec(profile, error);
	if (!status)
		status = store_begin(profile, error);
	if (status)
		goto out;
	if (table->rows)
		status = store_region(profile, name, &region, error);
	for (size_t at = 0; at < table->rows && !status; at += COLUMN_ROWS_MAX) {
		size_t rows = table->rows - at;

		status = put_rows(profile, region, table, at,
				  rows < COLUMN_ROWS_MAX ? rows : COLUMN_ROWS_MAX,
				  error);
	}
	status = store_end(profile, status, error);
	if (!status)
		run->samples += table->rows;
out:
	free(name);
	return status;
}

/* ---- reading ---- */

/* What a chunk without the column means. */
static void set_defaults(struct sample_table *table, size_t at,
			 const struct store_chunk *chunk)
{
	for (size_t i = at; i < at + chunk->rows; i++) {
		if (table->thread)
			table->thread[i] = chunk->first_thread;
		if (table->begin_ns)
			table->begin_ns[i] = 0;
		if (table->wall_ns)
			table->wall_ns[i] = 0;
		if (table->cpu_ns)
			table->cpu_ns[i] = NAN;
		if (table->weight)
			table->weight[i] = 1;
		if (table->running)
			table->running[i] = 1;
		if (table->depth)
			table->depth[i] = 0;
	}
}

static double as_real(uint64_t value, enum column_encoding encoding)
{
	double real;

	if (encoding == COLUMN_INTEGER)
		return (double)value;
	memcpy(&real, &value, sizeof(real));
	return real;
}

static void fill_real(double *out, const uint64_t *values, size_t rows,
		      enum column_encoding encoding)
{
	for (size_t i = 0; i < rows; i++)
		out[i] = as_real(values[i], encoding);
}

static void fill_running(float *out, const uint64_t *values, size_t rows,
			 enum column_encoding encoding)
{
	for (size_t i = 0; i < rows; i++) {
		double share = as_real(values[i], encoding);

		if (encoding == COLUMN_INTEGER)
			share /= STORE_RUNNING_ALL;
		out[i] = (float)share;
	}
}

static bool fill_depth(uint16_t *out, const uint64_t *values, size_t rows)
{
	for (size_t i = 0; i < rows; i++) {
		if (values[i] > UINT16_MAX)
			return false;
		out[i] = (uint16_t)values[i];
	}
	return true;
}

/* Where the rows of a column of doubles go; NULL: nowhere. */
static double *real_target(const struct sample_table *table, uint64_t column)
{
	switch (column) {
	case STORE_COLUMN_WALL:
		return table->wall_ns;
	case STORE_COLUMN_CPU:
		return table->cpu_ns;
	case STORE_COLUMN_WEIGHT:
		return table->weight;
	default:
		return column - STORE_COLUMN_EVENT < table->event_count
			       ? table->values[column - STORE_COLUMN_EVENT]
			       : NULL;
	}
}

static bool is_wanted(const struct sample_table *table, uint64_t column)
{
	switch (column) {
	case STORE_COLUMN_THREAD:
		return table->thread;
	case STORE_COLUMN_BEGIN:
		return table->begin_ns;
	case STORE_COLUMN_RUNNING:
		return table->running;
	case STORE_COLUMN_DEPTH:
		return table->depth;
	default:
		return real_target(table, column);
	}
}

/* Values of wall, CPU time and weight that arithmetic downstream relies on. */
static bool is_sane(uint64_t column, const double *values, size_t rows)
{
	for (size_t i = 0; i < rows; i++) {
		if (column == STORE_COLUMN_CPU && isnan(values[i]))
			continue;
		if (!isfinite(values[i]) ||
		    (column < STORE_COLUMN_EVENT && values[i] < 0) ||
		    (column == STORE_COLUMN_WEIGHT && values[i] <= 0))
			return false;
	}
	return true;
}

static bool is_share(const float *values, size_t rows)
{
	for (size_t i = 0; i < rows; i++)
		if (!(values[i] >= 0 && values[i] <= 1))
			return false;
	return true;
}

static int fill_column(struct profile *profile, const struct store_chunk *chunk,
		       uint64_t column, const uint64_t *values,
		       enum column_encoding encoding, struct sample_table *table,
		       size_t at, struct error *error)
{
	double *target;

	switch (column) {
	case STORE_COLUMN_THREAD:
		for (size_t i = 0; i < chunk->rows; i++)
			table->thread[at + i] =
				chunk->first_thread + (uint32_t)values[i];
		return 0;
	case STORE_COLUMN_BEGIN:
		memcpy(table->begin_ns + at, values, chunk->rows * sizeof(*values));
		return 0;
	case STORE_COLUMN_RUNNING:
		fill_running(table->running + at, values, chunk->rows, encoding);
		return is_share(table->running + at, chunk->rows)
			       ? 0
			       : store_damaged(profile, error,
					       "a share is not in 0..1");
	case STORE_COLUMN_DEPTH:
		return fill_depth(table->depth + at, values, chunk->rows)
			       ? 0
			       : store_damaged(profile, error,
					       "a depth that no thread has");
	default:
		target = real_target(table, column) + at;
		fill_real(target, values, chunk->rows, encoding);
		return is_sane(column, target, chunk->rows)
			       ? 0
			       : store_damaged(profile, error,
					       "column %" PRIu64 " of chunk %" PRId64
					       " has impossible numbers",
					       column, chunk->id);
	}
}

static int read_block(struct profile *profile, sqlite3_stmt *statement,
		      const struct store_chunk *chunk, uint64_t *values,
		      struct sample_table *table, size_t at, size_t *events_found,
		      struct error *error)
{
	uint64_t column = store_column_u64(statement, 0);
	enum column_encoding encoding;
	const void *bytes;
	int status;

	if (column >= STORE_COLUMN_EVENT &&
	    column - STORE_COLUMN_EVENT < table->event_count)
		(*events_found)++;
	if (!is_wanted(table, column))
		return 0;
	bytes = sqlite3_column_blob(statement, 1);
	status = column_decode(profile->codec, bytes,
			       (size_t)sqlite3_column_bytes(statement, 1), chunk->rows,
			       values, &encoding, error);
	if (status == -EBADMSG)
		return error_prefix(error,
				    "the profile %s is damaged: column %" PRIu64
				    " of chunk %" PRId64,
				    profile->path, column, chunk->id);
	if (!status)
		status = fill_column(profile, chunk, column, values, encoding, table,
				     at, error);
	return status;
}

int store_read_chunk(struct profile *profile, const struct store_chunk *chunk,
		     struct sample_table *table, size_t at, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	size_t events_found = 0;
	uint64_t *values = NULL;
	int status;

	status = store_codec(profile, error);
	if (!status)
		status = store_prepare(
			profile, &statement,
			"SELECT column, data FROM block WHERE chunk = ?1", error);
	if (status)
		return status;
	values = malloc(chunk->rows * sizeof(*values));
	if (!values) {
		status = error_no_memory(error, "reading samples");
		goto out;
	}
	sqlite3_bind_int64(statement, 1, chunk->id);
	set_defaults(table, at, chunk);
	while ((status = store_step(profile, statement, "reading samples", error)) >
	       0) {
		status = read_block(profile, statement, chunk, values, table, at,
				    &events_found, error);
		if (status)
			break;
	}
	if (!status && events_found != table->event_count)
		status = store_damaged(profile, error,
				       "chunk %" PRId64 " has %zu of %zu counters",
				       chunk->id, events_found, table->event_count);
out:
	free(values);
	sqlite3_finalize(statement);
	return status;
}
