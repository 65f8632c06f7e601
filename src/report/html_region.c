/* SPDX-License-Identifier: MIT */
/*
 * The evidence on one region: histograms of scores and counters, where the time goes, samples over
 * time, the latent space and how the network was trained. Scores, latent space and training are of
 * one pass, that of the first counter: each pass has a network and a threshold of its own.
 */
#include "report/html_region.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "detect/cause.h"
#include "model/history.h"
#include "model/rows.h"
#include "report/histogram.h"
#include "report/latent.h"

#define DIGITS_SHARE  4
#define DIGITS_NUMBER 6
#define NS_PER_S      1e9

/* A region while it is written. */
struct writing {
	struct json_writer *json;
	const struct finding_region *region;
	const struct html_limits *limits;
	struct html_remarks *remarks;
	struct exhibit exhibit;
	const struct exhibit_pass *main; /* the pass of scores; NULL: none */
};

static int out_of_memory(struct error *error)
{
	return error_no_memory(error, "showing the samples of a region");
}

static void put_shares(struct json_writer *json, const char *key, const double *shares,
		       size_t count)
{
	json->digits = DIGITS_SHARE;
	json_key_numbers(json, key, shares, count);
	json->digits = DIGITS_NUMBER;
}

/* ---- scores ---- */

/* Scores as doubles, and their range; NULL: out of memory. */
static double *copy_scores(const struct exhibit_samples *samples, double *low,
			   double *high)
{
	double *scores = calloc(samples->table.rows + 1, sizeof(*scores));

	for (size_t i = 0; scores && i < samples->table.rows; i++) {
		scores[i] = (double)samples->scores[i];
		*low = fmin(*low, scores[i]);
		*high = fmax(*high, scores[i]);
	}
	return scores;
}

static int put_scores(struct writing *writing, struct error *error)
{
	const struct exhibit_samples *fresh = &writing->main->sides[EXHIBIT_NEW];
	const struct model_unit *unit = writing->main->unit;
	double low = unit->score_quantiles[0];
	double high = unit->score_quantiles[MODEL_QUANTILES - 1];
	double shares[HISTOGRAM_BINS_MAX];
	struct histogram histogram;
	double *scores = copy_scores(fresh, &low, &high);

	if (!scores)
		return out_of_memory(error);
	histogram_of_scores(&histogram, low, high, unit->threshold);
	json_open(writing->json, "scores", '{');
	json_key_numbers(writing->json, "edges", histogram.edges, histogram.bins + 1);
	histogram_shares_of_quantiles(&histogram, unit->score_quantiles,
				      MODEL_QUANTILES, shares);
	put_shares(writing->json, "normal", shares, histogram.bins);
	histogram_shares(&histogram, scores, fresh->table.rows, shares);
	put_shares(writing->json, "fresh", shares, histogram.bins);
	json_key_number(writing->json, "threshold", unit->threshold);
	json_close(writing->json, '}');
	free(scores);
	return 0;
}

/* ---- counters ---- */

/* The feature of the pass that is that counter, or feature_count. */
static size_t find_feature(const struct exhibit_pass *pass,
			   const struct finding_counter *counter)
{
	size_t f = 0;

	while (f < pass->feature_count &&
	       (pass->features[f].kind != counter->kind ||
		strcmp(pass->features[f].name, counter->name)))
		f++;
	return f;
}

/* The pass that has samples of the counter: its own, else any. NULL: none. */
static const struct exhibit_pass *find_pass(const struct exhibit *exhibit,
					    const struct finding_counter *counter,
					    size_t *feature)
{
	for (size_t i = 0; i <= exhibit->pass_count; i++) {
		/* First its own one, then all in order. */
		size_t at = i ? i - 1 : counter->pass;
		const struct exhibit_pass *pass;

		if (at >= exhibit->pass_count)
			continue;
		pass = &exhibit->passes[at];
		if (!pass->sides[EXHIBIT_NORMAL].natural &&
		    !pass->sides[EXHIBIT_NEW].natural)
			continue;
		*feature = find_feature(pass, counter);
		if (*feature < pass->feature_count)
			return pass;
	}
	return NULL;
}

/* The finite rates of one side; `out` has room for all. Returns how many. */
static size_t gather_rates(const struct exhibit_pass *pass, int side, size_t feature,
			   double *out)
{
	const struct exhibit_samples *samples = &pass->sides[side];
	size_t count = 0;

	for (size_t row = 0; samples->natural && row < samples->table.rows; row++) {
		double rate = samples->natural[row * pass->feature_count + feature];

		if (isfinite(rate))
			out[count++] = rate;
	}
	return count;
}

