/* SPDX-License-Identifier: MIT */
/*
 * What is in a profile: where it comes from, its runs, what their processes lost, and how long
 * its regions take.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/info.h"
#include "profile/lines.h"
#include "profile/profile.h"
#include "recording/reader.h"

#define PERCENT       100
#define RUNS_SHOWN    20 /* all of them, unless there are more */
#define TROUBLE_SHOWN 10 /* processes with something to tell */

struct contents {
	struct profile *profile;
	struct event_plan plan;
	struct machine machine;
	struct profile_run *runs;
	size_t run_count;
	struct profile_process *processes;
	size_t process_count;
	struct profile_region *regions;
	size_t region_count;
	struct info_times *times; /* [region_count] */
	uint64_t recording_bytes;
	size_t line_count; /* contended cache lines */
};

/* ---- reading ---- */

static int measure_regions(struct contents *contents, struct error *error)
{
	contents->times = calloc(contents->region_count + 1, sizeof(*contents->times));
	if (!contents->times)
		return error_no_memory(error, "reading a profile");
	for (size_t i = 0; i < contents->region_count; i++) {
		double *wall_ns, *weight;
		size_t count;
		int status =
			profile_load_wall(contents->profile, contents->regions[i].id,
					  false, &wall_ns, &weight, &count, error);

		if (status)
			return status;
		contents->times[i] = info_times(wall_ns, weight, count);
		free(wall_ns);
		free(weight);
	}
	return 0;
}

static int read_contents(struct contents *contents, const char *path,
			 struct error *error)
{
	struct profile *profile;
	int status = profile_open(&contents->profile, path, PROFILE_READ, error);

	if (status)
		return status;
	profile = contents->profile;
	status = profile_get_plan(profile, &contents->plan, error);
	if (!status)
		status = profile_get_machine(profile, &contents->machine, error);
	if (!status)
		status = profile_runs(profile, &contents->runs, &contents->run_count,
				      error);
	if (!status)
		status = profile_processes(profile, &contents->processes,
					   &contents->process_count, error);
	if (!status)
		status = profile_regions(profile, &contents->regions,
					 &contents->region_count, error);
	if (!status)
		status = measure_regions(contents, error);
	if (!status)
		status = profile_count_lines(profile, &contents->line_count, error);
	for (size_t i = 0; i < contents->process_count; i++)
		contents->recording_bytes += contents->processes[i].recording_bytes;
	return status;
}

static void release(struct contents *contents)
{
	event_plan_free(&contents->plan);
	free(contents->runs);
	free(contents->processes);
	profile_regions_free(contents->regions, contents->region_count);
	free(contents->times);
	profile_close(contents->profile);
}

/* ---- text: facts ---- */

static void put_facts(struct info *info, const struct contents *contents)
{
	struct profile *profile = contents->profile;
	char *created = profile_get_fact(profile, "created_utc");
	char *version = profile_get_fact(profile, "tool_version");
	char *command = profile_get_fact(profile, "command");
	char *directory = profile_get_fact(profile, "directory");
	char *commit = profile_get_fact(profile, "git_commit");
	char *dirty = profile_get_fact(profile, "git_dirty");
	bool is_dirty = dirty && !strcmp(dirty, "1");

	info_file(info, "profile");
	info_origin(info, command, commit, is_dirty);
	if (info->json) {
		json_object_set_new(info->json, "git_dirty",
				    dirty ? json_boolean(is_dirty) : json_null());
		json_object_set_new(info->json, "created_utc", info_json_text(created));
		json_object_set_new(info->json, "tool_version",
				    info_json_text(version));
		json_object_set_new(info->json, "directory", info_json_text(directory));
	} else {
		if (directory)
			info_fact(info, "directory", "%s", directory);
		info_fact(info, "created", "%s by autoperf %s",
			  created ? created : "at an unknown time",
			  version ? version : "of unknown version");
	}
	info_machine(info, &contents->machine);
	info_plan(info, &contents->plan);
	free(created);
	free(version);
	free(command);
	free(directory);
	free(commit);
	free(dirty);
}

