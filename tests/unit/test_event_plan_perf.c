/* SPDX-License-Identifier: MIT */
/* src/event/plan_perf.c, slots.c and probe.c: plans for imagined processors. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/perf_event.h>

#include "event/counter.h"
#include "event/event.h"
#include "recording/format.h"
#include "support/fake_pmu.h"

/* Four counters, and one each for cycles and instructions, as Intel's with two threads a core. */
static const struct fake_pmu intel = {
	.counters = 4, .cycles_counter = 8, .instructions_counter = 9};
/* Six counters that count anything. */
static const struct fake_pmu amd = {.counters = 6};

static struct event_plan plan;
static struct error failure;

static int start(void **state)
{
	(void)state;
	failure = (struct error){0};
	plan = (struct event_plan){0};
	return 0;
}

static int finish(void **state)
{
	(void)state;
	event_plan_free(&plan);
	assert_int_equal(fake_pmu_open_events(), 0);
	return 0;
}

static int make(const struct fake_pmu *pmu, const char *list, bool multiplex)
{
	struct event_names names = {0};
	const struct event_plan_options options = {
		.source = EVENT_SOURCE_PERF,
		.names = list ? &names : NULL,
		.multiplex = multiplex,
	};
	int code;

	fake_pmu_install(pmu);
	if (list)
		assert_int_equal(event_names_split(&names, list, &failure), 0);
	code = event_plan_make(&plan, &options, &failure);
	event_names_free(&names);
	return code;
}

/* "instructions cycles|instructions faults": the members of each pass, '/' between groups. */
static const char *passes(void)
{
	static char text[2048];
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < plan.pass_count; i++) {
		const struct event_pass *pass = &plan.passes[i];

		for (size_t j = 0; j < pass->count; j++) {
			const char *before = j ? " " : i ? "|" : "";

			if (j && pass->begins_group && pass->begins_group[j])
				before = "/";
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s%s", before,
				plan.events.items[pass->members[j]].name);
		}
	}
	return text;
}

static void counters_of_their_own_are_told_from_others(void **state)
{
	(void)state;
	assert_int_equal(make(&intel, "r0", false), 0);
	assert_true(plan.machine.hardware_counters);
	assert_int_equal(plan.machine.hardware_slots, 4);
	assert_int_equal(plan.machine.fixed_slots, 2);
	assert_int_equal(plan.machine.taken_slots, 0);
	event_plan_free(&plan);
	assert_int_equal(make(&amd, "r0", false), 0);
	assert_int_equal(plan.machine.hardware_slots, 6);
	assert_int_equal(plan.machine.fixed_slots, 0);
	assert_int_equal(plan.machine.taken_slots, 0);
}

static void counters_that_others_hold_are_found(void **state)
{
	struct fake_pmu held = amd;

	(void)state;
	held.taken = 1u << 2;
	assert_int_equal(make(&held, "r0", false), 0);
	assert_int_equal(plan.machine.hardware_slots, 5);
	assert_int_equal(plan.machine.taken_slots, 1);
	event_plan_free(&plan);
	/* The watchdog of an Intel processor holds the one for cycles. */
	held = intel;
	held.taken = 1u << 8;
	assert_int_equal(make(&held, "r0", false), 0);
	assert_int_equal(plan.machine.hardware_slots, 4);
	assert_int_equal(plan.machine.fixed_slots, 1);
	assert_int_equal(plan.machine.taken_slots, 1);
}

static void fixed_counters_leave_the_others_to_the_other_events(void **state)
{
	(void)state;
	assert_int_equal(make(&intel, "cycles,instructions,r1,r2,r3,r4", false), 0);
	assert_string_equal(passes(), "instructions cycles r1 r2 r3 r4");
	event_plan_free(&plan);
	assert_int_equal(make(&amd, "cycles,instructions,r1,r2,r3,r4", false), 0);
	assert_int_equal(plan.pass_count, 1);
}

static void a_watchdog_that_holds_a_counter_makes_one_more_pass(void **state)
{
	struct fake_pmu held = amd;

	(void)state;
	held.taken = 1u << 0;
	assert_int_equal(make(&held, "cycles,instructions,r1,r2,r3,r4", false), 0);
	assert_string_equal(passes(), "instructions cycles r1 r2 r3|instructions r4");
	assert_int_equal(plan.passes[1].reason, EVENT_PASS_NO_COUNTER_LEFT);
}

