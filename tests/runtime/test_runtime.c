/* SPDX-License-Identifier: MIT */
/*
 * The runtime in a real process: each test runs a scenario (scenario.c) under the preloaded
 * library, with real perf software events, and reads what it recorded.
 *
 * argv: LIBRARY SCENARIO EXCEPTIONS PLUGIN STATIC [PAPI_PLUGIN PAPI_ANY_CPU]
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "recording/reader.h"
#include "recording/session.h"

#define RECORDINGS_MAX 512

static const char *library, *scenario, *exceptions, *plugin, *inert, *papi_plugin,
	*papi_any_cpu;

static const struct session_event software[] = {
	{.name = "task-clock",
	 .type = PERF_TYPE_SOFTWARE,
	 .config = PERF_COUNT_SW_TASK_CLOCK},
	{.name = "context-switches",
	 .type = PERF_TYPE_SOFTWARE,
	 .config = PERF_COUNT_SW_CONTEXT_SWITCHES},
	{.name = "page-faults",
	 .type = PERF_TYPE_SOFTWARE,
	 .config = PERF_COUNT_SW_PAGE_FAULTS},
};

/* One run of a program, and all recordings that it left. */
struct outcome {
	char directory[64];
	int status; /* of waitpid */
	char *stderr_text;
	struct recording recordings[RECORDINGS_MAX];
	size_t count;
};

struct setup {
	const char *program;
	const char *argument;
	const char *source;
	const struct session_event *events;
	size_t event_count;
	rlim_t file_limit; /* 0: none */
	rlim_t fd_limit;
	const char *disk; /* size of a tmpfs to record into; NULL: none */
};

