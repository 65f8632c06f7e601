/* SPDX-License-Identifier: MIT */
/*
 * Signal handlers at every instruction of the runtime (interrupt.c): nothing is written where it does
 * not belong, each execution is either measured or counted, and all is well afterwards.
 */
#include "guest.h"

#include <sys/resource.h>

#include "work.h"

#define EVENTS "-e instructions:u,cycles:u"
/* Of 5600 positions. With "1" all of them, which takes a minute. */
#define EVERY         "5"
#define POSITIONS_MIN 800
#define FILES         16384

static struct recorded *record(const char *work)
{
	const struct rlimit files = {FILES, FILES};

	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	set_user_reads(true);
	return record_work(EVENTS, work);
}

static void a_handler_is_measured_or_counted_wherever_it_comes(void **state)
{
	struct recorded *recorded = record("interrupted " EVERY);
	uint64_t handled = told(recorded->reply, "handled");
	uint64_t measured = count_samples(recorded, "mark-8");
	uint64_t pairs = told(recorded->reply, "pairs");

	(void)state;
	remark("%llu positions, %llu handlers, %llu of them measured",
	       (unsigned long long)told(recorded->reply, "positions"),
	       (unsigned long long)handled, (unsigned long long)measured);
	assert_true(told(recorded->reply, "positions") > POSITIONS_MIN);
	assert_true(measured > 0 && measured < handled);
	assert_int_equal(count_samples(recorded, "mark-1"), pairs);
	assert_int_equal(count_samples(recorded, "mark-2"), pairs);
	/* START and END of each. */
	assert_int_equal(lost(recorded->outcome, RECORDING_LOSS_IN_SIGNAL),
			 2 * (handled - measured));
	assert_int_equal(lost_at_all(recorded->outcome), 2 * (handled - measured));
	recorded_free(recorded);
}

static void assert_well_afterwards(struct recorded *recorded)
{
	remark("%llu positions, %llu jumps",
	       (unsigned long long)told(recorded->reply, "positions"),
	       (unsigned long long)told(recorded->reply, "handled"));
	assert_true(told(recorded->reply, "positions") > POSITIONS_MIN);
	assert_int_equal(count_samples(recorded, "mark-3"),
			 told(recorded->reply, "undisturbed"));
	recorded_free(recorded);
}

static void a_handler_may_jump_out_wherever_it_comes(void **state)
{
	(void)state;
	assert_well_afterwards(record("jumps-out " EVERY));
}

static void a_handler_may_jump_within_itself_wherever_it_comes(void **state)
{
	(void)state;
	assert_well_afterwards(record("jumps-inside " EVERY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_handler_is_measured_or_counted_wherever_it_comes),
		cmocka_unit_test(a_handler_may_jump_out_wherever_it_comes),
		cmocka_unit_test(a_handler_may_jump_within_itself_wherever_it_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
