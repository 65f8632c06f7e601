/* SPDX-License-Identifier: MIT */
/*
 * Minibatch training: see train.h. A step gathers a batch into blocks, adds noise, runs the
 * network both ways and lets Adam move the parameters (Kingma & Ba 2015). Nothing here depends on
 * the time, the number of threads or the vector width.
 */
#include "model/train.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

#define ADAM_DECAY1  0.9
#define ADAM_DECAY2  0.999
#define ADAM_EPSILON 1e-8

#define VARIANCE_LEAST 1e-12 /* a constant has none, and may get no noise */

/* Looks at the validation error use at most this many rows, evenly spread. */
#define VALIDATION_ROWS_MAX 8192

/* Purposes of random numbers; one stream each (random.h). */
enum train_stream {
	STREAM_INITIAL,
	STREAM_ORDER,
	STREAM_NOISE,
	STREAM_VALIDATION,
	STREAMS
};

struct trainer {
	struct network *network;
	const struct kernels *kernels;
	const struct train_options *options;
	const struct train_rows *rows;
	struct network_workspace workspace;
	struct kernel_noise noise;
	struct random random;
	uint32_t *order; /* of the rows in this epoch */
	size_t next;     /* first row of `order` that is still to come */
	float *clean;    /* [features][KERNEL_BLOCK] */
	float *noisy;
	float *gradient; /* [parameter_count], and so on */
	float *moment1;
	float *moment2;
	float *best;
	double decay1; /* ADAM_DECAY1 to the power of the step */
	double decay2;
	double squares; /* of errors since the last check */
	size_t squared; /* samples in it */
};

static void trainer_free(struct trainer *trainer)
{
	network_workspace_free(&trainer->workspace);
	free(trainer->order);
	free(trainer->clean);
	free(trainer->noisy);
	free(trainer->gradient);
	free(trainer->moment1);
	free(trainer->moment2);
	free(trainer->best);
}

static int trainer_init(struct trainer *trainer)
{
	const struct train_options *options = trainer->options;
	size_t block = trainer->rows->features * KERNEL_BLOCK;
	size_t parameters = trainer->network->parameter_count;
	uint64_t stream = options->stream * STREAMS;

	if (network_workspace_create(&trainer->workspace, trainer->network))
		return -ENOMEM;
	trainer->order = malloc(trainer->rows->count * sizeof(*trainer->order));
	trainer->clean = kernel_alloc(block);
	trainer->noisy = kernel_alloc(block);
	trainer->gradient = kernel_alloc(parameters);
	trainer->moment1 = kernel_alloc(parameters);
	trainer->moment2 = kernel_alloc(parameters);
	trainer->best = kernel_alloc(parameters);
	if (!trainer->order || !trainer->clean || !trainer->noisy ||
	    !trainer->gradient || !trainer->moment1 || !trainer->moment2 ||
	    !trainer->best)
		return -ENOMEM;
	random_seed(&trainer->random, options->seed, stream + STREAM_INITIAL);
	network_initialise(trainer->network, &trainer->random);
	random_seed(&trainer->random, options->seed, stream + STREAM_ORDER);
	kernel_noise_seed(&trainer->noise, options->seed, stream + STREAM_NOISE);
	for (size_t i = 0; i < trainer->rows->count; i++)
		trainer->order[i] = (uint32_t)i;
	trainer->next = trainer->rows->count;
	trainer->decay1 = 1;
	trainer->decay2 = 1;
	return 0;
}

static float clip(float value)
{
	value = value > TRAIN_CLIP ? TRAIN_CLIP : value;
	return value < -TRAIN_CLIP ? -TRAIN_CLIP : value;
}

/* Four values of a row, at any address; and the same aligned. */
typedef float four __attribute__((vector_size(16), may_alias));
typedef float four_anywhere __attribute__((vector_size(16), may_alias, aligned(4)));
typedef int32_t four_ints __attribute__((vector_size(16)));

static four clip_four(four x)
{
	const four high = (four){0} + TRAIN_CLIP;
	four_ints above = x > high, below = x < -high;

	x = (four)((above & (four_ints)high) | (~above & (four_ints)x));
	return (four)((below & (four_ints)-high) | (~below & (four_ints)x));
}

