/* SPDX-License-Identifier: MIT */
/* See joint.h. Improvements are a family by themselves: they are no alarms. */
#include "detect/joint.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/random.h"
#include "model/feature.h"

#define LABELLINGS_ALL   20000    /* so many are all tried if there are no more */
#define LABELLINGS_MAX   400000   /* that are drawn, for very low alarm rates */
#define LABELLINGS_A_HIT 200      /* of those drawn are expected below the alarm rate */
#define SEED             20190612 /* any; fixed, so that findings are reproducible */
#define TIE              1e-9     /* labellings that differ less give the same */
#define VALUES_MIN       3        /* that have a spread */
#define T_LARGEST        1e6      /* where a side has no spread at all */
#define FAMILIES         ((size_t)3)
#define STRANGE_WEIGHT   4.0 /* of p-values of rates, against those of times */

/* ---- columns ---- */

static size_t find_run(struct joint *joint, const struct joint_run *wanted)
{
	size_t at = 0;

	while (at < joint->run_count && (joint->runs[at].pass != wanted->pass ||
					 joint->runs[at].ordinal != wanted->ordinal ||
					 joint->runs[at].after != wanted->after))
		at++;
	if (at < joint->run_count)
		return at;
	if (array_reserve(&joint->runs, &joint->run_capacity, at + 1,
			  sizeof(*joint->runs)))
		return SIZE_MAX;
	joint->runs[joint->run_count++] = *wanted;
	return at;
}

static bool has_value(const struct joint_column *column, size_t run)
{
	for (size_t i = 0; i < column->count; i++)
		if (column->runs[i] == run)
			return true;
	return false;
}

/* A number of a run: a value that all passes have, or a rate of one pass. */
struct quantity {
	judge_value value;             /* NULL: the rate */
	const struct feature *feature; /* of the rate */
	size_t index;
};

static double quantity_of(const struct quantity *quantity, const struct model_run *run)
{
	double rate;

	if (quantity->value)
		return quantity->value(run);
	rate = run->rates[quantity->index];
	return isfinite(rate) ? feature_transform(quantity->feature, rate) : NAN;
}

/* Median of a pass over both sides, 0 if it has no value; `scratch` has room for its runs. */
static double median_of(const struct judge_pass *pass, const struct quantity *quantity,
			double *scratch)
{
	size_t count = 0;

	for (size_t i = 0; i < pass->before_count + pass->after_count; i++) {
		const struct model_run *run =
			i < pass->before_count ? &pass->before[i]
					       : &pass->after[i - pass->before_count];
		double value = quantity_of(quantity, run);

		if (isfinite(value))
			scratch[count++] = value;
	}
	return count ? statistics_median(scratch, count) : 0;
}

static int add_values(struct joint *joint, struct joint_column *column,
		      const struct judge_pass *pass, bool after,
		      const struct quantity *quantity, double shift)
{
	const struct model_run *runs = after ? pass->after : pass->before;
	size_t count = after ? pass->after_count : pass->before_count;

	for (size_t i = 0; i < count; i++) {
		double v = quantity_of(quantity, &runs[i]);
		size_t at;

		if (!isfinite(v))
			continue;
		at = find_run(joint,
			      &(struct joint_run){pass->pass, runs[i].ordinal, after});
		if (at == SIZE_MAX)
			return -ENOMEM;
		/* A model from a stranger may name a run twice. */
		if (has_value(column, at))
			continue;
		column->runs[column->count] = at;
		column->values[column->count++] = v - shift;
	}
	return 0;
}

