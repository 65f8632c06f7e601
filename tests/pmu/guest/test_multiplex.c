/* SPDX-License-Identifier: MIT */
/* More events than counters, which take turns within a region; what each missed is extrapolated. */
#include "guest.h"

#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

#include "work.h"

#define RUNS "3"

/* How far an extrapolated count may be from the truth. */
#define PER_MILLE 10

#define USER (SESSION_EVENT_EXCLUDE_KERNEL | SESSION_EVENT_EXCLUDE_HV)

/*
 * Twelve events for a cycle counter and six others: the first seven are one group, the others the
 * next. With more cycles the kernel takes groups that can never run.
 */
#define INSTRUCTIONS(number)                                    \
	{                                                       \
		"instructions:u #" #number, PERF_TYPE_HARDWARE, \
			PERF_COUNT_HW_INSTRUCTIONS, 0, 0, USER  \
	}
static const struct session_event twelve[] = {
	{"cycles:u", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, 0, 0, USER},
	INSTRUCTIONS(1),
	INSTRUCTIONS(2),
	INSTRUCTIONS(3),
	INSTRUCTIONS(4),
	INSTRUCTIONS(5),
	INSTRUCTIONS(6),
	INSTRUCTIONS(7),
	INSTRUCTIONS(8),
	INSTRUCTIONS(9),
	INSTRUCTIONS(10),
	INSTRUCTIONS(11),
};

#define TWELVE (sizeof(twelve) / sizeof(*twelve))

static void assert_near(uint64_t value, uint64_t truth)
{
	assert_in_range(value, truth - truth * PER_MILLE / 1000,
			truth + truth * PER_MILLE / 1000);
}

static void check_sample(const struct recording *recording,
			 const struct recording_sample *sample, const uint64_t *values,
			 void *context)
{
	const uint64_t truth = LOOP_INSTRUCTIONS(LOOP_HUGE);

	(void)recording;
	assert_true(sample->flags & RECORDING_SAMPLE_MULTIPLEXED);
	assert_in_range(sample->running_share, UINT16_MAX / 4, UINT16_MAX * 3 / 4);
	remark("share %.3f, instructions %+.3f %% and %+.3f %%",
	       sample->running_share / (double)UINT16_MAX,
	       100 * ((double)values[1] / (double)truth - 1),
	       100 * ((double)values[8] / (double)truth - 1));
	/* One of each group; both together are there all of the time. */
	assert_near(values[1], truth);
	assert_near(values[8], truth);
	++*(size_t *)context;
}

static void groups_that_take_turns_are_scaled_to_the_truth(void **state)
{
	const struct setup setup = {
		.program = "/guest/work",
		.argument = "huge",
		.events = twelve,
		.event_count = TWELVE,
	};

	(void)state;
	library = "/guest/libperfpoint.so.0";
	plugin = "";
	for (int user_reads = 0; user_reads <= 1; user_reads++) {
		struct outcome *outcome;
		size_t count = 0;

		set_user_reads(user_reads);
		outcome = run(&setup);
		assert_exited(outcome, 0);
		assert_quiet(outcome);
		recordings_visit(&outcome->recorded, "mark-4", check_sample, &count);
		assert_int_equal(count, 1);
		finish(outcome);
	}
}

/* Runs the twelve, the groups beginning where `begins` says. */
static struct outcome *run_in_groups(const bool *begins, uint32_t running_floor)
{
	struct session_event events[TWELVE];
	struct setup setup = {
		.program = "/guest/work",
		.argument = "huge",
		.events = events,
		.event_count = TWELVE,
		.running_floor = running_floor,
	};
	struct outcome *outcome;

	library = "/guest/libperfpoint.so.0";
	plugin = "";
	memcpy(events, twelve, sizeof(events));
	for (size_t i = 0; i < TWELVE; i++)
		events[i].begins_group = begins[i];
	outcome = run(&setup);
	assert_exited(outcome, 0);
	return outcome;
}

static void groups_are_what_the_session_says(void **state)
{
	static const bool fit[TWELVE] = {[0] = true, [6] = true};
	static const bool do_not_fit[TWELVE] = {[0] = true};
	struct outcome *outcome = run_in_groups(fit, 0);
	size_t count = 0;

	(void)state;
	assert_quiet(outcome);
	recordings_visit(&outcome->recorded, "mark-4", check_sample, &count);
	assert_int_equal(count, 1);
	finish(outcome);
	outcome = run_in_groups(do_not_fit, 0);
	assert_int_equal(lost(outcome, RECORDING_LOSS_NO_COUNTERS), 1);
	assert_non_null(strstr(outcome->stderr_text, "record fewer events at once"));
	finish(outcome);
}

static void samples_below_the_floor_are_refused(void **state)
{
	static const bool halves[TWELVE] = {[0] = true, [6] = true};
	struct outcome *outcome = run_in_groups(halves, 400);

	(void)state;
	assert_int_equal(samples(outcome, "mark-4"), 1);
	assert_int_equal(lost_at_all(outcome), 0);
	finish(outcome);
	outcome = run_in_groups(halves, 600);
	assert_int_equal(samples(outcome, "mark-4"), 0);
	assert_int_equal(lost(outcome, RECORDING_LOSS_TOO_LITTLE_RUNNING), 1);
	assert_int_equal(lost_at_all(outcome), 1);
	finish(outcome);
}

/*
 * Regions far shorter than a turn: a group counts in some and in others not at all. Those are
 * told as lost, not recorded as 0.
 */
static void a_region_in_which_a_group_never_ran_is_lost_not_zero(void **state)
{
	struct recorded *recorded;

	(void)state;
	recorded = record_work("--multiplex -e instructions:u,cycles:u,r0008:u,r0011:u,"
			       "instructions,cycles,r0008,r0011",
			       "regions 200");
	/* Both groups ran only in a region in which the kernel changed them, if in any. */
	assert_in_range(count_samples(recorded, "mark-1000"), 0, 199);
	assert_true(lost_at_all(recorded->outcome) >=
		    200 - count_samples(recorded, "mark-1000"));
	recorded_free(recorded);
}

static void record_multiplexes_when_it_is_asked_to(void **state)
{
	struct recorded *recorded = record_work(
		"--multiplex -n " RUNS " -e instructions:u,cycles:u,r0008:u,r0011:u,"
		"instructions,cycles,r0008,r0011",
		"huge");
	struct series series = series_of(recorded, "mark-4", "r0008:u");

	(void)state;
	assert_int_equal(series.count, atoi(RUNS));
	for (size_t i = 0; i < series.count; i++)
		assert_near(series.values[i], LOOP_INSTRUCTIONS(LOOP_HUGE));
	series_free(&series);
	recorded_free(recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(groups_that_take_turns_are_scaled_to_the_truth),
		cmocka_unit_test(groups_are_what_the_session_says),
		cmocka_unit_test(samples_below_the_floor_are_refused),
		cmocka_unit_test(a_region_in_which_a_group_never_ran_is_lost_not_zero),
		cmocka_unit_test(record_multiplexes_when_it_is_asked_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
