/* SPDX-License-Identifier: MIT */
/*
 * A recording into the profile.
 *
 * Samples come in the order of the threads' blocks; the profile wants them by region. The
 * recording is mapped and never changes, so what is gathered per region is not samples but
 * their addresses: 8 bytes each. When a region has COLUMN_ROWS_MAX of them, they are turned
 * into columns, tile by tile so that a tile's samples stay in the first-level cache, encoded
 * and stored as one chunk. When all regions together reach ADDRESSES_MAX, all are written.
 *
 * Memory: addresses 24 MiB, columns (7 + events) x 0.5 MiB, codec 2 MiB: under 64 MiB with
 * RECORDING_EVENTS_MAX events, whatever the number of samples, regions and threads.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/store.h"
#include "recording/reader.h"

#define ADDRESSES_MAX (3u << 20) /* over all regions */
#define TILE_ROWS     128u       /* x 104 bytes: 13 KiB */

/* Columns besides the counters, in the order of ingest.columns. */
enum fixed_column { THREAD, BEGIN, WALL, CPU, WEIGHT, RUNNING, DEPTH, FIXED_COLUMNS };

/* One region of the recording. */
struct partition {
	const unsigned char **samples; /* addresses in the recording */
	size_t count;
	size_t capacity;
	int64_t region; /* id in the profile, 0: not looked up yet */
};

struct ingest {
	struct profile *profile;
	struct recording recording;
	struct partition *partitions; /* [recording.region_count] */
	size_t addresses;             /* capacity of all partitions */
	uint64_t *columns[FIXED_COLUMNS + RECORDING_EVENTS_MAX];
	unsigned char *tile; /* [TILE_ROWS] samples */
	double *cpu_ns; /* [COLUMN_ROWS_MAX], for chunks where only some samples have it */
	int64_t process;
	uint64_t counted; /* as in struct profile_run, as the next */
	double region_ns;
	uint64_t stored;
	uint64_t invalid; /* samples of no region or thread */
};

/* ---- a chunk ---- */

/* Rows `begin` to `end` of the partition, settled, into the tile. */
static void copy_tile(struct ingest *ingest, const struct partition *partition,
		      size_t begin, size_t end)
{
	size_t sample_bytes = ingest->recording.header.sample_bytes;

	for (size_t i = begin; i < end; i++)
		recording_copy(&ingest->recording, partition->samples[i],
			       ingest->tile + (i - begin) * sample_bytes);
}

static void gather_fixed(struct ingest *ingest, size_t begin, size_t end)
{
	size_t sample_bytes = ingest->recording.header.sample_bytes;
	const unsigned char *at = ingest->tile;

	for (size_t i = begin; i < end; i++, at += sample_bytes) {
		const struct recording_sample *sample = (const void *)at;

		ingest->columns[THREAD][i] = sample->thread;
		ingest->columns[BEGIN][i] = sample->begin_ns;
		ingest->columns[WALL][i] = sample->wall_ns;
		ingest->columns[CPU][i] = sample->cpu_ns;
		ingest->columns[WEIGHT][i] = sample->one_in;
		ingest->columns[RUNNING][i] = sample->running_share;
		ingest->columns[DEPTH][i] = sample->depth;
	}
}

static void gather(struct ingest *ingest, const struct partition *partition)
{
	size_t events = ingest->recording.header.event_count;
	size_t sample_bytes = ingest->recording.header.sample_bytes;

	for (size_t begin = 0; begin < partition->count; begin += TILE_ROWS) {
		size_t end = begin + TILE_ROWS;

		if (end > partition->count)
			end = partition->count;
		copy_tile(ingest, partition, begin, end);
		gather_fixed(ingest, begin, end);
		for (size_t event = 0; event < events; event++) {
			uint64_t *column = ingest->columns[FIXED_COLUMNS + event];
			const unsigned char *at = ingest->tile +
						  sizeof(struct recording_sample) +
						  8 * event;

			for (size_t i = begin; i < end; i++, at += sample_bytes)
				memcpy(&column[i], at, 8);
		}
	}
}

static double total_wall(const struct ingest *ingest, size_t rows)
{
	double total = 0;

	for (size_t i = 0; i < rows; i++)
		total += (double)ingest->columns[WALL][i] *
			 (double)ingest->columns[WEIGHT][i];
	return total;
}

