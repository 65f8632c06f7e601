/* SPDX-License-Identifier: MIT */
/*
 * One run that has ended, into the profile: all of it in one transaction, or nothing. A
 * recording whose process still runs (the command left it in the background) is read as far as
 * it is complete; what comes later is not in the profile.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "profile/lines.h"
#include "recording/reader.h"
#include "workload/recorder.h"

/*
 * Whether it can be read at all. A process that died while it made its recording leaves a
 * file that is none yet; that must not cost the run its other processes.
 */
static bool is_readable(struct recorder *recorder, const char *path)
{
	struct recording recording;
	struct error error = {0};

	if (!recording_open(&recording, path, &error)) {
		recording_close(&recording);
		recorder->recordings++;
		return true;
	}
	console_warn(&recorder->console, "a recording is left out: %s", error.text);
	return false;
}

/*
 * What the simulated machine told about contended cache lines, beside the recording. Without it
 * the run's counters are as good as ever.
 */
static void add_lines(struct recorder *recorder, struct profile_run *run,
		      const char *recording)
{
	size_t stem = strlen(recording) - strlen(RECORDING_SUFFIX);
	struct text path = {0};
	struct error error = {0};

	text_append(&path, recording, stem);
	text_puts(&path, PROFILE_LINES_SUFFIX);
	if (!path.failed && !access(path.chars, F_OK)) {
		if (profile_add_lines(recorder->profile, run, path.chars,
				      recorder->options->source_top, &error))
			console_warn(&recorder->console,
				     "contended cache lines are left out: %s",
				     error.text);
		if (!recorder->options->keep_recordings)
			unlink(path.chars);
	}
	text_free(&path);
}

static int add_recordings(struct recorder *recorder, struct profile_run *run,
			  struct error *error)
{
	char **paths;
	size_t count;
	int code =
		session_recordings(recorder->directory.run_path, &paths, &count, error);

	if (code)
		return code;
	for (size_t i = 0; i < count && !code; i++) {
		if (is_readable(recorder, paths[i]))
			code = profile_add_recording(recorder->profile, run, paths[i],
						     error);
		if (!code)
			add_lines(recorder, run, paths[i]);
		if (!code && !recorder->options->keep_recordings)
			unlink(paths[i]); /* frees its space before the next one needs more */
	}
	session_files_free(paths, count);
	return code;
}

int recorder_ingest(struct recorder *recorder, uint32_t pass,
		    const struct workload_result *result, struct profile_run *run,
		    struct error *error)
{
	int code;

	*run = (struct profile_run){
		.pass = pass,
		.status = result->status,
		.exit_code = result->exit_code,
		.started_utc_ns = result->started_utc_ns,
		.wall_ns = result->wall_ns,
		.user_ns = result->user_ns,
		.system_ns = result->system_ns,
		.max_rss_bytes = result->max_rss_bytes,
		.seed = recorder->seed,
	};
	code = profile_begin_run(recorder->profile, run, error);
	if (code)
		return code;
	code = add_recordings(recorder, run, error);
	if (!code && run->status == PROFILE_RUN_OK && !run->samples)
		run->status = PROFILE_RUN_EMPTY;
	if (!code)
		code = profile_end_run(recorder->profile, run, error);
	if (code)
		profile_abandon_run(recorder->profile);
	else if (!recorder->first_run)
		recorder->first_run = run->id;
	if (!code)
		recorder_note_counts(recorder, run);
	return code;
}
