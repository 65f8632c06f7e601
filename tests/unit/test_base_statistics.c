/* SPDX-License-Identifier: MIT */
/* base/statistics.c against tables, brute force and simulation. */
#include "base/statistics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"

#define GROUP_MAX 128

static void assert_near(double value, double expected, double tolerance)
{
	if (!(fabs(value - expected) <= tolerance))
		fail_msg("%.17g is not %.17g", value, expected);
}

static void sorting_orders_values(void **state)
{
	double values[] = {3, -1, 2, -INFINITY, 2, INFINITY, 0};

	(void)state;
	statistics_sort(values, 7);
	for (int i = 1; i < 7; i++)
		assert_true(values[i - 1] <= values[i]);
	assert_true(values[0] == -INFINITY && values[6] == INFINITY && values[1] == -1);
	statistics_sort(NULL, 0);
}

static void quantiles_interpolate_as_type_seven(void **state)
{
	/* R: quantile(c(1, 2, 3, 4, 10), c(0, .1, .25, .5, .9, 1)) */
	static const double values[] = {1, 2, 3, 4, 10};
	static const double cases[][2] = {{0, 1},   {0.1, 1.4}, {0.25, 2},
					  {0.5, 3}, {0.9, 7.6}, {1, 10}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_near(statistics_quantile_sorted(values, 5, cases[i][0]),
			    cases[i][1], 1e-12);
	assert_near(statistics_quantile_sorted(values, 5, -1), 1, 0);
	assert_near(statistics_quantile_sorted(values, 5, 2), 10, 0);
}

static void quantile_of_one_value_is_that_value(void **state)
{
	const double value = 42.5;

	(void)state;
	for (double fraction = 0; fraction <= 1; fraction += 0.125)
		assert_near(statistics_quantile_sorted(&value, 1, fraction), 42.5, 0);
}

static void quantiles_between_equal_values_are_exact(void **state)
{
	static const double equal[] = {0.1, 0.1, 0.1};
	static const double infinite[] = {1, INFINITY, INFINITY};

	(void)state;
	for (double fraction = 0; fraction <= 1; fraction += 0.01)
		assert_near(statistics_quantile_sorted(equal, 3, fraction), 0.1, 0);
	assert_true(statistics_quantile_sorted(infinite, 3, 0.75) == INFINITY);
	assert_true(statistics_quantile_sorted(infinite, 3, 0.0) == 1);
}

static void nothing_has_no_statistics(void **state)
{
	struct ratio_interval interval;
	const double one = 1;

	(void)state;
	assert_true(isnan(statistics_quantile_sorted(NULL, 0, 0.5)));
	assert_true(isnan(statistics_median(NULL, 0)));
	assert_true(isnan(statistics_mad(NULL, 0)));
	assert_true(isnan(statistics_mean(NULL, 0)));
	assert_true(isnan(statistics_rank_test_greater(NULL, 0, &one, 1)));
	assert_true(isnan(statistics_rank_test_greater(&one, 1, NULL, 0)));
	assert_near(statistics_rank_test_floor(0, 5), 1, 0);
	interval = statistics_ratio_of_medians(NULL, 0, &one, 1, 0.95, 1);
	assert_true(isnan(interval.ratio) && isnan(interval.low) &&
		    isnan(interval.high));
}

static void median_is_the_middle(void **state)
{
	double odd[] = {9, 1, 5}, even[] = {4, 1, 3, 2}, one[] = {7};

	(void)state;
	assert_near(statistics_median(odd, 3), 5, 0);
	assert_near(statistics_median(even, 4), 2.5, 0);
	assert_near(statistics_median(one, 1), 7, 0);
	assert_true(even[0] == 1 && even[3] == 4);
}

static void mad_of_a_known_sample(void **state)
{
	/* R: mad(c(1, 1, 2, 2, 4, 6, 9)) */
	double values[] = {9, 1, 4, 2, 6, 1, 2};
	double one[] = {3};

	(void)state;
	assert_near(statistics_mad(values, 7), 1.4826, 1e-12);
	assert_near(statistics_mad(one, 1), 0, 0);
}

static void mad_agrees_with_its_definition(void **state)
{
	struct random random;

	(void)state;
	random_seed(&random, 1, 0);
	for (int round = 0; round < 2000; round++) {
		size_t count = 1 + random_below(&random, 12);
		double values[12], deviations[12], median;

		for (size_t i = 0; i < count; i++) /* few values: many ties */
			values[i] = random_below(&random, round % 2 ? 5 : 1000);
		memcpy(deviations, values, sizeof(values));
		median = statistics_median(deviations, count);
		for (size_t i = 0; i < count; i++)
			deviations[i] = fabs(deviations[i] - median);
		assert_near(statistics_mad(values, count),
			    1.4826 * statistics_median(deviations, count), 1e-9);
	}
}

static void mad_estimates_the_deviation_of_a_normal_sample(void **state)
{
	enum { COUNT = 20001 };
	double *values = calloc(COUNT, sizeof(*values));
	struct random random;

	(void)state;
	random_seed(&random, 2, 0);
	for (int i = 0; i < COUNT; i++)
		values[i] = 10 + 3 * random_normal(&random);
	assert_near(statistics_mad(values, COUNT), 3, 0.1);
	free(values);
}

static void mean_does_not_lose_small_values_beside_large_ones(void **state)
{
	static const double values[] = {1e16, 1, -1e16, 1};

	(void)state;
	assert_near(statistics_mean(values, 4), 0.5, 0);
	assert_near(statistics_mean(values + 1, 1), 1, 0);
}

/* ---- ratio of medians ---- */

static void fill_normal(struct random *random, double *values, size_t count,
			double center, double deviation)
{
	for (size_t i = 0; i < count; i++)
		values[i] = center + deviation * random_normal(random);
}

static void ratio_of_known_groups(void **state)
{
	static const double before[] = {10, 11, 9, 10, 10};
	static const double after[] = {20, 22, 18, 20, 20};
	struct ratio_interval interval =
		statistics_ratio_of_medians(before, 5, after, 5, 0.95, 1);

	(void)state;
	assert_near(interval.ratio, 2, 0);
	assert_true(interval.low <= 2 && interval.high >= 2);
	assert_true(interval.low >= 18.0 / 11 && interval.high <= 22.0 / 9);
}

static void the_interval_is_the_same_for_the_same_seed(void **state)
{
	double before[20], after[15];
	struct ratio_interval a, b, other;
	struct random random;

	(void)state;
	random_seed(&random, 3, 0);
	fill_normal(&random, before, 20, 100, 10);
	fill_normal(&random, after, 15, 110, 10);
	a = statistics_ratio_of_medians(before, 20, after, 15, 0.95, 7);
	b = statistics_ratio_of_medians(before, 20, after, 15, 0.95, 7);
	other = statistics_ratio_of_medians(before, 20, after, 15, 0.95, 8);
	assert_true(a.ratio == b.ratio && a.low == b.low && a.high == b.high);
	assert_true(a.ratio == other.ratio);
	assert_true(a.low != other.low || a.high != other.high);
	assert_near(a.low, other.low, 0.02);
}

static void more_confidence_is_a_wider_interval(void **state)
{
	double before[20], after[20];
	struct ratio_interval half, most;
	struct random random;

	(void)state;
	random_seed(&random, 4, 0);
	fill_normal(&random, before, 20, 100, 10);
	fill_normal(&random, after, 20, 100, 10);
	half = statistics_ratio_of_medians(before, 20, after, 20, 0.5, 1);
	most = statistics_ratio_of_medians(before, 20, after, 20, 0.99, 1);
	assert_true(most.low < half.low && half.high < most.high);
}

static void the_interval_covers_the_truth_about_as_often_as_it_says(void **state)
{
	enum { ROUNDS = 400 };
	double before[20], after[20];
	struct random random;
	int covered = 0;

	(void)state;
	random_seed(&random, 5, 0);
	for (int round = 0; round < ROUNDS; round++) {
		struct ratio_interval interval;

		fill_normal(&random, before, 20, 100, 5);
		fill_normal(&random, after, 20, 120, 5);
		interval = statistics_ratio_of_medians(before, 20, after, 20, 0.95,
						       (uint64_t)round);
		covered += interval.low <= 1.2 && 1.2 <= interval.high;
	}
	/* 0.95 by design; the percentile bootstrap of a median of 20 is a little wide. */
	assert_in_range(covered, ROUNDS * 91 / 100, ROUNDS);
}

static void one_run_borrows_the_spread_of_the_other_group(void **state)
{
	static const double group[] = {90, 95, 100, 105, 110};
	const double one = 200;
	struct ratio_interval after =
		statistics_ratio_of_medians(group, 5, &one, 1, 0.95, 1);
	struct ratio_interval before =
		statistics_ratio_of_medians(&one, 1, group, 5, 0.95, 1);

	(void)state;
	assert_near(after.ratio, 2, 1e-12);
	/* Were the one run certain, these would be 200/110 and 200/90 at most. */
	assert_true(after.low < 200.0 / 110 && after.high > 200.0 / 90);
	assert_near(before.ratio, 0.5, 1e-12);
	assert_true(before.low < 0.5 && before.high > 0.5);
}

static void one_run_each_has_a_ratio_and_no_interval(void **state)
{
	const double before = 10, after = 15;
	struct ratio_interval interval =
		statistics_ratio_of_medians(&before, 1, &after, 1, 0.95, 1);

	(void)state;
	assert_near(interval.ratio, 1.5, 0);
	assert_true(isnan(interval.low) && isnan(interval.high));
}

static void ratios_to_zero_are_one_or_infinite(void **state)
{
	static const double zeros[] = {0, 0, 0}, ones[] = {1, 1, 1},
			    mixed[] = {0, 0, 1};
	struct ratio_interval interval;

	(void)state;
	interval = statistics_ratio_of_medians(zeros, 3, zeros, 3, 0.95, 1);
	assert_true(interval.ratio == 1 && interval.low == 1 && interval.high == 1);
	interval = statistics_ratio_of_medians(zeros, 3, ones, 3, 0.95, 1);
	assert_true(interval.ratio == INFINITY && interval.low == INFINITY);
	interval = statistics_ratio_of_medians(mixed, 3, ones, 3, 0.95, 1);
	assert_true(interval.ratio == INFINITY && interval.low == 1 &&
		    interval.high == INFINITY);
	interval = statistics_ratio_of_medians(zeros, 3, ones, 1, 0.95, 1);
	assert_true(interval.ratio == INFINITY && !isnan(interval.low));
}

/* ---- rank test ---- */

/*
 * Groups without ties in which `reversed` of the n x m pairs have the greater value in
 * `before`.
 */
static void make_groups(double *before, size_t n, double *after, size_t m,
			size_t reversed)
{
	for (size_t i = 0; i < n; i++)
		before[i] = (double)i + 1;
	for (size_t i = 0; i < m; i++) {
		size_t below = reversed > n ? n : reversed;

		reversed -= below;
		/* Above n - below of `before`, and different from every other. */
		after[i] = (double)(n - below) + 0.5 + (double)i / (2 * (double)m);
	}
}

static void exact_p_values_are_those_of_the_tables(void **state)
{
	/* P(U <= u), Mann & Whitney 1947 and later tables of critical values: 27, 23, 19 for
	 * 10 and 10 at 5, 2.5 and 1 %, 138, 127, 114 for 20 and 20. */
	static const struct {
		size_t n, m, u;
		double p;
	} cases[] = {
		{1, 1, 0, 0.5},
		{3, 3, 0, 0.05},
		{3, 3, 4, 0.5},
		{3, 3, 5, 0.65},
		{3, 5, 1, 0.0357142857142857},
		{5, 3, 1, 0.0357142857142857},
		{5, 5, 0, 1.0 / 252},
		{5, 5, 2, 4.0 / 252},
		{5, 5, 4, 12.0 / 252},
		{5, 5, 25, 1},
		{8, 12, 26, 0.0489402238628245},
		{10, 10, 19, 0.00927168806425772},
		{10, 10, 23, 0.0216285262724891},
		{10, 10, 27, 0.0446047760289246},
		{20, 20, 114, 0.00976838091990193},
		{20, 20, 127, 0.0245451625946862},
		{20, 20, 138, 0.0482497762180501},
		{40, 60, 900, 0.017333269824451},
	};
	double before[GROUP_MAX], after[GROUP_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		make_groups(before, cases[i].n, after, cases[i].m, cases[i].u);
		assert_near(statistics_rank_test_greater(before, cases[i].n, after,
							 cases[i].m),
			    cases[i].p, 1e-13);
	}
}

static double rank_sum(const double *values, size_t count, unsigned int chosen)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; chosen >> i & 1 && k < count; k++)
			sum += values[k] < values[i]   ? 1
			       : values[k] > values[i] ? 0
						       : 0.5;
	return sum;
}