static void child(const struct setup *setup, const char *directory)
{
	char path[128], preload[1024];
	struct rlimit limit;
	int fd;

	snprintf(path, sizeof(path), "%s/stderr", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
	/* Sanitizers of the test program itself must not be preloaded into it. */
	snprintf(preload, sizeof(preload), "%s%s%s", library, papi_any_cpu ? ":" : "",
		 papi_any_cpu ? papi_any_cpu : "");
	setenv("LD_PRELOAD", preload, 1);
	setenv(SESSION_ENVIRONMENT, directory, 1);
	setenv("SCENARIO_PLUGIN", plugin, 1);
	limit = (struct rlimit){0, 0};
	setrlimit(RLIMIT_CORE, &limit);
	if (setup->file_limit) {
		limit = (struct rlimit){setup->file_limit, setup->file_limit};
		setrlimit(RLIMIT_FSIZE, &limit);
	}
	if (setup->fd_limit) {
		limit = (struct rlimit){setup->fd_limit, setup->fd_limit};
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	execl(setup->program, setup->program, setup->argument, (char *)NULL);
	_exit(97);
}

static void load(struct outcome *outcome)
{
	DIR *directory = opendir(outcome->directory);
	struct dirent *entry;
	struct error error;
	char path[400];
	size_t length;

	assert_non_null(directory);
	while ((entry = readdir(directory))) {
		if (!strstr(entry->d_name, RECORDING_SUFFIX))
			continue;
		snprintf(path, sizeof(path), "%s/%s", outcome->directory,
			 entry->d_name);
		assert_true(outcome->count < RECORDINGS_MAX);
		if (recording_open(&outcome->recordings[outcome->count], path, &error))
			fail_msg("%s", error.text);
		outcome->count++;
	}
	closedir(directory);
	snprintf(path, sizeof(path), "%s/stderr", outcome->directory);
	assert_int_equal(
		file_read(path, 1 << 20, &outcome->stderr_text, &length, &error), 0);
}

static struct outcome *run(const struct setup *setup)
{
	struct outcome *outcome = calloc(1, sizeof(*outcome));
	struct session session = {
		.source = setup->source ? setup->source : "perf",
		.plugin = papi_plugin,
		.user_read = true,
		.events = setup->events ? setup->events : software,
		.event_count = setup->events ? setup->event_count : 3,
	};
	struct error error;
	pid_t pid;

	assert_non_null(outcome);
	strcpy(outcome->directory, "/tmp/perfpoint-test-XXXXXX");
	assert_non_null(mkdtemp(outcome->directory));
	if (setup->disk) {
		char options[64];

		snprintf(options, sizeof(options), "size=%s", setup->disk);
		if (mount("tmpfs", outcome->directory, "tmpfs", 0, options)) {
			rmdir(outcome->directory);
			free(outcome);
			return NULL;
		}
	}
	if (session_write(&session, outcome->directory, &error))
		fail_msg("%s", error.text);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(setup, outcome->directory);
	assert_int_equal(waitpid(pid, &outcome->status, 0), pid);
	load(outcome);
	return outcome;
}

static struct outcome *run_scenario(const char *name)
{
	return run(&(struct setup){.program = scenario, .argument = name});
}

static void finish(struct outcome *outcome)
{
	struct error error;

	for (size_t i = 0; i < outcome->count; i++)
		recording_close(&outcome->recordings[i]);
	umount2(outcome->directory, MNT_DETACH);
	assert_int_equal(file_remove_tree(outcome->directory, &error), 0);
	free(outcome->stderr_text);
	free(outcome);
}

static void assert_exited(const struct outcome *outcome, int status)
{
	if (!WIFEXITED(outcome->status) || WEXITSTATUS(outcome->status) != status)
		fail_msg("wait status 0x%x, expected exit %d; stderr: %s",
			 outcome->status, status, outcome->stderr_text);
}

static void assert_quiet(const struct outcome *outcome)
{
	assert_string_equal(outcome->stderr_text, "");
}

typedef void (*sample_visit)(const struct recording *recording,
			     const struct recording_sample *sample,
			     const uint64_t *values, void *context);

static void each_sample(struct outcome *outcome, const char *region, sample_visit visit,
			void *context)
{
	for (size_t i = 0; i < outcome->count; i++) {
		struct recording *recording = &outcome->recordings[i];
		const unsigned char *samples;
		size_t count;

		recording_rewind(recording);
		while (recording_next(recording, &samples, &count)) {
			for (size_t k = 0; k < count; k++) {
				const struct recording_sample *sample =
					(const void *)(samples +
						       k * recording->header
								       .sample_bytes);

				assert_true(recording_sample_valid(recording, sample));
				if (!region ||
				    !strcmp(region,
					    recording->region_names[sample->region]))
					visit(recording, sample,
					      (const uint64_t *)(sample + 1), context);
			}
		}
	}
}

static void add_one(const struct recording *recording,
		    const struct recording_sample *sample, const uint64_t *values,
		    void *context)
{
	(void)recording;
	(void)sample;
	(void)values;
	++*(uint64_t *)context;
}

/* Samples of a region (NULL: all) over all recordings. */
static uint64_t samples(struct outcome *outcome, const char *region)
{
	uint64_t count = 0;

	each_sample(outcome, region, add_one, &count);
	return count;
}

static uint64_t lost(const struct outcome *outcome, enum recording_loss loss)
{
	uint64_t count = 0;

	for (size_t i = 0; i < outcome->count; i++)
		count += outcome->recordings[i].header.losses[loss];
	return count;
}

static uint64_t lost_at_all(const struct outcome *outcome)
{
	uint64_t count = 0;

	for (int loss = 0; loss < RECORDING_LOSS_KINDS; loss++)
		count += lost(outcome, (enum recording_loss)loss);
	return count;
}

/* ---- nesting ---- */

static void add_depth(const struct recording *recording,
		      const struct recording_sample *sample, const uint64_t *values,
		      void *context)
{
	uint32_t *seen = context;
	char name[16];

	(void)values;
	snprintf(name, sizeof(name), "mark-%u", sample->depth);
	assert_string_equal(recording->region_names[sample->region], name);
	seen[sample->depth]++;
}

static void sixty_four_nested_regions_have_their_depth(void **state)
{
	struct outcome *outcome = run_scenario("nested");
	uint32_t seen[256] = {0};

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	assert_int_equal(outcome->count, 1);
	assert_int_equal(samples(outcome, NULL), 64);
	each_sample(outcome, NULL, add_depth, seen);
	for (int depth = 0; depth < 64; depth++)
		assert_int_equal(seen[depth], 1);
	assert_int_equal(lost_at_all(outcome), 0);
	assert_int_equal(outcome->recordings[0].header.state, RECORDING_EXITED);
	finish(outcome);
}

struct containment {
	uint64_t begin, end;
};

static void check_inside(const struct recording *recording,
			 const struct recording_sample *sample, const uint64_t *values,
			 void *context)
{
	struct containment *inner = context;

	(void)recording;
	(void)values;
	/* Samples come innermost first: each encloses the one before. */
	if (inner->end) {
		assert_true(sample->begin_ns <= inner->begin);
		assert_true(sample->begin_ns + sample->wall_ns >= inner->end);
	}
	inner->begin = sample->begin_ns;
	inner->end = sample->begin_ns + sample->wall_ns;
}

static void an_outer_region_encloses_the_inner_ones(void **state)
{
	struct outcome *outcome = run_scenario("nested");
	struct containment inner = {0, 0};

	(void)state;
	each_sample(outcome, NULL, check_inside, &inner);
	finish(outcome);
}

static void recursion_gives_a_sample_per_activation(void **state)
{
	struct outcome *outcome = run_scenario("recursion");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "recurse"), 100);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

static void recursion_beyond_the_limit_is_counted(void **state)
{
	struct outcome *outcome = run_scenario("too_deep");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "recurse") +
				 lost(outcome, RECORDING_LOSS_TOO_DEEP),
			 1000);
	assert_int_equal(samples(outcome, "recurse"), 256);
	assert_int_equal(samples(outcome, "mark-1"), 1);
	finish(outcome);
}

