/* SPDX-License-Identifier: MIT */
/*
 * A CSV table into an import: one row a sample. Columns with a name of ours say where and when
 * it was measured, all others are events. A cell of an event may be empty when the whole run
 * has it empty: the run was then measured with a pass that lacks the event, which is how
 * `autoperf export` writes several passes into one table.
 *
 * A file is read strictly: whatever is not a finite number where one belongs is an error that
 * names file, line and column, never a 0.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "profile/csv.h"
#include "profile/import_set.h"
#include "profile/store.h"

#define REGION_DEFAULT "all" /* of a table without column region */

enum column_role {
	COLUMN_IS_REGION,
	COLUMN_IS_RUN,
	COLUMN_IS_PASS, /* ignored: follows from the empty cells */
	COLUMN_IS_THREAD,
	COLUMN_IS_BEGIN,
	COLUMN_IS_WALL,
	COLUMN_IS_CPU,
	COLUMN_IS_EXECUTIONS,
	COLUMN_IS_RUNNING,
	COLUMN_IS_EVENT,
};

static const struct known_column {
	const char *name;
	enum column_role role;
	enum import_column array; /* 0: none */
} known_columns[] = {
	{"region", COLUMN_IS_REGION, 0},
	{"run", COLUMN_IS_RUN, 0},
	{"pass", COLUMN_IS_PASS, 0},
	{"thread", COLUMN_IS_THREAD, IMPORT_THREAD},
	{"begin_ns", COLUMN_IS_BEGIN, IMPORT_BEGIN},
	{"wall_ns", COLUMN_IS_WALL, IMPORT_WALL},
	{"cpu_ns", COLUMN_IS_CPU, IMPORT_CPU},
	{"executions", COLUMN_IS_EXECUTIONS, IMPORT_EXECUTIONS},
	{"counters_running", COLUMN_IS_RUNNING, IMPORT_RUNNING},
};

#define KNOWN_COLUMNS (sizeof(known_columns) / sizeof(known_columns[0]))
#define NO_POSITION   SIZE_MAX
#define WHOLE_DIGITS  15 /* any whole number of so many digits is a double */

struct table_column {
	char *name;
	enum column_role role;
	size_t event;    /* index in the plan */
	size_t position; /* in the current run's pass; NO_POSITION: not in it */
	bool raw;        /* any finite number, not only counts */
	bool seen;       /* some row has a number here */
};

struct table_reader {
	struct csv_reader csv;
	struct import_set *set;
	struct table_column *columns;
	size_t column_count;
	unsigned arrays; /* enum import_column */
	size_t region;   /* column, or column_count: none */
	size_t run_label;
	size_t first_run; /* index in set->runs: labels are the file's own */
	size_t current;   /* index in set->runs of the run of the row before */
	size_t *members;  /* [column_count] scratch */
};

/* "FILE, line N, column C (NAME): ..." */
static int cell_error(const struct table_reader *reader, size_t column,
		      struct error *error, const char *problem)
{
	char text[64];
	const char *field = csv_field(&reader->csv, column);

	store_copy_text(text, sizeof(text), field);
	if (!store_is_clean(text))
		store_copy_text(text, sizeof(text), "unprintable text");
	return error_set(error, -EINVAL,
			 "%s, line %" PRIu64 ", column %zu (%s): '%s' %s",
			 reader->csv.path, reader->csv.line, column + 1,
			 reader->columns[column].name, text, problem);
}

/* ---- header ---- */

static bool is_number(const char *text)
{
	double number;

	return !text_to_double(text, &number);
}

static int check_header(const struct csv_reader *csv, struct error *error)
{
	size_t numbers = 0;
	const char *first = csv_field(csv, 0);

	for (size_t i = 0; i < csv->count; i++)
		numbers += is_number(csv_field(csv, i));
	if (numbers == csv->count)
		return csv_error(
			csv, error,
			"there is no header row: all fields are numbers; put a "
			"row of column names first");
	if (csv->count == 1)
		return csv_error(
			csv, error,
			"there is only one column%s; a table needs at least two, "
			"separated by commas",
			strpbrk(first, ";\t|") ? " (another separator?)" : "");
	if (csv->count > STORE_PASS_EVENTS_MAX)
		return csv_error(csv, error, "%zu columns are too many: at most %u",
				 csv->count, STORE_PASS_EVENTS_MAX);
	return 0;
}

static int name_column(struct table_reader *reader, size_t index, struct error *error)
{
	struct table_column *column = &reader->columns[index];
	const char *field = csv_field(&reader->csv, index);

	column->name = store_keep_text(field);
	if (!column->name)
		return error_no_memory(error, "importing");
	if (!*field)
		return csv_error(
			&reader->csv, error,
			"column %zu has no name (pandas writes its index so: use "
			"index=False)",
			index + 1);
	for (size_t i = 0; i < index; i++)
		if (!strcmp(reader->columns[i].name, column->name))
			return csv_error(&reader->csv, error,
					 "columns %zu and %zu are both called '%s'",
					 i + 1, index + 1, column->name);
	return 0;
}