/* Leaves out a column whose every row is `otherwise`. */
static int put_column(struct ingest *ingest, int64_t chunk, unsigned column,
		      enum column_encoding encoding, const uint64_t *values,
		      size_t rows, uint64_t otherwise, struct error *error)
{
	struct column_block block;
	size_t same = 0;
	int status;

	while (same < rows && values[same] == otherwise)
		same++;
	if (same == rows)
		return 0;
	status = column_encode(ingest->profile->codec, encoding, values, rows, &block,
			       error);
	if (!status)
		status = store_put_block(ingest->profile, chunk, column, &block, error);
	return status;
}

/* CPU time is known for all samples, for none, or (rarely) for some: then NaN elsewhere. */
static int put_cpu(struct ingest *ingest, const struct partition *partition,
		   int64_t chunk, struct error *error)
{
	struct column_block block;
	size_t rows = partition->count, known = 0;
	int status;

	for (size_t i = 0; i < rows; i++) {
		const struct recording_sample *sample =
			(const void *)partition->samples[i];
		bool told = sample->flags & RECORDING_SAMPLE_CPU_TIME;

		known += told;
		ingest->cpu_ns[i] =
			told ? (double)ingest->columns[CPU][i] : (double)NAN;
	}
	if (!known)
		return 0;
	status = known == rows
			 ? column_encode(ingest->profile->codec, COLUMN_INTEGER,
					 ingest->columns[CPU], rows, &block, error)
			 : column_encode_real(ingest->profile->codec, ingest->cpu_ns,
					      rows, &block, error);
	if (!status)
		status = store_put_block(ingest->profile, chunk, STORE_COLUMN_CPU,
					 &block, error);
	return status;
}

static bool any_counted(const uint64_t *values, size_t rows)
{
	uint64_t any = 0;

	for (size_t i = 0; i < rows; i++)
		any |= values[i];
	return any;
}

static int put_columns(struct ingest *ingest, const struct partition *partition,
		       int64_t chunk, struct error *error)
{
	static const struct {
		enum fixed_column from;
		enum store_column to;
		enum column_encoding encoding;
		uint64_t otherwise;
	} fixed[] = {
		{THREAD, STORE_COLUMN_THREAD, COLUMN_INTEGER, 0},
		{BEGIN, STORE_COLUMN_BEGIN, COLUMN_DELTA, 0},
		{WALL, STORE_COLUMN_WALL, COLUMN_INTEGER, 0},
		{WEIGHT, STORE_COLUMN_WEIGHT, COLUMN_INTEGER, 1},
		{RUNNING, STORE_COLUMN_RUNNING, COLUMN_INTEGER, STORE_RUNNING_ALL},
		{DEPTH, STORE_COLUMN_DEPTH, COLUMN_INTEGER, 0},
	};
	struct column_block block;
	int status = 0;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]) && !status; i++)
		status = put_column(ingest, chunk, fixed[i].to, fixed[i].encoding,
				    ingest->columns[fixed[i].from], partition->count,
				    fixed[i].otherwise, error);
	if (!status)
		status = put_cpu(ingest, partition, chunk, error);
	for (uint32_t i = 0; i < ingest->recording.header.event_count && !status; i++) {
		if (any_counted(ingest->columns[FIXED_COLUMNS + i], partition->count))
			ingest->counted |= (uint64_t)1 << i;
		status = column_encode(ingest->profile->codec, COLUMN_INTEGER,
				       ingest->columns[FIXED_COLUMNS + i],
				       partition->count, &block, error);
		if (!status)
			status = store_put_block(ingest->profile, chunk,
						 STORE_COLUMN_EVENT + i, &block, error);
	}
	return status;
}

static int find_region(struct ingest *ingest, size_t index, struct error *error)
{
	const char *bytes = ingest->recording.region_names[index];
	char *name = profile_clean_text(bytes, strlen(bytes));
	int status;

	if (!name)
		return error_no_memory(error, "storing a region");
	status = store_region(ingest->profile, name, &ingest->partitions[index].region,
			      error);
	free(name);
	return status;
}

/* Writes what the region has gathered and forgets it. */
static int flush_partition(struct ingest *ingest, size_t index, struct error *error)
{
	struct partition *partition = &ingest->partitions[index];
	double wall_ns;
	int64_t chunk;
	int status = 0;

	if (!partition->count)
		return 0;
	if (!partition->region)
		status = find_region(ingest, index, error);
	if (status)
		return status;
	gather(ingest, partition);
	wall_ns = total_wall(ingest, partition->count);
	ingest->region_ns += wall_ns;
	status = store_put_chunk(ingest->profile, partition->region, ingest->process,
				 partition->count, wall_ns, &chunk, error);
	if (!status)
		status = put_columns(ingest, partition, chunk, error);
	ingest->stored += partition->count;
	partition->count = 0;
	return status;
}

