/* SPDX-License-Identifier: MIT */
/*
 * Recording a profile: the loop over runs and passes, and what becomes of each run.
 *
 * Passes alternate, so that a machine that slowly changes (heat, neighbours) changes all
 * passes alike. Each run is stored before the next one starts: whatever happens then, a full
 * disk or Ctrl-C, the runs before it are in the profile.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "recording/session.h"
#include "workload/randomize.h"
#include "workload/recorder.h"

/* So many failures before the first success, and the rest would only waste time. */
#define HOPELESS_RUNS 3

#define FAILURE_BYTES 160 /* of what became of a run, in words */
#define PERMILLE      1000

/* ---- one run ---- */

/* Of a share, and at least 1 if there is any. */
static uint32_t permille(double share)
{
	return share > 0 ? (uint32_t)fmax(1, round(share * PERMILLE)) : 0;
}

static int write_session(const struct recorder *recorder, size_t pass,
			 struct error *error)
{
	const struct event_plan *plan = &recorder->plan;
	const struct event_pass *members = &plan->passes[pass];
	struct session_event *events = calloc(members->count + 1, sizeof(*events));
	bool papi = plan->source == EVENT_SOURCE_PAPI;
	bool simulated = plan->source == EVENT_SOURCE_SIM;
	int code;

	if (!events)
		return error_no_memory(error, "writing the session");
	for (size_t i = 0; i < members->count; i++) {
		const struct event *event = &plan->events.items[members->members[i]];

		events[i] = (struct session_event){
			.name = event->name,
			.type = event->encoding.type,
			.config = event->encoding.config,
			.config1 = event->encoding.config1,
			.config2 = event->encoding.config2,
			.flags = event->encoding.flags,
			.begins_group =
				members->begins_group && members->begins_group[i],
			.has_other = event->encoding.has_other,
			.other_type = event->encoding.other_type,
			.other_config = event->encoding.other_config,
			.other_config1 = event->encoding.other_config1,
			.other_config2 = event->encoding.other_config2,
		};
	}

	struct session session = {
		.source = event_source_name(plan->source),
		.plugin = papi ? recorder->plugin : NULL,
		.user_read = true,
		/* Simulated time does not pass in markers. */
		.max_overhead =
			simulated ? 0 : permille(recorder->options->max_overhead),
		.running_floor = recorder->options->multiplex
					 ? permille(recorder->options->running_floor)
					 : 0,
		.events = events,
		.event_count = members->count,
	};

	code = session_write(&session, recorder->directory.run_path, error);
	free(events);
	return code;
}

/* What became of a run that is not fine, to follow "the program"; returns `text`. */
static const char *describe_failure(const struct recorder *recorder,
				    const struct profile_run *run, char *text,
				    size_t size)
{
	switch (run->status) {
	case PROFILE_RUN_EXIT:
		snprintf(text, size, "exited with status %d", run->exit_code);
		break;
	case PROFILE_RUN_SIGNAL:
		snprintf(text, size, "was killed by signal %d (%s)", run->exit_code,
			 strsignal(run->exit_code));
		break;
	case PROFILE_RUN_TIMEOUT:
		snprintf(text, size, "took longer than %g s and was ended",
			 recorder->options->timeout_s);
		break;
	case PROFILE_RUN_INTERRUPTED:
		snprintf(text, size, "was interrupted");
		break;
	case PROFILE_RUN_EMPTY:
		snprintf(text, size, "left no sample");
		break;
	case PROFILE_RUN_OK:
		snprintf(text, size, "was fine");
		break;
	}
	return text;
}

/* Counts the run and tells about it if it is not fine. */
static void note_outcome(struct recorder *recorder, const struct profile_run *run)
{
	struct record_summary *summary = recorder->summary;
	char text[FAILURE_BYTES];

	summary->lost += run->lost;
	if (run->status == PROFILE_RUN_OK) {
		summary->runs_ok++;
		summary->samples += run->samples;
		recorder->ok_runs[run->pass]++;
		return;
	}
	if (!summary->runs_failed++)
		recorder->first_failed = *run;
	/* Ends the recording; the error will say more. */
	if (run->status == PROFILE_RUN_EMPTY && !summary->runs_ok)
		return;
	console_warn(&recorder->console,
		     "run %u: the program %s; the run is kept apart",
		     summary->runs_ok + summary->runs_failed,
		     describe_failure(recorder, run, text, sizeof(text)));
}

