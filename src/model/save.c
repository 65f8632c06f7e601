/* SPDX-License-Identifier: MIT */
/*
 * Writes model files: see file.h. Objects keep the order in which they are written here and
 * numbers are printed in full, so that equal models are equal files.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/file.h"
#include "model/history.h"
#include "model/lines.h"
#include "model/neighbour.h"
#include "model/network.h"
#include "model/safetensors.h"
#include "model/score.h"
#include "model/tail.h"

#define JSON_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(17))

char *file_name(char *buffer, size_t unit, const char *name)
{
	snprintf(buffer, FILE_NAME_MAX, "unit.%zu.%s", unit, name);
	return buffer;
}

char *file_layer_name(char *buffer, size_t unit, size_t layer, const char *name)
{
	snprintf(buffer, FILE_NAME_MAX, "unit.%zu.layer.%zu.%s", unit, layer, name);
	return buffer;
}

/* ---- metadata ---- */

static json_t *machine_json(const struct machine *machine)
{
	return json_pack(
		"{s:s, s:s, s:i, s:i, s:i, s:i, s:s, s:i, s:s, s:s, s:s, s:s, s:I}",
		"cpu_model", machine->cpu_model, "architecture", machine->architecture,
		"cores", machine->cores, "cores_allowed", machine->cores_allowed,
		"numa_nodes", machine->numa_nodes, "smt", machine->smt, "governor",
		machine->governor, "turbo", machine->turbo, "kernel", machine->kernel,
		"hypervisor", machine->hypervisor, "container", machine->container,
		"hostname", machine->hostname, "memory_bytes",
		(json_int_t)machine->memory_bytes);
}

static json_t *events_json(const struct event_list *events)
{
	json_t *list = json_array();

	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &events->items[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s?}", "name", event->name,
					"role", event_role_name(event->role), "unit",
					event_unit_name(event->unit), "description",
					event->description));
	}
	return list;
}

static json_t *passes_json(const struct event_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->pass_count; i++) {
		json_t *members = json_array();

		for (size_t k = 0; k < plan->passes[i].count; k++)
			json_array_append_new(
				members,
				json_integer((json_int_t)plan->passes[i].members[k]));
		json_array_append_new(list, members);
	}
	return list;
}

static json_t *skipped_json(const struct model *model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->skipped_count; i++) {
		const struct model_skipped *skipped = &model->skipped[i];

		json_array_append_new(list, json_pack("{s:s, s:i, s:I, s:I, s:s}",
						      "region", skipped->region, "pass",
						      (int)skipped->pass, "samples",
						      (json_int_t)skipped->samples,
						      "runs", (json_int_t)skipped->runs,
						      "reason", skipped->reason));
	}
	return list;
}

static json_t *model_json(const struct model *model)
{
	char seed[24];

	/* As text: JSON numbers of other programs do not hold 64 bits. */
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)model->seed);
	return json_pack(
		"{s:s?, s:s?, s:s?, s:s, s:s, s:s, s:f, s:I, s:o, s:s, s:o, s:o, s:o}",
		"tool_version", model->tool_version, "command", model->command,
		"git_commit", model->git_commit, "source", model->source, "method",
		model_method_name(model->method), "seed", seed, "sample_alarm_rate",
		model->sample_alarm_rate, "run_count", (json_int_t)model->run_count,
		"machine", machine_json(&model->machine), "event_source",
		event_source_name(model->plan.source), "events",
		events_json(&model->plan.events), "passes", passes_json(&model->plan),
		"skipped", skipped_json(model));
}

static json_t *features_json(const struct model_unit *unit)
{
	json_t *list = json_array();

	for (size_t f = 0; f < unit->feature_count; f++) {
		const struct feature *feature = &unit->features[f];

		json_array_append_new(list,
				      json_pack("{s:s, s:s, s:s, s:s, s:i}", "name",
						feature->name, "kind",
						feature_kind_name(feature->kind),
						"role", event_role_name(feature->role),
						"unit", event_unit_name(feature->unit),
						"event", feature->event));
	}
	return list;
}

static json_t *activations_json(const struct network *network)
{
	json_t *list = json_array();

	for (size_t i = 0; i < network->layer_count; i++)
		json_array_append_new(list, json_string(network_activation_name(
						    network->layers[i].activation)));
	return list;
}

static json_t *aside_json(const struct model_unit *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; i < unit->aside_count; i++)
		json_array_append_new(list,
				      json_pack("{s:I, s:s}", "run",
						(json_int_t)unit->aside[i].ordinal,
						"reason", unit->aside[i].reason));
	return list;
}

