/* SPDX-License-Identifier: MIT */
/* How a unit's network came about: see history.h. */
#include "model/history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHECK_NUMBERS 4 /* of a check in the file: step, epoch, and two errors */

int history_add(struct model_history *history, const struct topology *topology,
		double error)
{
	struct model_candidate *candidate;

	if (history->candidate_count == HISTORY_CANDIDATES_MAX)
		return 0;
	if (!history->candidates)
		history->candidates =
			calloc(HISTORY_CANDIDATES_MAX, sizeof(*history->candidates));
	if (!history->candidates)
		return -ENOMEM;
	candidate = &history->candidates[history->candidate_count++];
	candidate->error = error;
	topology_format(topology, candidate->topology);
	return 0;
}

int history_choose(struct model_history *history, const struct train_result *result)
{
	size_t count = result->check_count < HISTORY_CHECKS_MAX ? result->check_count
								: HISTORY_CHECKS_MAX;
	struct train_check *checks = calloc(count + 1, sizeof(*checks));

	if (!checks)
		return -ENOMEM;
	memcpy(checks, result->checks, count * sizeof(*checks));
	free(history->checks);
	history->checks = checks;
	history->check_count = count;
	history->chosen = history->candidate_count ? history->candidate_count - 1 : 0;
	return 0;
}

void history_free(struct model_history *history)
{
	free(history->candidates);
	free(history->checks);
	*history = (struct model_history){0};
}

/* ---- the file ---- */

/* A training that diverged has errors that are no numbers. */
static json_t *number(double value)
{
	return isfinite(value) ? json_real(value) : json_null();
}

json_t *history_json(const struct model_history *history)
{
	json_t *candidates, *checks;

	if (!history->candidate_count)
		return json_null();
	candidates = json_array();
	checks = json_array();
	for (size_t i = 0; i < history->candidate_count; i++)
		json_array_append_new(
			candidates, json_pack("{s:s, s:o}", "topology",
					      history->candidates[i].topology, "error",
					      number(history->candidates[i].error)));
	for (size_t i = 0; i < history->check_count; i++) {
		const struct train_check *check = &history->checks[i];

		json_array_append_new(checks,
				      json_pack("[I, o, o, o]", (json_int_t)check->step,
						number(check->epoch),
						number(check->training_error),
						number(check->validation_error)));
	}
	return json_pack("{s:o, s:I, s:o}", "candidates", candidates, "chosen",
			 (json_int_t)history->chosen, "checks", checks);
}

/* A number of at least 0; null is none. */
static int read_number(struct loader *loader, const json_t *value, double *number)
{
	*number = json_is_null(value) ? (double)NAN : json_number_value(value);
	if (json_is_null(value) ||
	    (json_is_number(value) && isfinite(*number) && *number >= 0))
		return 0;
	return loader_wrong(loader, "a training history has an impossible number");
}

static int read_candidates(struct loader *loader, const json_t *list, size_t features,
			   struct model_history *history)
{
	size_t count = json_array_size(list);
	int status = 0;

	if (!json_is_array(list) || !count || count > HISTORY_CANDIDATES_MAX)
		return loader_wrong(loader, "a training history has no candidates, or "
					    "too many");
	for (size_t i = 0; i < count && !status; i++) {
		const json_t *object = json_array_get(list, i);
		const char *text =
			json_string_value(json_object_get(object, "topology"));
		struct topology topology;
		double error = 0;

		if (!text || topology_parse(text, features, &topology, NULL))
			return loader_wrong(loader, "a training history has a topology "
						    "that is none");
		status = read_number(loader, json_object_get(object, "error"), &error);
		if (!status && history_add(history, &topology, error))
			status = loader_no_memory(loader);
	}
	return status;
}

static int read_checks(struct loader *loader, const json_t *list,
		       struct model_history *history)
{
	size_t count = json_array_size(list);
	int status = 0;

	if (!json_is_array(list) || count > HISTORY_CHECKS_MAX)
		return loader_wrong(loader, "a training history has no checks, or too "
					    "many");
	history->checks = calloc(count + 1, sizeof(*history->checks));
	if (!history->checks)
		return loader_no_memory(loader);
	for (size_t i = 0; i < count && !status; i++) {
		const json_t *row = json_array_get(list, i);
		const json_t *step = json_array_get(row, 0);
		struct train_check *check = &history->checks[history->check_count++];

		if (json_array_size(row) != CHECK_NUMBERS || !json_is_integer(step) ||
		    json_integer_value(step) < 0)
			return loader_wrong(loader,
					    "a training history has a check that is "
					    "none");
		check->step = (size_t)json_integer_value(step);
		if (i && check->step <= check[-1].step)
			return loader_wrong(
				loader, "the checks of a training are not in order");
		status = read_number(loader, json_array_get(row, 1), &check->epoch);
		if (!status)
			status = read_number(loader, json_array_get(row, 2),
					     &check->training_error);
		if (!status)
			status = read_number(loader, json_array_get(row, 3),
					     &check->validation_error);
	}
	return status;
}

int history_load(struct loader *loader, const json_t *object, size_t features,
		 struct model_history *history)
{
	json_int_t chosen = 0;
	int status;

	if (!object || json_is_null(object))
		return 0;
	status = read_candidates(loader, json_object_get(object, "candidates"),
				 features, history);
	if (!status)
		status = loader_integer(loader, object, "chosen", 0,
					(json_int_t)history->candidate_count - 1,
					&chosen);
	history->chosen = (size_t)chosen;
	return status ? status
		      : read_checks(loader, json_object_get(object, "checks"), history);
}
