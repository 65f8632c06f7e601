/* SPDX-License-Identifier: MIT */
/* See elementary.h. */
#include "model/elementary.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

const double ELEMENTARY_SERIES[ELEMENTARY_TERMS] = {
	1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
	1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3,
};

double elementary_log(double x)
{
	int64_t bits, fraction, large;
	double exponent, m, s, u, series = ELEMENTARY_SERIES[0];

	memcpy(&bits, &x, sizeof(bits));
	fraction = (bits & ELEMENTARY_FRACTION) | ELEMENTARY_ONE;
	large = fraction > ELEMENTARY_ROOT2;
	exponent = (double)((bits >> 52) - 1023 + large);
	fraction -= large * ELEMENTARY_STEP;
	memcpy(&m, &fraction, sizeof(m));
	s = (m - 1) / (m + 1);
	u = s * s;
	for (size_t k = 1; k < ELEMENTARY_TERMS; k++)
		series = series * u + ELEMENTARY_SERIES[k];
	return exponent * ELEMENTARY_LOG2_HIGH +
	       (2 * s + (2 * s * u * series + exponent * ELEMENTARY_LOG2_LOW));
}

double elementary_log1p(double x)
{
	double sum = 1 + x;

	/* What rounding 1 + x lost, brought back to first order. */
	return elementary_log(sum) + (x - (sum - 1)) / sum;
}