static void scopes_end_on_continue(void **state)
{
	struct outcome *outcome = run_scenario("scopes");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "loop body"), 10);
	assert_int_equal(samples(outcome, "even"), 5);
	assert_int_equal(samples(outcome, "begin-end"), 5);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

/* ---- mistakes ---- */

static void an_end_without_start_is_counted(void **state)
{
	struct outcome *outcome = run_scenario("end_alone");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, NULL), 1);
	assert_int_equal(lost(outcome, RECORDING_LOSS_END_ALONE), 2);
	finish(outcome);
}

static void a_region_never_ended_does_not_hide_others(void **state)
{
	struct outcome *outcome = run_scenario("never_ended");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 0);
	assert_int_equal(samples(outcome, "mark-2"), 1);
	finish(outcome);
}

static void regions_never_ended_in_a_loop_do_not_pile_up(void **state)
{
	struct outcome *outcome = run_scenario("never_ended_in_loop");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-2"), 10000);
	assert_true(lost(outcome, RECORDING_LOSS_NOT_ENDED) >= 10000 - 256);
	assert_int_equal(lost(outcome, RECORDING_LOSS_TOO_DEEP), 0);
	finish(outcome);
}

static void regions_beyond_the_table_are_counted(void **state)
{
	struct outcome *outcome = run_scenario("many_names");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, NULL), RECORDING_REGIONS_MAX);
	assert_int_equal(lost(outcome, RECORDING_LOSS_TOO_MANY_NAMES),
			 20000 - RECORDING_REGIONS_MAX);
	assert_non_null(strstr(outcome->stderr_text, "perfpoint: no room for region"));
	finish(outcome);
}

/* ---- threads ---- */

static void a_thousand_threads_lose_nothing(void **state)
{
	struct outcome *outcome = run_scenario("thousand_threads");

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	assert_int_equal(samples(outcome, NULL), 1000 * (200 + 64));
	assert_int_equal(samples(outcome, "mark-199"), 1000);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

static void too_few_descriptors_are_said_and_the_rest_is_recorded(void **state)
{
	struct outcome *outcome = run(&(struct setup){
		.program = scenario, .argument = "thousand_threads", .fd_limit = 200});

	(void)state;
	assert_exited(outcome, 0);
	assert_true(samples(outcome, NULL) >= 40 * 264);
	assert_int_equal(samples(outcome, NULL) +
				 lost(outcome, RECORDING_LOSS_NO_COUNTERS),
			 1000 * 264);
	assert_non_null(strstr(outcome->stderr_text, "ulimit -Hn"));
	assert_non_null(strstr(outcome->recordings[0].header.failure, "ulimit -Hn"));
	finish(outcome);
}

static void thousands_of_short_threads_share_space(void **state)
{
	struct outcome *outcome = run_scenario("thread_storm");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 5000);
	assert_int_equal(outcome->recordings[0].thread_count, 5000);
	assert_true(outcome->recordings[0].header.file_bytes -
			    outcome->recordings[0].header.blocks_offset <
		    2 << 20);
	finish(outcome);
}