/* What markers took in the runs, and what they were to take at most. */
struct overhead {
	uint64_t executions;
	uint64_t measured;
	double marker_ns;
	double cpu_ns;  /* of the runs that the above is known of */
	double share;   /* of the program's own time; NaN: not known */
	double allowed; /* 0: without limit, NaN: not known */
};

static struct overhead sum_overhead(const struct contents *contents)
{
	struct overhead sum = {.share = (double)NAN, .allowed = (double)NAN};
	char *allowed = profile_get_fact(contents->profile, FACT_MAX_OVERHEAD);

	if (!allowed || text_to_double(allowed, &sum.allowed))
		sum.allowed = (double)NAN;
	free(allowed);
	for (size_t i = 0; i < contents->run_count; i++) {
		const struct profile_run *run = &contents->runs[i];
		uint64_t before = sum.executions;

		for (size_t j = 0; j < contents->process_count; j++) {
			const struct profile_process *process = &contents->processes[j];

			if (process->run != run->id)
				continue;
			sum.executions += process->executions;
			sum.measured += process->measured;
			sum.marker_ns += (double)process->marker_ns;
		}
		if (sum.executions != before)
			sum.cpu_ns += (double)run->user_ns + (double)run->system_ns;
	}
	/* A run that is killed while others wait for it may have no CPU time. */
	if (sum.executions && sum.cpu_ns > sum.marker_ns)
		sum.share = sum.marker_ns / (sum.cpu_ns - sum.marker_ns);
	return sum;
}

static void put_overhead(struct info *info, const struct contents *contents)
{
	struct overhead sum = sum_overhead(contents);
	char count[32], limit[64] = "", measured[32] = "all";
	double one_in =
		(double)sum.executions / (double)(sum.measured ? sum.measured : 1);

	if (!sum.executions)
		return;
	if (sum.allowed > 0)
		snprintf(limit, sizeof(limit), ", at most %.3g %% were allowed",
			 PERCENT * sum.allowed);
	if (isfinite(sum.share))
		info_fact(info, "overhead",
			  "markers took about %.2g %% of the program's CPU time%s",
			  PERCENT * sum.share, limit);
	if (sum.measured < sum.executions)
		snprintf(measured, sizeof(measured), "one in %.3g", one_in);
	info_fact(info, isfinite(sum.share) ? "" : "overhead",
		  "%s execution%s of regions, %s of them measured",
		  text_count(sum.executions, count, sizeof(count)),
		  info_plural(sum.executions), measured);
}

/* Hardware events whose zeros say nothing; NULL: none. Freed by the caller. */
static json_t *silent_events(const struct contents *contents)
{
	char *text = profile_get_fact(contents->profile, FACT_SILENT_EVENTS);
	json_t *names = text ? json_loads(text, 0, NULL) : NULL;

	free(text);
	if (json_array_size(names))
		return names;
	json_decref(names);
	return NULL;
}

static void put_silent_events(struct info *info, const struct contents *contents)
{
	json_t *names = silent_events(contents), *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *bytes = json_string_value(name);
		char *clean = bytes ? profile_clean_text(bytes, strlen(bytes)) : NULL;

		if (clean)
			info_fact(
				info, i ? "" : "silent",
				"%s counted nothing in any sample: this processor, or "
				"its hypervisor, may not count it",
				clean);
		free(clean);
	}
	json_decref(names);
}

static json_t *silent_json(const struct contents *contents)
{
	json_t *names = silent_events(contents), *clean = json_array(), *name;
	size_t i;

	json_array_foreach (names, i, name)
		if (json_is_string(name))
			json_array_append_new(clean,
					      info_json_text(json_string_value(name)));
	json_decref(names);
	return clean;
}

static json_t *overhead_json(const struct contents *contents)
{
	struct overhead sum = sum_overhead(contents);

	if (!sum.executions)
		return json_null();
	return json_pack(
		"{s:I, s:I, s:o, s:o, s:o}", "executions", (json_int_t)sum.executions,
		"measured", (json_int_t)sum.measured, "marker_ns",
		info_json_number(sum.marker_ns), "share", info_json_number(sum.share),
		"allowed", info_json_number(sum.allowed));
}

#define SEED_RANGES_SHOWN 3

