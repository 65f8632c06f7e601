/* SPDX-License-Identifier: MIT */
/* report/histogram.c: bins that hold all values, and the shares that are in them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/histogram.h"

#define POINTS 1001

static void assert_ascending(const struct histogram *histogram)
{
	assert_in_range(histogram->bins, 1, HISTOGRAM_BINS_MAX);
	for (size_t i = 0; i < histogram->bins; i++)
		assert_true(histogram->edges[i] < histogram->edges[i + 1]);
}

static double sum(const double *values, size_t count)
{
	double total = 0;

	for (size_t i = 0; i < count; i++)
		total += values[i];
	return total;
}

static void threshold_of_scores_is_an_edge(void **state)
{
	const struct {
		double low, high, threshold;
	} cases[] = {{0.1, 9, 2.7}, {1, 100, 100}, {0.01, 1, 0.01},
		     {0, 5, 2.5},   {3, 4, 1},     {0, 0, 0},
		     {2, 2, 2},     {0, 1e9, 2},   {1, 2, 50}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		double threshold = cases[i].threshold;
		struct histogram histogram;
		bool found = false;

		histogram_of_scores(&histogram, cases[i].low, cases[i].high, threshold);
		assert_ascending(&histogram);
		assert_true(histogram.edges[0] > 0);
		for (size_t k = 0; k <= histogram.bins; k++)
			found |= histogram.edges[k] == threshold;
		assert_true(found || !(threshold > 0));
		/* Everything within the range that is told apart lies within the edges. */
		assert_true(histogram.edges[0] <=
			    fmax(cases[i].low, threshold / 1000) * 1.001 + 1);
		assert_true(histogram.edges[histogram.bins] >=
			    fmin(cases[i].high, 1000 * threshold) * 0.999);
	}
}

static void shares_are_what_is_counted_by_hand(void **state)
{
	const double values[] = {-5, 0, 0.5, 1, 1.5, 2.999, 3, (double)NAN, 100, 2};
	struct histogram histogram = {.edges = {0, 1, 2, 3}, .bins = 3};
	double shares[3];

	(void)state;
	histogram_shares(&histogram, values, 10, shares);
	/* -5, 0, 0.5 | 1, 1.5 | 2, 2.999, 3, 100 of nine */
	assert_true(fabs(shares[0] - 3 / 9.0) < 1e-12);
	assert_true(fabs(shares[1] - 2 / 9.0) < 1e-12);
	assert_true(fabs(shares[2] - 4 / 9.0) < 1e-12);
	histogram_shares(&histogram, values, 0, shares);
	assert_true(sum(shares, 3) == 0);
}

static void shares_of_quantiles_are_those_of_the_distribution(void **state)
{
	struct histogram histogram = {.edges = {1, 2, 4, 8}, .bins = 3};
	double quantiles[POINTS], shares[3];

	(void)state;
	/* Uniform from 0 to 10. */
	for (size_t i = 0; i < POINTS; i++)
		quantiles[i] = (double)i / 100;
	histogram_shares_of_quantiles(&histogram, quantiles, POINTS, shares);
	assert_true(fabs(shares[0] - 0.2) < 1e-9);
	assert_true(fabs(shares[1] - 0.2) < 1e-9);
	assert_true(fabs(shares[2] - 0.6) < 1e-9);
}

static void many_equal_scores_are_in_one_bin(void **state)
{
	struct histogram histogram = {.edges = {1, 2, 4, 8}, .bins = 3};
	double quantiles[POINTS], shares[3];

	(void)state;
	/* Half of them 2, the others 5. */
	for (size_t i = 0; i < POINTS; i++)
		quantiles[i] = i < POINTS / 2 ? 2 : 5;
	histogram_shares_of_quantiles(&histogram, quantiles, POINTS, shares);
	assert_true(fabs(shares[0]) < 1e-9);
	assert_true(fabs(shares[1] - 0.5) < 2e-3);
	assert_true(fabs(shares[2] - 0.5) < 2e-3);
	assert_true(fabs(sum(shares, 3) - 1) < 1e-12);
}

static void values_get_bins_between_their_outer_quantiles(void **state)
{
	double values[POINTS], shares[HISTOGRAM_BINS_MAX];
	struct histogram histogram;

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		values[i] = 10 + (double)i / 100;
	values[POINTS - 1] = 1e6; /* one wild value does not own the picture */
	histogram_of_values(&histogram, values, POINTS);
	assert_ascending(&histogram);
	assert_true(histogram.edges[0] > 10 && histogram.edges[0] < 10.1);
	assert_true(histogram.edges[histogram.bins] < 20);
	/* Equal widths. */
	assert_true(fabs(histogram.edges[1] - histogram.edges[0] -
			 (histogram.edges[histogram.bins] -
			  histogram.edges[histogram.bins - 1])) < 1e-9);
	histogram_shares(&histogram, values, POINTS, shares);
	assert_true(fabs(sum(shares, histogram.bins) - 1) < 1e-9);
	assert_true(fabs(shares[5] - 1.0 / (double)histogram.bins) < 0.01);
}

static void values_far_apart_get_bins_of_equal_ratios(void **state)
{
	double values[POINTS];
	struct histogram histogram;

	(void)state;
	for (size_t i = 0; i < POINTS; i++)
		values[i] = pow(10, (double)i / 200 - 2);
	histogram_of_values(&histogram, values, POINTS);
	assert_ascending(&histogram);
	assert_true(fabs(histogram.edges[1] / histogram.edges[0] -
			 histogram.edges[histogram.bins] /
				 histogram.edges[histogram.bins - 1]) < 1e-9);
}

static void values_that_never_vary_have_bins_too(void **state)
{
	const double constants[] = {0, 5, -2, 1e-300};

	(void)state;
	for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++) {
		const double values[] = {constants[i], constants[i], constants[i]};
		double shares[HISTOGRAM_BINS_MAX];
		struct histogram histogram;

		histogram_of_values(&histogram, values, 3);
		assert_ascending(&histogram);
		histogram_shares(&histogram, values, 3, shares);
		assert_true(fabs(sum(shares, histogram.bins) - 1) < 1e-12);
	}
}

static void rare_event_is_within_the_bins(void **state)
{
	double values[POINTS] = {0}, shares[HISTOGRAM_BINS_MAX];
	struct histogram histogram;

	(void)state;
	values[POINTS - 1] = 7;
	histogram_of_values(&histogram, values, POINTS);
	assert_ascending(&histogram);
	histogram_shares(&histogram, values, POINTS, shares);
	assert_true(fabs(shares[0] - 1000.0 / POINTS) < 1e-9);
	assert_true(fabs(shares[histogram.bins - 1] - 1.0 / POINTS) < 1e-9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threshold_of_scores_is_an_edge),
		cmocka_unit_test(shares_are_what_is_counted_by_hand),
		cmocka_unit_test(shares_of_quantiles_are_those_of_the_distribution),
		cmocka_unit_test(many_equal_scores_are_in_one_bin),
		cmocka_unit_test(values_get_bins_between_their_outer_quantiles),
		cmocka_unit_test(values_far_apart_get_bins_of_equal_ratios),
		cmocka_unit_test(values_that_never_vary_have_bins_too),
		cmocka_unit_test(rare_event_is_within_the_bins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