/* Room for the rates of both sides, one after the other, and once more sorted. */
struct rates {
	double *values;
	double *sorted;
	size_t counts[EXHIBIT_SIDES];
};

static int rates_make(struct rates *rates, const struct exhibit_pass *pass,
		      size_t feature)
{
	size_t rows = pass->sides[EXHIBIT_NORMAL].table.rows +
		      pass->sides[EXHIBIT_NEW].table.rows;
	size_t all;

	rates->values = calloc(rows + 1, sizeof(double));
	rates->sorted = calloc(rows + 1, sizeof(double));
	if (!rates->values || !rates->sorted)
		return -1;
	rates->counts[EXHIBIT_NORMAL] =
		gather_rates(pass, EXHIBIT_NORMAL, feature, rates->values);
	rates->counts[EXHIBIT_NEW] =
		gather_rates(pass, EXHIBIT_NEW, feature,
			     rates->values + rates->counts[EXHIBIT_NORMAL]);
	all = rates->counts[EXHIBIT_NORMAL] + rates->counts[EXHIBIT_NEW];
	memcpy(rates->sorted, rates->values, all * sizeof(double));
	if (all)
		statistics_sort(rates->sorted, all);
	return 0;
}

static void put_histogram(struct json_writer *json, const char *name,
			  const struct rates *rates)
{
	const size_t *counts = rates->counts;
	double shares[HISTOGRAM_BINS_MAX];
	struct histogram histogram;

	histogram_of_values(&histogram, rates->sorted,
			    counts[EXHIBIT_NORMAL] + counts[EXHIBIT_NEW]);
	json_open(json, NULL, '{');
	json_key_string(json, "name", name);
	json_key_numbers(json, "edges", histogram.edges, histogram.bins + 1);
	if (counts[EXHIBIT_NORMAL]) {
		histogram_shares(&histogram, rates->values, counts[EXHIBIT_NORMAL],
				 shares);
		put_shares(json, "before", shares, histogram.bins);
	}
	if (counts[EXHIBIT_NEW]) {
		histogram_shares(&histogram, rates->values + counts[EXHIBIT_NORMAL],
				 counts[EXHIBIT_NEW], shares);
		put_shares(json, "after", shares, histogram.bins);
	}
	json_close(json, '}');
}

static int put_counters(struct writing *writing, struct error *error)
{
	const struct finding_region *region = writing->region;
	size_t shown = 0;
	int code = 0;

	json_open(writing->json, "counters", '[');
	for (size_t i = 0; i < region->counter_count && !code; i++) {
		const struct finding_counter *counter = &region->counters[i];
		struct rates rates = {0};
		size_t feature;
		const struct exhibit_pass *pass =
			find_pass(&writing->exhibit, counter, &feature);

		if (!pass)
			continue;
		if (shown == writing->limits->counters) {
			writing->remarks->counters_left++;
			continue;
		}
		if (rates_make(&rates, pass, feature))
			code = out_of_memory(error);
		else if (rates.counts[EXHIBIT_NORMAL] + rates.counts[EXHIBIT_NEW]) {
			put_histogram(writing->json, counter->name, &rates);
			shown++;
		}
		free(rates.values);
		free(rates.sorted);
	}
	json_close(writing->json, ']');
	return code;
}

/* ---- where the time goes ---- */

static void put_role(struct json_writer *json, const char *role, double before,
		     double after)
{
	json_open(json, NULL, '{');
	json_key_string(json, "role", role);
	json_key_number(json, "before", before);
	json_key_number(json, "after", after);
	json_close(json, '}');
}

static void put_roles(struct writing *writing)
{
	struct json_writer *json = writing->json;
	struct cause_parts before, after;
	bool told = cause_parts(&before, writing->region, false);

	if (!cause_parts(&after, writing->region, true) && !told)
		return;
	writing->remarks->scaled |= before.scaled || after.scaled;
	json_open(json, "roles", '[');
	for (int kind = 0; kind < CAUSE_KINDS; kind++) {
		/* Causes are what there is more of; here it is all there is. */
		const char *name = kind == CAUSE_INSTRUCTIONS
					   ? "instructions"
					   : cause_name((enum finding_cause_kind)kind);

		if (before.ns[kind] > 0 || after.ns[kind] > 0)
			put_role(json, name, before.ns[kind], after.ns[kind]);
	}
	put_role(json, "other", before.other_ns, after.other_ns);
	json_close(json, ']');
}

