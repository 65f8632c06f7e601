/* SPDX-License-Identifier: MIT */
/*
 * The kernels for one vector width; kernel.c includes this once per width, so it has no include
 * guard. It is given, and undefines at its end:
 *
 *	KERNEL_SUFFIX	what the names end in
 *	KERNEL_NATIVE	floats in a vector: 4, 8 or 16
 *	KERNEL_ROWS	rows of a product that are made together
 *	KERNEL_CHUNK	vectors of samples that are made together
 *	KERNEL_TARGET	the function attribute that allows the instructions
 *
 * Rows and chunk only decide how much is kept in registers, never the order of a sum.
 */
#define KERNEL(name) JOIN(name, KERNEL_SUFFIX)
#define VECTOR       KERNEL(vector)
#define INTS         KERNEL(ints)
#define WORDS        KERNEL(words)
#define DOUBLES      KERNEL(doubles)
#define LONGS        KERNEL(longs)
#define INLINE       KERNEL_TARGET static inline __attribute__((always_inline))
/* mask is all ones or all zeros in each lane, as comparisons of vectors give it. */
#define SELECT(mask, yes, no) (((mask) & (INTS)(yes)) | (~(mask) & (INTS)(no)))

typedef float VECTOR __attribute__((vector_size(4 * KERNEL_NATIVE), may_alias));
typedef int32_t INTS __attribute__((vector_size(4 * KERNEL_NATIVE), may_alias));
typedef uint32_t WORDS __attribute__((vector_size(4 * KERNEL_NATIVE), may_alias));
typedef double DOUBLES __attribute__((vector_size(4 * KERNEL_NATIVE), may_alias));
typedef int64_t LONGS __attribute__((vector_size(4 * KERNEL_NATIVE), may_alias));
typedef float KERNEL(quarter) __attribute__((vector_size(16), may_alias));
#define QUARTER KERNEL(quarter)

INLINE VECTOR KERNEL(load)(const float *from)
{
	return *(const VECTOR *)from;
}

INLINE void KERNEL(store)(float *to, VECTOR value)
{
	*(VECTOR *)to = value;
}

/* `rows` rows by KERNEL_CHUNK vectors of samples; `rows` is a constant at each call. */
INLINE void KERNEL(product_tile)(size_t rows, const float *weights, size_t row_stride,
				 size_t column_stride, const float *bias, size_t inner,
				 const float *in, float *out)
{
	VECTOR sum[KERNEL_ROWS][KERNEL_CHUNK];

#pragma GCC unroll 4
	for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
		for (size_t c = 0; c < KERNEL_CHUNK; c++)
			sum[r][c] = (VECTOR){0} + (bias ? bias[r] : 0.0f);
	for (size_t k = 0; k < inner; k++) {
		const float *row = in + k * KERNEL_BLOCK;
		VECTOR x[KERNEL_CHUNK];

#pragma GCC unroll 4
		for (size_t c = 0; c < KERNEL_CHUNK; c++)
			x[c] = KERNEL(load)(row + c * KERNEL_NATIVE);
#pragma GCC unroll 4
		for (size_t r = 0; r < rows; r++) {
			float w = weights[r * row_stride + k * column_stride];

#pragma GCC unroll 4
			for (size_t c = 0; c < KERNEL_CHUNK; c++)
				sum[r][c] += w * x[c];
		}
	}
#pragma GCC unroll 4
	for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 4
		for (size_t c = 0; c < KERNEL_CHUNK; c++)
			KERNEL(store)
	(out + r * KERNEL_BLOCK + c * KERNEL_NATIVE, sum[r][c]);
}

