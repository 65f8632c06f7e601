/* SPDX-License-Identifier: MIT */
/* Samples in the network's latent layer: see latent.h. */
#include "report/latent.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernel.h"
#include "model/neighbour.h"
#include "model/network.h"
#include "model/rows.h"
#include "model/train.h"

#define FIT_POINTS_MIN ((size_t)3) /* fewer span no plane */

/* A network up to the layer that is looked at. */
struct looker {
	const struct model_unit *unit;
	const struct kernels *kernels;
	struct network_workspace workspace;
	float *block; /* [features][KERNEL_BLOCK] */
	size_t layer; /* index of the layer; layer_count: there is none, features are shown */
	size_t dimensions;
};

/* Outputs of one side, [count][dimensions]. */
struct outputs {
	float *values;
	size_t count;
};

static void looker_free(struct looker *looker)
{
	network_workspace_free(&looker->workspace);
	free(looker->block);
}

static int looker_make(struct looker *looker, const struct model_unit *unit)
{
	const struct network *network = unit->network;

	*looker = (struct looker){
		.unit = unit,
		.kernels = kernels_select(KERNEL_WIDTH_BEST),
		.layer = network->layer_count,
		.dimensions = unit->feature_count,
		.block = kernel_alloc(unit->feature_count * KERNEL_BLOCK),
	};
	for (size_t i = 0; i + 1 < network->layer_count; i++)
		if (looker->layer == network->layer_count ||
		    network->layers[i].outputs < looker->dimensions) {
			looker->layer = i;
			looker->dimensions = network->layers[i].outputs;
		}
	if (!looker->block || network_workspace_create(&looker->workspace, network)) {
		looker_free(looker);
		return -ENOMEM;
	}
	return 0;
}

/* The block of `used` samples through the network; `values` gets what comes out. */
static void look(struct looker *looker, size_t used, float *values)
{
	const float *from = looker->block;

	/* The network has only ever been given clipped values. */
	for (size_t i = 0; i < looker->unit->feature_count * KERNEL_BLOCK; i++) {
		float x = looker->block[i] < TRAIN_CLIP ? looker->block[i] : TRAIN_CLIP;

		looker->block[i] = x > -TRAIN_CLIP ? x : -TRAIN_CLIP;
	}
	if (looker->layer < looker->unit->network->layer_count) {
		network_forward(looker->unit->network, looker->kernels, looker->block,
				&looker->workspace);
		from = looker->workspace.outputs[looker->layer];
	}
	for (size_t lane = 0; lane < used; lane++)
		for (size_t d = 0; d < looker->dimensions; d++)
			values[lane * looker->dimensions + d] =
				from[d * KERNEL_BLOCK + lane];
}

static int outputs_make(struct outputs *outputs, const struct looker *looker,
			size_t count)
{
	outputs->count = count;
	outputs->values =
		calloc(count * looker->dimensions + 1, sizeof(*outputs->values));
	return outputs->values ? 0 : -ENOMEM;
}

static int look_at_table(struct outputs *outputs, struct looker *looker,
			 const struct sample_table *table, size_t limit)
{
	const struct model_unit *unit = looker->unit;
	uint32_t *list = calloc(limit + 1, sizeof(*list));
	size_t count = list ? rows_thin(table->rows, limit, list) : 0;
	int status = list ? outputs_make(outputs, looker, count) : -ENOMEM;

	for (size_t first = 0; !status && first < count; first += KERNEL_BLOCK) {
		size_t used =
			count - first < KERNEL_BLOCK ? count - first : KERNEL_BLOCK;

		feature_block(unit->features, unit->feature_count, &unit->scaler,
			      looker->kernels, table, list + first, 0, used,
			      looker->block);
		look(looker, used, outputs->values + first * looker->dimensions);
	}
	free(list);
	return status;
}