/* ---- samples over time ---- */

struct sample_point {
	const struct exhibit_pass *pass;
	int side;
	uint32_t row;
};

static bool has_time(const struct sample_table *table)
{
	for (size_t row = 0; row < table->rows; row++)
		if (table->wall_ns[row] > 0)
			return true;
	return false;
}

/* Passes that have samples with times on that side. */
static size_t count_passes(const struct exhibit *exhibit, int side)
{
	size_t count = 0;

	for (size_t i = 0; i < exhibit->pass_count; i++)
		count += has_time(&exhibit->passes[i].sides[side].table);
	return count;
}

/* Some samples of every pass that has any; points[limits->samples]. Returns how many. */
static size_t choose_points(const struct writing *writing, struct sample_point *points,
			    uint32_t *list)
{
	const struct exhibit *exhibit = &writing->exhibit;
	size_t passes[EXHIBIT_SIDES] = {count_passes(exhibit, EXHIBIT_NORMAL),
					count_passes(exhibit, EXHIBIT_NEW)};
	size_t sides = (passes[EXHIBIT_NORMAL] > 0) + (passes[EXHIBIT_NEW] > 0);
	size_t count = 0;

	for (int side = 0; side < EXHIBIT_SIDES; side++) {
		size_t parts = sides * passes[side];

		for (size_t i = 0; i < exhibit->pass_count && parts; i++) {
			const struct exhibit_pass *pass = &exhibit->passes[i];
			const struct sample_table *table = &pass->sides[side].table;
			size_t chosen = 0;

			if (has_time(table))
				chosen = rows_thin(table->rows,
						   writing->limits->samples / parts,
						   list);
			for (size_t k = 0; k < chosen; k++)
				points[count++] =
					(struct sample_point){pass, side, list[k]};
		}
	}
	return count;
}

static bool is_anomalous(const struct sample_point *point)
{
	const float *scores = point->pass->sides[point->side].scores;

	return scores && (double)scores[point->row] > point->pass->unit->threshold;
}

static const struct sample_table *table_of(const struct sample_point *point)
{
	return &point->pass->sides[point->side].table;
}

/* Columns, for objects of their own would say each name a thousand times. */
static void put_points(struct json_writer *json, const struct sample_point *points,
		       size_t count, char *letters)
{
	json_open(json, "samples", '{');
	for (size_t i = 0; i < count; i++)
		letters[i] = points[i].side == EXHIBIT_NORMAL ? 'n' : 'f';
	json_key_string(json, "side", letters);
	json_open(json, "run", '[');
	for (size_t i = 0; i < count; i++) {
		const struct sample_table *table = table_of(&points[i]);

		json_key_count(json, NULL,
			       table->run_ordinals[table->run[points[i].row]]);
	}
	json_close(json, ']');
	json_open(json, "thread", '[');
	for (size_t i = 0; i < count; i++)
		json_key_count(json, NULL, table_of(&points[i])->thread[points[i].row]);
	json_close(json, ']');
	json_open(json, "at_s", '[');
	for (size_t i = 0; i < count; i++)
		json_key_number(json, NULL,
				(double)table_of(&points[i])->begin_ns[points[i].row] /
					NS_PER_S);
	json_close(json, ']');
	json_open(json, "wall_ns", '[');
	for (size_t i = 0; i < count; i++)
		json_key_number(json, NULL,
				table_of(&points[i])->wall_ns[points[i].row]);
	json_close(json, ']');
	for (size_t i = 0; i < count; i++)
		letters[i] = is_anomalous(&points[i]) ? '1' : '0';
	json_key_string(json, "anomalous", letters);
	json_close(json, '}');
}

static int put_samples(struct writing *writing, struct error *error)
{
	size_t most = writing->limits->samples;
	struct sample_point *points = calloc(most + 1, sizeof(*points));
	uint32_t *list = calloc(most + 1, sizeof(*list));
	char *letters = calloc(most + 1, 1);
	int code = 0;

	if (!points || !list || !letters) {
		code = out_of_memory(error);
	} else {
		size_t count = choose_points(writing, points, list);

		if (count)
			put_points(writing->json, points, count, letters);
	}
	free(letters);
	free(list);
	free(points);
	return code;
}

/* ---- what the network sees, and how it was trained ---- */

static void put_places(struct json_writer *json, const char *key, const double *points,
		       size_t count)
{
	json_open(json, key, '[');
	for (size_t i = 0; i < count; i++)
		json_key_numbers(json, NULL, points + i * PRINCIPAL_AXES,
				 PRINCIPAL_AXES);
	json_close(json, ']');
}

