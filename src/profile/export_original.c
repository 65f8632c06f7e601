/* SPDX-License-Identifier: MIT */
/*
 * A profile in the original AutoPerf's layout (see import_original.c): one directory a run,
 * one file an event, each row an execution's instructions and the event's count.
 *
 * The n-th run of every pass goes into directory run_<n>. Importing what was exported gives
 * the same numbers; wall times of samples and threads have no place in that layout.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "profile/command_line.h"
#include "profile/csv.h"
#include "profile/export_source.h"

#define MARK_PREFIX "mark-"
#define MARKS_FILE  "marks.csv"
#define NS_PER_S    1e9

struct original_writer {
	struct export_source source;
	struct export_summary *summary;
	const char *directory; /* the temporary one */
	int64_t *marks;        /* [region_count] */
	size_t *first_file;    /* [pass_count] number of the pass's first event file */
	size_t *directories;   /* [pass_count] runs of the pass written so far */
	char *command;         /* one line */
};

/* ---- marks ---- */

/* The number n of a region called mark-<n>, written as the importer writes it. */
static bool parse_mark(const char *region, int64_t *mark)
{
	size_t length = strlen(MARK_PREFIX);
	char again[32];

	if (strncmp(region, MARK_PREFIX, length) || text_to_i64(region + length, mark))
		return false;
	snprintf(again, sizeof(again), "%" PRId64, *mark);
	return !strcmp(again, region + length);
}

/* Regions with names get the numbers after the highest mark, in the order of their names. */
static int number_regions(struct original_writer *writer, bool *named,
			  struct error *error)
{
	const struct export_source *source = &writer->source;
	int64_t highest = 0, mark;

	*named = false;
	writer->marks = calloc(source->region_count + 1, sizeof(*writer->marks));
	if (!writer->marks)
		return error_no_memory(error, "exporting");
	for (size_t i = 0; i < source->region_count; i++)
		if (parse_mark(source->regions[i].name, &mark) && mark > highest)
			highest = mark;
	if (highest > INT64_MAX - (int64_t)source->region_count)
		return error_set(error, -EOVERFLOW,
				 "mark %" PRId64
				 " leaves no numbers for regions with names",
				 highest);
	for (size_t i = 0; i < source->region_count; i++)
		if (!parse_mark(source->regions[i].name, &writer->marks[i])) {
			writer->marks[i] = ++highest;
			*named = true;
		}
	return 0;
}

/* ---- files ---- */

static int cannot_write(const char *path, int code, struct error *error)
{
	return error_set(error, -code, "cannot write %s: %s", path, strerror(code));
}

static FILE *create_file(const struct text *path, struct error *error, int *status)
{
	FILE *out;

	*status = 0;
	if (path->failed) {
		*status = error_no_memory(error, "exporting");
		return NULL;
	}
	out = fopen(path->chars, "wxe");
	if (!out)
		*status = cannot_write(path->chars, errno, error);
	return out;
}

/* Closes; finds what buffered writing has failed at. */
static int finish_file(FILE *out, const char *path, int status, struct error *error)
{
	bool failed = ferror(out);
	int code = EIO;

	if (fflush(out)) {
		failed = true;
		code = errno;
	}
	if (fclose(out) && !failed) {
		failed = true;
		code = errno;
	}
	return status || !failed ? status : cannot_write(path, code, error);
}

static int write_marks(struct original_writer *writer, struct error *error)
{
	struct text path = {0};
	int status;
	FILE *out;

	text_printf(&path, "%s/%s", writer->directory, MARKS_FILE);
	out = create_file(&path, error, &status);
	if (out) {
		fputs("mark,region\n", out);
		for (size_t i = 0; i < writer->source.region_count; i++) {
			fprintf(out, "%" PRId64 ",", writer->marks[i]);
			csv_put_text(out, writer->source.regions[i].name);
			putc('\n', out);
		}
		status = finish_file(out, path.chars, 0, error);
	}
	text_free(&path);
	return status;
}

/* ---- one event of one run ---- */

