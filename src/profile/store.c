/* SPDX-License-Identifier: MIT */
/*
 * The file itself: making a profile, opening one, closing it.
 *
 * A new profile is built under another name and renamed when it is complete, so that nobody
 * ever sees half a schema. An existing one is untrusted: its header is looked at before
 * SQLite is, and SQLite then runs without triggers, views, extensions, memory mapping, and
 * with a bound on the work of a query.
 *
 * The journal is SQLite's rollback journal in mode DELETE: after a commit, and at rest, there
 * is one file and nothing beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "profile/schema.h"
#include "profile/store.h"
#include "recording/format.h"

#define PROGRESS_STEPS 100000 /* of SQLite's virtual machine between two looks */
/* No honest query takes more steps than this, plus so many per byte of the file. */
#define STEPS_FLOOR    20000000u
#define STEPS_PER_BYTE 4u

/* https://www.sqlite.org/fileformat.html section 1.3: offsets in the file's header. */
enum sqlite_header {
	SQLITE_HEADER_BYTES = 100,
	SQLITE_PAGE_SIZE = 16,    /* 2 bytes; 1 means 65536 */
	SQLITE_READ_VERSION = 19, /* 2: write-ahead log */
	SQLITE_CHANGES = 24,
	SQLITE_PAGES = 28,
	SQLITE_USER_VERSION = 60,
	SQLITE_APPLICATION_ID = 68,
	SQLITE_VALID_FOR = 92, /* PAGES is right when this equals CHANGES */
};

static uint32_t big_endian(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
	       at[3];
}

/* ---- limits for a file that may be hostile ---- */

static int on_progress(void *context)
{
	struct profile *profile = context;

	profile->steps += PROGRESS_STEPS;
	return profile->steps > STEPS_FLOOR + profile->file_bytes * STEPS_PER_BYTE;
}

struct sqlite_setting {
	int what;
	int value;
};