/* The runs' layouts, such as "randomised, seeds 81 to 90"; nothing where nobody knows. */
static void put_layouts(struct info *info, const struct contents *contents)
{
	struct text text = {0};
	size_t ranges = 0;

	for (size_t i = 0; i < contents->run_count;) {
		uint64_t first = contents->runs[i].seed, last = first;

		/* Passes of a round share a seed. */
		for (i++; i < contents->run_count && first &&
			  contents->runs[i].seed - last <= 1;
		     i++)
			last = contents->runs[i].seed;
		if (!first || ++ranges > SEED_RANGES_SHOWN)
			continue;
		text_printf(&text, "%s%" PRIu64, ranges > 1 ? ", " : "", first);
		if (last > first)
			text_printf(&text, " to %" PRIu64, last);
	}
	if (ranges && !text.failed)
		info_fact(info, "layouts", "randomised, seeds %s%s", text.chars,
			  ranges > SEED_RANGES_SHOWN ? " and others (--json)" : "");
	text_free(&text);
}

static void put_totals(struct info *info, const struct contents *contents)
{
	uint64_t samples = 0, lost = 0;
	size_t failed = 0;
	char count[32], missing[32], bytes[32];

	for (size_t i = 0; i < contents->run_count; i++) {
		samples += contents->runs[i].samples;
		lost += contents->runs[i].lost;
		failed += contents->runs[i].status != PROFILE_RUN_OK;
	}
	info_fact(info, "runs", "%zu%s", contents->run_count,
		  failed                ? ""
		  : contents->run_count ? ", all ended well"
					: "");
	if (failed)
		info_fact(info, "", "%zu of them failed and %s never learnt from",
			  failed, failed == 1 ? "is" : "are");
	put_layouts(info, contents);
	info_fact(info, "samples", "%s in %zu region%s, %s lost",
		  text_count(samples, count, sizeof(count)), contents->region_count,
		  info_plural(contents->region_count),
		  lost ? text_count(lost, missing, sizeof(missing)) : "none");
	put_overhead(info, contents);
	put_silent_events(info, contents);
	if (contents->line_count)
		info_fact(info, "lines",
			  "%zu contended cache line%s; --lines tells which",
			  contents->line_count, info_plural(contents->line_count));
	if (contents->recording_bytes)
		info_fact(info, "recordings", "%zu, %s; the profile is %.3g %% of that",
			  contents->process_count,
			  text_bytes((double)contents->recording_bytes, bytes,
				     sizeof(bytes)),
			  PERCENT * (double)info->file_bytes /
				  (double)contents->recording_bytes);
}

/* ---- text: runs ---- */

/* "ok", "exit 3", "signal 11". */
static char *status_text(const struct profile_run *run, char *buffer, size_t size)
{
	const char *name = profile_run_status_name(run->status);

	if (run->status == PROFILE_RUN_EXIT || run->status == PROFILE_RUN_SIGNAL)
		snprintf(buffer, size, "%s %d", name, run->exit_code);
	else
		snprintf(buffer, size, "%s", name);
	return buffer;
}

static void put_run(struct info *info, const struct profile_run *run)
{
	char status[32], wall[32], cpu[32], memory[32] = "-", samples[32],
					    lost[32] = "-";

	if (run->max_rss_bytes)
		text_bytes((double)run->max_rss_bytes, memory, sizeof(memory));
	if (run->lost)
		text_count(run->lost, lost, sizeof(lost));
	text_printf(&info->page, "%6u %4u  %-11s %12s %12s %10s %12s %10s\n",
		    run->ordinal + 1, run->pass + 1,
		    status_text(run, status, sizeof(status)),
		    info_time((double)run->wall_ns, wall, sizeof(wall)),
		    info_time((double)run->user_ns + (double)run->system_ns, cpu,
			      sizeof(cpu)),
		    memory, text_count(run->samples, samples, sizeof(samples)), lost);
}