KERNEL_TARGET static void KERNEL(product)(const float *weights, size_t row_stride,
					  size_t column_stride, const float *bias,
					  size_t rows, size_t inner, const float *in,
					  float *out)
{
	for (size_t s = 0; s < KERNEL_BLOCK;
	     s += (size_t)KERNEL_CHUNK * KERNEL_NATIVE) {
		size_t r = 0;

		for (; r + KERNEL_ROWS <= rows; r += KERNEL_ROWS)
			KERNEL(product_tile)
		(KERNEL_ROWS, weights + r * row_stride, row_stride, column_stride,
		 bias ? bias + r : NULL, inner, in + s, out + r * KERNEL_BLOCK + s);
		for (; r < rows; r++)
			KERNEL(product_tile)
		(1, weights + r * row_stride, row_stride, column_stride,
		 bias ? bias + r : NULL, inner, in + s, out + r * KERNEL_BLOCK + s);
	}
}

/*
 * The sum over a block, left in 4 lanes: first the four groups of 16 samples, then halves onto
 * halves until 4 are left. Every width makes the same additions.
 */
INLINE QUARTER KERNEL(fold)(const VECTOR *product)
{
	VECTOR lanes[KERNEL_LANES / KERNEL_NATIVE];
	const size_t n = KERNEL_LANES / KERNEL_NATIVE;

#pragma GCC unroll 4
	for (size_t c = 0; c < n; c++)
		lanes[c] = (product[c] + product[n + c]) +
			   (product[2 * n + c] + product[3 * n + c]);
#if KERNEL_NATIVE == 16
	QUARTER q0 = __builtin_shufflevector(lanes[0], lanes[0], 0, 1, 2, 3);
	QUARTER q1 = __builtin_shufflevector(lanes[0], lanes[0], 4, 5, 6, 7);
	QUARTER q2 = __builtin_shufflevector(lanes[0], lanes[0], 8, 9, 10, 11);
	QUARTER q3 = __builtin_shufflevector(lanes[0], lanes[0], 12, 13, 14, 15);
#elif KERNEL_NATIVE == 8
	QUARTER q0 = __builtin_shufflevector(lanes[0], lanes[0], 0, 1, 2, 3);
	QUARTER q1 = __builtin_shufflevector(lanes[0], lanes[0], 4, 5, 6, 7);
	QUARTER q2 = __builtin_shufflevector(lanes[1], lanes[1], 0, 1, 2, 3);
	QUARTER q3 = __builtin_shufflevector(lanes[1], lanes[1], 4, 5, 6, 7);
#else
	QUARTER q0 = lanes[0], q1 = lanes[1], q2 = lanes[2], q3 = lanes[3];
#endif
	return (q0 + q2) + (q1 + q3);
}

/* [a0+a2+..., b..., c..., d...]: the last two levels of the tree for four sums at once. */
INLINE QUARTER KERNEL(fold_four)(QUARTER a, QUARTER b, QUARTER c, QUARTER d)
{
	QUARTER ab = __builtin_shufflevector(a, b, 0, 1, 4, 5) +
		     __builtin_shufflevector(a, b, 2, 3, 6, 7);
	QUARTER cd = __builtin_shufflevector(c, d, 0, 1, 4, 5) +
		     __builtin_shufflevector(c, d, 2, 3, 6, 7);

	return __builtin_shufflevector(ab, cd, 0, 2, 4, 6) +
	       __builtin_shufflevector(ab, cd, 1, 3, 5, 7);
}

#define VECTORS (KERNEL_BLOCK / KERNEL_NATIVE) /* in a block */

INLINE QUARTER KERNEL(dot)(const float *a, const VECTOR *b)
{
	VECTOR product[VECTORS];

#pragma GCC unroll 16
	for (size_t c = 0; c < VECTORS; c++)
		product[c] = KERNEL(load)(a + c * KERNEL_NATIVE) * b[c];
	return KERNEL(fold)(product);
}

