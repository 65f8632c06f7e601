/* SPDX-License-Identifier: MIT */
/* See cluster.h. Deterministic: nothing is drawn. */
#include "model/cluster.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "model/elementary.h"
#include "model/feature.h"
#include "model/summary.h"

#define ITERATIONS      50
#define SILHOUETTE_GOOD 0.25          /* below that the clusters are no clusters */
#define ROWS_OF_RUN     ((size_t)200) /* of another region, that are borrowed */

/* ---- points ---- */

int cluster_point(const struct sample_table *table, const struct event_plan *plan,
		  size_t pass, double **point, size_t *dimensions, struct error *error)
{
	struct feature *features = NULL;
	size_t count = 0;
	double *natural, *column;
	int code = feature_choose(plan, pass, true, false, &features, &count, error);

	if (code)
		return code;
	*point = calloc(count + 1, sizeof(**point));
	natural = calloc(count + 1, sizeof(*natural));
	column = calloc(table->rows * count + 1, sizeof(*column));
	if (!*point || !natural || !column)
		code = error_no_memory(error, "comparing regions");
	for (size_t row = 0; !code && row < table->rows; row++) {
		feature_natural(features, count, table, row, natural);
		for (size_t f = 0; f < count; f++)
			column[f * table->rows + row] = natural[f];
	}
	for (size_t f = 0; !code && f < count; f++) {
		double median =
			statistics_median(column + f * table->rows, table->rows);

		(*point)[f] = features[f].kind == FEATURE_RAW
				      ? median
				      : elementary_log1p(median > 0 ? median : 0);
	}
	*dimensions = count;
	free(column);
	free(natural);
	feature_free(features, count);
	return code;
}

/* ---- k-means ---- */

static double squared_distance(const double *a, const double *b, size_t dimensions)
{
	double sum = 0;

	for (size_t d = 0; d < dimensions; d++)
		sum += (a[d] - b[d]) * (a[d] - b[d]);
	return sum;
}

struct means {
	const double *points; /* [count][dimensions] */
	size_t count;
	size_t dimensions;
	double *centres; /* [CLUSTERS_MAX][dimensions] */
	size_t *cluster; /* [count] */
};

static size_t nearest_centre(const struct means *means, size_t k, size_t point)
{
	const double *at = means->points + point * means->dimensions;
	size_t best = 0;

	for (size_t c = 1; c < k; c++)
		if (squared_distance(at, means->centres + c * means->dimensions,
				     means->dimensions) <
		    squared_distance(at, means->centres + best * means->dimensions,
				     means->dimensions))
			best = c;
	return best;
}

/* The first centre is the first point, each other the point farthest from those before. */
static void start(struct means *means, size_t k)
{
	size_t bytes = means->dimensions * sizeof(double);

	memcpy(means->centres, means->points, bytes);
	for (size_t c = 1; c < k; c++) {
		double most = -1;
		size_t which = 0;

		for (size_t i = 0; i < means->count; i++) {
			const double *at = means->points + i * means->dimensions;
			double far = squared_distance(
				at,
				means->centres +
					nearest_centre(means, c, i) * means->dimensions,
				means->dimensions);

			if (far > most) {
				most = far;
				which = i;
			}
		}
		memcpy(means->centres + c * means->dimensions,
		       means->points + which * means->dimensions, bytes);
	}
}

static void find_means(struct means *means, size_t k)
{
	start(means, k);
	for (unsigned i = 0; i < ITERATIONS; i++) {
		size_t members[CLUSTERS_MAX] = {0};

		for (size_t p = 0; p < means->count; p++) {
			means->cluster[p] = nearest_centre(means, k, p);
			members[means->cluster[p]]++;
		}
		for (size_t c = 0; c < k; c++)
			for (size_t d = 0; members[c] && d < means->dimensions; d++) {
				double sum = 0;

				for (size_t p = 0; p < means->count; p++)
					if (means->cluster[p] == c)
						sum += means->points
							       [p * means->dimensions +
								d];
				means->centres[c * means->dimensions + d] =
					sum / (double)members[c];
			}
	}
}

/* Mean over the points of (b - a) / max(a, b): a to the own cluster, b to the next. */
static double silhouette(const struct means *means, size_t k)
{
	double sum = 0;

	for (size_t p = 0; p < means->count; p++) {
		double distance[CLUSTERS_MAX] = {0}, own = 0, other = INFINITY;
		size_t members[CLUSTERS_MAX] = {0};

		for (size_t q = 0; q < means->count; q++) {
			if (q == p)
				continue;
			members[means->cluster[q]]++;
			distance[means->cluster[q]] += sqrt(
				squared_distance(means->points + p * means->dimensions,
						 means->points + q * means->dimensions,
						 means->dimensions));
		}
		if (!members[means->cluster[p]])
			continue; /* alone: 0 by definition */
		for (size_t c = 0; c < k; c++) {
			double mean = distance[c] / (double)members[c];

			if (c == means->cluster[p])
				own = mean;
			else if (members[c])
				other = fmin(other, mean);
		}
		if (isfinite(other) && fmax(own, other) > 0)
			sum += (other - own) / fmax(own, other);
	}
	return sum / (double)means->count;
}

