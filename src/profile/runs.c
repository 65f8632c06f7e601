/* SPDX-License-Identifier: MIT */
/*
 * Runs. A run is one transaction: from profile_begin_run() to
 * profile_end_run() nothing of it is in the file for anybody else, and a writer that dies in
 * between leaves the runs before it untouched.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/store.h"

/* Stored in run.status; the order is that of enum profile_run_status. */
static const char *const status_names[] = {
	[PROFILE_RUN_OK] = "ok",
	[PROFILE_RUN_EXIT] = "exit",
	[PROFILE_RUN_SIGNAL] = "signal",
	[PROFILE_RUN_TIMEOUT] = "timeout",
	[PROFILE_RUN_INTERRUPTED] = "interrupted",
	[PROFILE_RUN_EMPTY] = "empty",
};

#define STATUS_NAMES (sizeof(status_names) / sizeof(status_names[0]))

const char *profile_run_status_name(enum profile_run_status status)
{
	return (size_t)status < STATUS_NAMES ? status_names[status] : "unknown";
}

static int parse_status(const char *name, enum profile_run_status *status)
{
	for (size_t i = 0; name && i < STATUS_NAMES; i++)
		if (!strcmp(status_names[i], name)) {
			*status = (enum profile_run_status)i;
			return 0;
		}
	return -EINVAL;
}

/* ---- writing ---- */

static int next_ordinal(struct profile *profile, uint32_t *ordinal, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	uint64_t next = 0;
	int status =
		store_prepare(profile, &statement,
			      "SELECT coalesce(max(ordinal) + 1, 0) FROM run", error);

	if (!status)
		status = store_step(profile, statement, "starting a run", error);
	if (status > 0) {
		next = store_column_u64(statement, 0);
		status = next < UINT32_MAX ? 0
					   : store_damaged(profile, error,
							   "run number %" PRIu64, next);
	}
	*ordinal = (uint32_t)next;
	sqlite3_finalize(statement);
	return status;
}

static void bind_run(sqlite3_stmt *statement, const struct profile_run *run)
{
	sqlite3_bind_int64(statement, 1, run->ordinal);
	sqlite3_bind_int64(statement, 2, run->pass);
	sqlite3_bind_text(statement, 3, profile_run_status_name(run->status), -1,
			  SQLITE_STATIC);
	sqlite3_bind_int64(statement, 4, run->exit_code);
	sqlite3_bind_int64(statement, 5, run->started_utc_ns);
	store_bind_u64(statement, 6, run->wall_ns);
	store_bind_u64(statement, 7, run->user_ns);
	store_bind_u64(statement, 8, run->system_ns);
	store_bind_u64(statement, 9, run->max_rss_bytes);
	store_bind_u64(statement, 10, run->seed);
	store_bind_u64(statement, 11, run->samples);
	store_bind_u64(statement, 12, run->lost);
}

static int insert_run(struct profile *profile, struct profile_run *run,
		      struct error *error)
{
	static const char sql[] =
		"INSERT INTO run(ordinal, pass, status, exit_code, started_utc_ns, "
		"wall_ns,"
		" user_ns, system_ns, max_rss_bytes, seed, samples, lost)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
	sqlite3_stmt *statement = NULL;
	int status = next_ordinal(profile, &run->ordinal, error);

	if (!status)
		status = store_prepare(profile, &statement, sql, error);
	if (status)
		return status;
	bind_run(statement, run);
	status = store_run(profile, statement, "starting a run", error);
	sqlite3_finalize(statement);
	run->id = sqlite3_last_insert_rowid(profile->db);
	return status;
}

int profile_begin_run(struct profile *profile, struct profile_run *run,
		      struct error *error)
{
	int status = store_check_writable(profile, error);

	if (!status && profile->run)
		status = error_set(error, -EBUSY, "a run is being stored in %s already",
				   profile->path);
	if (!status)
		status = store_pass_events(profile, run->pass, &profile->run_events,
					   error);
	if (!status)
		status = store_execute(profile, "BEGIN IMMEDIATE", "starting a run",
				       error);
	if (status)
		return status;
	run->samples = run->lost = 0;
	status = insert_run(profile, run, error);
	if (status) {
		store_execute(profile, "ROLLBACK", "undoing a run", NULL);
		return status;
	}
	profile->run = run->id;
	profile->run_pass = run->pass;
	profile->next_thread = 0;
	return 0;
}