static int flush_all(struct ingest *ingest, struct error *error)
{
	int status = 0;

	for (uint32_t i = 0; i < ingest->recording.region_count && !status; i++) {
		struct partition *partition = &ingest->partitions[i];

		status = flush_partition(ingest, i, error);
		free(partition->samples);
		partition->samples = NULL;
		partition->capacity = 0;
	}
	ingest->addresses = 0;
	return status;
}

/* ---- the recording ---- */

/* Makes room for one more address of the region, writing chunks as needed. */
static int make_room(struct ingest *ingest, size_t index, struct error *error)
{
	struct partition *partition = &ingest->partitions[index];
	size_t before = partition->capacity;

	if (partition->count == COLUMN_ROWS_MAX)
		return flush_partition(ingest, index, error);
	if (ingest->addresses >= ADDRESSES_MAX) {
		int status = flush_all(ingest, error);

		if (status)
			return status;
		before = 0;
	}
	if (array_reserve(&partition->samples, &partition->capacity,
			  partition->count + 1, sizeof(*partition->samples)))
		return error_no_memory(error, "sorting samples by region");
	ingest->addresses += partition->capacity - before;
	return 0;
}

static int read_samples(struct ingest *ingest, struct error *error)
{
	struct recording *recording = &ingest->recording;
	size_t sample_bytes = recording->header.sample_bytes, count;
	const unsigned char *samples;
	int status;

	while (recording_next(recording, &samples, &count)) {
		for (size_t i = 0; i < count; i++, samples += sample_bytes) {
			const struct recording_sample *sample = (const void *)samples;
			struct partition *partition;

			if (!recording_sample_valid(recording, sample)) {
				ingest->invalid++;
				continue;
			}
			partition = &ingest->partitions[sample->region];
			if (partition->count == partition->capacity ||
			    partition->count == COLUMN_ROWS_MAX) {
				status = make_room(ingest, sample->region, error);
				if (status)
					return status;
			}
			partition->samples[partition->count++] = samples;
		}
	}
	return flush_all(ingest, error);
}

/* The recording must have been made with the run's pass: same events, same order. */
static int check_events(struct ingest *ingest, const char *path, struct error *error)
{
	const struct recording *recording = &ingest->recording;
	struct profile *profile = ingest->profile;
	static const char sql[] = "SELECT event.name FROM pass_event JOIN event"
				  " ON event.id = pass_event.event"
				  " WHERE pass_event.pass = ?1 ORDER BY position";
	sqlite3_stmt *statement = NULL;
	uint32_t position = 0;
	int status;

	if (recording->header.event_count != profile->run_events)
		return error_set(
			error, -EINVAL,
			"recording %s has %u events, pass %u of profile %s has "
			"%zu: it belongs to another measurement",
			path, recording->header.event_count, profile->run_pass + 1,
			profile->path, profile->run_events);
	status = store_prepare(profile, &statement, sql, error);
	if (status)
		return status;
	sqlite3_bind_int64(statement, 1, profile->run_pass);
	while ((status = store_step(profile, statement, "reading the passes", error)) >
	       0) {
		const char *expected = (const char *)sqlite3_column_text(statement, 0);
		char *name = store_keep_text(recording->event_names[position]);

		if (!name || !expected)
			status = error_no_memory(error, "comparing events");
		else if (strcmp(name, expected))
			status = error_set(
				error, -EINVAL,
				"event %u of recording %s is %s, in pass %u of "
				"profile %s it is %s: it belongs to another "
				"measurement",
				position + 1, path, name, profile->run_pass + 1,
				profile->path, expected);
		free(name);
		if (status < 0 || ++position == recording->header.event_count)
			break;
	}
	sqlite3_finalize(statement);
	return status < 0 ? status : 0;
}

