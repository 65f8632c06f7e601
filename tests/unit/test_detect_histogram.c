/* SPDX-License-Identifier: MIT */
/* detect/histogram.c: scores of several passes in one picture, with the threshold in it. */
#include "detect/histogram.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Held-out scores evenly spread over 0 .. 2 x threshold. */
static struct model_unit unit_of(double *quantiles, double threshold, uint64_t samples)
{
	for (size_t i = 0; i < MODEL_QUANTILES; i++)
		quantiles[i] = 2 * threshold * (double)i / (MODEL_QUANTILES - 1);
	return (struct model_unit){.score_quantiles = quantiles,
				   .threshold = threshold,
				   .samples = samples};
}

static double sum(const double *bins, size_t first, size_t end)
{
	double total = 0;

	for (size_t bin = first; bin < end; bin++)
		total += bins[bin];
	return total;
}

static void what_is_anomalous_is_right_of_the_threshold(void **state)
{
	static const float scores[] = {0, 1, 4, 4.0001f, 5, 1e30f};
	double quantiles[MODEL_QUANTILES];
	struct model_unit unit = unit_of(quantiles, 4, 100);
	uint64_t counts[FINDING_BINS] = {0};
	uint64_t below = 0, above = 0;

	(void)state;
	histogram_count(counts, &unit, scores, 6);
	for (size_t bin = 0; bin < FINDING_BINS; bin++)
		*(bin < FINDING_BIN_THRESHOLD ? &below : &above) += counts[bin];
	assert_int_equal(below, 3);
	assert_int_equal(above, 3);
	assert_int_equal(counts[0], 1);
	assert_int_equal(counts[FINDING_BINS - 1], 1);
	/* 4 and 4.0001 are neighbours. */
	assert_int_equal(counts[FINDING_BIN_THRESHOLD - 1], 1);
	assert_true(counts[FINDING_BIN_THRESHOLD] >= 1);
}

static void edges_are_half_an_octave_apart(void **state)
{
	(void)state;
	assert_true(histogram_edge(0) == 0);
	assert_true(histogram_edge(FINDING_BIN_THRESHOLD) == 1);
	for (size_t bin = 1; bin + 1 < FINDING_BINS; bin++)
		assert_true(fabs(histogram_edge(bin + 1) / histogram_edge(bin) -
				 sqrt(2)) < 1e-12);
}

static void shares_of_each_side_add_up_to_one(void **state)
{
	static const float scores[] = {1, 2, 3, 100};
	double quantiles[MODEL_QUANTILES];
	struct model_unit unit = unit_of(quantiles, 4, 100);
	struct finding_histogram histogram = {0};
	uint64_t counts[FINDING_BINS] = {0};

	(void)state;
	histogram_count(counts, &unit, scores, 4);
	histogram_add(&histogram, &unit, counts);
	histogram_finish(&histogram);
	assert_true(histogram.known);
	assert_true(fabs(sum(histogram.before, 0, FINDING_BINS) - 1) < 1e-12);
	assert_true(fabs(sum(histogram.after, 0, FINDING_BINS) - 1) < 1e-12);
	/* Half of the held-out scores are below the threshold, and the others up to twice it. */
	assert_true(fabs(sum(histogram.before, 0, FINDING_BIN_THRESHOLD) - 0.5) < 1e-6);
	assert_true(sum(histogram.before, FINDING_BIN_THRESHOLD + 2, FINDING_BINS) ==
		    0);
	assert_true(sum(histogram.after, FINDING_BIN_THRESHOLD, FINDING_BINS) == 0.25);
}

static void passes_weigh_by_their_samples(void **state)
{
	static const float low = 0.001f, high = 1e6f;
	double quantiles[2][MODEL_QUANTILES];
	struct model_unit first = unit_of(quantiles[0], 1, 300);
	struct model_unit second = unit_of(quantiles[1], 1000, 100);
	uint64_t counts[2][FINDING_BINS] = {{0}};
	struct finding_histogram histogram = {0};

	(void)state;
	histogram_count(counts[0], &first, &low, 1);
	histogram_count(counts[1], &second, &high, 1);
	histogram_count(counts[1], &second, &high, 1);
	histogram_add(&histogram, &first, counts[0]);
	histogram_add(&histogram, &second, counts[1]);
	histogram_finish(&histogram);
	assert_true(fabs(histogram.after[0] - 1.0 / 3) < 1e-12);
	assert_true(fabs(sum(histogram.after, FINDING_BIN_THRESHOLD, FINDING_BINS) -
			 2.0 / 3) < 1e-12);
	assert_true(fabs(sum(histogram.before, 0, FINDING_BIN_THRESHOLD) - 0.5) < 1e-6);
}

static void without_a_threshold_there_is_no_picture(void **state)
{
	static const float score = 1;
	double quantiles[MODEL_QUANTILES];
	struct model_unit unit = unit_of(quantiles, 1, 10);
	struct finding_histogram histogram = {0};
	uint64_t counts[FINDING_BINS] = {0};

	(void)state;
	unit.threshold = 0;
	histogram_count(counts, &unit, &score, 1);
	histogram_add(&histogram, &unit, counts);
	histogram_finish(&histogram);
	assert_false(histogram.known);
	assert_true(sum(histogram.after, 0, FINDING_BINS) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_anomalous_is_right_of_the_threshold),
		cmocka_unit_test(edges_are_half_an_octave_apart),
		cmocka_unit_test(shares_of_each_side_add_up_to_one),
		cmocka_unit_test(passes_weigh_by_their_samples),
		cmocka_unit_test(without_a_threshold_there_is_no_picture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