/* Clips and transposes four features of four rows: most of a gather is such squares. */
static void gather_square(const float *const row[4], size_t f, float *to)
{
	four a = clip_four(*(const four_anywhere *)(row[0] + f));
	four b = clip_four(*(const four_anywhere *)(row[1] + f));
	four c = clip_four(*(const four_anywhere *)(row[2] + f));
	four d = clip_four(*(const four_anywhere *)(row[3] + f));
	four ab_low = __builtin_shufflevector(a, b, 0, 4, 1, 5);
	four ab_high = __builtin_shufflevector(a, b, 2, 6, 3, 7);
	four cd_low = __builtin_shufflevector(c, d, 0, 4, 1, 5);
	four cd_high = __builtin_shufflevector(c, d, 2, 6, 3, 7);

	*(four *)to = __builtin_shufflevector(ab_low, cd_low, 0, 1, 4, 5);
	*(four *)(to + KERNEL_BLOCK) =
		__builtin_shufflevector(ab_low, cd_low, 2, 3, 6, 7);
	*(four *)(to + 2 * KERNEL_BLOCK) =
		__builtin_shufflevector(ab_high, cd_high, 0, 1, 4, 5);
	*(four *)(to + 3 * KERNEL_BLOCK) =
		__builtin_shufflevector(ab_high, cd_high, 2, 3, 6, 7);
}

size_t train_gather(const struct train_rows *rows, const uint32_t *order, size_t first,
		    size_t count, float *block)
{
	const float *row[KERNEL_BLOCK];
	size_t features = rows->features, lane = 0;
	size_t used = count < KERNEL_BLOCK ? count : KERNEL_BLOCK;

	for (size_t i = 0; i < used; i++) {
		size_t at = order ? order[first + i] : first + i;

		row[i] = rows->values + (rows->rows ? rows->rows[at] : at) * features;
	}
	for (; lane + 4 <= used; lane += 4) {
		size_t f = 0;

		for (; f + 4 <= features; f += 4)
			gather_square(row + lane, f, block + f * KERNEL_BLOCK + lane);
		for (; f < features; f++)
			for (size_t i = lane; i < lane + 4; i++)
				block[f * KERNEL_BLOCK + i] = clip(row[i][f]);
	}
	for (; lane < used; lane++)
		for (size_t f = 0; f < features; f++)
			block[f * KERNEL_BLOCK + lane] = clip(row[lane][f]);
	for (; lane < KERNEL_BLOCK; lane++)
		for (size_t f = 0; f < features; f++)
			block[f * KERNEL_BLOCK + lane] = 0;
	return used;
}

/* Makes the unused lanes of a block perfect, so that they add nothing to error or gradient. */
static void ignore_lanes(float *output, const float *target, size_t features,
			 size_t used)
{
	for (size_t f = 0; used < KERNEL_BLOCK && f < features; f++)
		memcpy(output + f * KERNEL_BLOCK + used,
		       target + f * KERNEL_BLOCK + used,
		       (KERNEL_BLOCK - used) * sizeof(*output));
}

/* Adds one block's gradient of the batch's mean squared error. */
static void learn_block(struct trainer *trainer, size_t first, size_t count,
			size_t batch)
{
	const struct network *network = trainer->network;
	const struct kernels *kernels = trainer->kernels;
	size_t features = trainer->rows->features;
	float *output = trainer->workspace.outputs[network->layer_count - 1];
	float scale = 2.0f / (float)(batch * features);

	train_gather(trainer->rows, trainer->order, first, count, trainer->clean);
	kernels->noise(&trainer->noise, trainer->clean, trainer->noisy,
		       (float)trainer->options->noise, features * KERNEL_BLOCK);
	network_forward(network, kernels, trainer->noisy, &trainer->workspace);
	ignore_lanes(output, trainer->clean, features, count);
	trainer->squares +=
		kernels->difference(output, trainer->clean, trainer->workspace.delta,
				    scale, features * KERNEL_BLOCK);
	trainer->squared += count;
	network_backward(network, kernels, trainer->noisy, &trainer->workspace,
			 trainer->gradient);
}