KERNEL_TARGET static void KERNEL(gradient)(size_t inputs, size_t outputs,
					   const float *in, const float *delta,
					   float *weight_gradient, float *bias_gradient)
{
	const QUARTER zero = {0};

	for (size_t o = 0; o < outputs; o++) {
		float *gradient = weight_gradient + o * inputs;
		VECTOR d[VECTORS];
		QUARTER sums;
		size_t i = 0;

#pragma GCC unroll 16
		for (size_t c = 0; c < VECTORS; c++)
			d[c] = KERNEL(load)(delta + o * KERNEL_BLOCK +
					    c * KERNEL_NATIVE);
		for (; i + 4 <= inputs; i += 4) {
			const float *x = in + i * KERNEL_BLOCK;

			sums = KERNEL(fold_four)(KERNEL(dot)(x, d),
						 KERNEL(dot)(x + KERNEL_BLOCK, d),
						 KERNEL(dot)(x + 2 * KERNEL_BLOCK, d),
						 KERNEL(dot)(x + 3 * KERNEL_BLOCK, d));
			for (size_t k = 0; k < 4; k++)
				gradient[i + k] += sums[k];
		}
		for (; i < inputs; i++) {
			sums = KERNEL(fold_four)(KERNEL(dot)(in + i * KERNEL_BLOCK, d),
						 zero, zero, zero);
			gradient[i] += sums[0];
		}
		sums = KERNEL(fold_four)(KERNEL(fold)(d), zero, zero, zero);
		bias_gradient[o] += sums[0];
	}
}

INLINE VECTOR KERNEL(limit)(VECTOR x, float bound)
{
	const VECTOR high = (VECTOR){0} + bound;

	x = (VECTOR)SELECT(x > high, high, x);
	return (VECTOR)SELECT(x < -high, -high, x);
}

INLINE VECTOR KERNEL(tanh_of)(VECTOR x)
{
	VECTOR u, p, q;

	x = KERNEL(limit)(x, TANH_LIMIT);
	u = x * x;
	p = (((TANH_P4 * u + TANH_P3) * u + TANH_P2) * u + TANH_P1) * u + TANH_P0;
	q = (((TANH_Q4 * u + TANH_Q3) * u + TANH_Q2) * u + TANH_Q1) * u + 1.0f;
	return KERNEL(limit)(x * p / q, 1.0f);
}

KERNEL_TARGET static void KERNEL(tanh)(float *values, size_t count)
{
	for (size_t i = 0; i < count; i += KERNEL_NATIVE)
		KERNEL(store)(values + i, KERNEL(tanh_of)(KERNEL(load)(values + i)));
}

KERNEL_TARGET static void KERNEL(tanh_back)(const float *output, float *delta,
					    size_t count)
{
	for (size_t i = 0; i < count; i += KERNEL_NATIVE) {
		VECTOR y = KERNEL(load)(output + i);

		KERNEL(store)(delta + i, KERNEL(load)(delta + i) * (1.0f - y * y));
	}
}

/* 1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2 */
KERNEL_TARGET static void KERNEL(sigmoid)(float *values, size_t count)
{
	for (size_t i = 0; i < count; i += KERNEL_NATIVE) {
		VECTOR half = KERNEL(load)(values + i) * 0.5f;

		KERNEL(store)(values + i, KERNEL(tanh_of)(half) * 0.5f + 0.5f);
	}
}

KERNEL_TARGET static void KERNEL(sigmoid_back)(const float *output, float *delta,
					       size_t count)
{
	for (size_t i = 0; i < count; i += KERNEL_NATIVE) {
		VECTOR y = KERNEL(load)(output + i);

		KERNEL(store)(delta + i, KERNEL(load)(delta + i) * (y * (1.0f - y)));
	}
}

KERNEL_TARGET static float KERNEL(difference)(const float *output, const float *target,
					      float *delta, float scale, size_t count)
{
	VECTOR squares[KERNEL_LANES / KERNEL_NATIVE] = {0};
	float lanes[KERNEL_LANES] __attribute__((aligned(KERNEL_ALIGNMENT)));
	float sum = 0;

	for (size_t i = 0; i < count; i += KERNEL_LANES)
#pragma GCC unroll 4
		for (size_t c = 0; c < KERNEL_LANES / KERNEL_NATIVE; c++) {
			size_t at = i + c * KERNEL_NATIVE;
			VECTOR d =
				KERNEL(load)(output + at) - KERNEL(load)(target + at);

			squares[c] += d * d;
			KERNEL(store)(delta + at, d * scale);
		}
	for (size_t c = 0; c < KERNEL_LANES / KERNEL_NATIVE; c++)
		KERNEL(store)(lanes + c * KERNEL_NATIVE, squares[c]);
	for (size_t lane = 0; lane < KERNEL_LANES; lane++)
		sum += lanes[lane];
	return sum;
}

