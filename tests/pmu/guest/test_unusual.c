/* SPDX-License-Identifier: MIT */
/*
 * What interrupts or leaves the fast markers, which only a machine with counters has: forks, jumps,
 * handlers, a full stack. The same for slow ones is in tests/runtime.
 */
#include "guest.h"

#include <stdio.h>

#include "work.h"

#define EVENTS "-e instructions:u,cycles:u"

static struct recorded *record_fast(const char *work)
{
	set_user_reads(true);
	return record_work(EVENTS, work);
}

static void a_forked_child_goes_on_in_a_recording_of_its_own(void **state)
{
	struct recorded *recorded = record_fast("forks 20");

	(void)state;
	assert_int_equal(count_samples(recorded, "mark-2"), 20);
	assert_int_equal(count_samples(recorded, "mark-1"), 2 * 20);
	assert_int_equal(recorded->outcome->recorded.count, 1 + 20);
	assert_int_equal(lost_at_all(recorded->outcome), 0);
	recorded_free(recorded);
}

static void levels_beyond_the_deepest_are_counted(void **state)
{
	struct recorded *recorded = record_fast("deep 300");

	(void)state;
	assert_int_equal(count_samples(recorded, "mark-1"), 2 * 256);
	assert_int_equal(lost(recorded->outcome, RECORDING_LOSS_TOO_DEEP), 2 * 44);
	assert_int_equal(lost_at_all(recorded->outcome), 2 * 44);
	recorded_free(recorded);
}

static void a_jump_drops_the_regions_that_it_leaves(void **state)
{
	struct recorded *recorded = record_fast("jumps 1000");

	(void)state;
	assert_int_equal(count_samples(recorded, "mark-2"), 1000);
	assert_int_equal(lost(recorded->outcome, RECORDING_LOSS_NOT_ENDED), 1000);
	assert_int_equal(lost_at_all(recorded->outcome), 1000);
	recorded_free(recorded);
}

static void handlers_measure_or_count_and_disturb_nothing(void **state)
{
	struct recorded *recorded = record_fast("handlers 300000");
	uint64_t handled = told(recorded->reply, "handled");
	uint64_t measured = count_samples(recorded, "mark-8") - 1;
	uint64_t lost_markers = lost(recorded->outcome, RECORDING_LOSS_IN_SIGNAL);

	(void)state;
	remark("%llu handlers, %llu of them in markers", (unsigned long long)handled,
	       (unsigned long long)(lost_markers / 2));
	assert_int_equal(count_samples(recorded, "mark-1"), 300000);
	assert_true(handled > 10);
	/* START and END of each that interrupted a marker. */
	assert_int_equal(2 * (handled - measured), lost_markers);
	assert_int_equal(lost_at_all(recorded->outcome), lost_markers);
	recorded_free(recorded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_forked_child_goes_on_in_a_recording_of_its_own),
		cmocka_unit_test(levels_beyond_the_deepest_are_counted),
		cmocka_unit_test(a_jump_drops_the_regions_that_it_leaves),
		cmocka_unit_test(handlers_measure_or_count_and_disturb_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