/*
 * A file as input is read by each run from where it stood before the first; without this the
 * first would leave nothing to the others. A pipe cannot be read twice.
 */
static void rewind_input(const struct recorder *recorder)
{
	if (recorder->input_offset >= 0)
		lseek(STDIN_FILENO, recorder->input_offset, SEEK_SET);
}

static off_t input_offset(void)
{
	struct stat status;

	if (fstat(STDIN_FILENO, &status) || !S_ISREG(status.st_mode))
		return -1;
	return lseek(STDIN_FILENO, 0, SEEK_CUR);
}

/* Starts the command once, with the pass, and stores what it recorded. */
static int run_once(struct recorder *recorder, size_t pass, struct profile_run *run,
		    struct error *error)
{
	const struct record_options *options = recorder->options;
	struct session_directory *directory = &recorder->directory;
	struct simulated_command simulated = {0};
	struct workload_result result = {0};
	struct layout layout = {0};
	int code = session_directory_begin_run(directory, error);

	if (!code)
		code = write_session(recorder, pass, error);
	if (!code && recorder->plan.source == EVENT_SOURCE_SIM)
		code = simulation_command(&recorder->simulation, options,
					  directory->run_path, &simulated, error);

	char *const *environment =
		simulated.argv ? simulated.environment : options->environment;

	if (!code && recorder->seed)
		code = layout_make(&layout, recorder->seed, environment, error);
	if (!code) {
		struct workload workload = {
			.argv = simulated.argv ? simulated.argv : options->argv,
			.environment = layout.items ? layout.items : environment,
			.fixed_addresses = options->layout.fixed,
			.timeout_s = options->timeout_s,
			.end_all = options->end_all,
			.runtime = recorder->runtime,
			.session = directory->run_path,
			.interrupts = &recorder->interrupts,
			.waiting = recorder_show_waiting(recorder),
			.context = recorder,
		};

		rewind_input(recorder);
		code = workload_run(&workload, &result, error);
	}
	if (!code) {
		recorder->left_running = result.left_running;
		recorder->summary->interrupted |=
			result.status == PROFILE_RUN_INTERRUPTED;
		if (recorder->plan.source == EVENT_SOURCE_SIM)
			simulation_read_logs(&recorder->simulation, options,
					     directory->run_path, &recorder->console);
		code = recorder_ingest(recorder, (uint32_t)pass, &result, run, error);
	}
	layout_free(&layout);
	simulated_command_free(&simulated);
	session_directory_end_run(directory, options->keep_recordings,
				  &recorder->console);
	return code;
}

/* ---- the loop ---- */

/* Whether to go on after this run. */
static bool worth_going_on(const struct recorder *recorder,
			   const struct profile_run *run)
{
	const struct record_summary *summary = recorder->summary;

	if (summary->interrupted)
		return false;
	if (summary->runs_ok)
		return true;
	/* What cannot be executed, and a program without markers, are so the next time, too. */
	if (*recorder->simulation.unknown_instruction)
		return false;
	return run->status != PROFILE_RUN_EMPTY && summary->runs_failed < HOPELESS_RUNS;
}

static int run_all(struct recorder *recorder, struct error *error)
{
	size_t passes = recorder->plan.pass_count;
	bool more = true;
	int code = 0;

	recorder_show_start(recorder);
	for (unsigned i = 0; more && !code && i < recorder->summary->runs_planned;
	     i++) {
		struct profile_run run;
		size_t pass = i % passes;

		if (interrupts_take(&recorder->interrupts)) {
			recorder->summary->interrupted = true;
			break;
		}
		recorder_show_run(recorder, pass);
		/* All passes of a round have the same layout. */
		if (recorder->summary->seed)
			recorder->seed =
				layout_run_seed(recorder->summary->seed, i / passes);
		code = run_once(recorder, pass, &run, error);
		if (code)
			error_prefix(error,
				     "run %u of %u (the finished ones, %u, are kept "
				     "in '%s')",
				     i + 1, recorder->summary->runs_planned,
				     recorder->summary->runs_ok,
				     recorder->options->output);
		if (!code) {
			note_outcome(recorder, &run);
			more = worth_going_on(recorder, &run);
		}
		recorder_show_done(recorder);
	}
	recorder_show_finish(recorder);
	return code;
}

/* ---- the end ---- */

