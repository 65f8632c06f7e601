/* SPDX-License-Identifier: MIT */
/*
 * Counters of this machine have 32 bits, and begin in the middle: in a region of more than 2^32
 * instructions they overflow twice.
 */
#include "guest.h"

#include "work.h"

/* The markers' own instructions, and the clock's in each of a few interruptions. */
#define OWN_MAX 2000

static void a_counter_that_overflows_in_a_region_is_right(void **state)
{
	static const char *const events[] = {"instructions:u", "r0008:u"};
	struct recorded *recorded;

	(void)state;
	set_user_reads(true);
	recorded = record_work("-e instructions:u,r0008:u", "wrap");
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		assert_in_range(the_value_of(recorded, "mark-6", events[i]),
				LOOP_INSTRUCTIONS(LOOP_WRAP),
				LOOP_INSTRUCTIONS(LOOP_WRAP) + OWN_MAX);
	recorded_free(recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_counter_that_overflows_in_a_region_is_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
