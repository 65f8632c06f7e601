/* SPDX-License-Identifier: MIT */
/* detect/accuracy.c: counts, curves and areas against values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "detect/accuracy.h"

#define CLOSE 1e-12

static void assert_close(double value, double expected)
{
	assert_true(fabs(value - expected) < CLOSE);
}

static void what_was_said_is_counted(void **state)
{
	/* Score, positive, found: 2 right, 1 missed, 1 false alarm, 2 rightly left alone. */
	struct accuracy_case cases[] = {{1, true, true},   {2, true, true},
					{3, true, false},  {4, false, true},
					{5, false, false}, {6, false, false}};
	struct accuracy accuracy;

	(void)state;
	assert_int_equal(accuracy_measure(&accuracy, cases, 6), 0);
	assert_int_equal(accuracy.positives, 3);
	assert_int_equal(accuracy.negatives, 3);
	assert_int_equal(accuracy.true_positives, 2);
	assert_int_equal(accuracy.false_positives, 1);
	assert_close(accuracy.precision, 2 / 3.0);
	assert_close(accuracy.recall, 2 / 3.0);
	assert_close(accuracy.f1, 2 / 3.0);
	accuracy_free(&accuracy);
}

static void areas_are_those_of_the_curves(void **state)
{
	/* Descending: + + - + -. ROC: 3 + 2 of 6 pairs; PR: (1 + 1 + 3/4) / 3. */
	struct accuracy_case cases[] = {{9, true, false},
					{5, false, false},
					{4, true, false},
					{8, true, false},
					{1, false, false}};
	struct accuracy accuracy;

	(void)state;
	assert_int_equal(accuracy_measure(&accuracy, cases, 5), 0);
	assert_close(accuracy.roc_area, 5 / 6.0);
	assert_close(accuracy.pr_area, (1 + 1 + 0.75) / 3);
	assert_int_equal(accuracy.point_count, 5);
	assert_true(accuracy.points[2].threshold == 5);
	assert_int_equal(accuracy.points[2].true_positives, 2);
	assert_int_equal(accuracy.points[2].false_positives, 1);
	accuracy_free(&accuracy);
}

static void equal_scores_count_half_and_make_one_point(void **state)
{
	struct accuracy_case cases[] = {{1, true, false},
					{1, false, false},
					{1, true, false},
					{1, false, false}};
	struct accuracy accuracy;

	(void)state;
	assert_int_equal(accuracy_measure(&accuracy, cases, 4), 0);
	assert_close(accuracy.roc_area, 0.5);
	assert_close(accuracy.pr_area, 0.5);
	assert_int_equal(accuracy.point_count, 1);
	accuracy_free(&accuracy);
}

static void what_does_not_exist_is_no_number(void **state)
{
	struct accuracy_case positive = {1, true, false};
	struct accuracy_case negative = {1, false, false};
	struct accuracy accuracy;

	(void)state;
	assert_int_equal(accuracy_measure(&accuracy, NULL, 0), 0);
	assert_true(isnan(accuracy.precision) && isnan(accuracy.recall) &&
		    isnan(accuracy.f1) && isnan(accuracy.roc_area) &&
		    isnan(accuracy.pr_area));
	accuracy_free(&accuracy);
	assert_int_equal(accuracy_measure(&accuracy, &positive, 1), 0);
	assert_true(isnan(accuracy.precision) && isnan(accuracy.roc_area));
	assert_close(accuracy.recall, 0);
	assert_close(accuracy.f1, 0);
	accuracy_free(&accuracy);
	assert_int_equal(accuracy_measure(&accuracy, &negative, 1), 0);
	assert_true(isnan(accuracy.recall) && isnan(accuracy.f1) &&
		    isnan(accuracy.pr_area));
	accuracy_free(&accuracy);
}

/* The area is the share of pairs in which the positive one is above. */
static void the_roc_area_is_the_share_of_ordered_pairs(void **state)
{
	struct accuracy_case cases[60];
	struct accuracy accuracy;
	struct random random;

	(void)state;
	random_seed(&random, 5, 0);
	for (int trial = 0; trial < 200; trial++) {
		double ordered = 0, pairs = 0;

		for (int i = 0; i < 60; i++)
			cases[i] = (struct accuracy_case){random_below(&random, 20),
							  random_below(&random, 3) == 0,
							  false};
		for (int i = 0; i < 60; i++)
			for (int j = 0; j < 60; j++)
				if (cases[i].positive && !cases[j].positive) {
					pairs++;
					ordered += cases[i].score > cases[j].score;
					ordered += cases[i].score == cases[j].score
							   ? 0.5
							   : 0;
				}
		assert_int_equal(accuracy_measure(&accuracy, cases, 60), 0);
		assert_close(accuracy.roc_area, ordered / pairs);
		accuracy_free(&accuracy);
	}
}

static void intervals_hold_the_share_and_shrink(void **state)
{
	double low, high;

	(void)state;
	accuracy_interval(0, 0, &low, &high);
	assert_true(low == 0 && high == 1);
	/* Newcombe (1998), table I: 15 of 148 and 1 of 29; 0 of 20. */
	accuracy_interval(15, 148, &low, &high);
	assert_true(fabs(low - 0.0624) < 5e-5 && fabs(high - 0.1605) < 5e-5);
	accuracy_interval(1, 29, &low, &high);
	assert_true(fabs(low - 0.0061) < 5e-5 && fabs(high - 0.1718) < 5e-5);
	accuracy_interval(0, 20, &low, &high);
	assert_true(low == 0 && fabs(high - 0.1611) < 5e-5);
	accuracy_interval(20, 20, &low, &high);
	assert_true(high == 1 && fabs(low - 0.8389) < 5e-5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_said_is_counted),
		cmocka_unit_test(areas_are_those_of_the_curves),
		cmocka_unit_test(equal_scores_count_half_and_make_one_point),
		cmocka_unit_test(what_does_not_exist_is_no_number),
		cmocka_unit_test(the_roc_area_is_the_share_of_ordered_pairs),
		cmocka_unit_test(intervals_hold_the_share_and_shrink),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
