/* SPDX-License-Identifier: MIT */
/*
 * Contended cache lines of normal runs. Nothing is learnt here in the sense of the networks: a
 * line that cost a region something in training is noted with its cost, so that detection can say
 * of a line whether it is new.
 */
#include "model/lines.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "model/file.h"
#include "profile/lines.h"

static int add(struct model *model, size_t *capacity, const char *region,
	       const char *subject, double cycles, double hitm)
{
	struct model_line *line;

	if (array_reserve(&model->lines, capacity, model->line_count + 1,
			  sizeof(*model->lines)))
		return -ENOMEM;
	line = &model->lines[model->line_count++];
	line->region = strdup(region);
	line->subject = strdup(subject);
	line->cycles = cycles;
	line->hitm = hitm;
	return line->region && line->subject ? 0 : -ENOMEM;
}

int model_lines_learn(struct model *model, struct profile *profile, struct error *error)
{
	struct profile_lines lines;
	size_t capacity = 0;
	int status = profile_lines(profile, &lines, error);

	if (status)
		return status;
	model->lines_known = lines.runs > 0;
	for (size_t i = 0; i < lines.count; i++) {
		const struct profile_line *line = &lines.items[i];

		for (size_t k = 0; k < line->region_count && !status; k++) {
			const struct line_region *region = &line->regions[k];

			/* Costliest lines come first: what has no room costs least. */
			if (!(region->cycles_per_execution > 0) ||
			    model->line_count == LOADER_ITEMS_MAX)
				continue;
			status = add(model, &capacity, region->name, line->subject,
				     region->cycles_per_execution,
				     region->hitm_per_execution);
		}
	}
	profile_lines_free(&lines);
	return status ? error_no_memory(error, "noting the contended lines") : 0;
}

void model_lines_free(struct model *model)
{
	for (size_t i = 0; i < model->line_count; i++) {
		free(model->lines[i].region);
		free(model->lines[i].subject);
	}
	free(model->lines);
}

bool model_find_line(const struct model *model, const char *region, const char *subject,
		     double *cycles, double *hitm)
{
	bool found = false;

	*cycles = *hitm = 0;
	/* One subject may be several lines: two allocations in one function. */
	for (size_t i = 0; i < model->line_count; i++) {
		const struct model_line *line = &model->lines[i];

		if (strcmp(line->region, region) || strcmp(line->subject, subject))
			continue;
		*cycles += line->cycles;
		*hitm += line->hitm;
		found = true;
	}
	return found;
}

/* ---- the file ---- */

json_t *model_lines_json(const struct model *model)
{
	json_t *list = json_array();

	for (size_t i = 0; i < model->line_count; i++) {
		const struct model_line *line = &model->lines[i];

		json_array_append_new(
			list, json_pack("{s:s, s:s, s:f, s:f}", "region", line->region,
					"subject", line->subject, "cycles",
					line->cycles, "hitm", line->hitm));
	}
	return list;
}

static int read_line(struct loader *loader, const json_t *object, size_t *capacity)
{
	char *region = NULL, *subject = NULL;
	double cycles = 0, hitm = 0;
	int status = loader_text(loader, object, "region", true, &region);

	if (!status)
		status = loader_text(loader, object, "subject", true, &subject);
	if (!status)
		status = loader_real(loader, object, "cycles", 0, &cycles);
	if (!status)
		status = loader_real(loader, object, "hitm", 0, &hitm);
	if (!status && add(loader->model, capacity, region, subject, cycles, hitm))
		status = loader_no_memory(loader);
	free(region);
	free(subject);
	return status;
}

int model_lines_load(struct loader *loader)
{
	json_t *list;
	size_t capacity = 0;
	int status = 0;

	if (!json_object_get(loader->file.metadata, FILE_KEY_LINES))
		return 0;
	status = loader_document(loader, FILE_KEY_LINES, &list);
	if (status)
		return status;
	if (!json_is_array(list) || json_array_size(list) > LOADER_ITEMS_MAX)
		status = loader_wrong(loader, "\"lines\" is no list");
	loader->model->lines_known = true;
	for (size_t i = 0; i < json_array_size(list) && !status; i++)
		status = read_line(loader, json_array_get(list, i), &capacity);
	json_decref(list);
	return status;
}
