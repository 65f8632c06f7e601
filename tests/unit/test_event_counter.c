/* SPDX-License-Identifier: MIT */
/* src/event/counter.c: real software events. */
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
#include <unistd.h>

#include "event/counter.h"
#include "recording/format.h"
#include "recording/session.h"

/* User mode only, so that any user may run this. */
static const struct event_encoding task_clock = {
	.type = PERF_TYPE_SOFTWARE,
	.config = PERF_COUNT_SW_TASK_CLOCK,
	.flags = SESSION_EVENT_EXCLUDE_KERNEL | SESSION_EVENT_EXCLUDE_HV,
};
static const struct event_encoding nonsense = {
	.type = PERF_TYPE_SOFTWARE,
	.config = 4711,
	.flags = SESSION_EVENT_EXCLUDE_KERNEL | SESSION_EVENT_EXCLUDE_HV,
};

static void a_clock_runs_and_counts_the_trial(void **state)
{
	const struct event_encoding *member = &task_clock;
	struct counter_trial trial = counter_try(&member, 1);

	(void)state;
	assert_int_equal(trial.outcome, COUNTER_RAN);
	/* The work takes 0.1 ms; how long at most is up to the machine's load. */
	assert_true(trial.value >= 50000);
}

static void sixty_four_events_run_in_one_group(void **state)
{
	const struct event_encoding *members[RECORDING_EVENTS_MAX + 1];

	(void)state;
	for (size_t i = 0; i <= RECORDING_EVENTS_MAX; i++)
		members[i] = &task_clock;
	assert_int_equal(counter_try(members, RECORDING_EVENTS_MAX).outcome,
			 COUNTER_RAN);
	assert_int_equal(counter_try(members, RECORDING_EVENTS_MAX + 1).outcome,
			 COUNTER_REFUSED);
}

static void the_refused_member_of_a_group_is_named(void **state)
{
	const struct event_encoding *members[] = {&task_clock, &task_clock, &nonsense};
	struct counter_trial trial = counter_try(members, 3);

	(void)state;
	assert_int_equal(trial.outcome, COUNTER_REFUSED);
	assert_int_equal(trial.refused, 2);
	assert_true(trial.code == ENOENT || trial.code == EINVAL);
}

static void trials_leave_no_descriptor_open(void **state)
{
	const struct event_encoding *members[] = {&task_clock, &nonsense};
	int before, after;

	(void)state;
	before = dup(0);
	close(before);
	for (int i = 0; i < 5; i++)
		counter_try(members, 2);
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_runs_and_counts_the_trial),
		cmocka_unit_test(sixty_four_events_run_in_one_group),
		cmocka_unit_test(the_refused_member_of_a_group_is_named),
		cmocka_unit_test(trials_leave_no_descriptor_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