/* Each dimension in units of its robust spread; what does not differ is left out. */
static void scale(const double *points, size_t count, size_t dimensions, double *scaled,
		  double *column)
{
	for (size_t d = 0; d < dimensions; d++) {
		double spread;

		for (size_t p = 0; p < count; p++)
			column[p] = points[p * dimensions + d];
		spread = statistics_mad(column, count);
		if (!(spread > 0))
			spread = column[count - 1] - column[0];
		for (size_t p = 0; p < count; p++)
			scaled[p * dimensions + d] =
				spread > 0 ? points[p * dimensions + d] / spread : 0;
	}
}

size_t cluster_points(const double *points, size_t count, size_t dimensions,
		      size_t *cluster)
{
	double *scaled = calloc(count * dimensions + 1, sizeof(*scaled));
	double *column = calloc(count + 1, sizeof(*column));
	struct means means = {
		.points = scaled,
		.count = count,
		.dimensions = dimensions,
		.centres = calloc(CLUSTERS_MAX * dimensions + 1, sizeof(double)),
		.cluster = calloc(count + 1, sizeof(size_t)),
	};
	size_t best = 0, most = count > CLUSTERS_MAX ? CLUSTERS_MAX : count;
	double highest = SILHOUETTE_GOOD;

	if (!scaled || !column || !means.centres || !means.cluster)
		goto out;
	scale(points, count, dimensions, scaled, column);
	memset(cluster, 0, count * sizeof(*cluster));
	best = 1;
	for (size_t k = 2; k < most; k++) {
		double good;

		find_means(&means, k);
		good = silhouette(&means, k);
		if (good <= highest)
			continue;
		highest = good;
		best = k;
		memcpy(cluster, means.cluster, count * sizeof(*cluster));
	}
out:
	free(means.cluster);
	free(means.centres);
	free(column);
	free(scaled);
	return best;
}

/* ---- merging ---- */

static int allocate(struct sample_table *table, size_t rows, size_t runs, size_t events)
{
	table->run = calloc(rows + 1, sizeof(*table->run));
	table->thread = calloc(rows + 1, sizeof(*table->thread));
	table->begin_ns = calloc(rows + 1, sizeof(*table->begin_ns));
	table->wall_ns = calloc(rows + 1, sizeof(*table->wall_ns));
	table->cpu_ns = calloc(rows + 1, sizeof(*table->cpu_ns));
	table->weight = calloc(rows + 1, sizeof(*table->weight));
	table->running = calloc(rows + 1, sizeof(*table->running));
	table->values = calloc(events + 1, sizeof(*table->values));
	table->run_ordinals = calloc(runs + 1, sizeof(*table->run_ordinals));
	if (!table->run || !table->thread || !table->begin_ns || !table->wall_ns ||
	    !table->cpu_ns || !table->weight || !table->running || !table->values ||
	    !table->run_ordinals)
		return -ENOMEM;
	table->event_count = 0;
	for (size_t e = 0; e < events; e++) {
		table->values[e] = calloc(rows + 1, sizeof(**table->values));
		if (!table->values[e])
			return -ENOMEM;
		table->event_count++;
	}
	return 0;
}

static void copy_row(struct sample_table *to, const struct sample_table *from,
		     size_t row, bool own)
{
	size_t at = to->rows++;

	to->run[at] = (uint32_t)to->run_count;
	to->thread[at] = from->thread[row];
	to->begin_ns[at] = from->begin_ns[row];
	to->wall_ns[at] = from->wall_ns[row];
	to->cpu_ns[at] = from->cpu_ns[row];
	to->weight[at] = own ? from->weight[row] : 0;
	to->running[at] = from->running[row];
	for (size_t e = 0; e < to->event_count; e++)
		to->values[e][at] = from->values[e][row];
}

/* Rows of the run with that ordinal, evenly spaced if they are more than `most`. */
static void copy_run(struct sample_table *to, const struct sample_table *from,
		     uint32_t ordinal, size_t most, bool own)
{
	for (size_t run = 0; run < from->run_count; run++) {
		struct summary_range range;
		size_t rows;

		if (from->run_ordinals[run] != ordinal)
			continue;
		range = summary_rows(from, run);
		rows = range.count < most ? range.count : most;
		for (size_t i = 0; i < rows; i++)
			copy_row(to, from, range.first + i * range.count / rows, own);
	}
}

int cluster_merge(struct sample_table *merged, const struct sample_table *own,
		  const struct sample_table *other)
{
	size_t a = 0, b = 0;

	*merged = (struct sample_table){0};
	if (allocate(merged, own->rows + other->rows, own->run_count + other->run_count,
		     own->event_count)) {
		sample_table_free(merged);
		return -ENOMEM;
	}
	/* Ordinals ascend on both sides. */
	while (a < own->run_count || b < other->run_count) {
		uint32_t ordinal = UINT32_MAX;

		if (a < own->run_count)
			ordinal = own->run_ordinals[a];
		if (b < other->run_count && other->run_ordinals[b] < ordinal)
			ordinal = other->run_ordinals[b];
		merged->run_ordinals[merged->run_count] = ordinal;
		copy_run(merged, own, ordinal, SIZE_MAX, true);
		copy_run(merged, other, ordinal, ROWS_OF_RUN, false);
		merged->run_count++;
		a += a < own->run_count && own->run_ordinals[a] == ordinal;
		b += b < other->run_count && other->run_ordinals[b] == ordinal;
	}
	return 0;
}
