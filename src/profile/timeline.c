/* SPDX-License-Identifier: MIT */
/* A run's samples in order of time, and their nesting: see timeline.h. */
#include "profile/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* 146 years: no sum of such times overflows, and a trace has room for them. */
#define TIME_MAX ((uint64_t)1 << 62)
/*
 * What a pair of markers takes is only known as a mean, with the opening of counters in it.
 * Beyond this it is not the mean pair that took it.
 */
#define PAIR_NS_MAX 10000.0

/* ---- processes ---- */

static int read_process(struct profile *profile, sqlite3_stmt *statement,
			struct timeline_process *process, struct error *error)
{
	uint64_t measured = store_column_u64(statement, 5);
	uint64_t executions = store_column_u64(statement, 7);

	process->id = sqlite3_column_int64(statement, 0);
	process->pid = (uint32_t)store_column_u64(statement, 1);
	process->first_thread = (uint32_t)store_column_u64(statement, 2);
	process->start_utc_ns = store_column_u64(statement, 3);
	if (measured)
		process->pair_ns =
			fmin((double)store_column_u64(statement, 6) / (double)measured,
			     PAIR_NS_MAX);
	/* Ended, and nothing lost or torn: there is a sample of every region that was open. */
	process->exact =
		measured && executions == measured && sqlite3_column_int(statement, 8);
	return store_column_name(profile, statement, 4, &process->executable, error);
}

/* Processes that began at a known time are put in their places on the run's axis. */
static void place_processes(struct timeline *timeline)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < timeline->process_count; i++)
		if (timeline->processes[i].start_utc_ns &&
		    timeline->processes[i].start_utc_ns < first)
			first = timeline->processes[i].start_utc_ns;
	for (size_t i = 0; i < timeline->process_count; i++) {
		struct timeline_process *process = &timeline->processes[i];

		if (process->start_utc_ns && process->start_utc_ns - first < TIME_MAX)
			process->offset_ns = process->start_utc_ns - first;
	}
}

static int list_processes(struct timeline *timeline, struct profile *profile,
			  int64_t run, struct error *error)
{
#define PROCESS_SQL(markers)                                               \
	"SELECT id, pid, first_thread, start_utc_ns, executable, " markers \
	", ended AND NOT truncated AND NOT torn AND NOT EXISTS"            \
	" (SELECT 1 FROM loss WHERE loss.process = process.id)"            \
	" FROM process WHERE run = ?1 ORDER BY id"
	sqlite3_stmt *statement = NULL;
	size_t capacity = 0;
	int status =
		store_prepare(profile, &statement,
			      profile->version < STORE_VERSION_MARKERS
				      ? PROCESS_SQL("0, 0, 0")
				      : PROCESS_SQL("measured, marker_ns, executions"),
			      error);

	if (status)
		return status;
	sqlite3_bind_int64(statement, 1, run);
	while ((status = store_step(profile, statement, "reading the processes",
				    error)) > 0) {
		if (array_reserve(&timeline->processes, &capacity,
				  timeline->process_count + 1,
				  sizeof(*timeline->processes)))
			status = error_no_memory(error, "reading the processes");
		else
			status = read_process(
				profile, statement,
				&timeline->processes[timeline->process_count++], error);
		if (status)
			break;
	}
	sqlite3_finalize(statement);
	if (!status)
		place_processes(timeline);
	return status;
}

/* The index of the process of that id; one for samples of no process is made when needed. */
static int find_process(struct timeline *timeline, int64_t id, uint32_t *index,
			struct error *error)
{
	size_t capacity = timeline->process_count; /* exact: this is rare */
	size_t at = 0;

	while (at < timeline->process_count && timeline->processes[at].id != id)
		at++;
	if (at == timeline->process_count) {
		char *nameless = strdup("");

		if (!nameless || array_reserve(&timeline->processes, &capacity, at + 1,
					       sizeof(*timeline->processes))) {
			free(nameless);
			return error_no_memory(error, "reading the processes");
		}
		timeline->processes[at] =
			(struct timeline_process){.id = id, .executable = nameless};
		timeline->process_count++;
	}
	*index = (uint32_t)at;
	return 0;
}

