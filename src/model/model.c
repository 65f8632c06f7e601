/* SPDX-License-Identifier: MIT */
/* What every user of a model needs: defaults, finding a unit, freeing. See model.h. */
#include "model/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/lines.h"
#include "model/network.h"
#include "model/unit.h"

_Static_assert(MODEL_TOPOLOGY_MAX == TOPOLOGY_TEXT_MAX, "one length of topology texts");

static const char *const methods[] = {
	[MODEL_DEFAULT] = "default",
	[MODEL_ORIGINAL] = "original",
};

const char *model_method_name(enum model_method method)
{
	return methods[method];
}

int model_method_parse(const char *name, enum model_method *method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++)
		if (!strcmp(name, methods[i])) {
			*method = (enum model_method)i;
			return 0;
		}
	return -EINVAL;
}

void model_options_default(struct model_options *options)
{
	*options = (struct model_options){
		.seed = 1,
		.batch = UNIT_BATCH,
		.noise = UNIT_NOISE,
		.sample_alarm_rate = UNIT_ALARM_RATE,
		.samples_max = UNIT_SAMPLES_MAX,
	};
}

/* Order of units: region by bytes, then pass. */
static int compare_unit(const struct model_unit *unit, const char *region,
			uint32_t pass)
{
	int order = strcmp(unit->region, region);

	return order ? order : (unit->pass > pass) - (unit->pass < pass);
}

const struct model_unit *model_find(const struct model *model, const char *region,
				    uint32_t pass)
{
	size_t low = 0, high = model->unit_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_unit(&model->units[middle], region, pass);

		if (!order)
			return &model->units[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

char *model_topology(const struct model_unit *unit, char *text)
{
	struct topology topology = network_topology(unit->network);

	return topology_format(&topology, text);
}

void model_free(struct model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->unit_count; i++)
		unit_free(&model->units[i]);
	free(model->units);
	for (size_t i = 0; i < model->skipped_count; i++) {
		free(model->skipped[i].region);
		free(model->skipped[i].reason);
	}
	free(model->skipped);
	model_lines_free(model);
	event_plan_free(&model->plan);
	free(model->tool_version);
	free(model->command);
	free(model->git_commit);
	free(model->source);
	free(model);
}