static const struct sqlite_setting settings[] = {
	{SQLITE_DBCONFIG_DEFENSIVE, 1},
	{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	{SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
	{SQLITE_DBCONFIG_ENABLE_VIEW, 0},
	{SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	{SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	{SQLITE_DBCONFIG_DQS_DDL, 0},
	{SQLITE_DBCONFIG_DQS_DML, 0},
};

static const struct sqlite_setting limits[] = {
	{SQLITE_LIMIT_LENGTH, 64 << 20},
	{SQLITE_LIMIT_SQL_LENGTH, 64 << 10},
	{SQLITE_LIMIT_COLUMN, 64},
	{SQLITE_LIMIT_EXPR_DEPTH, 64},
	{SQLITE_LIMIT_COMPOUND_SELECT, 4},
	{SQLITE_LIMIT_VDBE_OP, 25000},
	{SQLITE_LIMIT_FUNCTION_ARG, 8},
	{SQLITE_LIMIT_ATTACHED, 0},
	{SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 64},
	{SQLITE_LIMIT_VARIABLE_NUMBER, 64},
	{SQLITE_LIMIT_TRIGGER_DEPTH, 1},
	{SQLITE_LIMIT_WORKER_THREADS, 0},
};

static void restrict_sqlite(struct profile *profile)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		sqlite3_db_config(profile->db, settings[i].what, settings[i].value,
				  NULL);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		sqlite3_limit(profile->db, limits[i].what, limits[i].value);
	sqlite3_busy_timeout(profile->db, STORE_BUSY_TIMEOUT_MS);
	sqlite3_progress_handler(profile->db, PROGRESS_STEPS, on_progress, profile);
}

/* ---- handles ---- */

static struct profile *handle_new(const char *path)
{
	struct profile *profile = calloc(1, sizeof(*profile));

	if (profile)
		profile->path = strdup(path);
	if (profile && !profile->path) {
		free(profile);
		return NULL;
	}
	return profile;
}

void profile_close(struct profile *profile)
{
	if (!profile)
		return;
	if (profile->run)
		profile_abandon_run(profile);
	sqlite3_finalize(profile->insert_chunk);
	sqlite3_finalize(profile->insert_block);
	sqlite3_close_v2(profile->db);
	column_codec_free(profile->codec);
	free(profile->path);
	free(profile);
}

const char *profile_path(const struct profile *profile)
{
	return profile->path;
}

/* Opens the SQLite connection of a handle that has none. */
static int connect_file(struct profile *profile, bool writable, struct error *error)
{
	int flags = writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
	struct text path = {0};
	int result, status;

	/* To SQLite, ":memory:" and "file:..." are more than names of files. */
	text_printf(&path, "%s%s", profile->path[0] == '/' ? "" : "./", profile->path);
	if (path.failed)
		return error_no_memory(error, "opening a profile");
	result = sqlite3_open_v2(path.chars, &profile->db,
				 flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
				 NULL);
	text_free(&path);
	if (!profile->db)
		return error_no_memory(error, "opening a profile");
	if (result != SQLITE_OK) {
		status = store_failed(profile, "opening", error);
	} else {
		restrict_sqlite(profile);
		status = store_execute(profile,
				       "PRAGMA cell_size_check = ON;"
				       "PRAGMA mmap_size = 0;"
				       "PRAGMA temp_store = MEMORY;",
				       "opening", error);
	}
	return status;
}

static void disconnect(struct profile *profile)
{
	sqlite3_close_v2(profile->db);
	profile->db = NULL;
}

/* ---- creating ---- */

/* Makes an empty file with a name of its own beside `path`; *name is malloc'd. */
static int make_temporary(const char *path, char **name, struct error *error)
{
	struct text text = {0};
	int file, code;

	*name = NULL;
	text_printf(&text, "%s.%ld.tmp", path, (long)getpid());
	if (text.failed)
		return error_no_memory(error, "creating a profile");
	file = open(text.chars, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (file < 0 && errno == EEXIST && !unlink(text.chars))
		/* Left by a killed process that had our number. */
		file = open(text.chars, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
	if (file < 0) {
		code = -errno;
		text_free(&text);
		return error_set(error, code, "cannot create profile %s: %s%s", path,
				 strerror(-code),
				 code == -ENOENT ? ": its directory does not exist"
						 : "");
	}
	close(file);
	*name = text.chars;
	return 0;
}

static int write_schema(const char *name, struct error *error)
{
	struct profile *profile = handle_new(name);
	struct text script = {0};
	int status;

	if (!profile)
		return error_no_memory(error, "creating a profile");
	profile->writable = true;
	text_printf(&script,
		    "PRAGMA journal_mode = DELETE;"
		    "PRAGMA encoding = 'UTF-8';"
		    "BEGIN;" PROFILE_SCHEMA PROFILE_SCHEMA_LINES
		    "PRAGMA application_id = %d;"
		    "PRAGMA user_version = %d;"
		    "COMMIT;",
		    PROFILE_APPLICATION_ID, PROFILE_SCHEMA_VERSION);
	status = script.failed ? error_no_memory(error, "creating a profile")
			       : connect_file(profile, true, error);
	if (!status)
		status = store_execute(profile, script.chars, "creating its tables",
				       error);
	text_free(&script);
	profile_close(profile);
	return status;
}

/* A journal of the file that is being replaced must never be played back into the new one. */
static void remove_journals(const char *path)
{
	static const char *const suffixes[] = {"-journal", "-wal", "-shm"};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		struct text name = {0};

		text_printf(&name, "%s%s", path, suffixes[i]);
		if (!name.failed)
			unlink(name.chars);
		text_free(&name);
	}
}

static int refuse_existing(const char *path, struct error *error)
{
	return error_set(
		error, -EEXIST,
		"profile %s exists already; choose another name, or replace it "
		"with --force",
		path);
}

int store_check_target(const char *path, bool force, struct error *error)
{
	struct stat info;

	if (stat(path, &info))
		return 0; /* creating it will tell */
	if (!S_ISREG(info.st_mode))
		return error_set(
			error, S_ISDIR(info.st_mode) ? -EISDIR : -EINVAL,
			"cannot create profile %s: it is %s; a profile must be "
			"a regular file",
			path,
			S_ISDIR(info.st_mode) ? "a directory" : "no regular file");
	return force ? 0 : refuse_existing(path, error);
}

int store_publish(const char *temporary, const char *path, bool force,
		  struct error *error)
{
	int status = store_check_target(path, force, error);

	if (status)
		return status;
	if (force) {
		remove_journals(path);
		if (!rename(temporary, path))
			return 0;
	} else {
		if (!renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE))
			return 0;
		/* Not every file system has that; link() is as atomic. */
		if (errno == EINVAL && !link(temporary, path)) {
			unlink(temporary);
			return 0;
		}
		if (errno == EEXIST)
			return refuse_existing(path, error);
	}
	return error_set(error, -errno, "cannot create profile %s: %s", path,
			 strerror(errno));
}

/* The new name survives a crash of the machine once its directory is synced. */
static void sync_directory(const char *path)
{
	char *directory = file_directory(path);
	int file = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (file >= 0) {
		fsync(file);
		close(file);
	}
	free(directory);
}

int profile_create(struct profile **profile, const char *path, bool force,
		   struct error *error)
{
	char *temporary = NULL;
	int status;

	*profile = NULL;
	status = store_check_target(path, force, error);
	if (!status)
		status = make_temporary(path, &temporary, error);
	if (status || !temporary)
		return status;
	status = write_schema(temporary, error);
	if (!status)
		status = store_publish(temporary, path, force, error);
	if (status) {
		remove_journals(temporary);
		unlink(temporary);
	} else {
		sync_directory(path);
		status = profile_open(profile, path, PROFILE_WRITE, error);
	}
	free(temporary);
	return status;
}

/* ---- opening ---- */

static bool is_beside(const char *path, const char *suffix)
{
	struct text name = {0};
	struct stat info;
	bool there;

	text_printf(&name, "%s%s", path, suffix);
	there = !name.failed && !stat(name.chars, &info) && info.st_size > 0;
	text_free(&name);
	return there;
}

/* What the first bytes say when they are no SQLite file's. */
static int refuse_foreign(const char *path, const unsigned char *head, size_t length,
			  struct error *error)
{
	if (length >= sizeof(RECORDING_MAGIC) - 1 &&
	    !memcmp(head, RECORDING_MAGIC, sizeof(RECORDING_MAGIC) - 1))
		return error_set(error, -EINVAL,
				 "%s is a recording of one process, not a profile; see "
				 "it with `autoperf info`",
				 path);
	return error_set(error, -EINVAL,
			 "%s is not a profile: it does not begin like an SQLite file; "
			 "`autoperf record -o` makes profiles, `autoperf import` takes "
			 "CSV files",
			 path);
}

/* Checks that need no SQLite. `journal`: a roll-back may still mend version and length. */
static int check_head(struct profile *profile, const unsigned char *head, size_t length,
		      bool journal, struct error *error)
{
	static const char magic[16] = "SQLite format 3";
	const char *path = profile->path;
	uint64_t page, promised;
	uint32_t version;

	if (!length)
		return error_set(error, -EINVAL, "%s is empty, not a profile", path);
	if (length < sizeof(magic) || memcmp(head, magic, sizeof(magic)))
		return refuse_foreign(path, head, length, error);
	if (length < SQLITE_HEADER_BYTES)
		return error_set(
			error, -EBADMSG,
			"the profile %s is cut short after %zu bytes; record it "
			"again",
			path, length);
	if (big_endian(head + SQLITE_APPLICATION_ID) != PROFILE_APPLICATION_ID)
		return error_set(error, -EINVAL,
				 "%s is an SQLite file, but not a profile of AutoPerf "
				 "(application id 0x%08" PRIx32 ", expected 0x%08x)",
				 path, big_endian(head + SQLITE_APPLICATION_ID),
				 PROFILE_APPLICATION_ID);
	version = big_endian(head + SQLITE_USER_VERSION);
	if (version > PROFILE_SCHEMA_VERSION)
		return error_set(error, -EPROTO,
				 "the profile %s was made by a newer AutoPerf (schema "
				 "%" PRIu32
				 ", this one reads up to %d); update AutoPerf",
				 path, version, PROFILE_SCHEMA_VERSION);
	if (version < 1)
		return store_damaged(profile, error, "it has no schema version");
	page = (uint64_t)head[SQLITE_PAGE_SIZE] << 8 | head[SQLITE_PAGE_SIZE + 1];
	page = page == 1 ? 65536 : page;
	promised = page * big_endian(head + SQLITE_PAGES);
	if (!journal && !memcmp(head + SQLITE_CHANGES, head + SQLITE_VALID_FOR, 4) &&
	    profile->file_bytes < promised)
		return error_set(error, -EBADMSG,
				 "the profile %s is cut short: %" PRIu64 " of %" PRIu64
				 " bytes are there; copy or record it again",
				 path, profile->file_bytes, promised);
	return 0;
}

/* *needs_writing: reading it means rolling a journal back or leaving WAL mode. */
static int check_file(struct profile *profile, bool *needs_writing, struct error *error)
{
	unsigned char head[SQLITE_HEADER_BYTES];
	const char *path = profile->path;
	struct stat info;
	ssize_t got;
	bool journal;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int status;

	if (file < 0)
		return error_set(error, -errno, "cannot open profile %s: %s", path,
				 strerror(errno));
	if (fstat(file, &info)) {
		status = error_set(error, -errno, "cannot open profile %s: %s", path,
				   strerror(errno));
	} else if (!S_ISREG(info.st_mode)) {
		status = error_set(error, S_ISDIR(info.st_mode) ? -EISDIR : -EINVAL,
				   "%s is %s, not a profile", path,
				   S_ISDIR(info.st_mode) ? "a directory"
							 : "no regular file");
	} else {
		profile->file_bytes = (uint64_t)info.st_size;
		got = pread(file, head, sizeof(head), 0);
		journal = is_beside(path, "-journal") || is_beside(path, "-wal");
		status =
			got < 0 ? error_set(error, -errno, "cannot read profile %s: %s",
					    path, strerror(errno))
				: check_head(profile, head, (size_t)got, journal,
					     error);
		*needs_writing = !status && head[SQLITE_READ_VERSION] == 2;
	}
	close(file);
	return status;
}

/* One number out of the file. */
static int read_number(struct profile *profile, const char *sql, int *number,
		       struct error *error)
{
	sqlite3_stmt *statement = NULL;
	int status = store_prepare(profile, &statement, sql, error);

	if (!status)
		status = store_step(profile, statement, "opening", error);
	if (status > 0)
		*number = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return status < 0 ? status : 0;
}

/* The first read: finds a journal to roll back, and that the tables are there. */
static int check_tables(struct profile *profile, bool *needs_writing,
			struct error *error)
{
	static const char first[] =
		"SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
		" AND name IN (" PROFILE_TABLE_NAMES ")";
	static const char lines[] =
		"SELECT count(*) FROM sqlite_schema WHERE type = 'table'"
		" AND name IN (" PROFILE_LINES_TABLE_NAMES ")";
	int tables = 0, lines_tables = 0;
	int status = read_number(profile, first, &tables, error);

	if (status) {
		int result = sqlite3_extended_errcode(profile->db);

		*needs_writing = result == SQLITE_READONLY_ROLLBACK ||
				 result == SQLITE_READONLY_RECOVERY;
		return status;
	}
	status = read_number(profile, "PRAGMA user_version", &profile->version, error);
	if (!status && profile->version >= STORE_VERSION_LINES)
		status = read_number(profile, lines, &lines_tables, error);
	if (!status &&
	    (tables != PROFILE_TABLES || (profile->version >= STORE_VERSION_LINES &&
					  lines_tables != PROFILE_LINES_TABLES)))
		status = store_damaged(profile, error, "tables are missing");
	return status;
}

/* A profile of an older version becomes one of this. */
static int upgrade(struct profile *profile, struct error *error)
{
	struct text script = {0};
	int status;

	if (profile->version >= PROFILE_SCHEMA_VERSION)
		return 0;
	text_printf(&script,
		    "BEGIN IMMEDIATE; %s" PROFILE_SCHEMA_MARKERS
		    "PRAGMA user_version = %d; COMMIT;",
		    profile->version < STORE_VERSION_LINES ? PROFILE_SCHEMA_LINES : "",
		    PROFILE_SCHEMA_VERSION);
	status = script.failed
			 ? error_no_memory(error, "upgrading a profile")
			 : store_execute(profile, script.chars, "adding tables", error);
	text_free(&script);
	if (status && !sqlite3_get_autocommit(profile->db))
		store_execute(profile, "ROLLBACK", "undoing", NULL);
	else if (!status)
		profile->version = PROFILE_SCHEMA_VERSION;
	return status;
}

/* Opens for writing; also what a reader does once to have a left journal rolled back. */
static int open_writable(struct profile *profile, struct error *error)
{
	bool ignored;
	int status = connect_file(profile, true, error);

	/* SQLite falls back to reading when the file is not writable. */
	if (!status && sqlite3_db_readonly(profile->db, "main") > 0)
		status = error_set(error, -EACCES, "profile %s cannot be written: %s",
				   profile->path, strerror(EACCES));
	if (!status)
		status = check_tables(profile, &ignored, error);
	if (!status)
		status = store_execute(profile,
				       "PRAGMA journal_mode = DELETE;"
				       "PRAGMA synchronous = FULL;",
				       "opening", error);
	return status;
}

static int open_readable(struct profile *profile, bool needs_writing,
			 struct error *error)
{
	int status = -EROFS;

	if (!needs_writing) {
		status = connect_file(profile, false, error);
		if (!status)
			status = check_tables(profile, &needs_writing, error);
	}
	if (!status || !needs_writing)
		return status;
	disconnect(profile);
	status = open_writable(profile, error);
	if (status == -EACCES || status == -EROFS)
		error_set(
			error, status,
			"profile %s was left unfinished by a killed program; opening "
			"it rolls that back, which needs permission to write the file "
			"and its directory: copy both %s and its -journal or -wal file "
			"to a directory of yours and open that",
			profile->path, profile->path);
	return status;
}

int profile_open(struct profile **out, const char *path, enum profile_access access,
		 struct error *error)
{
	struct profile *profile = handle_new(path);
	bool needs_writing = false;
	int status;

	*out = NULL;
	if (!profile)
		return error_no_memory(error, "opening a profile");
	profile->writable = access == PROFILE_WRITE;
	status = check_file(profile, &needs_writing, error);
	if (!status)
		status = profile->writable
				 ? open_writable(profile, error)
				 : open_readable(profile, needs_writing, error);
	if (!status && profile->writable)
		status = upgrade(profile, error);
	if (status) {
		profile_close(profile);
		return status;
	}
	*out = profile;
	return 0;
}
