/* SPDX-License-Identifier: MIT */
/*
 * src/profile: any bytes as a profile. Whatever opens is read and exported as a whole; nothing
 * crashes, hangs or is left behind, and every error names the file.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz/fuzz.h"
#include "profile/export.h"
#include "profile/store.h"
#include "support/profile_builder.h"

/* A new name beside each other; SQLite does not open what fuzz_file() gives. */
static void temporary(char *path, size_t size)
{
	int file;

	snprintf(path, size, "/tmp/autoperf-fuzz-XXXXXX");
	file = mkstemp(path);
	fuzz_require(file >= 0);
	close(file);
}

static void failed(const char *path, int status, const struct error *error)
{
	fuzz_require(status < 0 && error->code == status);
	/* -ENODATA and lack of memory have texts of their own. */
	fuzz_require(strstr(error->text, path) || strstr(error->text, "out of memory"));
}

static void check_rows(const struct sample_table *table)
{
	for (size_t row = 0; row < table->rows; row++) {
		fuzz_require(table->run[row] < table->run_count);
		fuzz_require(table->wall_ns[row] >= 0 && isfinite(table->wall_ns[row]));
		fuzz_require(isnan(table->cpu_ns[row]) || table->cpu_ns[row] >= 0);
		fuzz_require(table->weight[row] > 0);
		fuzz_require(table->running[row] >= 0 && table->running[row] <= 1);
		for (size_t i = 0; i < table->event_count; i++)
			fuzz_require(isfinite(table->values[i][row]));
	}
}

static int load_regions(struct profile *profile, const struct event_plan *plan,
			struct error *error)
{
	struct profile_region *regions;
	size_t count;
	int status = profile_regions(profile, &regions, &count, error);

	for (size_t i = 0; i < count && !status; i++)
		for (size_t pass = 0; pass < plan->pass_count && !status; pass++) {
			struct sample_table table;

			status = profile_load(profile, regions[i].id, (uint32_t)pass,
					      true, &table, error);
			check_rows(&table);
			sample_table_free(&table);
		}
	profile_regions_free(regions, count);
	return status;
}

static int read_all(struct profile *profile, struct error *error)
{
	struct profile_process *processes = NULL;
	struct profile_run *runs = NULL;
	struct event_plan plan;
	struct machine machine;
	size_t count;
	int status = profile_get_plan(profile, &plan, error);

	if (status)
		return status;
	free(profile_get_fact(profile, "command"));
	status = profile_get_machine(profile, &machine, error);
	if (!status)
		status = profile_runs(profile, &runs, &count, error);
	if (!status)
		status = profile_processes(profile, &processes, &count, error);
	if (!status)
		status = load_regions(profile, &plan, error);
	free(runs);
	free(processes);
	event_plan_free(&plan);
	return status;
}

/* A profile without times, or of impossible nesting, has no trace; that is an answer, too. */
static int export_all(struct profile *profile, FILE *out, struct error *error)
{
	struct export_summary summary;
	int status = profile_export_csv(profile, NULL, out, &summary, error);

	if (!status)
		status = profile_export_json(profile, NULL, out, &summary, error);
	if (!status)
		status = profile_export_folded(profile, NULL, NULL, out, &summary,
					       error);
	if (!status)
		status = profile_export_perfetto(profile, NULL, out, &summary, error);
	return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct profile *profile;
	struct error error = {0};
	char path[64];
	FILE *file, *null = fopen("/dev/null", "w");
	int status;

	temporary(path, sizeof(path));
	file = fopen(path, "w");
	fuzz_require(file && null);
	fwrite(bytes, 1, length, file);
	fuzz_require(!fclose(file));

	status = profile_open(&profile, path, PROFILE_READ, &error);
	if (!status) {
		status = read_all(profile, &error);
		if (!status)
			status = export_all(profile, null, &error);
	}
	if (status)
		failed(path, status, &error);
	profile_close(profile);
	fclose(null);
	fuzz_require(!unlink(path));
	return 0;
}

/* Small pages make small seeds, of which more bytes matter. */
static void shrink(const char *path)
{
	sqlite3 *db;

	fuzz_require(sqlite3_open(path, &db) == SQLITE_OK);
	fuzz_require(sqlite3_exec(db, "PRAGMA page_size = 512; VACUUM", NULL, NULL,
				  NULL) == SQLITE_OK);
	sqlite3_close(db);
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const regions[] = {"alpha", "beta"};
	struct profile *profile;
	struct machine machine;
	struct error error;
	char path[64];

	if (index > 2)
		return false;
	temporary(path, sizeof(path));
	unlink(path);
	profile = example_profile(path, example_plan());
	if (index) {
		machine_probe(&machine);
		fuzz_require(!profile_set_machine(profile, &machine, &error));
		example_run(profile, 0, PROFILE_RUN_OK, regions, 2, 20, 1);
		example_run(profile, 1, PROFILE_RUN_OK, regions, 1, 5, 1);
		example_run(profile, 0, PROFILE_RUN_EXIT, regions, 2, 3, 1);
	}
	profile_close(profile);
	if (index < 2)
		shrink(path);
	fuzz_require(!file_read(path, 1 << 20, (char **)bytes, length, &error));
	unlink(path);
	return true;
}
