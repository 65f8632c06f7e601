/* SPDX-License-Identifier: MIT */
/*
 * Reads model files: see file.h. The file is untrusted. Whatever is used as an index, a size or a
 * divisor later is checked here, once, so that the rest of the program may rely on a model that
 * it was given. Each function returns 0 or a negative code with the text set.
 */
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "model/file.h"
#include "model/landmark.h"
#include "model/network.h"
#include "model/safetensors.h"

#define FILE_BYTES_MAX ((size_t)1 << 30)
#define EVENTS_MAX     65536 /* events, passes, features: far beyond what can be measured */
#define SQLITE_MAGIC   "SQLite format 3"

/* What is being read; in every call. */
struct loader {
	struct tensor_file file;
	struct model *model;
	struct error *error;
};

static int wrong(struct loader *loader, const char *what)
{
	return error_set(loader->error, -EINVAL, "%s", what);
}

static int no_memory(struct loader *loader)
{
	return error_no_memory(loader->error, "reading a model");
}

/* ---- JSON values ---- */

/* A copy of an optional text. */
static int get_text(struct loader *loader, const json_t *object, const char *key,
		    bool required, char **text)
{
	const json_t *value = json_object_get(object, key);

	*text = NULL;
	if (!required && (!value || json_is_null(value)))
		return 0;
	if (!json_is_string(value))
		return error_set(loader->error, -EINVAL, "\"%s\" is missing or no text",
				 key);
	*text = strdup(json_string_value(value));
	return *text ? 0 : no_memory(loader);
}

/* A text of a fixed field of the machine; cut when it is too long. */
static void get_field(const json_t *object, const char *key, char *field, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(field, size, "%s", value ? value : "");
}

static int get_integer(struct loader *loader, const json_t *object, const char *key,
		       json_int_t least, json_int_t most, json_int_t *integer)
{
	const json_t *value = json_object_get(object, key);

	*integer = json_integer_value(value);
	if (!json_is_integer(value) || *integer < least || *integer > most)
		return error_set(loader->error, -EINVAL,
				 "\"%s\" is missing or out of range", key);
	return 0;
}

static int get_real(struct loader *loader, const json_t *object, const char *key,
		    double least, double *real)
{
	const json_t *value = json_object_get(object, key);

	*real = json_number_value(value);
	if (!json_is_number(value) || !isfinite(*real) || *real < least)
		return error_set(loader->error, -EINVAL,
				 "\"%s\" is missing or out of range", key);
	return 0;
}

/* Parses a text of the metadata as JSON; *value is the caller's. */
static int get_document(struct loader *loader, const char *key, json_t **value)
{
	const char *text =
		json_string_value(json_object_get(loader->file.metadata, key));
	json_error_t json_error;

	*value = text ? json_loads(text, JSON_REJECT_DUPLICATES, &json_error) : NULL;
	if (*value)
		return 0;
	return error_set(loader->error, -EINVAL,
			 "metadata \"%s\" are not understood: %s", key,
			 text ? json_error.text : "missing");
}

/* ---- the model's metadata ---- */

static void read_machine(struct machine *machine, const json_t *object)
{
	const struct {
		const char *key;
		int *value;
	} numbers[] = {{"cores", &machine->cores},
		       {"cores_allowed", &machine->cores_allowed},
		       {"numa_nodes", &machine->numa_nodes},
		       {"smt", &machine->smt},
		       {"turbo", &machine->turbo}};
	json_int_t memory = json_integer_value(json_object_get(object, "memory_bytes"));

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		json_int_t number =
			json_integer_value(json_object_get(object, numbers[i].key));

		*numbers[i].value =
			number >= INT_MIN && number <= INT_MAX ? (int)number : -1;
	}
	get_field(object, "cpu_model", machine->cpu_model, sizeof(machine->cpu_model));
	get_field(object, "architecture", machine->architecture,
		  sizeof(machine->architecture));
	get_field(object, "governor", machine->governor, sizeof(machine->governor));
	get_field(object, "kernel", machine->kernel, sizeof(machine->kernel));
	get_field(object, "hypervisor", machine->hypervisor,
		  sizeof(machine->hypervisor));
	get_field(object, "container", machine->container, sizeof(machine->container));
	get_field(object, "hostname", machine->hostname, sizeof(machine->hostname));
	machine->memory_bytes = memory > 0 ? (unsigned long)memory : 0;
}