static void threads_may_end_inside_a_region(void **state)
{
	struct outcome *outcome = run_scenario("threads_end_inside");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-2"), 50);
	assert_int_equal(samples(outcome, "mark-3"), 1);
	assert_int_equal(lost(outcome, RECORDING_LOSS_NOT_ENDED), 50);
	finish(outcome);
}

static void cancellation_ends_a_scope_or_drops_it(void **state)
{
	struct outcome *outcome = run_scenario("cancelled");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "cancelled") +
				 lost(outcome, RECORDING_LOSS_NOT_ENDED),
			 20);
	assert_int_equal(samples(outcome, "mark-1"), 1);
	finish(outcome);
}

static void cancellation_does_not_strike_inside_a_marker(void **state)
{
	struct outcome *outcome = run_scenario("cancel_storm");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-2"), 1);
	assert_int_equal(lost(outcome, RECORDING_LOSS_NOT_ENDED), 0);
	finish(outcome);
}

static void markers_in_late_destructors_are_harmless(void **state)
{
	struct outcome *outcome = run_scenario("marker_in_destructor");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 10);
	finish(outcome);
}

/* ---- jumps, signals, exceptions ---- */

static void longjmp_drops_the_regions_it_leaves(void **state)
{
	struct outcome *outcome = run_scenario("longjmps");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 1000);
	assert_int_equal(samples(outcome, "mark-2"), 0);
	assert_int_equal(lost(outcome, RECORDING_LOSS_NOT_ENDED), 4000);
	finish(outcome);
}

static void siglongjmp_out_of_a_handler_drops_them_too(void **state)
{
	struct outcome *outcome = run_scenario("jump_out_of_handler");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 100);
	assert_int_equal(samples(outcome, "mark-2"), 0);
	finish(outcome);
}

static void markers_work_in_signal_handlers(void **state)
{
	struct outcome *outcome = run_scenario("markers_in_handlers");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-3"), 1);
	assert_true(samples(outcome, "mark-1") > 1000);
	assert_true(samples(outcome, "mark-2") +
			    lost(outcome, RECORDING_LOSS_IN_SIGNAL) >
		    100);
	assert_int_equal(lost(outcome, RECORDING_LOSS_NOT_ENDED), 0);
	assert_int_equal(lost(outcome, RECORDING_LOSS_END_ALONE), 0);
	finish(outcome);
}

static void exceptions_end_scopes(void **state)
{
	struct outcome *outcome = run(&(struct setup){.program = exceptions});

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "outer"), 4000);
	assert_int_equal(samples(outcome, "scope"), 16000);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

static void exceptions_drop_original_markers_of_callees(void **state)
{
	struct outcome *outcome =
		run(&(struct setup){.program = exceptions, .argument = "starts"});

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 1000);
	assert_int_equal(samples(outcome, "mark-2"), 0);
	assert_int_equal(lost(outcome, RECORDING_LOSS_NOT_ENDED), 4000);
	finish(outcome);
}

/* ---- processes ---- */

static void a_forked_child_has_its_own_recording(void **state)
{
	struct outcome *outcome = run_scenario("forks");

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	assert_int_equal(outcome->count, 2);
	assert_int_equal(samples(outcome, "mark-1"), 1);
	assert_int_equal(samples(outcome, "mark-2"), 2);
	assert_int_equal(samples(outcome, "mark-3"), 1);
	assert_int_equal(samples(outcome, "mark-4"), 1);
	assert_int_equal(samples(outcome, "mark-5"), 1);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

static void a_child_by_raw_clone_has_its_own_recording(void **state)
{
	struct outcome *outcome = run_scenario("raw_clone");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->count, 2);
	assert_int_equal(samples(outcome, NULL), 3);
	finish(outcome);
}

static void a_fork_storm_records_every_child(void **state)
{
	struct outcome *outcome = run_scenario("fork_storm");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->count, 201);
	assert_int_equal(samples(outcome, "mark-2"), 200);
	finish(outcome);
}