INLINE WORDS KERNEL(rotate)(WORDS x, int bits)
{
	return x << bits | x >> (32 - bits);
}

INLINE WORDS KERNEL(draw)(WORDS *s)
{
	WORDS drawn = KERNEL(rotate)(s[0] + s[3], 7) + s[0];
	WORDS shifted = s[1] << 9;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= shifted;
	s[3] = KERNEL(rotate)(s[3], 11);
	return drawn;
}

KERNEL_TARGET static void KERNEL(noise)(struct kernel_noise *noise, const float *in,
					float *out, float sigma, size_t count)
{
	const float scale = sigma / NOISE_DEVIATION;

	for (size_t c = 0; c < KERNEL_LANES; c += KERNEL_NATIVE) {
		WORDS s[4];

#pragma GCC unroll 4
		for (size_t k = 0; k < 4; k++)
			s[k] = *(const WORDS *)(noise->state[k] + c);
		for (size_t i = c; i < count; i += KERNEL_LANES) {
			WORDS a = KERNEL(draw)(s);
			WORDS b = KERNEL(draw)(s);
			INTS sum = (INTS)((a & 0xffff) + (a >> 16) + (b & 0xffff) +
					  (b >> 16));
			VECTOR normal =
				__builtin_convertvector(sum, VECTOR) - NOISE_MEAN;

			KERNEL(store)(out + i, KERNEL(load)(in + i) + normal * scale);
		}
#pragma GCC unroll 4
		for (size_t k = 0; k < 4; k++)
			*(WORDS *)(noise->state[k] + c) = s[k];
	}
}

/* IEEE 754 rounds square roots exactly, so every way to make one agrees. */
INLINE VECTOR KERNEL(root)(VECTOR x)
{
#if defined(__x86_64__) && KERNEL_NATIVE == 16
	return (VECTOR)_mm512_sqrt_ps((__m512)x);
#elif defined(__x86_64__) && KERNEL_NATIVE == 8
	return (VECTOR)_mm256_sqrt_ps((__m256)x);
#elif defined(__x86_64__)
	return (VECTOR)_mm_sqrt_ps((__m128)x);
#else
	for (size_t lane = 0; lane < KERNEL_NATIVE; lane++)
		x[lane] = sqrtf(x[lane]);
	return x;
#endif
}

KERNEL_TARGET static void KERNEL(adam)(const struct kernel_adam *adam,
				       float *parameters, const float *gradient,
				       float *moment1, float *moment2, size_t count)
{
	const float fresh1 = 1.0f - adam->decay1;
	const float fresh2 = 1.0f - adam->decay2;

	for (size_t i = 0; i < count; i += KERNEL_NATIVE) {
		VECTOR g = KERNEL(load)(gradient + i);
		VECTOR m = adam->decay1 * KERNEL(load)(moment1 + i) + fresh1 * g;
		VECTOR v = adam->decay2 * KERNEL(load)(moment2 + i) + fresh2 * (g * g);
		VECTOR step = adam->rate * m / (KERNEL(root)(v) + adam->epsilon);

		KERNEL(store)(moment1 + i, m);
		KERNEL(store)(moment2 + i, v);
		KERNEL(store)(parameters + i, KERNEL(load)(parameters + i) - step);
	}
}

