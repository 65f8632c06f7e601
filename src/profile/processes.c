/* SPDX-License-Identifier: MIT */
/* The processes of a run and what each of them lost: rows of the tables process and loss. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "profile/store.h"
#include "recording/format.h"

_Static_assert(sizeof(((struct profile_process *)0)->losses) ==
		       RECORDING_LOSS_KINDS * sizeof(uint64_t),
	       "a process has room for every kind of loss");

/* ---- writing ---- */

static int add_losses(struct profile *profile, int64_t process, const uint64_t *losses,
		      struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(
		profile, &statement,
		"INSERT INTO loss(process, kind, count) VALUES(?1, ?2, ?3)", error);

	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS && !status; kind++) {
		if (!losses[kind])
			continue;
		sqlite3_bind_int64(statement, 1, process);
		sqlite3_bind_int64(statement, 2, kind);
		store_bind_u64(statement, 3, losses[kind]);
		status = store_run(profile, statement, "storing losses", error);
	}
	sqlite3_finalize(statement);
	return status;
}

static int bind_process(sqlite3_stmt *statement, int64_t run,
			const struct store_process *process)
{
	const char *failure = process->failure ? process->failure : "";
	const char *executable = process->executable ? process->executable : "";
	char *clean_executable = profile_clean_text(executable, strlen(executable));
	char *clean_failure = profile_clean_text(failure, strlen(failure));

	if (!clean_executable || !clean_failure) {
		free(clean_executable);
		free(clean_failure);
		return -ENOMEM;
	}
	sqlite3_bind_int64(statement, 1, run);
	sqlite3_bind_int64(statement, 2, process->pid);
	sqlite3_bind_int64(statement, 3, process->parent_pid);
	sqlite3_bind_text(statement, 4, clean_executable, -1, free);
	sqlite3_bind_text(statement, 5, event_source_name(process->source), -1,
			  SQLITE_STATIC);
	sqlite3_bind_int(statement, 6, process->ended);
	sqlite3_bind_int(statement, 7, process->truncated);
	store_bind_u64(statement, 8, process->start_utc_ns);
	sqlite3_bind_int64(statement, 9, process->first_thread);
	sqlite3_bind_int64(statement, 10, process->threads);
	store_bind_u64(statement, 11, process->recording_bytes);
	store_bind_u64(statement, 12, process->samples);
	store_bind_u64(statement, 13, process->torn);
	sqlite3_bind_int64(statement, 14, process->failure_code);
	sqlite3_bind_text(statement, 15, clean_failure, -1, free);
	store_bind_u64(statement, 16, process->executions);
	store_bind_u64(statement, 17, process->measured);
	store_bind_u64(statement, 18, process->marker_ns);
	return 0;
}

int store_add_process(struct profile *profile, const struct store_process *process,
		      int64_t *id, struct error *error)
{
	static const char sql[] =
		"INSERT INTO process(run, pid, parent_pid, executable, source, ended,"
		" truncated, start_utc_ns, first_thread, threads, recording_bytes,"
		" samples, torn, failure_code, failure, executions, measured, "
		"marker_ns)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,"
		" ?15, ?16, ?17, ?18)";
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(profile, &statement, sql, error);

	if (status)
		return status;
	if (bind_process(statement, profile->run, process))
		status = error_no_memory(error, "storing a process");
	else
		status = store_run(profile, statement, "storing a process", error);
	sqlite3_finalize(statement);
	*id = sqlite3_last_insert_rowid(profile->db);
	if (!status && process->losses)
		status = add_losses(profile, *id, process->losses, error);
	return status;
}

int store_count_process(struct profile *profile, int64_t id, uint64_t samples,
			uint64_t torn, struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(
		profile, &statement,
		"UPDATE process SET samples = ?1, torn = ?2 WHERE id = ?3", error);

	if (status)
		return status;
	store_bind_u64(statement, 1, samples);
	store_bind_u64(statement, 2, torn);
	sqlite3_bind_int64(statement, 3, id);
	status = store_run(profile, statement, "storing a process", error);
	sqlite3_finalize(statement);
	return status;
}