static int read_event(struct loader *loader, const json_t *object)
{
	struct event_list *list = &loader->model->plan.events;
	const char *role = json_string_value(json_object_get(object, "role"));
	const char *unit = json_string_value(json_object_get(object, "unit"));
	struct event *event = &list->items[list->count++];
	int status = get_text(loader, object, "name", true, &event->name);

	if (!status)
		status = get_text(loader, object, "description", false,
				  &event->description);
	if (status)
		return status;
	if (!role || event_role_parse(role, &event->role) || !unit ||
	    event_unit_parse(unit, &event->unit))
		return wrong(loader, "an event has an unknown role or unit");
	return 0;
}

static int read_pass(struct loader *loader, const json_t *members)
{
	struct event_plan *plan = &loader->model->plan;
	struct event_pass *pass = &plan->passes[plan->pass_count++];
	size_t count = json_array_size(members);

	if (!json_is_array(members) || count > EVENTS_MAX)
		return wrong(loader, "a pass is no list of events");
	pass->members = calloc(count + 1, sizeof(*pass->members));
	if (!pass->members)
		return no_memory(loader);
	for (; pass->count < count; pass->count++) {
		const json_t *member = json_array_get(members, pass->count);
		json_int_t index = json_integer_value(member);

		if (!json_is_integer(member) || index < 0 ||
		    (size_t)index >= plan->events.count)
			return wrong(loader, "a pass has an event that is not there");
		pass->members[pass->count] = (size_t)index;
	}
	return 0;
}

static int read_plan(struct loader *loader, const json_t *object)
{
	struct event_plan *plan = &loader->model->plan;
	const char *source = json_string_value(json_object_get(object, "event_source"));
	const json_t *events = json_object_get(object, "events");
	const json_t *passes = json_object_get(object, "passes");
	size_t event_count = json_array_size(events);
	size_t pass_count = json_array_size(passes);
	int status = 0;

	if (!source || event_source_parse(source, &plan->source) ||
	    !json_is_array(events) || !json_is_array(passes) ||
	    event_count > EVENTS_MAX || !pass_count || pass_count > EVENTS_MAX)
		return wrong(loader, "events, passes or their source are missing");
	plan->events.items = calloc(event_count + 1, sizeof(*plan->events.items));
	plan->passes = calloc(pass_count, sizeof(*plan->passes));
	if (!plan->events.items || !plan->passes)
		return no_memory(loader);
	plan->events.capacity = event_count + 1;
	for (size_t i = 0; !status && i < event_count; i++)
		status = read_event(loader, json_array_get(events, i));
	for (size_t i = 0; !status && i < pass_count; i++)
		status = read_pass(loader, json_array_get(passes, i));
	return status;
}

static int read_skipped(struct loader *loader, const json_t *list)
{
	struct model *model = loader->model;
	size_t count = json_array_size(list);
	int status = 0;

	if (!json_is_array(list))
		return wrong(loader, "\"skipped\" is missing");
	model->skipped = calloc(count + 1, sizeof(*model->skipped));
	if (!model->skipped)
		return no_memory(loader);
	for (size_t i = 0; !status && i < count; i++) {
		const json_t *object = json_array_get(list, i);
		struct model_skipped *skipped = &model->skipped[model->skipped_count++];
		json_int_t pass = 0, samples = 0, runs = 0;

		status = get_text(loader, object, "region", true, &skipped->region);
		if (!status)
			status = get_text(loader, object, "reason", true,
					  &skipped->reason);
		if (!status)
			status = get_integer(loader, object, "pass", 0, EVENTS_MAX,
					     &pass);
		if (!status)
			status = get_integer(loader, object, "samples", 0, INT64_MAX,
					     &samples);
		if (!status)
			status = get_integer(loader, object, "runs", 0, INT64_MAX,
					     &runs);
		skipped->pass = (uint32_t)pass;
		skipped->samples = (uint64_t)samples;
		skipped->runs = (size_t)runs;
	}
	return status;
}

static int read_seed(struct loader *loader, const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "seed"));
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return wrong(loader, "\"seed\" is missing or no number");
	errno = 0;
	loader->model->seed = strtoull(text, &end, 10);
	return errno || *end ? wrong(loader, "\"seed\" is no number") : 0;
}

