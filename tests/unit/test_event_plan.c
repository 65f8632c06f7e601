/* SPDX-License-Identifier: MIT */
/* src/event/plan.c and plan_perf.c: plans for this machine, made of real software events. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event/event.h"
#include "machine/machine.h"
#include "support/restricted.h"

static struct event_plan plan;
static struct event_names names;
static struct error failure;
static struct event_machine machine;

static int start(void **state)
{
	(void)state;
	failure = (struct error){0};
	return 0;
}

static int finish(void **state)
{
	(void)state;
	event_plan_free(&plan);
	event_names_free(&names);
	return 0;
}

static int make(enum event_source source, const char *list, bool skip_unavailable)
{
	const struct event_plan_options options = {
		.source = source,
		.names = list ? &names : NULL,
		.skip_unavailable = skip_unavailable,
	};

	if (list)
		assert_int_equal(event_names_split(&names, list, &failure), 0);
	return event_plan_make(&plan, &options, &failure);
}

static size_t find(const char *name)
{
	for (size_t i = 0; i < plan.events.count; i++)
		if (!strcmp(plan.events.items[i].name, name))
			return i;
	return SIZE_MAX;
}

static void named_software_events_make_one_pass_in_the_users_order(void **state)
{
	(void)state;
	assert_int_equal(make(EVENT_SOURCE_PERF, "page-faults,task-clock,dummy", false),
			 0);
	assert_int_equal(plan.source, EVENT_SOURCE_PERF);
	assert_int_equal(plan.pass_count, 1);
	assert_int_equal(plan.events.count, 3 + machine.hardware_counters);
	assert_int_equal(find("page-faults"), machine.hardware_counters);
	assert_true(find("task-clock") < find("dummy"));
	assert_int_equal(plan.passes[0].count, plan.events.count);
	for (size_t i = 0; i < plan.passes[0].count; i++)
		assert_int_equal(plan.passes[0].members[i], i);
}

static void the_default_set_tells_causes_apart_on_any_machine(void **state)
{
	(void)state;
	assert_int_equal(make(EVENT_SOURCE_AUTO, NULL, false), 0);
	assert_int_equal(plan.source, EVENT_SOURCE_PERF);
	assert_true(find("task-clock") != SIZE_MAX);
	assert_true(find("context-switches") != SIZE_MAX);
	assert_true(find("minor-faults") != SIZE_MAX);
	assert_int_equal(find("instructions") != SIZE_MAX, machine.hardware_counters);
}

static void two_names_of_one_event_are_merged_and_told(void **state)
{
	(void)state;
	assert_int_equal(make(EVENT_SOURCE_PERF, "cs,faults,context-switches", false),
			 0);
	assert_true(find("context-switches") != SIZE_MAX);
	assert_int_equal(plan.events.count, 2 + machine.hardware_counters);
	/* "cs" was counted under its main name, so only one name is left to merge. */
	assert_int_equal(plan.merged.count, 0);
	event_plan_free(&plan);
	event_names_free(&names);
	assert_int_equal(make(EVENT_SOURCE_PERF, "software/config=3/,cs", false), 0);
	assert_int_equal(plan.merged.count, 1);
	assert_string_equal(plan.merged.items[0], "cs = software/config=3/");
}

static void all_unknown_names_are_told_at_once(void **state)
{
	(void)state;
	assert_true(make(EVENT_SOURCE_PERF, "page-fauts,task-clock,xyzzy", true) < 0);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
	assert_non_null(strstr(failure.text, "'page-fauts'"));
	assert_non_null(strstr(failure.text, "'page-faults'"));
	assert_non_null(strstr(failure.text, "'xyzzy'"));
	assert_int_equal(plan.events.count, 0);
}

static void what_cannot_be_counted_fails_unless_it_may_be_left_out(void **state)
{
	(void)state;
	assert_true(make(EVENT_SOURCE_PERF, "task-clock,cs:u,PAPI_L1_TCA", false) < 0);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "2 of 3 events"));
	assert_non_null(strstr(failure.text, "cs:u: "));
	assert_non_null(strstr(failure.text, "PAPI_L1_TCA: "));
	event_names_free(&names);
	assert_int_equal(make(EVENT_SOURCE_PERF, "task-clock,cs:u,PAPI_L1_TCA", true),
			 0);
	assert_int_equal(plan.events.count, 1 + machine.hardware_counters);
	assert_int_equal(plan.rejected.count, 2);
	assert_string_equal(plan.rejected.items[1], "PAPI_L1_TCA");
	assert_non_null(strstr(plan.reasons[1], "--source papi"));
}

