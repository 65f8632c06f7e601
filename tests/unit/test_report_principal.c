/* SPDX-License-Identifier: MIT */
/* report/principal.c: axes and variances of points whose axes are known. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "report/principal.h"

#define NEAR 1e-5

static void assert_near(double a, double b)
{
	if (!(fabs(a - b) <= NEAR))
		fail_msg("%g is not %g", a, b);
}

/* Variance 8 along (3, 4) / 5, 2 along (-4, 3) / 5, around (10, 20). */
static void axes_of_a_cross_are_its_arms(void **state)
{
	const float points[] = {10 + 0.6f * 4, 20 + 0.8f * 4, 10 - 0.6f * 4,
				20 - 0.8f * 4, 10 - 0.8f * 2, 20 + 0.6f * 2,
				10 + 0.8f * 2, 20 - 0.6f * 2};
	struct principal principal;
	double place[PRINCIPAL_AXES];

	(void)state;
	assert_int_equal(principal_fit(&principal, points, 4, 2), 0);
	assert_near(principal.axes[0][0], 0.6);
	assert_near(principal.axes[0][1], 0.8);
	/* Of an axis and its opposite, that whose largest coordinate is positive. */
	assert_near(principal.axes[1][0], 0.8);
	assert_near(principal.axes[1][1], -0.6);
	assert_near(principal.explained[0], 0.8);
	assert_near(principal.explained[1], 0.2);
	principal_place(&principal, points, place);
	assert_near(place[0], 4);
	assert_near(place[1], 0);
	principal_place(&principal, points + 4, place);
	assert_near(place[0], 0);
	assert_near(place[1], -2);
	principal_free(&principal);
}

/* Independent coordinates of known spread; the two widest are the axes. */
static void widest_coordinates_of_many_are_found(void **state)
{
	enum { DIMENSIONS = 40, COUNT = 4000 };
	float *points = malloc(COUNT * DIMENSIONS * sizeof(*points));
	struct principal principal;
	struct random random;

	(void)state;
	random_seed(&random, 3, 0);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t d = 0; d < DIMENSIONS; d++)
			points[i * DIMENSIONS + d] =
				(float)(random_normal(&random) * (d == 17  ? 5
								  : d == 4 ? 3
									   : 1));
	assert_int_equal(principal_fit(&principal, points, COUNT, DIMENSIONS), 0);
	assert_true(principal.axes[0][17] > 0.99);
	assert_true(principal.axes[1][4] > 0.99);
	/* 25, 9 and 38 times 1. */
	assert_true(fabs(principal.explained[0] - 25 / 72.0) < 0.02);
	assert_true(fabs(principal.explained[1] - 9 / 72.0) < 0.02);
	principal_free(&principal);
	free(points);
}

static void points_on_a_line_have_one_axis(void **state)
{
	const float points[] = {1, 1, 1, 2, 2, 2, 3, 3, 3};
	struct principal principal;
	double place[PRINCIPAL_AXES];

	(void)state;
	assert_int_equal(principal_fit(&principal, points, 3, 3), 0);
	assert_near(principal.explained[0], 1);
	assert_near(principal.explained[1], 0);
	principal_place(&principal, points, place);
	assert_near(place[0], -sqrt(3));
	assert_near(place[1], 0);
	principal_free(&principal);
}

static void one_dimension_is_its_own_axis(void **state)
{
	const float points[] = {1, 3};
	struct principal principal;
	double place[PRINCIPAL_AXES];

	(void)state;
	assert_int_equal(principal_fit(&principal, points, 2, 1), 0);
	assert_near(principal.explained[0], 1);
	principal_place(&principal, points + 1, place);
	assert_near(place[0], 1);
	assert_near(place[1], 0);
	principal_free(&principal);
}

static void what_does_not_vary_has_no_axes(void **state)
{
	const float points[] = {2, 7, 2, 7, 2, 7};
	struct principal principal;
	double place[PRINCIPAL_AXES];

	(void)state;
	for (size_t count = 0; count <= 3; count++) {
		assert_int_equal(principal_fit(&principal, points, count, 2), 0);
		assert_true(principal.explained[0] == 0);
		principal_place(&principal, points, place);
		assert_true(place[0] == 0 && place[1] == 0);
		principal_free(&principal);
	}
}

static void same_points_have_the_same_axes(void **state)
{
	float points[60];
	struct principal a, b;
	struct random random;

	(void)state;
	random_seed(&random, 5, 0);
	for (size_t i = 0; i < 60; i++)
		points[i] = (float)random_normal(&random);
	assert_int_equal(principal_fit(&a, points, 10, 6), 0);
	assert_int_equal(principal_fit(&b, points, 10, 6), 0);
	for (size_t axis = 0; axis < PRINCIPAL_AXES; axis++)
		assert_memory_equal(a.axes[axis], b.axes[axis], 6 * sizeof(double));
	assert_true(a.explained[0] >= a.explained[1]);
	principal_free(&a);
	principal_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(axes_of_a_cross_are_its_arms),
		cmocka_unit_test(widest_coordinates_of_many_are_found),
		cmocka_unit_test(points_on_a_line_have_one_axis),
		cmocka_unit_test(one_dimension_is_its_own_axis),
		cmocka_unit_test(what_does_not_vary_has_no_axes),
		cmocka_unit_test(same_points_have_the_same_axes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