/* The definition: the share of all ways to call m of the values "after". */
static double rank_test_by_enumeration(const double *values, size_t n, size_t m)
{
	unsigned int seen = ((1u << m) - 1) << n;
	double least = rank_sum(values, n + m, seen) - 1e-9;
	int all = 0, as_large = 0;

	for (unsigned int chosen = 0; chosen < 1u << (n + m); chosen++) {
		if ((size_t)__builtin_popcount(chosen) != m)
			continue;
		all++;
		as_large += rank_sum(values, n + m, chosen) >= least;
	}
	return (double)as_large / all;
}

static void small_groups_agree_with_enumeration_ties_or_not(void **state)
{
	struct random random;

	(void)state;
	random_seed(&random, 6, 0);
	for (int round = 0; round < 300; round++) {
		size_t n = 1 + random_below(&random, 5),
		       m = 1 + random_below(&random, 5);
		double values[10];

		for (size_t i = 0; i < n + m; i++)
			values[i] = random_below(&random, round % 3 ? 4 : 1000000);
		assert_near(statistics_rank_test_greater(values, n, values + n, m),
			    rank_test_by_enumeration(values, n, m), 1e-12);
	}
}

static void equal_values_are_no_evidence(void **state)
{
	double equal[GROUP_MAX];

	(void)state;
	for (int i = 0; i < GROUP_MAX; i++)
		equal[i] = 5;
	assert_near(statistics_rank_test_greater(equal, 5, equal, 7), 1, 0);
	/* The same through the approximation. */
	assert_near(statistics_rank_test_greater(equal, GROUP_MAX, equal, GROUP_MAX), 1,
		    0);
}

