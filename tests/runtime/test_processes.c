/* SPDX-License-Identifier: MIT */
/*
 * Processes: forks and execs, deaths of every kind, full disks, and that the program's own
 * business goes on unharmed.
 */
#include "harness.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* ---- processes ---- */

static void a_forked_child_has_its_own_recording(void **state)
{
	struct outcome *outcome = run_scenario("forks");

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	assert_int_equal(outcome->recorded.count, 2);
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
	assert_int_equal(outcome->recorded.count, 2);
	assert_int_equal(samples(outcome, NULL), 3);
	finish(outcome);
}

static void a_fork_storm_records_every_child(void **state)
{
	struct outcome *outcome = run_scenario("fork_storm");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->recorded.count, 201);
	assert_int_equal(samples(outcome, "mark-2"), 200);
	finish(outcome);
}

static void
a_thread_of_the_child_may_be_recorded_before_the_one_that_forked(void **state)
{
	struct outcome *outcome = run_scenario("fork_then_threads");

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	assert_int_equal(outcome->recorded.count, 2);
	assert_int_equal(samples(outcome, "mark-1"), 1);
	assert_int_equal(samples(outcome, "mark-2"), 20000);
	assert_int_equal(samples(outcome, "mark-3"), 20000);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

static void a_child_survives_a_first_marker_in_a_destructor(void **state)
{
	struct outcome *outcome = run_scenario("destructor_in_child");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 1);
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
	assert_int_equal(outcome->recorded.count, 2);
	assert_int_equal(samples(outcome, "loop body"), 10);
	finish(outcome);
}

static void spawned_programs_are_recorded(void **state)
{
	struct outcome *outcome = run_scenario("spawns");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->recorded.count, 3);
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
	assert_int_equal(outcome->recorded.count, 0);
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
		assert_int_equal(outcome->recorded.each[0].torn_samples, 0);
		assert_true(samples(outcome, NULL) > 0);
		finish(outcome);
	}
}

/* ---- the program is not harmed ---- */

static void a_stderr_that_nobody_reads_does_not_kill_the_program(void **state)
{
	struct outcome *outcome =
		run(&(struct setup){.program = scenario,
				    .argument = "scopes",
				    .broken_stderr = true,
				    .session_text = "perfpoint-session 2\n"});

	(void)state;
	assert_exited(outcome, 0);
	finish(outcome);
}

static void descriptors_of_ended_threads_do_not_raise_the_limit(void **state)
{
	struct outcome *outcome = run(&(struct setup){.program = scenario,
						      .argument = "limit_stays",
						      .fd_limit = 256,
						      .fd_hard_limit = 4096});

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 500);
	finish(outcome);
}

static void errno_survives_markers(void **state)
{
	struct outcome *outcome = run_scenario("errno_is_kept");

	(void)state;
	assert_exited(outcome, 0);
	finish(outcome);
}

static void a_thread_that_ends_closes_no_descriptor_of_the_program(void **state)
{
	struct outcome *outcome = run_scenario("counters_closed");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 1);
	assert_int_equal(lost_at_all(outcome), 2);
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
	assert_false(outcome->recorded.each[0].truncated);
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
	assert_int_equal(outcome->recorded.count, 0);
	finish(outcome);
}

static void a_session_of_another_version_is_refused_politely(void **state)
{
	struct outcome *outcome = run(
		&(struct setup){.program = scenario,
				.argument = "scopes",
				.session_text = "perfpoint-session 2\nsource perf\n"});

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(outcome->recorded.count, 0);
	assert_non_null(strstr(outcome->stderr_text, "another version"));
	finish(outcome);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forked_child_has_its_own_recording),
		cmocka_unit_test(a_child_by_raw_clone_has_its_own_recording),
		cmocka_unit_test(a_fork_storm_records_every_child),
		cmocka_unit_test(
			a_thread_of_the_child_may_be_recorded_before_the_one_that_forked),
		cmocka_unit_test(a_child_survives_a_first_marker_in_a_destructor),
		cmocka_unit_test(forking_among_busy_threads_never_hangs),
		cmocka_unit_test(an_exec_starts_another_recording),
		cmocka_unit_test(spawned_programs_are_recorded),
		cmocka_unit_test(a_program_without_markers_leaves_no_file),
		cmocka_unit_test(every_ended_region_survives_any_death),
		cmocka_unit_test(killed_at_any_moment_the_recording_reads),
		cmocka_unit_test(a_stderr_that_nobody_reads_does_not_kill_the_program),
		cmocka_unit_test(descriptors_of_ended_threads_do_not_raise_the_limit),
		cmocka_unit_test(errno_survives_markers),
		cmocka_unit_test(
			a_thread_that_ends_closes_no_descriptor_of_the_program),
		cmocka_unit_test(a_program_that_closes_all_descriptors_keeps_its_files),
		cmocka_unit_test(markers_in_a_plugin_that_is_unloaded_work),
		cmocka_unit_test(a_file_size_limit_stops_recording_not_the_program),
		cmocka_unit_test(a_full_disk_stops_recording_not_the_program),
		cmocka_unit_test(no_lock_and_no_allocation_on_a_thread_that_was_seen),
		cmocka_unit_test(a_static_program_runs_unchanged),
		cmocka_unit_test(a_session_of_another_version_is_refused_politely),
	};

	if (!harness_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests_name("processes", tests, NULL, NULL);
}
