/* SPDX-License-Identifier: MIT */
/* Histograms of two groups of samples over the same bins; private to src/report. */
#ifndef AUTOPERF_REPORT_HISTOGRAM_H
#define AUTOPERF_REPORT_HISTOGRAM_H

#include <stddef.h>

#define HISTOGRAM_BINS_MAX 40

/* Values below the first edge count in the first bin, those beyond the last edge in the last. */
struct histogram {
	double edges[HISTOGRAM_BINS_MAX + 1]; /* ascending */
	size_t bins;
};

/*
 * Bins for scores from `low` to `high`, both at least 0: of equal width in their logarithms, and
 * with the threshold on an edge, so that a bin is either below or above. Scores that are more
 * than a factor of 1000 from the threshold are not told apart.
 */
void histogram_of_scores(struct histogram *histogram, double low, double high,
			 double threshold);
/*
 * Bins for finite values, which are sorted (count > 0): of equal width from their 0.5 % to their
 * 99.5 % quantile; in their logarithms where these are positive and far apart.
 */
void histogram_of_values(struct histogram *histogram, const double *sorted,
			 size_t count);

/* Share of the values in each bin; NaN are left out of them. shares[histogram->bins] */
void histogram_shares(const struct histogram *histogram, const double *values,
		      size_t count, double *shares);
/*
 * The same of a distribution that is known by its quantiles, which ascend: the first is the
 * smallest value, the last the largest, and between two of them lies the same share. count > 1.
 */
void histogram_shares_of_quantiles(const struct histogram *histogram,
				   const double *quantiles, size_t count,
				   double *shares);

#endif
