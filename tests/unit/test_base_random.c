/* SPDX-License-Identifier: MIT */
/* base/random.c: the generator's own test vector, and what its distributions promise. */
#include "base/random.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void the_sequence_is_that_of_the_reference(void **state)
{
	/* pcg32-demo of the reference implementation, seed 42, stream 54, round 1 */
	static const uint32_t expected[] = {0xa15c02b7, 0x7b47f409, 0xba1d3330,
					    0x83d2f293, 0xbfa4784b, 0xcbed606e};
	struct random random;

	(void)state;
	random_seed(&random, 42, 54);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++)
		assert_int_equal(random_u32(&random), expected[i]);
}

static void the_same_seed_gives_the_same_numbers(void **state)
{
	struct random a, b;

	(void)state;
	random_seed(&a, 1, 2);
	random_seed(&b, 1, 2);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(random_below(&a, 1000), random_below(&b, 1000));
		assert_true(random_uniform(&a) == random_uniform(&b));
		assert_true(random_normal(&a) == random_normal(&b));
	}
}

static void streams_of_one_seed_differ(void **state)
{
	struct random a, b;
	int equal = 0;

	(void)state;
	random_seed(&a, 1, 0);
	random_seed(&b, 1, 1);
	for (int i = 0; i < 1000; i++)
		equal += random_u32(&a) == random_u32(&b);
	assert_true(equal < 3);
}

static void numbers_below_a_bound_are_uniform(void **state)
{
	enum { BOUND = 7, DRAWS = 70000 };
	uint32_t seen[BOUND] = {0};
	struct random random;
	double chi_square = 0;

	(void)state;
	random_seed(&random, 3, 0);
	for (int i = 0; i < DRAWS; i++) {
		uint32_t drawn = random_below(&random, BOUND);

		assert_true(drawn < BOUND);
		seen[drawn]++;
	}
	for (int i = 0; i < BOUND; i++)
		chi_square += pow((double)seen[i] - DRAWS / BOUND, 2) / (DRAWS / BOUND);
	/* 6 degrees of freedom: 22.5 is exceeded once in a thousand seeds. */
	assert_true(chi_square < 22.5);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(random_below(&random, 1), 0);
		assert_true(random_below(&random, UINT32_MAX) < UINT32_MAX);
	}
}

static void large_bounds_have_no_modulo_bias(void **state)
{
	const uint32_t bound = 3u << 30;
	struct random random;
	int low = 0;

	(void)state;
	/* By remainder alone, the lower third would come half of the time. */
	random_seed(&random, 4, 0);
	for (int i = 0; i < 30000; i++)
		low += random_below(&random, bound) < bound / 3;
	assert_in_range(low, 10000 - 400, 10000 + 400);
}

static void uniform_numbers_fill_zero_to_one(void **state)
{
	struct random random;
	double sum = 0, least = 1, most = 0;

	(void)state;
	random_seed(&random, 5, 0);
	for (int i = 0; i < 100000; i++) {
		double drawn = random_uniform(&random);

		assert_true(drawn >= 0 && drawn < 1);
		sum += drawn;
		least = fmin(least, drawn);
		most = fmax(most, drawn);
	}
	assert_true(fabs(sum / 100000 - 0.5) < 0.004);
	assert_true(least < 0.0002 && most > 0.9998);
}

static void normal_numbers_have_the_normal_moments(void **state)
{
	enum { DRAWS = 200000 };
	double sum = 0, squares = 0, cubes = 0, fourths = 0;
	int beyond_two = 0;
	struct random random;

	(void)state;
	random_seed(&random, 6, 0);
	for (int i = 0; i < DRAWS; i++) {
		double drawn = random_normal(&random);

		assert_true(isfinite(drawn));
		sum += drawn;
		squares += drawn * drawn;
		cubes += drawn * drawn * drawn;
		fourths += drawn * drawn * drawn * drawn;
		beyond_two += fabs(drawn) > 2;
	}
	/* Each within about four standard errors. */
	assert_true(fabs(sum / DRAWS) < 0.009);
	assert_true(fabs(squares / DRAWS - 1) < 0.013);
	assert_true(fabs(cubes / DRAWS) < 0.035);
	assert_true(fabs(fourths / DRAWS - 3) < 0.09);
	assert_true(fabs((double)beyond_two / DRAWS - 0.0455) < 0.002);
}

static void a_shuffle_is_a_permutation_and_any_is_as_likely(void **state)
{
	enum { ROUNDS = 24000 };
	uint32_t orders[24] = {0};
	struct random random;

	(void)state;
	random_seed(&random, 7, 0);
	for (int round = 0; round < ROUNDS; round++) {
		uint32_t items[4] = {0, 1, 2, 3};
		uint32_t code = 0, seen = 0;

		random_shuffle(&random, items, 4);
		for (uint32_t i = 0; i < 4; i++) {
			uint32_t smaller = 0;

			seen |= 1u << items[i];
			for (uint32_t k = i + 1; k < 4; k++)
				smaller += items[k] < items[i];
			code = code * (4 - i) + smaller; /* Lehmer code */
		}
		assert_int_equal(seen, 15);
		orders[code]++;
	}
	for (int i = 0; i < 24; i++)
		assert_in_range(orders[i], 1000 - 150, 1000 + 150);
	random_shuffle(&random, NULL, 0);
	random_shuffle(&random, (uint32_t[]){9}, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_sequence_is_that_of_the_reference),
		cmocka_unit_test(the_same_seed_gives_the_same_numbers),
		cmocka_unit_test(streams_of_one_seed_differ),
		cmocka_unit_test(numbers_below_a_bound_are_uniform),
		cmocka_unit_test(large_bounds_have_no_modulo_bias),
		cmocka_unit_test(uniform_numbers_fill_zero_to_one),
		cmocka_unit_test(normal_numbers_have_the_normal_moments),
		cmocka_unit_test(a_shuffle_is_a_permutation_and_any_is_as_likely),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
