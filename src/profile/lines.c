/* SPDX-License-Identifier: MIT */
/*
 * A process's file of contended lines into the profile.
 *
 * A line of the profile is what lies there: see line_identify(). What counts in a run is kept by
 * run, so that medians can be told; of the rest the profile keeps what the costliest run said.
 * Lines that cost no region anything (start and end of threads, the C library's own) are left out.
 */
#include "profile/lines.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "profile/line_detail.h"
#include "profile/store.h"
#include "recording/format.h"

#define FORMAT_VERSION  1
#define FILE_BYTES_MAX  ((size_t)16 << 20)
#define LINES_MAX       4096u
#define REGIONS_MAX     65536u
#define REGION_NAME_MAX ((size_t)4 * RECORDING_NAME_MAX) /* each byte as \xNN */

struct adding {
	struct profile *profile;
	const char *top; /* of the program's source; NULL: unknown */
	int64_t run;
	sqlite3_stmt *add_region;
	sqlite3_stmt *find_line;
	sqlite3_stmt *put_line;
	sqlite3_stmt *add_line_run;
	sqlite3_stmt *add_line_region;
};

/* ---- statements ---- */

static int prepare(struct adding *adding, struct error *error)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} all[] = {
		{&adding->add_region,
		 "INSERT INTO region_run(run, region, executions, cycles, instructions)"
		 " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
		 " executions = executions + excluded.executions,"
		 " cycles = cycles + excluded.cycles,"
		 " instructions = instructions + excluded.instructions"},
		{&adding->find_line, "SELECT id FROM line WHERE identity = ?1"},
		{&adding->put_line,
		 "INSERT INTO line(identity, cycles, detail) VALUES(?1, ?2, ?3)"
		 " ON CONFLICT DO UPDATE SET cycles = excluded.cycles,"
		 " detail = excluded.detail WHERE excluded.cycles > cycles"},
		{&adding->add_line_run,
		 "INSERT INTO line_run(line, run, lines, hitm_local, hitm_remote,"
		 " hitm_false, hitm_true, upgrades, cycles)"
		 " VALUES(?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET"
		 " lines = lines + 1,"
		 " hitm_local = hitm_local + excluded.hitm_local,"
		 " hitm_remote = hitm_remote + excluded.hitm_remote,"
		 " hitm_false = hitm_false + excluded.hitm_false,"
		 " hitm_true = hitm_true + excluded.hitm_true,"
		 " upgrades = upgrades + excluded.upgrades,"
		 " cycles = cycles + excluded.cycles"},
		{&adding->add_line_region,
		 "INSERT INTO line_region(line, run, region, hitm, cycles)"
		 " VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
		 " hitm = hitm + excluded.hitm, cycles = cycles + excluded.cycles"},
	};
	int status = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]) && !status; i++)
		status = store_prepare(adding->profile, all[i].statement, all[i].sql,
				       error);
	return status;
}

static void release(struct adding *adding)
{
	sqlite3_finalize(adding->add_region);
	sqlite3_finalize(adding->find_line);
	sqlite3_finalize(adding->put_line);
	sqlite3_finalize(adding->add_line_run);
	sqlite3_finalize(adding->add_line_region);
}

/* ---- regions ---- */

static int find_region(struct adding *adding, json_t *object, int64_t *region,
		       struct error *error)
{
	const char *name;
	int status = line_get_text(object, "region", REGION_NAME_MAX, &name, error);

	return status ? status : store_region(adding->profile, name, region, error);
}

/* Reads `count` members of `object` that are counts. */
static int get_counts(const json_t *object, const char *const *keys, uint64_t *counts,
		      size_t count, struct error *error)
{
	int status = 0;

	for (size_t i = 0; i < count && !status; i++)
		status = line_get_count(object, keys[i], LINE_COUNT_MAX, &counts[i],
					error);
	return status;
}

static int add_region(struct adding *adding, json_t *object, struct error *error)
{
	static const char *const keys[] = {"executions", "cycles", "instructions"};
	uint64_t counts[3];
	int64_t region;
	int status = get_counts(object, keys, counts, 3, error);

	if (!status)
		status = find_region(adding, object, &region, error);
	if (status)
		return status;
	sqlite3_bind_int64(adding->add_region, 1, adding->run);
	sqlite3_bind_int64(adding->add_region, 2, region);
	for (int i = 0; i < 3; i++)
		store_bind_u64(adding->add_region, 3 + i, counts[i]);
	return store_run(adding->profile, adding->add_region, "storing a region",
			 error);
}

static int add_line_region(struct adding *adding, int64_t line, json_t *object,
			   struct error *error)
{
	static const char *const keys[] = {"hitm", "cycles"};
	uint64_t counts[2];
	int64_t region;
	int status = get_counts(object, keys, counts, 2, error);

	if (!status)
		status = find_region(adding, object, &region, error);
	if (status)
		return status;
	sqlite3_bind_int64(adding->add_line_region, 1, line);
	sqlite3_bind_int64(adding->add_line_region, 2, adding->run);
	sqlite3_bind_int64(adding->add_line_region, 3, region);
	store_bind_u64(adding->add_line_region, 4, counts[0]);
	store_bind_u64(adding->add_line_region, 5, counts[1]);
	return store_run(adding->profile, adding->add_line_region,
			 "storing a contended line", error);
}

/* ---- lines ---- */

