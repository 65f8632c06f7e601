/* SPDX-License-Identifier: MIT */
/*
 * Normal runs against each other: see evaluate.h. Each split draws disjoint sets of executions,
 * learns from one and judges the other, by exactly what train and detect do.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/random.h"
#include "detect/evaluate.h"

/* The runs that ended well, by pass: the n-th ones of all passes are an execution. */
struct executions {
	uint32_t **ordinals; /* [pass_count][count at least] */
	size_t *counts;      /* [pass_count] */
	size_t pass_count;
	size_t count;         /* whole executions */
	size_t ordinal_count; /* one more than the largest */
};

static int out_of_memory(struct error *error)
{
	return error_no_memory(error, "splitting runs");
}

static void executions_free(struct executions *executions)
{
	for (size_t p = 0; p < executions->pass_count; p++)
		free(executions->ordinals[p]);
	free(executions->ordinals);
	free(executions->counts);
}

static int sort_runs(struct executions *executions, const struct profile_run *runs,
		     size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (runs[i].pass >= executions->pass_count)
			executions->pass_count = (size_t)runs[i].pass + 1;
	executions->ordinals =
		calloc(executions->pass_count + 1, sizeof(*executions->ordinals));
	executions->counts =
		calloc(executions->pass_count + 1, sizeof(*executions->counts));
	if (!executions->ordinals || !executions->counts) {
		executions->pass_count = 0;
		return -ENOMEM;
	}
	for (size_t p = 0; p < executions->pass_count; p++) {
		executions->ordinals[p] = calloc(count, sizeof(uint32_t));
		if (!executions->ordinals[p])
			return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t pass = runs[i].pass;

		if (runs[i].status != PROFILE_RUN_OK)
			continue;
		executions->ordinals[pass][executions->counts[pass]++] =
			runs[i].ordinal;
		if (runs[i].ordinal >= executions->ordinal_count)
			executions->ordinal_count = (size_t)runs[i].ordinal + 1;
	}
	executions->count = executions->pass_count ? executions->counts[0] : 0;
	for (size_t p = 1; p < executions->pass_count; p++)
		if (executions->counts[p] < executions->count)
			executions->count = executions->counts[p];
	return 0;
}

static int executions_read(struct executions *executions, struct profile *profile,
			   struct error *error)
{
	struct profile_run *runs = NULL;
	size_t count = 0;
	int code = profile_runs(profile, &runs, &count, error);

	if (!code && sort_runs(executions, runs, count))
		code = out_of_memory(error);
	free(runs);
	return code;
}

/* How many runs to learn from and to judge. */
static int choose_sizes(struct split_results *results, const struct executions *have,
			const struct evaluate_splits_options *options,
			struct error *error)
{
	size_t training = options->training_runs, test = options->test_runs;

	if (!training)
		training = test && test < have->count ? have->count - test
						      : (have->count * 2 + 2) / 3;
	if (!test && training < have->count)
		test = have->count - training;
	if (training < MODEL_RUNS_MIN || !test || training > have->count ||
	    test > have->count - training)
		return error_set(
			error, -EINVAL,
			"%zu runs that ended well cannot be split into %zu to learn "
			"from (at least %d) and %zu to judge (at least 1): record more "
			"with 'autoperf record --append'",
			have->count, training, MODEL_RUNS_MIN, test);
	results->training_runs = training;
	results->test_runs = test;
	return 0;
}

static void mark(bool *chosen, const struct executions *have, const uint32_t *drawn,
		 size_t count)
{
	for (size_t i = 0; i < have->ordinal_count; i++)
		chosen[i] = false;
	for (size_t p = 0; p < have->pass_count; p++)
		for (size_t i = 0; i < count; i++)
			chosen[have->ordinals[p][drawn[i]]] = true;
}

static void count_verdicts(struct split_results *results,
			   const struct findings *findings)
{
	double least = 1;

	for (size_t i = 0; i < findings->region_count; i++)
		least = fmin(least, findings->regions[i].p_value);
	results->p_values[results->splits++] = least;
	results->sure += least <= results->alarm_rate;
	results->verdicts[findings->verdict]++;
	for (size_t i = 0; i < findings->region_count; i++)
		results->region_verdicts[findings->regions[i].verdict]++;
}

/* One split; the executions are shuffled, those to learn from first. */
static int judge_split(struct split_results *results, struct profile *profile,
		       const struct executions *have, const uint32_t *shuffled,
		       bool *chosen, const struct evaluate_splits_options *options,
		       struct error *error)
{
	struct model_options model_options = options->model;
	struct detect_options detect_options = options->detect;
	struct findings *findings = NULL;
	struct model *model = NULL;
	int code;

	model_options.chosen = detect_options.chosen = chosen;
	model_options.chosen_count = detect_options.chosen_count = have->ordinal_count;
	model_options.console = detect_options.console = NULL;
	mark(chosen, have, shuffled, results->training_runs);
	code = model_train(&model, profile, &model_options, error);
	mark(chosen, have, shuffled + results->training_runs, results->test_runs);
	if (!code)
		code = detect(&findings, model, profile, &detect_options, error);
	if (!code)
		count_verdicts(results, findings);
	findings_free(findings);
	model_free(model);
	return code;
}

static int judge_splits(struct split_results *results, struct profile *profile,
			const struct executions *have,
			const struct evaluate_splits_options *options,
			struct error *error)
{
	uint32_t *shuffled = calloc(have->count, sizeof(*shuffled));
	bool *chosen = calloc(have->ordinal_count, sizeof(*chosen));
	struct progress progress;
	struct random random;
	int code = 0;

	results->p_values = calloc(options->splits + 1, sizeof(*results->p_values));
	if (!shuffled || !chosen || !results->p_values)
		code = out_of_memory(error);
	random_seed(&random, options->seed, 0);
	for (size_t i = 0; i < have->count && !code; i++)
		shuffled[i] = (uint32_t)i;
	progress_start(&progress, options->console, "splits", (double)options->splits);
	while (!code && results->splits < options->splits) {
		random_shuffle(&random, shuffled, have->count);
		code = judge_split(results, profile, have, shuffled, chosen, options,
				   error);
		progress_update(&progress, (double)results->splits);
	}
	progress_finish(&progress);
	free(shuffled);
	free(chosen);
	return code;
}

void split_results_free(struct split_results *results)
{
	free(results->p_values);
	results->p_values = NULL;
}

int evaluate_splits(struct split_results *results, struct profile *profile,
		    const struct evaluate_splits_options *options, struct error *error)
{
	struct executions have = {0};
	int code = executions_read(&have, profile, error);

	*results = (struct split_results){.alarm_rate = options->detect.alarm_rate};
	if (!code)
		code = choose_sizes(results, &have, options, error);
	if (!code)
		code = judge_splits(results, profile, &have, options, error);
	accuracy_interval(results->verdicts[VERDICT_REGRESSION], results->splits,
			  &results->low, &results->high);
	executions_free(&have);
	return code;
}
