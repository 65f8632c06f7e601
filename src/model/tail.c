/* SPDX-License-Identifier: MIT */
/* See tail.h. */
#include "model/tail.h"

#include <math.h>

#include "base/statistics.h"
#include "model/elementary.h"

#define RATIO       0.91700404320467122 /* 2^(-1/8) */
#define UPPER_SHARE 0.1  /* of the values, that give the slope beyond them */
#define SLOPE_LEAST 1e-3 /* of the highest value, a step of tail_of() by one */
#define TINY        1e-9

void tail_learn(double *values, size_t count, double *table)
{
	double highest, upper, end, slope;
	double share = 1; /* of the values above */

	statistics_sort(values, count);
	highest = values[count - 1];
	upper = statistics_quantile_sorted(values, count, 1 - UPPER_SHARE);
	end = elementary_log((double)count + 1);
	/* From the upper tenth on, how much more it takes for tail_of() to rise by one. */
	slope = (highest - upper) /
		elementary_log(1 + UPPER_SHARE * ((double)count + 1));
	slope = fmax(slope, SLOPE_LEAST * fabs(highest) + TINY);
	for (size_t i = 0; i < TAIL_POINTS; i++) {
		double at = (double)i * TAIL_STEP;

		table[i] =
			at < end ? statistics_quantile_sorted(values, count, 1 - share)
				 : highest + slope * (at - end);
		if (i && table[i] < table[i - 1])
			table[i] = table[i - 1];
		share *= RATIO;
	}
}

double tail_of(const double *table, double value)
{
	size_t low = 0, high = TAIL_POINTS - 1;
	double step;

	if (!(value > table[0]))
		return 0;
	if (value > table[high]) {
		/* The last octave's slope; it is never 0 in a table that was learnt. */
		step = (table[high] - table[high - 8]) / 8;
		return TAIL_STEP *
		       ((double)high + (value - table[high]) / fmax(step, TINY));
	}
	/* table[low] < value <= table[high] */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (table[middle] < value)
			low = middle;
		else
			high = middle;
	}
	return TAIL_STEP *
	       ((double)low + (value - table[low]) / (table[high] - table[low]));
}
