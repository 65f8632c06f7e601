/* SPDX-License-Identifier: MIT */
/*
 * Centre and scale of features: see scaler_fit() in feature.h. The standard deviation of
 * winsorised values, not the median absolute deviation: counters often have several modes, or
 * are zero in most executions, and then the latter is zero or describes one mode only.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/statistics.h"
#include "model/feature.h"

#define WINSOR_SHARE 0.005 /* at each end */
#define EVENTS_VISIBLE \
	(1.0 / 3)          /* events in a typical execution that make one spread */
#define RATIO_VISIBLE 0.01 /* share of the typical rate that makes one spread */
#define RAW_RELATIVE  1e-6 /* below this share of its value a raw feature is constant */

/* The least scale, in transformed units, around the typical natural value. */
static double least_scale(const struct feature *feature, double typical)
{
	double events, ratio;

	if (feature->kind == FEATURE_RAW)
		return fabs(typical) * RAW_RELATIVE;
	/* d log(1 + x/u) / dx = 1 / (u + x), for a step of u / 3 and of x / 100 */
	typical = fmax(typical, 0);
	events = EVENTS_VISIBLE * feature->resolution / (feature->resolution + typical);
	ratio = RATIO_VISIBLE * typical / (feature->resolution + typical);
	return fmax(events, ratio);
}

static void fit_column(struct scaler *scaler, const struct feature *feature, size_t f,
		       double *column, size_t rows, double *floor)
{
	double low, high, least, sum = 0, squares = 0;

	scaler->center[f] = 0;
	scaler->scale[f] = 1;
	*floor = 1;
	if (!rows)
		return;
	statistics_sort(column, rows);
	least = least_scale(feature, statistics_quantile_sorted(column, rows, 0.5));
	/* The transformation is monotonic: quantiles may be taken before it. */
	low = statistics_quantile_sorted(column, rows, WINSOR_SHARE);
	high = statistics_quantile_sorted(column, rows, 1 - WINSOR_SHARE);
	for (size_t i = 0; i < rows; i++) {
		column[i] =
			feature_transform(feature, fmin(fmax(column[i], low), high));
		sum += column[i];
	}
	scaler->center[f] = sum / (double)rows;
	for (size_t i = 0; i < rows; i++) {
		double d = column[i] - scaler->center[f];

		squares += d * d;
	}
	scaler->scale[f] = sqrt(squares / (double)rows);
	if (feature->kind == FEATURE_RAW && scaler->scale[f] <= least)
		/* A constant in unknown units: 1 % of it is one spread, or 1 when it is 0. */
		least = scaler->center[f] == 0
				? 1
				: fabs(scaler->center[f]) * RATIO_VISIBLE;
	if (!(scaler->scale[f] > least))
		scaler->scale[f] = least;
	*floor = least / scaler->scale[f];
}

int scaler_fit(struct scaler *scaler, const struct feature *features, size_t count,
	       const struct sample_table *table, const uint32_t *rows, size_t row_count,
	       double *floors)
{
	double *column = malloc((row_count + 1) * sizeof(*column));
	double *natural = malloc((count + 1) * sizeof(*natural));
	double *all = malloc((row_count * count + 1) * sizeof(*all));

	scaler->center = calloc(count, sizeof(*scaler->center));
	scaler->scale = calloc(count, sizeof(*scaler->scale));
	if (!column || !natural || !all || !scaler->center || !scaler->scale) {
		scaler_free(scaler);
		free(all);
		free(natural);
		free(column);
		return -ENOMEM;
	}
	for (size_t i = 0; i < row_count; i++) {
		feature_natural(features, count, table, rows[i], natural);
		for (size_t f = 0; f < count; f++)
			all[f * row_count + i] = natural[f];
	}
	for (size_t f = 0; f < count; f++) {
		size_t used = 0;

		for (size_t i = 0; i < row_count; i++)
			if (!isnan(all[f * row_count + i]))
				column[used++] = all[f * row_count + i];
		fit_column(scaler, &features[f], f, column, used, &floors[f]);
	}
	free(all);
	free(natural);
	free(column);
	return 0;
}

void scaler_free(struct scaler *scaler)
{
	free(scaler->center);
	free(scaler->scale);
	*scaler = (struct scaler){0};
}
