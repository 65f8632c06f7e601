/* SPDX-License-Identifier: MIT */
/*
 * Imports, as a whole: everything is read into memory and found good before the output is
 * touched, then written as a profile that is complete or not there.
 */
#include "profile/import.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "profile/import_set.h"
#include "profile/store.h"

static bool is_directory(const char *path)
{
	struct stat info;

	return !stat(path, &info) && S_ISDIR(info.st_mode);
}

/* Bytes of a file, or of the files in a directory and in those directly in it. */
static double bytes_below(const char *path, int levels)
{
	struct dirent *entry;
	struct stat info;
	double bytes = 0;
	DIR *directory;

	if (stat(path, &info))
		return 0; /* reading it will tell */
	if (!S_ISDIR(info.st_mode))
		return (double)info.st_size;
	directory = levels ? opendir(path) : NULL;
	while (directory && (entry = readdir(directory))) {
		struct text name = {0};

		if (entry->d_name[0] == '.')
			continue;
		text_printf(&name, "%s/%s", path, entry->d_name);
		if (!name.failed)
			bytes += bytes_below(name.chars, levels - 1);
		text_free(&name);
	}
	if (directory)
		closedir(directory);
	return bytes;
}

static int read_inputs(struct import_set *set, const struct import_options *options,
		       struct error *error)
{
	bool directories = is_directory(options->inputs[0]);
	double bytes = 0;
	int status = 0;

	if (directories && options->raw)
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "--raw is for CSV files; %s is a directory",
				      options->inputs[0]);
	for (size_t i = 1; i < options->input_count; i++)
		if (is_directory(options->inputs[i]) != directories)
			return error_set_exit(
				error, EXIT_USAGE, -EINVAL,
				"%s and %s cannot be imported together: one "
				"is a directory",
				options->inputs[0], options->inputs[i]);
	for (size_t i = 0; i < options->input_count; i++)
		bytes += bytes_below(options->inputs[i], directories ? 2 : 0);
	progress_start(&set->progress, options->console, "reading", bytes);
	for (size_t i = 0; i < options->input_count && !status; i++)
		status = directories ? import_original(set, options->inputs[i], error)
				     : import_csv(set, options->inputs[i], options->raw,
						  options->console, error);
	progress_finish(&set->progress);
	return status;
}

/* Events that no pass has (columns without a number) are no events of the profile. */
static int drop_unused_events(struct import_set *set, struct error *error)
{
	struct event_plan *plan = &set->plan;
	size_t *place, used = 0;

	place = malloc((plan->events.count + 1) * sizeof(*place));
	if (!place)
		return error_no_memory(error, "importing");
	for (size_t i = 0; i < plan->events.count; i++)
		place[i] = SIZE_MAX;
	for (size_t pass = 0; pass < plan->pass_count; pass++)
		for (size_t i = 0; i < plan->passes[pass].count; i++)
			place[plan->passes[pass].members[i]] = 0;
	for (size_t i = 0; i < plan->events.count; i++) {
		if (place[i] == SIZE_MAX) {
			event_free(&plan->events.items[i]);
			continue;
		}
		place[i] = used;
		plan->events.items[used++] = plan->events.items[i];
	}
	plan->events.count = used;
	for (size_t pass = 0; pass < plan->pass_count; pass++)
		for (size_t i = 0; i < plan->passes[pass].count; i++)
			plan->passes[pass].members[i] =
				place[plan->passes[pass].members[i]];
	free(place);
	return 0;
}

/* ---- writing ---- */

