/* SPDX-License-Identifier: MIT */
/* See whiten.h. Sums are in double, and in a fixed order: the same bits on every machine. */
#include "model/whiten.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RIDGE 1e-6 /* of the mean variance: features that are sums of others */

const float *whiten_row(const struct train_rows *rows, size_t i)
{
	return rows->values + (rows->rows ? rows->rows[i] : i) * rows->features;
}

size_t whiten_gather(const struct train_rows *rows, size_t first, size_t count,
		     float *block)
{
	size_t used = count < KERNEL_BLOCK ? count : KERNEL_BLOCK;

	memset(block, 0, rows->features * KERNEL_BLOCK * sizeof(*block));
	for (size_t lane = 0; lane < used; lane++) {
		const float *from = whiten_row(rows, first + lane);

		for (size_t f = 0; f < rows->features; f++)
			block[f * KERNEL_BLOCK + lane] = from[f];
	}
	return used;
}

/* Covariance (lower triangle) of the rows; returns the sum of |x|^4 over the centred rows. */
static double covariance(const float *values, size_t rows, size_t features,
			 double *mean, double *centred, double *matrix)
{
	double fourth = 0;

	memset(mean, 0, features * sizeof(*mean));
	memset(matrix, 0, features * features * sizeof(*matrix));
	for (size_t i = 0; i < rows; i++)
		for (size_t f = 0; f < features; f++)
			mean[f] += (double)values[i * features + f];
	for (size_t f = 0; f < features; f++)
		mean[f] /= (double)rows;
	for (size_t i = 0; i < rows; i++) {
		double length = 0;

		for (size_t f = 0; f < features; f++) {
			centred[f] = (double)values[i * features + f] - mean[f];
			length += centred[f] * centred[f];
		}
		fourth += length * length;
		for (size_t f = 0; f < features; f++) {
			double *row = matrix + f * features;

			for (size_t g = 0; g <= f; g++)
				row[g] += centred[f] * centred[g];
		}
	}
	for (size_t i = 0; i < features * features; i++)
		matrix[i] /= (double)rows;
	return fourth;
}

/* Moves the covariance towards the mean variance; by how much, the samples decide. */
static void shrink(double *matrix, size_t rows, size_t features, double fourth)
{
	double variance = 0, norm = 0, away, noise, share;

	for (size_t f = 0; f < features; f++) {
		variance += matrix[f * features + f] / (double)features;
		for (size_t g = 0; g <= f; g++) {
			double x = matrix[f * features + g];

			norm += (g < f ? 2 : 1) * x * x;
		}
	}
	away = norm - (double)features * variance * variance;
	noise = (fourth / (double)rows - norm) / (double)rows;
	share = away > 0 ? fmin(fmax(noise / away, 0), 1) : 1;
	for (size_t f = 0; f < features; f++)
		for (size_t g = 0; g <= f; g++) {
			double *x = &matrix[f * features + g];

			*x *= 1 - share;
			if (g == f)
				*x += (share + RIDGE) * variance + RIDGE;
		}
}

/* In place, lower triangle; what rounding makes negative counts as tiny. */
static void cholesky(double *matrix, size_t features)
{
	for (size_t i = 0; i < features; i++)
		for (size_t j = 0; j <= i; j++) {
			double sum = matrix[i * features + j];

			for (size_t k = 0; k < j; k++)
				sum -= matrix[i * features + k] *
				       matrix[j * features + k];
			if (i == j)
				matrix[i * features + i] = sqrt(fmax(sum, 1e-12));
			else
				matrix[i * features + j] =
					sum / matrix[j * features + j];
		}
}

/* Forward substitution for each column of the identity. */
static void invert(const double *factor, size_t features, double *column, float *map)
{
	memset(map, 0, features * features * sizeof(*map));
	for (size_t c = 0; c < features; c++)
		for (size_t i = c; i < features; i++) {
			double sum = i == c;

			for (size_t k = c; k < i; k++)
				sum -= factor[i * features + k] * column[k];
			column[i] = sum / factor[i * features + i];
			map[i * features + c] = (float)column[i];
		}
}

int whiten_fit(const float *values, size_t rows, size_t features, float *map)
{
	double *matrix = malloc(features * features * sizeof(*matrix));
	double *mean = malloc(features * sizeof(*mean));
	double *scratch = malloc(features * sizeof(*scratch));
	int status = matrix && mean && scratch && rows ? 0 : -ENOMEM;

	if (!status) {
		double fourth =
			covariance(values, rows, features, mean, scratch, matrix);

		shrink(matrix, rows, features, fourth);
		cholesky(matrix, features);
		invert(matrix, features, scratch, map);
	}
	free(scratch);
	free(mean);
	free(matrix);
	return status;
}
