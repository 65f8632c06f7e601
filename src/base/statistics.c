/* SPDX-License-Identifier: MIT */
/*
 * Order statistics, bootstrap and rank test: see statistics.h. Each is written out from its
 * definition, with the numbers of runs that people have in mind: 3 to 100, so exact methods
 * are affordable and approximations for large samples are the exception.
 */
#include "base/statistics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define NORMAL_MAD_FACTOR   1.4826 /* 1 / quantile(0.75) of the standard normal */
#define BOOTSTRAP_RESAMPLES 2000
#define SIGN_BIT            UINT64_C(0x8000000000000000)
#define RADIX_BITS          8
#define RADIX_DIGITS        ((size_t)1 << RADIX_BITS)
#define RADIX_LEAST         512 /* values; fewer are sorted by comparing */

static int compare_doubles(const void *a, const void *b)
{
	double x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* The bits of a double as a number that is ordered as doubles are, and back. */
static uint64_t key_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

static double value_of(uint64_t key)
{
	uint64_t bits = key & SIGN_BIT ? key & ~SIGN_BIT : ~key;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * Radix sort from the lowest digit up: a fraction of the time that comparing takes. Digits
 * that all values share are passed over. `keys` and `other` have room for `count`.
 */
static void radix_sort(double *values, size_t count, uint64_t *keys, uint64_t *other)
{
	for (size_t i = 0; i < count; i++)
		keys[i] = key_of(values[i]);
	for (unsigned shift = 0; shift < 64; shift += RADIX_BITS) {
		size_t starts[RADIX_DIGITS] = {0}, at = 0;
		uint64_t *swap = keys;

		for (size_t i = 0; i < count; i++)
			starts[keys[i] >> shift & (RADIX_DIGITS - 1)]++;
		if (starts[keys[0] >> shift & (RADIX_DIGITS - 1)] == count)
			continue;
		for (size_t digit = 0; digit < RADIX_DIGITS; digit++) {
			size_t here = starts[digit];

			starts[digit] = at;
			at += here;
		}
		for (size_t i = 0; i < count; i++)
			other[starts[keys[i] >> shift & (RADIX_DIGITS - 1)]++] =
				keys[i];
		keys = other;
		other = swap;
	}
	for (size_t i = 0; i < count; i++)
		values[i] = value_of(keys[i]);
}

void statistics_sort(double *values, size_t count)
{
	uint64_t *keys = NULL;

	if (count < 2)
		return;
	if (count >= RADIX_LEAST)
		keys = malloc(2 * count * sizeof(*keys));
	if (keys)
		radix_sort(values, count, keys, keys + count);
	else
		qsort(values, count, sizeof(*values), compare_doubles);
	free(keys);
}

double statistics_quantile_sorted(const double *values, size_t count, double fraction)
{
	double position, below, rest;
	size_t index;

	if (!count)
		return NAN;
	position = fmin(fmax(fraction, 0), 1) * (double)(count - 1);
	index = (size_t)position;
	below = values[index];
	rest = position - (double)index;
	/* Exact at the order statistics, and between equal (also infinite) ones. */
	if (rest <= 0 || index + 1 >= count || values[index + 1] <= below)
		return below;
	return below + rest * (values[index + 1] - below);
}

double statistics_median(double *values, size_t count)
{
	statistics_sort(values, count);
	return statistics_quantile_sorted(values, count, 0.5);
}

/*
 * The deviations |x - median| ascend in both directions from the median, so merging the two
 * sides gives them in order: no second array.
 */
double statistics_mad(double *values, size_t count)
{
	double median = statistics_median(values, count);
	double deviation = 0, before = 0;
	size_t right = 0, left;

	if (!count)
		return NAN;
	while (right < count && values[right] < median)
		right++;
	left = right;
	for (size_t i = 0; i <= count / 2; i++) {
		double to_left = left ? median - values[left - 1] : INFINITY;
		double to_right = right < count ? values[right] - median : INFINITY;

		before = deviation;
		if (to_left < to_right) {
			deviation = to_left;
			left--;
		} else {
			deviation = to_right;
			right++;
		}
	}
	if (count % 2 == 0)
		deviation = before + (deviation - before) / 2;
	return NORMAL_MAD_FACTOR * deviation;
}

/* Neumaier's compensated sum: the order of magnitude of the values does not matter. */
double statistics_mean(const double *values, size_t count)
{
	double sum = 0, lost = 0;

	for (size_t i = 0; i < count; i++) {
		double next = sum + values[i];

		if (fabs(sum) >= fabs(values[i]))
			lost += sum - next + values[i];
		else
			lost += values[i] - next + sum;
		sum = next;
	}
	return count ? (sum + lost) / (double)count : NAN;
}

static double ratio_of(double after, double before)
{
	if (before == 0 && after == 0)
		return 1;
	return after / before;
}

/* What resamples of a group are drawn from. */
struct pool {
	double *values;  /* sorted, owned */
	uint32_t *drawn; /* [count] how often each was drawn, owned */
	size_t count;
	size_t draws; /* size of a resample */
};

static bool pool_open(struct pool *pool, const double *values, size_t count,
		      size_t draws)
{
	pool->values = malloc(count * sizeof(*pool->values));
	pool->drawn = malloc(count * sizeof(*pool->drawn));
	pool->count = count;
	pool->draws = draws;
	if (!pool->values || !pool->drawn)
		return false;
	memcpy(pool->values, values, count * sizeof(*values));
	statistics_sort(pool->values, count);
	return true;
}

static void pool_close(struct pool *pool)
{
	free(pool->values);
	free(pool->drawn);
}

/* Shifts the pool's relative spread to around `center`; its order does not change. */
static void pool_scale(struct pool *pool, double center)
{
	double median = statistics_quantile_sorted(pool->values, pool->count, 0.5);

	for (size_t i = 0; i < pool->count; i++)
		pool->values[i] =
			median == 0 ? center : pool->values[i] / median * center;
	/* A negative factor turns the order round. */
	statistics_sort(pool->values, pool->count);
}

/* Median of one resample: counting the draws of each sorted value spares a sort. */
static double resample_median(struct pool *pool, struct random *random)
{
	size_t low_rank = (pool->draws - 1) / 2, high_rank = pool->draws / 2;
	size_t passed = 0, i = 0;
	double low;

	memset(pool->drawn, 0, pool->count * sizeof(*pool->drawn));
	for (size_t draw = 0; draw < pool->draws; draw++)
		pool->drawn[random_below(random, (uint32_t)pool->count)]++;
	while (passed + pool->drawn[i] <= low_rank)
		passed += pool->drawn[i++];
	low = pool->values[i];
	while (passed + pool->drawn[i] <= high_rank)
		passed += pool->drawn[i++];
	return low + (pool->values[i] - low) / 2;
}

struct ratio_interval statistics_ratio_of_medians(const double *before,
						  size_t before_count,
						  const double *after,
						  size_t after_count, double confidence,
						  uint64_t seed)
{
	struct ratio_interval interval = {NAN, NAN, NAN};
	struct pool old = {0}, new = {0};
	struct random random;
	double *ratios = malloc(BOOTSTRAP_RESAMPLES * sizeof(*ratios));
	double old_median, new_median;

	if (!before_count || !after_count || !ratios ||
	    !pool_open(&old, before, before_count, before_count) ||
	    !pool_open(&new, after, after_count, after_count))
		goto out;
	old_median = statistics_quantile_sorted(old.values, before_count, 0.5);
	new_median = statistics_quantile_sorted(new.values, after_count, 0.5);
	interval.ratio = ratio_of(new_median, old_median);
	if (before_count == 1 && after_count == 1)
		goto out;
	if (before_count == 1) {
		pool_close(&old);
		if (!pool_open(&old, after, after_count, 1))
			goto out;
		pool_scale(&old, old_median);
	} else if (after_count == 1) {
		pool_close(&new);
		if (!pool_open(&new, before, before_count, 1))
			goto out;
		pool_scale(&new, new_median);
	}
	random_seed(&random, seed, 0);
	for (size_t i = 0; i < BOOTSTRAP_RESAMPLES; i++) {
		double old_drawn = resample_median(&old, &random);

		ratios[i] = ratio_of(resample_median(&new, &random), old_drawn);
	}
	statistics_sort(ratios, BOOTSTRAP_RESAMPLES);
	interval.low = statistics_quantile_sorted(ratios, BOOTSTRAP_RESAMPLES,
						  (1 - confidence) / 2);
	interval.high = statistics_quantile_sorted(ratios, BOOTSTRAP_RESAMPLES,
						   (1 + confidence) / 2);
out:
	pool_close(&old);
	pool_close(&new);
	free(ratios);
	return interval;
}

struct ranked {
	double value;
	size_t rank2; /* twice the midrank, counted from 0 so that sums stay small */
	bool after;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/*
 * Fills items[before_count + after_count], sorted, with ranks. Returns the sum of t^3 - t over
 * the groups of t tied values.
 */
static double rank_all(struct ranked *items, const double *before, size_t before_count,
		       const double *after, size_t after_count)
{
	size_t count = before_count + after_count;
	double ties = 0;

	for (size_t i = 0; i < before_count; i++)
		items[i] = (struct ranked){.value = before[i]};
	for (size_t i = 0; i < after_count; i++)
		items[before_count + i] =
			(struct ranked){.value = after[i], .after = true};
	qsort(items, count, sizeof(*items), compare_ranked);
	for (size_t i = 0, end; i < count; i = end) {
		for (end = i; end < count && items[end].value <= items[i].value;)
			end++;
		double tied = (double)(end - i);

		ties += tied * tied * tied - tied;
		for (size_t k = i; k < end; k++)
			items[k].rank2 = i + end - 1;
	}
	return ties;
}

/*
 * P(rank sum of a random `chosen_count` of the items <= `limit`): the shift algorithm of
 * Streitberg & Roehmel (1986). ways[j][s] counts the ways to choose j of the items seen so far
 * with rank sum s; all terms are positive, so doubles are accurate, and C(n+m, m) stays below
 * 10^308 for the sizes that get here. Returns NaN when memory is short.
 */
static double exact_tail(const struct ranked *items, size_t count, size_t chosen_count,
			 size_t limit)
{
	size_t width = limit + 1;
	double *ways = calloc((chosen_count + 1) * width, sizeof(*ways));
	double tail = 0, all = 1;

	if (!ways)
		return NAN;
	ways[0] = 1;
	for (size_t i = 0; i < count; i++) {
		size_t shift = items[i].rank2;

		/* Downwards, so that each item is chosen at most once. */
		for (size_t j = i < chosen_count ? i + 1 : chosen_count; j > 0; j--) {
			double *to = ways + j * width;
			const double *from = to - width;

			for (size_t s = shift; s < width; s++)
				to[s] += from[s - shift];
		}
	}
	for (size_t s = 0; s < width; s++)
		tail += ways[chosen_count * width + s];
	for (size_t i = 1; i <= chosen_count; i++)
		all = all * (double)(count - chosen_count + i) / (double)i;
	free(ways);
	return fmin(tail / all, 1);
}

/*
 * The smaller group is the one whose subsets are counted. "after's sum is at least that" is
 * "before's is at most that", since the total is fixed; for `after` the ranks are mirrored.
 */
static double exact_rank_test(struct ranked *items, size_t before_count,
			      size_t after_count)
{
	size_t count = before_count + after_count;
	bool choose_after = after_count < before_count;
	size_t sum = 0, double_ranks = 0;

	for (size_t i = 0; i < count; i++) {
		if (choose_after)
			items[i].rank2 = 2 * (count - 1) - items[i].rank2;
		double_ranks |= items[i].rank2 % 2;
	}
	/* Halves come only from ties; without them the table is half as wide. */
	for (size_t i = 0; i < count; i++) {
		if (!double_ranks)
			items[i].rank2 /= 2;
		if (items[i].after == choose_after)
			sum += items[i].rank2;
	}
	return exact_tail(items, count, choose_after ? after_count : before_count, sum);
}

static double normal_rank_test(const struct ranked *items, double before_count,
			       double after_count, double ties)
{
	double count = before_count + after_count;
	double mean = before_count * after_count / 2;
	double variance = before_count * after_count / 12 *
			  (count + 1 - ties / (count * (count - 1)));
	double larger = -after_count * (after_count - 1) / 2;

	/* U: pairs in which after is larger, half for ties. */
	for (size_t i = 0; i < (size_t)count; i++)
		if (items[i].after)
			larger += (double)items[i].rank2 / 2;
	/* All tied: whatever the labels, the outcome is the one seen. */
	if (variance <= 0)
		return 1;
	return erfc((larger - mean - 0.5) / sqrt(2 * variance)) / 2;
}

double statistics_rank_test_greater(const double *before, size_t before_count,
				    const double *after, size_t after_count)
{
	size_t count = before_count + after_count;
	double probability = NAN;
	struct ranked *items;
	double ties;

	if (!before_count || !after_count)
		return NAN;
	items = calloc(count, sizeof(*items));
	if (!items)
		return NAN;
	ties = rank_all(items, before, before_count, after, after_count);
	if (before_count <= STATISTICS_RANK_EXACT_MAX / after_count)
		probability = exact_rank_test(items, before_count, after_count);
	else
		probability = normal_rank_test(items, (double)before_count,
					       (double)after_count, ties);
	free(items);
	return probability;
}

double statistics_rank_test_floor(size_t before_count, size_t after_count)
{
	size_t smaller = before_count < after_count ? before_count : after_count;
	size_t larger = before_count + after_count - smaller;
	double floor = 1;

	for (size_t i = 1; i <= smaller && floor > 0; i++)
		floor *= (double)i / (double)(larger + i);
	return floor;
}
