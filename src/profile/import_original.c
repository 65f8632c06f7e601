/* SPDX-License-Identifier: MIT */
/*
 * The files of the original AutoPerf (Alam et al., NeurIPS 2019) into an import.
 *
 * A run is a directory with one file per counter, event_<i>_perf_data.csv; a measurement is a
 * directory of such directories. Each file comes from an execution of its own:
 *
 *	INPUT: <command>
 *	TIME: <seconds>
 *	Mark_id, NTHREADS,PAPI_TOT_INS, <event>
 *	<mark>, <threads of the process>, <instructions>, <count>
 *	...
 *
 * The original joined the rows of different files by their position. They are different
 * executions, with threads that ran in another order; here each file becomes a run of its own,
 * with a pass of two events, and no row is joined with any other.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "profile/csv.h"
#include "profile/import_set.h"
#include "profile/store.h"

#define FILE_PREFIX "event_"
#define FILE_SUFFIX "_perf_data.csv"
/* Lines before the header; a command may have line ends in it. */
#define PREAMBLE_LINES_MAX 1000
#define NS_PER_S           1e9

enum original_field { MARK, THREADS, INSTRUCTIONS, COUNT, FIELDS };

struct original_reader {
	struct csv_reader csv;
	struct import_set *set;
	char *event;        /* name of the last column */
	char *instructions; /* name of the one before */
	char *command;
	double seconds;
	size_t position; /* of the event in its pass; instructions are in front */
};

/* ---- one file ---- */

static const char *after_prefix(const char *line, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(line, prefix, length))
		return NULL;
	line += length;
	while (*line == ' ')
		line++;
	return line;
}

/* A copy of [begin, end) without blanks around it. */
static char *trimmed(const char *begin, const char *end)
{
	char *copy, *kept;

	while (begin < end && (*begin == ' ' || *begin == '\t'))
		begin++;
	while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	copy = strndup(begin, (size_t)(end - begin));
	kept = copy ? store_keep_text(copy) : NULL;
	free(copy);
	return kept;
}

/* "Mark_id, NTHREADS,PAPI_TOT_INS, <event>": names of the last two columns. */
static int read_names(struct original_reader *reader, const char *header,
		      struct error *error)
{
	const char *commas[FIELDS - 1];
	const char *at = header;

	for (size_t i = 0; i < FIELDS - 1; i++) {
		at = strchr(at, ',');
		if (!at)
			return csv_error(&reader->csv, error,
					 "the header has fewer than %d columns",
					 FIELDS);
		commas[i] = at++;
	}
	reader->instructions = trimmed(commas[1] + 1, commas[2]);
	reader->event = trimmed(commas[2] + 1, header + strlen(header));
	if (!reader->instructions || !reader->event)
		return error_no_memory(error, "importing");
	if (!*reader->instructions || !*reader->event)
		return csv_error(&reader->csv, error, "the header names no event");
	return 0;
}

static int read_preamble(struct original_reader *reader, struct error *error)
{
	struct csv_reader *csv = &reader->csv;

	for (int i = 0; i < PREAMBLE_LINES_MAX; i++) {
		int status = csv_next_line(csv, error);
		const char *line, *rest;

		if (status < 0)
			return status;
		if (!status)
			break;
		line = csv_field(csv, 0);
		rest = after_prefix(line, "INPUT:");
		if (rest && !reader->command) {
			reader->command = store_keep_text(rest);
			if (!reader->command)
				return error_no_memory(error, "importing");
		}
		rest = after_prefix(line, "TIME:");
		if (rest && (text_to_double(rest, &reader->seconds) ||
			     !isfinite(reader->seconds) || reader->seconds < 0))
			return csv_error(csv, error, "TIME is not a number of seconds");
		if (after_prefix(line, "Mark_id"))
			return read_names(reader, line, error);
	}
	return error_set(
		error, -EINVAL,
		"%s is not a file of the original AutoPerf: no line begins with "
		"'Mark_id'",
		csv->path);
}

/* The run's pass: instructions and the event, or only one if they are the same. */
static int add_run(struct original_reader *reader, const char *label,
		   struct import_run **run, struct error *error)
{
	size_t members[2], count = 2;
	uint32_t pass = 0;
	int status = import_event(reader->set, reader->instructions, false, &members[0],
				  error);

	if (!status)
		status = import_event(reader->set, reader->event, false, &members[1],
				      error);
	if (status)
		return status;
	if (members[0] == members[1])
		count = 1;
	else if (reader->set->plan.events.items[members[0]].role !=
		 EVENT_ROLE_INSTRUCTIONS)
		return error_set(error, -EINVAL,
				 "%s: the third column is %s, which does not count "
				 "instructions",
				 reader->csv.path, reader->instructions);
	reader->position = count - 1;
	status = import_pass(reader->set, members, count, &pass, error);
	if (!status)
		status = import_add_run(reader->set, label, pass, 0, run, error);
	if (!status)
		(*run)->wall_ns = (uint64_t)(fmin(reader->seconds, 1e9) * NS_PER_S);
	return status;
}

