/* SPDX-License-Identifier: MIT */
/* See outlier.h. Runs are compared by the features of the whole run, as logarithms. */
#include "model/outlier.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/statistics.h"
#include "model/feature.h"
#include "model/rows.h"
#include "model/summary.h"

#define SPREADS    10.0 /* robust standard deviations from the median */
#define SPREAD_MIN 0.02 /* of a logarithm: runs that agree better than 2 % */
#define EFFECT_MIN 0.5  /* of a logarithm: a factor of 1.65 */

/* Everything about the runs of a table. */
struct runs {
	struct feature *features;
	size_t feature_count;
	double *natural; /* [run][feature] */
	double *column;  /* [run_count] scratch */
};

static void runs_free(struct runs *runs)
{
	feature_free(runs->features, runs->feature_count);
	free(runs->natural);
	free(runs->column);
}

static int runs_make(struct runs *runs, const struct sample_table *table,
		     const struct event_plan *plan, size_t pass, struct error *error)
{
	bool has_wall = false;
	int code;

	for (size_t row = 0; row < table->rows && !has_wall; row++)
		has_wall = table->wall_ns[row] > 0;
	code = feature_choose(plan, pass, has_wall, false, &runs->features,
			      &runs->feature_count, error);
	if (code)
		return code;
	runs->natural = calloc(table->run_count * runs->feature_count + 1,
			       sizeof(*runs->natural));
	runs->column = calloc(table->run_count + 1, sizeof(*runs->column));
	if (!runs->natural || !runs->column ||
	    feature_resolve(runs->features, runs->feature_count, table))
		return error_no_memory(error, "comparing the runs with each other");
	for (size_t run = 0; run < table->run_count; run++) {
		struct summary_range range = summary_rows(table, run);

		feature_natural_sum(runs->features, runs->feature_count, table,
				    range.first, range.count,
				    runs->natural + run * runs->feature_count);
	}
	return 0;
}

static double level(const struct runs *runs, size_t run, size_t f)
{
	return feature_transform(&runs->features[f],
				 runs->natural[run * runs->feature_count + f]);
}

/* The run that is farthest out in feature f; how far, in spreads, 0: not far enough. */
static double farthest(const struct runs *runs, size_t run_count, size_t f,
		       size_t *which)
{
	double median, spread, most = 0;

	for (size_t run = 0; run < run_count; run++)
		runs->column[run] = level(runs, run, f);
	spread = fmax(statistics_mad(runs->column, run_count), SPREAD_MIN);
	/* statistics_mad() has sorted. */
	median = statistics_quantile_sorted(runs->column, run_count, 0.5);
	for (size_t run = 0; run < run_count; run++) {
		double away = fabs(level(runs, run, f) - median);

		if (away < EFFECT_MIN || away < SPREADS * spread || away <= most)
			continue;
		most = away;
		*which = run;
	}
	return most / spread;
}

static void explain(const struct runs *runs, size_t run_count, size_t run, size_t f,
		    struct text *reason)
{
	const struct feature *feature = &runs->features[f];
	double its = runs->natural[run * runs->feature_count + f], median;

	for (size_t i = 0; i < run_count; i++)
		runs->column[i] = runs->natural[i * runs->feature_count + f];
	median = statistics_median(runs->column, run_count);
	text_printf(reason, "its %s is %.4g %s, the median of the runs %.4g",
		    feature->event < 0 ? "time" : feature->name, its,
		    feature->event < 0 && feature->kind == FEATURE_TIME_PER_EXECUTION
			    ? "ns per execution"
		    : feature->event < 0 ? "ns per 1000 instructions"
					 : feature_kind_per(feature->kind),
		    median);
}

int outlier_take(struct sample_table *table, const struct event_plan *plan, size_t pass,
		 uint32_t *ordinal, struct text *reason, struct error *error)
{
	struct runs runs = {0};
	size_t outlier = 0, feature = 0;
	double most = 0;
	bool *keep = NULL;
	int code = 0;

	if (table->run_count < OUTLIER_RUNS_MIN)
		return 0;
	code = runs_make(&runs, table, plan, pass, error);
	for (size_t f = 0; !code && f < runs.feature_count; f++) {
		size_t which = 0;
		double far;

		/* Ready-made features have no factor to be out by. */
		if (runs.features[f].kind == FEATURE_RAW)
			continue;
		far = farthest(&runs, table->run_count, f, &which);
		if (far <= most)
			continue;
		most = far;
		outlier = which;
		feature = f;
	}
	if (code || most <= 0)
		goto out;
	keep = malloc(table->run_count * sizeof(*keep));
	if (!keep) {
		code = error_no_memory(error, "setting a run aside");
		goto out;
	}
	explain(&runs, table->run_count, outlier, feature, reason);
	*ordinal = table->run_ordinals[outlier];
	for (size_t run = 0; run < table->run_count; run++)
		keep[run] = run != outlier;
	rows_keep(table, keep);
	code = 1;
out:
	free(keep);
	runs_free(&runs);
	return code;
}