static int allocate(struct ingest *ingest, struct error *error)
{
	size_t columns = FIXED_COLUMNS + ingest->recording.header.event_count;
	bool failed = false;

	ingest->partitions = calloc((size_t)ingest->recording.region_count + 1,
				    sizeof(*ingest->partitions));
	ingest->cpu_ns = malloc(COLUMN_ROWS_MAX * sizeof(*ingest->cpu_ns));
	ingest->tile =
		malloc((size_t)TILE_ROWS * ingest->recording.header.sample_bytes);
	for (size_t i = 0; i < columns; i++) {
		ingest->columns[i] = malloc(COLUMN_ROWS_MAX * sizeof(uint64_t));
		failed |= !ingest->columns[i];
	}
	if (failed || !ingest->partitions || !ingest->cpu_ns)
		return error_no_memory(error, "sorting samples by region");
	return store_codec(ingest->profile, error);
}

static void release(struct ingest *ingest)
{
	for (uint32_t i = 0; ingest->partitions && i < ingest->recording.region_count;
	     i++)
		free(ingest->partitions[i].samples);
	free(ingest->partitions);
	free(ingest->cpu_ns);
	free(ingest->tile);
	for (size_t i = 0; i < FIXED_COLUMNS + RECORDING_EVENTS_MAX; i++)
		free(ingest->columns[i]);
	recording_close(&ingest->recording);
}

/* ---- the process's row ---- */

static enum event_source source_of(uint32_t source)
{
	switch ((enum recording_source)source) {
	case RECORDING_SOURCE_PERF:
		return EVENT_SOURCE_PERF;
	case RECORDING_SOURCE_PAPI:
		return EVENT_SOURCE_PAPI;
	case RECORDING_SOURCE_SIM:
		return EVENT_SOURCE_SIM;
	case RECORDING_SOURCE_NONE:
		break;
	}
	return EVENT_SOURCE_NONE;
}

/* The names area is mostly a hole in the file: only what is used of it counts. */
static uint64_t used_bytes(const struct recording_header *header)
{
	uint64_t names = header->names_used < header->names_bytes ? header->names_used
								  : header->names_bytes;

	return header->header_bytes + names + header->file_bytes -
	       header->blocks_offset;
}

static int insert_process(struct ingest *ingest, struct error *error)
{
	const struct recording_header *header = &ingest->recording.header;
	const struct store_process process = {
		.pid = header->pid,
		.parent_pid = header->parent_pid,
		.executable = header->executable,
		.source = source_of(header->source),
		.ended = header->state != RECORDING_RUNNING,
		.truncated = ingest->recording.truncated,
		.start_utc_ns = header->start_realtime_ns,
		.first_thread = ingest->profile->next_thread,
		.threads = ingest->recording.thread_count,
		.recording_bytes = used_bytes(header),
		.torn = ingest->recording.torn_samples,
		.losses = header->losses,
		.failure_code = header->failure_code,
		.failure = header->failure,
		.executions = header->executions,
		.measured = header->measured,
		.marker_ns = header->marker_ns,
	};

	return store_add_process(ingest->profile, &process, &ingest->process, error);
}

static int store_all(struct ingest *ingest, struct error *error)
{
	int status = insert_process(ingest, error);

	if (!status)
		status = read_samples(ingest, error);
	if (!status)
		status = store_count_process(
			ingest->profile, ingest->process, ingest->stored,
			ingest->invalid + ingest->recording.torn_samples, error);
	return status;
}

/* Whether a loss is data that is missing, and not the program's own doing. */
static bool is_missing(unsigned kind)
{
	return kind != RECORDING_LOSS_END_ALONE && kind != RECORDING_LOSS_NOT_ENDED;
}

int profile_add_recording(struct profile *profile, struct profile_run *run,
			  const char *recording_path, struct error *error)
{
	struct ingest ingest = {.profile = profile};
	int status;

	status = store_check_run(profile, run, error);
	if (status)
		return status;
	status = recording_open(&ingest.recording, recording_path, error);
	if (status)
		return status;
	status = check_events(&ingest, recording_path, error);
	if (!status)
		status = allocate(&ingest, error);
	if (!status &&
	    ingest.recording.thread_count > UINT32_MAX - profile->next_thread)
		status = error_set(error, -EOVERFLOW, "too many threads in one run");
	if (!status)
		status = store_begin(profile, error);
	if (status)
		goto out;
	status = store_end(profile, store_all(&ingest, error), error);
	if (status)
		goto out;
	profile->next_thread += ingest.recording.thread_count;
	run->samples += ingest.stored;
	run->counted |= ingest.counted;
	run->region_ns += ingest.region_ns;
	run->lost += ingest.invalid + ingest.recording.torn_samples;
	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		if (is_missing(kind))
			run->lost += ingest.recording.header.losses[kind];
out:
	release(&ingest);
	return status;
}