/* Passes [first, end) of the region, each less its median over both sides. */
static int add_column(struct joint *joint, const struct judge_input *input,
		      enum joint_family family, const struct quantity *quantity,
		      size_t first, size_t end)
{
	struct joint_column *column;
	size_t most = 0;
	int status = 0;
	double *scratch;

	for (size_t p = first; p < end; p++)
		most += input->passes[p].before_count + input->passes[p].after_count;
	if (array_reserve(&joint->columns, &joint->column_capacity,
			  joint->column_count + 1, sizeof(*joint->columns)))
		return -ENOMEM;
	column = &joint->columns[joint->column_count++];
	*column = (struct joint_column){
		.region = joint->region_count,
		.family = family,
		.runs = calloc(most + 1, sizeof(*column->runs)),
		.values = calloc(most + 1, sizeof(*column->values)),
	};
	scratch = calloc(most + 1, sizeof(*scratch));
	if (!column->runs || !column->values || !scratch)
		status = -ENOMEM;
	for (size_t p = first; !status && p < end; p++) {
		const struct judge_pass *pass = &input->passes[p];
		double median = median_of(pass, quantity, scratch);

		status = add_values(joint, column, pass, false, quantity, median);
		if (!status)
			status =
				add_values(joint, column, pass, true, quantity, median);
	}
	free(scratch);
	return status;
}

static double log_of(double x)
{
	return x > 0 ? log(x) : NAN;
}

static double longer(const struct model_run *run)
{
	return log_of(run->wall_mean_ns);
}

static double shorter(const struct model_run *run)
{
	return -log_of(run->wall_mean_ns);
}

static double typical_longer(const struct model_run *run)
{
	return log_of(run->wall_median_ns);
}

static double typical_shorter(const struct model_run *run)
{
	return -log_of(run->wall_median_ns);
}

static double more(const struct model_run *run)
{
	return log_of(run->wall_total_ns);
}

static double less(const struct model_run *run)
{
	return -log_of(run->wall_total_ns);
}

/* All passes together. */
static int add_time(struct joint *joint, const struct judge_input *input,
		    enum joint_family family, judge_value value)
{
	return add_column(joint, input, family, &(struct quantity){.value = value}, 0,
			  input->pass_count);
}

/* Median rate of runs; NaN if none has it. */
static double median_rate(const struct model_run *runs, size_t count, size_t feature,
			  double *scratch)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++)
		if (isfinite(runs[i].rates[feature]))
			scratch[used++] = runs[i].rates[feature];
	return used ? statistics_median(scratch, used) : NAN;
}

/* Whether the rate moved by the floor or more. Ready-made features have no zero: any move counts. */
static bool matters(const struct judge_pass *pass, size_t feature, double floor,
		    double *scratch)
{
	double before = median_rate(pass->before, pass->before_count, feature, scratch);
	double after = median_rate(pass->after, pass->after_count, feature, scratch);

	if (pass->features[feature].kind == FEATURE_RAW)
		return true;
	return fabs(after - before) >= floor * fabs(before) && after != before;
}

/* Each rate of a pass. Times are tested by themselves. */
static int add_rates(struct joint *joint, const struct judge_input *input,
		     double effect_floor, const struct judge_pass *pass)
{
	size_t at = (size_t)(pass - input->passes);
	double *scratch =
		calloc(pass->before_count + pass->after_count + 1, sizeof(*scratch));
	int status = scratch ? 0 : -ENOMEM;

	for (size_t f = 0; !status && f < pass->feature_count; f++) {
		const struct feature *feature = &pass->features[f];

		if (feature->kind == FEATURE_TIME_PER_EXECUTION ||
		    feature->kind == FEATURE_TIME_PER_KILOINST)
			continue;
		status = add_column(joint, input, JOINT_STRANGE,
				    &(struct quantity){.feature = feature, .index = f},
				    at, at + 1);
		if (!status)
			joint->columns[joint->column_count - 1].matters =
				matters(pass, f, effect_floor, scratch);
	}
	free(scratch);
	return status;
}

