/* SPDX-License-Identifier: MIT */
/* detect/rounds.c: runs of several passes and regions put together into executions. */
#include "detect/rounds.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static struct model_run make_run(uint32_t ordinal, uint64_t samples, double share,
				 double score)
{
	return (struct model_run){.ordinal = ordinal,
				  .samples = samples,
				  .anomalous_share = share,
				  .score_mean = score};
}

static void the_nth_runs_of_all_passes_are_one_round(void **state)
{
	/* Two passes that alternate: runs 0, 2, 4 and 1, 3, 5. */
	const struct model_run first[] = {make_run(0, 100, 0.1, 0),
					  make_run(2, 100, 0.2, 1),
					  make_run(4, 100, 0.3, 2)};
	const struct model_run second[] = {make_run(1, 300, 0.5, 0),
					   make_run(3, 300, 0.5, 1),
					   make_run(5, 300, 0.5, 2)};
	struct rounds rounds = {0};
	struct model_run *sums;
	size_t count;

	(void)state;
	assert_int_equal(rounds_add(&rounds, 1, second, 3), 0);
	assert_int_equal(rounds_add(&rounds, 0, first, 3), 0);
	assert_int_equal(rounds_sum(&rounds, &sums, &count), 0);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sums[i].samples, 400);
		assert_true(fabs(sums[i].score_mean - (double)i) < 1e-12);
	}
	assert_true(fabs(sums[0].anomalous_share - 160 / 400.0) < 1e-12);
	assert_true(fabs(sums[2].anomalous_share - 180 / 400.0) < 1e-12);
	free(sums);
	rounds_free(&rounds);
}

static void regions_of_one_run_are_added_up(void **state)
{
	const struct model_run one[] = {make_run(0, 10, 1, 2), make_run(1, 10, 0, 0)};
	/* The second region is not executed in run 0. */
	const struct model_run other[] = {make_run(1, 30, 1, 4)};
	struct rounds rounds = {0};
	struct model_run *sums;
	size_t count;

	(void)state;
	assert_int_equal(rounds_add(&rounds, 0, one, 2), 0);
	assert_int_equal(rounds_add(&rounds, 0, other, 1), 0);
	assert_int_equal(rounds_sum(&rounds, &sums, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(sums[0].samples, 10);
	assert_int_equal(sums[1].samples, 40);
	assert_true(fabs(sums[1].anomalous_share - 0.75) < 1e-12);
	assert_true(fabs(sums[1].score_mean - 3) < 1e-12);
	free(sums);
	rounds_free(&rounds);
}

static void nothing_makes_no_rounds(void **state)
{
	struct rounds rounds = {0};
	struct model_run *sums;
	size_t count;

	(void)state;
	assert_int_equal(rounds_sum(&rounds, &sums, &count), 0);
	assert_int_equal(count, 0);
	free(sums);
}

static void rounds_beyond_normal_ones_are_anomalous_on_either_side(void **state)
{
	struct findings findings = {0};
	struct rounds before = {0}, after = {0};
	struct model_run normal[8], new[2];

	(void)state;
	for (uint32_t i = 0; i < 8; i++)
		normal[i] = make_run(i, 1000, 0.01 + 0.001 * i, 0.01 * i);
	normal[5].anomalous_share = 0.4; /* a disturbed run in training */
	new[0] = make_run(0, 1000, 0.011, 0.02);
	new[1] = make_run(1, 1000, 0.9, 3);
	assert_int_equal(rounds_add(&before, 0, normal, 8), 0);
	assert_int_equal(rounds_add(&after, 0, new, 2), 0);
	assert_int_equal(rounds_judge(&findings, &before, &after), 0);
	assert_int_equal(findings.rounds_before_count, 8);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(findings.rounds_before[i].anomalous, i == 5);
	assert_int_equal(findings.rounds_after_count, 2);
	assert_false(findings.rounds_after[0].anomalous);
	assert_true(findings.rounds_after[1].anomalous);
	assert_int_equal(findings.rounds_after[1].anomalous_samples, 900);
	rounds_free(&before);
	rounds_free(&after);
	free(findings.rounds_before);
	free(findings.rounds_after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nth_runs_of_all_passes_are_one_round),
		cmocka_unit_test(regions_of_one_run_are_added_up),
		cmocka_unit_test(nothing_makes_no_rounds),
		cmocka_unit_test(
			rounds_beyond_normal_ones_are_anomalous_on_either_side),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
