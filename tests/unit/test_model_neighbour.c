/* SPDX-License-Identifier: MIT */
/* model/neighbour.c and whiten.c: distances are those of a plain search, in every space. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/neighbour.h"
#include "model/whiten.h"

#define FEATURES 4
#define ROWS     700

/* Two modes; feature 1 follows feature 0; feature 3 is constant. */
static void fill(float *values)
{
	struct random random;

	random_seed(&random, 5, 0);
	for (size_t i = 0; i < ROWS; i++) {
		float *row = values + i * FEATURES;

		row[0] = (float)random_normal(&random) + (i % 2 ? 5.0f : 0.0f);
		row[1] = row[0] + 0.05f * (float)random_normal(&random);
		row[2] = (float)random_normal(&random);
		row[3] = 0;
	}
}

static int compare_floats(const void *a, const void *b)
{
	float x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* To the nearest. */
static float plain_distance(const float *values, const float *x)
{
	float distances[ROWS];

	for (size_t i = 0; i < ROWS; i++) {
		float sum = 0;

		for (size_t f = 0; f < FEATURES; f++) {
			float d = x[f] - values[i * FEATURES + f];

			sum += d * d;
		}
		distances[i] = sqrtf(sum);
	}
	qsort(distances, ROWS, sizeof(*distances), compare_floats);
	return distances[0];
}

struct fixture {
	float values[ROWS * FEATURES];
	struct neighbours *neighbours;
};

static int learn(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct train_rows rows = {
		.values = fixture->values, .features = FEATURES, .count = ROWS};

	fill(fixture->values);
	*state = fixture;
	return neighbours_learn(&fixture->neighbours, &rows, ROWS,
				kernels_select(KERNEL_WIDTH_BEST));
}

static int forget(void **state)
{
	struct fixture *fixture = *state;

	neighbours_free(fixture->neighbours);
	free(fixture);
	return 0;
}

/* Components of one sample. */
static void look(const struct fixture *fixture, const float *sample, float *components)
{
	float *block = kernel_alloc(FEATURES * KERNEL_BLOCK);
	float *all = kernel_alloc(2 * NEIGHBOUR_SPACES * KERNEL_BLOCK);
	struct neighbour_finder finder;

	assert_int_equal(neighbour_finder_create(&finder, fixture->neighbours,
						 kernels_select(KERNEL_WIDTH_BEST)),
			 0);
	for (size_t f = 0; f < FEATURES; f++)
		block[f * KERNEL_BLOCK] = sample[f];
	neighbour_look(&finder, block, all);
	for (size_t c = 0; c < 2 * NEIGHBOUR_SPACES; c++)
		components[c] = all[c * KERNEL_BLOCK];
	neighbour_finder_free(&finder);
	free(all);
	free(block);
}

static void distance_is_that_of_a_plain_search(void **state)
{
	const struct fixture *fixture = *state;
	const float samples[][FEATURES] = {
		{0, 0, 0, 0}, {5, 5, 1, 0}, {2.5f, 2.5f, 0, 0}, {9, -9, 3, 1}};

	for (size_t i = 0; i < 4; i++) {
		float components[2 * NEIGHBOUR_SPACES];

		look(fixture, samples[i], components);
		assert_true(fabsf(components[0] -
				  plain_distance(fixture->values, samples[i])) < 1e-4f);
	}
}

static void broken_relation_is_far_only_in_the_white_space(void **state)
{
	float usual[2 * NEIGHBOUR_SPACES], broken[2 * NEIGHBOUR_SPACES];
	const float whole[FEATURES] = {0.3f, 0.3f, 0.2f, 0};
	const float apart[FEATURES] = {0.5f, 0.1f, 0.2f, 0};

	look(*state, whole, usual);
	look(*state, apart, broken);
	assert_true(broken[2 * NEIGHBOUR_WHITE] > 4 * usual[2 * NEIGHBOUR_WHITE]);
	assert_true(broken[0] < 3 * usual[0]);
}

static void between_two_modes_is_far_from_both(void **state)
{
	float usual[2 * NEIGHBOUR_SPACES], between[2 * NEIGHBOUR_SPACES];
	const float inside[FEATURES] = {5, 5, 0, 0};
	const float middle[FEATURES] = {2.5f, 2.5f, 0, 0};

	look(*state, inside, usual);
	look(*state, middle, between);
	assert_true(between[0] > 2 * usual[0]);
	assert_true(between[1] > usual[1]);
}

static void first_change_of_a_constant_is_far(void **state)
{
	float components[2 * NEIGHBOUR_SPACES];
	const float sample[FEATURES] = {0, 0, 0, 3};

	look(*state, sample, components);
	for (size_t space = 0; space < NEIGHBOUR_SPACES; space++)
		assert_true(components[2 * space] >= 2.9f);
}

static void kept_arrays_give_the_same_distances(void **state)
{
	const struct fixture *fixture = *state;
	const float sample[FEATURES] = {1, 2, 3, 0};
	float before[2 * NEIGHBOUR_SPACES], after[2 * NEIGHBOUR_SPACES];
	struct neighbours again = *fixture->neighbours;
	struct fixture copy = {.neighbours = &again};

	look(fixture, sample, before);
	memset(again.mapped, 0, sizeof(again.mapped));
	memset(again.bias, 0, sizeof(again.bias));
	memset(again.slack, 0, sizeof(again.slack));
	memset(again.scores, 0, sizeof(again.scores));
	assert_int_equal(neighbours_prepare(&again, kernels_select(KERNEL_WIDTH_128)),
			 0);
	assert_int_equal(neighbours_make_slack(&again), 0);
	look(&copy, sample, after);
	assert_memory_equal(before, after, sizeof(before));
	for (size_t space = 0; space < NEIGHBOUR_SPACES; space++) {
		free(again.mapped[space]);
		free(again.bias[space]);
	}
}

static void number_of_references_falls_with_the_rows(void **state)
{
	(void)state;
	assert_int_equal(neighbours_wanted(0, true), 0);
	assert_int_equal(neighbours_wanted(100, true), 100);
	assert_int_equal(neighbours_wanted(4096, true), 4096);
	assert_true(neighbours_wanted(20000, true) < 4096);
	assert_true(neighbours_wanted(20000, false) < neighbours_wanted(20000, true));
	assert_int_equal(neighbours_wanted(NEIGHBOUR_ROWS_MAX, false),
			 NEIGHBOURS_LEAST);
	assert_int_equal(neighbours_wanted(NEIGHBOUR_ROWS_MAX + 1, true), 0);
}

static void whitened_samples_have_the_identity_for_covariance(void **state)
{
	const struct fixture *fixture = *state;
	float map[9], values[ROWS * 3];
	double sums[9] = {0}, means[3] = {0};

	for (size_t i = 0; i < ROWS; i++)
		memcpy(values + i * 3, fixture->values + i * FEATURES,
		       3 * sizeof(float));
	assert_int_equal(whiten_fit(values, ROWS, 3, map), 0);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < ROWS; i++) {
			double white[3] = {0};

			for (size_t r = 0; r < 3; r++)
				for (size_t c = 0; c < 3; c++)
					white[r] += (double)map[r * 3 + c] *
						    (double)values[i * 3 + c];
			for (size_t r = 0; r < 3; r++)
				means[r] += pass ? 0 : white[r] / ROWS;
			for (size_t r = 0; pass && r < 3; r++)
				for (size_t c = 0; c < 3; c++)
					sums[r * 3 + c] += (white[r] - means[r]) *
							   (white[c] - means[c]) / ROWS;
		}
	/* Features 0 and 1 are nearly one: shrinking leaves that direction smaller. */
	for (size_t r = 0; r < 3; r++)
		for (size_t c = 0; c < 3; c++)
			assert_true(r == c ? sums[r * 3 + c] > 0.02 &&
						     sums[r * 3 + c] < 1.2
					   : fabs(sums[r * 3 + c]) < 0.35);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distance_is_that_of_a_plain_search),
		cmocka_unit_test(broken_relation_is_far_only_in_the_white_space),
		cmocka_unit_test(between_two_modes_is_far_from_both),
		cmocka_unit_test(first_change_of_a_constant_is_far),
		cmocka_unit_test(kept_arrays_give_the_same_distances),
		cmocka_unit_test(number_of_references_falls_with_the_rows),
		cmocka_unit_test(whitened_samples_have_the_identity_for_covariance),
	};

	return cmocka_run_group_tests(tests, learn, forget);
}
