/* SPDX-License-Identifier: MIT */
/* The samples of a region: see exhibit.h. */
#include "report/exhibit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/compare.h"
#include "model/rows.h"

static int out_of_memory(struct error *error)
{
	return error_no_memory(error, "showing the samples of a region");
}

/* ---- where they come from ---- */

int exhibit_source_open(struct exhibit_source *source, const struct model *model,
			struct profile *normal, struct profile *fresh,
			struct error *error)
{
	struct profile *const profiles[EXHIBIT_SIDES] = {
		[EXHIBIT_NORMAL] = normal, [EXHIBIT_NEW] = fresh};
	int code = 0;

	*source = (struct exhibit_source){.model = model};
	for (int side = 0; side < EXHIBIT_SIDES && !code; side++) {
		if (!profiles[side])
			continue;
		source->sides[side].profile = profiles[side];
		source->plan = &source->sides[side].plan;
		code = profile_get_plan(profiles[side], &source->sides[side].plan,
					error);
		if (!code)
			code = profile_regions(
				profiles[side], &source->sides[side].regions,
				&source->sides[side].region_count, error);
	}
	if (model)
		source->plan = &model->plan;
	return code;
}

void exhibit_source_free(struct exhibit_source *source)
{
	for (int side = 0; side < EXHIBIT_SIDES; side++) {
		event_plan_free(&source->sides[side].plan);
		profile_regions_free(source->sides[side].regions,
				     source->sides[side].region_count);
	}
	*source = (struct exhibit_source){0};
}

static int compare_region_name(const void *name, const void *region)
{
	return strcmp(name, ((const struct profile_region *)region)->name);
}

/* NULL: the profile has no samples of it that count. */
static const struct profile_region *find_region(const struct exhibit_source *source,
						int side, const char *name)
{
	const struct profile_region *region;

	if (!source->sides[side].region_count)
		return NULL;
	region = bsearch(name, source->sides[side].regions,
			 source->sides[side].region_count, sizeof(*region),
			 compare_region_name);
	return region && region->samples ? region : NULL;
}

/* ---- the samples of one pass and side ---- */

static int thin(struct exhibit_samples *samples, size_t passes, struct error *error)
{
	struct sample_table *table = &samples->table;
	size_t limit = EXHIBIT_ROWS_MAX / passes;
	uint32_t *list;
	size_t count;
	int code;

	limit = limit > EXHIBIT_ROWS_LEAST ? limit : EXHIBIT_ROWS_LEAST;
	if (table->rows <= limit)
		return 0;
	list = calloc(limit, sizeof(*list));
	if (!list)
		return out_of_memory(error);
	count = rows_thin(table->rows, limit, list);
	for (size_t i = 0; samples->scores && i < count; i++)
		samples->scores[i] = samples->scores[list[i]];
	code = rows_pick(table, list, count);
	samples->thinned = true;
	free(list);
	return code ? out_of_memory(error) : 0;
}

static int score(struct exhibit_samples *samples, const struct model_unit *unit,
		 struct error *error)
{
	samples->scores = calloc(samples->table.rows, sizeof(*samples->scores));
	if (!samples->scores)
		return out_of_memory(error);
	return model_score(unit, &samples->table, samples->scores, NULL, error);
}

static int load_side(struct exhibit_samples *samples, const struct exhibit_pass *pass,
		     const struct exhibit_source *source, int side, size_t index,
		     const char *name, struct error *error)
{
	const struct profile_region *region = find_region(source, side, name);
	const struct model_unit *unit = side == EXHIBIT_NEW ? pass->unit : NULL;
	bool of_whole_runs = unit && unit->method == MODEL_ORIGINAL;
	uint32_t theirs;
	int code;

	if (!region)
		return 0;
	theirs = compare_find_pass(&source->sides[side].plan, source->plan, index);
	if (theirs == COMPARE_NO_PASS)
		return 0;
	code = profile_load(source->sides[side].profile, region->id, theirs, false,
			    &samples->table, error);
	if (code || !samples->table.rows)
		return code;
	if (of_whole_runs)
		code = score(samples, unit, error);
	if (!code)
		code = thin(samples, source->plan->pass_count, error);
	if (!code && unit && !of_whole_runs)
		code = score(samples, unit, error);
	return code;
}

