/* SPDX-License-Identifier: MIT */
/* model/cluster.c: regions that behave alike are found, and samples are borrowed without weight. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/cluster.h"
#include "support/mixture.h"

#define POINTS 12

static void three_groups_are_three_clusters(void **state)
{
	double points[POINTS * 2];
	size_t cluster[POINTS];
	struct random random;

	(void)state;
	random_seed(&random, 1, 0);
	for (size_t p = 0; p < POINTS; p++) {
		points[p * 2] = (p % 3 == 1 ? 10 : 0) + 0.1 * random_normal(&random);
		points[p * 2 + 1] =
			(p % 3 == 2 ? 10 : 0) + 0.1 * random_normal(&random);
	}
	assert_int_equal(cluster_points(points, POINTS, 2, cluster), 3);
	for (size_t p = 0; p < POINTS; p++)
		for (size_t q = 0; q < POINTS; q++)
			assert_int_equal(cluster[p] == cluster[q], p % 3 == q % 3);
}

static void one_region_or_equal_ones_are_one_cluster(void **state)
{
	const double points[] = {1, 2, 1, 2, 1, 2, 1, 2};
	size_t cluster[4];

	(void)state;
	assert_int_equal(cluster_points(points, 1, 2, cluster), 1);
	assert_int_equal(cluster_points(points, 4, 2, cluster), 1);
	assert_int_equal(cluster[3], 0);
}

static void borrowed_samples_weigh_nothing(void **state)
{
	struct sample_table own, other, merged;
	double weight = 0;

	(void)state;
	mixture_table(&own, &(struct mixture){
				    .seed = 1, .runs = 3, .rows = 2, .counters = 1});
	mixture_table(
		&other,
		&(struct mixture){.seed = 2, .runs = 5, .rows = 500, .counters = 1});
	assert_int_equal(cluster_merge(&merged, &own, &other), 0);
	assert_int_equal(merged.run_count, 5);
	assert_true(merged.rows > 6 && merged.rows < 6 + 5 * 500);
	for (size_t i = 0; i < merged.rows; i++) {
		weight += merged.weight[i];
		assert_true(!i || merged.run[i] >= merged.run[i - 1]);
	}
	assert_true(weight == 6);
	assert_true(merged.values[0][0] == own.values[0][0]);
	sample_table_free(&merged);
	mixture_table_free(&other);
	mixture_table_free(&own);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_groups_are_three_clusters),
		cmocka_unit_test(one_region_or_equal_ones_are_one_cluster),
		cmocka_unit_test(borrowed_samples_weigh_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