static void learn_step(struct trainer *trainer, size_t step)
{
	const struct train_options *options = trainer->options;
	struct network *network = trainer->network;
	double share = (double)step / (double)options->steps;
	double rate = options->rate + (options->rate_end - options->rate) * share;
	double correction1, correction2;
	struct kernel_adam adam;
	size_t batch;

	if (trainer->next >= trainer->rows->count) {
		random_shuffle(&trainer->random, trainer->order, trainer->rows->count);
		trainer->next = 0;
	}
	batch = trainer->rows->count - trainer->next;
	batch = batch < options->batch ? batch : options->batch;
	memset(trainer->gradient, 0,
	       network->parameter_count * sizeof(*trainer->gradient));
	for (size_t done = 0; done < batch; done += KERNEL_BLOCK) {
		size_t count =
			batch - done < KERNEL_BLOCK ? batch - done : KERNEL_BLOCK;

		learn_block(trainer, trainer->next + done, count, batch);
	}
	trainer->next += batch;
	trainer->decay1 *= ADAM_DECAY1;
	trainer->decay2 *= ADAM_DECAY2;
	correction1 = 1 - trainer->decay1;
	correction2 = sqrt(1 - trainer->decay2);
	/* Section 2 of the paper: the corrections moved into rate and epsilon. */
	adam = (struct kernel_adam){
		.rate = (float)(rate * correction2 / correction1),
		.epsilon = (float)(ADAM_EPSILON * correction2),
		.decay1 = (float)ADAM_DECAY1,
		.decay2 = (float)ADAM_DECAY2,
	};
	trainer->kernels->adam(&adam, network->parameters, trainer->gradient,
			       trainer->moment1, trainer->moment2,
			       network->parameter_count);
}

int train_error(const struct network *network, const struct kernels *kernels,
		const struct train_rows *rows, double noise, uint64_t seed,
		double *error)
{
	size_t values = rows->features * KERNEL_BLOCK;
	struct network_workspace workspace;
	float *clean = kernel_alloc(values);
	float *noisy = kernel_alloc(values);
	struct kernel_noise generator;
	double squares = 0;
	int status = network_workspace_create(&workspace, network);

	if (status || !clean || !noisy) {
		status = -ENOMEM;
		goto out;
	}
	kernel_noise_seed(&generator, seed, STREAM_VALIDATION);
	for (size_t first = 0; first < rows->count; first += KERNEL_BLOCK) {
		float *output = workspace.outputs[network->layer_count - 1];
		size_t count =
			train_gather(rows, NULL, first, rows->count - first, clean);

		kernels->noise(&generator, clean, noisy, (float)noise, values);
		network_forward(network, kernels, noisy, &workspace);
		ignore_lanes(output, clean, rows->features, count);
		squares +=
			kernels->difference(output, clean, workspace.delta, 0, values);
	}
	*error = squares / (double)(rows->count * rows->features);
out:
	network_workspace_free(&workspace);
	free(noisy);
	free(clean);
	return status;
}

/* Evenly spread rows of a large set; *rows is the list, freed by the caller. */
static int thin(const struct train_rows *all, struct train_rows *few, uint32_t **rows)
{
	*rows = NULL;
	*few = *all;
	if (all->count <= VALIDATION_ROWS_MAX)
		return 0;
	*rows = malloc(VALIDATION_ROWS_MAX * sizeof(**rows));
	if (!*rows)
		return -ENOMEM;
	few->rows = *rows;
	few->count = VALIDATION_ROWS_MAX;
	for (size_t i = 0; i < few->count; i++) {
		size_t at = i * all->count / few->count;

		(*rows)[i] = all->rows ? all->rows[at] : (uint32_t)at;
	}
	return 0;
}

/* Notes the errors; keeps the parameters if they are the best so far. */
static int check(struct trainer *trainer, const struct train_rows *validation,
		 size_t step, struct train_result *result)
{
	const struct train_options *options = trainer->options;
	struct train_check *now = &result->checks[result->check_count];
	size_t bytes = trainer->network->parameter_count * sizeof(float);
	int status = 0;

	now->step = step;
	now->epoch =
		(double)step * (double)options->batch / (double)trainer->rows->count;
	if (options->batch > trainer->rows->count)
		now->epoch = (double)step;
	now->training_error =
		trainer->squares / (double)(trainer->squared * trainer->rows->features);
	now->validation_error = NAN;
	trainer->squares = 0;
	trainer->squared = 0;
	if (validation)
		status = train_error(trainer->network, trainer->kernels, validation,
				     options->noise, options->seed,
				     &now->validation_error);
	if (status)
		return status;
	if (!result->check_count || !validation ||
	    now->validation_error < result->checks[result->best].validation_error) {
		result->best = result->check_count;
		memcpy(trainer->best, trainer->network->parameters, bytes);
	}
	result->check_count++;
	return 0;
}

