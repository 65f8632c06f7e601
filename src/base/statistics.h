/* SPDX-License-Identifier: MIT */
/* Order statistics, robust spread, bootstrap and rank tests. Pure functions. */
#ifndef AUTOPERF_BASE_STATISTICS_H
#define AUTOPERF_BASE_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

/*
 * All take finite values. Those that say "sorts" reorder `values`. count 0 gives NaN.
 */
void statistics_sort(double *values, size_t count);
/* Linear interpolation between order statistics (Hyndman & Fan 1996, type 7); sorted input. */
double statistics_quantile_sorted(const double *values, size_t count, double fraction);
/* Sorts. */
double statistics_median(double *values, size_t count);
/* Median absolute deviation x 1.4826: estimates the standard deviation of a normal sample. Sorts. */
double statistics_mad(double *values, size_t count);
double statistics_mean(const double *values, size_t count);

/*
 * Ratio of the medians of two groups of runs, with a percentile-bootstrap interval over runs
 * (Efron & Tibshirani 1993, ch. 13); the same for the same seed. A group of one run says
 * nothing about its spread: it is then taken to spread like the other group, in proportion.
 * `low` and `high` are NaN when both groups are of one run, and when memory is short. 0/0
 * counts as 1.
 */
struct ratio_interval {
	double ratio; /* after / before; infinite if only before is 0 */
	double low;
	double high;
};
struct ratio_interval statistics_ratio_of_medians(const double *before,
						  size_t before_count,
						  const double *after,
						  size_t after_count, double confidence,
						  uint64_t seed);

/*
 * One-sided Mann-Whitney test: probability, under the hypothesis that both groups are alike,
 * of `after` being at least as much larger than `before` as seen. Exact where the product of
 * the group sizes is at most STATISTICS_RANK_EXACT_MAX, ties or not (the permutation
 * distribution of the midranks); else the normal approximation with tie and continuity
 * correction (Mann & Whitney 1947; Lehmann 1975).
 */
#define STATISTICS_RANK_EXACT_MAX 4096
double statistics_rank_test_greater(const double *before, size_t before_count,
				    const double *after, size_t after_count);
/* Smallest p-value that test can give for these group sizes: 1 / C(n+m, m). */
double statistics_rank_test_floor(size_t before_count, size_t after_count);

#endif