int joint_add(struct joint *joint, const struct judge_input *input,
	      const struct judgement *judgement, double effect_floor)
{
	int status = 0;

	for (size_t p = 0; !status && p < input->pass_count; p++)
		status = add_rates(joint, input, effect_floor, &input->passes[p]);
	if (!status && judgement->time_measured) {
		status = add_time(joint, input, JOINT_SLOWER, longer);
		if (!status)
			status = add_time(joint, input, JOINT_FASTER, shorter);
		if (!status)
			status = add_time(joint, input, JOINT_SLOWER, typical_longer);
		if (!status)
			status = add_time(joint, input, JOINT_FASTER, typical_shorter);
	}
	if (!status && judgement->time_measured && judgement->totals_tested) {
		status = add_time(joint, input, JOINT_SLOWER, more);
		if (!status)
			status = add_time(joint, input, JOINT_FASTER, less);
	}
	joint->region_count++;
	return status;
}

void joint_free(struct joint *joint)
{
	for (size_t c = 0; c < joint->column_count; c++) {
		free(joint->columns[c].runs);
		free(joint->columns[c].values);
	}
	free(joint->columns);
	free(joint->runs);
	*joint = (struct joint){0};
}

/* ---- labellings ---- */

/* The runs of a pass, and which of them are labelled new. */
struct stratum {
	uint32_t *runs; /* [count] indices; the first `after` of them are new */
	size_t count;
	size_t after;
};

struct labels {
	struct stratum *strata;
	size_t count;
	uint32_t *memory;
	double ways; /* all labellings, infinite if they are too many for a double */
	bool all;    /* there is one stratum, and every labelling is tried */
	size_t trials;
	uint32_t *combination; /* [strata[0].after] positions, while all are tried */
	uint32_t *sorted;      /* [strata[0].count] its runs */
	struct random random;
};

static void labels_free(struct labels *labels)
{
	free(labels->strata);
	free(labels->memory);
	free(labels->combination);
	free(labels->sorted);
}

static double ways_of(size_t count, size_t chosen)
{
	return 1 / statistics_rank_test_floor(count - chosen, chosen);
}

static int labels_make(struct labels *labels, const struct joint *joint,
		       double alarm_rate)
{
	size_t used = 0;
	bool *done = calloc(joint->run_count + 1, sizeof(*done));

	labels->strata = calloc(joint->run_count + 1, sizeof(*labels->strata));
	labels->memory = calloc(joint->run_count + 1, sizeof(*labels->memory));
	labels->combination = calloc(joint->run_count + 1, sizeof(uint32_t));
	labels->sorted = calloc(joint->run_count + 1, sizeof(uint32_t));
	labels->ways = 1;
	if (!done || !labels->strata || !labels->memory || !labels->combination ||
	    !labels->sorted) {
		free(done);
		return -ENOMEM;
	}
	for (size_t i = 0; i < joint->run_count; i++) {
		struct stratum *stratum = &labels->strata[labels->count];

		if (done[i])
			continue;
		labels->count++;
		stratum->runs = labels->memory + used;
		for (int side = 1; side >= 0; side--)
			for (size_t k = i; k < joint->run_count; k++) {
				if (joint->runs[k].pass != joint->runs[i].pass ||
				    joint->runs[k].after != (side == 1))
					continue;
				done[k] = true;
				stratum->runs[stratum->count++] = (uint32_t)k;
				stratum->after += side == 1;
			}
		used += stratum->count;
		labels->ways *= ways_of(stratum->count, stratum->after);
	}
	free(done);
	labels->all = labels->count == 1 && labels->ways <= LABELLINGS_ALL;
	labels->trials = labels->all ? (size_t)llround(labels->ways)
				     : (size_t)fmin(LABELLINGS_MAX,
						    LABELLINGS_A_HIT / alarm_rate);
	random_seed(&labels->random, SEED, 0);
	if (labels->all) {
		for (uint32_t i = 0; i < labels->strata[0].after; i++)
			labels->combination[i] = i;
		memcpy(labels->sorted, labels->strata[0].runs,
		       labels->strata[0].count * sizeof(uint32_t));
	}
	return 0;
}

