/* SPDX-License-Identifier: MIT */
/* model/kernel.c: every kernel against a plain loop, and every width against the others. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/elementary.h"
#include "model/kernel.h"

#define INPUTS  13 /* neither a multiple of the rows nor of four */
#define OUTPUTS 7
#define VALUES  (INPUTS * KERNEL_BLOCK)

static const enum kernel_width widths[] = {KERNEL_WIDTH_128, KERNEL_WIDTH_256,
					   KERNEL_WIDTH_512};

#define WIDTHS (sizeof(widths) / sizeof(*widths))

/* Random numbers that are there for all tests of a kernel. */
struct data {
	float *in;      /* [INPUTS][KERNEL_BLOCK] */
	float *out;     /* room for as many */
	float *other;   /* [INPUTS][KERNEL_BLOCK] */
	float *weights; /* [OUTPUTS][INPUTS] */
	float *bias;    /* [OUTPUTS] */
};

static void fill(float *values, size_t count, struct random *random)
{
	for (size_t i = 0; i < count; i++)
		values[i] = (float)random_normal(random);
}

static struct data make_data(void)
{
	struct data data = {kernel_alloc(VALUES), kernel_alloc(VALUES),
			    kernel_alloc(VALUES), kernel_alloc(INPUTS * OUTPUTS),
			    kernel_alloc(OUTPUTS)};
	struct random random;

	assert_true(data.in && data.out && data.other && data.weights && data.bias);
	random_seed(&random, 5, 0);
	fill(data.in, VALUES, &random);
	fill(data.other, VALUES, &random);
	fill(data.weights, INPUTS * OUTPUTS, &random);
	fill(data.bias, OUTPUTS, &random);
	return data;
}

static void free_data(struct data *data)
{
	free(data->in);
	free(data->out);
	free(data->other);
	free(data->weights);
	free(data->bias);
}

/* Calls `run` with every width that the CPU has and compares the bytes that it leaves. */
static void same_for_all_widths(void (*run)(const struct kernels *, struct data *,
					    float *),
				size_t count)
{
	float *first = kernel_alloc(count), *next = kernel_alloc(count);
	struct data data = make_data();

	assert_true(first && next);
	run(kernels_select(KERNEL_WIDTH_128), &data, first);
	for (size_t i = 1; i < WIDTHS; i++) {
		const struct kernels *kernels = kernels_select(widths[i]);

		if (!kernels) {
			print_message("this CPU lacks width %zu\n", i);
			continue;
		}
		memset(next, 0, count * sizeof(*next));
		run(kernels, &data, next);
		assert_memory_equal(first, next, count * sizeof(*next));
	}
	free_data(&data);
	free(first);
	free(next);
}

static void run_product(const struct kernels *kernels, struct data *data, float *out)
{
	kernels->product(data->weights, INPUTS, 1, data->bias, OUTPUTS, INPUTS,
			 data->in, out);
	/* transposed, without a bias */
	kernels->product(data->weights, 1, INPUTS, NULL, INPUTS, OUTPUTS, data->other,
			 out + OUTPUTS * KERNEL_BLOCK);
}

static void product_is_the_plain_sum(void **state)
{
	float *out = kernel_alloc((INPUTS + OUTPUTS) * KERNEL_BLOCK);
	struct data data = make_data();

	(void)state;
	run_product(kernels_select(KERNEL_WIDTH_BEST), &data, out);
	for (size_t s = 0; s < KERNEL_BLOCK; s++) {
		for (size_t o = 0; o < OUTPUTS; o++) {
			double sum = (double)data.bias[o];

			for (size_t i = 0; i < INPUTS; i++)
				sum += (double)data.weights[o * INPUTS + i] *
				       (double)data.in[i * KERNEL_BLOCK + s];
			assert_true(fabs(sum - (double)out[o * KERNEL_BLOCK + s]) <
				    1e-5);
		}
		for (size_t i = 0; i < INPUTS; i++) {
			double sum = 0;

			for (size_t o = 0; o < OUTPUTS; o++)
				sum += (double)data.weights[o * INPUTS + i] *
				       (double)data.other[o * KERNEL_BLOCK + s];
			assert_true(
				fabs(sum -
				     (double)out[(OUTPUTS + i) * KERNEL_BLOCK + s]) <
				1e-5);
		}
	}
	free_data(&data);
	free(out);
}