static int classify_column(struct table_reader *reader, size_t index, bool raw,
			   struct error *error)
{
	struct table_column *column = &reader->columns[index];
	int status;

	column->role = COLUMN_IS_EVENT;
	for (size_t i = 0; i < KNOWN_COLUMNS; i++)
		if (!strcmp(known_columns[i].name, column->name)) {
			column->role = known_columns[i].role;
			reader->arrays |= known_columns[i].array;
		}
	if (column->role == COLUMN_IS_REGION)
		reader->region = index;
	if (column->role == COLUMN_IS_RUN)
		reader->run_label = index;
	if (column->role != COLUMN_IS_EVENT)
		return 0;
	status = import_event(reader->set, column->name, raw, &column->event, error);
	if (!status)
		column->raw = reader->set->plan.events.items[column->event].unit ==
			      EVENT_UNIT_RAW;
	return status;
}

static int read_header(struct table_reader *reader, bool raw, struct error *error)
{
	int status = csv_next(&reader->csv, error);

	if (status < 0)
		return status;
	if (!status)
		return error_set(error, -EINVAL,
				 "%s is empty: no header row, no samples",
				 reader->csv.path);
	status = check_header(&reader->csv, error);
	if (status)
		return status;
	reader->columns = calloc(reader->csv.count, sizeof(*reader->columns));
	reader->members = calloc(reader->csv.count, sizeof(*reader->members));
	if (!reader->columns || !reader->members)
		return error_no_memory(error, "importing");
	reader->column_count = reader->csv.count;
	reader->region = reader->run_label = reader->column_count;
	for (size_t i = 0; i < reader->column_count && !status; i++)
		status = name_column(reader, i, error);
	for (size_t i = 0; i < reader->column_count && !status; i++)
		status = classify_column(reader, i, raw, error);
	return status;
}

/* ---- runs ---- */

static bool is_empty(const struct table_reader *reader, size_t column)
{
	return !*csv_field(&reader->csv, column);
}

/* Columns' positions in the values of a run's tables. */
static void map_columns(struct table_reader *reader, const struct import_run *run)
{
	const struct event_pass *pass = &reader->set->plan.passes[run->pass];

	for (size_t i = 0; i < reader->column_count; i++) {
		struct table_column *column = &reader->columns[i];

		column->position = NO_POSITION;
		for (size_t k = 0; column->role == COLUMN_IS_EVENT && k < pass->count;
		     k++)
			if (pass->members[k] == column->event)
				column->position = k;
	}
}

/* A new run: its pass are the events that its first row has. */
static int add_run(struct table_reader *reader, const char *label,
		   struct import_run **run, struct error *error)
{
	size_t count = 0;
	uint32_t pass = 0;
	int status;

	for (size_t i = 0; i < reader->column_count; i++)
		if (reader->columns[i].role == COLUMN_IS_EVENT && !is_empty(reader, i))
			reader->members[count++] = reader->columns[i].event;
	status = import_pass(reader->set, reader->members, count, &pass, error);
	if (!status)
		status = import_add_run(reader->set, label, pass, reader->arrays, run,
					error);
	if (!status) {
		reader->current = reader->set->run_count - 1;
		map_columns(reader, *run);
	}
	return status;
}

static int find_run(struct table_reader *reader, struct import_run **run,
		    struct error *error)
{
	struct import_set *set = reader->set;
	const char *label = "";

	if (reader->run_label < reader->column_count) {
		if (is_empty(reader, reader->run_label))
			return cell_error(reader, reader->run_label, error,
					  "names no run");
		label = csv_field(&reader->csv, reader->run_label);
	}
	if (reader->current < set->run_count &&
	    !strcmp(set->runs[reader->current].label, label)) {
		*run = &set->runs[reader->current];
		return 0;
	}
	for (size_t i = reader->first_run; i < set->run_count; i++)
		if (!strcmp(set->runs[i].label, label)) {
			reader->current = i;
			*run = &set->runs[i];
			map_columns(reader, *run);
			return 0;
		}
	return add_run(reader, label, run, error);
}

/* ---- cells ---- */

/* Most numbers are short and whole: these are exact without strtod(). */
static int parse_number(const char *field, double *number)
{
	uint64_t whole;

	if (strlen(field) <= WHOLE_DIGITS && !text_to_u64(field, &whole)) {
		*number = (double)whole;
		return 0;
	}
	return text_to_double(field, number);
}

static int read_number(struct table_reader *reader, size_t column, double *number,
		       struct error *error)
{
	int status = parse_number(csv_field(&reader->csv, column), number);

	if (status == -ERANGE)
		return cell_error(reader, column, error, "is too large a number");
	if (status || !isfinite(*number))
		return cell_error(reader, column, error, "is not a finite number");
	return 0;
}

static int read_integer(struct table_reader *reader, size_t column, uint64_t limit,
			uint64_t *number, struct error *error)
{
	if (text_to_u64(csv_field(&reader->csv, column), number) || *number > limit)
		return cell_error(reader, column, error,
				  "is not a whole number in the range of this column");
	return 0;
}