static void both_directions_overlap_by_the_outcome_itself(void **state)
{
	double before[9], after[11];
	struct random random;

	(void)state;
	random_seed(&random, 7, 0);
	for (int round = 0; round < 50; round++) {
		double greater, less;

		fill_normal(&random, before, 9, 0, 1);
		fill_normal(&random, after, 11, 0, 1);
		greater = statistics_rank_test_greater(before, 9, after, 11);
		less = statistics_rank_test_greater(after, 11, before, 9);
		assert_true(greater + less > 1 && greater + less < 1.1);
	}
}

static void the_approximation_continues_the_exact_distribution(void **state)
{
	static const double shares[] = {0.3, 0.4, 0.45, 0.5, 0.6};
	double before[GROUP_MAX], after[GROUP_MAX];

	(void)state;
	/* 64 x 64 is exact, 64 x 65 is not. */
	for (size_t i = 0; i < sizeof(shares) / sizeof(*shares); i++) {
		double exact, near;

		make_groups(before, 64, after, 64, (size_t)(shares[i] * 64 * 64));
		exact = statistics_rank_test_greater(before, 64, after, 64);
		make_groups(before, 64, after, 65, (size_t)(shares[i] * 64 * 65));
		near = statistics_rank_test_greater(before, 64, after, 65);
		assert_near(near, exact, 0.002 + 0.02 * exact);
	}
}