/* The next of all combinations, in lexicographic order; the first is how it was. */
static void next_combination(struct labels *labels)
{
	struct stratum *stratum = &labels->strata[0];
	uint32_t *at = labels->combination;
	size_t chosen = stratum->after, i = chosen;

	while (i && at[i - 1] == stratum->count - chosen + i - 1)
		i--;
	if (!i)
		return;
	at[i - 1]++;
	for (; i < chosen; i++)
		at[i] = at[i - 1] + 1;
	for (i = 0; i < chosen; i++)
		stratum->runs[i] = labels->sorted[at[i]];
}

/* A labelling at random, in each pass: the beginning of a Fisher-Yates shuffle. */
static void draw(struct labels *labels)
{
	for (size_t s = 0; s < labels->count; s++) {
		struct stratum *stratum = &labels->strata[s];

		for (size_t i = 0; i < stratum->after; i++) {
			size_t k = i + random_below(&labels->random,
						    (uint32_t)(stratum->count - i));
			uint32_t swap = stratum->runs[i];

			stratum->runs[i] = stratum->runs[k];
			stratum->runs[k] = swap;
		}
	}
}

/* ---- statistics ---- */

/* A family's columns as they are tested: [column][run]. */
struct family {
	double *z;   /* centred; 0 where the run has no value */
	double *has; /* 1 or 0 */
	bool both_directions;
	double *size; /* [column] values */
	double *squares;
	double *observed; /* statistic of the labels as they were */
	double *tried;    /* of the labelling at hand */
	size_t *hits;     /* [column] labellings that reached it */
	size_t *order;    /* by observed, falling */
	double *p;        /* [column] adjusted within the family */
	double *highest;  /* [trial] of all columns; -INFINITY: there is none */
	size_t *of;       /* [column] index in joint->columns */
	size_t count;
	size_t runs;
};

static void family_free(struct family *family)
{
	free(family->z);
	free(family->has);
	free(family->size);
	free(family->squares);
	free(family->observed);
	free(family->tried);
	free(family->hits);
	free(family->order);
	free(family->p);
	free(family->highest);
	free(family->of);
}

/* Fills column c; false if its values do not differ. */
static bool standardise(struct family *family, size_t c,
			const struct joint_column *column, double *scratch)
{
	double *z = family->z + c * family->runs, *has = family->has + c * family->runs;
	double median, spread, mean = 0, squares = 0;

	memset(z, 0, family->runs * sizeof(*z));
	memset(has, 0, family->runs * sizeof(*has));
	if (column->count < VALUES_MIN)
		return false;
	memcpy(scratch, column->values, column->count * sizeof(*scratch));
	spread = statistics_mad(scratch, column->count);
	/* statistics_mad() has sorted. */
	median = statistics_quantile_sorted(scratch, column->count, 0.5);
	if (!(spread > 0))
		spread = (scratch[column->count - 1] - scratch[0]) / 2;
	if (!(spread > 0))
		return false;
	for (size_t i = 0; i < column->count; i++) {
		size_t run = column->runs[i];

		z[run] = asinh((column->values[i] - median) / spread);
		has[run] = 1;
		mean += z[run] / (double)column->count;
	}
	for (size_t i = 0; i < column->count; i++) {
		z[column->runs[i]] -= mean;
		squares += z[column->runs[i]] * z[column->runs[i]];
	}
	family->size[c] = (double)column->count;
	family->squares[c] = squares;
	return squares > 0;
}

static int family_make(struct family *family, const struct joint *joint,
		       enum joint_family which, size_t trials)
{
	size_t most = joint->column_count + 1, runs = joint->run_count + 1;
	double *scratch = calloc(runs, sizeof(*scratch));