/* ---- reading ---- */

static int read_process(struct profile *profile, sqlite3_stmt *statement,
			struct profile_process *process, struct error *error)
{
	const char *executable = (const char *)sqlite3_column_text(statement, 2);
	const char *failure = (const char *)sqlite3_column_text(statement, 7);

	if (!executable || !failure || !store_is_clean(executable) ||
	    !store_is_clean(failure))
		return store_damaged(profile, error, "a process's row makes no sense");
	process->run = sqlite3_column_int64(statement, 0);
	process->pid = (uint32_t)store_column_u64(statement, 1);
	store_copy_text(process->executable, sizeof(process->executable), executable);
	process->threads = (uint32_t)store_column_u64(statement, 3);
	process->samples = store_column_u64(statement, 4);
	process->torn = store_column_u64(statement, 5);
	process->truncated = sqlite3_column_int(statement, 6) != 0;
	store_copy_text(process->failure, sizeof(process->failure), failure);
	process->ended = sqlite3_column_int(statement, 9) != 0;
	process->recording_bytes = store_column_u64(statement, 10);
	process->executions = store_column_u64(statement, 11);
	process->measured = store_column_u64(statement, 12);
	process->marker_ns = store_column_u64(statement, 13);
	return 0;
}

static int read_losses(struct profile *profile, sqlite3_stmt *statement, int64_t id,
		       struct profile_process *process, struct error *error)
{
	const size_t kinds = sizeof(process->losses) / sizeof(process->losses[0]);
	int status;

	sqlite3_bind_int64(statement, 1, id);
	while ((status = store_step(profile, statement, "reading losses", error)) > 0) {
		uint64_t kind = store_column_u64(statement, 0);

		if (kind < kinds)
			process->losses[kind] = store_column_u64(statement, 1);
	}
	sqlite3_reset(statement);
	return status;
}

int profile_processes(struct profile *profile, struct profile_process **processes,
		      size_t *count, struct error *error)
{
#define PROCESS_COLUMNS                                                        \
	"SELECT process.run, pid, executable, threads, process.samples, torn," \
	" truncated, failure, process.id, ended, recording_bytes"
#define PROCESS_ORDER                                    \
	" FROM process JOIN run ON run.id = process.run" \
	" ORDER BY run.ordinal, process.id"
	static const char sql[] =
		PROCESS_COLUMNS ", executions, measured, marker_ns" PROCESS_ORDER;
	static const char old_sql[] = PROCESS_COLUMNS ", 0, 0, 0" PROCESS_ORDER;
	static const char loss_sql[] =
		"SELECT kind, count FROM loss WHERE process = ?1";
	sqlite3_stmt *statement = NULL, *loss = NULL;
	size_t capacity = 0;
	int status;

	*processes = NULL;
	*count = 0;
	status = store_prepare(profile, &statement,
			       profile->version < STORE_VERSION_MARKERS ? old_sql : sql,
			       error);
	if (!status)
		status = store_prepare(profile, &loss, loss_sql, error);
	while (!status && (status = store_step(profile, statement,
					       "reading the processes", error)) > 0) {
		struct profile_process *process;

		if (array_reserve(processes, &capacity, *count + 1, sizeof(*process))) {
			status = error_no_memory(error, "reading the processes");
			break;
		}
		process = &(*processes)[(*count)++];
		status = read_process(profile, statement, process, error);
		if (!status)
			status = read_losses(profile, loss,
					     sqlite3_column_int64(statement, 8),
					     process, error);
	}
	sqlite3_finalize(statement);
	sqlite3_finalize(loss);
	if (status) {
		free(*processes);
		*processes = NULL;
		*count = 0;
	}
	return status;
}
