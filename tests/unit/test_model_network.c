/* SPDX-License-Identifier: MIT */
/* model/network.c: topologies in words, and gradients against finite differences. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/network.h"

static void topology_is_read_and_written(void **state)
{
	static const char *const texts[] = {"33-16-8-4-8-16-33", "33-33",
					    "33-16-33:linear", "33-7-33:sigmoid",
					    "33-33:diagonal"};
	char text[TOPOLOGY_TEXT_MAX];
	struct topology topology;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(topology_parse(texts[i], 33, &topology, &error), 0);
		assert_string_equal(topology_format(&topology, text), texts[i]);
	}
}

static void topology_can_be_relative_to_the_features(void **state)
{
	char text[TOPOLOGY_TEXT_MAX];
	struct topology topology;
	struct error error;

	(void)state;
	assert_int_equal(topology_parse("n-n/2-n/100-n", 9, &topology, &error), 0);
	assert_string_equal(topology_format(&topology, text), "9-4-1-9");
	assert_int_equal(topology_parameters(&topology), 10 * 4 + 5 * 1 + 2 * 9);
}

static void longest_topology_fits_its_text(void **state)
{
	char long_text[256] = "4096", text[TOPOLOGY_TEXT_MAX];
	struct topology topology;
	struct error error;

	(void)state;
	for (int i = 0; i < NETWORK_LAYERS_MAX; i++)
		strcat(long_text, "-4096");
	strcat(long_text, ":sigmoid");
	assert_int_equal(topology_parse(long_text, 4096, &topology, &error), 0);
	assert_string_equal(topology_format(&topology, text), long_text);
}

static void bad_topologies_are_wrong_usage(void **state)
{
	static const char *const texts[] = {"",
					    "5",
					    "5-",
					    "-5",
					    "5-0-5",
					    "5-x-5",
					    "5-4097-5",
					    "5-5:no",
					    "5--5",
					    "5-3-5 ",
					    "4-2-4",
					    "5-2-4",
					    "n/0-5",
					    "5-n/-5",
					    "5-99999999999999999999-5",
					    "5-5-5-5-5-5-5-5-5-5-5-5-5-5-5-5-5-5-5"};
	struct topology topology;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct error error = {0};

		assert_int_equal(topology_parse(texts[i], 5, &topology, &error),
				 -EINVAL);
		assert_int_equal(error.exit_status, EXIT_USAGE);
		assert_non_null(strstr(error.text, "topology"));
	}
}

static void initial_weights_are_within_glorots_bound(void **state)
{
	struct topology topology = {
		.sizes = {10, 20, 10}, .count = 3, .hidden = NETWORK_TANH};
	struct network *network;
	struct random random;
	float largest = 0;

	(void)state;
	assert_int_equal(network_create(&network, &topology), 0);
	random_seed(&random, 1, 1);
	network_initialise(network, &random);
	for (size_t i = 0; i < 200; i++)
		largest = fmaxf(largest, fabsf(network->layers[0].weights[i]));
	assert_true(largest <= sqrtf(6.0f / 30) && largest > 0.9f * sqrtf(6.0f / 30));
	for (size_t i = 0; i < 20; i++)
		assert_true(network->layers[0].bias[i] == 0);
	network_free(network);
}

/* ---- gradients ---- */

/* Loss of a block in double precision: a plain second implementation of the forward pass. */
static double plain_loss(const struct network *network, const float *in,
			 const float *target)
{
	size_t outputs = network->layers[network->layer_count - 1].outputs;
	double *now = calloc(network->widest, sizeof(*now));
	double *next = calloc(network->widest, sizeof(*next));
	double loss = 0;

	for (size_t s = 0; s < KERNEL_BLOCK; s++) {
		for (size_t i = 0; i < network->layers[0].inputs; i++)
			now[i] = (double)in[i * KERNEL_BLOCK + s];
		for (size_t l = 0; l < network->layer_count; l++) {
			const struct network_layer *layer = &network->layers[l];
			double *swap = now;

			for (size_t o = 0; o < layer->outputs; o++) {
				double sum = (double)layer->bias[o];

				for (size_t i = 0; i < layer->inputs; i++)
					sum += (double)layer
						       ->weights[o * layer->inputs +
								 i] *
					       now[i];
				if (layer->activation == NETWORK_TANH)
					sum = tanh(sum);
				else if (layer->activation == NETWORK_SIGMOID)
					sum = 1 / (1 + exp(-sum));
				next[o] = sum;
			}
			now = next;
			next = swap;
		}
		for (size_t o = 0; o < outputs; o++) {
			double d = now[o] - (double)target[o * KERNEL_BLOCK + s];

			loss += d * d;
		}
	}
	free(now);
	free(next);
	return loss;
}