static json_t *units_json(const struct model *model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->unit_count; i++) {
		const struct model_unit *unit = &model->units[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:i, s:I, s:f, s:f, s:f, s:o, s:o, s:o, s:s?, "
				  "s:o}",
				  "region", unit->region, "pass", (int)unit->pass,
				  "samples", (json_int_t)unit->samples, "threshold",
				  unit->threshold, "training_error",
				  unit->training_error, "validation_error",
				  unit->validation_error, "features",
				  features_json(unit), "activations",
				  activations_json(unit->network), "set_aside",
				  aside_json(unit), "shared_with", unit->shared_with,
				  "history", history_json(&unit->history)));
	}
	return list;
}

/* Adds a JSON value as text; takes `value`. Fails when a part of it could not be made. */
static int add_text(json_t *metadata, const char *key, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_FLAGS) : NULL;
	int status = text ? json_object_set_new(metadata, key, json_string(text)) : -1;

	free(text);
	json_decref(value);
	return status;
}

static json_t *make_metadata(const struct model *model)
{
	char version[16];
	json_t *metadata;

	snprintf(version, sizeof(version), "%d", MODEL_FORMAT_VERSION);
	metadata = json_pack("{s:s, s:s}", FILE_KEY_FORMAT, FILE_FORMAT,
			     FILE_KEY_VERSION, version);
	if (!metadata || add_text(metadata, FILE_KEY_MODEL, model_json(model)) ||
	    add_text(metadata, FILE_KEY_UNITS, units_json(model)) ||
	    (model->lines_known &&
	     add_text(metadata, FILE_KEY_LINES, model_lines_json(model)))) {
		json_decref(metadata);
		return NULL;
	}
	return metadata;
}

/* ---- arrays ---- */

/* The runs of a unit as arrays; they live until the file is written. */
struct run_arrays {
	double *rates;
	double *values;
	int64_t *counts;
};

static int make_run_arrays(struct run_arrays *arrays, const struct model_unit *unit)
{
	size_t runs = unit->run_count + 1, features = unit->feature_count;

	arrays->rates = calloc(runs * features, sizeof(*arrays->rates));
	arrays->values = calloc(runs * FILE_RUN_VALUES_COUNT, sizeof(*arrays->values));
	arrays->counts = calloc(runs * FILE_RUN_COUNTS_COUNT, sizeof(*arrays->counts));
	if (!arrays->rates || !arrays->values || !arrays->counts)
		return -ENOMEM;
	for (size_t r = 0; r < unit->run_count; r++) {
		const struct model_run *run = &unit->runs[r];
		double *values = arrays->values + r * FILE_RUN_VALUES_COUNT;
		int64_t *counts = arrays->counts + r * FILE_RUN_COUNTS_COUNT;

		memcpy(arrays->rates + r * features, run->rates,
		       features * sizeof(*run->rates));
		values[FILE_RUN_EXECUTIONS] = run->executions;
		values[FILE_RUN_WALL_TOTAL] = run->wall_total_ns;
		values[FILE_RUN_WALL_MEAN] = run->wall_mean_ns;
		values[FILE_RUN_WALL_MEDIAN] = run->wall_median_ns;
		values[FILE_RUN_SCORE_MEAN] = run->score_mean;
		values[FILE_RUN_ANOMALOUS] = run->anomalous_share;
		counts[FILE_RUN_ORDINAL] = run->ordinal;
		counts[FILE_RUN_SAMPLES] = (int64_t)run->samples;
		counts[FILE_RUN_THREADS] = (int64_t)run->threads;
	}
	return 0;
}

static void free_run_arrays(struct run_arrays *arrays)
{
	free(arrays->rates);
	free(arrays->values);
	free(arrays->counts);
}

static int add_layers(struct tensor_list *list, const struct network *network,
		      size_t index)
{
	char name[FILE_NAME_MAX];
	int status = 0;

	for (size_t i = 0; !status && i < network->layer_count; i++) {
		const struct network_layer *layer = &network->layers[i];

		status = tensor_list_add(
			list, file_layer_name(name, index, i, FILE_WEIGHT), TENSOR_F32,
			layer->outputs, layer->inputs, layer->weights);
		if (!status)
			status = tensor_list_add(
				list, file_layer_name(name, index, i, FILE_BIAS),
				TENSOR_F32, layer->outputs, 0, layer->bias);
	}
	return status;
}