static int count_threads(struct original_writer *writer, const struct export_run *run,
			 uint64_t *threads, struct error *error)
{
	struct profile *profile = writer->source.profile;
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(profile, &statement,
				   "SELECT total(threads) FROM process WHERE run = ?1",
				   error);

	*threads = 0;
	if (status)
		return status;
	sqlite3_bind_int64(statement, 1, run->run.id);
	status = store_step(profile, statement, "counting threads", error);
	if (status > 0) {
		*threads = store_column_u64(statement, 0);
		status = 0;
	}
	sqlite3_finalize(statement);
	/* A run without processes, from a CSV file: its highest thread. */
	for (size_t i = 0; i < run->chunk_count && !status && !*threads; i++) {
		const struct export_chunk *chunk =
			&writer->source.chunks[run->first_chunk + i];
		struct sample_table table;

		status = export_read(&writer->source, run, chunk, &table, error);
		for (size_t row = 0; row < table.rows && !status; row++)
			if (table.thread[row] >= *threads)
				*threads = table.thread[row] + (uint64_t)1;
	}
	return status;
}

static int put_rows(struct original_writer *writer, const struct export_run *run,
		    uint64_t threads, size_t instructions, size_t position, FILE *out,
		    struct error *error)
{
	int status = 0;

	for (size_t i = 0; i < run->chunk_count && !status && !ferror(out); i++) {
		const struct export_chunk *chunk =
			&writer->source.chunks[run->first_chunk + i];
		struct sample_table table;

		status = export_read(&writer->source, run, chunk, &table, error);
		for (size_t row = 0; row < table.rows && !status; row++) {
			fprintf(out, "%" PRId64 ", ", writer->marks[chunk->region]);
			csv_put_u64(out, threads);
			fputs(", ", out);
			csv_put_number(out, table.values[instructions][row]);
			fputs(", ", out);
			csv_put_number(out, table.values[position][row]);
			putc('\n', out);
		}
	}
	return status;
}

static int write_event(struct original_writer *writer, const struct export_run *run,
		       uint64_t threads, size_t position, size_t file,
		       struct error *error)
{
	const struct event_plan *plan = &writer->source.plan;
	const struct event_pass *pass = &plan->passes[run->run.pass];
	struct text path = {0};
	int status;
	FILE *out;

	text_printf(&path, "%s/run_%zu/event_%zu_perf_data.csv", writer->directory,
		    writer->directories[run->run.pass], file);
	out = create_file(&path, error, &status);
	if (out) {
		fprintf(out, "INPUT: %s\nTIME: %.9f\n", writer->command,
			(double)run->run.wall_ns / NS_PER_S);
		fprintf(out, "Mark_id, NTHREADS,%s, %s\n",
			plan->events.items[pass->members[0]].name,
			plan->events.items[pass->members[position]].name);
		status = put_rows(writer, run, threads, 0, position, out, error);
		status = finish_file(out, path.chars, status, error);
		writer->summary->files++;
	}
	text_free(&path);
	return status;
}

static int write_run(struct original_writer *writer, const struct export_run *run,
		     struct error *error)
{
	uint32_t pass = run->run.pass;
	size_t events = writer->source.plan.passes[pass].count;
	size_t file = writer->first_file[pass];
	struct text path = {0};
	uint64_t threads;
	int status = count_threads(writer, run, &threads, error);

	text_printf(&path, "%s/run_%zu", writer->directory, writer->directories[pass]);
	if (!status && path.failed)
		status = error_no_memory(error, "exporting");
	if (!status && mkdir(path.chars, 0777) && errno != EEXIST)
		status = cannot_write(path.chars, errno, error);
	text_free(&path);
	/* A pass of instructions alone is a file of them alone. */
	for (size_t i = events > 1 ? 1 : 0; i < events && !status; i++)
		status = write_event(writer, run, threads, i, file++, error);
	writer->directories[pass]++;
	for (size_t i = 0; i < run->chunk_count; i++)
		writer->summary->samples +=
			writer->source.chunks[run->first_chunk + i].chunk.rows;
	return status;
}

/* ---- the whole ---- */

