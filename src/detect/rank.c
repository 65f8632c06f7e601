/* SPDX-License-Identifier: MIT */
/*
 * The ranking of counters: see rank.h.
 *
 * A counter's share is its part of the excess reconstruction error, the mean squared residual
 * of new samples minus the 1 that held-out normal samples have. Residuals alone mislead twice:
 * when one input of an autoencoder leaves the normal range, it reconstructs the others worse
 * too; and a counter that hardly varies in normal runs has large residuals for small reasons.
 * So the share is weighted by how far the counter's own rate moved, as the logarithm of the
 * factor. Times are not ranked: that time changed is the question, not an answer.
 */
#include "detect/rank.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"

#define CAUSE_SHARE      0.5  /* of what the first counter explains */
#define MOVED_ALARM_RATE 0.05 /* per counter; a filter, not a verdict */
#define FACTOR_MAX       1000 /* of a move; to or from nothing counts as that */

/* A counter while it is put together from the passes that measured it. */
struct candidate {
	const struct evidence *first; /* pass and feature where it was met first */
	size_t feature;
	double excess;   /* sum over passes, then mean */
	double residual; /* likewise */
	size_t passes;
};

/* Room for one rate per run of either side. */
struct rates {
	double *before;
	double *after;
};

static bool is_time(enum feature_kind kind)
{
	return kind == FEATURE_TIME_PER_EXECUTION || kind == FEATURE_TIME_PER_KILOINST;
}

/* CPU time per wall time, when the unit has FEATURE_CPU_SHARE: the same once more. */
static bool is_cpu_share_again(const struct model_unit *unit,
			       const struct feature *feature)
{
	if (feature->role != EVENT_ROLE_CPU_TIME ||
	    feature->kind != FEATURE_RATE_PER_MICROSECOND)
		return false;
	for (size_t f = 0; f < unit->feature_count; f++)
		if (unit->features[f].kind == FEATURE_CPU_SHARE)
			return true;
	return false;
}

static bool same_feature(const struct feature *a, const struct feature *b)
{
	return a->kind == b->kind && !strcmp(a->name, b->name);
}

/* Index of the feature in another pass's unit, or feature_count. */
static size_t find_feature(const struct model_unit *unit, const struct feature *wanted)
{
	size_t f = 0;

	while (f < unit->feature_count && !same_feature(&unit->features[f], wanted))
		f++;
	return f;
}

static struct candidate *find_candidate(struct candidate *candidates, size_t count,
					const struct feature *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (same_feature(
			    &candidates[i].first->unit->features[candidates[i].feature],
			    wanted))
			return &candidates[i];
	return NULL;
}

static size_t gather(struct candidate *candidates, const struct evidence *evidence,
		     size_t count)
{
	size_t used = 0;

	for (size_t e = 0; e < count; e++) {
		const struct model_unit *unit = evidence[e].unit;

		for (size_t f = 0; f < unit->feature_count; f++) {
			struct candidate *candidate;

			if (is_time(unit->features[f].kind) ||
			    is_cpu_share_again(unit, &unit->features[f]))
				continue;
			candidate =
				find_candidate(candidates, used, &unit->features[f]);
			if (!candidate) {
				candidate = &candidates[used++];
				*candidate =
					(struct candidate){&evidence[e], f, 0, 0, 0};
			}
			candidate->excess += evidence[e].excess[f];
			candidate->residual += evidence[e].residual[f];
			candidate->passes++;
		}
	}
	for (size_t i = 0; i < used; i++) {
		candidates[i].excess /= (double)candidates[i].passes;
		candidates[i].residual /= (double)candidates[i].passes;
	}
	return used;
}

/* The run's rates of one feature, over all passes that have it. Returns how many. */
static size_t collect_rates(double *rates, const struct evidence *evidence,
			    size_t count, const struct feature *wanted, bool after)
{
	size_t used = 0;

	for (size_t e = 0; e < count; e++) {
		const struct model_unit *unit = evidence[e].unit;
		const struct model_run *runs = after ? evidence[e].runs : unit->runs;
		size_t run_count = after ? evidence[e].run_count : unit->run_count;
		size_t f = find_feature(unit, wanted);

		if (f == unit->feature_count)
			continue;
		for (size_t r = 0; r < run_count; r++)
			if (isfinite(runs[r].rates[f]))
				rates[used++] = runs[r].rates[f];
	}
	return used;
}

static double factor_of(double after, double before)
{
	if (before == 0)
		return after == 0 ? 1 : INFINITY;
	return after / before;
}

/* Medians, factor and whether it moved. */
static void compare_rates(struct finding_counter *counter, struct rates *rates,
			  const struct evidence *evidence, size_t count,
			  const struct feature *feature, double effect_floor)
{
	size_t before = collect_rates(rates->before, evidence, count, feature, false);
	size_t after = collect_rates(rates->after, evidence, count, feature, true);
	double rise = statistics_rank_test_greater(rates->before, before, rates->after,
						   after);
	double fall = statistics_rank_test_greater(rates->after, after, rates->before,
						   before);

	counter->before = statistics_median(rates->before, before);
	counter->after = statistics_median(rates->after, after);
	counter->factor = factor_of(counter->after, counter->before);
	counter->p_moved = fmin(1, 2 * fmin(rise, fall));
	/* Raw features have no zero, so a factor means little: any sure shift counts. */
	counter->moved = counter->p_moved <= MOVED_ALARM_RATE &&
			 (feature->kind == FEATURE_RAW ||
			  !(fabs(counter->factor - 1) < effect_floor));
}