/* No sample in the first run: says what can be the matter. */
static int without_samples(const struct recorder *recorder, struct error *error)
{
	const char *program = recorder->options->argv[0];

	if (recorder->summary->lost)
		return error_set(error, -ENODATA,
				 "'%s' executed marked regions, but none of them "
				 "could be stored; the warnings above say why",
				 program);
	if (recorder->recordings)
		return error_set(
			error, -ENODATA,
			"'%s' opened a region but closed none, so there is nothing to "
			"learn from; each START needs its END before the thread ends, "
			"PERFPOINT_SCOPE(\"name\"); sees to that itself",
			program);
	if (recorder->plan.source == EVENT_SOURCE_SIM)
		return error_set(
			error, -ENODATA,
			"'%s' executed no region, so there is nothing to learn from. "
			"Mark what matters (#include \"perfpoint.h\", and "
			"PERFPOINT_SCOPE(\"name\"); at the start of a block), or name "
			"functions: --region-function NAME makes each call of NAME an "
			"execution of a region, without markers. If the program starts "
			"another one that is to be measured, add --follow-children",
			program);
	return error_set(
		error, -ENODATA,
		"'%s' executed no marker in any of its processes, so there is nothing "
		"to learn from. Mark what matters: #include \"perfpoint.h\", and "
		"PERFPOINT_SCOPE(\"name\"); at the start of a block. If there are "
		"markers: is it compiled with -DNO_AUTOPERF, are they never reached "
		"with these arguments, or is the marked program static, started "
		"through sudo, or by a server that was running already, none of which "
		"hands LD_PRELOAD on?",
		program);
}

static int was_interrupted(const struct recorder *recorder, struct error *error)
{
	const struct record_summary *summary = recorder->summary;
	const char *kept = "nothing is kept of";

	if (summary->runs_ok)
		kept = "they are kept in";
	else if (!recorder->removed)
		kept = "the one that was interrupted is kept apart in";
	return error_set(error, -EINTR, "interrupted after %u of %u runs; %s '%s'",
			 summary->runs_ok, summary->runs_planned, kept,
			 recorder->options->output);
}

/* Why the finished runs are not what was asked for; 0 if they are. */
static int judge(const struct recorder *recorder, struct error *error)
{
	const struct record_summary *summary = recorder->summary;
	char reason[FAILURE_BYTES];

	if (summary->interrupted)
		return was_interrupted(recorder, error);
	if (!summary->runs_ok && *recorder->simulation.unknown_instruction)
		return error_set_exit(error, EXIT_CANNOT_MEASURE, -ENOTSUP, "%s",
				      recorder->simulation.unknown_instruction);
	if (!summary->runs_ok && recorder->first_failed.status == PROFILE_RUN_EMPTY)
		return without_samples(recorder, error);
	describe_failure(recorder, &recorder->first_failed, reason, sizeof(reason));
	if (!summary->runs_ok)
		return error_set(error, -ECANCELED,
				 "none of %u runs was fine (%u were planned): the "
				 "program %s",
				 summary->runs_failed, summary->runs_planned, reason);
	for (size_t pass = 0; pass < recorder->plan.pass_count; pass++)
		if (!recorder->ok_runs[pass])
			return error_set(error, -ECANCELED,
					 "no run of pass %zu was fine: the program "
					 "%s; the other passes are kept in '%s'",
					 pass + 1, reason, recorder->options->output);
	return 0;
}

/* A profile into which nothing was recorded would only be in the way the next time. */
static void remove_if_empty(struct recorder *recorder)
{
	struct profile_run *runs;
	uint64_t samples = 0;
	size_t count;

	if (!recorder->created || recorder->removed ||
	    profile_runs(recorder->profile, &runs, &count, NULL))
		return;
	for (size_t i = 0; i < count; i++)
		samples += runs[i].samples;
	free(runs);
	recorder->removed = !samples && !unlink(recorder->options->output);
}

/* Looks at the profile as it is now. */
static void fill_summary(struct recorder *recorder)
{
	struct profile_region *regions;
	size_t count;
	struct stat status;

	if (!profile_regions(recorder->profile, &regions, &count, NULL)) {
		recorder->summary->regions = count;
		profile_regions_free(regions, count);
	}
	if (!stat(recorder->options->output, &status))
		recorder->summary->profile_bytes = (uint64_t)status.st_size;
}

