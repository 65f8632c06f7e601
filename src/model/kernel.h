/* SPDX-License-Identifier: MIT */
/*
 * The arithmetic that training and scoring spend their time in, once for each vector width of
 * the CPU, chosen at run time.
 *
 * Samples are handled in blocks of KERNEL_BLOCK, laid out [unit][sample], so that vectors run
 * along the samples and each sample's sums are made in the same order whatever the width. The
 * few sums across samples follow one fixed tree. With -ffp-contract=off every width therefore
 * gives the same bits.
 *
 * Arrays named in/out/delta are aligned to KERNEL_ALIGNMENT. All values must be finite. Pure
 * functions of their arguments: any number of threads.
 */
#ifndef AUTOPERF_MODEL_KERNEL_H
#define AUTOPERF_MODEL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define KERNEL_BLOCK     ((size_t)64) /* samples in a block */
#define KERNEL_LANES     ((size_t)16) /* floats in the widest vector; the unit of padding */
#define KERNEL_ALIGNMENT 64           /* bytes */

/* tanh() here is within this of the true one, for every float. */
#define KERNEL_TANH_ERROR 4e-7f

/* Generator of the denoising noise: 16 independent xoshiro128++ (Blackman & Vigna 2021). */
struct kernel_noise {
	uint32_t state[4][KERNEL_LANES] __attribute__((aligned(KERNEL_ALIGNMENT)));
};

struct kernel_adam {
	float rate;    /* learning rate with both bias corrections */
	float epsilon; /* with the bias correction of the second moment */
	float decay1;  /* of the first moment, 0.9 */
	float decay2;  /* of the second, 0.999 */
};

struct kernels {
	const char *name; /* "avx512", "avx2", "portable" */
	/*
	 * out[r][s] = bias[r] + sum over k of weights[r * row_stride + k * column_stride] *
	 * in[k][s], summed in the order of k. bias NULL: zeros. in [inner][BLOCK],
	 * out [rows][BLOCK].
	 */
	void (*product)(const float *weights, size_t row_stride, size_t column_stride,
			const float *bias, size_t rows, size_t inner, const float *in,
			float *out);
	/*
	 * Adds delta[o] . in[i], summed over the block, to weight_gradient[o * inputs + i],
	 * and the sum of delta[o] to bias_gradient[o].
	 */
	void (*gradient)(size_t inputs, size_t outputs, const float *in,
			 const float *delta, float *weight_gradient,
			 float *bias_gradient);
	/* In place; count is a multiple of KERNEL_LANES, here and below. */
	void (*tanh)(float *values, size_t count);
	/* delta *= 1 - output^2 */
	void (*tanh_back)(const float *output, float *delta, size_t count);
	void (*sigmoid)(float *values, size_t count);
	/* delta *= output * (1 - output) */
	void (*sigmoid_back)(const float *output, float *delta, size_t count);
	/* delta = (output - target) * scale; returns the sum of (output - target)^2. */
	float (*difference)(const float *output, const float *target, float *delta,
			    float scale, size_t count);
	/* out = in + sigma * noise, noise of mean 0 and variance 1. */
	void (*noise)(struct kernel_noise *noise, const float *in, float *out,
		      float sigma, size_t count);
	/* One step of Adam (Kingma & Ba 2015, algorithm 1) on all parameters. */
	void (*adam)(const struct kernel_adam *adam, float *parameters,
		     const float *gradient, float *moment1, float *moment2,
		     size_t count);
	/*
	 * One feature of a block: r = rebuilt * rebuilt_weight, d = distance * distance_weight;
	 * adds r^2 + d^2 to sums, and, unless residual is NULL, sets it to
	 * sqrt((r^2 + d^2) / 2) with the sign of the larger of r and d.
	 */
	void (*combine)(const float *rebuilt, float rebuilt_weight,
			const float *distance, float distance_weight, float *sums,
			float *residual);
	/* log(1 + x) in place of 0 <= x <= 1e300: elementary_log1p() to the bit. */
	void (*log1p)(double *values, size_t count);
	/*
	 * For each sample: the index (offset by `first`) of the largest of values
	 * [rows][BLOCK], if larger than best[s]; on a tie the lower index stays.
	 */
	void (*largest)(const float *values, size_t rows, int32_t first, float *best,
			int32_t *index);
};

/* Widths that can be asked for; a test compares them. */
enum kernel_width {
	KERNEL_WIDTH_BEST, /* the widest that this CPU has */
	KERNEL_WIDTH_128,
	KERNEL_WIDTH_256,
	KERNEL_WIDTH_512,
};

/* NULL when this CPU does not have that width. */
const struct kernels *kernels_select(enum kernel_width width);

/* Seeds the 16 generators from one number. */
void kernel_noise_seed(struct kernel_noise *noise, uint64_t seed, uint64_t stream);

/* Zeroed floats, aligned and padded for the kernels; free() them. NULL: out of memory. */
float *kernel_alloc(size_t count);

#endif