static void product_has_the_same_bits_at_every_width(void **state)
{
	(void)state;
	same_for_all_widths(run_product, (INPUTS + OUTPUTS) * KERNEL_BLOCK);
}

static void run_gradient(const struct kernels *kernels, struct data *data, float *out)
{
	kernels->gradient(INPUTS, OUTPUTS, data->in, data->other, out,
			  out + INPUTS * OUTPUTS);
}

static void gradient_adds_the_plain_sum(void **state)
{
	float *out = kernel_alloc(INPUTS * OUTPUTS + OUTPUTS);
	struct data data = make_data();

	(void)state;
	out[3] = 100;
	run_gradient(kernels_select(KERNEL_WIDTH_BEST), &data, out);
	for (size_t o = 0; o < OUTPUTS; o++) {
		double bias = 0;

		for (size_t s = 0; s < KERNEL_BLOCK; s++)
			bias += (double)data.other[o * KERNEL_BLOCK + s];
		assert_true(fabs(bias - (double)out[INPUTS * OUTPUTS + o]) < 1e-4);
		for (size_t i = 0; i < INPUTS; i++) {
			double sum = o * INPUTS + i == 3 ? 100 : 0;

			for (size_t s = 0; s < KERNEL_BLOCK; s++)
				sum += (double)data.in[i * KERNEL_BLOCK + s] *
				       (double)data.other[o * KERNEL_BLOCK + s];
			assert_true(fabs(sum - (double)out[o * INPUTS + i]) < 1e-4);
		}
	}
	free_data(&data);
	free(out);
}

static void gradient_has_the_same_bits_at_every_width(void **state)
{
	(void)state;
	same_for_all_widths(run_gradient, INPUTS * OUTPUTS + OUTPUTS);
}

/* All floats of a sign would take a minute; every 97th takes a moment. */
static void tanh_is_within_its_error_for_all_floats(void **state)
{
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	float *x = kernel_alloc(KERNEL_LANES), *y = kernel_alloc(KERNEL_LANES);
	double largest = 0;

	(void)state;
	for (uint32_t bits = 0; bits < 0x7f800000 - 97 * KERNEL_LANES;) {
		for (size_t lane = 0; lane < KERNEL_LANES; lane++, bits += 97) {
			uint32_t signed_bits = bits | (lane & 1 ? 0x80000000u : 0);

			memcpy(&x[lane], &signed_bits, sizeof(*x));
			y[lane] = x[lane];
		}
		kernels->tanh(y, KERNEL_LANES);
		for (size_t lane = 0; lane < KERNEL_LANES; lane++) {
			double error = fabs((double)y[lane] - tanh((double)x[lane]));

			largest = error > largest ? error : largest;
			assert_true(fabsf(y[lane]) <= 1);
		}
	}
	print_message("largest error of tanh: %.3g\n", largest);
	assert_true(largest < (double)KERNEL_TANH_ERROR);
	free(x);
	free(y);
}

static void run_activations(const struct kernels *kernels, struct data *data,
			    float *out)
{
	memcpy(out, data->in, VALUES * sizeof(*out));
	kernels->tanh(out, VALUES);
	memcpy(out + VALUES, data->other, VALUES * sizeof(*out));
	kernels->tanh_back(out, out + VALUES, VALUES);
	kernels->sigmoid(out + VALUES, VALUES);
	kernels->sigmoid_back(out + VALUES, out, VALUES);
}

static void activations_have_the_same_bits_at_every_width(void **state)
{
	(void)state;
	same_for_all_widths(run_activations, 2 * VALUES);
}