static int put_line(struct adding *adding, const json_t *object, const char *identity,
		    uint64_t cycles, int64_t *id, struct error *error)
{
	char *detail = line_write_detail(object);
	int status;

	if (!detail)
		return error_no_memory(error, "storing a contended line");
	sqlite3_bind_text(adding->put_line, 1, identity, -1, SQLITE_STATIC);
	store_bind_u64(adding->put_line, 2, cycles);
	sqlite3_bind_text(adding->put_line, 3, detail, -1, SQLITE_STATIC);
	status = store_run(adding->profile, adding->put_line,
			   "storing a contended line", error);
	free(detail);
	if (status)
		return status;
	sqlite3_bind_text(adding->find_line, 1, identity, -1, SQLITE_STATIC);
	status = store_step(adding->profile, adding->find_line,
			    "storing a contended line", error);
	if (status > 0)
		*id = sqlite3_column_int64(adding->find_line, 0);
	else if (!status)
		status = store_damaged(adding->profile, error, "a line is lost");
	sqlite3_reset(adding->find_line);
	return status < 0 ? status : 0;
}

static int add_line_run(struct adding *adding, int64_t line, const uint64_t *counts,
			struct error *error)
{
	sqlite3_bind_int64(adding->add_line_run, 1, line);
	sqlite3_bind_int64(adding->add_line_run, 2, adding->run);
	for (int i = 0; i < 6; i++)
		store_bind_u64(adding->add_line_run, 3 + i, counts[i]);
	return store_run(adding->profile, adding->add_line_run,
			 "storing a contended line", error);
}

static int add_line(struct adding *adding, json_t *object, struct error *error)
{
	static const char *const keys[] = {"hitm_local", "hitm_remote", "hitm_false",
					   "hitm_true",  "upgrades",    "cycles"};
	const json_t *regions = json_object_get(object, "regions");
	struct profile_line line = {0};
	struct text identity = {0};
	uint64_t counts[6];
	int64_t id = 0;
	json_t *region;
	size_t i;
	int status;

	if (!json_is_array(regions) || json_array_size(regions) > REGIONS_MAX)
		return error_set(error, -EBADMSG, "\"regions\" is no array");
	if (adding->top && line_name_below(object, adding->top))
		return error_no_memory(error, "reading a name");
	status = line_read_detail(object, &line, error);
	if (!status)
		status = get_counts(object, keys, counts, 6, error);
	if (status || !json_array_size(regions))
		return status;
	line_identify(&identity, &line, true);
	if (identity.failed)
		status = error_no_memory(error, "storing a contended line");
	if (!status)
		status =
			put_line(adding, object, identity.chars, counts[5], &id, error);
	text_free(&identity);
	if (!status)
		status = add_line_run(adding, id, counts, error);
	json_array_foreach (regions, i, region) {
		if (status)
			break;
		status = add_line_region(adding, id, region, error);
	}
	return status;
}

static int add_all(struct adding *adding, const json_t *root, struct error *error)
{
	const json_t *regions = json_object_get(root, "regions");
	const json_t *lines = json_object_get(root, "lines");
	json_t *item;
	size_t i;
	int status = prepare(adding, error);

	json_array_foreach (regions, i, item) {
		if (status)
			return status;
		status = add_region(adding, item, error);
	}
	json_array_foreach (lines, i, item) {
		if (status)
			return status;
		status = add_line(adding, item, error);
		if (status)
			error_prefix(error, "line %zu", i + 1);
	}
	return status;
}

/* ---- the file ---- */

static int check_root(const json_t *root, struct error *error)
{
	const json_t *regions = json_object_get(root, "regions");
	const json_t *lines = json_object_get(root, "lines");
	uint64_t version, bytes;
	int status = line_get_count(root, "version", UINT32_MAX, &version, error);

	if (!status && version != FORMAT_VERSION)
		return error_set(error, -EBADMSG, "it has version %" PRIu64 ", not %d",
				 version, FORMAT_VERSION);
	if (!status)
		status = line_get_count(root, "line_bytes", UINT32_MAX, &bytes, error);
	if (!status && bytes != LINE_BYTES)
		return error_set(error, -EBADMSG,
				 "its lines have %" PRIu64 " bytes, not %d", bytes,
				 LINE_BYTES);
	if (!status && (!json_is_array(regions) || !json_is_array(lines) ||
			json_array_size(regions) > REGIONS_MAX ||
			json_array_size(lines) > LINES_MAX))
		status = error_set(error, -EBADMSG,
				   "it has no, or too many, regions or lines");
	return status;
}

static int parse(const char *path, json_t **root, struct error *error)
{
	json_error_t problem;
	size_t length;
	char *bytes;
	int status = file_read(path, FILE_BYTES_MAX, &bytes, &length, error);

	*root = NULL;
	if (status)
		return status;
	*root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &problem);
	free(bytes);
	if (!*root)
		return error_set(
			error, -EBADMSG, "%s at line %d%s", problem.text, problem.line,
			json_error_code(&problem) == json_error_premature_end_of_input
				? ": it was cut short"
				: "");
	return check_root(*root, error);
}

int profile_add_lines(struct profile *profile, const struct profile_run *run,
		      const char *path, const char *top, struct error *error)
{
	struct adding adding = {.profile = profile, .top = top, .run = run->id};
	json_t *root = NULL;
	int status = store_check_run(profile, run, error);

	if (status)
		return status;
	status = parse(path, &root, error);
	if (!status)
		status = store_begin(profile, error);
	if (!status) {
		status = add_all(&adding, root, error);
		/* Statements that are under way would keep the step from ending. */
		release(&adding);
		status = store_end(profile, status, error);
	}
	json_decref(root);
	if (status == -EBADMSG)
		error_prefix(error, "contended lines in %s make no sense", path);
	return status;
}
