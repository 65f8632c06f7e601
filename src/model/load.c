/* SPDX-License-Identifier: MIT */
/*
 * Reads model files: see file.h for what is in them, loader.h for how values are taken out. The
 * file is untrusted. Whatever is used as an index, a size or a divisor later is checked here,
 * once, so that the rest of the program may rely on a model that it was given.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/file.h"
#include "model/history.h"
#include "model/landmark.h"
#include "model/lines.h"
#include "model/loader.h"
#include "model/neighbour.h"
#include "model/network.h"
#include "model/score.h"
#include "model/tail.h"

#define FILE_BYTES_MAX ((size_t)1 << 30)
#define SQLITE_MAGIC   "SQLite format 3"

static int read_feature(struct loader *loader, const json_t *object,
			const struct model_unit *unit, struct feature *feature)
{
	size_t events = loader->model->plan.passes[unit->pass].count;
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *role = json_string_value(json_object_get(object, "role"));
	const char *name = json_string_value(json_object_get(object, "unit"));
	json_int_t event = -1;
	bool of_time;
	int status = loader_text(loader, object, "name", true, &feature->name);

	if (!status)
		status = loader_integer(loader, object, "event", -1,
					(json_int_t)events - 1, &event);
	if (status)
		return status;
	if (!kind || feature_kind_parse(kind, &feature->kind) || !role ||
	    event_role_parse(role, &feature->role) || !name ||
	    event_unit_parse(name, &feature->unit))
		return loader_wrong(loader,
				    "a feature has an unknown kind, role or unit");
	of_time = feature->kind == FEATURE_TIME_PER_EXECUTION ||
		  feature->kind == FEATURE_TIME_PER_KILOINST ||
		  feature->kind == FEATURE_CPU_SHARE;
	if (of_time != (event < 0))
		return loader_wrong(loader, "a feature has no event, or one too many");
	feature->event = (int)event;
	return 0;
}

static int read_features(struct loader *loader, const json_t *list,
			 struct model_unit *unit, size_t index)
{
	size_t count = json_array_size(list);
	double *resolution = NULL;
	bool relative = false;
	int status = 0;

	if (!json_is_array(list) || !count || count > NETWORK_WIDTH_MAX)
		return loader_wrong(loader, "a unit has no features");
	unit->features = calloc(count, sizeof(*unit->features));
	if (!unit->features)
		return loader_no_memory(loader);
	unit->feature_count = count;
	for (size_t f = 0; !status && f < count; f++) {
		status = read_feature(loader, json_array_get(list, f), unit,
				      &unit->features[f]);
		relative |= unit->features[f].kind == FEATURE_TIME_PER_KILOINST ||
			    unit->features[f].kind == FEATURE_RATE_PER_KILOINST;
	}
	if (!status && relative && feature_instructions(unit->features, count) < 0)
		status = loader_wrong(loader,
				      "rates are relative to instructions that are not "
				      "counted");
	if (!status)
		status = loader_doubles(loader, index, FILE_RESOLUTION, count, true,
					&resolution);
	for (size_t f = 0; !status && f < count; f++)
		unit->features[f].resolution = resolution[f];
	free(resolution);
	return status;
}

/* Layers follow each other from the features back to them. */
static int read_topology(struct loader *loader, const json_t *activations,
			 const struct model_unit *unit, size_t index,
			 struct topology *topology, enum network_activation *of_layer)
{
	size_t layers = json_array_size(activations);
	char name[FILE_NAME_MAX];

	if (!json_is_array(activations) || !layers || layers > NETWORK_LAYERS_MAX)
		return loader_wrong(loader, "a network has too few or too many layers");
	*topology =
		(struct topology){.count = layers + 1, .sizes = {unit->feature_count}};
	for (size_t i = 0; i < layers; i++) {
		const char *text = json_string_value(json_array_get(activations, i));
		const struct tensor *weights = tensor_file_find(
			&loader->file, file_layer_name(name, index, i, FILE_WEIGHT));

		if (!text || network_activation_parse(text, &of_layer[i]))
			return loader_wrong(loader,
					    "a layer has an unknown activation");
		if (!weights || weights->rank != 2 || !weights->shape[0] ||
		    weights->shape[0] > NETWORK_WIDTH_MAX ||
		    weights->shape[1] != topology->sizes[i])
			return loader_wrong(
				loader,
				"the layers of a network do not fit each other");
		topology->sizes[i + 1] = weights->shape[0];
	}
	if (topology->sizes[layers] != unit->feature_count)
		return loader_wrong(loader, "a network does not end in the features");
	return 0;
}

