/* SPDX-License-Identifier: MIT */
/* Histograms: see histogram.h. */
#include "report/histogram.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/statistics.h"

#define SCORE_RANGE   1000.0 /* to either side of the threshold */
#define VALUE_BINS    30
#define VALUE_TAIL    0.005 /* of the values, at either end, share the outer bins */
#define FAR_APART     50.0  /* smallest and largest value: their logarithms are shown */
#define WIDTH_OF_NONE 0.1   /* of a value that never varies */

/* Edges at from * exp(i * step), or from + i * step. */
static void set_edges(struct histogram *histogram, size_t bins, double from,
		      double step, bool logarithmic)
{
	histogram->bins = bins;
	for (size_t i = 0; i <= bins; i++)
		histogram->edges[i] = logarithmic ? from * exp((double)i * step)
						  : from + (double)i * step;
}

void histogram_of_scores(struct histogram *histogram, double low, double high,
			 double threshold)
{
	size_t bins = HISTOGRAM_BINS_MAX;
	double step, below;

	if (!(threshold > 0))
		threshold = high > 0 ? high : 1;
	low = fmin(threshold, fmax(low, threshold / SCORE_RANGE));
	high = fmax(threshold, fmin(high, threshold * SCORE_RANGE));
	if (!(high > low)) {
		low = threshold / 2;
		high = threshold * 2;
	}
	/* One bin more than needed leaves room to move the threshold to an edge. */
	step = log(high / low) / (double)(bins - 1);
	below = ceil(log(threshold / low) / step - 1e-9);
	set_edges(histogram, bins, threshold * exp(-below * step), step, true);
	histogram->edges[(size_t)below] = threshold;
}

void histogram_of_values(struct histogram *histogram, const double *sorted,
			 size_t count)
{
	double low = statistics_quantile_sorted(sorted, count, VALUE_TAIL);
	double high = statistics_quantile_sorted(sorted, count, 1 - VALUE_TAIL);

	/* A rare event is in no quantile: then whatever there is. */
	if (!(high > low)) {
		low = sorted[0];
		high = sorted[count - 1];
	}
	if (!(high > low)) {
		double width = low != 0 ? WIDTH_OF_NONE * fabs(low) : 1;

		low = low != 0 ? low - width / 2 : 0;
		high = low + width;
	}
	if (low > 0 && high / low > FAR_APART)
		set_edges(histogram, VALUE_BINS, low, log(high / low) / VALUE_BINS,
			  true);
	else
		set_edges(histogram, VALUE_BINS, low, (high - low) / VALUE_BINS, false);
}

/* The bin of a value: [edge, next edge). */
static size_t bin_of(const struct histogram *histogram, double value)
{
	size_t low = 0, high = histogram->bins;

	/* Below edges[low + 1] there is nothing but bins up to `low`. */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (value < histogram->edges[middle])
			high = middle;
		else
			low = middle;
	}
	return low;
}

void histogram_shares(const struct histogram *histogram, const double *values,
		      size_t count, double *shares)
{
	size_t used = 0;

	memset(shares, 0, histogram->bins * sizeof(*shares));
	for (size_t i = 0; i < count; i++) {
		if (isnan(values[i]))
			continue;
		shares[bin_of(histogram, values[i])]++;
		used++;
	}
	for (size_t i = 0; i < histogram->bins && used; i++)
		shares[i] /= (double)used;
}

/* Share of the distribution below `value`. */
static double share_below(const double *quantiles, size_t count, double value)
{
	size_t low = 0, high = count - 1;

	if (!(value > quantiles[0]))
		return 0;
	if (value > quantiles[high])
		return 1;
	/* quantiles[low] < value <= quantiles[high] */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (quantiles[middle] < value)
			low = middle;
		else
			high = middle;
	}
	return ((double)low +
		(value - quantiles[low]) / (quantiles[high] - quantiles[low])) /
	       (double)(count - 1);
}

void histogram_shares_of_quantiles(const struct histogram *histogram,
				   const double *quantiles, size_t count,
				   double *shares)
{
	double below = 0;

	for (size_t i = 0; i < histogram->bins; i++) {
		double until =
			i + 1 < histogram->bins
				? share_below(quantiles, count, histogram->edges[i + 1])
				: 1;

		shares[i] = until - below;
		below = until;
	}
}
