/* SPDX-License-Identifier: MIT */
/*
 * What an import has read and not yet written: events, passes, runs, and a growing table per
 * run and region. Private to src/profile: import_csv.c and import_original.c fill it,
 * import.c writes it.
 */
#ifndef AUTOPERF_PROFILE_IMPORT_SET_H
#define AUTOPERF_PROFILE_IMPORT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/console.h"
#include "base/error.h"
#include "event/event.h"
#include "profile/profile.h"

/* Which optional arrays of a table there are; the others stay NULL. */
enum import_column {
	IMPORT_THREAD = 1,
	IMPORT_BEGIN = 2,
	IMPORT_WALL = 4,
	IMPORT_CPU = 8,
	IMPORT_EXECUTIONS = 16,
	IMPORT_RUNNING = 32,
};

struct import_table {
	char *region;
	struct sample_table table;
	size_t capacity; /* rows that all its arrays have room for */
};

struct import_run {
	char *label; /* what the file calls it */
	uint32_t pass;
	unsigned columns; /* enum import_column */
	uint64_t wall_ns; /* 0: unknown */
	uint32_t threads; /* 0: unknown */
	struct import_table *tables;
	size_t table_count;
	size_t table_capacity;
	size_t last; /* table of the row before: rows of a region stand together */
};

struct import_set {
	struct event_plan plan; /* source IMPORT */
	struct import_run *runs;
	size_t run_count;
	size_t run_capacity;
	char *command;            /* JSON array; NULL: unknown */
	struct progress progress; /* of reading, in bytes */
	uint64_t bytes;           /* of the files that are done with */
};

void import_set_free(struct import_set *set);

/* Index of the event of that name, added with what is known about it if need be. */
int import_event(struct import_set *set, const char *name, bool raw, size_t *index,
		 struct error *error);
/*
 * Index of the pass of exactly these events, added if need be. Sorts `members`: instructions
 * first, then by index; that is the order of values in its tables.
 */
int import_pass(struct import_set *set, size_t *members, size_t count, uint32_t *pass,
		struct error *error);
/* Adds a run; *run is valid until the next call. */
int import_add_run(struct import_set *set, const char *label, uint32_t pass,
		   unsigned columns, struct import_run **run, struct error *error);
/*
 * Makes room for one more row of the region; the caller fills row table->rows - 1 of each
 * array that there is.
 */
int import_add_row(const struct import_set *set, struct import_run *run,
		   const char *region, struct sample_table **table,
		   struct error *error);

/* Reads one CSV file; `raw` as in import_options. */
int import_csv(struct import_set *set, const char *path, bool raw,
	       const struct console *console, struct error *error);
/* Reads a directory of the original: of runs, or of one run's event files. */
int import_original(struct import_set *set, const char *path, struct error *error);

#endif