static int read_model(struct loader *loader)
{
	struct model *model = loader->model;
	json_int_t runs = 0;
	json_t *object;
	int status = get_document(loader, FILE_KEY_MODEL, &object);

	if (status)
		return status;
	status = get_text(loader, object, "tool_version", false, &model->tool_version);
	if (!status)
		status = get_text(loader, object, "command", false, &model->command);
	if (!status)
		status = get_text(loader, object, "git_commit", false,
				  &model->git_commit);
	if (!status)
		status = get_text(loader, object, "source", true, &model->source);
	if (!status)
		status = read_seed(loader, object);
	if (!status)
		status = get_real(loader, object, "sample_alarm_rate", 0,
				  &model->sample_alarm_rate);
	if (!status)
		status = get_integer(loader, object, "run_count", 1, INT64_MAX, &runs);
	model->run_count = (size_t)runs;
	read_machine(&model->machine, json_object_get(object, "machine"));
	if (!status)
		status = read_plan(loader, object);
	if (!status)
		status = read_skipped(loader, json_object_get(object, "skipped"));
	json_decref(object);
	return status;
}

/* ---- arrays ---- */

static bool all_finite(const struct tensor *tensor, const void *numbers)
{
	for (size_t i = 0; i < tensor->count; i++) {
		if (tensor->type == TENSOR_F64 &&
		    !isfinite(((const double *)numbers)[i]))
			return false;
		if (tensor->type == TENSOR_F32 &&
		    !isfinite(((const float *)numbers)[i]))
			return false;
	}
	return true;
}

/*
 * A copy of an array that must have that type and shape (columns 0: one dimension; rows 0: any
 * number of them but none) and finite numbers. *numbers is the caller's.
 */
static int get_array(struct loader *loader, const char *name, enum tensor_type type,
		     size_t rows, size_t columns, void **numbers)
{
	const struct tensor *tensor = tensor_file_find(&loader->file, name);
	size_t size = type == TENSOR_F32 ? sizeof(float) : sizeof(double);

	if (!tensor)
		return error_set(loader->error, -EINVAL, "array %s is missing", name);
	if (tensor->type != type || tensor->rank != (columns ? 2u : 1u) ||
	    !tensor->shape[0] || (rows && tensor->shape[0] != rows) ||
	    (columns && tensor->shape[1] != columns))
		return error_set(
			loader->error, -EINVAL,
			"array %s has another type or shape than the rest of the "
			"model says",
			name);
	*numbers = malloc(tensor->count * size);
	if (!*numbers)
		return no_memory(loader);
	tensor_copy(tensor, *numbers);
	if (all_finite(tensor, *numbers))
		return 0;
	return error_set(loader->error, -EINVAL,
			 "array %s has numbers that are not finite", name);
}

static int get_doubles(struct loader *loader, size_t unit, const char *name,
		       size_t count, bool positive, double **doubles)
{
	char full[FILE_NAME_MAX];
	void *numbers = NULL;
	int status = get_array(loader, file_name(full, unit, name), TENSOR_F64, count,
			       0, &numbers);

	*doubles = numbers;
	for (size_t i = 0; !status && positive && i < count; i++)
		if (!((*doubles)[i] > 0))
			status = error_set(loader->error, -EINVAL,
					   "array %s has a number that is not positive",
					   full);
	return status;
}

/* ---- units ---- */