static void forking_among_busy_threads_never_hangs(void **state)
{
	struct outcome *outcome = run_scenario("fork_among_threads");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-2"), 100);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

static void an_exec_starts_another_recording(void **state)
{
	struct outcome *outcome = run_scenario("execs");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->count, 2);
	assert_int_equal(samples(outcome, "loop body"), 10);
	finish(outcome);
}

static void spawned_programs_are_recorded(void **state)
{
	struct outcome *outcome = run_scenario("spawns");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->count, 3);
	assert_int_equal(samples(outcome, "mark-1"), 1);
	assert_int_equal(samples(outcome, "loop body"), 20);
	finish(outcome);
}

static void a_program_without_markers_leaves_no_file(void **state)
{
	struct outcome *outcome = run_scenario("nothing");

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	assert_int_equal(outcome->count, 0);
	finish(outcome);
}

/* ---- deaths ---- */

static void assert_death_keeps_samples(const char *name, int wait_status)
{
	struct outcome *outcome = run_scenario(name);

	assert_int_equal(outcome->status & ~0x80, wait_status);
	assert_int_equal(samples(outcome, "mark-1"), 1000);
	finish(outcome);
}

static void every_ended_region_survives_any_death(void **state)
{
	(void)state;
	assert_death_keeps_samples("dies_by_exit", 3 << 8);
	assert_death_keeps_samples("dies_by_abort", SIGABRT);
	assert_death_keeps_samples("dies_by_segv", SIGSEGV);
	assert_death_keeps_samples("dies_by_kill", SIGKILL);
}

static void killed_at_any_moment_the_recording_reads(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct outcome *outcome = run_scenario("killed_any_time");

		assert_int_equal(outcome->status, SIGKILL);
		assert_int_equal(outcome->recordings[0].torn_samples, 0);
		assert_true(samples(outcome, NULL) > 0);
		finish(outcome);
	}
}

/* ---- the program is not harmed ---- */

static void errno_survives_markers(void **state)
{
	struct outcome *outcome = run_scenario("errno_is_kept");

	(void)state;
	assert_exited(outcome, 0);
	finish(outcome);
}

static void a_program_that_closes_all_descriptors_keeps_its_files(void **state)
{
	struct outcome *outcome = run_scenario("closes_everything");

	(void)state;
	assert_exited(outcome, 0);
	assert_true(samples(outcome, "mark-1") == 1);
	finish(outcome);
}

static void markers_in_a_plugin_that_is_unloaded_work(void **state)
{
	struct outcome *outcome = run_scenario("loads_plugin");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "plugin"), 3);
	assert_int_equal(samples(outcome, "mark-1"), 1);
	finish(outcome);
}

static void a_file_size_limit_stops_recording_not_the_program(void **state)
{
	struct outcome *outcome = run(&(struct setup){.program = scenario,
						      .argument = "small_file_limit",
						      .file_limit = 4 << 20});

	(void)state;
	assert_exited(outcome, 0);
	assert_true(samples(outcome, "mark-1") > 10000);
	assert_int_equal(samples(outcome, "mark-1") +
				 lost(outcome, RECORDING_LOSS_NO_SPACE),
			 200000);
	assert_non_null(strstr(outcome->stderr_text, "File too large"));
	assert_false(outcome->recordings[0].truncated);
	finish(outcome);
}

static void a_full_disk_stops_recording_not_the_program(void **state)
{
	struct outcome *outcome = run(&(struct setup){
		.program = scenario, .argument = "small_file_limit", .disk = "3m"});

	(void)state;
	if (!outcome) {
		print_message("needs the right to mount a tmpfs\n");
		skip();
	}
	assert_exited(outcome, 0);
	assert_true(samples(outcome, "mark-1") > 10000);
	assert_int_equal(samples(outcome, "mark-1") +
				 lost(outcome, RECORDING_LOSS_NO_SPACE),
			 200000);
	assert_non_null(strstr(outcome->stderr_text, "No space left on device"));
	finish(outcome);
}

static void no_lock_and_no_allocation_on_a_thread_that_was_seen(void **state)
{
	struct outcome *outcome = run_scenario("path_is_free");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "outer"), 50000);
	finish(outcome);
}

