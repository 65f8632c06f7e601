/* SPDX-License-Identifier: MIT */
/*
 * Events divided into passes by the counters that are free: a cycle counter and six others, some
 * of which are taken, as the NMI watchdog and other profilers take them.
 */
#include "guest.h"

#include <stdio.h>

#include "work.h"

#define SEVEN                                                                       \
	"instructions,instructions:u,instructions:k,cycles,cycles:u,cycles:k,r0008" \
	":u"
#define TAKEN 3

static void assert_plan(const char *events, const char *part)
{
	char arguments[512];
	struct reply *reply;

	snprintf(arguments, sizeof(arguments), "events --plan -e %s", events);
	reply = call(GUEST_ROOT, "autoperf", arguments);
	assert_reply(reply, 0);
	assert_output(reply, part);
	reply_free(reply);
}

static void events_that_fit_are_one_pass(void **state)
{
	(void)state;
	assert_plan(SEVEN, "pass 1 of 1, 7 events");
}

static void one_event_too_many_makes_two_passes(void **state)
{
	(void)state;
	assert_plan(SEVEN ",r0011:u", "pass 2 of 2, 2 events");
}

static void taken_counters_make_more_passes(void **state)
{
	int fds[TAKEN];

	(void)state;
	take_counters(fds, TAKEN);
	/* Four are left; instructions are in each pass. */
	assert_plan(SEVEN, "pass 1 of 2, 4 events");
	assert_plan(SEVEN, "pass 2 of 2, 4 events");
	give_counters_back(fds, TAKEN);
	assert_plan(SEVEN, "pass 1 of 1, 7 events");
}

static void passes_count_the_same_as_if_all_counters_were_free(void **state)
{
	int fds[TAKEN];
	uint64_t truth = LOOP_INSTRUCTIONS(LOOP_LONG) - LOOP_INSTRUCTIONS(LOOP_SHORT);

	(void)state;
	set_user_reads(true);
	take_counters(fds, TAKEN);
	for (int round = 0; round < 2; round++) {
		struct recorded *recorded = record_work("-e " SEVEN, "regions 20");

		assert_int_equal(
			usual_value_of(recorded, "mark-100000", "instructions:u") -
				usual_value_of(recorded, "mark-1000", "instructions:u"),
			truth);
		assert_int_equal(
			usual_value_of(recorded, "mark-100000", "r0008:u") -
				usual_value_of(recorded, "mark-1000", "r0008:u"),
			truth);
		assert_int_equal(lost_at_all(recorded->outcome), 0);
		recorded_free(recorded);
		if (!round)
			give_counters_back(fds, TAKEN);
	}
}

static void the_plan_says_which_counters_are_taken(void **state)
{
	int fds[TAKEN];

	(void)state;
	take_counters(fds, TAKEN);
	assert_plan(SEVEN, "taken");
	give_counters_back(fds, TAKEN);
}

static void an_event_that_never_counts_is_told_after_the_run(void **state)
{
	/* The emulated processor has no such event: it opens, runs, and stays 0. */
	struct recorded *recorded =
		record_work("-e instructions:u,r0003:u", "regions 20");

	(void)state;
	assert_warns(recorded->reply, "r0003:u");
	recorded_free(recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_that_fit_are_one_pass),
		cmocka_unit_test(one_event_too_many_makes_two_passes),
		cmocka_unit_test(taken_counters_make_more_passes),
		cmocka_unit_test(passes_count_the_same_as_if_all_counters_were_free),
		cmocka_unit_test(the_plan_says_which_counters_are_taken),
		cmocka_unit_test(an_event_that_never_counts_is_told_after_the_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