/* ---- samples ---- */

static int out_of_range(const struct export_source *source,
			const struct export_run *run, struct error *error)
{
	return error_set(error, -ERANGE,
			 "run %" PRIu32 " of %s has a sample that began, or took, more "
			 "than a century: its times cannot be drawn; use --format csv",
			 run->run.ordinal + 1, profile_path(source->profile));
}

static int take_row(struct timeline *timeline, const struct export_source *source,
		    const struct export_run *run, const struct sample_table *table,
		    size_t row, struct timeline_sample *sample, struct error *error)
{
	double wall_ns = table->wall_ns[row];

	if (table->begin_ns[row] >= TIME_MAX || wall_ns >= (double)TIME_MAX)
		return out_of_range(source, run, error);
	sample->begin_ns =
		table->begin_ns[row] + timeline->processes[sample->process].offset_ns;
	sample->end_ns = sample->begin_ns + (uint64_t)llround(wall_ns);
	if (sample->end_ns >= TIME_MAX)
		return out_of_range(source, run, error);
	sample->wall_ns = wall_ns;
	sample->cpu_ns = table->cpu_ns[row];
	sample->weight = table->weight[row];
	sample->thread = table->thread[row];
	sample->depth = table->depth[row];
	for (size_t event = 0; event < timeline->event_count; event++)
		timeline->values[sample->row * timeline->event_count + event] =
			table->values[event][row];
	return 0;
}

static int read_samples(struct timeline *timeline, struct export_source *source,
			const struct export_run *run, struct error *error)
{
	bool began = false, lasted = false;
	int status = 0;

	for (size_t k = 0; k < run->chunk_count && !status; k++) {
		const struct export_chunk *chunk =
			&source->chunks[run->first_chunk + k];
		struct sample_table table;
		uint32_t process = 0;

		status = find_process(timeline, chunk->process, &process, error);
		if (!status)
			status = export_read(source, run, chunk, &table, error);
		for (size_t row = 0; !status && row < table.rows; row++) {
			struct timeline_sample *sample =
				&timeline->samples[timeline->count];

			sample->process = process;
			sample->region = (uint32_t)chunk->region;
			sample->row = timeline->count++;
			status = take_row(timeline, source, run, &table, row, sample,
					  error);
			began |= table.begin_ns[row] > 0;
			lasted |= table.wall_ns[row] > 0;
		}
	}
	/* Of imports without a column of begins, each sample begins at 0. */
	timeline->timed = lasted && (began || timeline->count == 1);
	return status;
}

static int compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_samples(const void *a, const void *b)
{
	const struct timeline_sample *x = a, *y = b;
	int order = compare_numbers(x->process, y->process);

	order = order ? order : compare_numbers(x->thread, y->thread);
	order = order ? order : compare_numbers(x->begin_ns, y->begin_ns);
	order = order ? order : compare_numbers(x->depth, y->depth);
	order = order ? order : compare_numbers(y->end_ns, x->end_ns);
	order = order ? order : compare_numbers(x->region, y->region);
	return order ? order : compare_numbers(x->row, y->row);
}

size_t timeline_end_of_thread(const struct timeline *timeline, size_t first)
{
	const struct timeline_sample *samples = timeline->samples;
	size_t end = first;

	while (end < timeline->count && samples[end].thread == samples[first].thread &&
	       samples[end].process == samples[first].process)
		end++;
	return end;
}

/* ---- nesting ---- */

/* A sample that others may lie inside of. */
struct open_sample {
	struct timeline_sample *sample;
	double pairs; /* of markers that ran while it did, this sample's own included */
};

