/* SPDX-License-Identifier: MIT */
/*
 * The search for a topology: see search.h. Candidates are judged by how well they take noise out
 * of samples of runs that they have not seen. The plain reconstruction error would always
 * choose the network without a bottleneck, for it can copy.
 */
#include "model/search.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/history.h"
#include "model/training_log.h"

#define SEARCH_WIDTH_MAX  ((size_t)128) /* units of a hidden layer */
#define SEARCH_SQUARE_MAX ((size_t)256) /* features without a hidden layer */
/* Of more rows, half of the steps tell which candidate is best: all see each row only a few times. */
#define SEARCH_ROWS_MANY ((size_t)10000)

/* Features over this are the units of a layer; 1/2 is 0 in no place. */
struct shape {
	size_t layers;      /* hidden ones */
	size_t divisors[5]; /* 0: twice the features */
	enum network_activation hidden;
	bool diagonal;
};

static const struct shape shapes[SEARCH_CANDIDATES_MAX] = {
	{0, {0}, NETWORK_LINEAR, true},
	{0, {0}, NETWORK_LINEAR, false},
	{1, {8}, NETWORK_LINEAR, false},
	{1, {4}, NETWORK_LINEAR, false},
	{1, {2}, NETWORK_LINEAR, false},
	{1, {2}, NETWORK_TANH, false},
	{1, {0}, NETWORK_TANH, false},
	{3, {2, 4, 2}, NETWORK_TANH, false},
	{5, {2, 4, 8, 4, 2}, NETWORK_TANH, false},
};

static size_t width(size_t features, size_t divisor)
{
	size_t units = divisor ? features / divisor : 2 * features;

	units = units < SEARCH_WIDTH_MAX ? units : SEARCH_WIDTH_MAX;
	return units ? units : 1;
}

static bool same(const struct topology *a, const struct topology *b)
{
	return a->count == b->count && a->hidden == b->hidden &&
	       a->diagonal == b->diagonal &&
	       !memcmp(a->sizes, b->sizes, a->count * sizeof(*a->sizes));
}

size_t search_candidates(size_t features, struct topology *candidates)
{
	size_t count = 0;

	for (size_t i = 0; i < SEARCH_CANDIDATES_MAX; i++) {
		struct topology new = {.count = shapes[i].layers + 2,
				       .hidden = shapes[i].hidden,
				       .output = NETWORK_LINEAR,
				       .diagonal = shapes[i].diagonal && features > 1,
				       .sizes = {features}};
		size_t at = 0;

		for (size_t k = 0; k < shapes[i].layers; k++)
			new.sizes[k + 1] = width(features, shapes[i].divisors[k]);
		new.sizes[new.count - 1] = features;
		/* A square of very many features is too much to learn. */
		if (!shapes[i].layers && !shapes[i].diagonal &&
		    features > SEARCH_SQUARE_MAX)
			continue;
		while (at < count && !same(&new, &candidates[at]))
			at++;
		if (at < count)
			continue;
		for (at = count++; at && topology_parameters(&candidates[at - 1]) >
						 topology_parameters(&new);
		     at--)
			candidates[at] = candidates[at - 1];
		candidates[at] = new;
	}
	return count;
}

struct search_rows {
	uint32_t *training_list;
	uint32_t *validation_list;
	struct train_rows training;
	struct train_rows validation;
};

static int split(const struct unit_training *training, struct search_rows *rows)
{
	size_t features = training->unit->feature_count;
	size_t runs = training->table->run_count;
	size_t modulus = runs < UNIT_SPLITS_MAX ? runs : UNIT_SPLITS_MAX;
	int status;

	rows->training =
		(struct train_rows){.values = training->values, .features = features};
	rows->validation = rows->training;
	status = unit_select(training, modulus, modulus - 1, true, &rows->training_list,
			     &rows->training.count);
	if (!status)
		status = unit_select(training, modulus, modulus - 1, false,
				     &rows->validation_list, &rows->validation.count);
	rows->training.rows = rows->training_list;
	rows->validation.rows = rows->validation_list;
	return status;
}

/* Trains one candidate; *choice becomes it, *result is what its training was like. */
static int try_candidate(struct unit_training *training, const struct search_rows *rows,
			 const struct topology *topology, size_t index,
			 struct search_choice *choice, struct train_result *result)
{
	struct train_options options = unit_train_options(
		training, rows->training.count, 0, UNIT_SEARCH, index);
	size_t halves = rows->training.count > SEARCH_ROWS_MANY ? 2 : 1;
	const struct train_check *best, *last;
	bool longer;
	struct network *network;
	int status = network_create(&network, topology);

	if (status)
		return status;
	options.steps = unit_affordable(options.steps, topology) / halves;
	status = train_network(network, training->kernels, &rows->training,
			       &rows->validation, &options, result);
	network_free(network);
	if (status)
		return status;
	training->spent += result->steps;
	best = &result->checks[result->best];
	last = &result->checks[result->check_count - 1];
	/* The best of several that fluctuate is luck: the whole budget teaches more. */
	longer = last->validation_error <= (1 + SEARCH_TIE) * best->validation_error;
	*choice = (struct search_choice){
		.topology = *topology,
		.steps = halves * (longer ? last->step : best->step),
		.training_error = best->training_error,
		.validation_error = best->validation_error,
	};
	training_log_checks(&training->log, result);
	return 0;
}

/*
 * Candidates grow, so "better" must overcome the tie; but of each feature by itself only that there
 * is no relation: as little noise as there is here, relations take out little of it.
 */
static bool is_better(const struct search_choice *tried,
		      const struct search_choice *choice)
{
	double tie = choice->topology.diagonal ? 0 : SEARCH_TIE;

	return tried->validation_error < (1 - tie) * choice->validation_error;
}

int search_topology(struct unit_training *training, struct search_choice *choice,
		    struct error *error)
{
	struct topology candidates[SEARCH_CANDIDATES_MAX];
	size_t features = training->unit->feature_count;
	struct search_rows rows = {0};
	size_t count = 1, first = 0;
	int status;

	if (training->options->topology)
		status = topology_parse(training->options->topology, features,
					candidates, error);
	else {
		count = search_candidates(features, candidates);
		/* Without noise to take out, giving back the input is best. */
		first = candidates[0].diagonal && !(training->options->noise > 0);
		status = 0;
	}
	if (status)
		return status;
	status = split(training, &rows);
	training_log_split(&training->log, rows.training.count, rows.validation.count);
	/* What is more than the samples have numbers cannot be learnt from them. */
	while (count > first + 1 && topology_parameters(&candidates[count - 1]) >
					    rows.training.count * features)
		count--;
	for (size_t i = first; !status && i < count; i++) {
		struct model_history *history = &training->unit->history;
		struct train_result result = {0};
		struct search_choice tried;

		training_log_candidate(&training->log, &candidates[i], i, count);
		status = try_candidate(training, &rows, &candidates[i], i, &tried,
				       &result);
		if (!status)
			status = history_add(history, &candidates[i],
					     tried.validation_error);
		if (!status && (i == first || is_better(&tried, choice))) {
			*choice = tried;
			status = history_choose(history, &result);
		}
		train_result_free(&result);
	}
	free(rows.training_list);
	free(rows.validation_list);
	if (status)
		return error_no_memory(error, "searching for a topology");
	training_log_choice(&training->log, choice);
	return 0;
}
