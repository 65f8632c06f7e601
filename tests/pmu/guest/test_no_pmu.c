/* SPDX-License-Identifier: MIT */
/* The same machine without a PMU, as most virtual machines are. */
#include "guest.h"

static void doctor_says_that_there_are_no_hardware_counters(void **state)
{
	struct reply *reply = call(GUEST_ROOT, "autoperf", "doctor");

	(void)state;
	assert_reply(reply, 0);
	assert_output(reply, "hardware counters    none: this machine shows no hardware"
			     " counters (no PMU)");
	assert_output(reply, "can measure wall time and software events (");
	reply_free(reply);
}

static void a_recording_takes_software_events(void **state)
{
	struct recorded *recorded = record_work("", "regions 5");

	(void)state;
	assert_errors(recorded->reply, "source perf, 1 run): task-clock, ");
	assert_int_equal(count_samples(recorded, "mark-1000"), 5);
	recorded_free(recorded);
}

static void instructions_cannot_be_measured_with_a_reason(void **state)
{
	struct reply *reply = call(
		GUEST_ROOT, "autoperf",
		"record -e instructions -o /tmp/nothing.apdb -- /guest/work regions");

	(void)state;
	assert_reply(reply, 4);
	assert_errors(reply, "give the machine a virtual PMU");
	reply_free(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(doctor_says_that_there_are_no_hardware_counters),
		cmocka_unit_test(a_recording_takes_software_events),
		cmocka_unit_test(instructions_cannot_be_measured_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