static void ties_narrow_the_approximation(void **state)
{
	double before[GROUP_MAX], after[GROUP_MAX];
	double u = 0, variance, expected;

	(void)state;
	/* Two values only: before 96 zeros and 32 ones, after 80 and 48. By hand:
	 * U = 48 * 96 + 48 * 32 / 2 + 80 * 96 / 2. */
	for (int i = 0; i < GROUP_MAX; i++) {
		before[i] = i >= 96;
		after[i] = i >= 80;
	}
	u = 48 * 96 + 48 * 32 / 2.0 + 80 * 96 / 2.0;
	variance =
		128.0 * 128 / 12 *
		(257 - (176.0 * 176 * 176 - 176 + 80.0 * 80 * 80 - 80) / (256.0 * 255));
	expected = erfc((u - 128 * 128 / 2.0 - 0.5) / sqrt(2 * variance)) / 2;
	assert_near(statistics_rank_test_greater(before, GROUP_MAX, after, GROUP_MAX),
		    expected, 1e-14);
}

static void false_alarms_come_as_often_as_the_p_value_says(void **state)
{
	enum { ROUNDS = 4000 };
	double before[8], after[6];
	struct random random;
	int below_five = 0;

	(void)state;
	random_seed(&random, 8, 0);
	for (int round = 0; round < ROUNDS; round++) {
		fill_normal(&random, before, 8, 0, 1);
		fill_normal(&random, after, 6, 0, 1);
		below_five += statistics_rank_test_greater(before, 8, after, 6) <= 0.05;
	}
	/* At most 5 % (the distribution is discrete), plus three standard errors. */
	assert_in_range(below_five, ROUNDS * 3 / 100, ROUNDS * 6 / 100);
}