static int read_feature(struct loader *loader, const json_t *object,
			const struct model_unit *unit, struct feature *feature)
{
	size_t events = loader->model->plan.passes[unit->pass].count;
	const char *kind = json_string_value(json_object_get(object, "kind"));
	const char *role = json_string_value(json_object_get(object, "role"));
	const char *name = json_string_value(json_object_get(object, "unit"));
	json_int_t event = -1;
	bool of_time;
	int status = get_text(loader, object, "name", true, &feature->name);

	if (!status)
		status = get_integer(loader, object, "event", -1,
				     (json_int_t)events - 1, &event);
	if (status)
		return status;
	if (!kind || feature_kind_parse(kind, &feature->kind) || !role ||
	    event_role_parse(role, &feature->role) || !name ||
	    event_unit_parse(name, &feature->unit))
		return wrong(loader, "a feature has an unknown kind, role or unit");
	of_time = feature->kind == FEATURE_TIME_PER_EXECUTION ||
		  feature->kind == FEATURE_TIME_PER_KILOINST ||
		  feature->kind == FEATURE_CPU_SHARE;
	if (of_time != (event < 0))
		return wrong(loader, "a feature has no event, or one too many");
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
		return wrong(loader, "a unit has no features");
	unit->features = calloc(count, sizeof(*unit->features));
	if (!unit->features)
		return no_memory(loader);
	unit->feature_count = count;
	for (size_t f = 0; !status && f < count; f++) {
		status = read_feature(loader, json_array_get(list, f), unit,
				      &unit->features[f]);
		relative |= unit->features[f].kind == FEATURE_TIME_PER_KILOINST ||
			    unit->features[f].kind == FEATURE_RATE_PER_KILOINST;
	}
	if (!status && relative && feature_instructions(unit->features, count) < 0)
		status =
			wrong(loader, "rates are relative to instructions that are not "
				      "counted");
	if (!status)
		status = get_doubles(loader, index, FILE_RESOLUTION, count, true,
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
		return wrong(loader, "a network has too few or too many layers");
	*topology =
		(struct topology){.count = layers + 1, .sizes = {unit->feature_count}};
	for (size_t i = 0; i < layers; i++) {
		const char *text = json_string_value(json_array_get(activations, i));
		const struct tensor *weights = tensor_file_find(
			&loader->file, file_layer_name(name, index, i, FILE_WEIGHT));

		if (!text || network_activation_parse(text, &of_layer[i]))
			return wrong(loader, "a layer has an unknown activation");
		if (!weights || weights->rank != 2 || !weights->shape[0] ||
		    weights->shape[0] > NETWORK_WIDTH_MAX ||
		    weights->shape[1] != topology->sizes[i])
			return wrong(loader,
				     "the layers of a network do not fit each other");
		topology->sizes[i + 1] = weights->shape[0];
	}
	if (topology->sizes[layers] != unit->feature_count)
		return wrong(loader, "a network does not end in the features");
	return 0;
}

static int read_layer(struct loader *loader, struct network_layer *layer, size_t index,
		      size_t position)
{
	char name[FILE_NAME_MAX];
	void *weights = NULL, *bias = NULL;
	int status =
		get_array(loader, file_layer_name(name, index, position, FILE_WEIGHT),
			  TENSOR_F32, layer->outputs, layer->inputs, &weights);

	if (!status)
		status = get_array(loader,
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
		return no_memory(loader);
	for (size_t i = 0; !status && i < unit->network->layer_count; i++) {
		unit->network->layers[i].activation = of_layer[i];
		status = read_layer(loader, &unit->network->layers[i], index, i);
	}
	return status;
}

static int read_scores(struct loader *loader, struct model_unit *unit, size_t index)
{
	size_t features = unit->feature_count;
	int status = get_doubles(loader, index, FILE_CENTER, features, false,
				 &unit->scaler.center);

	if (!status)
		status = get_doubles(loader, index, FILE_SCALE, features, true,
				     &unit->scaler.scale);
	if (!status)
		status = get_doubles(loader, index, FILE_RESIDUAL_SPREAD, features,
				     true, &unit->residual_spread);
	if (!status)
		status = get_doubles(loader, index, FILE_LANDMARK_SPREAD, features,
				     true, &unit->landmark_spread);
	if (!status)
		status = get_doubles(loader, index, FILE_QUANTILES, MODEL_QUANTILES,
				     false, &unit->score_quantiles);
	for (size_t i = 0; !status && i < MODEL_QUANTILES; i++)
		if (unit->score_quantiles[i] < (i ? unit->score_quantiles[i - 1] : 0))
			status = wrong(loader,
				       "the quantiles of the scores do not ascend");
	return status;
}

static int read_landmarks(struct loader *loader, struct model_unit *unit, size_t index)
{
	char name[FILE_NAME_MAX];
	const struct tensor *landmarks =
		tensor_file_find(&loader->file, file_name(name, index, FILE_LANDMARKS));
	void *numbers = NULL;
	int status =
		get_array(loader, name, TENSOR_F32, 0, unit->feature_count, &numbers);

	unit->landmarks = numbers;
	if (status)
		return status;
	unit->landmark_count = landmarks->shape[0];
	if (unit->landmark_count > LANDMARKS_MAX)
		return wrong(loader, "a unit has too many landmarks");
	return 0;
}

static int fill_run(struct loader *loader, struct model_run *run, const double *rates,
		    size_t features, const double *values, const int64_t *counts)
{
	if (counts[FILE_RUN_ORDINAL] < 0 || counts[FILE_RUN_ORDINAL] > UINT32_MAX ||
	    counts[FILE_RUN_SAMPLES] < 0 || values[FILE_RUN_ANOMALOUS] < 0 ||
	    values[FILE_RUN_ANOMALOUS] > 1)
		return wrong(loader, "a run has impossible numbers");
	*run = (struct model_run){
		.ordinal = (uint32_t)counts[FILE_RUN_ORDINAL],
		.samples = (uint64_t)counts[FILE_RUN_SAMPLES],
		.executions = values[FILE_RUN_EXECUTIONS],
		.wall_total_ns = values[FILE_RUN_WALL_TOTAL],
		.wall_mean_ns = values[FILE_RUN_WALL_MEAN],
		.wall_median_ns = values[FILE_RUN_WALL_MEDIAN],
		.score_mean = values[FILE_RUN_SCORE_MEAN],
		.anomalous_share = values[FILE_RUN_ANOMALOUS],
		.rates = malloc(features * sizeof(*rates)),
	};
	if (!run->rates)
		return no_memory(loader);
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
	int status = get_array(loader, name, TENSOR_F64, 0, features, &rates);

	if (!status)
		status = get_array(loader, file_name(name, index, FILE_RUN_VALUES),
				   TENSOR_F64, runs, FILE_RUN_VALUES_COUNT, &values);
	if (!status)
		status = get_array(loader, file_name(name, index, FILE_RUN_COUNTS),
				   TENSOR_I64, runs, FILE_RUN_COUNTS_COUNT, &counts);
	if (!status) {
		unit->runs = calloc(runs, sizeof(*unit->runs));
		status = unit->runs ? 0 : no_memory(loader);
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

static int read_unit(struct loader *loader, const json_t *object,
		     struct model_unit *unit, size_t index)
{
	json_int_t pass = 0, samples = 0;
	int status = get_text(loader, object, "region", true, &unit->region);

	if (!status)
		status = get_integer(loader, object, "pass", 0,
				     (json_int_t)loader->model->plan.pass_count - 1,
				     &pass);
	if (!status)
		status = get_integer(loader, object, "samples", 1, INT64_MAX, &samples);
	if (!status)
		status = get_real(loader, object, "threshold", 0, &unit->threshold);
	if (!status)
		status = get_real(loader, object, "training_error", 0,
				  &unit->training_error);
	if (!status)
		status = get_real(loader, object, "validation_error", 0,
				  &unit->validation_error);
	unit->pass = (uint32_t)pass;
	unit->samples = (uint64_t)samples;
	if (!status)
		status = read_features(loader, json_object_get(object, "features"),
				       unit, index);
	if (!status)
		status = read_network(loader, json_object_get(object, "activations"),
				      unit, index);
	if (!status)
		status = read_scores(loader, unit, index);
	if (!status)
		status = read_landmarks(loader, unit, index);
	return status ? status : read_runs(loader, unit, index);
}

static int read_units(struct loader *loader)
{
	struct model *model = loader->model;
	size_t count;
	json_t *list;
	int status = get_document(loader, FILE_KEY_UNITS, &list);

	if (status)
		return status;
	count = json_array_size(list);
	model->units = calloc(count + 1, sizeof(*model->units));
	if (!json_is_array(list) || !count)
		status = wrong(loader, "it has no units");
	else if (!model->units)
		status = no_memory(loader);
	for (size_t i = 0; !status && i < count; i++) {
		struct model_unit *unit = &model->units[model->unit_count++];

		status = read_unit(loader, json_array_get(list, i), unit, i);
		/* model_find() searches by bisection. */
		if (!status && i && strcmp(unit[-1].region, unit->region) >= 0 &&
		    (strcmp(unit[-1].region, unit->region) ||
		     unit[-1].pass >= unit->pass))
			status = wrong(loader, "its units are not in order");
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
		return wrong(loader, "it is a safetensors file, but no AutoPerf model");
	if (!version || end == version || *end || number < 1)
		return wrong(loader, "its format version is missing");
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
		return no_memory(&loader);
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
		status = read_model(&loader);
	if (!status)
		status = read_units(&loader);
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
