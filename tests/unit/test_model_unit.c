/* SPDX-License-Identifier: MIT */
/* model/unit.c and calibrate.c: a unit that is trained on normal samples knows what is not. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/network.h"
#include "model/summary.h"
#include "model/unit.h"
#include "support/mixture.h"

#define COUNTERS 8
#define FRESH    3000 /* rows that are scored */

static struct model_options default_options(void)
{
	struct model_options options;

	model_options_default(&options);
	return options;
}

static void train(struct model_unit *unit, const struct event_plan *plan,
		  const struct sample_table *table, const struct model_options *options,
		  struct text *log)
{
	struct text ignored = {0};
	struct error error = {0};

	if (unit_train(unit, "region", 0, plan, table, options, NULL,
		       log ? log : &ignored, &error))
		fail_msg("%s", error.text);
	text_free(&ignored);
}

/* The unit of the ordinary mixture, for tests that only score. */
static int set_up(void **state)
{
	const struct mixture mixture = {
		.runs = 5, .rows = 600, .counters = COUNTERS, .seed = 1};
	struct model_options options = default_options();
	struct model_unit *unit = calloc(1, sizeof(*unit));
	struct sample_table table;
	struct event_plan plan;

	mixture_plan(&plan, COUNTERS);
	mixture_table(&table, &mixture);
	train(unit, &plan, &table, &options, NULL);
	mixture_table_free(&table);
	mixture_plan_free(&plan);
	*state = unit;
	return 0;
}

static int tear_down(void **state)
{
	unit_free(*state);
	free(*state);
	return 0;
}

/* What scoring says of fresh samples. */
struct verdict {
	double over; /* share above the threshold */
	size_t top;  /* feature with the largest residuals */
	double top_square;
	double mean_square;  /* of all features' residuals */
	double score_square; /* mean of score^2 */
};

static struct verdict judge(const struct model_unit *unit, struct mixture mixture)
{
	size_t features = unit->feature_count;
	float *scores = calloc(FRESH, sizeof(*scores));
	float *residuals = calloc(FRESH * features, sizeof(*residuals));
	struct verdict verdict = {0};
	struct sample_table table;
	struct error error;

	mixture.runs = 1;
	mixture.rows = FRESH;
	mixture.counters = COUNTERS;
	mixture_table(&table, &mixture);
	assert_int_equal(model_score(unit, &table, scores, residuals, &error), 0);
	for (size_t row = 0; row < FRESH; row++) {
		double squares = 0;

		for (size_t f = 0; f < features; f++)
			squares += (double)residuals[row * features + f] *
				   (double)residuals[row * features + f];
		verdict.score_square +=
			(double)scores[row] * (double)scores[row] / FRESH;
		verdict.over += (double)scores[row] > unit->threshold ? 1.0 / FRESH : 0;
		verdict.mean_square += squares / (double)features / FRESH;
	}
	for (size_t f = 0; f < features; f++) {
		double squares = 0;

		for (size_t row = 0; row < FRESH; row++)
			squares += (double)residuals[row * features + f] *
				   (double)residuals[row * features + f];
		if (squares / FRESH > verdict.top_square) {
			verdict.top_square = squares / FRESH;
			verdict.top = f;
		}
	}
	mixture_table_free(&table);
	free(residuals);
	free(scores);
	return verdict;
}

static void fresh_normal_samples_alarm_at_the_asked_rate(void **state)
{
	struct verdict verdict = judge(*state, (struct mixture){.seed = 2});

	print_message("share above the threshold: %.4f\n", verdict.over);
	assert_true(verdict.over > 0.003 && verdict.over < 0.025);
	assert_true(verdict.mean_square > 0.7 && verdict.mean_square < 1.3);
	assert_true(verdict.score_square > 0.7 && verdict.score_square < 1.3);
}

static void one_counter_times_three_is_seen_and_named(void **state)
{
	const struct model_unit *unit = *state;
	struct verdict verdict =
		judge(unit, (struct mixture){.seed = 3, .counter_factor = 3});

	assert_true(verdict.over > 0.95);
	assert_string_equal(unit->features[verdict.top].name, "counter-0");
}

static void uniform_slowdown_is_seen_and_named(void **state)
{
	const struct model_unit *unit = *state;
	struct verdict verdict =
		judge(unit, (struct mixture){.seed = 4, .time_factor = 1.3});

	print_message("share above the threshold: %.4f\n", verdict.over);
	assert_true(verdict.over > 0.5);
	assert_string_equal(unit->features[verdict.top].name, "wall_ns");
}

