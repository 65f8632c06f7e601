/* SPDX-License-Identifier: MIT */
/* report/number.c: numbers as people read them. */
#include "report/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static char buffer[NUMBER_BYTES];

static void factors_have_three_digits(void **state)
{
	(void)state;
	assert_string_equal(number_factor(2.3123, buffer), "2.31x");
	assert_string_equal(number_factor(0.034, buffer), "0.03x");
	assert_string_equal(number_factor(9.996, buffer), "10.0x");
	assert_string_equal(number_factor(412.3, buffer), "412x");
	assert_string_equal(number_factor(1e6, buffer), ">9999x");
	assert_string_equal(number_factor(INFINITY, buffer), "new");
	assert_string_equal(number_factor(NAN, buffer), "-");
}

static void intervals_share_their_precision(void **state)
{
	struct ratio_interval interval = {2.3, 2.12, 2.48};

	(void)state;
	assert_string_equal(number_interval(&interval, buffer), "2.12-2.48");
	interval = (struct ratio_interval){10, 9.5, 12.25};
	assert_string_equal(number_interval(&interval, buffer), "9.5-12.2");
	interval = (struct ratio_interval){400, 310, 520};
	assert_string_equal(number_interval(&interval, buffer), "310-520");
	interval.low = NAN;
	assert_string_equal(number_interval(&interval, buffer), "-");
}

static void long_times_stay_short(void **state)
{
	(void)state;
	assert_string_equal(number_time_short(184e3, buffer), "184 us");
	assert_string_equal(number_time_short(99e9, buffer), "99 s");
	assert_string_equal(number_time_short(3206e9, buffer), "53.4 min");
	assert_string_equal(number_time_short(5998e9, buffer), "1.7 h");
	assert_string_equal(number_time_short(3.5e16, buffer), "9722.2 h");
	assert_string_equal(number_time_short(1e18, buffer), ">9999 h");
	assert_string_equal(number_time_short(NAN, buffer), "-");
}

static void shares_are_percent(void **state)
{
	(void)state;
	assert_string_equal(number_share(0, buffer), "0 %");
	assert_string_equal(number_share(0.0123, buffer), "1.2 %");
	assert_string_equal(number_share(0.971, buffer), "97 %");
	assert_string_equal(number_share(1, buffer), "100 %");
	assert_string_equal(number_share(NAN, buffer), "-");
}

static void counts_have_three_digits_and_no_exponent(void **state)
{
	(void)state;
	assert_string_equal(number_count(0, buffer), "0");
	assert_string_equal(number_count(1, buffer), "1.00");
	assert_string_equal(number_count(0.0123, buffer), "0.0123");
	assert_string_equal(number_count(0.00001, buffer), "0.00001");
	assert_string_equal(number_count(1e-9, buffer), "<0.00001");
	assert_string_equal(number_count(12.34, buffer), "12.3");
	assert_string_equal(number_count(1234, buffer), "1234");
	assert_string_equal(number_count(12345, buffer), "12.3k");
	assert_string_equal(number_count(999999, buffer), "1.00M");
	assert_string_equal(number_count(4.56e9, buffer), "4.56G");
	assert_string_equal(number_count(1e20, buffer), "100000000T");
	assert_string_equal(number_count(NAN, buffer), "-");
}

static void rare_events_are_shown_per_longer_time(void **state)
{
	struct finding_counter counter = {.kind = FEATURE_RATE_PER_MICROSECOND,
					  .before = 0.0000123,
					  .after = 0.00507};

	(void)state;
	assert_string_equal(number_per(&counter).per, "per ms");
	assert_string_equal(number_rate(&counter, counter.before, buffer), "0.0123");
	assert_string_equal(number_rate(&counter, counter.after, buffer), "5.07");
	counter.after = 0.00001;
	assert_string_equal(number_per(&counter).per, "per s");
	counter.after = 3;
	assert_string_equal(number_per(&counter).per, "per us");
	counter.before = counter.after = 0;
	assert_string_equal(number_rate(&counter, 0, buffer), "0");
	counter.kind = FEATURE_RATE_PER_KILOINST;
	counter.after = 0.02;
	assert_string_equal(number_per(&counter).per, "per million instructions");
}

static void rates_follow_their_unit(void **state)
{
	struct finding_counter counter = {.kind = FEATURE_CPU_SHARE, .after = 0.43};

	(void)state;
	assert_string_equal(number_rate(&counter, 0.43, buffer), "43 %");
	counter.kind = FEATURE_RAW;
	assert_string_equal(number_rate(&counter, -12.34567, buffer), "-12.35");
	counter.kind = FEATURE_COUNT_PER_EXECUTION;
	counter.unit = EVENT_UNIT_NANOSECONDS;
	assert_string_equal(number_rate(&counter, 1234567, buffer), "1.23 ms");
	assert_string_equal(number_rate(&counter, NAN, buffer), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(factors_have_three_digits),
		cmocka_unit_test(intervals_share_their_precision),
		cmocka_unit_test(long_times_stay_short),
		cmocka_unit_test(shares_are_percent),
		cmocka_unit_test(counts_have_three_digits_and_no_exponent),
		cmocka_unit_test(rare_events_are_shown_per_longer_time),
		cmocka_unit_test(rates_follow_their_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
