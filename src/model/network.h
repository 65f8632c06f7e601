/* SPDX-License-Identifier: MIT */
/*
 * Feed-forward networks: their shape, parameters, and one block of samples through them, both
 * ways. What the numbers mean and how they are learnt is elsewhere (train.h).
 *
 * Blocks are [unit][KERNEL_BLOCK] as in kernel.h.
 */
#ifndef AUTOPERF_MODEL_NETWORK_H
#define AUTOPERF_MODEL_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/random.h"
#include "model/kernel.h"

#define NETWORK_LAYERS_MAX 16   /* that a topology may ask for, output included */
#define NETWORK_WIDTH_MAX  4096 /* units in a layer */
#define TOPOLOGY_TEXT_MAX  160  /* bytes of topology_format() with its NUL */

/* Stored by name in model files (network_activation_name), never by number. */
enum network_activation {
	NETWORK_LINEAR,
	NETWORK_TANH,
	NETWORK_SIGMOID,
};
const char *network_activation_name(enum network_activation activation);
int network_activation_parse(const char *name, enum network_activation *activation);

/*
 * Units per layer, from input to output; 2 sizes: no hidden layer. A diagonal one has no hidden
 * layer either, and each output depends on its own input alone.
 */
struct topology {
	size_t sizes[NETWORK_LAYERS_MAX + 1];
	size_t count;
	enum network_activation hidden;
	enum network_activation output;
	bool diagonal;
};

/*
 * Reads "33-16-8-4-8-16-33", optionally followed by ":linear" (no tanh in the hidden layers),
 * ":sigmoid" (output) or, without hidden layers, ":diagonal". "n" and "n/4" stand for the number of features and a part of it. The
 * first and the last size must be `features`.
 */
int topology_parse(const char *text, size_t features, struct topology *topology,
		   struct error *error);
/* The same notation, with numbers. Returns `text` (TOPOLOGY_TEXT_MAX bytes). */
char *topology_format(const struct topology *topology, char *text);
/* Weights and biases that are learnt. */
size_t topology_parameters(const struct topology *topology);

struct network_layer {
	size_t inputs;
	size_t outputs;
	enum network_activation activation;
	float *weights; /* [outputs][inputs], within network.parameters */
	float *bias;    /* [outputs], likewise */
};

struct network {
	struct network_layer *layers;
	size_t layer_count;
	size_t widest;          /* units of the widest layer, input included */
	float *parameters;      /* of all layers; the padding is zero */
	size_t parameter_count; /* padded to KERNEL_LANES */
	bool diagonal;          /* weights off the diagonal are zero, and stay so */
};

/* Parameters are zero. *network is freed with network_free(). */
int network_create(struct network **network, const struct topology *topology);
void network_free(struct network *network);
struct topology network_topology(const struct network *network);
/* Whether its weights make it a diagonal one; a file of parameters does not say. */
bool network_is_diagonal(const struct network *network);
/* Glorot & Bengio 2010: weights uniform within sqrt(6 / (inputs + outputs)), biases zero. */
void network_initialise(struct network *network, struct random *random);

/* What one thread needs to run a network. */
struct network_workspace {
	float **outputs; /* [layer_count], each [outputs][KERNEL_BLOCK] */
	float *delta;    /* dE/d output of the layer at hand */
	float *below;    /* dE/d output of the layer below */
	float *memory;   /* all of it */
};
int network_workspace_create(struct network_workspace *workspace,
			     const struct network *network);
void network_workspace_free(struct network_workspace *workspace);

/* One block through the network; the result is workspace->outputs[layer_count - 1]. */
const float *network_forward(const struct network *network,
			     const struct kernels *kernels, const float *in,
			     struct network_workspace *workspace);
/*
 * After network_forward() of the same block, with dE/d output in workspace->delta: adds dE/d
 * parameter to gradient[parameter_count].
 */
void network_backward(const struct network *network, const struct kernels *kernels,
		      const float *in, struct network_workspace *workspace,
		      float *gradient);

#endif