static void first_page_faults_are_seen_but_not_as_infinite(void **state)
{
	const struct model_unit *unit = *state;
	struct verdict verdict = judge(unit, (struct mixture){.seed = 5, .faults = 10});

	assert_true(verdict.over > 0.8);
	assert_string_equal(unit->features[verdict.top].name, "page-faults");
	assert_true(verdict.top_square < 1000);
}

static void runs_are_summarised_as_held_out(void **state)
{
	const struct model_unit *unit = *state;
	double share = 0;

	assert_int_equal(unit->run_count, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct model_run *run = &unit->runs[i];

		assert_int_equal(run->ordinal, i);
		assert_int_equal(run->samples, 600);
		assert_true(run->executions == 600);
		assert_true(run->wall_mean_ns > 0 && run->wall_median_ns > 0);
		assert_true(fabs(run->wall_total_ns / run->wall_mean_ns - 600) < 1e-6);
		assert_true(isfinite(run->score_mean) && run->score_mean < 0.2);
		share += run->anomalous_share / 5;
	}
	/* By construction of the threshold. */
	assert_true(fabs(share - 0.01) < 0.002);
	assert_true(unit->validation_error > 0 && unit->training_error > 0);
	assert_true(unit->validation_error < 0.02);
}

static void tail_falls_from_one_to_the_least(void **state)
{
	const struct model_unit *unit = *state;
	double before = 1;

	assert_true(model_tail(unit, 0) == 1);
	for (double score = 0; score < 20; score += 0.01) {
		double tail = model_tail(unit, score);

		assert_true(tail > 0 && tail <= before);
		before = tail;
	}
	assert_true(fabs(model_tail(unit, 1e9) - 1.0 / 3001) < 1e-12);
	assert_true(fabs(model_tail(unit, unit->threshold) - 0.01) < 0.001);
	assert_true(fabs(model_tail(unit, unit->score_quantiles[500]) - 0.5) < 0.002);
}

/* ---- shapes of data ---- */

/* Trains on the mixture after `change` and checks that all that comes of it is finite. */
static void trains_on(struct mixture mixture,
		      void (*change)(struct event_plan *plan,
				     struct sample_table *table))
{
	struct model_options options = default_options();
	struct sample_table table;
	struct model_unit unit;
	struct event_plan plan;
	struct error error;
	float *scores;

	mixture_plan(&plan, mixture.counters);
	mixture_table(&table, &mixture);
	if (change)
		change(&plan, &table);
	options.epochs = 3;
	train(&unit, &plan, &table, &options, NULL);
	assert_true(isfinite(unit.threshold) && isfinite(unit.validation_error) &&
		    isfinite(unit.training_error));
	for (size_t f = 0; f < unit.feature_count; f++)
		assert_true(unit.residual_spread[f] > 0 &&
			    unit.landmark_spread[f] > 0 &&
			    isfinite(unit.residual_spread[f]) &&
			    isfinite(unit.landmark_spread[f]));
	for (size_t i = 0; i < MODEL_QUANTILES; i++)
		assert_true(
			isfinite(unit.score_quantiles[i]) &&
			(!i || unit.score_quantiles[i] >= unit.score_quantiles[i - 1]));
	for (size_t i = 0; i < unit.run_count; i++)
		for (size_t f = 0; f < unit.feature_count; f++)
			assert_true(isfinite(unit.runs[i].rates[f]));
	scores = calloc(table.rows, sizeof(*scores));
	assert_int_equal(model_score(&unit, &table, scores, NULL, &error), 0);
	for (size_t row = 0; row < table.rows; row++)
		assert_true(isfinite(scores[row]));
	free(scores);
	unit_free(&unit);
	mixture_table_free(&table);
	mixture_plan_free(&plan);
}

static void no_event_but_time(struct event_plan *plan, struct sample_table *table)
{
	(void)table;
	plan->passes[0].count = 0;
}

static void one_event(struct event_plan *plan, struct sample_table *table)
{
	(void)table;
	plan->passes[0].count = 1;
}

static void no_instructions(struct event_plan *plan, struct sample_table *table)
{
	(void)plan;
	for (size_t row = 0; row < table->rows; row += 2)
		table->values[0][row] = 0;
}

