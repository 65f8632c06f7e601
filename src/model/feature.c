/* SPDX-License-Identifier: MIT */
/*
 * From rows of a sample table to scaled features: see feature.h. Works a column at a time, for
 * that is how tables lie in memory. Nothing here divides by zero or makes a NaN of numbers.
 */
#include "model/feature.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "model/elementary.h"
#include "model/kernel.h"

#define PER_KILOINST    1000.0 /* instructions */
#define PER_MICROSECOND 1000.0 /* ns */
/* Executions without a single instruction or nanosecond count as this share of one unit. */
#define EMPTY_SHARE          1e-3
#define CPU_SHARE_RESOLUTION 0.01
/* No value counts as larger: squares of what is left do not overflow. */
#define VALUE_LIMIT 1e100

static const struct {
	const char *name;
	const char *per;
} kinds[] = {
	[FEATURE_TIME_PER_EXECUTION] = {"time_per_execution", "per execution"},
	[FEATURE_TIME_PER_KILOINST] = {"time_per_kiloinst", "per 1000 instructions"},
	[FEATURE_RATE_PER_KILOINST] = {"rate_per_kiloinst", "per 1000 instructions"},
	[FEATURE_RATE_PER_MICROSECOND] = {"rate_per_microsecond", "per us"},
	[FEATURE_COUNT_PER_EXECUTION] = {"count_per_execution", "per execution"},
	[FEATURE_CPU_SHARE] = {"cpu_share", "of wall time"},
	[FEATURE_RAW] = {"raw", ""},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

const char *feature_kind_name(enum feature_kind kind)
{
	return kinds[kind].name;
}

int feature_kind_parse(const char *name, enum feature_kind *kind)
{
	for (size_t i = 0; i < KINDS; i++)
		if (!strcmp(name, kinds[i].name)) {
			*kind = (enum feature_kind)i;
			return 0;
		}
	return -EINVAL;
}

const char *feature_kind_per(enum feature_kind kind)
{
	return kinds[kind].per;
}

/* ---- choice ---- */

static int add_feature(struct feature *features, size_t *count, const char *name,
		       struct feature feature)
{
	feature.name = strdup(name);
	if (!feature.name)
		return -ENOMEM;
	feature.resolution = 1;
	features[(*count)++] = feature;
	return 0;
}

static enum feature_kind kind_of_event(const struct event *event, bool has_instructions,
				       bool has_wall)
{
	if (event->unit == EVENT_UNIT_RAW)
		return FEATURE_RAW;
	if (event->role == EVENT_ROLE_INSTRUCTIONS)
		return FEATURE_COUNT_PER_EXECUTION;
	if (has_instructions)
		return FEATURE_RATE_PER_KILOINST;
	return has_wall ? FEATURE_RATE_PER_MICROSECOND : FEATURE_COUNT_PER_EXECUTION;
}

int feature_choose(const struct event_plan *plan, size_t pass, bool has_wall,
		   bool has_cpu, struct feature **features, size_t *count,
		   struct error *error)
{
	const struct event_pass *events = &plan->passes[pass];
	struct feature *chosen = calloc(events->count + 2, sizeof(*chosen));
	bool has_instructions = false;
	size_t used = 0;
	int status = chosen ? 0 : -ENOMEM;

	for (size_t i = 0; i < events->count; i++) {
		const struct event *event = &plan->events.items[events->members[i]];

		has_instructions |= event->role == EVENT_ROLE_INSTRUCTIONS &&
				    event->unit == EVENT_UNIT_COUNT;
	}
	if (!status && has_wall)
		status = add_feature(
			chosen, &used, "wall_ns",
			(struct feature){
				.kind = has_instructions ? FEATURE_TIME_PER_KILOINST
							 : FEATURE_TIME_PER_EXECUTION,
				.role = EVENT_ROLE_OTHER,
				.unit = EVENT_UNIT_NANOSECONDS,
				.event = -1,
			});
	if (!status && has_wall && has_cpu)
		status = add_feature(chosen, &used, "cpu_share",
				     (struct feature){
					     .kind = FEATURE_CPU_SHARE,
					     .role = EVENT_ROLE_CPU_TIME,
					     .unit = EVENT_UNIT_COUNT,
					     .event = -1,
				     });
	for (size_t i = 0; !status && i < events->count; i++) {
		const struct event *event = &plan->events.items[events->members[i]];

		status = add_feature(chosen, &used, event->name,
				     (struct feature){
					     .kind = kind_of_event(
						     event, has_instructions, has_wall),
					     .role = event->role,
					     .unit = event->unit,
					     .event = (int)i,
				     });
	}
	if (status || !used) {
		feature_free(chosen, used);
		if (status)
			return error_no_memory(error, "choosing features");
		return error_set(
			error, -EINVAL,
			"the samples have neither counters nor times: there is "
			"nothing to learn");
	}
	*features = chosen;
	*count = used;
	return 0;
}

void feature_free(struct feature *features, size_t count)
{
	for (size_t i = 0; features && i < count; i++)
		free(features[i].name);
	free(features);
}

int feature_instructions(const struct feature *features, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (features[i].role == EVENT_ROLE_INSTRUCTIONS &&
		    features[i].kind == FEATURE_COUNT_PER_EXECUTION)
			return features[i].event;
	return -1;
}

/* ---- natural values ---- */

/* What one execution, or several taken together, did. */
struct amount {
	double value; /* of the event */
	double instructions;
	double wall_ns;
	double cpu_ns;
	double executions;
};

static double at_least(double value, double least)
{
	return value > least ? value : least;
}

static double natural(enum feature_kind kind, const struct amount *amount)
{
	double kiloinst = at_least(amount->instructions / PER_KILOINST, EMPTY_SHARE);
	double microseconds = at_least(amount->wall_ns / PER_MICROSECOND, EMPTY_SHARE);

	switch (kind) {
	case FEATURE_TIME_PER_EXECUTION:
		return amount->wall_ns / amount->executions;
	case FEATURE_TIME_PER_KILOINST:
		return amount->wall_ns / kiloinst;
	case FEATURE_RATE_PER_KILOINST:
		return amount->value / kiloinst;
	case FEATURE_RATE_PER_MICROSECOND:
		return amount->value / microseconds;
	case FEATURE_CPU_SHARE:
		return amount->cpu_ns / at_least(amount->wall_ns, 1);
	case FEATURE_COUNT_PER_EXECUTION:
	case FEATURE_RAW:
		break;
	}
	return amount->value / amount->executions;
}

static struct amount amount_of_row(const struct feature *feature, int instructions,
				   const struct sample_table *table, size_t row)
{
	return (struct amount){
		.value = feature->event < 0 ? 0 : table->values[feature->event][row],
		.instructions = instructions < 0 ? 0 : table->values[instructions][row],
		.wall_ns = table->wall_ns[row],
		.cpu_ns = table->cpu_ns[row],
		.executions = 1,
	};
}

static double natural_of_row(const struct feature *feature, int instructions,
			     const struct sample_table *table, size_t row)
{
	struct amount amount = amount_of_row(feature, instructions, table, row);

	return natural(feature->kind, &amount);
}

void feature_natural(const struct feature *features, size_t count,
		     const struct sample_table *table, size_t row, double *out)
{
	int instructions = feature_instructions(features, count);

	for (size_t f = 0; f < count; f++)
		out[f] = natural_of_row(&features[f], instructions, table, row);
}

void feature_natural_sum(const struct feature *features, size_t count,
			 const struct sample_table *table, size_t first, size_t rows,
			 double *out)
{
	int instructions = feature_instructions(features, count);

	for (size_t f = 0; f < count; f++) {
		struct amount sum = {0};

		for (size_t row = first; row < first + rows; row++) {
			struct amount one =
				amount_of_row(&features[f], instructions, table, row);
			double weight = table->weight[row];

			if (features[f].kind == FEATURE_CPU_SHARE && isnan(one.cpu_ns))
				continue;
			sum.value += weight * one.value;
			sum.instructions += weight * one.instructions;
			sum.wall_ns += weight * one.wall_ns;
			sum.cpu_ns += weight * one.cpu_ns;
			sum.executions += weight;
		}
		sum.executions = at_least(sum.executions, 1);
		out[f] = natural(features[f].kind, &sum);
	}
}

/* ---- resolution and transformation ---- */

/* Median of the instructions, or of the wall time in ns, of an execution. */
static double median_of(const double *column, size_t rows, double *scratch)
{
	memcpy(scratch, column, rows * sizeof(*scratch));
	return statistics_median(scratch, rows);
}

int feature_resolve(struct feature *features, size_t count,
		    const struct sample_table *table)
{
	int instructions = feature_instructions(features, count);
	double *scratch = malloc((table->rows + 1) * sizeof(*scratch));
	struct amount typical = {.value = 1, .executions = 1};

	if (!scratch)
		return -ENOMEM;
	if (instructions >= 0)
		typical.instructions =
			median_of(table->values[instructions], table->rows, scratch);
	typical.wall_ns = median_of(table->wall_ns, table->rows, scratch);
	free(scratch);
	for (size_t f = 0; f < count; f++) {
		struct amount one = typical;

		switch (features[f].kind) {
		case FEATURE_TIME_PER_EXECUTION:
		case FEATURE_TIME_PER_KILOINST:
			one.wall_ns = 1; /* the clock's unit is time's event */
			features[f].resolution = natural(features[f].kind, &one);
			break;
		case FEATURE_CPU_SHARE:
			features[f].resolution = CPU_SHARE_RESOLUTION;
			break;
		default:
			features[f].resolution = natural(features[f].kind, &one);
		}
	}
	return 0;
}

double feature_transform(const struct feature *feature, double value)
{
	if (feature->kind == FEATURE_RAW)
		return fmin(fmax(value, -VALUE_LIMIT), VALUE_LIMIT);
	/* Counts are not negative; a scaled-up difference might be by rounding. */
	return elementary_log1p(
		fmin(at_least(value, 0) / feature->resolution, VALUE_LIMIT));
}

static void copy_rows(const double *column, const uint32_t *list, size_t first,
		      size_t rows, double *out)
{
	for (size_t lane = 0; lane < rows; lane++)
		out[lane] = column[list ? list[lane] : first + lane];
	for (size_t lane = rows; lane < KERNEL_BLOCK; lane++)
		out[lane] = 0;
}

static void divide(double *values, const double *by, double factor, double least)
{
	for (size_t lane = 0; lane < KERNEL_BLOCK; lane++)
		values[lane] /= at_least(by[lane] / factor, least);
}

/* natural() of a block of one feature. */
static void natural_block(const struct feature *feature, int instructions,
			  const struct sample_table *table, const uint32_t *list,
			  size_t first, size_t rows, double *out)
{
	const double *column =
		feature->event < 0 ? table->wall_ns : table->values[feature->event];
	double by[KERNEL_BLOCK];

	switch (feature->kind) {
	case FEATURE_TIME_PER_KILOINST:
	case FEATURE_RATE_PER_KILOINST:
		copy_rows(column, list, first, rows, out);
		copy_rows(table->values[instructions], list, first, rows, by);
		divide(out, by, PER_KILOINST, EMPTY_SHARE);
		break;
	case FEATURE_RATE_PER_MICROSECOND:
		copy_rows(column, list, first, rows, out);
		copy_rows(table->wall_ns, list, first, rows, by);
		divide(out, by, PER_MICROSECOND, EMPTY_SHARE);
		break;
	case FEATURE_CPU_SHARE:
		copy_rows(table->cpu_ns, list, first, rows, out);
		copy_rows(table->wall_ns, list, first, rows, by);
		divide(out, by, 1, 1);
		break;
	case FEATURE_TIME_PER_EXECUTION:
	case FEATURE_COUNT_PER_EXECUTION:
	case FEATURE_RAW:
		copy_rows(column, list, first, rows, out);
		break;
	}
}

/* feature_transform() of a block. NaN stays NaN. */
static void transform_block(const struct feature *feature,
			    const struct kernels *kernels, double *values)
{
	double missing[KERNEL_BLOCK];

	if (feature->kind == FEATURE_RAW) {
		for (size_t lane = 0; lane < KERNEL_BLOCK; lane++)
			values[lane] = feature_transform(feature, values[lane]);
		return;
	}
	for (size_t lane = 0; lane < KERNEL_BLOCK; lane++) {
		double x = at_least(values[lane], 0) / feature->resolution;

		missing[lane] = values[lane];
		values[lane] = x < VALUE_LIMIT ? x : VALUE_LIMIT;
	}
	kernels->log1p(values, KERNEL_BLOCK);
	for (size_t lane = 0; lane < KERNEL_BLOCK; lane++)
		if (isnan(missing[lane]))
			values[lane] = NAN;
}

void feature_block(const struct feature *features, size_t count,
		   const struct scaler *scaler, const struct kernels *kernels,
		   const struct sample_table *table, const uint32_t *list, size_t first,
		   size_t rows, float *block)
{
	int instructions = feature_instructions(features, count);
	double x[KERNEL_BLOCK] __attribute__((aligned(KERNEL_ALIGNMENT)));

	for (size_t f = 0; f < count; f++) {
		float *out = block + f * KERNEL_BLOCK;

		natural_block(&features[f], instructions, table, list, first, rows, x);
		transform_block(&features[f], kernels, x);
		for (size_t lane = 0; lane < KERNEL_BLOCK; lane++) {
			double scaled =
				(x[lane] - scaler->center[f]) / scaler->scale[f];

			scaled = scaled < FEATURE_LIMIT ? scaled : FEATURE_LIMIT;
			scaled = scaled > -FEATURE_LIMIT ? scaled : -FEATURE_LIMIT;
			out[lane] = lane >= rows || isnan(x[lane]) ? 0 : (float)scaled;
		}
	}
}