	family->runs = joint->run_count;
	family->both_directions = which == JOINT_STRANGE;
	family->highest = calloc(trials, sizeof(double));
	family->z = calloc(most * runs, sizeof(double));
	family->has = calloc(most * runs, sizeof(double));
	family->size = calloc(most, sizeof(double));
	family->squares = calloc(most, sizeof(double));
	family->observed = calloc(most, sizeof(double));
	family->tried = calloc(most, sizeof(double));
	family->hits = calloc(most, sizeof(size_t));
	family->order = calloc(most, sizeof(size_t));
	family->p = calloc(most, sizeof(double));
	family->of = calloc(most, sizeof(size_t));
	if (!scratch || !family->z || !family->has || !family->size ||
	    !family->squares || !family->observed || !family->tried || !family->hits ||
	    !family->order || !family->p || !family->highest || !family->of) {
		free(scratch);
		return -ENOMEM;
	}
	for (size_t c = 0; c < joint->column_count; c++)
		if (joint->columns[c].family == which &&
		    standardise(family, family->count, &joint->columns[c], scratch))
			family->of[family->count++] = c;
	free(scratch);
	return 0;
}

/*
 * Student's t of the runs labelled new against the others, for every column; its size where both
 * directions count.
 */
static void measure(const struct family *family, const struct labels *labels,
		    double *statistic)
{
	for (size_t c = 0; c < family->count; c++) {
		const double *z = family->z + c * family->runs;
		const double *has = family->has + c * family->runs;
		double sum = 0, after = 0, before, r2, t;

		for (size_t s = 0; s < labels->count; s++) {
			const struct stratum *stratum = &labels->strata[s];

			for (size_t i = 0; i < stratum->after; i++) {
				sum += z[stratum->runs[i]];
				after += has[stratum->runs[i]];
			}
		}
		before = family->size[c] - after;
		if (after < 1 || before < 1) {
			statistic[c] = -T_LARGEST;
			continue;
		}
		r2 = sum * sum * family->size[c] /
		     (after * before * family->squares[c]);
		t = r2 < 1 ? sqrt(r2 * (family->size[c] - 2) / (1 - r2)) : T_LARGEST;
		t = fmin(t, T_LARGEST);
		statistic[c] = sum < 0 && !family->both_directions ? -t : t;
	}
}

static void sort_columns(struct family *family)
{
	for (size_t c = 0; c < family->count; c++) {
		size_t at = c;

		for (; at &&
		       family->observed[family->order[at - 1]] < family->observed[c];
		     at--)
			family->order[at] = family->order[at - 1];
		family->order[at] = c;
	}
}

/* What differs less than that from t is as much. */
static double slack(double t)
{
	return TIE * (1 + fabs(t));
}

/*
 * Counts, for each column, whether it or a lesser one reaches what was observed of it. Returns the
 * highest.
 */
static double count_hits(struct family *family)
{
	double highest = -INFINITY;

	for (size_t i = family->count; i-- > 0;) {
		size_t c = family->order[i];
		double observed = family->observed[c];

		highest = fmax(highest, family->tried[c]);
		family->hits[c] += highest >= observed - slack(observed);
	}
	return highest;
}

static void adjust(struct family *family, const struct labels *labels)
{
	double before = 0;

	for (size_t i = 0; i < family->count; i++) {
		size_t c = family->order[i];
		double p = (double)family->hits[c] / (double)labels->trials;

		/* Drawing cannot find what is rarer than any labelling is. */
		p = fmin(1, fmax(p, 1 / labels->ways));
		before = fmax(before, p);
		family->p[c] = before;
	}
}

/* Tries labellings: p-values within each family, and what each labelling gives it at most. */
static void try_labels(struct family *families, struct labels *labels)
{
	for (size_t k = 0; k < FAMILIES; k++) {
		measure(&families[k], labels, families[k].observed);
		sort_columns(&families[k]);
	}
	/* The first is how it was. */
	for (size_t trial = 0; trial < labels->trials; trial++) {
		if (trial && labels->all)
			next_combination(labels);
		else if (trial)
			draw(labels);
		for (size_t k = 0; k < FAMILIES; k++) {
			measure(&families[k], labels, families[k].tried);
			families[k].highest[trial] = count_hits(&families[k]);
		}
	}
	for (size_t k = 0; k < FAMILIES; k++)
		adjust(&families[k], labels);
}