static void put_runs(struct info *info, const struct contents *contents)
{
	bool all = info->all || contents->run_count <= RUNS_SHOWN;
	size_t shown = 0;

	if (!contents->run_count)
		return;
	info_heading(info, "%6s %4s  %-11s %12s %12s %10s %12s %10s", "run", "pass",
		     "status", "wall", "CPU", "memory", "samples", "lost");
	for (size_t i = 0; i < contents->run_count; i++) {
		const struct profile_run *run = &contents->runs[i];

		if (!all && run->status == PROFILE_RUN_OK && !run->lost)
			continue;
		put_run(info, run);
		shown++;
	}
	if (shown < contents->run_count)
		text_printf(&info->page,
			    "%zu run%s that ended well and lost nothing; --all lists "
			    "them\n",
			    contents->run_count - shown,
			    info_plural(contents->run_count - shown));
}

/* ---- text: processes ---- */

static bool is_troubled(const struct profile_process *process)
{
	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		if (process->losses[kind])
			return true;
	return process->truncated || process->torn || process->failure[0];
}

static uint32_t run_number(const struct contents *contents, int64_t id)
{
	for (size_t i = 0; i < contents->run_count; i++)
		if (contents->runs[i].id == id)
			return contents->runs[i].ordinal + 1;
	return 0;
}

static void put_process(struct info *info, const struct contents *contents,
			const struct profile_process *process)
{
	struct text text = {0};
	char count[32];

	text_printf(&text, "%s, pid %u, %u thread%s, %s sample%s%s",
		    process->executable[0] ? process->executable : "process",
		    process->pid, process->threads, info_plural(process->threads),
		    text_count(process->samples, count, sizeof(count)),
		    info_plural(process->samples), process->ended ? "" : ", killed");
	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		if (process->losses[kind])
			text_printf(
				&text, "; %s %s",
				text_count(process->losses[kind], count, sizeof(count)),
				recording_loss_text((enum recording_loss)kind));
	if (process->torn)
		text_printf(&text, "; %s samples torn or without sense",
			    text_count(process->torn, count, sizeof(count)));
	if (process->truncated)
		text_puts(&text, "; its recording was cut short");
	if (process->failure[0])
		text_printf(&text, "; %s", process->failure);
	snprintf(count, sizeof(count), "  run %u", run_number(contents, process->run));
	info_fact(info, count, "%s", text.chars ? text.chars : "");
	text_free(&text);
}

/* Processes with losses; all of them with --all. */
static void put_processes(struct info *info, const struct contents *contents)
{
	size_t troubled = 0, shown = 0;

	for (size_t i = 0; i < contents->process_count; i++)
		troubled += is_troubled(&contents->processes[i]);
	if (!troubled && !info->all)
		return;
	info_heading(info,
		     info->all ? "processes" : "processes with something to tell");
	for (size_t i = 0; i < contents->process_count; i++) {
		const struct profile_process *process = &contents->processes[i];

		if (!info->all && (!is_troubled(process) || shown == TROUBLE_SHOWN))
			continue;
		put_process(info, contents, process);
		shown++;
	}
	if (!info->all && shown < troubled)
		text_printf(&info->page, "  %zu more; --all lists them\n",
			    troubled - shown);
}

/* ---- text: regions ---- */

static void put_regions(struct info *info, const struct contents *contents)
{
	const char **names = calloc(contents->region_count + 1, sizeof(*names));
	size_t columns;
	double total = 0;

	for (size_t i = 0; i < contents->region_count; i++) {
		if (names)
			names[i] = contents->regions[i].name;
		total += contents->regions[i].total_wall_ns;
	}
	columns = info_name_columns(names, names ? contents->region_count : 0,
				    strlen("region"));
	free(names);
	if (!contents->region_count)
		return;
	info_heading(info, "%-*s %12s %12s %12s %12s %7s", (int)columns, "region",
		     "samples", "median", "95 %", "total", "share");
	for (size_t i = 0; i < contents->region_count; i++) {
		const struct profile_region *region = &contents->regions[i];
		char samples[32], median[32], p95[32], sum[32], share[32] = "-";

		if (total > 0)
			snprintf(share, sizeof(share), "%.1f %%",
				 PERCENT * region->total_wall_ns / total);
		info_name(info, region->name, columns);
		text_printf(
			&info->page, " %12s %12s %12s %12s %7s\n",
			text_count(region->samples, samples, sizeof(samples)),
			info_time(contents->times[i].median, median, sizeof(median)),
			info_time(contents->times[i].p95, p95, sizeof(p95)),
			info_time(region->total_wall_ns, sum, sizeof(sum)), share);
	}
}

