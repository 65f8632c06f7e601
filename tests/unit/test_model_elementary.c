/* SPDX-License-Identifier: MIT */
/* model/elementary.c: logarithms against libm's. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/elementary.h"

#define RELATIVE 5e-16

/* Of the larger of the value and 1: near 1 the logarithm is small and its error absolute. */
static double error_of(double mine, double true_value)
{
	return fabs(mine - true_value) / fmax(fabs(true_value), 1);
}

static void logarithm_is_that_of_libm_over_all_magnitudes(void **state)
{
	(void)state;
	for (double x = 1e-300; x < 1e300; x *= 1.37)
		assert_true(error_of(elementary_log(x), log(x)) < RELATIVE);
	for (double x = 0.5; x < 2; x += 1e-4)
		assert_true(error_of(elementary_log(x), log(x)) < RELATIVE);
}

static void logarithm_of_one_is_zero(void **state)
{
	(void)state;
	assert_true(elementary_log(1) == 0);
	assert_true(elementary_log1p(0) == 0);
}

static void logarithm_of_one_plus_tiny_is_accurate_relatively(void **state)
{
	(void)state;
	for (double x = 1e-18; x < 1e3; x *= 1.21)
		assert_true(fabs(elementary_log1p(x) / log1p(x) - 1) < 1e-14);
}

static void logarithm_is_monotonic(void **state)
{
	double before = 0;

	(void)state;
	for (int i = 1; i < 100000; i++) {
		double now = elementary_log1p(i * 0.01);

		assert_true(now > before);
		before = now;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logarithm_is_that_of_libm_over_all_magnitudes),
		cmocka_unit_test(logarithm_of_one_is_zero),
		cmocka_unit_test(logarithm_of_one_plus_tiny_is_accurate_relatively),
		cmocka_unit_test(logarithm_is_monotonic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