int store_check_run(struct profile *profile, const struct profile_run *run,
		    struct error *error)
{
	if (!profile->run || profile->run != run->id || profile->run_pass != run->pass)
		return error_set(error, -EINVAL, "no such run was begun in profile %s",
				 profile->path);
	if (sqlite3_get_autocommit(profile->db))
		return error_set(error, -EIO,
				 "the run being stored in profile %s is lost since an "
				 "earlier failure",
				 profile->path);
	return 0;
}

int profile_end_run(struct profile *profile, const struct profile_run *run,
		    struct error *error)
{
	static const char sql[] =
		"UPDATE run SET ordinal = ?1, pass = ?2, status = ?3, exit_code = ?4,"
		" started_utc_ns = ?5, wall_ns = ?6, user_ns = ?7, system_ns = ?8,"
		" max_rss_bytes = ?9, seed = ?10, samples = ?11, lost = ?12 WHERE id = "
		"?13";
	sqlite3_stmt *statement = NULL;
	int status;

	status = store_check_run(profile, run, error);
	if (status)
		return status;
	status = store_prepare(profile, &statement, sql, error);
	if (!status) {
		bind_run(statement, run);
		sqlite3_bind_int64(statement, 13, run->id);
		status = store_run(profile, statement, "storing a run", error);
	}
	sqlite3_finalize(statement);
	if (!status)
		status = store_execute(profile, "COMMIT", "storing a run", error);
	if (status)
		profile_abandon_run(profile);
	profile->run = 0;
	return status;
}

void profile_abandon_run(struct profile *profile)
{
	if (!profile->run)
		return;
	/* Some failures (disk full) have rolled back already. */
	if (!sqlite3_get_autocommit(profile->db))
		store_execute(profile, "ROLLBACK", "undoing a run", NULL);
	profile->run = 0;
}

/* ---- reading ---- */

static int read_run(struct profile *profile, sqlite3_stmt *statement,
		    struct profile_run *run, struct error *error)
{
	uint64_t ordinal = store_column_u64(statement, 1);
	uint64_t pass = store_column_u64(statement, 2);

	if (ordinal >= UINT32_MAX || pass >= UINT32_MAX ||
	    parse_status((const char *)sqlite3_column_text(statement, 3), &run->status))
		return store_damaged(profile, error, "a run's row makes no sense");
	run->id = sqlite3_column_int64(statement, 0);
	run->ordinal = (uint32_t)ordinal;
	run->pass = (uint32_t)pass;
	run->exit_code = sqlite3_column_int(statement, 4);
	run->started_utc_ns = sqlite3_column_int64(statement, 5);
	run->wall_ns = store_column_u64(statement, 6);
	run->user_ns = store_column_u64(statement, 7);
	run->system_ns = store_column_u64(statement, 8);
	run->max_rss_bytes = store_column_u64(statement, 9);
	run->seed = store_column_u64(statement, 10);
	run->samples = store_column_u64(statement, 11);
	run->lost = store_column_u64(statement, 12);
	return 0;
}

int profile_runs(struct profile *profile, struct profile_run **runs, size_t *count,
		 struct error *error)
{
	static const char sql[] =
		"SELECT id, ordinal, pass, status, exit_code, started_utc_ns, wall_ns,"
		" user_ns, system_ns, max_rss_bytes, seed, samples, lost"
		" FROM run ORDER BY ordinal";
	sqlite3_stmt *statement = NULL;
	size_t capacity = 0;
	int status;

	*runs = NULL;
	*count = 0;
	status = store_prepare(profile, &statement, sql, error);
	while (!status && (status = store_step(profile, statement, "reading the runs",
					       error)) > 0) {
		if (array_reserve(runs, &capacity, *count + 1, sizeof(**runs)))
			status = error_no_memory(error, "reading the runs");
		else
			status = read_run(profile, statement, &(*runs)[(*count)++],
					  error);
	}
	sqlite3_finalize(statement);
	if (status) {
		free(*runs);
		*runs = NULL;
		*count = 0;
	}
	return status;
}