/* ---- JSON ---- */

static json_t *run_json(const struct profile_run *run)
{
	return json_pack(
		"{s:I, s:I, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:I}", "run",
		(json_int_t)run->ordinal, "pass", (json_int_t)run->pass, "status",
		profile_run_status_name(run->status), "exit_code", run->exit_code,
		"started_utc_ns", (json_int_t)run->started_utc_ns, "wall_ns",
		(json_int_t)run->wall_ns, "user_ns", (json_int_t)run->user_ns,
		"system_ns", (json_int_t)run->system_ns, "max_rss_bytes",
		(json_int_t)run->max_rss_bytes, "seed",
		run->seed ? json_integer((json_int_t)run->seed) : json_null(),
		"samples", (json_int_t)run->samples, "lost", (json_int_t)run->lost);
}

static json_t *process_json(const struct contents *contents,
			    const struct profile_process *process)
{
	json_t *object = json_object(), *losses = json_array();
	uint32_t run = run_number(contents, process->run);

	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		if (process->losses[kind])
			json_array_append_new(
				losses,
				json_pack(
					"{s:i, s:s, s:I}", "kind", (int)kind, "text",
					recording_loss_text((enum recording_loss)kind),
					"count", (json_int_t)process->losses[kind]));
	json_object_set_new(object, "run", run ? json_integer(run - 1) : json_null());
	json_object_set_new(object, "pid", json_integer(process->pid));
	json_object_set_new(object, "executable", info_json_text(process->executable));
	json_object_set_new(object, "threads", json_integer(process->threads));
	json_object_set_new(object, "samples",
			    json_integer((json_int_t)process->samples));
	json_object_set_new(object, "ended", json_boolean(process->ended));
	json_object_set_new(object, "truncated", json_boolean(process->truncated));
	json_object_set_new(object, "torn", json_integer((json_int_t)process->torn));
	json_object_set_new(object, "losses", losses);
	json_object_set_new(object, "failure",
			    process->failure[0] ? info_json_text(process->failure)
						: json_null());
	json_object_set_new(object, "recording_bytes",
			    json_integer((json_int_t)process->recording_bytes));
	json_object_set_new(object, "executions",
			    json_integer((json_int_t)process->executions));
	json_object_set_new(object, "measured",
			    json_integer((json_int_t)process->measured));
	json_object_set_new(object, "marker_ns",
			    json_integer((json_int_t)process->marker_ns));
	return object;
}

static void put_json(struct info *info, const struct contents *contents)
{
	json_t *runs = json_array(), *processes = json_array(), *regions = json_array();

	for (size_t i = 0; i < contents->run_count; i++)
		json_array_append_new(runs, run_json(&contents->runs[i]));
	for (size_t i = 0; i < contents->process_count; i++)
		json_array_append_new(processes,
				      process_json(contents, &contents->processes[i]));
	for (size_t i = 0; i < contents->region_count; i++) {
		const struct profile_region *region = &contents->regions[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", info_json_text(region->name));
		json_object_set_new(object, "samples",
				    json_integer((json_int_t)region->samples));
		json_object_set_new(object, "wall_median_ns",
				    info_json_number(contents->times[i].median));
		json_object_set_new(object, "wall_p95_ns",
				    info_json_number(contents->times[i].p95));
		json_object_set_new(object, "wall_total_ns",
				    info_json_number(region->total_wall_ns));
		json_array_append_new(regions, object);
	}
	json_object_set_new(info->json, "runs", runs);
	json_object_set_new(info->json, "overhead", overhead_json(contents));
	json_object_set_new(info->json, "silent_events", silent_json(contents));
	json_object_set_new(info->json, "processes", processes);
	json_object_set_new(info->json, "regions", regions);
}

int info_profile(struct info *info, struct error *error)
{
	struct contents contents = {0};
	int status = read_contents(&contents, info->path, error);

	if (!status) {
		put_facts(info, &contents);
		if (info->json) {
			put_json(info, &contents);
		} else {
			put_totals(info, &contents);
			put_runs(info, &contents);
			put_processes(info, &contents);
			put_regions(info, &contents);
		}
	}
	release(&contents);
	return status;
}