static void a_plan_without_any_event_left_fails(void **state)
{
	(void)state;
	assert_true(make(EVENT_SOURCE_PERF, "cs:u,PAPI_L1_TCA", true) < 0);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "none of the events"));
}

static void one_reason_for_many_events_is_told_once(void **state)
{
	char *second;

	(void)state;
	assert_true(make(EVENT_SOURCE_PERF,
			 "PAPI_L1_TCA,PAPI_L1_TCH,PAPI_L1_TCR,PAPI_L1_TCW,PAPI_L2_TCW,"
			 "PAPI_L1_DCH,PAPI_L1_ICW,PAPI_FP_STAL",
			 false) < 0);
	assert_non_null(strstr(failure.text, "PAPI_L1_TCA, PAPI_L1_TCH"));
	assert_non_null(strstr(failure.text, "and 2 more: "));
	second = strstr(failure.text, "--source papi");
	assert_non_null(second);
	assert_null(strstr(second + 1, "--source papi"));
}

static void five_hundred_events_fill_several_passes(void **state)
{
	char name[64];

	(void)state;
	/* Distinct encodings of the same clock: bits that the kernel ignores differ. */
	for (int i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "software/config=1,config1=%d/", i);
		assert_int_equal(event_names_add(&names, name, &failure), 0);
	}
	const struct event_plan_options options = {.source = EVENT_SOURCE_PERF,
						   .names = &names};

	assert_int_equal(event_plan_make(&plan, &options, &failure), 0);
	assert_int_equal(plan.pass_count, machine.hardware_counters ? 9 : 8);
}

static void the_simulated_machine_counts_everything_in_one_pass(void **state)
{
	(void)state;
	assert_int_equal(make(EVENT_SOURCE_SIM, NULL, false), 0);
	assert_int_equal(plan.source, EVENT_SOURCE_SIM);
	assert_int_equal(plan.events.count, MACHINE_COUNTERS);
	assert_int_equal(plan.pass_count, 1);
	assert_int_equal(plan.passes[0].count, MACHINE_COUNTERS);
	assert_int_equal(plan.passes[0].members[0], find("instructions"));
}

static void names_of_other_sources_are_counted_by_the_simulated_machine(void **state)
{
	(void)state;
	assert_int_equal(
		make(EVENT_SOURCE_SIM, "PAPI_L1_DCM,cycles:u,cpu-cycles", false), 0);
	assert_int_equal(plan.events.count, 3);
	assert_string_equal(plan.events.items[0].name, "instructions");
	assert_string_equal(plan.events.items[1].name, "l1d_misses");
	assert_int_equal(plan.events.items[1].role, EVENT_ROLE_L1D_MISS);
	assert_string_equal(plan.events.items[2].name, "cycles");
	assert_int_equal(plan.merged.count, 1);
	assert_string_equal(plan.merged.items[0], "cpu-cycles = cycles");
	assert_int_equal(plan.passes[0].count, 3);
	assert_int_equal(plan.passes[0].members[0], 0);
}

static void what_the_simulated_machine_lacks_is_refused_or_left_out(void **state)
{
	(void)state;
	assert_true(make(EVENT_SOURCE_SIM, "cycles,context-switches,cycles:k", false) <
		    0);
	assert_int_equal(failure.exit_status, EXIT_CANNOT_MEASURE);
	assert_non_null(strstr(failure.text, "context-switches"));
	assert_non_null(strstr(failure.text, "only user mode is simulated"));
	event_names_free(&names);
	assert_int_equal(make(EVENT_SOURCE_SIM, "cycles,context-switches", true), 0);
	assert_int_equal(plan.rejected.count, 1);
	assert_string_equal(plan.rejected.items[0], "context-switches");
}

static void a_mistyped_simulated_counter_is_offered_the_right_one(void **state)
{
	(void)state;
	assert_true(make(EVENT_SOURCE_SIM, "llc_mises", true) < 0);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
	assert_non_null(strstr(failure.text, "did you mean 'llc_misses'?"));
}

static void sources_that_cannot_measure_say_so(void **state)
{
	(void)state;
	assert_true(make(EVENT_SOURCE_IMPORT, NULL, false) < 0);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
}

static void wall_time_alone_is_one_empty_pass(void **state)
{
	(void)state;
	assert_int_equal(make(EVENT_SOURCE_NONE, NULL, false), 0);
	assert_int_equal(plan.source, EVENT_SOURCE_NONE);
	assert_int_equal(plan.pass_count, 1);
	assert_int_equal(plan.passes[0].count, 0);
	assert_int_equal(plan.events.count, 0);
}

