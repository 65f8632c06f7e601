/* SPDX-License-Identifier: MIT */
/*
 * One run in a few numbers: see struct model_run in model.h. Weighted by the executions that a
 * sample stands for, so that sampling one in k does not change them.
 */
#include "model/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/elementary.h"

#define SCORE_LEAST 1e-6 /* the logarithm needs more than 0 */

/* First row whose run is at least `run`; tables are in order of run. */
static size_t lower_bound(const struct sample_table *table, size_t run)
{
	size_t low = 0, high = table->rows;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->run[middle] < run)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct summary_range summary_rows(const struct sample_table *table, size_t run)
{
	size_t first = lower_bound(table, run);
	size_t end = lower_bound(table, run + 1);

	return (struct summary_range){first, end > first ? end - first : 0};
}

struct weighted {
	double value;
	double weight;
};

static int compare_weighted(const void *a, const void *b)
{
	const struct weighted *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

/* Value below which half of the weight lies; the mean of two when it falls between them. */
static double weighted_median(struct weighted *items, size_t count)
{
	double total = 0, below = 0;

	qsort(items, count, sizeof(*items), compare_weighted);
	for (size_t i = 0; i < count; i++)
		total += items[i].weight;
	for (size_t i = 0; i + 1 < count; i++) {
		below += items[i].weight;
		if (2 * below > total)
			return items[i].value;
		if (2 * below == total)
			return (items[i].value + items[i + 1].value) / 2;
	}
	return count ? items[count - 1].value : 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Different threads in `count` rows; 0 when memory is short. */
static uint64_t count_threads(const uint32_t *threads, size_t count)
{
	uint32_t *sorted = malloc((count + 1) * sizeof(*sorted));
	uint64_t different = 0;

	if (!sorted)
		return 0;
	memcpy(sorted, threads, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), compare_numbers);
	for (size_t i = 0; i < count; i++)
		different += !i || sorted[i] != sorted[i - 1];
	free(sorted);
	return different;
}

int model_summarise_run(const struct model_unit *unit, const struct sample_table *table,
			size_t run, const float *scores, struct model_run *summary,
			struct error *error)
{
	struct summary_range range = summary_rows(table, run);
	struct weighted *walls = malloc((range.count + 1) * sizeof(*walls));
	size_t anomalous = 0, own = 0;

	*summary = (struct model_run){
		.ordinal = table->run_ordinals[run],
		.threads = count_threads(table->thread + range.first, range.count),
		.rates = calloc(unit->feature_count + 1, sizeof(*summary->rates)),
	};
	if (!walls || !summary->rates) {
		free(walls);
		free(summary->rates);
		summary->rates = NULL;
		return error_no_memory(error, "summarising a run");
	}
	for (size_t i = 0; i < range.count; i++) {
		size_t row = range.first + i;
		double score = (double)scores[row];

		/* Borrowed from another region (cluster.h). */
		if (!(table->weight[row] > 0))
			continue;
		own++;
		walls[own - 1] =
			(struct weighted){table->wall_ns[row], table->weight[row]};
		summary->executions += table->weight[row];
		summary->wall_total_ns += table->weight[row] * table->wall_ns[row];
		summary->score_mean +=
			elementary_log(score > SCORE_LEAST ? score : SCORE_LEAST);
		anomalous += score > unit->threshold;
	}
	summary->samples = own;
	if (own) {
		summary->wall_mean_ns = summary->wall_total_ns / summary->executions;
		summary->wall_median_ns = weighted_median(walls, own);
		summary->score_mean /= (double)own;
		summary->anomalous_share = (double)anomalous / (double)own;
		feature_natural_sum(unit->features, unit->feature_count, table,
				    range.first, range.count, summary->rates);
	}
	free(walls);
	return 0;
}
