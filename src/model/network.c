/* SPDX-License-Identifier: MIT */
/* Networks: see network.h. All parameters lie in one array, so that the optimiser sees one. */
#include "model/network.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const activation_names[] = {
	[NETWORK_LINEAR] = "linear",
	[NETWORK_TANH] = "tanh",
	[NETWORK_SIGMOID] = "sigmoid",
};

#define ACTIVATIONS (sizeof(activation_names) / sizeof(*activation_names))

const char *network_activation_name(enum network_activation activation)
{
	return activation_names[activation];
}

int network_activation_parse(const char *name, enum network_activation *activation)
{
	for (size_t i = 0; i < ACTIVATIONS; i++)
		if (!strcmp(name, activation_names[i])) {
			*activation = (enum network_activation)i;
			return 0;
		}
	return -EINVAL;
}

/* One size: digits, "n" or "n/digits"; *text moves behind it. 0 is no size. */
static size_t parse_size(const char **text, size_t features)
{
	bool relative = **text == 'n';
	bool number = true;
	size_t value = 0;

	if (relative) {
		number = (*text)[1] == '/';
		*text += number ? 2 : 1;
	}
	for (; number && **text >= '0' && **text <= '9'; (*text)++)
		if (value <= NETWORK_WIDTH_MAX)
			value = value * 10 + (size_t)(**text - '0');
	if (!relative)
		return value <= NETWORK_WIDTH_MAX ? value : 0;
	if (!number)
		return features;
	if (!value)
		return 0;
	return features / value ? features / value : 1;
}

int topology_parse(const char *text, size_t features, struct topology *topology,
		   struct error *error)
{
	const char *at = text;

	*topology = (struct topology){.hidden = NETWORK_TANH, .output = NETWORK_LINEAR};
	for (;;) {
		size_t size = parse_size(&at, features);

		if (!size || topology->count > NETWORK_LAYERS_MAX)
			break;
		topology->sizes[topology->count++] = size;
		if (*at != '-')
			break;
		at++;
	}
	if (!strcmp(at, ":linear"))
		topology->hidden = NETWORK_LINEAR;
	else if (!strcmp(at, ":sigmoid"))
		topology->output = NETWORK_SIGMOID;
	else if (!strcmp(at, ":diagonal") && topology->count == 2)
		topology->diagonal = features > 1; /* a single one always is */
	else if (*at)
		topology->count = 0;
	if (topology->count < 2)
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "topology \"%s\" cannot be read: write the units "
				      "of each layer, such as "
				      "33-16-8-16-33 or n-n/2-n (at most %d layers of "
				      "at most %d units), and "
				      "after it, if wanted, :linear or :sigmoid; or "
				      "n-n:diagonal",
				      text, NETWORK_LAYERS_MAX, NETWORK_WIDTH_MAX);
	if (topology->sizes[0] != features ||
	    topology->sizes[topology->count - 1] != features)
		return error_set_exit(
			error, EXIT_USAGE, -EINVAL,
			"topology \"%s\" does not fit: it must begin and end with the "
			"number of "
			"features, here %zu (or with n, which stands for it)",
			text, features);
	return 0;
}

char *topology_format(const struct topology *topology, char *text)
{
	int length = 0;

	for (size_t i = 0; i < topology->count; i++)
		length += snprintf(text + length, (size_t)(TOPOLOGY_TEXT_MAX - length),
				   i ? "-%zu" : "%zu", topology->sizes[i]);
	if (topology->output == NETWORK_SIGMOID)
		snprintf(text + length, (size_t)(TOPOLOGY_TEXT_MAX - length),
			 ":sigmoid");
	else if (topology->diagonal)
		snprintf(text + length, (size_t)(TOPOLOGY_TEXT_MAX - length),
			 ":diagonal");
	else if (topology->count > 2 && topology->hidden == NETWORK_LINEAR)
		snprintf(text + length, (size_t)(TOPOLOGY_TEXT_MAX - length),
			 ":linear");
	return text;
}

/* Weights and biases, learnt or not. */
static size_t stored_parameters(const struct topology *topology)
{
	size_t parameters = 0;

	for (size_t i = 1; i < topology->count; i++)
		parameters += (topology->sizes[i - 1] + 1) * topology->sizes[i];
	return parameters;
}

size_t topology_parameters(const struct topology *topology)
{
	return topology->diagonal ? 2 * topology->sizes[0]
				  : stored_parameters(topology);
}

int network_create(struct network **network, const struct topology *topology)
{
	struct network *new = calloc(1, sizeof(*new));
	size_t count = stored_parameters(topology);
	float *next;

	if (!new)
		return -ENOMEM;
	new->diagonal = topology->diagonal;
	new->layer_count = topology->count - 1;
	new->parameter_count = (count + KERNEL_LANES - 1) / KERNEL_LANES *KERNEL_LANES;
	new->layers = calloc(new->layer_count, sizeof(*new->layers));
	new->parameters = kernel_alloc(new->parameter_count);
	if (!new->layers || !new->parameters) {
		network_free(new);
		return -ENOMEM;
	}
	next = new->parameters;
	new->widest = topology->sizes[0];
	for (size_t i = 0; i < new->layer_count; i++) {
		struct network_layer *layer = &new->layers[i];

		layer->inputs = topology->sizes[i];
		layer->outputs = topology->sizes[i + 1];
		layer->activation =
			i + 1 < new->layer_count ? topology->hidden : topology->output;
		layer->weights = next;
		layer->bias = next + layer->inputs * layer->outputs;
		next = layer->bias + layer->outputs;
		if (layer->outputs > new->widest)
			new->widest = layer->outputs;
	}
	*network = new;
	return 0;
}