/* Makes a plan in a restricted child and describes it or the failure. */
static void describe_plan(enum event_source source, const char *list, char *text,
			  size_t size)
{
	size_t used = 0;

	if (make(source, list, false)) {
		snprintf(text, size, "exit %d: %s", failure.exit_status, failure.text);
		return;
	}
	used += (size_t)snprintf(text, size, "%s:", event_source_name(plan.source));
	for (size_t i = 0; i < plan.events.count; i++)
		used += (size_t)snprintf(text + used, size - used, " %s",
					 plan.events.items[i].name);
	for (size_t i = 0; i < plan.rejected.count; i++)
		used += (size_t)snprintf(text + used, size - used, "\n-%s %s",
					 plan.rejected.items[i], plan.reasons[i]);
}

static void describe_auto(char *text, size_t size)
{
	describe_plan(EVENT_SOURCE_AUTO, NULL, text, size);
}

static void describe_perf(char *text, size_t size)
{
	describe_plan(EVENT_SOURCE_PERF, NULL, text, size);
}

static void describe_named(char *text, size_t size)
{
	describe_plan(EVENT_SOURCE_AUTO, "task-clock", text, size);
}

static void describe_nine(char *text, size_t size)
{
	describe_plan(EVENT_SOURCE_PERF,
		      "task-clock,cpu-clock,faults,minor-faults,major-faults,dummy,"
		      "alignment-faults,emulation-faults,bpf-output",
		      text, size);
}

static void without_perf_the_automatic_choice_is_wall_time_with_a_reason(void **state)
{
	char text[8192];

	(void)state;
	if (!restricted_run(restricted_by_seccomp, describe_auto, text, sizeof(text)))
		skip();
	assert_non_null(strstr(text, "none:\n-task-clock a seccomp filter"));
}

static void without_perf_what_was_asked_for_fails(void **state)
{
	char text[8192];

	(void)state;
	if (!restricted_run(restricted_by_seccomp, describe_perf, text, sizeof(text)))
		skip();
	assert_non_null(strstr(text, "exit 4: none of the events"));
	assert_true(restricted_run(restricted_by_seccomp, describe_named, text,
				   sizeof(text)));
	assert_non_null(strstr(text, "exit 4: none of the events"));
}

static void a_user_without_kernel_mode_gets_a_default_set_without_switches(void **state)
{
	char text[8192];

	(void)state;
	if (machine.paranoid < 2 ||
	    !restricted_run(restricted_to_nobody, describe_auto, text, sizeof(text)))
		skip();
	if (!strncmp(text, "none:", 5)) /* Debian's level 3 */
		skip();
	assert_non_null(strstr(text, " task-clock"));
	assert_non_null(strstr(text, " minor-faults:u"));
	assert_non_null(
		strstr(text, "\n-context-switches it happens in kernel mode only"));
	assert_non_null(strstr(text, "\n-cpu-migrations "));
}

static void too_few_descriptors_for_a_pass_are_told(void **state)
{
	char text[8192];

	(void)state;
	assert_true(restricted_run(restricted_to_few_files, describe_nine, text,
				   sizeof(text)));
	/* Ten where instructions can be counted. */
	assert_non_null(strstr(text, "exit 4: cannot open "));
	assert_non_null(strstr(text, " events together"));
	assert_non_null(strstr(text, "ulimit -n"));
}

#define PLANNED(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANNED(named_software_events_make_one_pass_in_the_users_order),
		PLANNED(the_default_set_tells_causes_apart_on_any_machine),
		PLANNED(two_names_of_one_event_are_merged_and_told),
		PLANNED(all_unknown_names_are_told_at_once),
		PLANNED(what_cannot_be_counted_fails_unless_it_may_be_left_out),
		PLANNED(a_plan_without_any_event_left_fails),
		PLANNED(one_reason_for_many_events_is_told_once),
		PLANNED(five_hundred_events_fill_several_passes),
		PLANNED(the_simulated_machine_counts_everything_in_one_pass),
		PLANNED(names_of_other_sources_are_counted_by_the_simulated_machine),
		PLANNED(what_the_simulated_machine_lacks_is_refused_or_left_out),
		PLANNED(a_mistyped_simulated_counter_is_offered_the_right_one),
		PLANNED(sources_that_cannot_measure_say_so),
		PLANNED(wall_time_alone_is_one_empty_pass),
		PLANNED(without_perf_the_automatic_choice_is_wall_time_with_a_reason),
		PLANNED(without_perf_what_was_asked_for_fails),
		PLANNED(a_user_without_kernel_mode_gets_a_default_set_without_switches),
		PLANNED(too_few_descriptors_for_a_pass_are_told),
	};

	event_machine_probe(&machine);
	/* Everything here needs to count context switches. */
	if (!machine.kernel_allowed)
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