/* The last checks were all clearly worse than the best one. */
static bool overfits(const struct train_result *result, unsigned patience)
{
	double limit =
		(1 + TRAIN_OVERFIT) * result->checks[result->best].validation_error;

	if (result->check_count - result->best <= patience)
		return false;
	for (size_t i = result->check_count - patience; i < result->check_count; i++)
		if (!(result->checks[i].validation_error > limit))
			return false;
	return true;
}

/*
 * The best denoiser that looks at each feature alone gives back v / (v + noise^2) of its distance
 * from the mean, where v is its variance: nothing to iterate. What it leaves is a fixed share of
 * that distance, so that over its spread it is the plain standardised value.
 */
static void fit_diagonal(const struct network_layer *layer,
			 const struct train_rows *rows, double noise)
{
	size_t features = rows->features;

	for (size_t f = 0; f < features; f++) {
		double sum = 0, squares = 0, mean, variance, share;

		for (size_t i = 0; i < rows->count; i++) {
			size_t at = rows->rows ? rows->rows[i] : i;
			double x = (double)clip(rows->values[at * features + f]);

			sum += x;
			squares += x * x;
		}
		mean = sum / (double)rows->count;
		variance = fmax(squares / (double)rows->count - mean * mean, 0);
		share = variance / fmax(variance + noise * noise, VARIANCE_LEAST);
		layer->weights[f * features + f] = (float)share;
		layer->bias[f] = (float)((1 - share) * mean);
	}
}

/* As train_network(), without steps: one check, after the fit. */
static int train_diagonal(struct network *network, const struct kernels *kernels,
			  const struct train_rows *training,
			  const struct train_rows *validation,
			  const struct train_options *options,
			  struct train_result *result)
{
	struct train_check *check = calloc(1, sizeof(*check));
	int status = check ? 0 : -ENOMEM;

	*result = (struct train_result){.checks = check};
	if (status)
		return status;
	fit_diagonal(&network->layers[0], training, options->noise);
	result->check_count = 1;
	check->validation_error = NAN;
	status = train_error(network, kernels, training, options->noise, options->seed,
			     &check->training_error);
	if (!status && validation)
		status = train_error(network, kernels, validation, options->noise,
				     options->seed, &check->validation_error);
	if (status)
		train_result_free(result);
	return status;
}

int train_network(struct network *network, const struct kernels *kernels,
		  const struct train_rows *training,
		  const struct train_rows *validation,
		  const struct train_options *options, struct train_result *result)
{
	struct trainer trainer = {.network = network,
				  .kernels = kernels,
				  .options = options,
				  .rows = training};
	unsigned checks = options->checks ? options->checks : 1;
	struct train_rows few;
	uint32_t *few_rows = NULL;
	size_t made = 0, counted = 0;
	int status;

	if (network->diagonal)
		return train_diagonal(network, kernels, training, validation, options,
				      result);
	*result = (struct train_result){
		.checks = calloc(checks, sizeof(*result->checks))};
	status = result->checks ? trainer_init(&trainer) : -ENOMEM;
	if (!status && validation)
		status = thin(validation, &few, &few_rows);
	for (unsigned i = 0; !status && i < checks; i++) {
		size_t until = options->steps * (i + 1) / checks;

		if (until <= made)
			continue;
		for (; made < until; made++)
			learn_step(&trainer, made);
		if (options->progress)
			atomic_fetch_add(options->progress, made - counted);
		counted = made;
		status = check(&trainer, validation ? &few : NULL, made, result);
		if (!status && options->patience && overfits(result, options->patience))
			break;
	}
	result->steps = made;
	if (!status)
		memcpy(network->parameters, trainer.best,
		       network->parameter_count * sizeof(*network->parameters));
	else
		train_result_free(result);
	free(few_rows);
	trainer_free(&trainer);
	return status;
}

void train_result_free(struct train_result *result)
{
	free(result->checks);
	*result = (struct train_result){0};
}