static void a_static_program_runs_unchanged(void **state)
{
	struct outcome *outcome = run(&(struct setup){.program = inert});

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->count, 0);
	finish(outcome);
}

static void a_session_of_another_version_is_refused_politely(void **state)
{
	char directory[] = "/tmp/perfpoint-test-XXXXXX", path[64];
	struct outcome outcome = {.count = 0};
	struct error error;
	FILE *file;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/session", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("perfpoint-session 2\nsource perf\n", file);
	fclose(file);
	pid = fork();
	if (!pid)
		child(&(struct setup){.program = scenario, .argument = "scopes"},
		      directory);
	waitpid(pid, &outcome.status, 0);
	strcpy(outcome.directory, directory);
	load(&outcome);
	assert_exited(&outcome, 0);
	assert_int_equal(outcome.count, 0);
	assert_non_null(strstr(outcome.stderr_text, "another version"));
	free(outcome.stderr_text);
	file_remove_tree(directory, &error);
}

/* ---- counters ---- */

static void add_faults(const struct recording *recording,
		       const struct recording_sample *sample, const uint64_t *values,
		       void *context)
{
	(void)recording;
	(void)sample;
	((uint64_t *)context)[0] += values[2];
	((uint64_t *)context)[1] += values[1];
}

static void page_faults_are_the_pages_touched(void **state)
{
	struct outcome *outcome = run_scenario("counts_faults");
	uint64_t touched[2] = {0}, untouched[2] = {0};

	(void)state;
	assert_exited(outcome, 0);
	assert_string_equal(outcome->recordings[0].event_names[2], "page-faults");
	each_sample(outcome, "touch 100 pages", add_faults, touched);
	each_sample(outcome, "touch nothing", add_faults, untouched);
	assert_in_range(touched[0], 2000, 2005);
	assert_in_range(untouched[0], 0, 5);
	finish(outcome);
}

static void add_sleep(const struct recording *recording,
		      const struct recording_sample *sample, const uint64_t *values,
		      void *context)
{
	(void)recording;
	assert_true(sample->wall_ns >= 1000000);
	assert_true(sample->flags & RECORDING_SAMPLE_CPU_TIME);
	assert_true(sample->cpu_ns < sample->wall_ns);
	assert_int_equal(sample->running_share, UINT16_MAX);
	assert_true(values[0] < sample->wall_ns); /* task-clock */
	*(uint64_t *)context += values[1];
}

static void a_sleep_is_a_context_switch_and_not_cpu_time(void **state)
{
	struct outcome *outcome = run_scenario("counts_switches");
	uint64_t switches = 0;

	(void)state;
	assert_exited(outcome, 0);
	each_sample(outcome, "sleep 1 ms", add_sleep, &switches);
	assert_true(switches >= 20);
	finish(outcome);
}

static void source_none_measures_time(void **state)
{
	struct outcome *outcome = run(&(struct setup){
		.program = scenario, .argument = "scopes", .source = "none"});

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "loop body"), 10);
	assert_int_equal(outcome->recordings[0].header.event_count, 0);
	finish(outcome);
}

static void an_event_that_does_not_open_is_said_and_samples_are_counted(void **state)
{
	static const struct session_event impossible[] = {
		{.name = "no-such-event", .type = PERF_TYPE_SOFTWARE, .config = 4711}};
	struct outcome *outcome = run(&(struct setup){.program = scenario,
						      .argument = "scopes",
						      .events = impossible,
						      .event_count = 1});

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, NULL), 0);
	assert_int_equal(lost(outcome, RECORDING_LOSS_NO_COUNTERS), 20);
	assert_non_null(strstr(outcome->stderr_text, "perfpoint: "));
	assert_non_null(strstr(outcome->stderr_text, "no-such-event"));
	finish(outcome);
}