static void software_events_leave_passes_that_can_be_read_in_user_space(void **state)
{
	struct fake_pmu readable = amd;

	(void)state;
	assert_int_equal(make(&amd, "page-faults,cycles,task-clock", false), 0);
	assert_false(plan.machine.user_read);
	assert_string_equal(passes(), "instructions page-faults cycles task-clock");
	event_plan_free(&plan);
	readable.user_read = true;
	assert_int_equal(make(&readable, "page-faults,cycles,task-clock", false), 0);
	assert_true(plan.machine.user_read);
	assert_string_equal(passes(),
			    "instructions cycles|instructions page-faults task-clock");
	assert_int_equal(plan.passes[1].reason, EVENT_PASS_APART);
	event_plan_free(&plan);
	/* Nothing to keep them apart from. */
	assert_int_equal(make(&readable, "page-faults,task-clock", false), 0);
	assert_string_equal(passes(), "instructions page-faults task-clock");
}

static void events_with_few_counters_to_choose_from_are_placed_first(void **state)
{
	struct fake_pmu choosy = amd;

	(void)state;
	choosy.counters = 4;
	choosy.mask[8] = choosy.mask[9] = 1u << 0;
	/* First fit puts r8 and r9 behind two full passes: three passes. */
	assert_int_equal(make(&choosy, "instructions,r1,r2,r3,r8,r9,r4", false), 0);
	assert_int_equal(plan.pass_count, 2);
}

static void the_watchdog_is_named_with_the_command_that_stops_it(void **state)
{
	struct event_machine machine = {.hardware_counters = true,
					.hardware_slots = 5,
					.taken_slots = 1,
					.watchdog = true};
	struct text text = {0};

	(void)state;
	event_machine_describe(&machine, &text);
	assert_string_equal(text.chars,
			    "5 run at once; 1 is taken by the NMI watchdog: `sudo"
			    " sysctl kernel.nmi_watchdog=0`");
	text_free(&text);
	machine.taken_slots = 2;
	event_machine_describe(&machine, &text);
	assert_non_null(strstr(text.chars, "the NMI watchdog and others"));
	text_free(&text);
	/* A watchdog that does without a counter is not blamed. */
	machine.taken_slots = 0;
	event_machine_describe(&machine, &text);
	assert_string_equal(text.chars, "5 run at once");
	text_free(&text);
}

static void multiplexed_all_events_are_one_pass_of_groups_that_run(void **state)
{
	(void)state;
	assert_int_equal(make(&amd,
			      "page-faults,r1,r2,r3,r4,r5,r6,r7,instructions,cycles",
			      true),
			 0);
	assert_int_equal(plan.pass_count, 1);
	assert_string_equal(passes(),
			    "instructions r1 r2 r3 r4 r5/r6 r7 cycles/page-faults");
	assert_true(plan.passes[0].begins_group[0]);
}

static void groups_respect_counters_that_others_hold(void **state)
{
	struct fake_pmu held = amd;

	(void)state;
	held.taken = 7;
	assert_int_equal(make(&held, "r1,r2,r3,r4,instructions", true), 0);
	assert_string_equal(passes(), "instructions r1 r2/r3 r4");
}

static void multiplexed_events_that_fit_are_one_group(void **state)
{
	(void)state;
	assert_int_equal(make(&intel, "cycles,r1", true), 0);
	assert_string_equal(passes(), "instructions cycles r1");
	event_plan_free(&plan);
	/* No hardware events at all. */
	assert_int_equal(make(NULL, "task-clock,page-faults", true), 0);
	assert_string_equal(passes(), "task-clock page-faults");
}

