/* SPDX-License-Identifier: MIT */
/*
 * Instructions of regions, as `autoperf record` measures them, against what is known of them: loops
 * of two instructions a round. The markers' own instructions are the same in each sample; so
 * differences between regions are exact whether or not they are subtracted.
 */
#include "guest.h"

#include <stdio.h>

#include "work.h"

#define EVENT   "instructions:u"
#define EVENTS  "-e instructions:u,cycles:u"
#define SAMPLES "50"

/* What the user's own code around a region's content may count: the call of a marker. */
#define GLUE_MAX 4

/* What the call of an inner region's function takes besides: 11 instructions of that function and
 * of its caller, and what is around the markers in it. */
#define CALL_MAX (11 + GLUE_MAX)

/* By how much the markers of two inner regions may vary: clock_gettime() is not constant. */
#define INNER_VARIES 16

static uint64_t usual_of_mark(const struct recorded *recorded, int mark)
{
	char region[32];

	snprintf(region, sizeof(region), "mark-%d", mark);
	return usual_value_of(recorded, region, EVENT);
}

static void check_lengths(bool user_reads)
{
	struct recorded *recorded;
	uint64_t shortest;

	set_user_reads(user_reads);
	recorded = record_work(EVENTS, "regions " SAMPLES);
	shortest = usual_of_mark(recorded, LOOP_SHORTEST);
	remark("user-space reads %s: markers count %lld instructions of their own",
	       user_reads ? "on" : "off",
	       (long long)(shortest - LOOP_INSTRUCTIONS(LOOP_SHORTEST)));
	assert_int_equal(usual_of_mark(recorded, LOOP_SHORT) - shortest,
			 LOOP_INSTRUCTIONS(LOOP_SHORT) -
				 LOOP_INSTRUCTIONS(LOOP_SHORTEST));
	assert_int_equal(usual_of_mark(recorded, LOOP_LONG) - shortest,
			 LOOP_INSTRUCTIONS(LOOP_LONG) -
				 LOOP_INSTRUCTIONS(LOOP_SHORTEST));
	assert_int_equal(lost_at_all(recorded->outcome), 0);
	recorded_free(recorded);
}

static void regions_differ_by_their_loops_when_read_in_user_space(void **state)
{
	(void)state;
	check_lengths(true);
}

static void regions_differ_by_their_loops_when_read_by_system_calls(void **state)
{
	(void)state;
	check_lengths(false);
}

static void perf_event_open_alone_sees_the_same_differences(void **state)
{
	struct recorded *recorded = record_work(EVENTS, "regions " SAMPLES);
	struct reply *raw = call(GUEST_ROOT, "work", "truth");

	(void)state;
	assert_reply(raw, 0);
	assert_int_equal(usual_of_mark(recorded, LOOP_LONG) -
				 usual_of_mark(recorded, LOOP_SHORT),
			 told(raw, "mark-100000") - told(raw, "mark-1000"));
	assert_int_equal(usual_of_mark(recorded, LOOP_SHORT) -
				 usual_of_mark(recorded, LOOP_SHORTEST),
			 told(raw, "mark-1000") - told(raw, "mark-1"));
	reply_free(raw);
	recorded_free(recorded);
}

static uint64_t smallest_of_mark(const struct recorded *recorded, int mark)
{
	struct series series;
	uint64_t smallest = UINT64_MAX;
	char region[32];

	snprintf(region, sizeof(region), "mark-%d", mark);
	series = series_of(recorded, region, EVENT);
	for (size_t i = 0; i < series.count; i++)
		if (series.values[i] < smallest)
			smallest = series.values[i];
	series_free(&series);
	return smallest;
}

static void check_nested(bool user_reads)
{
	/* Three loops: the outer region's own and those of two inner ones. */
	const uint64_t expected =
		3 * (LOOP_INSTRUCTIONS(LOOP_LONG) - LOOP_INSTRUCTIONS(LOOP_SHORT));
	struct recorded *recorded;

	set_user_reads(user_reads);
	recorded = record_work(EVENTS, "nested " SAMPLES);
	assert_in_range(smallest_of_mark(recorded, MARK_OUTER_LONG) -
				smallest_of_mark(recorded, MARK_OUTER_SHORT),
			expected - INNER_VARIES, expected + INNER_VARIES);
	recorded_free(recorded);
}

static void outer_regions_differ_by_all_loops_inside(void **state)
{
	(void)state;
	check_nested(true);
	check_nested(false);
}

static void check_threads(bool user_reads)
{
	struct recorded *recorded;

	set_user_reads(user_reads);
	recorded = record_work(EVENTS, "threads " SAMPLES);
	for (int thread = 0; thread < THREADS; thread++)
		assert_int_equal(usual_of_mark(recorded, MARK_THREAD_LONG(thread)) -
					 usual_of_mark(recorded, MARK_THREAD(thread)),
				 LOOP_INSTRUCTIONS(LOOP_LONG) -
					 LOOP_INSTRUCTIONS(THREAD_ROUNDS(thread)));
	recorded_free(recorded);
}

static void threads_that_take_turns_count_only_their_own(void **state)
{
	(void)state;
	check_threads(true);
	check_threads(false);
}

static void the_markers_own_instructions_are_subtracted(void **state)
{
	(void)state;
	for (int user_reads = 0; user_reads <= 1; user_reads++) {
		struct recorded *recorded;

		set_user_reads(user_reads);
		recorded = record_work(EVENTS, "regions " SAMPLES);
		assert_in_range(usual_of_mark(recorded, LOOP_SHORT),
				LOOP_INSTRUCTIONS(LOOP_SHORT),
				LOOP_INSTRUCTIONS(LOOP_SHORT) + GLUE_MAX);
		recorded_free(recorded);
	}
}

static void the_markers_of_inner_regions_are_subtracted(void **state)
{
	(void)state;
	for (int user_reads = 0; user_reads <= 1; user_reads++) {
		struct recorded *recorded;

		set_user_reads(user_reads);
		recorded = record_work(EVENTS, "nested " SAMPLES);
		assert_in_range(usual_of_mark(recorded, MARK_OUTER_SHORT),
				3 * LOOP_INSTRUCTIONS(LOOP_SHORT),
				3 * LOOP_INSTRUCTIONS(LOOP_SHORT) + GLUE_MAX +
					2 * CALL_MAX);
		recorded_free(recorded);
	}
}

static void every_sample_counts_the_same(void **state)
{
	struct recorded *recorded;

	(void)state;
	set_user_reads(true);
	/* Long enough for many ticks of the timer; one in a few strikes within a marker. */
	recorded = record_work(EVENTS, "tiny 300000");
	the_value_of(recorded, "mark-5", EVENT);
	recorded_free(recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regions_differ_by_their_loops_when_read_in_user_space),
		cmocka_unit_test(
			regions_differ_by_their_loops_when_read_by_system_calls),
		cmocka_unit_test(perf_event_open_alone_sees_the_same_differences),
		cmocka_unit_test(outer_regions_differ_by_all_loops_inside),
		cmocka_unit_test(threads_that_take_turns_count_only_their_own),
		cmocka_unit_test(every_sample_counts_the_same),
		cmocka_unit_test(the_markers_own_instructions_are_subtracted),
		cmocka_unit_test(the_markers_of_inner_regions_are_subtracted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