static void the_floor_is_the_p_value_of_complete_separation(void **state)
{
	static const size_t sizes[][2] = {{1, 1}, {3, 3},  {1, 9},
					  {5, 5}, {10, 4}, {30, 30}};
	double before[GROUP_MAX], after[GROUP_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t n = sizes[i][0], m = sizes[i][1];
		double floor = statistics_rank_test_floor(n, m);

		make_groups(before, n, after, m, 0);
		assert_near(statistics_rank_test_greater(before, n, after, m), floor,
			    1e-12 * floor);
	}
	assert_near(statistics_rank_test_floor(3, 3), 0.05, 1e-15);
	assert_true(statistics_rank_test_floor(100000, 100000) < 1e-300);
}

static void many_values_of_all_sizes_and_signs_are_sorted(void **state)
{
	static double values[3000];
	struct random random;

	(void)state;
	random_seed(&random, 9, 0);
	for (size_t i = 0; i < 3000; i++)
		values[i] =
			i % 5 ? random_normal(&random) * pow(10, (double)(i % 60) - 30)
			      : (double)(i % 3) - 1;
	values[7] = INFINITY;
	values[8] = -INFINITY;
	statistics_sort(values, 3000);
	assert_true(isinf(values[0]) && isinf(values[2999]));
	for (size_t i = 1; i < 3000; i++)
		assert_true(values[i - 1] <= values[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_values_of_all_sizes_and_signs_are_sorted),
		cmocka_unit_test(sorting_orders_values),
		cmocka_unit_test(quantiles_interpolate_as_type_seven),
		cmocka_unit_test(quantile_of_one_value_is_that_value),
		cmocka_unit_test(quantiles_between_equal_values_are_exact),
		cmocka_unit_test(nothing_has_no_statistics),
		cmocka_unit_test(median_is_the_middle),
		cmocka_unit_test(mad_of_a_known_sample),
		cmocka_unit_test(mad_agrees_with_its_definition),
		cmocka_unit_test(mad_estimates_the_deviation_of_a_normal_sample),
		cmocka_unit_test(mean_does_not_lose_small_values_beside_large_ones),
		cmocka_unit_test(ratio_of_known_groups),
		cmocka_unit_test(the_interval_is_the_same_for_the_same_seed),
		cmocka_unit_test(more_confidence_is_a_wider_interval),
		cmocka_unit_test(
			the_interval_covers_the_truth_about_as_often_as_it_says),
		cmocka_unit_test(one_run_borrows_the_spread_of_the_other_group),
		cmocka_unit_test(one_run_each_has_a_ratio_and_no_interval),
		cmocka_unit_test(ratios_to_zero_are_one_or_infinite),
		cmocka_unit_test(exact_p_values_are_those_of_the_tables),
		cmocka_unit_test(small_groups_agree_with_enumeration_ties_or_not),
		cmocka_unit_test(equal_values_are_no_evidence),
		cmocka_unit_test(both_directions_overlap_by_the_outcome_itself),
		cmocka_unit_test(the_approximation_continues_the_exact_distribution),
		cmocka_unit_test(ties_narrow_the_approximation),
		cmocka_unit_test(false_alarms_come_as_often_as_the_p_value_says),
		cmocka_unit_test(the_floor_is_the_p_value_of_complete_separation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