static int put_latent(struct writing *writing, struct error *error)
{
	struct json_writer *json = writing->json;
	struct latent latent;
	int code = 0;

	if (latent_make(&latent, writing->main, writing->limits->points)) {
		latent_free(&latent);
		return out_of_memory(error);
	}
	writing->remarks->of_model |= latent.of_model;
	json_open(json, "latent", '{');
	json->digits = DIGITS_SHARE;
	json_key_numbers(json, "explained", latent.explained, PRINCIPAL_AXES);
	put_places(json, "normal", latent.points[EXHIBIT_NORMAL],
		   latent.counts[EXHIBIT_NORMAL]);
	put_places(json, "fresh", latent.points[EXHIBIT_NEW],
		   latent.counts[EXHIBIT_NEW]);
	json->digits = DIGITS_NUMBER;
	json_key_string(json, "layer", latent.layer.chars);
	json_close(json, '}');
	latent_free(&latent);
	return code;
}

static void put_training(struct writing *writing)
{
	const struct model_history *history = &writing->main->unit->history;
	struct json_writer *json = writing->json;

	if (!history->candidate_count) {
		writing->remarks->without_history++;
		return;
	}
	json_open(json, "training", '{');
	json_key_string(json, "topology",
			history->candidates[history->chosen].topology);
	json_open(json, "candidates", '[');
	for (size_t i = 0; i < history->candidate_count; i++) {
		json_open(json, NULL, '{');
		json_key_string(json, "topology", history->candidates[i].topology);
		json_key_number(json, "error", history->candidates[i].error);
		json_key_bool(json, "chosen", i == history->chosen);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_open(json, "epochs", '[');
	for (size_t i = 0; i < history->check_count; i++) {
		json_open(json, NULL, '{');
		json_key_count(json, "step", history->checks[i].step);
		json_key_number(json, "training", history->checks[i].training_error);
		json_key_number(json, "validation",
				history->checks[i].validation_error);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_close(json, '}');
}

/* ---- together ---- */

/* The pass whose network is shown: that of the first counter, else the first there is. */
static const struct exhibit_pass *choose_main(const struct writing *writing)
{
	const struct finding_region *region = writing->region;
	const struct exhibit *exhibit = &writing->exhibit;
	size_t first = region->counter_count ? region->counters[0].pass : 0;

	if (first < exhibit->pass_count && exhibit->passes[first].unit)
		return &exhibit->passes[first];
	for (size_t i = 0; i < exhibit->pass_count; i++)
		if (exhibit->passes[i].unit)
			return &exhibit->passes[i];
	return NULL;
}

static int put_network(struct writing *writing, struct error *error)
{
	const struct exhibit_pass *main = writing->main;
	int code = 0;

	if (main->sides[EXHIBIT_NEW].scores)
		code = put_scores(writing, error);
	if (main->unit->method == MODEL_ORIGINAL)
		writing->remarks->original = true;
	else if (!code)
		code = put_latent(writing, error);
	put_training(writing);
	return code;
}

static bool is_thinned(const struct exhibit *exhibit)
{
	for (size_t i = 0; i < exhibit->pass_count; i++)
		for (int side = 0; side < EXHIBIT_SIDES; side++)
			if (exhibit->passes[i].sides[side].thinned)
				return true;
	return false;
}

int html_put_region(struct json_writer *json, const struct finding_region *region,
		    const struct exhibit_source *source,
		    const struct html_limits *limits, struct html_remarks *remarks,
		    struct error *error)
{
	struct writing writing = {
		.json = json, .region = region, .limits = limits, .remarks = remarks};
	int code = exhibit_load(&writing.exhibit, source, region->name, error);

	if (code) {
		exhibit_free(&writing.exhibit);
		return code;
	}
	writing.main = choose_main(&writing);
	remarks->thinned |= is_thinned(&writing.exhibit);
	remarks->without_new += !exhibit_has(&writing.exhibit, EXHIBIT_NEW);
	remarks->without_unit += !writing.main;
	json->digits = DIGITS_NUMBER;
	json_open(json, NULL, '{');
	json_key_string(json, "name", region->name);
	code = put_counters(&writing, error);
	put_roles(&writing);
	if (!code)
		code = put_samples(&writing, error);
	if (!code && writing.main)
		code = put_network(&writing, error);
	json_close(json, '}');
	json->digits = 0;
	exhibit_free(&writing.exhibit);
	return code;
}