/* ---- their rates ---- */

/* Features as training would choose them. */
static int choose_features(struct exhibit_pass *pass, const struct event_plan *plan,
			   size_t index, struct error *error)
{
	bool has_wall = false, has_cpu = true;
	int code;

	for (int side = 0; side < EXHIBIT_SIDES; side++) {
		const struct sample_table *table = &pass->sides[side].table;

		for (size_t row = 0; row < table->rows; row++) {
			has_wall |= table->wall_ns[row] > 0;
			has_cpu &= !isnan(table->cpu_ns[row]);
		}
	}
	/* Neither an event nor time: then there is nothing to show. */
	if (!plan->passes[index].count && !has_wall)
		return 0;
	code = feature_choose(plan, index, has_wall, has_cpu, &pass->own,
			      &pass->feature_count, error);
	pass->features = pass->own;
	return code;
}

static int make_natural(struct exhibit_pass *pass, struct exhibit_samples *samples,
			struct error *error)
{
	const struct sample_table *table = &samples->table;
	size_t features = pass->feature_count;

	if (!table->rows)
		return 0;
	samples->natural = calloc(table->rows * features + 1, sizeof(double));
	if (!samples->natural)
		return out_of_memory(error);
	for (size_t row = 0; row < table->rows; row++)
		feature_natural(pass->features, features, table, row,
				samples->natural + row * features);
	return 0;
}

static int load_pass(struct exhibit_pass *pass, const struct exhibit_source *source,
		     size_t index, const char *region, struct error *error)
{
	int code = 0;

	if (source->model)
		pass->unit = model_find(source->model, region, (uint32_t)index);
	for (int side = 0; side < EXHIBIT_SIDES && !code; side++)
		code = load_side(&pass->sides[side], pass, source, side, index, region,
				 error);
	if (code)
		return code;
	if (pass->unit) {
		pass->features = pass->unit->features;
		pass->feature_count = pass->unit->feature_count;
	} else if (pass->sides[EXHIBIT_NORMAL].table.rows ||
		   pass->sides[EXHIBIT_NEW].table.rows) {
		code = choose_features(pass, source->plan, index, error);
	}
	for (int side = 0; side < EXHIBIT_SIDES && !code; side++)
		code = make_natural(pass, &pass->sides[side], error);
	return code;
}

int exhibit_load(struct exhibit *exhibit, const struct exhibit_source *source,
		 const char *region, struct error *error)
{
	int code = 0;

	*exhibit = (struct exhibit){0};
	if (!source->plan)
		return 0;
	exhibit->passes =
		calloc(source->plan->pass_count + 1, sizeof(*exhibit->passes));
	if (!exhibit->passes)
		return out_of_memory(error);
	while (!code && exhibit->pass_count < source->plan->pass_count) {
		size_t index = exhibit->pass_count++;

		code = load_pass(&exhibit->passes[index], source, index, region, error);
	}
	return code;
}

void exhibit_free(struct exhibit *exhibit)
{
	for (size_t i = 0; i < exhibit->pass_count; i++) {
		struct exhibit_pass *pass = &exhibit->passes[i];

		for (int side = 0; side < EXHIBIT_SIDES; side++) {
			sample_table_free(&pass->sides[side].table);
			free(pass->sides[side].scores);
			free(pass->sides[side].natural);
		}
		if (pass->own)
			feature_free(pass->own, pass->feature_count);
	}
	free(exhibit->passes);
	*exhibit = (struct exhibit){0};
}

bool exhibit_has(const struct exhibit *exhibit, enum exhibit_side side)
{
	for (size_t i = 0; i < exhibit->pass_count; i++)
		if (exhibit->passes[i].sides[side].table.rows)
			return true;
	return false;
}