/* How many of the sorted values are at least `least`. */
static size_t count_from(const double *sorted, size_t count, double least)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle] < least)
			low = middle + 1;
		else
			high = middle;
	}
	return count - low;
}

/* What a p-value of a family counts against those of the other, in an alarm. */
static double weight_of(enum joint_family family)
{
	return family == JOINT_STRANGE ? STRANGE_WEIGHT : 1;
}

/*
 * The smallest weighted p-value of each labelling over the families that raise alarms, as -p and
 * sorted.
 */
static int combine(const struct family *families, size_t trials, double **combined)
{
	double *sorted = malloc((trials + 1) * sizeof(*sorted));
	double *least = malloc((trials + 1) * sizeof(*least));

	if (!sorted || !least) {
		free(sorted);
		free(least);
		return -ENOMEM;
	}
	for (size_t i = 0; i < trials; i++)
		least[i] = -STRANGE_WEIGHT;
	for (size_t k = 0; k < FAMILIES; k++) {
		const struct family *family = &families[k];

		if (!family->count || k == JOINT_FASTER)
			continue;
		memcpy(sorted, family->highest, trials * sizeof(*sorted));
		statistics_sort(sorted, trials);
		for (size_t i = 0; i < trials; i++) {
			double t = family->highest[i];
			size_t hits = count_from(sorted, trials, t - slack(t));
			double p = (double)hits / (double)trials;

			least[i] = fmax(least[i], -p * weight_of((enum joint_family)k));
		}
	}
	statistics_sort(least, trials);
	free(sorted);
	*combined = least;
	return 0;
}

/* Takes over what the families found of one column. */
static void conclude_column(const struct joint_column *column, double p,
			    const double *combined, size_t trials,
			    struct judgement *judgement)
{
	size_t hits;

	if (column->family == JOINT_FASTER) {
		judgement->p_improvement = fmin(judgement->p_improvement, p);
		return;
	}
	hits = count_from(combined, trials, -p * weight_of(column->family) - TIE);
	p = fmax(p, (double)hits / (double)trials);
	judgement->p_alarm = fmin(judgement->p_alarm, p);
	if (column->matters)
		judgement->p_strange = fmin(judgement->p_strange, p);
}

int joint_solve(const struct joint *joint, double alarm_rate,
		struct judgement *judgements)
{
	struct family families[FAMILIES] = {{0}};
	struct labels labels = {0};
	double *combined = NULL;
	int status;

	for (size_t i = 0; i < joint->region_count; i++)
		judgements[i].p_alarm = judgements[i].p_strange =
			judgements[i].p_improvement = 1;
	if (!joint->column_count)
		return 0;
	status = labels_make(&labels, joint, alarm_rate);
	for (size_t k = 0; !status && k < FAMILIES; k++)
		status = family_make(&families[k], joint, (enum joint_family)k,
				     labels.trials);
	if (status)
		goto out;
	try_labels(families, &labels);
	status = combine(families, labels.trials, &combined);
	for (size_t k = 0; !status && k < FAMILIES; k++)
		for (size_t c = 0; c < families[k].count; c++) {
			const struct joint_column *column =
				&joint->columns[families[k].of[c]];

			conclude_column(column, families[k].p[c], combined,
					labels.trials, &judgements[column->region]);
		}
out:
	free(combined);
	for (size_t k = 0; k < FAMILIES; k++)
		family_free(&families[k]);
	labels_free(&labels);
	return status;
}

double joint_floor(const struct judge_input *input, size_t more_before,
		   size_t more_after)
{
	double floor = 1;

	for (size_t p = 0; p < input->pass_count; p++)
		floor *= statistics_rank_test_floor(
			input->passes[p].before_count + more_before,
			input->passes[p].after_count + more_after);
	return floor;
}