/* Losses, daemons, and the verdict on the runs. */
static int conclude(struct recorder *recorder, int code, struct error *error)
{
	if (recorder->left_running)
		console_warn(&recorder->console,
			     "processes left running in the background: %u; what they "
			     "recorded after the program ended is not in the profile",
			     recorder->left_running);
	if (code) /* what went wrong first is what is reported */
		recorder_report_losses(recorder, NULL);
	else
		code = recorder_report_losses(recorder, error);
	if (!code)
		code = recorder_report_silent(recorder, error);
	if (recorder->plan.source == EVENT_SOURCE_SIM)
		simulation_warn_functions(&recorder->simulation, recorder->options,
					  &recorder->console);
	remove_if_empty(recorder);
	fill_summary(recorder);
	return code ? code : judge(recorder, error);
}

/* ---- the beginning ---- */

static int open_profile(struct recorder *recorder, struct error *error)
{
	const struct record_options *options = recorder->options;
	int code;

	if (options->append)
		return recorder_compare_facts(recorder, error);
	code = profile_create(&recorder->profile, options->output, options->force,
			      error);
	if (code)
		return code;
	recorder->created = true;
	code = profile_set_machine(recorder->profile, &recorder->machine, error);
	if (!code)
		code = profile_set_plan(recorder->profile, &recorder->plan, error);
	return code ? code : recorder_store_facts(recorder, error);
}

/* Makes the session directory and looks for others. */
static int open_directory(struct recorder *recorder, struct error *error)
{
	const struct record_options *options = recorder->options;
	char *parent = options->scratch ? strdup(options->scratch)
					: file_directory(options->output);
	int code;

	if (!parent)
		return error_no_memory(error, "naming a directory");
	session_directory_warn_leftovers(parent, &recorder->console);
	code = session_directory_make(&recorder->directory, parent, error);
	free(parent);
	return code;
}

static int count_runs(struct recorder *recorder, struct error *error)
{
	size_t passes = recorder->plan.pass_count;

	recorder->ok_runs = calloc(passes, sizeof(*recorder->ok_runs));
	recorder->counts = calloc(passes, sizeof(*recorder->counts));
	if (!recorder->ok_runs || !recorder->counts)
		return error_no_memory(error, "counting runs");
	if (__builtin_mul_overflow(recorder->options->runs, passes,
				   &recorder->summary->runs_planned))
		return error_set(error, -EOVERFLOW,
				 "%u runs of %zu passes are too many",
				 recorder->options->runs, passes);
	recorder->summary->passes = passes;
	recorder->summary->simulated = recorder->plan.source == EVENT_SOURCE_SIM;
	return 0;
}

static void choose_layout(struct recorder *recorder)
{
	const struct record_options *options = recorder->options;

	if (!options->layout.fixed)
		recorder->summary->seed = options->layout.seed ? options->layout.seed
							       : layout_random_seed();
	else if (!layout_can_fix_addresses())
		console_warn(
			&recorder->console,
			"this system does not let us turn off the randomisation of "
			"addresses; only the environment has the same size in each "
			"run");
}

/* With signals blocked: from here on there is something to clean up. */
static int measure(struct recorder *recorder, struct error *error)
{
	int code = open_directory(recorder, error);

	if (!code)
		code = open_profile(recorder, error);
	if (!code) {
		choose_layout(recorder);
		recorder_announce(recorder);
		recorder_hold(recorder);
		code = run_all(recorder, error);
		recorder_release(recorder);
		code = conclude(recorder, code, error);
	}
	session_directory_close(&recorder->directory,
				recorder->options->keep_recordings, &recorder->console);
	return code;
}

int record(const struct record_options *options, struct record_summary *summary,
	   struct error *error)
{
	struct recorder recorder = {
		.options = options,
		.summary = summary,
		.console = recorder_show_console(options->console),
		.input_offset = input_offset(),
	};
	int code;

	*summary = (struct record_summary){0};
	code = recorder_prepare(&recorder, error);
	if (!code)
		code = count_runs(&recorder, error);
	if (!code) {
		interrupts_block(&recorder.interrupts);
		code = measure(&recorder, error);
		if (code)
			remove_if_empty(&recorder);
		profile_close(recorder.profile);
		recorder.profile = NULL;
		interrupts_restore(&recorder.interrupts);
	}
	profile_close(recorder.profile);
	event_plan_free(&recorder.plan);
	simulation_free(&recorder.simulation);
	free(recorder.ok_runs);
	free(recorder.counts);
	free(recorder.runtime);
	free(recorder.plugin);
	return code;
}