static int read_layer(struct loader *loader, struct network_layer *layer, size_t index,
		      size_t position)
{
	char name[FILE_NAME_MAX];
	void *weights = NULL, *bias = NULL;
	int status = loader_array(loader,
				  file_layer_name(name, index, position, FILE_WEIGHT),
				  TENSOR_F32, layer->outputs, layer->inputs, &weights);

	if (!status)
		status = loader_array(loader,
				      file_layer_name(name, index, position, FILE_BIAS),
				      TENSOR_F32, layer->outputs, 0, &bias);
	if (!status) {
		memcpy(layer->weights, weights,
		       layer->inputs * layer->outputs * sizeof(*layer->weights));
		memcpy(layer->bias, bias, layer->outputs * sizeof(*layer->bias));
	}
	free(weights);
	free(bias);
	return status;
}

static int read_network(struct loader *loader, const json_t *activations,
			struct model_unit *unit, size_t index)
{
	enum network_activation of_layer[NETWORK_LAYERS_MAX];
	struct topology topology;
	int status =
		read_topology(loader, activations, unit, index, &topology, of_layer);

	if (status)
		return status;
	if (network_create(&unit->network, &topology))
		return loader_no_memory(loader);
	for (size_t i = 0; !status && i < unit->network->layer_count; i++) {
		unit->network->layers[i].activation = of_layer[i];
		status = read_layer(loader, &unit->network->layers[i], index, i);
	}
	if (!status)
		unit->network->diagonal = network_is_diagonal(unit->network);
	return status;
}

static int read_scores(struct loader *loader, struct model_unit *unit, size_t index)
{
	size_t features = unit->feature_count;
	int status = loader_doubles(loader, index, FILE_CENTER, features, false,
				    &unit->scaler.center);

	if (!status)
		status = loader_doubles(loader, index, FILE_SCALE, features, true,
					&unit->scaler.scale);
	if (!status)
		status = loader_doubles(loader, index, FILE_RESIDUAL_SPREAD, features,
					true, &unit->residual_spread);
	if (!status)
		status = loader_doubles(loader, index, FILE_LANDMARK_SPREAD, features,
					true, &unit->landmark_spread);
	if (!status)
		status = loader_doubles(loader, index, FILE_QUANTILES, MODEL_QUANTILES,
					false, &unit->score_quantiles);
	for (size_t i = 0; !status && i < MODEL_QUANTILES; i++)
		if (unit->score_quantiles[i] < (i ? unit->score_quantiles[i - 1] : 0))
			status = loader_wrong(
				loader, "the quantiles of the scores do not ascend");
	return status;
}

static int read_landmarks(struct loader *loader, struct model_unit *unit, size_t index)
{
	char name[FILE_NAME_MAX];
	const struct tensor *landmarks =
		tensor_file_find(&loader->file, file_name(name, index, FILE_LANDMARKS));
	void *numbers = NULL;
	int status = loader_array(loader, name, TENSOR_F32, 0, unit->feature_count,
				  &numbers);

	unit->landmarks = numbers;
	if (status)
		return status;
	unit->landmark_count = landmarks->shape[0];
	if (unit->landmark_count > LANDMARKS_MAX)
		return loader_wrong(loader, "a unit has too many landmarks");
	return 0;
}

/* Knots ascend, and distances are not negative. */
static bool are_plausible(const struct neighbours *neighbours)
{
	for (size_t f = 0; f < neighbours->features; f++)
		for (size_t i = 1; i < NEIGHBOUR_KNOTS; i++) {
			const float *knots = neighbours->knots + f * NEIGHBOUR_KNOTS;

			if (knots[i] < knots[i - 1])
				return false;
		}
	for (size_t i = 0; i < neighbours->spaces * neighbours->count; i++)
		if (neighbours->own[i] < 0)
			return false;
	return true;
}

