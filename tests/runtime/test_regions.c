/* SPDX-License-Identifier: MIT */
/*
 * Regions in a real process (scenario.c, exceptions.cpp): nesting, mistakes, threads, jumps,
 * signals, exceptions, and what the counters say, with real perf software events.
 */
#include "harness.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	assert_int_equal(outcome->recorded.count, 1);
	assert_int_equal(samples(outcome, NULL), 64);
	recordings_visit(&outcome->recorded, NULL, add_depth, seen);
	for (int depth = 0; depth < 64; depth++)
		assert_int_equal(seen[depth], 1);
	assert_int_equal(lost_at_all(outcome), 0);
	assert_int_equal(outcome->recorded.each[0].header.state, RECORDING_EXITED);
	finish(outcome);
}

struct containment {
	uint64_t begin, wall_ns;
};

static void check_inside(const struct recording *recording,
			 const struct recording_sample *sample, const uint64_t *values,
			 void *context)
{
	struct containment *inner = context;

	(void)recording;
	(void)values;
	/* Samples come innermost first: each encloses the one before. Its time is without that
	 * of the markers inside. */
	if (inner->begin) {
		assert_true(sample->begin_ns <= inner->begin);
		assert_true(sample->wall_ns >= inner->wall_ns);
	}
	inner->begin = sample->begin_ns;
	inner->wall_ns = sample->wall_ns;
}

static void an_outer_region_begins_before_and_lasts_longer_than_the_inner(void **state)
{
	struct outcome *outcome = run_scenario("nested_for_long");
	struct containment inner = {0, 0};

	(void)state;
	recordings_visit(&outcome->recorded, NULL, check_inside, &inner);
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
	assert_int_equal(lost(outcome, RECORDING_LOSS_NOT_ENDED), 1);
	finish(outcome);
}

static void regions_never_ended_in_a_loop_do_not_pile_up(void **state)
{
	struct outcome *outcome = run_scenario("never_ended_in_loop");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-2"), 10000);
	assert_int_equal(lost(outcome, RECORDING_LOSS_NOT_ENDED), 10000);
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
	assert_non_null(strstr(outcome->recorded.each[0].header.failure, "ulimit -Hn"));
	finish(outcome);
}

static void the_program_keeps_descriptors_when_counters_lack_them(void **state)
{
	struct outcome *outcome =
		run(&(struct setup){.program = scenario,
				    .argument = "files_beside_threads",
				    .fd_limit = 1200});

	(void)state;
	assert_exited(outcome, 0);
	assert_in_range(samples(outcome, NULL), 300, (1200 - 40) / 3);
	assert_int_equal(samples(outcome, NULL) +
				 lost(outcome, RECORDING_LOSS_NO_COUNTERS),
			 1000);
	finish(outcome);
}

