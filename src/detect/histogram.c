/* SPDX-License-Identifier: MIT */
/*
 * Histograms of scores: see histogram.h. Passes have thresholds of their own, so scores are
 * counted as multiples of them, in bins of half an octave; then one picture holds all passes.
 * What held-out samples scored, the model knows by quantiles alone, which is enough for shares.
 */
#include "detect/histogram.h"

#include <math.h>

#include "model/model.h"

#define BINS_PER_OCTAVE 2

double histogram_edge(size_t bin)
{
	return bin ? exp2(((double)bin - FINDING_BIN_THRESHOLD) / BINS_PER_OCTAVE) : 0;
}

/* A bin has what lies above its edge: so what is anomalous is above the threshold, not on it. */
static size_t bin_of(double multiple)
{
	size_t bin = 0;

	while (bin + 1 < FINDING_BINS && multiple > histogram_edge(bin + 1))
		bin++;
	return bin;
}

void histogram_count(uint64_t *counts, const struct model_unit *unit,
		     const float *scores, size_t rows)
{
	for (size_t row = 0; row < rows && unit->threshold > 0; row++)
		counts[bin_of((double)scores[row] / unit->threshold)]++;
}

/* Share of held-out samples above the multiple of the threshold. */
static double share_above(const struct model_unit *unit, double multiple)
{
	double score = multiple * unit->threshold;

	/* From the highest one on model_tail() gives what may still come, and not what was. */
	return score >= unit->score_quantiles[MODEL_QUANTILES - 1]
		       ? 0
		       : model_tail(unit, score);
}

void histogram_add(struct finding_histogram *histogram, const struct model_unit *unit,
		   const uint64_t *counts)
{
	double above = 1; /* share of what lies in this bin or a higher one */

	if (!(unit->threshold > 0) || !unit->score_quantiles)
		return;
	for (size_t bin = 0; bin < FINDING_BINS; bin++) {
		double higher = bin + 1 < FINDING_BINS
					? share_above(unit, histogram_edge(bin + 1))
					: 0;

		histogram->before[bin] +=
			fmax(above - higher, 0) * (double)unit->samples;
		histogram->after[bin] += (double)counts[bin];
		above = higher;
	}
	histogram->known = true;
}

static void make_shares(double *bins)
{
	double sum = 0;

	for (size_t bin = 0; bin < FINDING_BINS; bin++)
		sum += bins[bin];
	for (size_t bin = 0; bin < FINDING_BINS && sum > 0; bin++)
		bins[bin] /= sum;
}

void histogram_finish(struct finding_histogram *histogram)
{
	make_shares(histogram->before);
	make_shares(histogram->after);
}
