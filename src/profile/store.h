/* SPDX-License-Identifier: MIT */
/*
 * What the files of src/profile share and nobody else sees: the handle, the SQLite calls with
 * their errors, and the numbers of the columns.
 */
#ifndef AUTOPERF_PROFILE_STORE_H
#define AUTOPERF_PROFILE_STORE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "profile/columns.h"
#include "profile/profile.h"

#define STORE_BUSY_TIMEOUT_MS 5000
/* More events than that in one pass are refused, whoever asks for them. */
#define STORE_PASS_EVENTS_MAX 4096u
/* The schema's version that began to keep contended cache lines. */
#define STORE_VERSION_LINES 2
/* ... and what markers took. */
#define STORE_VERSION_MARKERS 3

/* block.column; the numbers are part of the format. */
enum store_column {
	STORE_COLUMN_THREAD = 0,
	STORE_COLUMN_BEGIN = 1,
	STORE_COLUMN_WALL = 2,
	STORE_COLUMN_CPU = 3,
	STORE_COLUMN_WEIGHT = 4,
	STORE_COLUMN_RUNNING = 5,
	STORE_COLUMN_DEPTH = 6,
	STORE_COLUMN_EVENT = 16, /* + position in the pass */
};

/* A share of 1 in column RUNNING when it holds integers. */
#define STORE_RUNNING_ALL 65535u

struct profile {
	sqlite3 *db;
	char *path;
	bool writable;
	int version;         /* of the schema */
	uint64_t file_bytes; /* when opened; bounds the work of a query */
	uint64_t steps;      /* of the virtual machine since the last statement began */
	struct column_codec *codec; /* made at first use */
	sqlite3_stmt *insert_chunk;
	sqlite3_stmt *insert_block;
	int64_t run;       /* id of the begun run, 0: none */
	size_t run_events; /* events in its pass */
	uint32_t run_pass;
	uint32_t next_thread; /* first thread index of the run's next process */
};

/* ---- sql.c: SQLite with the project's errors ---- */

/*
 * Turns the handle's last SQLite failure into a text: "<doing> in profile X: why; way out".
 * Returns the errno-like code.
 */
int store_failed(struct profile *profile, const char *doing, struct error *error);
/* The profile's content makes no sense: -EBADMSG and a text that ends in `format`. */
int store_damaged(struct profile *profile, struct error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int store_prepare(struct profile *profile, sqlite3_stmt **statement, const char *sql,
		  struct error *error);
/* 1: a row, 0: no more, negative: failed. `doing` is a clause, "reading runs". */
int store_step(struct profile *profile, sqlite3_stmt *statement, const char *doing,
	       struct error *error);
/* Runs a statement that returns nothing, resets it and clears its bindings. */
int store_run(struct profile *profile, sqlite3_stmt *statement, const char *doing,
	      struct error *error);
int store_execute(struct profile *profile, const char *sql, const char *doing,
		  struct error *error);
/*
 * All or nothing, also inside a run: what is written between the two is undone when `status`
 * is not 0. store_end() returns `status`, or why committing failed.
 */
int store_begin(struct profile *profile, struct error *error);
int store_end(struct profile *profile, int status, struct error *error);
/* -EROFS with a text unless the profile was opened for writing. */
int store_check_writable(struct profile *profile, struct error *error);

/* Integers of the schema are signed 64-bit; the project's are unsigned: bits are kept. */
static inline int store_bind_u64(sqlite3_stmt *statement, int index, uint64_t value)
{
	return sqlite3_bind_int64(statement, index, (sqlite3_int64)value);
}

static inline uint64_t store_column_u64(sqlite3_stmt *statement, int column)
{
	return (uint64_t)sqlite3_column_int64(statement, column);
}

/*
 * A name as the profile keeps it (see profile_clean_text); malloc'd, "" for NULL. -EBADMSG
 * when it is not clean, -ENOMEM.
 */
int store_column_name(struct profile *profile, sqlite3_stmt *statement, int column,
		      char **name, struct error *error);
/* Copies into `buffer`, cut at a character. */
void store_copy_text(char *buffer, size_t size, const char *text);

/* ---- store.c ---- */

/* Whether a profile may be put there: -EEXIST without `force`; never over a device or so. */
int store_check_target(const char *path, bool force, struct error *error);
/*
 * Gives the finished and closed profile `temporary`, in the same directory, the name `path`;
 * replaces what has it only with `force`.
 */
int store_publish(const char *temporary, const char *path, bool force,
		  struct error *error);

/* ---- names.c ---- */

/* Valid UTF-8 without control characters, as profile_clean_text() makes it. */
bool store_is_clean(const char *text);
/*
 * Text that a user or a file of ours gave: kept when it is clean, so that names survive an
 * export and import, else cleaned. malloc'd; NULL when out of memory.
 */
char *store_keep_text(const char *text);

/* ---- plan.c ---- */

/* Events in a pass; negative when there is no such pass. */
int store_pass_events(struct profile *profile, uint32_t pass, size_t *count,
		      struct error *error);

/* ---- runs.c ---- */

/* -EINVAL unless `run` is the begun one; -EIO when a failure has undone it already. */
int store_check_run(struct profile *profile, const struct profile_run *run,
		    struct error *error);

/* ---- processes.c ---- */

/* A row of table process; texts need not be clean. */
struct store_process {
	uint32_t pid;
	uint32_t parent_pid;
	const char *executable; /* NULL: unknown */
	enum event_source source;
	bool ended;
	bool truncated;
	uint64_t start_utc_ns;
	uint32_t first_thread;
	uint32_t threads;
	uint64_t recording_bytes;
	uint64_t samples;
	uint64_t torn;
	const uint64_t *losses; /* [RECORDING_LOSS_KINDS], NULL: none */
	int failure_code;
	const char *failure; /* NULL: none */
	uint64_t executions;
	uint64_t measured;
	uint64_t marker_ns;
};
/* Adds it, and its losses, to the begun run. */
int store_add_process(struct profile *profile, const struct store_process *process,
		      int64_t *id, struct error *error);
/* What is known only after its samples were stored. */
int store_count_process(struct profile *profile, int64_t id, uint64_t samples,
			uint64_t torn, struct error *error);

/* ---- chunks.c: rows of chunk and block ---- */

int store_codec(struct profile *profile, struct error *error);
/* Id of the region of that (cleaned) name, made if need be. */
int store_region(struct profile *profile, const char *name, int64_t *region,
		 struct error *error);
/* `process` 0: none. */
int store_put_chunk(struct profile *profile, int64_t region, int64_t process,
		    size_t rows, double wall_total_ns, int64_t *chunk,
		    struct error *error);
int store_put_block(struct profile *profile, int64_t chunk, unsigned column,
		    const struct column_block *block, struct error *error);

/* A chunk as listed by a query, before its blocks are read. */
struct store_chunk {
	int64_t id;
	size_t rows;           /* 1 .. COLUMN_ROWS_MAX */
	uint32_t first_thread; /* added to the thread column */
};
/*
 * Decodes a chunk into rows [at, at + rows) of `table`, whose arrays have room; columns that
 * the chunk lacks get their defaults. Not `table->run`. Arrays that are NULL are skipped.
 */
int store_read_chunk(struct profile *profile, const struct store_chunk *chunk,
		     struct sample_table *table, size_t at, struct error *error);

/* ---- load.c ---- */

/* Arrays for `rows` rows and `event_count` events; rows and run_count are left 0. The table is
 * the caller's to free, also on failure. */
int store_table_reserve(struct sample_table *table, size_t rows, size_t event_count,
			struct error *error);

#endif
