/* SPDX-License-Identifier: MIT */
/*
 * See evaluate.h. The scores are those of detect: an execution's is the mean of log(score) over
 * its samples, and it is found when it lies beyond what held-out normal ones did. Executions are
 * put together from the passes as rounds.h does.
 */
#include "detect/evaluate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "detect/judge.h"
#include "detect/rounds.h"

/* The cases of one row of the table. */
struct cases {
	struct accuracy_case *items;
	size_t count;
	size_t capacity;
};

static int out_of_memory(struct error *error)
{
	return error_no_memory(error, "evaluating");
}

static int add_case(struct cases *cases, double score, bool positive, bool found)
{
	if (array_reserve(&cases->items, &cases->capacity, cases->count + 1,
			  sizeof(*cases->items)))
		return -ENOMEM;
	cases->items[cases->count++] = (struct accuracy_case){score, positive, found};
	return 0;
}

static int add_row(struct evaluation *evaluation, const char *region,
		   struct cases *cases, enum verdict on_normal,
		   enum verdict on_anomalous)
{
	struct evaluation_row *row = &evaluation->rows[evaluation->row_count];

	*row = (struct evaluation_row){.on_normal = on_normal,
				       .on_anomalous = on_anomalous};
	if (region && !(row->region = strdup(region)))
		return -ENOMEM;
	evaluation->row_count++;
	return accuracy_measure(&row->accuracy, cases->items, cases->count);
}

/* ---- executions over all regions ---- */

static int add_executions(struct cases *cases, const struct findings *findings,
			  bool positive)
{
	for (size_t i = 0; i < findings->rounds_after_count; i++) {
		const struct finding_round *round = &findings->rounds_after[i];

		if (add_case(cases, round->score, positive, round->anomalous))
			return -ENOMEM;
	}
	return 0;
}

static int add_all_regions(struct evaluation *evaluation, const struct findings *normal,
			   const struct findings *anomalous)
{
	struct cases cases = {0};
	int code = add_executions(&cases, normal, false);

	if (!code)
		code = add_executions(&cases, anomalous, true);
	if (!code)
		code = add_row(evaluation, NULL, &cases, normal->verdict,
			       anomalous->verdict);
	free(cases.items);
	return code;
}

/* ---- one region ---- */

/* Executions as the model saw them when it was trained. */
static int training_rounds(const struct model *model, const char *region,
			   struct model_run **runs, size_t *count)
{
	struct rounds rounds = {0};
	int code = 0;

	for (size_t u = 0; u < model->unit_count && !code; u++)
		if (!strcmp(model->units[u].region, region))
			code = rounds_add(&rounds, model->units[u].pass,
					  model->units[u].runs,
					  model->units[u].run_count);
	if (!code)
		code = rounds_sum(&rounds, runs, count);
	rounds_free(&rounds);
	return code;
}

static int new_rounds(const struct finding_region *region, struct model_run **runs,
		      size_t *count)
{
	struct rounds rounds = {0};
	int code = 0;

	for (size_t i = 0; i < region->run_count && !code; i++) {
		const struct model_run run = {
			.ordinal = region->runs[i].ordinal,
			.samples = region->runs[i].samples,
			.anomalous_share = region->runs[i].anomalous_share,
			.score_mean = region->runs[i].score_mean,
		};

		code = rounds_add(&rounds, region->runs[i].pass, &run, 1);
	}
	if (!code)
		code = rounds_sum(&rounds, runs, count);
	rounds_free(&rounds);
	return code;
}

static int add_executions_of(struct cases *cases, const struct finding_region *region,
			     const struct model_run *known, size_t known_count,
			     bool positive)
{
	double *scratch = calloc(known_count + 1, sizeof(*scratch));
	struct model_run *runs = NULL;
	size_t count = 0;
	int code = scratch ? new_rounds(region, &runs, &count) : -ENOMEM;

	for (size_t i = 0; i < count && !code; i++)
		code = add_case(
			cases, runs[i].score_mean, positive,
			judge_run_anomalous(known, known_count, &runs[i], scratch));
	free(runs);
	free(scratch);
	return code;
}

