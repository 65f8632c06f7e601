/* SPDX-License-Identifier: MIT */
/* src/cli/plan_text.c: what is said of plans for imagined processors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/plan.h"
#include "support/fake_pmu.h"

static const struct fake_pmu six = {.counters = 6};

/* The text of the plan for those events, until the next call. */
static const char *describe_as(const struct fake_pmu *pmu, const char *list, bool skip,
			       bool multiplex)
{
	static struct text text;
	struct event_names names = {0};
	const struct event_plan_options options = {
		.source = EVENT_SOURCE_PERF,
		.names = &names,
		.skip_unavailable = skip,
		.multiplex = multiplex,
	};
	struct event_plan plan;
	struct error error = {0};

	text_free(&text);
	fake_pmu_install(pmu);
	assert_int_equal(event_names_split(&names, list, &error), 0);
	if (event_plan_make(&plan, &options, &error))
		fail_msg("%s", error.text);
	plan_describe(&plan, &text);
	event_plan_free(&plan);
	event_names_free(&names);
	assert_false(text.failed);
	return text.chars;
}

static const char *describe(const struct fake_pmu *pmu, const char *list, bool skip)
{
	return describe_as(pmu, list, skip, false);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("lacks '%s':\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("has '%s':\n%s", part, text);
}

static void the_plan_says_how_many_counters_it_was_made_for(void **state)
{
	struct fake_pmu own = six;
	const char *text = describe(&six, "r1", false);

	(void)state;
	assert_has(text, "hardware counters: 6 run at once\n");
	own.cycles_counter = 8;
	assert_has(describe(&own, "r1", false),
		   "6 run at once, and 1 more for cycles or instructions alone\n");
	own.instructions_counter = 9;
	assert_has(describe(&own, "r1", false),
		   "6 run at once, and 2 more for cycles, instructions and the like "
		   "alone\n");
}

static void the_plan_says_how_many_counters_are_taken(void **state)
{
	struct fake_pmu taken = six;
	const char *text;

	(void)state;
	taken.taken = 3;
	text = describe(&taken, "r1", false);
	assert_has(text, "4 run at once; 2 are taken by ");
	taken.taken = 1;
	assert_has(describe(&taken, "r1", false), "5 run at once; 1 is taken by ");
}

static void a_machine_without_counters_is_told_why(void **state)
{
	(void)state;
	assert_has(describe(NULL, "task-clock", false), "hardware counters: none: ");
}

static void each_pass_says_why_there_is_one_more(void **state)
{
	struct fake_pmu readable = six;
	const char *text = describe(&six, "instructions,r1,r2,r3,r4,r5,r6", false);

	(void)state;
	assert_has(text, "pass 1 of 2, 6 events\n  instructions");
	assert_has(text, "pass 2 of 2, 2 events\n"
			 "  for these no counter is left in the passes before\n");
	assert_has(text, "by a system call at each marker");
	readable.user_read = true;
	text = describe(&readable, "instructions,cycles,page-faults", false);
	assert_has(text, "read in user space");
	assert_has(text, "pass 2 of 2, 2 events\n  these take no counter");
	assert_lacks(text, "by a system call at each marker");
}

static void groups_that_take_turns_are_told_apart(void **state)
{
	const char *text =
		describe_as(&six, "instructions,r1,r2,r3,r4,r5,r6", false, true);

	(void)state;
	assert_has(text, "pass 1 of 1, 7 events in 2 groups\n  groups take turns");
	assert_has(text, "  group 1\n  instructions ");
	assert_has(text, "  group 2\n  r6 ");
	/* One group has nothing to take turns with. */
	text = describe_as(&six, "instructions,r1", false, true);
	assert_has(text, "pass 1 of 1, 2 events\n  instructions ");
}

static void what_was_left_out_is_told_with_its_reason(void **state)
{
	const char *text = describe(NULL, "task-clock,cycles", true);

	(void)state;
	assert_has(text, "left out, because they cannot be counted here\n  cycles: ");
	assert_lacks(describe(&six, "task-clock,cycles", true), "left out");
}

static void wall_time_alone_has_nothing_to_say_of_counters(void **state)
{
	struct event_pass pass = {.count = 0};
	const struct event_plan plan = {
		.source = EVENT_SOURCE_NONE, .passes = &pass, .pass_count = 1};
	struct text text = {0};

	(void)state;
	plan_describe(&plan, &text);
	assert_has(text.chars, "pass 1 of 1, 0 events\n  wall time alone\n");
	assert_lacks(text.chars, "counters");
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_plan_says_how_many_counters_it_was_made_for),
		cmocka_unit_test(the_plan_says_how_many_counters_are_taken),
		cmocka_unit_test(a_machine_without_counters_is_told_why),
		cmocka_unit_test(each_pass_says_why_there_is_one_more),
		cmocka_unit_test(groups_that_take_turns_are_told_apart),
		cmocka_unit_test(what_was_left_out_is_told_with_its_reason),
		cmocka_unit_test(wall_time_alone_has_nothing_to_say_of_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