/* The training samples that the model keeps: references, or the fewer landmarks. */
static int look_at_model(struct outputs *outputs, struct looker *looker, size_t limit)
{
	const struct model_unit *unit = looker->unit;
	const struct neighbours *neighbours = unit->neighbours;
	struct train_rows rows = {
		.values = neighbours ? neighbours->values : unit->landmarks,
		.features = unit->feature_count,
	};
	size_t all = neighbours ? neighbours->count : unit->landmark_count;
	uint32_t *list = calloc(limit + 1, sizeof(*list));
	int status = list ? 0 : -ENOMEM;

	if (!status) {
		rows.rows = list;
		rows.count = rows_thin(all, limit, list);
		status = outputs_make(outputs, looker, rows.count);
	}
	for (size_t first = 0; !status && first < rows.count; first += KERNEL_BLOCK) {
		size_t used = train_gather(&rows, NULL, first, rows.count - first,
					   looker->block);

		look(looker, used, outputs->values + first * looker->dimensions);
	}
	free(list);
	return status;
}

static void describe_layer(struct text *text, const struct looker *looker)
{
	char topology[MODEL_TOPOLOGY_MAX];

	if (looker->layer < looker->unit->network->layer_count)
		text_printf(text, "%zu unit%s of %s", looker->dimensions,
			    looker->dimensions == 1 ? "" : "s",
			    model_topology(looker->unit, topology));
	else
		text_printf(text,
			    "%zu scaled feature%s: the network has no hidden "
			    "layer",
			    looker->dimensions, looker->dimensions == 1 ? "" : "s");
}

/* Fits the plane and places the points of both sides in it. */
static int place(struct latent *latent, const struct outputs *outputs,
		 size_t dimensions)
{
	int fitted = outputs[EXHIBIT_NORMAL].count >= FIT_POINTS_MIN ? EXHIBIT_NORMAL
								     : EXHIBIT_NEW;
	struct principal principal;
	int status = principal_fit(&principal, outputs[fitted].values,
				   outputs[fitted].count, dimensions);

	for (int side = 0; side < EXHIBIT_SIDES && !status; side++) {
		size_t count = outputs[side].count;

		latent->points[side] =
			calloc(count * PRINCIPAL_AXES + 1, sizeof(double));
		if (!latent->points[side]) {
			status = -ENOMEM;
			break;
		}
		latent->counts[side] = count;
		for (size_t i = 0; i < count; i++)
			principal_place(&principal,
					outputs[side].values + i * dimensions,
					latent->points[side] + i * PRINCIPAL_AXES);
	}
	memcpy(latent->explained, principal.explained, sizeof(latent->explained));
	principal_free(&principal);
	return status;
}

int latent_make(struct latent *latent, const struct exhibit_pass *pass, size_t limit)
{
	struct outputs outputs[EXHIBIT_SIDES] = {{0}};
	struct looker looker;
	int status;

	*latent = (struct latent){0};
	status = looker_make(&looker, pass->unit);
	if (status)
		return status;
	latent->of_model = !pass->sides[EXHIBIT_NORMAL].table.rows;
	if (latent->of_model)
		status = look_at_model(&outputs[EXHIBIT_NORMAL], &looker, limit);
	else
		status = look_at_table(&outputs[EXHIBIT_NORMAL], &looker,
				       &pass->sides[EXHIBIT_NORMAL].table, limit);
	if (!status)
		status = look_at_table(&outputs[EXHIBIT_NEW], &looker,
				       &pass->sides[EXHIBIT_NEW].table, limit);
	if (!status)
		status = place(latent, outputs, looker.dimensions);
	describe_layer(&latent->layer, &looker);
	if (!status && latent->layer.failed)
		status = -ENOMEM;
	for (int side = 0; side < EXHIBIT_SIDES; side++)
		free(outputs[side].values);
	looker_free(&looker);
	return status;
}

void latent_free(struct latent *latent)
{
	for (int side = 0; side < EXHIBIT_SIDES; side++)
		free(latent->points[side]);
	text_free(&latent->layer);
	*latent = (struct latent){0};
}