static int add_region(struct evaluation *evaluation, const struct model *model,
		      const struct finding_region *normal,
		      const struct finding_region *anomalous)
{
	struct model_run *known = NULL;
	struct cases cases = {0};
	size_t known_count = 0;
	int code = training_rounds(model, normal->name, &known, &known_count);

	if (!code)
		code = add_executions_of(&cases, normal, known, known_count, false);
	if (!code)
		code = add_executions_of(&cases, anomalous, known, known_count, true);
	if (!code)
		code = add_row(evaluation, normal->name, &cases, normal->verdict,
			       anomalous->verdict);
	free(cases.items);
	free(known);
	return code;
}

static const struct finding_region *find(const struct findings *findings,
					 const char *name)
{
	for (size_t i = 0; i < findings->region_count; i++)
		if (!strcmp(findings->regions[i].name, name))
			return &findings->regions[i];
	return NULL;
}

/* ---- together ---- */

static int compare_rows(const void *a, const void *b)
{
	const struct evaluation_row *x = a, *y = b;

	if (!x->region || !y->region)
		return !!x->region - !!y->region;
	return strcmp(x->region, y->region);
}

static int take_warnings(struct evaluation *evaluation, const struct findings *findings)
{
	for (size_t i = 0; i < findings->warning_count; i++) {
		const char *warning = findings->warnings[i];
		size_t at = 0;

		while (at < evaluation->warning_count &&
		       strcmp(evaluation->warnings[at], warning) != 0)
			at++;
		if (at < evaluation->warning_count)
			continue;
		evaluation->warnings[at] = strdup(warning);
		if (!evaluation->warnings[at])
			return -ENOMEM;
		evaluation->warning_count++;
	}
	return 0;
}

static int put_together(struct evaluation *evaluation, const struct model *model,
			const struct findings *normal, const struct findings *anomalous)
{
	int code;

	evaluation->rows = calloc(normal->region_count + 1, sizeof(*evaluation->rows));
	evaluation->warnings =
		calloc(normal->warning_count + anomalous->warning_count + 1,
		       sizeof(*evaluation->warnings));
	if (!evaluation->rows || !evaluation->warnings)
		return -ENOMEM;
	evaluation->method = model->method;
	evaluation->alarm_rate = normal->alarm_rate;
	evaluation->training_runs = model->run_count;
	code = add_all_regions(evaluation, normal, anomalous);
	for (size_t i = 0; i < normal->region_count && !code; i++) {
		const struct finding_region *region = &normal->regions[i];
		const struct finding_region *other = find(anomalous, region->name);

		if (other)
			code = add_region(evaluation, model, region, other);
	}
	if (!code)
		code = take_warnings(evaluation, normal);
	if (!code)
		code = take_warnings(evaluation, anomalous);
	if (evaluation->row_count)
		qsort(evaluation->rows, evaluation->row_count,
		      sizeof(*evaluation->rows), compare_rows);
	return code;
}

int evaluate(struct evaluation **evaluation, const struct model *model,
	     struct profile *normal, struct profile *anomalous,
	     const struct detect_options *options, struct error *error)
{
	struct findings *on_normal = NULL, *on_anomalous = NULL;
	struct evaluation *result = calloc(1, sizeof(*result));
	int code = result ? 0 : out_of_memory(error);

	*evaluation = NULL;
	if (!code)
		code = detect(&on_normal, model, normal, options, error);
	if (!code)
		code = detect(&on_anomalous, model, anomalous, options, error);
	if (!code && put_together(result, model, on_normal, on_anomalous))
		code = out_of_memory(error);
	findings_free(on_normal);
	findings_free(on_anomalous);
	if (code)
		evaluation_free(result);
	else
		*evaluation = result;
	return code;
}

void evaluation_free(struct evaluation *evaluation)
{
	if (!evaluation)
		return;
	for (size_t i = 0; i < evaluation->row_count; i++) {
		free(evaluation->rows[i].region);
		accuracy_free(&evaluation->rows[i].accuracy);
	}
	for (size_t i = 0; i < evaluation->warning_count; i++)
		free(evaluation->warnings[i]);
	free(evaluation->rows);
	free(evaluation->warnings);
	free(evaluation);
}