static char *describe(const struct event_plan *plan, const struct feature *feature)
{
	for (size_t e = 0; e < plan->events.count; e++)
		if (!strcmp(plan->events.items[e].name, feature->name) &&
		    plan->events.items[e].description)
			return strdup(plan->events.items[e].description);
	if (feature->kind == FEATURE_CPU_SHARE)
		return strdup("share of the time that the thread was on a CPU");
	if (feature->role != EVENT_ROLE_OTHER)
		return strdup(event_role_title(feature->role));
	return strdup("");
}

/* How far a counter moved. Raw features have no zero, so what counts is their residual. */
static double distance_of(const struct finding_counter *counter)
{
	double distance = fabs(log(counter->factor));

	if (counter->kind == FEATURE_RAW || isnan(distance))
		return 1;
	return fmin(distance, log(FACTOR_MAX));
}

static int compare_counters(const void *a, const void *b)
{
	const struct finding_counter *x = a, *y = b;

	if (x->explains > y->explains || x->explains < y->explains)
		return x->explains > y->explains ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* A counter that names a cause, not an effect. */
static bool is_cause(const struct finding_counter *counter)
{
	return counter->moved && (counter->role == EVENT_ROLE_FALSE_SHARING ||
				  counter->role == EVENT_ROLE_TRUE_SHARING);
}

/*
 * Cache misses, invalidations and upgrades are what sharing does: all of them move with it, and
 * which moves most is chance. So the cause goes first if it explains nearly as much as they.
 */
static void put_cause_first(struct finding_counter *counters, size_t count)
{
	size_t at = 0;
	struct finding_counter cause;

	while (at < count && !is_cause(&counters[at]))
		at++;
	if (at == count || counters[at].explains < CAUSE_SHARE * counters[0].explains)
		return;
	cause = counters[at];
	memmove(&counters[1], &counters[0], at * sizeof(*counters));
	counters[0] = cause;
}

static int make_counter(struct finding_counter *counter,
			const struct candidate *candidate,
			const struct evidence *evidence, size_t count,
			const struct event_plan *plan, struct rates *rates,
			double effect_floor)
{
	const struct model_unit *unit = candidate->first->unit;
	const struct feature *feature = &unit->features[candidate->feature];

	*counter = (struct finding_counter){
		.name = strdup(feature->name),
		.role = feature->role,
		.unit = feature->unit,
		.kind = feature->kind,
		.description = describe(plan, feature),
		.pass = unit->pass,
		.residual = candidate->residual,
	};
	if (!counter->name || !counter->description)
		return -1;
	compare_rates(counter, rates, evidence, count, feature, effect_floor);
	counter->error_share = candidate->excess;
	counter->explains = candidate->excess * distance_of(counter);
	return 0;
}

/* Turns excess and its product into shares, and sorts. */
static void rank(struct finding_counter *counters, size_t count)
{
	double excess = 0, explained = 0;

	for (size_t i = 0; i < count; i++) {
		excess += counters[i].error_share;
		explained += counters[i].explains;
	}
	for (size_t i = 0; i < count; i++) {
		counters[i].error_share /= excess > 0 ? excess : 1;
		counters[i].explains /= explained > 0 ? explained : 1;
	}
	qsort(counters, count, sizeof(*counters), compare_counters);
	put_cause_first(counters, count);
}

int rank_counters(struct finding_region *region, const struct evidence *evidence,
		  size_t count, const struct event_plan *plan, double effect_floor,
		  struct error *error)
{
	size_t features = 0, before = 0, after = 0, used;
	struct candidate *candidates;
	struct rates rates;
	int code = 0;

	for (size_t e = 0; e < count; e++) {
		features += evidence[e].unit->feature_count;
		before += evidence[e].unit->run_count;
		after += evidence[e].run_count;
	}
	candidates = calloc(features + 1, sizeof(*candidates));
	region->counters = calloc(features + 1, sizeof(*region->counters));
	rates.before = calloc(before + 1, sizeof(double));
	rates.after = calloc(after + 1, sizeof(double));
	if (!candidates || !region->counters || !rates.before || !rates.after) {
		code = error_no_memory(error, "ranking counters");
		goto out;
	}
	used = gather(candidates, evidence, count);
	while (region->counter_count < used) {
		struct finding_counter *counter =
			&region->counters[region->counter_count];
		const struct candidate *candidate =
			&candidates[region->counter_count++];

		if (make_counter(counter, candidate, evidence, count, plan, &rates,
				 effect_floor)) {
			code = error_no_memory(error, "ranking counters");
			goto out;
		}
	}
	rank(region->counters, used);
out:
	free(rates.after);
	free(rates.before);
	free(candidates);
	return code;
}
