/* SPDX-License-Identifier: MIT */
/*
 * Runs of two sides, in turns: see measure.h. Each run is one record() that appends to its side's
 * profile; the profiles themselves tell how far a killed measurement had come.
 */
#include "gate/measure.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "gate/shell.h"
#include "gate/streams.h"
#include "workload/workload.h"

#define MAX_OVERHEAD  0.04 /* share of time for markers, as `record` has it */
#define RUNNING_FLOOR 0.10
#define RUNTIME_SAYS  "perfpoint: " /* why it does not record */

/* ---- how far it is ---- */

/* Rounds of all passes that ended well. */
static int count_runs(const char *path, unsigned *count, struct error *error)
{
	struct profile *profile = NULL;
	struct profile_run *runs = NULL;
	struct event_plan plan = {0};
	size_t run_count = 0;
	int code;

	*count = 0;
	if (access(path, F_OK))
		return 0;
	code = profile_open(&profile, path, PROFILE_READ, error);
	if (!code)
		code = profile_get_plan(profile, &plan, error);
	if (!code)
		code = profile_runs(profile, &runs, &run_count, error);
	for (size_t pass = 0; !code && pass < plan.pass_count; pass++) {
		unsigned good = 0;

		for (size_t i = 0; i < run_count; i++)
			good += runs[i].pass == pass &&
				runs[i].status == PROFILE_RUN_OK;
		if (!pass || good < *count)
			*count = good;
	}
	free(runs);
	event_plan_free(&plan);
	profile_close(profile);
	return code;
}

/* A profile that a kill left without its plan, or unreadable, would be in the way for ever. */
static void drop_unusable(const char *path)
{
	unsigned count;

	if (!access(path, F_OK) && (count_runs(path, &count, NULL) || !count))
		unlink(path);
}

/* ---- one run ---- */

/* `from`: bytes of the log before the run. */
static int explain(const struct measurement *measurement, const struct side *side,
		   int code, off_t from, struct error *error)
{
	bool refused = shell_log_has(measurement->log, from, RUNTIME_SAYS);
	char text[3 * REVISION_NAME_BYTES];

	side_describe(side, text, sizeof(text));
	if (code == -ENODATA && refused)
		error_set(error, -EIO, "the workload '%s' could not be recorded",
			  measurement->workload);
	else if (code == -ENODATA)
		error_set(error, -ENODATA,
			  "the workload '%s' executed no marked region, so there is "
			  "nothing to compare: put PERFPOINT_SCOPE(\"name\"); at the "
			  "start of what matters (#include \"perfpoint.h\"), name "
			  "functions to be marked in the copies (--also PATTERN), or "
			  "let it run more of the program",
			  measurement->workload);
	else if (code == -ECANCELED)
		error_prefix(error, "the workload '%s' failed", measurement->workload);
	if (code == -ECANCELED || (code == -ENODATA && refused))
		shell_add_tail(measurement->log, error);
	return error_prefix(error, "%s", text);
}

static off_t bytes_of(const char *path)
{
	struct stat status;

	return stat(path, &status) ? 0 : status.st_size;
}

static int run_once(const struct measurement *measurement, size_t which, bool tell,
		    struct error *error)
{
	const struct side *side = measurement->sides[which];
	char *const argv[] = {(char *)(uintptr_t) "/bin/sh", (char *)(uintptr_t) "-c",
			      (char *)(uintptr_t)measurement->workload, NULL};
	struct console quiet = *measurement->console;
	struct record_options options = {
		.argv = argv,
		.runs = 1,
		.source = measurement->source,
		.output = measurement->profiles[which],
		.append = !access(measurement->profiles[which], F_OK),
		.max_overhead = MAX_OVERHEAD,
		.running_floor = RUNNING_FLOOR,
		.end_all = true,
		.simulation = {.machine = measurement->machine,
			       .follow_children =
				       measurement->source == EVENT_SOURCE_SIM},
		.console = &quiet,
	};
	off_t logged = bytes_of(measurement->log);
	struct record_summary summary;
	struct streams streams;
	char *directory = NULL, *top = realpath(side->tree, NULL);
	int code = side_path(side, measurement->workload_dir, &directory, error);

	/* Findings are about the user's files, whatever copy was measured. */
	options.source_top = top;
	/* A run says what it measures; once is enough. */
	quiet.terminal = false;
	quiet.quiet |= !tell;
	if (!code) {
		code = streams_lend(&streams, directory, measurement->log, error);
		if (!code)
			code = record(&options, &summary, error);
		streams_restore(&streams);
	}
	free(directory);
	free(top);
	return code ? explain(measurement, side, code, logged, error) : 0;
}

/* ---- the turns ---- */

int measure(const struct measurement *measurement, struct error *error)
{
	unsigned done[2] = {0, 0};
	struct progress progress;
	bool tell = true;
	int code = 0;

	for (size_t i = 0; i < 2 && !code; i++) {
		drop_unusable(measurement->profiles[i]);
		code = count_runs(measurement->profiles[i], &done[i], error);
	}
	if (code)
		return code;
	if (done[0] + done[1])
		console_note(measurement->console, "%u of %u runs are there already",
			     done[0] + done[1], 2 * measurement->runs);
	progress_start(&progress, measurement->console, "measuring both sides in turns",
		       2.0 * measurement->runs);
	for (unsigned round = 0; !code && round < measurement->runs; round++) {
		for (size_t turn = 0; !code && turn < 2; turn++) {
			/* A B, B A, A B, ... */
			size_t which = turn ^ (round & 1);

			if (done[which] > round)
				continue;
			progress_update(&progress, done[0] + done[1]);
			code = run_once(measurement, which, tell, error);
			done[which]++;
			tell = false;
		}
	}
	progress_finish(&progress);
	return code;
}
