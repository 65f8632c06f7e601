/* SPDX-License-Identifier: MIT */
/* See model_builder.h. */
#include "model_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mixture.h"
#include "model/unit.h"

#define COUNTERS 1

static void require(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "model_builder: %s\n", what);
	abort();
}

static void train(struct model_unit *unit, const char *region,
		  const struct event_plan *plan)
{
	struct mixture mixture = {
		.runs = 3, .rows = 20, .counters = COUNTERS, .seed = 1};
	struct model_options options;
	struct sample_table table;
	struct text log = {0};
	struct error error;

	model_options_default(&options);
	options.topology = "4-2-4";
	options.epochs = 20;
	mixture.seed = strlen(region);
	mixture_table(&table, &mixture);
	if (unit_train(unit, region, 0, plan, &table, &options, NULL, &log, &error))
		require(false, error.text);
	text_free(&log);
	mixture_table_free(&table);
}

struct model *example_model(void)
{
	struct model *model = calloc(1, sizeof(*model));

	require(model, "no memory");
	mixture_plan(&model->plan, COUNTERS);
	snprintf(model->machine.cpu_model, sizeof(model->machine.cpu_model),
		 "Example CPU");
	model->machine.smt = -1;
	model->tool_version = strdup("0");
	model->command = strdup("[\"./program\",\"-x\"]");
	model->source = strdup("perf");
	model->seed = 1;
	model->sample_alarm_rate = 0.01;
	model->run_count = 3;
	model->units = calloc(2, sizeof(*model->units));
	model->skipped = calloc(1, sizeof(*model->skipped));
	require(model->units && model->skipped, "no memory");
	train(&model->units[0], "alpha", &model->plan);
	train(&model->units[1], "beta", &model->plan);
	model->unit_count = 2;
	model->skipped[0] = (struct model_skipped){
		.region = strdup("gamma"),
		.samples = 3,
		.runs = 2,
		.reason = strdup("training needs 3 runs of it"),
	};
	model->skipped_count = 1;
	return model;
}

void example_model_table(struct sample_table *table, size_t rows)
{
	const struct mixture mixture = {
		.runs = 1, .rows = rows, .counters = COUNTERS, .seed = 99};

	mixture_table(table, &mixture);
}

void example_model_table_free(struct sample_table *table)
{
	mixture_table_free(table);
}

size_t model_bytes(const struct model *model, char **bytes)
{
	size_t length = 0;
	FILE *stream = open_memstream(bytes, &length);
	struct error error;

	require(stream, "no memory");
	if (model_write(model, stream, &error))
		require(false, error.text);
	require(!fclose(stream), "no memory");
	return length;
}