static void sigmoid_is_the_logistic_function(void **state)
{
	float *values = kernel_alloc(KERNEL_LANES);

	(void)state;
	for (size_t i = 0; i < KERNEL_LANES; i++)
		values[i] = (float)i - 8;
	kernels_select(KERNEL_WIDTH_BEST)->sigmoid(values, KERNEL_LANES);
	for (size_t i = 0; i < KERNEL_LANES; i++)
		assert_true(fabs((double)values[i] - 1 / (1 + exp(8 - (double)i))) <
			    1e-6);
	free(values);
}

static void run_optimiser(const struct kernels *kernels, struct data *data, float *out)
{
	const struct kernel_adam adam = {0.01f, 1e-8f, 0.9f, 0.999f};
	struct kernel_noise noise;
	float sum;

	memcpy(out, data->in, VALUES * sizeof(*out));
	for (int step = 0; step < 3; step++)
		kernels->adam(&adam, out, data->other, out + VALUES, out + 2 * VALUES,
			      VALUES);
	sum = kernels->difference(data->in, data->other, data->out, 0.25f, VALUES);
	memcpy(out + 3 * VALUES, data->out, VALUES * sizeof(*out));
	kernel_noise_seed(&noise, 1, 2);
	kernels->noise(&noise, data->in, out + 4 * VALUES, 0.5f, VALUES);
	kernels->noise(&noise, out + 4 * VALUES, out + 4 * VALUES, 0.5f, VALUES);
	out[5 * VALUES] = sum;
}

static void optimiser_has_the_same_bits_at_every_width(void **state)
{
	(void)state;
	same_for_all_widths(run_optimiser, 5 * VALUES + 1);
}

static void adam_makes_the_steps_of_the_paper(void **state)
{
	const struct kernel_adam adam = {0.01f, 1e-8f, 0.9f, 0.999f};
	float *memory = kernel_alloc(4 * KERNEL_LANES);
	float *gradient = memory + KERNEL_LANES;
	double m = 0, v = 0, parameter = 0;

	(void)state;
	for (int step = 0; step < 5; step++) {
		double g = 0.3 - 0.2 * step;

		gradient[0] = (float)g;
		kernels_select(KERNEL_WIDTH_BEST)
			->adam(&adam, memory, gradient, memory + 2 * KERNEL_LANES,
			       memory + 3 * KERNEL_LANES, KERNEL_LANES);
		m = 0.9 * m + 0.1 * g;
		v = 0.999 * v + 0.001 * g * g;
		parameter -= 0.01 * m / (sqrt(v) + 1e-8);
		assert_true(fabs((double)memory[0] - parameter) < 1e-5);
	}
	assert_true(memory[1] == 0);
	free(memory);
}

static void noise_has_mean_zero_and_the_asked_deviation(void **state)
{
	const size_t count = 64 * 1024;
	float *values = kernel_alloc(count), *zeros = kernel_alloc(count);
	struct kernel_noise noise;
	double sum = 0, squares = 0, neighbours = 0;

	(void)state;
	kernel_noise_seed(&noise, 3, 4);
	kernels_select(KERNEL_WIDTH_BEST)->noise(&noise, zeros, values, 0.1f, count);
	for (size_t i = 0; i < count; i++) {
		sum += (double)values[i];
		squares += (double)values[i] * (double)values[i];
		if (i)
			neighbours += (double)values[i] * (double)values[i - 1];
		assert_true(fabsf(values[i]) < 0.35f);
	}
	/* four standard errors */
	assert_true(fabs(sum / (double)count) < 4 * 0.1 / 256);
	assert_true(fabs(sqrt(squares / (double)count) / 0.1 - 1) < 0.02);
	assert_true(fabs(neighbours / squares) < 4.0 / 256);
	free(values);
	free(zeros);
}

static void run_scores(const struct kernels *kernels, struct data *data, float *out)
{
	float *best = out, *sums = out + KERNEL_BLOCK;
	int32_t *index = (int32_t *)(out + 2 * KERNEL_BLOCK);

	for (size_t s = 0; s < KERNEL_BLOCK; s++)
		best[s] = -1e30f;
	kernels->largest(data->in, INPUTS, 100, best, index);
	kernels->combine(data->in, 2, data->other, 3, sums, out + 3 * KERNEL_BLOCK);
	kernels->combine(data->in, 2, data->other, 3, sums, NULL);
}