static void all_constant(struct event_plan *plan, struct sample_table *table)
{
	(void)plan;
	for (size_t row = 0; row < table->rows; row++) {
		table->wall_ns[row] = 1234;
		for (size_t i = 0; i < table->event_count; i++)
			table->values[i][row] = (double)i * 1000;
	}
}

static void all_zero(struct event_plan *plan, struct sample_table *table)
{
	(void)plan;
	for (size_t row = 0; row < table->rows; row++)
		for (size_t i = 0; i < table->event_count; i++)
			table->values[i][row] = 0;
}

static void raw_and_huge(struct event_plan *plan, struct sample_table *table)
{
	for (size_t i = 0; i < table->event_count; i++)
		plan->events.items[i].unit = EVENT_UNIT_RAW;
	for (size_t row = 0; row < table->rows; row++) {
		table->wall_ns[row] = 0;
		table->values[0][row] = row % 2 ? 1e308 : -1e308;
		table->values[1][row] = 1e-300 * (double)row;
	}
}

static void uneven_runs(struct event_plan *plan, struct sample_table *table)
{
	(void)plan;
	/* Runs of 1, 1 and all other rows. */
	for (size_t row = 0; row < table->rows; row++)
		table->run[row] = row < 2 ? (uint32_t)row : 2;
}