/* The arrays of the unit's neighbours, which it has. */
static int read_references(struct loader *loader, struct neighbours *neighbours,
			   size_t index, size_t count)
{
	size_t features = neighbours->features;
	char name[FILE_NAME_MAX];
	void *numbers = NULL;
	int status;

	neighbours->count = count;
	neighbours->spaces =
		tensor_file_find(&loader->file, file_name(name, index, FILE_WHITE))
			? NEIGHBOUR_SPACES
			: NEIGHBOUR_MAPS;
	status = loader_array(loader, file_name(name, index, FILE_REFERENCES),
			      TENSOR_F32, count, features, &numbers);
	neighbours->values = numbers;
	numbers = NULL;
	if (!status)
		status =
			loader_array(loader, file_name(name, index, FILE_REFERENCE_OWN),
				     TENSOR_F32, neighbours->spaces, count, &numbers);
	neighbours->own = numbers;
	numbers = NULL;
	if (!status)
		status = loader_array(loader, file_name(name, index, FILE_KNOTS),
				      TENSOR_F32, features, NEIGHBOUR_KNOTS, &numbers);
	neighbours->knots = numbers;
	numbers = NULL;
	if (!status && neighbours->spaces == NEIGHBOUR_SPACES)
		status = loader_array(loader, file_name(name, index, FILE_WHITE),
				      TENSOR_F32, NEIGHBOUR_MAPS * features, features,
				      &numbers);
	neighbours->white = numbers;
	return status;
}

static int read_neighbours(struct loader *loader, struct model_unit *unit, size_t index)
{
	char name[FILE_NAME_MAX];
	const struct tensor *references = tensor_file_find(
		&loader->file, file_name(name, index, FILE_REFERENCES));
	int status;

	if (!references)
		return 0;
	if (!references->shape[0] || references->shape[0] > NEIGHBOURS_MAX)
		return loader_wrong(loader,
				    "a unit has too few or too many references");
	unit->neighbours = calloc(1, sizeof(*unit->neighbours));
	if (!unit->neighbours)
		return loader_no_memory(loader);
	unit->neighbours->features = unit->feature_count;
	status = read_references(loader, unit->neighbours, index, references->shape[0]);
	if (status)
		return status;
	if (!are_plausible(unit->neighbours))
		return loader_wrong(loader, "its references are impossible");
	if (neighbours_prepare(unit->neighbours, kernels_select(KERNEL_WIDTH_BEST)) ||
	    neighbours_make_slack(unit->neighbours))
		return loader_no_memory(loader);
	return 0;
}

static int read_tails(struct loader *loader, struct model_unit *unit, size_t index)
{
	size_t parts = scorer_components(unit->neighbours);
	char name[FILE_NAME_MAX];
	void *numbers = NULL;
	int status = loader_array(loader, file_name(name, index, FILE_TAILS),
				  TENSOR_F64, parts, TAIL_POINTS, &numbers);

	unit->tails = numbers;
	for (size_t i = 0; !status && i < parts * TAIL_POINTS; i++)
		if (i % TAIL_POINTS && unit->tails[i] < unit->tails[i - 1])
			status = loader_wrong(loader, "its tails do not ascend");
	return status;
}

static int fill_run(struct loader *loader, struct model_run *run, const double *rates,
		    size_t features, const double *values, const int64_t *counts)
{
	if (counts[FILE_RUN_ORDINAL] < 0 || counts[FILE_RUN_ORDINAL] > UINT32_MAX ||
	    counts[FILE_RUN_SAMPLES] < 0 || counts[FILE_RUN_THREADS] < 0 ||
	    values[FILE_RUN_ANOMALOUS] < 0 || values[FILE_RUN_ANOMALOUS] > 1)
		return loader_wrong(loader, "a run has impossible numbers");
	*run = (struct model_run){
		.ordinal = (uint32_t)counts[FILE_RUN_ORDINAL],
		.samples = (uint64_t)counts[FILE_RUN_SAMPLES],
		.threads = (uint64_t)counts[FILE_RUN_THREADS],
		.executions = values[FILE_RUN_EXECUTIONS],
		.wall_total_ns = values[FILE_RUN_WALL_TOTAL],
		.wall_mean_ns = values[FILE_RUN_WALL_MEAN],
		.wall_median_ns = values[FILE_RUN_WALL_MEDIAN],
		.score_mean = values[FILE_RUN_SCORE_MEAN],
		.anomalous_share = values[FILE_RUN_ANOMALOUS],
		.rates = malloc(features * sizeof(*rates)),
	};
	if (!run->rates)
		return loader_no_memory(loader);
	memcpy(run->rates, rates, features * sizeof(*rates));
	return 0;
}

