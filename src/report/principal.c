/* SPDX-License-Identifier: MIT */
/*
 * Principal components by orthogonal iteration (Golub & Van Loan 2013, 8.2.4): vectors are
 * multiplied by the covariance, which is never formed, and made orthonormal, again and again. It
 * is a few vectors more than are wanted, so that the first ones converge by the gap to the
 * variance that comes after all of them.
 */
#include "report/principal.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define VECTORS    ((size_t)6)
#define ROUNDS_MAX 500
/* Change of a variance in a round, relative to all of it; the axes are as good as its root. */
#define SETTLED 1e-13
#define NOTHING 1e-12 /* of the variance: what rounding leaves */
#define SEED    1

/* The work of a fit; vectors and images are [VECTORS][dimensions]. */
struct work {
	const float *points;
	const double *mean;
	size_t count, dimensions;
	double *vectors;
	double *images;
	double *centred; /* [dimensions] */
};

static double dot(const double *a, const double *b, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += a[i] * b[i];
	return sum;
}

/*
 * Makes the vectors orthonormal in their order (Gram-Schmidt, twice for rounding). lengths[]
 * receives what was left of each; without any it becomes zeros.
 */
static void orthonormalise(double *vectors, size_t dimensions, double least,
			   double *lengths)
{
	for (size_t v = 0; v < VECTORS; v++) {
		double *vector = vectors + v * dimensions;

		for (int again = 0; again < 2; again++)
			for (size_t u = 0; u < v; u++) {
				const double *other = vectors + u * dimensions;
				double along = dot(vector, other, dimensions);

				for (size_t d = 0; d < dimensions; d++)
					vector[d] -= along * other[d];
			}
		lengths[v] = sqrt(dot(vector, vector, dimensions));
		if (!(lengths[v] > least))
			lengths[v] = 0;
		for (size_t d = 0; d < dimensions; d++)
			vector[d] = lengths[v] > 0 ? vector[d] / lengths[v] : 0;
	}
}

/* images = covariance * vectors. */
static void multiply(struct work *work)
{
	size_t dimensions = work->dimensions;

	memset(work->images, 0, VECTORS * dimensions * sizeof(*work->images));
	for (size_t i = 0; i < work->count; i++) {
		const float *point = work->points + i * dimensions;

		for (size_t d = 0; d < dimensions; d++)
			work->centred[d] = (double)point[d] - work->mean[d];
		for (size_t v = 0; v < VECTORS; v++) {
			double *image = work->images + v * dimensions;
			double along = dot(work->vectors + v * dimensions,
					   work->centred, dimensions);

			along /= (double)work->count;
			for (size_t d = 0; d < dimensions; d++)
				image[d] += along * work->centred[d];
		}
	}
}

static void start(struct work *work)
{
	double lengths[VECTORS];
	struct random random;

	random_seed(&random, SEED, 0);
	for (size_t i = 0; i < VECTORS * work->dimensions; i++)
		work->vectors[i] = random_normal(&random);
	orthonormalise(work->vectors, work->dimensions, NOTHING, lengths);
}

/* Leaves the components in work->vectors; variances[] along them, descending but for rounding. */
static void iterate(struct work *work, double total, double *variances)
{
	size_t bytes = VECTORS * work->dimensions * sizeof(*work->vectors);
	bool settled = false;

	memset(variances, 0, VECTORS * sizeof(*variances));
	start(work);
	for (int round = 0; round < ROUNDS_MAX && !settled; round++) {
		double now[VECTORS];

		multiply(work);
		memcpy(work->vectors, work->images, bytes);
		orthonormalise(work->vectors, work->dimensions, NOTHING * total, now);
		settled = true;
		for (size_t v = 0; v < PRINCIPAL_AXES; v++)
			settled &= fabs(now[v] - variances[v]) <= SETTLED * total;
		memcpy(variances, now, sizeof(now));
	}
}

static double centre(struct principal *principal, const float *points, size_t count)
{
	size_t dimensions = principal->dimensions;
	double total = 0;

	for (size_t i = 0; i < count * dimensions; i++)
		principal->mean[i % dimensions] += (double)points[i] / (double)count;
	for (size_t i = 0; i < count * dimensions; i++) {
		double apart = (double)points[i] - principal->mean[i % dimensions];

		total += apart * apart / (double)count;
	}
	return total;
}

/* An axis and its opposite are the same one: its largest coordinate is made positive. */
static void turn(double *axis, size_t dimensions)
{
	size_t largest = 0;

	for (size_t d = 1; d < dimensions; d++)
		if (fabs(axis[d]) > fabs(axis[largest]))
			largest = d;
	for (size_t d = 0; axis[largest] < 0 && d < dimensions; d++)
		if (d != largest)
			axis[d] = -axis[d];
	axis[largest] = fabs(axis[largest]);
}

int principal_fit(struct principal *principal, const float *points, size_t count,
		  size_t dimensions)
{
	struct work work = {
		.points = points,
		.count = count,
		.dimensions = dimensions,
		.vectors = calloc(VECTORS * dimensions + 1, sizeof(double)),
		.images = calloc(VECTORS * dimensions + 1, sizeof(double)),
		.centred = calloc(dimensions + 1, sizeof(double)),
	};
	double variances[VECTORS], total = 0;
	int status = -ENOMEM;

	*principal = (struct principal){.dimensions = dimensions};
	principal->mean = calloc(dimensions + 1, sizeof(double));
	for (size_t a = 0; a < PRINCIPAL_AXES; a++)
		principal->axes[a] = calloc(dimensions + 1, sizeof(double));
	if (!work.vectors || !work.images || !work.centred || !principal->mean ||
	    !principal->axes[0] || !principal->axes[1])
		goto out;
	status = 0;
	if (!count || !dimensions)
		goto out;
	total = centre(principal, points, count);
	work.mean = principal->mean;
	if (!(total > 0))
		goto out;
	iterate(&work, total, variances);
	for (size_t a = 0; a < PRINCIPAL_AXES; a++) {
		principal->explained[a] = fmin(1, variances[a] / total);
		memcpy(principal->axes[a], work.vectors + a * dimensions,
		       dimensions * sizeof(double));
		turn(principal->axes[a], dimensions);
	}
out:
	free(work.vectors);
	free(work.images);
	free(work.centred);
	return status;
}

void principal_place(const struct principal *principal, const float *point,
		     double place[PRINCIPAL_AXES])
{
	for (size_t a = 0; a < PRINCIPAL_AXES; a++) {
		place[a] = 0;
		for (size_t d = 0; d < principal->dimensions; d++)
			place[a] += principal->axes[a][d] *
				    ((double)point[d] - principal->mean[d]);
	}
}

void principal_free(struct principal *principal)
{
	free(principal->mean);
	for (size_t a = 0; a < PRINCIPAL_AXES; a++)
		free(principal->axes[a]);
	*principal = (struct principal){0};
}
