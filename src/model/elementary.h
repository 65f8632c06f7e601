/* SPDX-License-Identifier: MIT */
/*
 * Elementary functions whose bits do not depend on the machine. libm picks a variant by CPU
 * (with or without fused multiply-add), and their last bits differ; a model must not. Only
 * additions, multiplications, divisions and bit operations are used here, which IEEE 754 rounds
 * alike everywhere (with -ffp-contract=off).
 */
#ifndef AUTOPERF_MODEL_ELEMENTARY_H
#define AUTOPERF_MODEL_ELEMENTARY_H

/* Natural logarithm of a normal x > 0; relative error at most 4e-16, or absolute near x = 1. */
double elementary_log(double x);
/* log(1 + x) of 0 <= x <= 1e300, accurate also for tiny x. */
double elementary_log1p(double x);

/*
 * What the logarithm is made of, for the vectors of kernel_body.h. x = m 2^e with m in
 * [sqrt(1/2), sqrt(2)], and log(m) = 2 (s + s^3/3 + s^5/5 + ...) with s = (m - 1) / (m + 1)
 * (Abramowitz & Stegun 1964, 4.1.27): |s| <= 0.1716, the first term left out is below 2^-59 of
 * the first.
 */
#define ELEMENTARY_TERMS    10
#define ELEMENTARY_FRACTION 0x000fffffffffffffLL
#define ELEMENTARY_ONE      0x3ff0000000000000LL /* bits of 1.0 */
#define ELEMENTARY_ROOT2    0x3ff6a09e667f3bcdLL /* bits of sqrt(2) */
#define ELEMENTARY_STEP \
	0x0010000000000000LL /* halves a double, subtracted from its bits */
#define ELEMENTARY_MAGIC \
	0x4330000000000000LL /* bits of 2^52: or-ed with a small integer */
#define ELEMENTARY_MAGIC_BIAS (0x1p52 + 1023)
/* log 2 in two parts: the first ends in zero bits, so that exponent * high is exact. */
#define ELEMENTARY_LOG2_HIGH 6.93147180369123816490e-01
#define ELEMENTARY_LOG2_LOW  1.90821492927058770002e-10

/* 1/21, 1/19, ..., 1/3 */
extern const double ELEMENTARY_SERIES[ELEMENTARY_TERMS];

#endif