static void more_events_than_a_sample_holds_are_several_multiplexed_passes(void **state)
{
	struct event_names names = {0};
	const struct event_plan_options options = {
		.source = EVENT_SOURCE_PERF, .names = &names, .multiplex = true};
	size_t counted = 0;
	char name[32];

	(void)state;
	fake_pmu_install(&amd);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "r%x00", i + 1);
		assert_int_equal(event_names_add(&names, name, &failure), 0);
	}
	assert_int_equal(event_plan_make(&plan, &options, &failure), 0);
	event_names_free(&names);
	assert_int_equal(plan.pass_count, 2);
	for (size_t i = 0; i < plan.pass_count; i++) {
		counted += plan.passes[i].count;
		assert_true(plan.passes[i].count < RECORDING_EVENTS_MAX);
		assert_true(plan.passes[i].begins_group[0]);
	}
	assert_int_equal(counted, 101);
	assert_int_equal(plan.passes[1].reason, EVENT_PASS_SAMPLE_FULL);
}

/* An event of a hybrid processor: raw on one PMU, of type 10 on the other. */
static struct event_encoding hybrid_event(bool has_other)
{
	return (struct event_encoding){
		.type = PERF_TYPE_RAW,
		.config = 1,
		.has_other = has_other,
		.other_type = 10,
		.other_config = 2,
	};
}

static void a_hybrid_event_counts_on_either_kind_of_core(void **state)
{
	struct fake_pmu hybrid = {.counters = 2, .other_type = 10};
	const struct event_encoding both = hybrid_event(true);
	const struct event_encoding one = hybrid_event(false);
	const struct event_encoding *members[] = {&both, &both, &both};

	(void)state;
	for (int on_other = 0; on_other <= 1; on_other++) {
		hybrid.on_other = on_other;
		fake_pmu_install(&hybrid);
		assert_int_equal(counter_try(members, 2).outcome, COUNTER_RAN);
		assert_int_equal(counter_try(members, 3).outcome, COUNTER_REFUSED);
		assert_int_equal(fake_pmu_open_events(), 0);
	}
	/* With the thread where it is not counted, an event of one PMU does not run. */
	members[0] = &one;
	assert_int_equal(counter_try(members, 1).outcome, COUNTER_NEVER_RAN);
	hybrid.on_other = false;
	fake_pmu_install(&hybrid);
	assert_int_equal(counter_try(members, 1).outcome, COUNTER_RAN);
	/* It goes with events of both: they are groups of their own. */
	assert_int_equal(counter_try(members, 2).outcome, COUNTER_RAN);
}

static void a_group_runs_on_a_hybrid_processor_if_counters_are_free_there(void **state)
{
	struct fake_pmu hybrid = {.counters = 2, .taken = 1, .other_type = 10};
	const struct event_encoding both = hybrid_event(true);
	const struct event_encoding *members[] = {&both, &both};

	(void)state;
	fake_pmu_install(&hybrid);
	assert_int_equal(counter_try(members, 1).outcome, COUNTER_RAN);
	assert_int_equal(counter_try(members, 2).outcome, COUNTER_NEVER_RAN);
}

static void papi_does_not_multiplex(void **state)
{
	const struct event_plan_options options = {.source = EVENT_SOURCE_PAPI,
						   .multiplex = true};

	(void)state;
	assert_int_equal(event_plan_make(&plan, &options, &failure), -EINVAL);
	assert_int_equal(failure.exit_status, EXIT_USAGE);
	assert_non_null(strstr(failure.text, "--source perf"));
}

#define PLANNED(test) cmocka_unit_test_setup_teardown(test, start, finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLANNED(counters_of_their_own_are_told_from_others),
		PLANNED(counters_that_others_hold_are_found),
		PLANNED(fixed_counters_leave_the_others_to_the_other_events),
		PLANNED(a_watchdog_that_holds_a_counter_makes_one_more_pass),
		PLANNED(the_watchdog_is_named_with_the_command_that_stops_it),
		PLANNED(software_events_leave_passes_that_can_be_read_in_user_space),
		PLANNED(events_with_few_counters_to_choose_from_are_placed_first),
		PLANNED(multiplexed_all_events_are_one_pass_of_groups_that_run),
		PLANNED(groups_respect_counters_that_others_hold),
		PLANNED(multiplexed_events_that_fit_are_one_group),
		PLANNED(more_events_than_a_sample_holds_are_several_multiplexed_passes),
		PLANNED(a_hybrid_event_counts_on_either_kind_of_core),
		PLANNED(a_group_runs_on_a_hybrid_processor_if_counters_are_free_there),
		PLANNED(papi_does_not_multiplex),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
