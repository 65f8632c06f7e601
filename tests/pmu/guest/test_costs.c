/* SPDX-License-Identifier: MIT */
/* What a pair of markers costs, in user-mode instructions and system calls. */
#include "guest.h"

#include <stdio.h>

#define PAIRS 100000u

/* What new blocks of the recording may take, once in many samples. */
#define BLOCK_CALLS_MAX (PAIRS / 20)

/* The most that a pair may cost when the counters are read in user space. */
#define PAIR_INSTRUCTIONS  60u
#define EVENT_INSTRUCTIONS 25u

static void cost(bool user_reads, const char *options, uint64_t *instructions,
		 uint64_t *calls)
{
	struct recorded *recorded;
	char work[64];

	set_user_reads(user_reads);
	snprintf(work, sizeof(work), "costs %u", PAIRS);
	recorded = record_work(options, work);
	*instructions = told(recorded->reply, "instructions");
	*calls = told(recorded->reply, "system-calls");
	remark("%s, user-space reads %s: %.2f instructions and %.3f system calls a "
	       "pair",
	       *options ? options : "default events", user_reads ? "on" : "off",
	       (double)*instructions / PAIRS, (double)*calls / PAIRS);
	recorded_free(recorded);
}

static void reading_in_user_space_takes_no_system_call(void **state)
{
	uint64_t instructions, calls;

	(void)state;
	cost(true, "-e instructions:u,cycles:u", &instructions, &calls);
	assert_in_range(calls, 0, BLOCK_CALLS_MAX);
	cost(false, "-e instructions:u,cycles:u", &instructions, &calls);
	assert_in_range(calls, 2 * PAIRS, 2 * PAIRS + BLOCK_CALLS_MAX);
}

static void the_default_events_take_no_system_call(void **state)
{
	uint64_t instructions, calls;

	(void)state;
	cost(true, "", &instructions, &calls);
	assert_in_range(calls, 0, BLOCK_CALLS_MAX);
}

static void a_pair_keeps_to_its_budget(void **state)
{
	static const char *const events[] = {
		"instructions:u",
		"instructions:u,cycles:u",
		"instructions:u,cycles:u,r0008:u,r0011:u",
	};
	static const unsigned counts[] = {1, 2, 4};

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		uint64_t instructions, calls;
		char options[128];

		snprintf(options, sizeof(options), "-e %s", events[i]);
		cost(true, options, &instructions, &calls);
		assert_in_range(instructions / PAIRS, 0,
				PAIR_INSTRUCTIONS + counts[i] * EVENT_INSTRUCTIONS);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_in_user_space_takes_no_system_call),
		cmocka_unit_test(the_default_events_take_no_system_call),
		cmocka_unit_test(a_pair_keeps_to_its_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