static bool is_inside(const struct timeline_sample *sample,
		      const struct open_sample *open, bool exact, double pair_ns)
{
	double late;

	if (exact)
		return sample->depth > open->sample->depth;
	if (sample->begin_ns < open->sample->end_ns)
		return true;
	late = (double)(sample->begin_ns - open->sample->end_ns);
	return sample->depth > open->sample->depth && late < pair_ns * open->pairs;
}

/* Profiles of older versions have none, and then they say nothing. */
static bool has_depths(const struct timeline_sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (samples[i].depth)
			return true;
	return false;
}

/* The one at that level is over at `limit` at the latest; what it lies inside of is not. */
static void close_sample(struct open_sample *open, size_t level, uint64_t limit)
{
	if (open[level].sample->end_ns > limit)
		open[level].sample->end_ns = limit;
	if (level && open[level - 1].sample->end_ns < open[level].sample->end_ns)
		open[level - 1].sample->end_ns = open[level].sample->end_ns;
}

/* Levels of the samples [first, end), which are one thread's. */
static int nest_thread(struct timeline *timeline, const struct export_source *source,
		       const struct export_run *run, size_t first, size_t end,
		       struct error *error)
{
	struct open_sample open[TIMELINE_LEVELS_MAX];
	const struct timeline_process *process =
		&timeline->processes[timeline->samples[first].process];
	/* The simulator takes no time, and numbers depths in two ways. */
	bool simulated = source->plan.source == EVENT_SOURCE_SIM;
	bool exact = !simulated && process->exact &&
		     has_depths(&timeline->samples[first], end - first);
	double pair_ns = simulated ? 0 : process->pair_ns;
	size_t level = 0;

	for (size_t i = first; i < end; i++) {
		struct timeline_sample *sample = &timeline->samples[i];

		while (level && !is_inside(sample, &open[level - 1], exact, pair_ns))
			close_sample(open, --level, sample->begin_ns);
		if (level == TIMELINE_LEVELS_MAX)
			return error_set(
				error, -EINVAL,
				"more than %d samples of thread %" PRIu32
				" in run %" PRIu32
				" of %s lie inside each other, as no program's do: is "
				"the number of the thread missing? use --format csv",
				TIMELINE_LEVELS_MAX, sample->thread,
				run->run.ordinal + 1, profile_path(source->profile));
		for (size_t k = 0; k < level; k++)
			open[k].pairs++;
		sample->level = (uint16_t)level;
		open[level++] = (struct open_sample){.sample = sample, .pairs = 1};
	}
	while (level)
		close_sample(open, --level, UINT64_MAX);
	return 0;
}

int timeline_read(struct timeline *timeline, struct export_source *source,
		  const struct export_run *run, struct error *error)
{
	size_t rows = 0, cells;
	int status;

	*timeline = (struct timeline){.event_count =
					      source->plan.passes[run->run.pass].count};
	for (size_t k = 0; k < run->chunk_count; k++)
		rows += source->chunks[run->first_chunk + k].chunk.rows;
	if (__builtin_mul_overflow(rows, timeline->event_count, &cells))
		return error_no_memory(error, "reading a run");
	timeline->samples = calloc(rows + 1, sizeof(*timeline->samples));
	timeline->values = calloc(cells + 1, sizeof(*timeline->values));
	if (!timeline->samples || !timeline->values)
		return error_no_memory(error, "reading a run");
	status = list_processes(timeline, source->profile, run->run.id, error);
	if (!status)
		status = read_samples(timeline, source, run, error);
	if (status)
		return status;
	qsort(timeline->samples, timeline->count, sizeof(*timeline->samples),
	      compare_samples);
	for (size_t first = 0, end; first < timeline->count && timeline->timed;
	     first = end) {
		end = timeline_end_of_thread(timeline, first);
		status = nest_thread(timeline, source, run, first, end, error);
		if (status)
			return status;
	}
	return 0;
}

void timeline_free(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->process_count; i++)
		free(timeline->processes[i].executable);
	free(timeline->processes);
	free(timeline->samples);
	free(timeline->values);
	*timeline = (struct timeline){0};
}