void network_free(struct network *network)
{
	if (!network)
		return;
	free(network->parameters);
	free(network->layers);
	free(network);
}

struct topology network_topology(const struct network *network)
{
	const struct network_layer *last = &network->layers[network->layer_count - 1];
	struct topology topology = {
		.count = network->layer_count + 1,
		.sizes = {network->layers[0].inputs},
		.hidden = network->layer_count > 1 ? network->layers[0].activation
						   : NETWORK_LINEAR,
		.output = last->activation,
		.diagonal = network->diagonal,
	};

	for (size_t i = 0; i < network->layer_count; i++)
		topology.sizes[i + 1] = network->layers[i].outputs;
	return topology;
}

bool network_is_diagonal(const struct network *network)
{
	const struct network_layer *layer = network->layers;

	if (network->layer_count > 1 || layer->activation != NETWORK_LINEAR ||
	    layer->inputs < 2)
		return false;
	for (size_t i = 0; i < layer->outputs; i++)
		for (size_t k = 0; k < layer->inputs; k++)
			if (i != k && layer->weights[i * layer->inputs + k] != 0)
				return false;
	return true;
}

void network_initialise(struct network *network, struct random *random)
{
	for (size_t i = 0; i < network->layer_count; i++) {
		struct network_layer *layer = &network->layers[i];
		double bound = sqrt(6.0 / (double)(layer->inputs + layer->outputs));

		for (size_t k = 0; k < layer->inputs * layer->outputs; k++)
			layer->weights[k] =
				(float)(bound * (2 * random_uniform(random) - 1));
		memset(layer->bias, 0, layer->outputs * sizeof(*layer->bias));
	}
}

int network_workspace_create(struct network_workspace *workspace,
			     const struct network *network)
{
	size_t units = 2 * network->widest;
	float *next;

	for (size_t i = 0; i < network->layer_count; i++)
		units += network->layers[i].outputs;
	*workspace = (struct network_workspace){
		.outputs =
			calloc(network->layer_count + 1, sizeof(*workspace->outputs)),
		.memory = kernel_alloc(units * KERNEL_BLOCK),
	};
	if (!workspace->outputs || !workspace->memory) {
		network_workspace_free(workspace);
		return -ENOMEM;
	}
	next = workspace->memory;
	for (size_t i = 0; i < network->layer_count; i++) {
		workspace->outputs[i] = next;
		next += network->layers[i].outputs * KERNEL_BLOCK;
	}
	workspace->delta = next;
	workspace->below = next + network->widest * KERNEL_BLOCK;
	return 0;
}

void network_workspace_free(struct network_workspace *workspace)
{
	free(workspace->outputs);
	free(workspace->memory);
	*workspace = (struct network_workspace){0};
}

const float *network_forward(const struct network *network,
			     const struct kernels *kernels, const float *in,
			     struct network_workspace *workspace)
{
	for (size_t i = 0; i < network->layer_count; i++) {
		const struct network_layer *layer = &network->layers[i];
		float *out = workspace->outputs[i];

		kernels->product(layer->weights, layer->inputs, 1, layer->bias,
				 layer->outputs, layer->inputs, in, out);
		if (layer->activation == NETWORK_TANH)
			kernels->tanh(out, layer->outputs * KERNEL_BLOCK);
		else if (layer->activation == NETWORK_SIGMOID)
			kernels->sigmoid(out, layer->outputs * KERNEL_BLOCK);
		in = out;
	}
	return in;
}

void network_backward(const struct network *network, const struct kernels *kernels,
		      const float *in, struct network_workspace *workspace,
		      float *gradient)
{
	for (size_t i = network->layer_count; i-- > 0;) {
		const struct network_layer *layer = &network->layers[i];
		const float *input = i ? workspace->outputs[i - 1] : in;
		size_t offset = (size_t)(layer->weights - network->parameters);
		float *swap = workspace->delta;

		if (layer->activation == NETWORK_TANH)
			kernels->tanh_back(workspace->outputs[i], workspace->delta,
					   layer->outputs * KERNEL_BLOCK);
		else if (layer->activation == NETWORK_SIGMOID)
			kernels->sigmoid_back(workspace->outputs[i], workspace->delta,
					      layer->outputs * KERNEL_BLOCK);
		kernels->gradient(layer->inputs, layer->outputs, input,
				  workspace->delta, gradient + offset,
				  gradient + offset + layer->inputs * layer->outputs);
		if (!i)
			break;
		/* Through the transposed weights. */
		kernels->product(layer->weights, 1, layer->inputs, NULL, layer->inputs,
				 layer->outputs, workspace->delta, workspace->below);
		workspace->delta = workspace->below;
		workspace->below = swap;
	}
}