static int field_error(const struct original_reader *reader, size_t field,
		       struct error *error, const char *problem)
{
	static const char *const names[FIELDS] = {"Mark_id", "NTHREADS", "instructions",
						  "count"};

	return csv_error(&reader->csv, error, "column %zu (%s): %s", field + 1,
			 names[field], problem);
}

static int read_count(const struct original_reader *reader, size_t field,
		      double *number, struct error *error)
{
	if (text_to_double(csv_field(&reader->csv, field), number) ||
	    !isfinite(*number) || *number < 0)
		return field_error(reader, field, error,
				   "not a number that a counter can have");
	return 0;
}

static int read_row(struct original_reader *reader, struct import_run *run,
		    struct error *error)
{
	double instructions = 0, count = 0;
	struct sample_table *table = NULL;
	char region[32];
	uint64_t threads;
	int64_t mark;
	int status;

	if (reader->csv.count != FIELDS)
		return csv_error(&reader->csv, error, "%zu fields instead of %d",
				 reader->csv.count, FIELDS);
	if (text_to_i64(csv_field(&reader->csv, MARK), &mark))
		return field_error(reader, MARK, error, "not a whole number");
	if (text_to_u64(csv_field(&reader->csv, THREADS), &threads) ||
	    threads > UINT32_MAX)
		return field_error(reader, THREADS, error, "not a number of threads");
	status = read_count(reader, INSTRUCTIONS, &instructions, error);
	if (!status)
		status = read_count(reader, COUNT, &count, error);
	if (status)
		return status;
	snprintf(region, sizeof(region), "mark-%" PRId64, mark);
	status = import_add_row(reader->set, run, region, &table, error);
	if (status)
		return status;
	if (threads > run->threads)
		run->threads = (uint32_t)threads;
	table->values[0][table->rows - 1] = instructions;
	table->values[reader->position][table->rows - 1] = count;
	return 0;
}

/* The first file's command stands for all. */
static int keep_command(struct original_reader *reader, struct error *error)
{
	json_t *array;

	if (reader->set->command || !reader->command)
		return 0;
	array = json_pack("[s]", reader->command);
	if (array)
		reader->set->command = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	return reader->set->command ? 0 : error_no_memory(error, "importing");
}

static int import_file(struct import_set *set, const char *path, struct error *error)
{
	struct original_reader reader = {.set = set};
	struct import_run *run = NULL;
	int status = csv_open(&reader.csv, path, error);

	if (!status)
		status = read_preamble(&reader, error);
	if (!status)
		status = keep_command(&reader, error);
	if (!status)
		status = add_run(&reader, path, &run, error);
	while (!status && (status = csv_next(&reader.csv, error)) > 0)
		status = read_row(&reader, run, error);
	set->bytes += reader.csv.bytes;
	progress_update(&set->progress, (double)set->bytes);
	free(reader.event);
	free(reader.instructions);
	free(reader.command);
	csv_close(&reader.csv);
	return status;
}

/* ---- directories ---- */

static int is_event_file(const struct dirent *entry)
{
	const char *digits = after_prefix(entry->d_name, FILE_PREFIX);
	size_t count;

	if (!digits)
		return 0;
	count = strspn(digits, "0123456789");
	return count && !strcmp(digits + count, FILE_SUFFIX);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static char *join(const char *directory, const char *name)
{
	struct text path = {0};

	text_printf(&path, "%s/%s", directory, name);
	if (path.failed)
		text_free(&path);
	return path.chars;
}

static void free_entries(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

static int cannot_read(const char *path, struct error *error)
{
	return error_set(error, -errno, "cannot read directory %s: %s", path,
			 strerror(errno));
}

/* The event files of one run, event_2 before event_10; *files says how many there are. */
static int import_run_directory(struct import_set *set, const char *path, int *files,
				struct error *error)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_event_file, versionsort);
	int status = 0;

	*files = 0;
	if (count < 0)
		return cannot_read(path, error);
	for (int i = 0; i < count && !status; i++) {
		char *name = join(path, entries[i]->d_name);

		status = name ? import_file(set, name, error)
			      : error_no_memory(error, "importing");
		free(name);
	}
	*files = count;
	free_entries(entries, count);
	return status;
}

static bool is_directory(const char *path)
{
	struct stat info;

	return !stat(path, &info) && S_ISDIR(info.st_mode);
}

int import_original(struct import_set *set, const char *path, struct error *error)
{
	struct dirent **entries;
	int files = 0, found = 0, count, status;

	status = import_run_directory(set, path, &found, error);
	if (status || found)
		return status;
	count = scandir(path, &entries, is_visible, versionsort);
	if (count < 0)
		return cannot_read(path, error);
	for (int i = 0; i < count && !status; i++) {
		char *name = join(path, entries[i]->d_name);

		if (!name)
			status = error_no_memory(error, "importing");
		else if (is_directory(name))
			status = import_run_directory(set, name, &files, error);
		found += files;
		files = 0;
		free(name);
	}
	free_entries(entries, count);
	if (!status && !found)
		status = error_set(error, -EINVAL,
				   "%s holds no measurement of the original AutoPerf: "
				   "neither it nor a directory in it has files named "
				   "event_<number>_perf_data.csv",
				   path);
	return status;
}