KERNEL_TARGET static void KERNEL(combine)(const float *rebuilt, float rebuilt_weight,
					  const float *distance, float distance_weight,
					  float *sums, float *residual)
{
	const INTS sign = (INTS){0} + INT32_MIN;

	for (size_t i = 0; i < KERNEL_BLOCK; i += KERNEL_NATIVE) {
		VECTOR r = KERNEL(load)(rebuilt + i) * rebuilt_weight;
		VECTOR d = KERNEL(load)(distance + i) * distance_weight;
		VECTOR square = r * r + d * d;
		INTS larger = SELECT(r * r >= d * d, r, d);

		KERNEL(store)(sums + i, KERNEL(load)(sums + i) + square);
		if (residual)
			KERNEL(store)
		(residual + i,
		 (VECTOR)((INTS)KERNEL(root)(square * 0.5f) | (larger & sign)));
	}
}

/* The steps of elementary_log1p(), see there. */
KERNEL_TARGET static void KERNEL(log1p)(double *values, size_t count)
{
	for (size_t i = 0; i < count; i += KERNEL_NATIVE / 2) {
		DOUBLES x = *(const DOUBLES *)(values + i);
		DOUBLES sum = 1.0 + x;
		LONGS bits = (LONGS)sum;
		LONGS fraction = (bits & ELEMENTARY_FRACTION) | ELEMENTARY_ONE;
		LONGS large = fraction > ELEMENTARY_ROOT2;
		/* The exponent as a double without a conversion, which AVX-512F lacks. */
		LONGS biased = (bits >> 52) - large; /* a true lane is -1 */
		DOUBLES exponent =
			(DOUBLES)(biased | ELEMENTARY_MAGIC) - ELEMENTARY_MAGIC_BIAS;
		DOUBLES m = (DOUBLES)(fraction - (large & ELEMENTARY_STEP));
		DOUBLES s = (m - 1.0) / (m + 1.0);
		DOUBLES u = s * s;
		DOUBLES series = (DOUBLES){0} + ELEMENTARY_SERIES[0];

		for (size_t k = 1; k < ELEMENTARY_TERMS; k++)
			series = series * u + ELEMENTARY_SERIES[k];
		m = exponent * ELEMENTARY_LOG2_HIGH +
		    (2.0 * s + (2.0 * s * u * series + exponent * ELEMENTARY_LOG2_LOW));
		*(DOUBLES *)(values + i) = m + (x - (sum - 1.0)) / sum;
	}
}

KERNEL_TARGET static void KERNEL(largest)(const float *values, size_t rows,
					  int32_t first, float *best, int32_t *index)
{
	for (size_t s = 0; s < KERNEL_BLOCK; s += KERNEL_NATIVE) {
		VECTOR top = KERNEL(load)(best + s);
		INTS where = *(const INTS *)(index + s);

		for (size_t r = 0; r < rows; r++) {
			VECTOR value = KERNEL(load)(values + r * KERNEL_BLOCK + s);
			INTS larger = value > top;

			top = (VECTOR)SELECT(larger, value, top);
			where = SELECT(larger, (INTS){0} + (first + (int32_t)r), where);
		}
		KERNEL(store)(best + s, top);
		*(INTS *)(index + s) = where;
	}
}

static const struct kernels KERNEL(kernels) = {
	.name = KERNEL_NATIVE == 16  ? "avx512"
		: KERNEL_NATIVE == 8 ? "avx2"
				     : "portable",
	.product = KERNEL(product),
	.gradient = KERNEL(gradient),
	.tanh = KERNEL(tanh),
	.tanh_back = KERNEL(tanh_back),
	.sigmoid = KERNEL(sigmoid),
	.sigmoid_back = KERNEL(sigmoid_back),
	.difference = KERNEL(difference),
	.noise = KERNEL(noise),
	.adam = KERNEL(adam),
	.combine = KERNEL(combine),
	.log1p = KERNEL(log1p),
	.largest = KERNEL(largest),
};

#undef KERNEL
#undef VECTOR
#undef INTS
#undef WORDS
#undef DOUBLES
#undef LONGS
#undef QUARTER
#undef INLINE
#undef SELECT
#undef VECTORS
#undef KERNEL_SUFFIX
#undef KERNEL_NATIVE
#undef KERNEL_ROWS
#undef KERNEL_CHUNK
#undef KERNEL_TARGET
