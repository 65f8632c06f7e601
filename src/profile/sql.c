/* SPDX-License-Identifier: MIT */
/*
 * SQLite as the profile uses it: prepare, step, and every failure turned into a text that
 * names the file, says what went wrong in the user's terms and what to do. The only place
 * that knows SQLite's result codes.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "profile/store.h"

struct failure {
	int result;       /* primary result code */
	int code;         /* errno-like */
	const char *text; /* why, and the way out */
};

static const struct failure failures[] = {
	{SQLITE_BUSY, -EBUSY,
	 "another program is writing to it (waited 5 s); try again when it is done"},
	{SQLITE_LOCKED, -EBUSY, "it is in use; try again later"},
	{SQLITE_NOMEM, -ENOMEM, "out of memory"},
	{SQLITE_READONLY, -EROFS,
	 "the file or its directory cannot be written; copy the profile to where it "
	 "can"},
	{SQLITE_PERM, -EACCES, "permission denied"},
	{SQLITE_CANTOPEN, -EACCES,
	 "the file, or its journal beside it, cannot be opened; see the permissions of "
	 "the file and its directory"},
	{SQLITE_FULL, -ENOSPC, "no space left on the device; free some and repeat"},
	{SQLITE_TOOBIG, -EFBIG, "a value is too long"},
	{SQLITE_INTERRUPT, -EBADMSG,
	 "damaged: reading it would never end; record it again"},
};

/* The first complaint of SQLite's own check, or "" when it finds nothing. */
static void ask_quick_check(struct profile *profile, char *buffer, size_t size)
{
	sqlite3_stmt *check = NULL;

	buffer[0] = '\0';
	profile->steps = 0;
	if (sqlite3_prepare_v2(profile->db, "PRAGMA quick_check(1)", -1, &check,
			       NULL) == SQLITE_OK &&
	    sqlite3_step(check) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(check, 0);

		/* Several lines, the first a title: what matters comes last. */
		if (text && strcmp(text, "ok")) {
			const char *line = strrchr(text, '\n');

			snprintf(buffer, size, " (%s)", line ? line + 1 : text);
		}
	}
	sqlite3_finalize(check);
}

int store_failed(struct profile *profile, const char *doing, struct error *error)
{
	int extended = sqlite3_extended_errcode(profile->db), result = extended & 0xff;
	int system_error = sqlite3_system_errno(profile->db);
	char message[256], detail[200];

	store_copy_text(message, sizeof(message), sqlite3_errmsg(profile->db));
	if (result == SQLITE_CORRUPT || result == SQLITE_NOTADB) {
		ask_quick_check(profile, detail, sizeof(detail));
		return error_set(
			error, -EBADMSG,
			"%s failed: the profile %s is damaged%s; record it again, "
			"or salvage what is left with `sqlite3 '%s' .recover`",
			doing, profile->path, detail, profile->path);
	}
	if (result == SQLITE_IOERR &&
	    (system_error == EDQUOT || system_error == EFBIG || system_error == ENOSPC))
		return error_set(error, -system_error, "%s failed: writing %s: %s",
				 doing, profile->path, strerror(system_error));
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].result == result)
			return error_set(error, failures[i].code,
					 "%s failed: profile %s: %s", doing,
					 profile->path, failures[i].text);
	if (result == SQLITE_IOERR)
		return error_set(error, -EIO,
				 "%s failed: input/output error on profile %s%s%s",
				 doing, profile->path, system_error ? ": " : "",
				 system_error ? strerror(system_error) : "");
	/* A table or column that is not there, a constraint: not what we wrote. */
	return error_set(error, -EBADMSG, "%s failed: the profile %s is damaged (%s)",
			 doing, profile->path, message);
}

int store_damaged(struct profile *profile, struct error *error, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(error, -EBADMSG,
			 "the profile %s is damaged: %s; record it again",
			 profile->path, text);
}

int store_prepare(struct profile *profile, sqlite3_stmt **statement, const char *sql,
		  struct error *error)
{
	profile->steps = 0;
	if (sqlite3_prepare_v2(profile->db, sql, -1, statement, NULL) == SQLITE_OK)
		return 0;
	*statement = NULL;
	return store_failed(profile, "reading its tables", error);
}

int store_step(struct profile *profile, sqlite3_stmt *statement, const char *doing,
	       struct error *error)
{
	int result = sqlite3_step(statement);

	if (result == SQLITE_ROW)
		return 1;
	if (result == SQLITE_DONE)
		return 0;
	return store_failed(profile, doing, error);
}

int store_run(struct profile *profile, sqlite3_stmt *statement, const char *doing,
	      struct error *error)
{
	int result, status = 0;

	profile->steps = 0;
	result = sqlite3_step(statement);
	if (result != SQLITE_DONE && result != SQLITE_ROW)
		status = store_failed(profile, doing, error);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return status;
}

int store_execute(struct profile *profile, const char *sql, const char *doing,
		  struct error *error)
{
	profile->steps = 0;
	if (sqlite3_exec(profile->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return store_failed(profile, doing, error);
}

int store_begin(struct profile *profile, struct error *error)
{
	return store_execute(profile, "SAVEPOINT step", "writing", error);
}

int store_end(struct profile *profile, int status, struct error *error)
{
	if (!status)
		status = store_execute(profile, "RELEASE step", "writing", error);
	if (status)
		store_execute(profile, "ROLLBACK TO step; RELEASE step", "undoing",
			      NULL);
	return status;
}

int store_check_writable(struct profile *profile, struct error *error)
{
	if (profile->writable)
		return 0;
	return error_set(error, -EROFS, "profile %s was opened for reading only",
			 profile->path);
}

int store_column_name(struct profile *profile, sqlite3_stmt *statement, int column,
		      char **name, struct error *error)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);

	*name = NULL;
	if (text && !store_is_clean(text))
		return store_damaged(profile, error, "a name is not printable text");
	*name = strdup(text ? text : "");
	return *name ? 0 : error_no_memory(error, "reading names");
}
