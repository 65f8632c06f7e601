/* SPDX-License-Identifier: MIT */
/* model/landmark.c: landmarks are near the samples, and the nearest one is found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/landmark.h"

#define FEATURES 5

/* Rows around `centres` points that lie 6 apart. */
static float *clusters(size_t rows, size_t centres)
{
	float *values = malloc(rows * FEATURES * sizeof(*values));
	struct random random;

	assert_non_null(values);
	random_seed(&random, 2, 0);
	for (size_t row = 0; row < rows; row++)
		for (size_t f = 0; f < FEATURES; f++)
			values[row * FEATURES + f] =
				(float)((row % centres == f ? 6 : 0) +
					0.5 * random_normal(&random));
	return values;
}

static double squared_distance(const float *a, const float *b)
{
	double sum = 0;

	for (size_t f = 0; f < FEATURES; f++)
		sum += ((double)a[f] - (double)b[f]) * ((double)a[f] - (double)b[f]);
	return sum;
}

static void few_rows_are_their_own_landmarks(void **state)
{
	float *values = clusters(7, 3), *landmarks;
	struct train_rows rows = {.values = values, .features = FEATURES, .count = 7};
	size_t count;

	(void)state;
	assert_int_equal(landmark_choose(&rows, kernels_select(KERNEL_WIDTH_BEST),
					 &landmarks, &count),
			 0);
	assert_int_equal(count, 7);
	assert_memory_equal(landmarks, values, 7 * FEATURES * sizeof(float));
	free(landmarks);
	free(values);
}

static void nearest_landmark_is_that_of_a_plain_search(void **state)
{
	float *values = clusters(1000, 4), *landmarks;
	struct train_rows rows = {
		.values = values, .features = FEATURES, .count = 1000};
	float *block = kernel_alloc(FEATURES * KERNEL_BLOCK);
	struct landmark_finder finder;
	size_t count;

	(void)state;
	assert_int_equal(landmark_choose(&rows, kernels_select(KERNEL_WIDTH_BEST),
					 &landmarks, &count),
			 0);
	assert_int_equal(count, LANDMARKS_MAX);
	assert_int_equal(landmark_finder_create(&finder,
						kernels_select(KERNEL_WIDTH_BEST),
						landmarks, count, FEATURES),
			 0);
	train_gather(&rows, NULL, 100, KERNEL_BLOCK, block);
	landmark_find(&finder, block);
	for (size_t lane = 0; lane < KERNEL_BLOCK; lane++) {
		const float *row = values + (100 + lane) * FEATURES;
		double found = squared_distance(
			row, landmarks + (size_t)finder.index[lane] * FEATURES);

		for (size_t i = 0; i < count; i++)
			assert_true(found <=
				    squared_distance(row, landmarks + i * FEATURES) +
					    1e-4);
	}
	landmark_finder_free(&finder);
	free(block);
	free(landmarks);
	free(values);
}

/* Mean squared distance of rows from their nearest landmark. */
static double quantisation_error(const float *values, size_t rows,
				 const float *landmarks, size_t count)
{
	double sum = 0;

	for (size_t row = 0; row < rows; row++) {
		double least = 1e30;

		for (size_t i = 0; i < count; i++) {
			double now = squared_distance(values + row * FEATURES,
						      landmarks + i * FEATURES);

			least = now < least ? now : least;
		}
		sum += least;
	}
	return sum / (double)rows;
}

static void clustering_comes_nearer_to_the_rows_than_a_choice_of_them(void **state)
{
	const size_t count_rows = 4000;
	float *values = clusters(count_rows, 4), *landmarks;
	float chosen[LANDMARKS_MAX * FEATURES];
	struct train_rows rows = {
		.values = values, .features = FEATURES, .count = count_rows};
	size_t count;

	(void)state;
	for (size_t i = 0; i < LANDMARKS_MAX; i++)
		for (size_t f = 0; f < FEATURES; f++)
			chosen[i * FEATURES + f] =
				values[i * count_rows / LANDMARKS_MAX * FEATURES + f];
	assert_int_equal(landmark_choose(&rows, kernels_select(KERNEL_WIDTH_BEST),
					 &landmarks, &count),
			 0);
	assert_true(
		quantisation_error(values, count_rows, landmarks, count) <
		0.8 * quantisation_error(values, count_rows, chosen, LANDMARKS_MAX));
	free(landmarks);
	free(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(few_rows_are_their_own_landmarks),
		cmocka_unit_test(nearest_landmark_is_that_of_a_plain_search),
		cmocka_unit_test(
			clustering_comes_nearer_to_the_rows_than_a_choice_of_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