static int read_runs(struct loader *loader, struct model_unit *unit, size_t index)
{
	char name[FILE_NAME_MAX];
	const struct tensor *tensor =
		tensor_file_find(&loader->file, file_name(name, index, FILE_RUN_RATES));
	size_t runs = tensor ? tensor->shape[0] : 0;
	size_t features = unit->feature_count;
	void *rates = NULL, *values = NULL, *counts = NULL;
	int status = loader_array(loader, name, TENSOR_F64, 0, features, &rates);

	if (!status)
		status = loader_array(loader, file_name(name, index, FILE_RUN_VALUES),
				      TENSOR_F64, runs, FILE_RUN_VALUES_COUNT, &values);
	if (!status)
		status = loader_array(loader, file_name(name, index, FILE_RUN_COUNTS),
				      TENSOR_I64, runs, FILE_RUN_COUNTS_COUNT, &counts);
	if (!status) {
		unit->runs = calloc(runs + 1, sizeof(*unit->runs));
		status = unit->runs ? 0 : loader_no_memory(loader);
	}
	for (size_t r = 0; !status && r < runs; r++) {
		unit->run_count++;
		status = fill_run(loader, &unit->runs[r],
				  (const double *)rates + r * features, features,
				  (const double *)values + r * FILE_RUN_VALUES_COUNT,
				  (const int64_t *)counts + r * FILE_RUN_COUNTS_COUNT);
	}
	free(rates);
	free(values);
	free(counts);
	return status;
}

static int read_aside(struct loader *loader, const json_t *list,
		      struct model_unit *unit)
{
	size_t count = json_array_size(list);
	int status = 0;

	if (!json_is_array(list) || count > LOADER_ITEMS_MAX)
		return loader_wrong(loader, "\"set_aside\" is missing");
	unit->aside = calloc(count + 1, sizeof(*unit->aside));
	if (!unit->aside)
		return loader_no_memory(loader);
	for (size_t i = 0; !status && i < count; i++) {
		const json_t *object = json_array_get(list, i);
		struct model_aside *aside = &unit->aside[unit->aside_count++];
		json_int_t ordinal = 0;

		status = loader_integer(loader, object, "run", 0, UINT32_MAX, &ordinal);
		if (!status)
			status = loader_text(loader, object, "reason", true,
					     &aside->reason);
		aside->ordinal = (uint32_t)ordinal;
	}
	return status;
}

static int read_unit(struct loader *loader, const json_t *object,
		     struct model_unit *unit, size_t index)
{
	json_int_t pass = 0, samples = 0;
	int status = loader_text(loader, object, "region", true, &unit->region);

	if (!status)
		status = loader_integer(loader, object, "pass", 0,
					(json_int_t)loader->model->plan.pass_count - 1,
					&pass);
	if (!status)
		status = loader_integer(loader, object, "samples", 1, INT64_MAX,
					&samples);
	if (!status)
		status = loader_real(loader, object, "threshold", 0, &unit->threshold);
	if (!status)
		status = loader_real(loader, object, "training_error", 0,
				     &unit->training_error);
	if (!status)
		status = loader_real(loader, object, "validation_error", 0,
				     &unit->validation_error);
	unit->method = loader->model->method;
	unit->pass = (uint32_t)pass;
	unit->samples = (uint64_t)samples;
	if (!status)
		status = read_features(loader, json_object_get(object, "features"),
				       unit, index);
	if (!status)
		status = loader_text(loader, object, "shared_with", false,
				     &unit->shared_with);
	if (!status)
		status = read_aside(loader, json_object_get(object, "set_aside"), unit);
	if (!status)
		status = history_load(loader, json_object_get(object, "history"),
				      unit->feature_count, &unit->history);
	if (!status)
		status = read_network(loader, json_object_get(object, "activations"),
				      unit, index);
	if (!status)
		status = read_scores(loader, unit, index);
	if (!status)
		status = read_landmarks(loader, unit, index);
	if (!status)
		status = read_neighbours(loader, unit, index);
	if (!status)
		status = read_tails(loader, unit, index);
	return status ? status : read_runs(loader, unit, index);
}

