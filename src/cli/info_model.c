/* SPDX-License-Identifier: MIT */
/* What is in a model: what it was trained on, and a line a unit. */
#include <stdlib.h>
#include <string.h>

#include "cli/info.h"
#include "model/model.h"

#define PERCENT 100

static size_t region_columns(const struct model *model)
{
	const char **names = calloc(model->unit_count + 1, sizeof(*names));
	size_t columns;

	for (size_t i = 0; names && i < model->unit_count; i++)
		names[i] = model->units[i].region;
	columns = info_name_columns(names, names ? model->unit_count : 0,
				    strlen("region"));
	free(names);
	return columns;
}

static void put_units(struct info *info, const struct model *model)
{
	size_t columns = region_columns(model);

	info_heading(info, "%-*s %4s %12s %6s %9s  %-24s %10s %10s", (int)columns,
		     "region", "pass", "samples", "runs", "features", "topology",
		     "error", "threshold");
	for (size_t i = 0; i < model->unit_count; i++) {
		const struct model_unit *unit = &model->units[i];
		char topology[MODEL_TOPOLOGY_MAX], samples[32];

		info_name(info, unit->region, columns);
		text_printf(&info->page, " %4u %12s %6zu %9zu  %-24s %10.4g %10.4g\n",
			    unit->pass + 1,
			    text_count(unit->samples, samples, sizeof(samples)),
			    unit->run_count, unit->feature_count,
			    model_topology(unit, topology), unit->validation_error,
			    unit->threshold);
	}
	for (size_t i = 0; i < model->skipped_count; i++)
		info_fact(info, "left out", "%s, pass %u: %s", model->skipped[i].region,
			  model->skipped[i].pass + 1, model->skipped[i].reason);
}

static void put_text(struct info *info, const struct model *model)
{
	info_file(info, "model");
	info_origin(info, model->command, model->git_commit, false);
	info_fact(info, "trained",
		  "on %zu normal run%s, by autoperf %s, seed %llu; %.3g %% of normal "
		  "samples are above the threshold",
		  model->run_count, info_plural(model->run_count),
		  model->tool_version ? model->tool_version : "of unknown version",
		  (unsigned long long)model->seed, PERCENT * model->sample_alarm_rate);
	info_machine(info, &model->machine);
	info_plan(info, &model->plan);
	put_units(info, model);
}

static json_t *unit_json(const struct model_unit *unit)
{
	char topology[MODEL_TOPOLOGY_MAX];
	json_t *object = json_object(), *features = json_array();

	for (size_t i = 0; i < unit->feature_count; i++)
		json_array_append_new(features, info_json_text(unit->features[i].name));
	json_object_set_new(object, "region", info_json_text(unit->region));
	json_object_set_new(object, "pass", json_integer(unit->pass));
	json_object_set_new(object, "samples", json_integer((json_int_t)unit->samples));
	json_object_set_new(object, "runs", json_integer((json_int_t)unit->run_count));
	json_object_set_new(object, "features", features);
	json_object_set_new(object, "topology",
			    info_json_text(model_topology(unit, topology)));
	json_object_set_new(object, "training_error",
			    info_json_number(unit->training_error));
	json_object_set_new(object, "validation_error",
			    info_json_number(unit->validation_error));
	json_object_set_new(object, "threshold", info_json_number(unit->threshold));
	return object;
}

static void put_json(struct info *info, const struct model *model)
{
	json_t *units = json_array(), *skipped = json_array();

	info_file(info, "model");
	json_object_set_new(info->json, "tool_version",
			    info_json_text(model->tool_version));
	info_origin(info, model->command, model->git_commit, false);
	json_object_set_new(info->json, "seed", json_integer((json_int_t)model->seed));
	json_object_set_new(info->json, "sample_alarm_rate",
			    info_json_number(model->sample_alarm_rate));
	json_object_set_new(info->json, "runs",
			    json_integer((json_int_t)model->run_count));
	info_machine(info, &model->machine);
	info_plan(info, &model->plan);
	for (size_t i = 0; i < model->unit_count; i++)
		json_array_append_new(units, unit_json(&model->units[i]));
	for (size_t i = 0; i < model->skipped_count; i++)
		json_array_append_new(
			skipped,
			json_pack("{s:o, s:i, s:I, s:I, s:o}", "region",
				  info_json_text(model->skipped[i].region), "pass",
				  (int)model->skipped[i].pass, "samples",
				  (json_int_t)model->skipped[i].samples, "runs",
				  (json_int_t)model->skipped[i].runs, "reason",
				  info_json_text(model->skipped[i].reason)));
	json_object_set_new(info->json, "units", units);
	json_object_set_new(info->json, "skipped", skipped);
}

int info_model(struct info *info, struct error *error)
{
	struct model *model = NULL;
	int status = model_load(&model, info->path, error);

	if (status)
		return status;
	if (info->json)
		put_json(info, model);
	else
		put_text(info, model);
	model_free(model);
	return 0;
}
