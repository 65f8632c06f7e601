/* SPDX-License-Identifier: MIT */
/* What an ordinary user is told at each level of kernel.perf_event_paranoid. */
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

static struct reply *ask(const char *arguments)
{
	return call(GUEST_NOBODY, "autoperf", arguments);
}

/* Asks, checks and forgets; `output` and `errors` are parts, NULL: any. */
static void check(const char *arguments, int status, const char *output,
		  const char *errors)
{
	struct reply *reply = ask(arguments);

	assert_reply(reply, status);
	if (output)
		assert_output(reply, output);
	if (errors)
		assert_errors(reply, errors);
	reply_free(reply);
}

static void at_level_3_nothing_is_counted_and_the_way_out_is_said(void **state)
{
	(void)state;
	set_paranoid(3);
	check("events --plan -e instructions", 4, NULL,
	      "kernel.perf_event_paranoid is 3");
	check("events --plan -e instructions", 4, NULL,
	      "sudo sysctl kernel.perf_event_paranoid=1");
	check("doctor", 4, "perf_event_open      refused", NULL);
	check("doctor", 4, "This machine can measure wall time (", NULL);
}

static void at_level_3_a_recording_measures_wall_time(void **state)
{
	struct recorded *recorded;

	(void)state;
	set_paranoid(3);
	recorded = record_work_as(GUEST_NOBODY, "", "regions 5");
	assert_errors(recorded->reply, "(source none, 1 run): wall time alone");
	assert_errors(recorded->reply, "kernel.perf_event_paranoid is 3");
	assert_int_equal(count_samples(recorded, "mark-1000"), 5);
	recorded_free(recorded);
}

static void at_level_3_what_was_asked_for_by_name_fails(void **state)
{
	(void)state;
	set_paranoid(3);
	check("record -n 1 -e instructions -o /tmp/nothing.apdb -- /guest/work regions",
	      4, NULL, "instructions: the kernel refuses it to this user");
}

static void at_level_3_doctor_does_not_promise_user_mode(void **state)
{
	struct reply *reply;

	(void)state;
	set_paranoid(3);
	reply = ask("doctor");
	assert_output(reply, "kernel.perf_event_paranoid is 3");
	assert_null(strstr(reply->output, "the others in user mode only"));
	reply_free(reply);
}

static void at_level_2_user_mode_is_counted_exactly(void **state)
{
	struct recorded *recorded;

	(void)state;
	set_paranoid(2);
	for (int user_reads = 0; user_reads <= 1; user_reads++) {
		set_user_reads(user_reads);
		recorded = record_work_as(GUEST_NOBODY, "-e instructions,cycles",
					  "regions 20");
		assert_errors(recorded->reply, "instructions:u, cycles:u");
		assert_int_equal(
			usual_value_of(recorded, "mark-1000", "instructions:u") -
				usual_value_of(recorded, "mark-1", "instructions:u"),
			LOOP_INSTRUCTIONS(LOOP_SHORT) -
				LOOP_INSTRUCTIONS(LOOP_SHORTEST));
		recorded_free(recorded);
	}
}

static void at_level_2_kernel_mode_is_refused_by_name(void **state)
{
	(void)state;
	set_paranoid(2);
	check("events --plan -e instructions:k", 4, NULL,
	      "kernel.perf_event_paranoid is 2");
	check("events --plan -e instructions,context-switches", 4, NULL,
	      "context-switches: it happens in kernel mode only");
	check("events --plan", 0, "instructions:u", NULL);
	check("doctor", 0, "works for this process, in user mode only", NULL);
}

static void at_level_1_both_modes_are_counted(void **state)
{
	struct recorded *recorded;

	(void)state;
	set_paranoid(1);
	recorded = record_work_as(GUEST_NOBODY, "-e instructions,instructions:u",
				  "regions 5");
	free(series_of(recorded, "mark-1000", "instructions").values);
	free(series_of(recorded, "mark-1000", "instructions:u").values);
	recorded_free(recorded);
	check("doctor", 0, "works for this process, kernel mode included", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_level_3_nothing_is_counted_and_the_way_out_is_said),
		cmocka_unit_test(at_level_3_a_recording_measures_wall_time),
		cmocka_unit_test(at_level_3_what_was_asked_for_by_name_fails),
		cmocka_unit_test(at_level_3_doctor_does_not_promise_user_mode),
		cmocka_unit_test(at_level_2_user_mode_is_counted_exactly),
		cmocka_unit_test(at_level_2_kernel_mode_is_refused_by_name),
		cmocka_unit_test(at_level_1_both_modes_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