static int read_units(struct loader *loader)
{
	struct model *model = loader->model;
	size_t count;
	json_t *list;
	int status = loader_document(loader, FILE_KEY_UNITS, &list);

	if (status)
		return status;
	count = json_array_size(list);
	model->units = calloc(count + 1, sizeof(*model->units));
	if (!json_is_array(list) || !count)
		status = loader_wrong(loader, "it has no units");
	else if (!model->units)
		status = loader_no_memory(loader);
	for (size_t i = 0; model->units && !status && i < count; i++) {
		struct model_unit *unit = &model->units[model->unit_count++];

		status = read_unit(loader, json_array_get(list, i), unit, i);
		/* model_find() searches by bisection. */
		if (!status && i && strcmp(unit[-1].region, unit->region) >= 0 &&
		    (strcmp(unit[-1].region, unit->region) ||
		     unit[-1].pass >= unit->pass))
			status = loader_wrong(loader, "its units are not in order");
	}
	json_decref(list);
	return status;
}

static int check_format(struct loader *loader)
{
	const json_t *metadata = loader->file.metadata;
	const char *format =
		json_string_value(json_object_get(metadata, FILE_KEY_FORMAT));
	const char *version =
		json_string_value(json_object_get(metadata, FILE_KEY_VERSION));
	char *end = NULL;
	long number = version ? strtol(version, &end, 10) : 0;

	if (!format || strcmp(format, FILE_FORMAT))
		return loader_wrong(loader,
				    "it is a safetensors file, but no AutoPerf model");
	if (!version || end == version || *end || number < 1)
		return loader_wrong(loader, "its format version is missing");
	if (number < MODEL_FORMAT_VERSION)
		return error_set(
			loader->error, -EINVAL,
			"an older AutoPerf made it (format %s, this one reads %d): "
			"train it again (autoperf train PROFILE -o MODEL)",
			version, MODEL_FORMAT_VERSION);
	if (number > MODEL_FORMAT_VERSION)
		return error_set(
			loader->error, -EINVAL,
			"a newer AutoPerf made it (format %s, this one reads up to "
			"%d): update AutoPerf",
			version, MODEL_FORMAT_VERSION);
	return 0;
}

int model_parse(struct model **model, const void *bytes, size_t length,
		const char *origin, struct error *error)
{
	struct loader loader = {.model = calloc(1, sizeof(**model)), .error = error};
	int status;

	if (!loader.model)
		return loader_no_memory(&loader);
	if (length > sizeof(SQLITE_MAGIC) &&
	    !memcmp(bytes, SQLITE_MAGIC, sizeof(SQLITE_MAGIC)))
		status = error_set(
			error, -EINVAL,
			"it is a profile: train a model on it first (autoperf train "
			"%s -o MODEL)",
			origin);
	else
		status = tensor_file_parse(&loader.file, bytes, length, error);
	if (!status)
		status = check_format(&loader);
	if (!status)
		status = loader_model(&loader);
	if (!status)
		status = read_units(&loader);
	if (!status)
		status = model_lines_load(&loader);
	tensor_file_free(&loader.file);
	if (status) {
		model_free(loader.model);
		error_prefix(error, "cannot read model %s", origin);
		return status;
	}
	*model = loader.model;
	return 0;
}

int model_load(struct model **model, const char *path, struct error *error)
{
	size_t length;
	char *bytes;
	int status = file_read(path, FILE_BYTES_MAX, &bytes, &length, error);

	if (status)
		return status;
	status = model_parse(model, bytes, length, path, error);
	free(bytes);
	return status;
}