static void every_shape_of_data_trains(void **state)
{
	static const struct {
		struct mixture mixture;
		void (*change)(struct event_plan *plan, struct sample_table *table);
	} shapes[] = {
		{{.runs = 3, .rows = 7, .counters = 3, .seed = 1}, NULL},
		{{.runs = 3, .rows = 50, .counters = 62, .seed = 1}, NULL},
		{{.runs = 20, .rows = 10, .counters = 3, .seed = 1}, NULL},
		{{.runs = 3, .rows = 50, .counters = 1, .seed = 1}, no_event_but_time},
		{{.runs = 3, .rows = 50, .counters = 1, .seed = 1}, one_event},
		{{.runs = 3, .rows = 50, .counters = 2, .seed = 1}, no_instructions},
		{{.runs = 3, .rows = 50, .counters = 2, .seed = 1}, all_constant},
		{{.runs = 3, .rows = 50, .counters = 2, .seed = 1}, all_zero},
		{{.runs = 3, .rows = 50, .counters = 2, .seed = 1}, raw_and_huge},
		{{.runs = 3, .rows = 50, .counters = 2, .seed = 1}, uneven_runs},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		trains_on(shapes[i].mixture, shapes[i].change);
}

static void more_samples_than_the_limit_are_thinned_but_all_scored(void **state)
{
	const struct mixture mixture = {
		.runs = 3, .rows = 4000, .counters = 1, .seed = 1};
	struct model_options options = default_options();
	struct sample_table table;
	struct model_unit unit;
	struct event_plan plan;
	struct text log = {0};

	(void)state;
	options.samples_max = 600;
	options.epochs = 5;
	mixture_plan(&plan, 1);
	mixture_table(&table, &mixture);
	train(&unit, &plan, &table, &options, &log);
	assert_non_null(strstr(log.chars, "12000 samples of 3 runs, trained on 600"));
	assert_int_equal(unit.samples, 12000);
	assert_int_equal(unit.runs[2].samples, 4000);
	text_free(&log);
	unit_free(&unit);
	mixture_table_free(&table);
	mixture_plan_free(&plan);
}

static void topology_that_does_not_fit_is_wrong_usage(void **state)
{
	const struct mixture mixture = {
		.runs = 3, .rows = 10, .counters = 1, .seed = 1};
	struct model_options options = default_options();
	struct error error = {0};
	struct sample_table table;
	struct model_unit unit;
	struct event_plan plan;
	struct text log = {0};

	(void)state;
	options.topology = "5-2-5";
	mixture_plan(&plan, 1);
	mixture_table(&table, &mixture);
	assert_int_equal(unit_train(&unit, "lookup", 0, &plan, &table, &options, NULL,
				    &log, &error),
			 -EINVAL);
	assert_non_null(strstr(error.text, "lookup"));
	assert_non_null(strstr(error.text, "here 4"));
	assert_int_equal(error.exit_status, EXIT_USAGE);
	text_free(&log);
	mixture_table_free(&table);
	mixture_plan_free(&plan);
}

/*
 * Independent features leave nothing to a network but to copy, and copies differ from network to
 * network. The spreads of the folds' networks once did not fit the final one.
 */
static size_t strange_of_independent(const struct event_plan *plan,
				     struct sample_table *table, uint64_t seed)
{
	struct model_options options = default_options();
	struct model_unit unit;
	struct random random;
	struct error error;
	float scores[250];
	size_t over = 0;

	random_seed(&random, seed, 8);
	for (size_t row = 0; row < table->rows; row++) {
		double instructions = 1e6 * (1 + random_uniform(&random));

		table->values[0][row] = instructions;
		table->wall_ns[row] =
			instructions * (4 + 0.4 * random_uniform(&random));
		for (size_t i = 1; i < table->event_count; i++)
			table->values[i][row] =
				instructions / 1000 *
				((double)i - 1 + random_uniform(&random));
	}
	options.seed = seed;
	train(&unit, plan, table, &options, NULL);
	assert_int_equal(model_score(&unit, table, scores, NULL, &error), 0);
	for (size_t row = 0; row < table->rows; row++)
		over += (double)scores[row] > unit.threshold;
	unit_free(&unit);
	return over;
}

static void samples_trained_on_are_not_strange_to_the_final_network(void **state)
{
	const struct mixture mixture = {
		.runs = 5, .rows = 50, .counters = 7, .seed = 1};
	struct sample_table table;
	struct event_plan plan;
	size_t over = 0;

	(void)state;
	mixture_plan(&plan, 7);
	mixture_table(&table, &mixture);
	for (uint64_t seed = 1; seed <= 20; seed++)
		over += strange_of_independent(&plan, &table, seed);
	print_message("above the threshold: %zu of 5000\n", over);
	assert_true(over < 50);
	mixture_table_free(&table);
	mixture_plan_free(&plan);
}

/* ---- summaries ---- */

static void summary_weighs_samples_by_their_executions(void **state)
{
	const struct mixture mixture = {
		.runs = 2, .rows = 3, .counters = COUNTERS, .seed = 9};
	const struct model_unit *unit = *state;
	const float scores[] = {9, 9, 9, 1, 1, 100};
	const double weights[] = {1, 2, 5}, walls[] = {300, 100, 200};
	struct sample_table table;
	struct model_run run;
	struct error error;

	mixture_table(&table, &mixture);
	table.run_ordinals[1] = 17;
	for (size_t i = 0; i < 3; i++) {
		table.weight[3 + i] = weights[i];
		table.wall_ns[3 + i] = walls[i];
	}
	assert_int_equal(model_summarise_run(unit, &table, 1, scores, &run, &error), 0);
	assert_int_equal(run.ordinal, 17);
	assert_int_equal(run.samples, 3);
	assert_true(run.executions == 8);
	assert_true(run.wall_total_ns == 1500);
	assert_true(run.wall_mean_ns == 187.5);
	assert_true(run.wall_median_ns == 200);
	assert_true(fabs(run.score_mean - log(100) / 3) < 1e-12);
	assert_true(fabs(run.anomalous_share - 1.0 / 3) < 1e-12);
	free(run.rates);
	mixture_table_free(&table);
}

static void rows_of_a_run_are_found(void **state)
{
	uint32_t run[] = {0, 0, 2, 2, 2};
	struct sample_table table = {.rows = 5, .run = run, .run_count = 3};

	(void)state;
	assert_int_equal(summary_rows(&table, 0).first, 0);
	assert_int_equal(summary_rows(&table, 0).count, 2);
	assert_int_equal(summary_rows(&table, 1).count, 0);
	assert_int_equal(summary_rows(&table, 2).first, 2);
	assert_int_equal(summary_rows(&table, 2).count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fresh_normal_samples_alarm_at_the_asked_rate),
		cmocka_unit_test(one_counter_times_three_is_seen_and_named),
		cmocka_unit_test(uniform_slowdown_is_seen_and_named),
		cmocka_unit_test(first_page_faults_are_seen_but_not_as_infinite),
		cmocka_unit_test(runs_are_summarised_as_held_out),
		cmocka_unit_test(tail_falls_from_one_to_the_least),
		cmocka_unit_test(every_shape_of_data_trains),
		cmocka_unit_test(
			more_samples_than_the_limit_are_thinned_but_all_scored),
		cmocka_unit_test(topology_that_does_not_fit_is_wrong_usage),
		cmocka_unit_test(
			samples_trained_on_are_not_strange_to_the_final_network),
		cmocka_unit_test(summary_weighs_samples_by_their_executions),
		cmocka_unit_test(rows_of_a_run_are_found),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