static void scores_have_the_same_bits_at_every_width(void **state)
{
	(void)state;
	same_for_all_widths(run_scores, 4 * KERNEL_BLOCK);
}

static void largest_finds_the_first_of_equal_values(void **state)
{
	float *values = kernel_alloc(3 * KERNEL_BLOCK),
	      *best = kernel_alloc(KERNEL_BLOCK);
	int32_t *index = (int32_t *)kernel_alloc(KERNEL_BLOCK);

	(void)state;
	for (size_t s = 0; s < KERNEL_BLOCK; s++) {
		best[s] = -5;
		values[KERNEL_BLOCK + s] = 1;
		values[2 * KERNEL_BLOCK + s] = s ? 1 : 2;
	}
	kernels_select(KERNEL_WIDTH_BEST)->largest(values, 3, 10, best, index);
	assert_int_equal(index[0], 12);
	assert_int_equal(index[1], 11);
	assert_true(best[0] == 2);
	assert_true(best[1] == 1);
	free(values);
	free(best);
	free(index);
}

static void combine_takes_the_sign_of_the_larger_part(void **state)
{
	float *rebuilt = kernel_alloc(KERNEL_BLOCK),
	      *distance = kernel_alloc(KERNEL_BLOCK);
	float *sums = kernel_alloc(KERNEL_BLOCK),
	      *residual = kernel_alloc(KERNEL_BLOCK);

	(void)state;
	rebuilt[0] = -3;
	distance[0] = 2;
	rebuilt[1] = 1;
	distance[1] = -7;
	kernels_select(KERNEL_WIDTH_BEST)
		->combine(rebuilt, 1, distance, 0.5f, sums, residual);
	assert_true(sums[0] == 10);
	assert_true(fabs((double)residual[0] + sqrt(5)) < 1e-6);
	assert_true(fabs((double)residual[1] + sqrt(0.5 * (1 + 12.25))) < 1e-6);
	assert_true(residual[2] == 0);
	free(rebuilt);
	free(distance);
	free(sums);
	free(residual);
}

static void logarithms_are_those_of_the_plain_function(void **state)
{
	double *values = (double *)kernel_alloc(2 * KERNEL_BLOCK);
	double expected[KERNEL_BLOCK];

	(void)state;
	for (size_t w = 0; w < WIDTHS; w++) {
		const struct kernels *kernels = kernels_select(widths[w]);

		for (double x = 1e-20; kernels && x < 1e100; x *= 1e3) {
			for (size_t i = 0; i < KERNEL_BLOCK; i++) {
				values[i] = i ? x * (1 + (double)i) : 0;
				expected[i] = elementary_log1p(values[i]);
			}
			kernels->log1p(values, KERNEL_BLOCK);
			assert_memory_equal(values, expected, sizeof(expected));
		}
	}
	free(values);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(product_is_the_plain_sum),
		cmocka_unit_test(product_has_the_same_bits_at_every_width),
		cmocka_unit_test(gradient_adds_the_plain_sum),
		cmocka_unit_test(gradient_has_the_same_bits_at_every_width),
		cmocka_unit_test(tanh_is_within_its_error_for_all_floats),
		cmocka_unit_test(activations_have_the_same_bits_at_every_width),
		cmocka_unit_test(sigmoid_is_the_logistic_function),
		cmocka_unit_test(optimiser_has_the_same_bits_at_every_width),
		cmocka_unit_test(adam_makes_the_steps_of_the_paper),
		cmocka_unit_test(noise_has_mean_zero_and_the_asked_deviation),
		cmocka_unit_test(scores_have_the_same_bits_at_every_width),
		cmocka_unit_test(largest_finds_the_first_of_equal_values),
		cmocka_unit_test(combine_takes_the_sign_of_the_larger_part),
		cmocka_unit_test(logarithms_are_those_of_the_plain_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