static void check_gradient(enum network_activation hidden,
			   enum network_activation output)
{
	struct topology topology = {
		.sizes = {6, 5, 3, 6}, .count = 4, .hidden = hidden, .output = output};
	const struct kernels *kernels = kernels_select(KERNEL_WIDTH_BEST);
	float *in = kernel_alloc(6 * KERNEL_BLOCK),
	      *target = kernel_alloc(6 * KERNEL_BLOCK);
	struct network_workspace workspace;
	struct network *network;
	struct random random;
	float *gradient;
	const float *out;

	assert_int_equal(network_create(&network, &topology), 0);
	assert_int_equal(network_workspace_create(&workspace, network), 0);
	gradient = kernel_alloc(network->parameter_count);
	random_seed(&random, 9, 9);
	network_initialise(network, &random);
	for (size_t i = 0; i < topology_parameters(&topology); i++)
		network->parameters[i] += 0.1f * (float)random_normal(&random);
	for (size_t i = 0; i < 6 * KERNEL_BLOCK; i++) {
		in[i] = (float)random_normal(&random);
		target[i] = (float)random_normal(&random);
	}
	out = network_forward(network, kernels, in, &workspace);
	assert_true(fabs((double)kernels->difference(out, target, workspace.delta, 2,
						     6 * KERNEL_BLOCK) /
				 plain_loss(network, in, target) -
			 1) < 1e-5);
	network_backward(network, kernels, in, &workspace, gradient);
	for (size_t i = 0; i < topology_parameters(&topology); i++) {
		float parameter = network->parameters[i];
		volatile float above = parameter + 1e-3f, below = parameter - 1e-3f;
		double difference;

		network->parameters[i] = above;
		difference = plain_loss(network, in, target);
		network->parameters[i] = below;
		difference -= plain_loss(network, in, target);
		network->parameters[i] = parameter;
		difference /= (double)(above - below);
		assert_true(fabs(difference - (double)gradient[i]) <
			    1e-3 + 1e-3 * fabs(difference));
	}
	free(in);
	free(target);
	free(gradient);
	network_workspace_free(&workspace);
	network_free(network);
}

static void gradient_of_tanh_layers_is_the_finite_difference(void **state)
{
	(void)state;
	check_gradient(NETWORK_TANH, NETWORK_LINEAR);
	check_gradient(NETWORK_TANH, NETWORK_TANH);
}

static void gradient_of_linear_layers_is_the_finite_difference(void **state)
{
	(void)state;
	check_gradient(NETWORK_LINEAR, NETWORK_LINEAR);
}

static void gradient_of_sigmoid_layers_is_the_finite_difference(void **state)
{
	(void)state;
	check_gradient(NETWORK_TANH, NETWORK_SIGMOID);
	check_gradient(NETWORK_SIGMOID, NETWORK_LINEAR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topology_is_read_and_written),
		cmocka_unit_test(topology_can_be_relative_to_the_features),
		cmocka_unit_test(longest_topology_fits_its_text),
		cmocka_unit_test(bad_topologies_are_wrong_usage),
		cmocka_unit_test(initial_weights_are_within_glorots_bound),
		cmocka_unit_test(gradient_of_tanh_layers_is_the_finite_difference),
		cmocka_unit_test(gradient_of_linear_layers_is_the_finite_difference),
		cmocka_unit_test(gradient_of_sigmoid_layers_is_the_finite_difference),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