static int add_neighbours(struct tensor_list *list, const struct neighbours *neighbours,
			  size_t index)
{
	size_t features = neighbours->features, count = neighbours->count;
	char name[FILE_NAME_MAX];
	int status = tensor_list_add(list, file_name(name, index, FILE_REFERENCES),
				     TENSOR_F32, count, features, neighbours->values);

	if (!status)
		status = tensor_list_add(
			list, file_name(name, index, FILE_REFERENCE_OWN), TENSOR_F32,
			neighbours->spaces, count, neighbours->own);
	if (!status)
		status = tensor_list_add(list, file_name(name, index, FILE_KNOTS),
					 TENSOR_F32, features, NEIGHBOUR_KNOTS,
					 neighbours->knots);
	if (!status && neighbours->white)
		status = tensor_list_add(list, file_name(name, index, FILE_WHITE),
					 TENSOR_F32, NEIGHBOUR_MAPS * features,
					 features, neighbours->white);
	return status;
}

static int add_unit(struct tensor_list *list, const struct model_unit *unit,
		    size_t index, double *resolutions, const struct run_arrays *runs)
{
	size_t features = unit->feature_count;
	const struct {
		const char *name;
		enum tensor_type type;
		size_t rows, columns;
		const void *data;
	} arrays[] = {
		{FILE_CENTER, TENSOR_F64, features, 0, unit->scaler.center},
		{FILE_SCALE, TENSOR_F64, features, 0, unit->scaler.scale},
		{FILE_RESOLUTION, TENSOR_F64, features, 0, resolutions},
		{FILE_RESIDUAL_SPREAD, TENSOR_F64, features, 0, unit->residual_spread},
		{FILE_LANDMARK_SPREAD, TENSOR_F64, features, 0, unit->landmark_spread},
		{FILE_QUANTILES, TENSOR_F64, MODEL_QUANTILES, 0, unit->score_quantiles},
		{FILE_RUN_RATES, TENSOR_F64, unit->run_count, features, runs->rates},
		{FILE_RUN_VALUES, TENSOR_F64, unit->run_count, FILE_RUN_VALUES_COUNT,
		 runs->values},
		{FILE_RUN_COUNTS, TENSOR_I64, unit->run_count, FILE_RUN_COUNTS_COUNT,
		 runs->counts},
		{FILE_LANDMARKS, TENSOR_F32, unit->landmark_count, features,
		 unit->landmarks},
	};
	char name[FILE_NAME_MAX];
	int status = 0;

	for (size_t f = 0; f < features; f++)
		resolutions[f] = unit->features[f].resolution;
	for (size_t i = 0; !status && i < sizeof(arrays) / sizeof(*arrays); i++)
		status = tensor_list_add(list, file_name(name, index, arrays[i].name),
					 arrays[i].type, arrays[i].rows,
					 arrays[i].columns, arrays[i].data);
	if (!status)
		status = tensor_list_add(
			list, file_name(name, index, FILE_TAILS), TENSOR_F64,
			scorer_components(unit->neighbours), TAIL_POINTS, unit->tails);
	if (!status && unit->neighbours)
		status = add_neighbours(list, unit->neighbours, index);
	return status ? status : add_layers(list, unit->network, index);
}

int model_write(const struct model *model, FILE *stream, struct error *error)
{
	struct run_arrays *runs = calloc(model->unit_count + 1, sizeof(*runs));
	double **resolutions = calloc(model->unit_count + 1, sizeof(*resolutions));
	json_t *metadata = make_metadata(model);
	struct tensor_list list = {0};
	int status = runs && resolutions && metadata ? 0 : -ENOMEM;

	for (size_t i = 0; !status && i < model->unit_count; i++) {
		resolutions[i] = calloc(model->units[i].feature_count, sizeof(double));
		status = resolutions[i] ? make_run_arrays(&runs[i], &model->units[i])
					: -ENOMEM;
		if (!status)
			status = add_unit(&list, &model->units[i], i, resolutions[i],
					  &runs[i]);
	}
	if (status)
		error_no_memory(error, "writing a model");
	else
		status = tensor_list_write(&list, metadata, stream, error);
	for (size_t i = 0; i < model->unit_count; i++) {
		if (runs)
			free_run_arrays(&runs[i]);
		if (resolutions)
			free(resolutions[i]);
	}
	tensor_list_free(&list);
	json_decref(metadata);
	free(resolutions);
	free(runs);
	return status;
}

int model_save(const struct model *model, const char *path, bool force,
	       struct error *error)
{
	struct file_output output = {0};
	int status = file_output_open(&output, path, force, error);

	if (status)
		return status;
	status = model_write(model, output.stream, error);
	if (status) {
		file_output_abandon(&output);
		return status;
	}
	return file_output_commit(&output, error);
}
