/* SPDX-License-Identifier: MIT */
/* See joint.h. Improvements are a family of their own: they are no alarms. */
#include "detect/joint.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/random.h"

#define LABELLINGS       20000    /* tried at least, all of them if there are no more */
#define LABELLINGS_MAX   400000   /* for very low alarm rates */
#define LABELLINGS_A_HIT 20       /* that are expected below the alarm rate */
#define SEED             20190612 /* any; fixed, so that findings are reproducible */
#define TIE              1e-9     /* labellings that differ less give the same */
#define VALUES_MIN       3        /* that have a spread */
#define T_LARGEST        1e6      /* where a side has no spread at all */

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

static int add_values(struct joint *joint, struct joint_column *column,
		      const struct judge_pass *pass, bool after, judge_value value,
		      double shift)
{
	const struct model_run *runs = after ? pass->after : pass->before;
	size_t count = after ? pass->after_count : pass->before_count;

	for (size_t i = 0; i < count; i++) {
		double v = value(&runs[i]);
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
		      enum joint_family family, judge_value value, size_t first,
		      size_t end)
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
		double median = judge_median(pass, scratch, value);

		median = isfinite(median) ? median : 0;
		status = add_values(joint, column, pass, false, value, median);
		if (!status)
			status = add_values(joint, column, pass, true, value, median);
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

static double more(const struct model_run *run)
{
	return log_of(run->wall_total_ns);
}

static double less(const struct model_run *run)
{
	return -log_of(run->wall_total_ns);
}

static double score(const struct model_run *run)
{
	return run->score_mean;
}

static double share(const struct model_run *run)
{
	return run->anomalous_share;
}

int joint_add(struct joint *joint, const struct judge_input *input,
	      const struct judgement *judgement)
{
	static const judge_value strange[] = {score, share};
	size_t all = input->pass_count;
	int status = 0;

	for (size_t s = 0; s < 2; s++) {
		for (size_t p = 0; !status && all > 1 && p < all; p++)
			status = add_column(joint, input, JOINT_STRANGE, strange[s], p,
					    p + 1);
		if (!status)
			status = add_column(joint, input, JOINT_STRANGE, strange[s], 0,
					    all);
	}
	if (!status && judgement->time_measured) {
		status = add_column(joint, input, JOINT_SLOWER, longer, 0, all);
		if (!status)
			status =
				add_column(joint, input, JOINT_FASTER, shorter, 0, all);
	}
	if (!status && judgement->time_measured && judgement->totals_tested) {
		status = add_column(joint, input, JOINT_SLOWER, more, 0, all);
		if (!status)
			status = add_column(joint, input, JOINT_FASTER, less, 0, all);
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
	size_t used = 0, enough;
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
	enough = (size_t)fmin(LABELLINGS_MAX,
			      fmax(LABELLINGS, LABELLINGS_A_HIT / alarm_rate));
	labels->all = labels->count == 1 && labels->ways <= (double)enough;
	labels->trials = labels->all ? (size_t)llround(labels->ways) : enough;
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
	double *z;    /* centred; 0 where the run has no value */
	double *has;  /* 1 or 0 */
	double *size; /* [column] values */
	double *squares;
	double *observed; /* statistic of the labels as they were */
	double *tried;    /* of the labelling at hand */
	size_t *hits;     /* [column] labellings that reached it */
	size_t *order;    /* by observed, falling */
	double *p;        /* [column] adjusted */
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

static int family_make(struct family *family, const struct joint *joint, bool faster)
{
	size_t most = joint->column_count + 1, runs = joint->run_count + 1;
	double *scratch = calloc(runs, sizeof(*scratch));

	family->runs = joint->run_count;
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
	    !family->order || !family->p || !family->of) {
		free(scratch);
		return -ENOMEM;
	}
	for (size_t c = 0; c < joint->column_count; c++)
		if ((joint->columns[c].family == JOINT_FASTER) == faster &&
		    standardise(family, family->count, &joint->columns[c], scratch))
			family->of[family->count++] = c;
	free(scratch);
	return 0;
}

/* Student's t of the runs labelled new against the others, for every column. */
static void measure(const struct family *family, const struct labels *labels,
		    double *statistic)
{
	for (size_t c = 0; c < family->count; c++) {
		const double *z = family->z + c * family->runs;
		const double *has = family->has + c * family->runs;
		double sum = 0, after = 0, before, r2, t;

		for (size_t s = 0; s < labels->count; s++)
			for (size_t i = 0; i < labels->strata[s].after; i++) {
				sum += z[labels->strata[s].runs[i]];
				after += has[labels->strata[s].runs[i]];
			}
		before = family->size[c] - after;
		if (after < 1 || before < 1) {
			statistic[c] = -T_LARGEST;
			continue;
		}
		r2 = sum * sum * family->size[c] /
		     (after * before * family->squares[c]);
		t = r2 < 1 ? sqrt(r2 * (family->size[c] - 2) / (1 - r2)) : T_LARGEST;
		statistic[c] = sum < 0 ? -fmin(t, T_LARGEST) : fmin(t, T_LARGEST);
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

/* Counts, for each column, whether it or a lesser one reaches what was observed of it. */
static void count_hits(struct family *family)
{
	double highest = -INFINITY;

	for (size_t i = family->count; i-- > 0;) {
		size_t c = family->order[i];
		double observed = family->observed[c];

		highest = fmax(highest, family->tried[c]);
		family->hits[c] += highest >= observed - TIE * (1 + fabs(observed));
	}
}

static void adjust(struct family *family, const struct labels *labels)
{
	double before = 0;

	for (size_t i = 0; i < family->count; i++) {
		size_t c = family->order[i];
		/* Of labellings drawn at random, the one that was counts as well. */
		double p = labels->all
				   ? (double)family->hits[c] / (double)labels->trials
				   : ((double)family->hits[c] + 1) /
					     ((double)labels->trials + 1);

		/* Drawing cannot find what is rarer than any labelling is. */
		p = fmin(1, fmax(p, 1 / labels->ways));
		before = fmax(before, p);
		family->p[c] = before;
	}
}

static int solve_family(const struct joint *joint, double alarm_rate, bool faster,
			struct judgement *judgements)
{
	struct labels labels = {0};
	struct family family = {0};
	int status = family_make(&family, joint, faster);

	if (!status && family.count)
		status = labels_make(&labels, joint, alarm_rate);
	if (status || !family.count)
		goto out;
	measure(&family, &labels, family.observed);
	sort_columns(&family);
	for (size_t trial = 0; trial < labels.trials; trial++) {
		if (!labels.all)
			draw(&labels);
		else if (trial)
			next_combination(&labels);
		measure(&family, &labels, family.tried);
		count_hits(&family);
	}
	adjust(&family, &labels);
	for (size_t c = 0; c < family.count; c++) {
		const struct joint_column *column = &joint->columns[family.of[c]];
		struct judgement *judgement = &judgements[column->region];
		double p = family.p[c];

		if (faster) {
			judgement->p_improvement = fmin(judgement->p_improvement, p);
			continue;
		}
		judgement->p_alarm = fmin(judgement->p_alarm, p);
		if (column->family == JOINT_STRANGE)
			judgement->p_strange = fmin(judgement->p_strange, p);
	}
out:
	family_free(&family);
	labels_free(&labels);
	return status;
}

int joint_solve(const struct joint *joint, double alarm_rate,
		struct judgement *judgements)
{
	int status;

	for (size_t i = 0; i < joint->region_count; i++)
		judgements[i].p_alarm = judgements[i].p_strange =
			judgements[i].p_improvement = 1;
	status = solve_family(joint, alarm_rate, false, judgements);
	return status ? status : solve_family(joint, alarm_rate, true, judgements);
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