static int write_facts(struct profile *profile, const struct import_set *set,
		       const struct import_options *options, struct error *error)
{
	time_t now = time(NULL);
	char created[32];
	struct tm utc;
	int status;

	gmtime_r(&now, &utc);
	strftime(created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ", &utc);
	status = profile_set_fact(profile, "created_utc", created, error);
	if (!status)
		status = profile_set_fact(profile, "tool_version",
					  options->tool_version, error);
	if (!status)
		status = profile_set_fact(profile, "command", set->command, error);
	return status;
}

/* The original writes how many threads the process had, and nothing else about it. */
static int write_process(struct profile *profile, const struct import_run *run,
			 uint64_t samples, struct error *error)
{
	const struct store_process process = {
		.source = EVENT_SOURCE_IMPORT,
		.ended = true,
		.threads = run->threads,
		.samples = samples,
	};
	int64_t id;

	return run->threads ? store_add_process(profile, &process, &id, error) : 0;
}

static int write_run(struct profile *profile, const struct import_run *imported,
		     struct import_summary *summary, struct progress *progress,
		     struct error *error)
{
	struct profile_run run = {.pass = imported->pass, .wall_ns = imported->wall_ns};
	int status = profile_begin_run(profile, &run, error);

	if (status)
		return status;
	for (size_t i = 0; i < imported->table_count && !status; i++) {
		status = profile_add_samples(profile, &run, imported->tables[i].region,
					     &imported->tables[i].table, error);
		progress_update(progress, (double)(summary->samples + run.samples));
	}
	if (!status)
		status = write_process(profile, imported, run.samples, error);
	if (status) {
		profile_abandon_run(profile);
		return status;
	}
	run.status = run.samples ? PROFILE_RUN_OK : PROFILE_RUN_EMPTY;
	summary->runs++;
	summary->runs_empty += !run.samples;
	summary->samples += run.samples;
	return profile_end_run(profile, &run, error);
}

static int sync_file(const char *path, struct error *error)
{
	int file = open(path, O_RDONLY | O_CLOEXEC);
	int status = 0;

	if (file < 0 || fsync(file))
		status = error_set(error, -errno, "cannot write profile %s: %s", path,
				   strerror(errno));
	if (file >= 0)
		close(file);
	return status;
}

static int fill_profile(struct profile *profile, const struct import_set *set,
			const struct import_options *options,
			struct import_summary *summary, struct error *error)
{
	struct profile_region *regions = NULL;
	struct progress progress;
	double rows = 0;
	int status;

	for (size_t i = 0; i < set->run_count; i++)
		for (size_t k = 0; k < set->runs[i].table_count; k++)
			rows += (double)set->runs[i].tables[k].table.rows;
	progress_start(&progress, options->console, "writing", rows);
	/* Nothing is finished before everything is: sync once, at the end. */
	status = store_execute(profile, "PRAGMA synchronous = OFF", "importing", error);
	if (!status)
		status = profile_set_plan(profile, &set->plan, error);
	if (!status)
		status = write_facts(profile, set, options, error);
	for (size_t i = 0; i < set->run_count && !status; i++)
		status = write_run(profile, &set->runs[i], summary, &progress, error);
	if (!status)
		status = sync_file(profile->path, error);
	if (!status)
		status = profile_regions(profile, &regions, &summary->regions, error);
	profile_regions_free(regions, summary->regions);
	progress_finish(&progress);
	summary->passes = set->plan.pass_count;
	summary->events = set->plan.events.count;
	return status;
}

/* Writes beside the output and renames: a failure leaves what was there. */
static int write_profile(const struct import_set *set,
			 const struct import_options *options,
			 struct import_summary *summary, struct error *error)
{
	struct profile *profile = NULL;
	struct text temporary = {0};
	int status;

	text_printf(&temporary, "%s.%ld.import", options->output, (long)getpid());
	if (temporary.failed)
		return error_no_memory(error, "importing");
	status = profile_create(&profile, temporary.chars, true, error);
	if (!status) {
		status = fill_profile(profile, set, options, summary, error);
		profile_close(profile);
		if (!status)
			status = store_publish(temporary.chars, options->output,
					       options->force, error);
		if (status)
			unlink(temporary.chars);
	}
	text_free(&temporary);
	return status;
}

static int check_rows(const struct import_set *set, struct error *error)
{
	for (size_t i = 0; i < set->run_count; i++)
		if (set->runs[i].table_count)
			return 0;
	return error_set(error, -EINVAL, "none of the %zu files has a sample",
			 set->run_count);
}

int profile_import(const struct import_options *options, struct import_summary *summary,
		   struct error *error)
{
	struct import_set set = {.plan = {.source = EVENT_SOURCE_IMPORT}};
	int status;

	*summary = (struct import_summary){0};
	status = store_check_target(options->output, options->force, error);
	if (!status)
		status = read_inputs(&set, options, error);
	if (!status)
		status = check_rows(&set, error);
	if (!status)
		status = drop_unused_events(&set, error);
	if (!status)
		status = write_profile(&set, options, summary, error);
	import_set_free(&set);
	return status;
}