static void every_refusal_says_the_way_out(void **state)
{
	static const struct {
		int code;
		const char *way_out;
	} refusals[] = {
		{EACCES, "kernel.perf_event_paranoid=1"},
		{EPERM, "seccomp filter forbids perf_event_open"},
		{ENOSYS, "seccomp filter hides perf_event_open"},
		{ENOENT, "do not have it: choose another"},
		{EINVAL, "record fewer events at once"},
		{EMFILE, "ulimit -Hn"},
		{ENFILE, "fs.file-max"},
		{ENOSPC, "breakpoints"},
		{EBUSY, "kernel.nmi_watchdog=0"},
		{EOPNOTSUPP, "leave the modifiers out"},
		{ENODEV, "online"},
		{ENOMEM, "no memory"},
		{E2BIG, "older"},
		{ESRCH, "No such process"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
		struct outcome *outcome;
		char code[16];

		snprintf(code, sizeof(code), "%d", refusals[i].code);
		setenv("SCENARIO_ERRNO", code, 1);
		outcome = run_scenario("refused");
		unsetenv("SCENARIO_ERRNO");
		assert_exited(outcome, 0);
		assert_int_equal(samples(outcome, NULL), 0);
		assert_int_equal(lost(outcome, RECORDING_LOSS_NO_COUNTERS), 1);
		assert_non_null(strstr(outcome->stderr_text, "perfpoint: "));
		assert_non_null(strstr(outcome->stderr_text, "event task-clock: "));
		assert_non_null(strstr(outcome->stderr_text, refusals[i].way_out));
		assert_int_equal(outcome->recorded.each[0].header.failure_code,
				 refusals[i].code);
		finish(outcome);
	}
}

static void thousands_of_short_threads_share_space(void **state)
{
	struct outcome *outcome = run_scenario("thread_storm");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 5000);
	assert_int_equal(outcome->recorded.each[0].thread_count, 5000);
	assert_true(outcome->recorded.each[0].header.file_bytes -
			    outcome->recorded.each[0].header.blocks_offset <
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

static void a_handler_that_jumps_within_itself_changes_nothing(void **state)
{
	struct outcome *outcome = run_scenario("jump_inside_handler");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-1"), 1000000);
	assert_int_equal(samples(outcome, "mark-3"), 100);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

static void a_jump_out_of_a_marker_leaves_all_in_order(void **state)
{
	struct outcome *outcome = run_scenario("jump_out_of_marker");

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "mark-3"), 100);
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
	assert_string_equal(outcome->recorded.each[0].event_names[2], "page-faults");
	recordings_visit(&outcome->recorded, "touch 100 pages", add_faults, touched);
	recordings_visit(&outcome->recorded, "touch nothing", add_faults, untouched);
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
	recordings_visit(&outcome->recorded, "sleep 1 ms", add_sleep, &switches);
	assert_true(switches >= 20);
	finish(outcome);
}

/* As the three of the harness, each a group of its own. */
static void groups_of_the_session_are_read_one_by_one(void **state)
{
	static const struct session_event events[] = {
		{.name = "task-clock",
		 .type = PERF_TYPE_SOFTWARE,
		 .config = PERF_COUNT_SW_TASK_CLOCK,
		 .begins_group = true},
		{.name = "context-switches",
		 .type = PERF_TYPE_SOFTWARE,
		 .config = PERF_COUNT_SW_CONTEXT_SWITCHES,
		 .begins_group = true},
		{.name = "page-faults",
		 .type = PERF_TYPE_SOFTWARE,
		 .config = PERF_COUNT_SW_PAGE_FAULTS,
		 .begins_group = true},
	};
	struct outcome *outcome = run(&(struct setup){.program = scenario,
						      .argument = "counts_faults",
						      .events = events,
						      .event_count = 3});
	uint64_t touched[2] = {0};

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	recordings_visit(&outcome->recorded, "touch 100 pages", add_faults, touched);
	assert_in_range(touched[0], 2000, 2005);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

static void check_unscaled(const struct recording *recording,
			   const struct recording_sample *sample,
			   const uint64_t *values, void *context)
{
	assert_int_equal(sample->running_share, UINT16_MAX);
	assert_true(sample->flags & RECORDING_SAMPLE_CPU_TIME);
	add_faults(recording, sample, values, context);
}

/*
 * Two counters of one event, in the first group and in the last, each with a twin; page-faults
 * are counted twice.
 */
static void an_event_on_two_pmus_is_the_sum_of_both(void **state)
{
	static const struct session_event events[] = {
		{.name = "nothing",
		 .type = PERF_TYPE_SOFTWARE,
		 .config = PERF_COUNT_SW_DUMMY,
		 .has_other = true,
		 .other_type = PERF_TYPE_SOFTWARE,
		 .other_config = PERF_COUNT_SW_DUMMY,
		 .begins_group = true},
		{.name = "alone",
		 .type = PERF_TYPE_SOFTWARE,
		 .config = PERF_COUNT_SW_PAGE_FAULTS},
		{.name = "page-faults",
		 .type = PERF_TYPE_SOFTWARE,
		 .config = PERF_COUNT_SW_PAGE_FAULTS,
		 .has_other = true,
		 .other_type = PERF_TYPE_SOFTWARE,
		 .other_config = PERF_COUNT_SW_PAGE_FAULTS_MIN,
		 .begins_group = true},
	};
	struct outcome *outcome = run(&(struct setup){.program = scenario,
						      .argument = "counts_faults",
						      .events = events,
						      .event_count = 3});
	uint64_t touched[2] = {0};

	(void)state;
	assert_exited(outcome, 0);
	assert_quiet(outcome);
	recordings_visit(&outcome->recorded, "touch 100 pages", check_unscaled,
			 touched);
	assert_in_range(touched[0], 4000, 4010);
	assert_in_range(touched[1], 2000, 2005);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
}

/* Costs told in a recording; bit i: of event i, bit 63: wall time. */
static uint64_t costs_told(const struct recording *recording, uint64_t *wall_ns)
{
	const unsigned char *at = recording->map + recording->header.names_offset;
	const unsigned char *end = at + recording->header.names_used;
	uint64_t told = 0;

	while (at < end) {
		const struct recording_name *name = (const void *)at;

		at += (sizeof(*name) + name->length + 7) & ~(uint64_t)7;
		if (name->kind != RECORDING_NAME_SELF_COST)
			continue;
		if (name->id == RECORDING_COST_WALL)
			*wall_ns = name->value;
		told |= 1ull << (name->id == RECORDING_COST_WALL ? 63 : name->id);
	}
	return told;
}

static void what_markers_cost_is_in_each_recording_once(void **state)
{
	static const char *const scenarios[] = {"scopes", "nested", "thread_storm"};

	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(*scenarios); i++) {
		struct outcome *outcome = run_scenario(scenarios[i]);
		uint64_t wall_ns = 0;

		assert_exited(outcome, 0);
		assert_int_equal(costs_told(&outcome->recorded.each[0], &wall_ns),
				 1ull << 63 | 7);
		/* A pair reads its counters by two system calls. */
		assert_in_range(wall_ns, 100, 1000000);
		finish(outcome);
	}
}

static void source_none_measures_time(void **state)
{
	struct outcome *outcome = run(&(struct setup){
		.program = scenario, .argument = "scopes", .source = "none"});

	(void)state;
	assert_exited(outcome, 0);
	assert_int_equal(samples(outcome, "loop body"), 10);
	assert_int_equal(outcome->recorded.each[0].header.event_count, 0);
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
	recordings_visit(&outcome->recorded, "touch 100 pages", add_faults, touched);
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
		cmocka_unit_test(
			an_outer_region_begins_before_and_lasts_longer_than_the_inner),
		cmocka_unit_test(recursion_gives_a_sample_per_activation),
		cmocka_unit_test(recursion_beyond_the_limit_is_counted),
		cmocka_unit_test(scopes_end_on_continue),
		cmocka_unit_test(an_end_without_start_is_counted),
		cmocka_unit_test(a_region_never_ended_does_not_hide_others),
		cmocka_unit_test(regions_never_ended_in_a_loop_do_not_pile_up),
		cmocka_unit_test(regions_beyond_the_table_are_counted),
		cmocka_unit_test(a_thousand_threads_lose_nothing),
		cmocka_unit_test(too_few_descriptors_are_said_and_the_rest_is_recorded),
		cmocka_unit_test(the_program_keeps_descriptors_when_counters_lack_them),
		cmocka_unit_test(every_refusal_says_the_way_out),
		cmocka_unit_test(thousands_of_short_threads_share_space),
		cmocka_unit_test(threads_may_end_inside_a_region),
		cmocka_unit_test(cancellation_ends_a_scope_or_drops_it),
		cmocka_unit_test(cancellation_does_not_strike_inside_a_marker),
		cmocka_unit_test(markers_in_late_destructors_are_harmless),
		cmocka_unit_test(longjmp_drops_the_regions_it_leaves),
		cmocka_unit_test(siglongjmp_out_of_a_handler_drops_them_too),
		cmocka_unit_test(a_handler_that_jumps_within_itself_changes_nothing),
		cmocka_unit_test(a_jump_out_of_a_marker_leaves_all_in_order),
		cmocka_unit_test(markers_work_in_signal_handlers),
		cmocka_unit_test(exceptions_end_scopes),
		cmocka_unit_test(exceptions_drop_original_markers_of_callees),
		cmocka_unit_test(page_faults_are_the_pages_touched),
		cmocka_unit_test(a_sleep_is_a_context_switch_and_not_cpu_time),
		cmocka_unit_test(groups_of_the_session_are_read_one_by_one),
		cmocka_unit_test(an_event_on_two_pmus_is_the_sum_of_both),
		cmocka_unit_test(what_markers_cost_is_in_each_recording_once),
		cmocka_unit_test(source_none_measures_time),
		cmocka_unit_test(
			an_event_that_does_not_open_is_said_and_samples_are_counted),
		cmocka_unit_test(source_papi_counts_what_perf_counts),
	};

	if (!harness_arguments(argc, argv))
		return 2;
	return cmocka_run_group_tests_name("regions", tests, NULL, NULL);
}
