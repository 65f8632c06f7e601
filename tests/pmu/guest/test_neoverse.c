/* SPDX-License-Identifier: MIT */
/*
 * Another processor, a Neoverse N1, which libpfm4 knows. Most of its events are not emulated: they
 * open, run and stay 0.
 */
#include "guest.h"

#include <stdio.h>
#include <string.h>

#include "work.h"

static void the_processors_own_names_are_counted(void **state)
{
	struct recorded *recorded =
		record_work("-e INST_RETIRED:u,CPU_CYCLES:u", "regions 50");

	(void)state;
	assert_int_equal(
		usual_value_of(recorded, "mark-100000", "INST_RETIRED:u") -
			usual_value_of(recorded, "mark-1000", "INST_RETIRED:u"),
		LOOP_INSTRUCTIONS(LOOP_LONG) - LOOP_INSTRUCTIONS(LOOP_SHORT));
	recorded_free(recorded);
}

static void names_with_and_without_the_pmu_mean_the_same(void **state)
{
	struct reply *reply =
		call(GUEST_ROOT, "autoperf",
		     "events --plan -e INST_RETIRED:u,arm_n1::INST_RETIRED:u,r0008:u");

	(void)state;
	assert_reply(reply, 0);
	assert_output(reply, "the same event, counted once: arm_n1::INST_RETIRED:u ="
			     " INST_RETIRED:u");
	reply_free(reply);
}

static void a_name_that_nobody_knows_is_refused(void **state)
{
	struct reply *reply = call(GUEST_ROOT, "autoperf",
				   "events --plan -e L2D_CACHE_REFILL_NOT_THERE");

	(void)state;
	assert_reply(reply, 2);
	assert_errors(reply, "no such event");
	reply_free(reply);
}

static void the_default_events_tell_causes_apart(void **state)
{
	static const char *const roles[] = {"instructions", "cycles",   "branch_miss",
					    "l1d_miss",     "llc_miss", "dtlb_miss",
					    "remote_dram",  "stall"};
	struct reply *reply = call(GUEST_ROOT, "autoperf", "events --plan");

	(void)state;
	assert_reply(reply, 0);
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		assert_output(reply, roles[i]);
	/* Six counters and that of cycles: far from the four passes that four counters may need. */
	assert_null(strstr(reply->output, "of 5,"));
	reply_free(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_processors_own_names_are_counted),
		cmocka_unit_test(names_with_and_without_the_pmu_mean_the_same),
		cmocka_unit_test(a_name_that_nobody_knows_is_refused),
		cmocka_unit_test(the_default_events_tell_causes_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
