/* SPDX-License-Identifier: MIT */
/*
 * The kernels for each vector width: kernel_body.h, compiled once per width with gcc's and
 * clang's vector extensions, and the choice between them by what the CPU has. Not target_clones:
 * its resolvers run before a sanitizer is ready, and a test could not ask for a width.
 */
#include "model/kernel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "model/elementary.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/*
 * The coefficients of tanh(x) = x P(x^2) / Q(x^2) on |x| <= TANH_LIMIT: a rational fit by
 * reweighted least squares to the smallest relative error (Lawson 1961), 9.4e-9 in exact
 * arithmetic and 3.4e-7 in single precision (measured over all floats by the unit test).
 */
#define TANH_LIMIT 8.3f
#define TANH_P0    9.999999908e-01f
#define TANH_P1    1.342587900e-01f
#define TANH_P2    3.549177843e-03f
#define TANH_P3    2.150857877e-05f
#define TANH_P4    1.464824820e-08f
#define TANH_Q1    4.675920389e-01f
#define TANH_Q2    2.607998650e-02f
#define TANH_Q3    3.373962139e-04f
#define TANH_Q4    8.295131625e-07f

/*
 * The sum of four uniform 16-bit numbers stands in for a normal one (Irwin-Hall): same mean and
 * variance, bounded at 3.46 standard deviations, and no logarithm or cosine.
 */
#define NOISE_MEAN      131070.0f    /* 4 * 65535 / 2 */
#define NOISE_DEVIATION 37837.22772f /* sqrt(4 * (65536^2 - 1) / 12) */

/* gcc notes that passing wide vectors by value changed once; nothing here is called across
 * translation units. */
#pragma GCC diagnostic ignored "-Wpsabi"

#define JOIN2(a, b) a##_##b
#define JOIN(a, b)  JOIN2(a, b)

#define KERNEL_SUFFIX portable
#define KERNEL_NATIVE 4 /* floats */
#define KERNEL_ROWS   2 /* rows of a product made together: accumulators fit registers */
#define KERNEL_CHUNK  4 /* vectors of samples made together */
#define KERNEL_TARGET
#include "model/kernel_body.h"

#if defined(__x86_64__)
#define KERNEL_SUFFIX avx2
#define KERNEL_NATIVE 8
#define KERNEL_ROWS   2
#define KERNEL_CHUNK  4
#define KERNEL_TARGET __attribute__((target("avx2")))
#include "model/kernel_body.h"

#define KERNEL_SUFFIX avx512
#define KERNEL_NATIVE 16
#define KERNEL_ROWS   4
#define KERNEL_CHUNK  4
#define KERNEL_TARGET __attribute__((target("avx512f")))
#include "model/kernel_body.h"
#endif

const struct kernels *kernels_select(enum kernel_width width)
{
#if defined(__x86_64__)
	bool has_512 = __builtin_cpu_supports("avx512f");
	bool has_256 = __builtin_cpu_supports("avx2");

	if (has_512 && (width == KERNEL_WIDTH_512 || width == KERNEL_WIDTH_BEST))
		return &kernels_avx512;
	if (has_256 && (width == KERNEL_WIDTH_256 || width == KERNEL_WIDTH_BEST))
		return &kernels_avx2;
#endif
	if (width == KERNEL_WIDTH_128 || width == KERNEL_WIDTH_BEST)
		return &kernels_portable;
	return NULL;
}

void kernel_noise_seed(struct kernel_noise *noise, uint64_t seed, uint64_t stream)
{
	struct random random;

	random_seed(&random, seed, stream);
	for (size_t word = 0; word < 4; word++)
		for (size_t lane = 0; lane < KERNEL_LANES; lane++)
			noise->state[word][lane] = random_u32(&random);
	/* A state of zeros would stay zero. */
	for (size_t lane = 0; lane < KERNEL_LANES; lane++)
		noise->state[0][lane] |= 1;
}

float *kernel_alloc(size_t count)
{
	size_t padded = (count + KERNEL_LANES) / KERNEL_LANES * KERNEL_LANES;
	float *floats;

	if (padded > SIZE_MAX / sizeof(*floats))
		return NULL;
	floats = aligned_alloc(KERNEL_ALIGNMENT, padded * sizeof(*floats));
	if (floats)
		memset(floats, 0, padded * sizeof(*floats));
	return floats;
}