static int read_event(struct table_reader *reader, size_t index,
		      struct sample_table *table, struct error *error)
{
	struct table_column *column = &reader->columns[index];
	double number;
	int status;

	if (is_empty(reader, index) != (column->position == NO_POSITION))
		return cell_error(
			reader, index, error,
			column->position == NO_POSITION
				? "is a number, and the run's first row has none"
				: "is empty, and the run's first row is not");
	if (column->position == NO_POSITION)
		return 0;
	status = read_number(reader, index, &number, error);
	if (status)
		return status;
	if (number < 0 && !column->raw)
		return cell_error(reader, index, error,
				  "is negative, which no counter's increase can be; "
				  "ready-made features need --raw");
	column->seen = true;
	table->values[column->position][table->rows - 1] = number;
	return 0;
}

static int read_time(struct table_reader *reader, size_t column, double *out,
		     struct error *error)
{
	int status = read_number(reader, column, out, error);

	if (!status && *out < 0)
		return cell_error(reader, column, error, "is a negative time");
	return status;
}

static int read_share(struct table_reader *reader, size_t column, float *out,
		      struct error *error)
{
	double number;
	int status = read_number(reader, column, &number, error);

	if (status)
		return status;
	*out = (float)number;
	return number > 0 && number <= 1
		       ? 0
		       : cell_error(reader, column, error, "is no share in (0, 1]");
}

static int read_cell(struct table_reader *reader, size_t index,
		     struct sample_table *table, struct error *error)
{
	size_t row = table->rows - 1;
	uint64_t number = 0;
	int status = 0;

	switch (reader->columns[index].role) {
	case COLUMN_IS_REGION:
	case COLUMN_IS_RUN:
	case COLUMN_IS_PASS:
		break;
	case COLUMN_IS_THREAD:
		status = read_integer(reader, index, UINT32_MAX, &number, error);
		table->thread[row] = (uint32_t)number;
		break;
	case COLUMN_IS_BEGIN:
		status = read_integer(reader, index, UINT64_MAX, &table->begin_ns[row],
				      error);
		break;
	case COLUMN_IS_WALL:
		status = read_time(reader, index, &table->wall_ns[row], error);
		break;
	case COLUMN_IS_CPU:
		if (is_empty(reader, index))
			table->cpu_ns[row] = (double)NAN;
		else
			status = read_time(reader, index, &table->cpu_ns[row], error);
		break;
	case COLUMN_IS_EXECUTIONS:
		status = read_number(reader, index, &table->weight[row], error);
		if (!status && table->weight[row] < 1)
			status = cell_error(reader, index, error,
					    "is fewer than one execution");
		break;
	case COLUMN_IS_RUNNING:
		status = read_share(reader, index, &table->running[row], error);
		break;
	case COLUMN_IS_EVENT:
		status = read_event(reader, index, table, error);
		break;
	}
	return status;
}

static int read_row(struct table_reader *reader, struct error *error)
{
	const char *region = REGION_DEFAULT;
	struct sample_table *table = NULL;
	struct import_run *run = NULL;
	int status;

	if (reader->csv.count != reader->column_count)
		return csv_error(&reader->csv, error,
				 "%zu fields, but the header has %zu columns",
				 reader->csv.count, reader->column_count);
	if (reader->region < reader->column_count) {
		if (is_empty(reader, reader->region))
			return cell_error(reader, reader->region, error,
					  "names no region");
		region = csv_field(&reader->csv, reader->region);
	}
	status = find_run(reader, &run, error);
	if (!status)
		status = import_add_row(reader->set, run, region, &table, error);
	for (size_t i = 0; i < reader->column_count && !status; i++)
		status = read_cell(reader, i, table, error);
	return status;
}

static void warn_of_empty_columns(const struct table_reader *reader,
				  const struct console *console)
{
	for (size_t i = 0; console && i < reader->column_count; i++)
		if (reader->columns[i].role == COLUMN_IS_EVENT &&
		    !reader->columns[i].seen)
			console_warn(console,
				     "%s: column %zu (%s) has no number and is "
				     "left out",
				     reader->csv.path, i + 1, reader->columns[i].name);
}

int import_csv(struct import_set *set, const char *path, bool raw,
	       const struct console *console, struct error *error)
{
	struct table_reader reader = {
		.set = set, .first_run = set->run_count, .current = SIZE_MAX};
	int status = csv_open(&reader.csv, path, error);

	if (!status)
		status = read_header(&reader, raw, error);
	while (!status && (status = csv_next(&reader.csv, error)) > 0) {
		status = read_row(&reader, error);
		progress_update(&set->progress,
				(double)(set->bytes + reader.csv.bytes));
	}
	set->bytes += reader.csv.bytes;
	if (!status && set->run_count == reader.first_run)
		status = error_set(error, -EINVAL,
				   "%s has a header row and no samples below it", path);
	if (!status)
		warn_of_empty_columns(&reader, console);
	for (size_t i = 0; i < reader.column_count; i++)
		free(reader.columns[i].name);
	free(reader.columns);
	free(reader.members);
	csv_close(&reader.csv);
	return status;
}