/* What the layout cannot express. */
static int check_plan(const struct original_writer *writer, struct error *error)
{
	const struct event_plan *plan = &writer->source.plan;

	for (size_t i = 0; i < plan->events.count; i++)
		if (plan->events.items[i].unit == EVENT_UNIT_RAW)
			return error_set(error, -EINVAL,
					 "%s is a ready-made feature, no counter: the "
					 "original's layout has no place for it; use "
					 "--format csv",
					 plan->events.items[i].name);
	for (size_t pass = 0; pass < plan->pass_count; pass++)
		if (!plan->passes[pass].count ||
		    plan->events.items[plan->passes[pass].members[0]].role !=
			    EVENT_ROLE_INSTRUCTIONS)
			return error_set(
				error, -EINVAL,
				"pass %zu does not count instructions, which the "
				"original's layout needs in every row; use "
				"--format csv",
				pass + 1);
	return 0;
}

static int number_files(struct original_writer *writer, struct error *error)
{
	const struct event_plan *plan = &writer->source.plan;
	size_t file = 0;

	writer->first_file = calloc(plan->pass_count + 1, sizeof(*writer->first_file));
	writer->directories =
		calloc(plan->pass_count + 1, sizeof(*writer->directories));
	if (!writer->first_file || !writer->directories)
		return error_no_memory(error, "exporting");
	for (size_t pass = 0; pass < plan->pass_count; pass++) {
		size_t events = plan->passes[pass].count;

		writer->first_file[pass] = file;
		file += events > 1 ? events - 1 : 1;
	}
	/* A run's samples are read again for each of its files. */
	writer->source.progress.total = 0;
	for (size_t i = 0; i < writer->source.run_count; i++) {
		const struct export_run *run = &writer->source.runs[i];
		size_t events = plan->passes[run->run.pass].count;

		for (size_t k = 0; k < run->chunk_count; k++)
			writer->source.progress.total +=
				(double)(writer->source.chunks[run->first_chunk + k]
						 .chunk.rows *
					 (events > 1 ? events - 1 : 1));
	}
	return 0;
}

/* The command as one line. */
static int make_command(struct original_writer *writer, struct error *error)
{
	char *fact = profile_get_fact(writer->source.profile, "command");
	struct text line = {0};

	command_line_put(&line, fact ? fact : "");
	free(fact);
	if (!line.failed)
		writer->command = store_keep_text(line.chars);
	text_free(&line);
	return writer->command ? 0 : error_no_memory(error, "exporting");
}

static int write_all(struct original_writer *writer, struct error *error)
{
	bool named = false;
	int status = check_plan(writer, error);

	if (!status)
		status = number_regions(writer, &named, error);
	if (!status)
		status = number_files(writer, error);
	if (!status)
		status = make_command(writer, error);
	if (!status && mkdir(writer->directory, 0777))
		status = cannot_write(writer->directory, errno, error);
	if (!status && named)
		status = write_marks(writer, error);
	for (size_t i = 0; i < writer->source.run_count && !status; i++)
		status = write_run(writer, &writer->source.runs[i], error);
	return status;
}

/* rename(2) replaces an empty directory and nothing else. */
static int publish(const char *temporary, const char *directory, struct error *error)
{
	if (!rename(temporary, directory))
		return 0;
	if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
		return error_set(
			error, -EEXIST,
			"%s exists and is no empty directory; choose another name "
			"or remove it",
			directory);
	return cannot_write(directory, errno, error);
}

int profile_export_original(struct profile *profile,
			    const struct export_options *options, const char *directory,
			    struct export_summary *summary, struct error *error)
{
	struct original_writer writer = {.summary = summary};
	struct text temporary = {0};
	size_t length = strlen(directory);
	int status =
		export_source_open(&writer.source, profile, options, summary, error);

	/* "out/" names the directory out. */
	while (length > 1 && directory[length - 1] == '/')
		length--;
	text_printf(&temporary, "%.*s.%ld.export", (int)length, directory,
		    (long)getpid());
	if (!status && temporary.failed)
		status = error_no_memory(error, "exporting");
	if (!status) {
		writer.directory = temporary.chars;
		status = write_all(&writer, error);
		if (!status)
			status = publish(temporary.chars, directory, error);
		if (status)
			file_remove_tree(temporary.chars, NULL);
	}
	export_source_close(&writer.source);
	free(writer.marks);
	free(writer.first_file);
	free(writer.directories);
	free(writer.command);
	text_free(&temporary);
	return status;
}
