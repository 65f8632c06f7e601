/* SPDX-License-Identifier: MIT */
/* See accuracy.h. */
#include "detect/accuracy.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define NORMAL_95 1.959964 /* quantile 0.975 of the standard normal distribution */

static int compare_cases(const void *a, const void *b)
{
	double x = ((const struct accuracy_case *)a)->score;
	double y = ((const struct accuracy_case *)b)->score;

	return (x < y) - (x > y);
}

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : (double)NAN;
}

/* The cases of one score, [first, end). */
static size_t end_of_score(const struct accuracy_case *cases, size_t first,
			   size_t count)
{
	size_t end = first;

	while (end < count && cases[end].score == cases[first].score)
		end++;
	return end;
}

/* Both areas, and the points, in one walk down the scores. */
static void walk(struct accuracy *accuracy, const struct accuracy_case *cases,
		 size_t count)
{
	double pairs = 0, precisions = 0;
	size_t positives = 0, negatives = 0;

	for (size_t first = 0, end; first < count; first = end) {
		size_t won = 0;

		end = end_of_score(cases, first, count);
		for (size_t i = first; i < end; i++)
			won += cases[i].positive;
		/* Positive ones above each negative one of this score; of the same score half. */
		pairs += (double)(end - first - won) *
			 ((double)positives + (double)won / 2);
		positives += won;
		negatives += end - first - won;
		precisions += (double)won * (double)positives /
			      (double)(positives + negatives);
		accuracy->points[accuracy->point_count++] = (struct accuracy_point){
			.threshold = cases[first].score,
			.true_positives = positives,
			.false_positives = negatives,
		};
	}
	accuracy->positives = positives;
	accuracy->negatives = negatives;
	accuracy->roc_area = ratio(pairs, (double)positives * (double)negatives);
	accuracy->pr_area =
		negatives ? ratio(precisions, (double)positives) : (double)NAN;
}

int accuracy_measure(struct accuracy *accuracy, struct accuracy_case *cases,
		     size_t count)
{
	double found, wrong;

	*accuracy = (struct accuracy){
		.points = calloc(count + 1, sizeof(*accuracy->points))};
	if (!accuracy->points)
		return -ENOMEM;
	if (count)
		qsort(cases, count, sizeof(*cases), compare_cases);
	walk(accuracy, cases, count);
	for (size_t i = 0; i < count; i++) {
		accuracy->true_positives += cases[i].found && cases[i].positive;
		accuracy->false_positives += cases[i].found && !cases[i].positive;
	}
	found = (double)accuracy->true_positives;
	wrong = (double)accuracy->false_positives +
		(double)(accuracy->positives - accuracy->true_positives);
	accuracy->precision = ratio(found, found + (double)accuracy->false_positives);
	accuracy->recall = ratio(found, (double)accuracy->positives);
	accuracy->f1 = ratio(2 * found, 2 * found + wrong);
	return 0;
}

void accuracy_free(struct accuracy *accuracy)
{
	free(accuracy->points);
	*accuracy = (struct accuracy){0};
}

void accuracy_interval(size_t hits, size_t count, double *low, double *high)
{
	const double z2 = NORMAL_95 * NORMAL_95;
	double n = (double)count, share, centre, half;

	*low = 0;
	*high = 1;
	if (!count)
		return;
	share = (double)hits / n;
	centre = (share + z2 / (2 * n)) / (1 + z2 / n);
	half = NORMAL_95 / (1 + z2 / n) *
	       sqrt(share * (1 - share) / n + z2 / (4 * n * n));
	if (hits)
		*low = fmax(0, centre - half);
	if (hits < count)
		*high = fmin(1, centre + half);
}
