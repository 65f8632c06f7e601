/* SPDX-License-Identifier: MIT */
/* model/load.c: whatever the bytes, no crash; what is accepted can be used and written. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "support/model_builder.h"

#define ROWS 70 /* more than a block */

/* A table with as many events as the unit may look at; wild values among them. */
static void score(const struct model_unit *unit, size_t events)
{
	double values[ROWS], *columns[64], weight[ROWS];
	float scores[ROWS];
	struct sample_table table = {.rows = ROWS,
				     .event_count = events,
				     .wall_ns = values,
				     .cpu_ns = values,
				     .weight = weight,
				     .values = columns};
	struct error error;

	if (events > sizeof(columns) / sizeof(*columns))
		return;
	for (size_t row = 0; row < ROWS; row++) {
		values[row] = row % 7 ? (double)row * 1e3 : row % 2 ? 0 : 1e300;
		weight[row] = 1;
	}
	for (size_t i = 0; i < events; i++)
		columns[i] = values;
	if (model_score(unit, &table, scores, NULL, &error))
		return;
	for (size_t row = 0; row < ROWS; row++) {
		double tail = model_tail(unit, (double)scores[row]);

		fuzz_require(isfinite(scores[row]) && scores[row] >= 0);
		fuzz_require(tail > 0 && tail <= 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct model *model = NULL, *again = NULL;
	struct error error = {0};
	size_t written;
	char *copy;

	if (model_parse(&model, bytes, length, "fuzz", &error)) {
		fuzz_require(error.code < 0 && *error.text && !model);
		return 0;
	}
	fuzz_require(model->unit_count > 0);
	for (size_t i = 0; i < model->unit_count; i++) {
		const struct model_unit *unit = &model->units[i];
		char topology[MODEL_TOPOLOGY_MAX];

		fuzz_require(model_find(model, unit->region, unit->pass) == unit);
		fuzz_require(strlen(model_topology(unit, topology)) <
			     MODEL_TOPOLOGY_MAX);
		score(unit, model->plan.passes[unit->pass].count);
	}
	written = model_bytes(model, &copy);
	fuzz_require(!model_parse(&again, copy, written, "again", &error));
	fuzz_require(again->unit_count == model->unit_count);
	free(copy);
	model_free(again);
	model_free(model);
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char small[] = "\x02\0\0\0\0\0\0\0{}";
	struct model *model;
	char *chars;

	switch (index) {
	case 0:
		model = example_model();
		*length = model_bytes(model, &chars);
		*bytes = (uint8_t *)chars;
		model_free(model);
		return true;
	case 1:
		*length = sizeof(small) - 1;
		*bytes = malloc(sizeof(small));
		if (!*bytes)
			return false;
		memcpy(*bytes, small, sizeof(small));
		return true;
	default:
		return false;
	}
}