static void source_papi_counts_what_perf_counts(void **state)
{
	static const struct session_event events[] = {
		{.name = "perf::CONTEXT-SWITCHES"},
		{.name = "perf::TASK-CLOCK"},
		{.name = "perf::PAGE-FAULTS"},
	};
	struct setup setup = {.program = scenario,
			      .argument = "counts_faults",
			      .source = "papi",
			      .events = events,
			      .event_count = 3};
	uint64_t touched[2] = {0};
	struct outcome *outcome;

	(void)state;
	if (!papi_plugin) {
		print_message("built without PAPI\n");
		skip();
	}
	outcome = run(&setup);
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	each_sample(outcome, "touch 100 pages", add_faults, touched);
	assert_in_range(touched[0], 2000, 2005);
	finish(outcome);
	setup.argument = "forks";
	outcome = run(&setup);
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, NULL), 6);
	finish(outcome);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixty_four_nested_regions_have_their_depth),
		cmocka_unit_test(an_outer_region_encloses_the_inner_ones),
		cmocka_unit_test(recursion_gives_a_sample_per_activation),
		cmocka_unit_test(recursion_beyond_the_limit_is_counted),
		cmocka_unit_test(scopes_end_on_continue),
		cmocka_unit_test(an_end_without_start_is_counted),
		cmocka_unit_test(a_region_never_ended_does_not_hide_others),
		cmocka_unit_test(regions_never_ended_in_a_loop_do_not_pile_up),
		cmocka_unit_test(regions_beyond_the_table_are_counted),
		cmocka_unit_test(a_thousand_threads_lose_nothing),
		cmocka_unit_test(too_few_descriptors_are_said_and_the_rest_is_recorded),
		cmocka_unit_test(thousands_of_short_threads_share_space),
		cmocka_unit_test(threads_may_end_inside_a_region),
		cmocka_unit_test(cancellation_ends_a_scope_or_drops_it),
		cmocka_unit_test(cancellation_does_not_strike_inside_a_marker),
		cmocka_unit_test(markers_in_late_destructors_are_harmless),
		cmocka_unit_test(longjmp_drops_the_regions_it_leaves),
		cmocka_unit_test(siglongjmp_out_of_a_handler_drops_them_too),
		cmocka_unit_test(markers_work_in_signal_handlers),
		cmocka_unit_test(exceptions_end_scopes),
		cmocka_unit_test(exceptions_drop_original_markers_of_callees),
		cmocka_unit_test(a_forked_child_has_its_own_recording),
		cmocka_unit_test(a_child_by_raw_clone_has_its_own_recording),
		cmocka_unit_test(a_fork_storm_records_every_child),
		cmocka_unit_test(forking_among_busy_threads_never_hangs),
		cmocka_unit_test(an_exec_starts_another_recording),
		cmocka_unit_test(spawned_programs_are_recorded),
		cmocka_unit_test(a_program_without_markers_leaves_no_file),
		cmocka_unit_test(every_ended_region_survives_any_death),
		cmocka_unit_test(killed_at_any_moment_the_recording_reads),
		cmocka_unit_test(errno_survives_markers),
		cmocka_unit_test(a_program_that_closes_all_descriptors_keeps_its_files),
		cmocka_unit_test(markers_in_a_plugin_that_is_unloaded_work),
		cmocka_unit_test(a_file_size_limit_stops_recording_not_the_program),
		cmocka_unit_test(a_full_disk_stops_recording_not_the_program),
		cmocka_unit_test(no_lock_and_no_allocation_on_a_thread_that_was_seen),
		cmocka_unit_test(a_static_program_runs_unchanged),
		cmocka_unit_test(a_session_of_another_version_is_refused_politely),
		cmocka_unit_test(page_faults_are_the_pages_touched),
		cmocka_unit_test(a_sleep_is_a_context_switch_and_not_cpu_time),
		cmocka_unit_test(source_none_measures_time),
		cmocka_unit_test(
			an_event_that_does_not_open_is_said_and_samples_are_counted),
		cmocka_unit_test(source_papi_counts_what_perf_counts),
	};

	if (argc < 6) {
		fprintf(stderr,
			"usage: %s LIBRARY SCENARIO EXCEPTIONS PLUGIN STATIC [PAPI "
			"SHIM]\n",
			argv[0]);
		return 2;
	}
	library = argv[1];
	scenario = argv[2];
	exceptions = argv[3];
	plugin = argv[4];
	inert = argv[5];
	papi_plugin = argc > 7 ? argv[6] : NULL;
	papi_any_cpu = argc > 7 ? argv[7] : NULL;
	return cmocka_run_group_tests_name("runtime", tests, NULL, NULL);
}
