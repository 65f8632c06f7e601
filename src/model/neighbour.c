/* SPDX-License-Identifier: MIT */
/*
 * Neighbours: see neighbour.h. The nearest reference r to x has the largest r.x - |r|^2 / 2, so
 * that searching is the product that a layer of the network makes; the distance itself is then
 * computed from the difference, since the product loses its digits where x is far out.
 */
#include "model/neighbour.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "model/elementary.h"
#include "model/whiten.h"

#define GROUP    ((size_t)64) /* references whose values are made together */
#define KEPT     (NEIGHBOUR_K + 1)
#define FIT_ROWS ((size_t)4096) /* that knots and covariances rest on */
#define LOGIT_SCALE \
	0.5513f /* sqrt(3) / pi: the logistic distribution's spread becomes 1 */
#define SLACK_SHARE 0.05f /* of the median distance between references */

size_t neighbours_wanted(size_t rows, bool ready_made)
{
	size_t pairs = ready_made ? NEIGHBOUR_PAIRS_MAX_RAW : NEIGHBOUR_PAIRS_MAX;
	size_t wanted = pairs / (rows ? rows : 1);

	if (rows > NEIGHBOUR_ROWS_MAX || !rows)
		return 0;
	wanted = wanted > NEIGHBOURS_LEAST ? wanted : NEIGHBOURS_LEAST;
	wanted = wanted < NEIGHBOURS_MAX ? wanted : NEIGHBOURS_MAX;
	return wanted < rows ? wanted : rows;
}

size_t neighbours_components(const struct neighbours *neighbours)
{
	return neighbours ? 2 * neighbours->spaces : 0;
}

void neighbours_free(struct neighbours *neighbours)
{
	if (!neighbours)
		return;
	free(neighbours->values);
	free(neighbours->knots);
	free(neighbours->white);
	free(neighbours->own);
	for (size_t space = 0; space < NEIGHBOUR_SPACES; space++) {
		free(neighbours->mapped[space]);
		free(neighbours->bias[space]);
	}
	free(neighbours);
}

/* ---- spaces ---- */

static float clip(float x)
{
	x = x < NEIGHBOUR_CLIP ? x : NEIGHBOUR_CLIP;
	return x > -NEIGHBOUR_CLIP ? x : -NEIGHBOUR_CLIP;
}

/*
 * How many of the knots are below x, or, with `equal`, not above it. Without branches: which way it
 * goes cannot be foreseen.
 */
static inline size_t knots_below(const float *knots, float x, bool equal)
{
	size_t low = 0;

	for (size_t rest = NEIGHBOUR_KNOTS; rest > 1;) {
		size_t half = rest / 2;
		float knot = knots[low + half - 1];

		low += (equal ? knot <= x : knot < x) ? half : 0;
		rest -= half;
	}
	return low + (equal ? knots[low] <= x : knots[low] < x);
}

/* Score of the place among the knots; beyond them it goes on as the feature does. */
static float quantile_score(const float *knots, const float *scores, float x)
{
	size_t below = knots_below(knots, x, false);
	bool on_knot = below < NEIGHBOUR_KNOTS && knots[below] <= x;
	size_t upto = on_knot ? knots_below(knots, x, true) : below;
	float position;
	size_t at;

	if (!upto)
		return scores[0] - (knots[0] - x);
	if (below == NEIGHBOUR_KNOTS)
		return scores[NEIGHBOUR_KNOTS - 1] + (x - knots[NEIGHBOUR_KNOTS - 1]);
	if (below < upto) /* on one knot or several: their middle */
		position = (float)(below + upto - 1) / 2;
	else
		position = (float)(below - 1) +
			   (x - knots[below - 1]) / (knots[below] - knots[below - 1]);
	at = (size_t)position;
	if (at + 1 >= NEIGHBOUR_KNOTS)
		return scores[NEIGHBOUR_KNOTS - 1];
	return scores[at] + (position - (float)at) * (scores[at + 1] - scores[at]);
}

/* Clipped values of a block, and their quantile scores, as finder->plain. */
static void map_plain(const struct neighbours *neighbours, const float *block,
		      float *plain)
{
	size_t values = neighbours->features * KERNEL_BLOCK;

	for (size_t i = 0; i < values; i++)
		plain[i] = clip(block[i]);
	for (size_t i = 0; i < values; i++)
		plain[values + i] = quantile_score(
			neighbours->knots + i / KERNEL_BLOCK * NEIGHBOUR_KNOTS,
			neighbours->scores, plain[i]);
}

/* The block in a space; a pointer into `plain`, or `mapped`. */
static const float *map_space(const struct neighbours *neighbours,
			      const struct kernels *kernels, size_t space,
			      const float *plain, float *mapped)
{
	size_t features = neighbours->features;
	size_t map = space % NEIGHBOUR_MAPS;

	plain += map * features * KERNEL_BLOCK;
	if (space < NEIGHBOUR_MAPS)
		return plain;
	kernels->product(neighbours->white + map * features * features, features, 1,
			 NULL, features, features, plain, mapped);
	return mapped;
}

/* ---- finding ---- */

int neighbour_finder_create(struct neighbour_finder *finder,
			    const struct neighbours *neighbours,
			    const struct kernels *kernels)
{
	size_t block = neighbours->features * KERNEL_BLOCK;

	*finder = (struct neighbour_finder){
		.neighbours = neighbours,
		.kernels = kernels,
		.plain = kernel_alloc(NEIGHBOUR_MAPS * block),
		.mapped = kernel_alloc(block),
		.values = kernel_alloc(GROUP * KERNEL_BLOCK),
		.best = kernel_alloc(KEPT * KERNEL_BLOCK),
		.index = aligned_alloc(KERNEL_ALIGNMENT,
				       KEPT * KERNEL_BLOCK * sizeof(*finder->index)),
	};
	if (finder->plain && finder->mapped && finder->values && finder->best &&
	    finder->index)
		return 0;
	neighbour_finder_free(finder);
	return -ENOMEM;
}

void neighbour_finder_free(struct neighbour_finder *finder)
{
	free(finder->plain);
	free(finder->mapped);
	free(finder->values);
	free(finder->best);
	free(finder->index);
	*finder = (struct neighbour_finder){0};
}

static void insert(struct neighbour_finder *finder, size_t kept, size_t lane,
		   float value, int32_t index)
{
	size_t at = kept - 1;

	for (; at && finder->best[(at - 1) * KERNEL_BLOCK + lane] < value; at--) {
		size_t from = (at - 1) * KERNEL_BLOCK + lane;

		finder->best[at * KERNEL_BLOCK + lane] = finder->best[from];
		finder->index[at * KERNEL_BLOCK + lane] = finder->index[from];
	}
	finder->best[at * KERNEL_BLOCK + lane] = value;
	finder->index[at * KERNEL_BLOCK + lane] = index;
}

/* The `kept` nearest references to each sample of a block in that space, nearest first. */
static void search(struct neighbour_finder *finder, size_t space, const float *block,
		   size_t kept)
{
	const struct neighbours *neighbours = finder->neighbours;
	size_t features = neighbours->features;
	const float *worst = finder->best + (kept - 1) * KERNEL_BLOCK;

	for (size_t i = 0; i < kept * KERNEL_BLOCK; i++) {
		finder->best[i] = -3e38f;
		finder->index[i] = 0;
	}
	for (size_t first = 0; first < neighbours->count; first += GROUP) {
		size_t rows = neighbours->count - first;

		rows = rows < GROUP ? rows : GROUP;
		finder->kernels->product(neighbours->mapped[space] + first * features,
					 features, 1, neighbours->bias[space] + first,
					 rows, features, block, finder->values);
		for (size_t row = 0; row < rows; row++) {
			const float *values = finder->values + row * KERNEL_BLOCK;
			int any = 0;

			for (size_t lane = 0; lane < KERNEL_BLOCK; lane++)
				any |= values[lane] > worst[lane];
			for (size_t lane = 0; any && lane < KERNEL_BLOCK; lane++)
				if (values[lane] > worst[lane])
					insert(finder, kept, lane, values[lane],
					       (int32_t)(first + row));
		}
	}
}

static float distance(const struct neighbours *neighbours, size_t space,
		      const float *block, size_t lane, size_t reference)
{
	const float *to = neighbours->mapped[space] + reference * neighbours->features;
	float sum = 0;

	for (size_t f = 0; f < neighbours->features; f++) {
		float d = block[f * KERNEL_BLOCK + lane] - to[f];

		sum += d * d;
	}
	return sqrtf(sum);
}

void neighbour_look(struct neighbour_finder *finder, const float *block,
		    float *components)
{
	const struct neighbours *neighbours = finder->neighbours;
	size_t k = neighbours->count < NEIGHBOUR_K ? neighbours->count : NEIGHBOUR_K;

	map_plain(neighbours, block, finder->plain);
	for (size_t space = 0; space < neighbours->spaces; space++) {
		const float *own = neighbours->own + space * neighbours->count;
		const float *mapped = map_space(neighbours, finder->kernels, space,
						finder->plain, finder->mapped);
		float slack = neighbours->slack[space];
		float *far = components + 2 * space * KERNEL_BLOCK;
		float *ratio = far + KERNEL_BLOCK;

		search(finder, space, mapped, k);
		for (size_t lane = 0; lane < KERNEL_BLOCK; lane++) {
			const int32_t *index = finder->index + lane;
			float usual = 0, around;

			for (size_t i = 0; i < k; i++)
				usual += own[index[i * KERNEL_BLOCK]];
			usual /= (float)k;
			around = distance(neighbours, space, mapped, lane,
					  (size_t)index[(k - 1) * KERNEL_BLOCK]);
			far[lane] = distance(neighbours, space, mapped, lane,
					     (size_t)index[0]);
			ratio[lane] = (around + slack) / (usual + slack);
		}
	}
}

/* ---- learning ---- */

/* Logit of the middle of each knot's share of the samples. */
static void make_scores(struct neighbours *neighbours)
{
	for (size_t i = 0; i < NEIGHBOUR_KNOTS; i++)
		neighbours->scores[i] =
			LOGIT_SCALE * (float)elementary_log(((double)i + 0.5) /
							    ((double)NEIGHBOUR_KNOTS -
							     0.5 - (double)i));
}

int neighbours_prepare(struct neighbours *neighbours, const struct kernels *kernels)
{
	size_t features = neighbours->features, count = neighbours->count;
	float *block = kernel_alloc(features * KERNEL_BLOCK);
	float *plain = kernel_alloc(NEIGHBOUR_MAPS * features * KERNEL_BLOCK);
	float *mapped = kernel_alloc(features * KERNEL_BLOCK);
	struct train_rows rows = {
		.values = neighbours->values, .features = features, .count = count};
	int status = block && plain && mapped ? 0 : -ENOMEM;

	make_scores(neighbours);
	for (size_t space = 0; !status && space < neighbours->spaces; space++) {
		neighbours->mapped[space] =
			malloc((count * features + 1) * sizeof(float));
		neighbours->bias[space] = kernel_alloc(count);
		if (!neighbours->mapped[space] || !neighbours->bias[space])
			status = -ENOMEM;
	}
	for (size_t first = 0; !status && first < count; first += KERNEL_BLOCK) {
		size_t used = whiten_gather(&rows, first, count - first, block);

		map_plain(neighbours, block, plain);
		for (size_t space = 0; space < neighbours->spaces; space++) {
			const float *in =
				map_space(neighbours, kernels, space, plain, mapped);

			for (size_t lane = 0; lane < used; lane++) {
				float *to = neighbours->mapped[space] +
					    (first + lane) * features;
				float sum = 0;

				for (size_t f = 0; f < features; f++) {
					to[f] = in[f * KERNEL_BLOCK + lane];
					sum += to[f] * to[f];
				}
				neighbours->bias[space][first + lane] = -0.5f * sum;
			}
		}
	}
	free(mapped);
	free(plain);
	free(block);
	return status;
}

/* Median distance between references in each space, for the ratios; 0 where they coincide. */
int neighbours_make_slack(struct neighbours *neighbours)
{
	double *sorted = malloc((neighbours->count + 1) * sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t space = 0; space < neighbours->spaces; space++) {
		for (size_t i = 0; i < neighbours->count; i++)
			sorted[i] =
				(double)neighbours->own[space * neighbours->count + i];
		neighbours->slack[space] =
			SLACK_SHARE *
				(float)statistics_median(sorted, neighbours->count) +
			1e-6f;
	}
	free(sorted);
	return 0;
}

/* Distances of the references among themselves. */
static int measure_own(struct neighbours *neighbours, const struct kernels *kernels)
{
	size_t features = neighbours->features, count = neighbours->count;
	size_t kept = count < KEPT ? count : KEPT;
	float *block = kernel_alloc(features * KERNEL_BLOCK);
	struct neighbour_finder finder;
	int status = neighbour_finder_create(&finder, neighbours, kernels);

	neighbours->own = calloc(neighbours->spaces * count + 1, sizeof(float));
	if (!block || !neighbours->own)
		status = -ENOMEM;
	for (size_t space = 0; !status && space < neighbours->spaces; space++) {
		struct train_rows rows = {.values = neighbours->mapped[space],
					  .features = features,
					  .count = count};

		for (size_t first = 0; first < count; first += KERNEL_BLOCK) {
			size_t used = whiten_gather(&rows, first, count - first, block);

			search(&finder, space, block, kept);
			for (size_t lane = 0; lane < used; lane++) {
				size_t last = kept - 1;

				/* Among equals the sample itself may be left out. */
				for (size_t i = 0; i < kept; i++)
					if ((size_t)finder.index[i * KERNEL_BLOCK +
								 lane] == first + lane)
						last = kept;
				last = last == kept ? kept - 1 : kept - (kept > 1) - 1;
				neighbours
					->own[space * count + first + lane] = distance(
					neighbours, space, block, lane,
					(size_t)finder
						.index[last * KERNEL_BLOCK + lane]);
			}
		}
	}
	neighbour_finder_free(&finder);
	free(block);
	return status;
}

/* Evenly spaced rows, clipped, and the quantiles of each feature. */
static int choose(struct neighbours *neighbours, const struct train_rows *rows)
{
	size_t features = neighbours->features;
	size_t fitted = rows->count < FIT_ROWS ? rows->count : FIT_ROWS;
	double *column = malloc((fitted + 1) * sizeof(*column));

	neighbours->values = malloc((neighbours->count * features + 1) * sizeof(float));
	neighbours->knots = malloc(features * NEIGHBOUR_KNOTS * sizeof(float));
	if (!column || !neighbours->values || !neighbours->knots) {
		free(column);
		return -ENOMEM;
	}
	for (size_t i = 0; i < neighbours->count; i++) {
		const float *from =
			whiten_row(rows, i * rows->count / neighbours->count);

		for (size_t f = 0; f < features; f++)
			neighbours->values[i * features + f] = clip(from[f]);
	}
	for (size_t f = 0; f < features; f++) {
		for (size_t i = 0; i < fitted; i++)
			column[i] = (double)clip(
				whiten_row(rows, i * rows->count / fitted)[f]);
		statistics_sort(column, fitted);
		for (size_t i = 0; i < NEIGHBOUR_KNOTS; i++)
			neighbours->knots[f * NEIGHBOUR_KNOTS + i] =
				(float)statistics_quantile_sorted(
					column, fitted,
					(double)i / (double)(NEIGHBOUR_KNOTS - 1));
	}
	free(column);
	return 0;
}

/* The maps to the white spaces, from evenly spaced rows. */
static int make_white(struct neighbours *neighbours, const struct train_rows *rows)
{
	size_t features = neighbours->features, square = features * features;
	size_t fitted = rows->count < FIT_ROWS ? rows->count : FIT_ROWS;
	float *plain = malloc((fitted * features + 1) * sizeof(*plain));
	int status = 0;

	neighbours->white = malloc(NEIGHBOUR_MAPS * square * sizeof(float));
	if (!plain || !neighbours->white)
		status = -ENOMEM;
	for (size_t map = 0; !status && map < NEIGHBOUR_MAPS; map++) {
		for (size_t i = 0; i < fitted; i++) {
			const float *from = whiten_row(rows, i * rows->count / fitted);

			for (size_t f = 0; f < features; f++) {
				float x = clip(from[f]);

				plain[i * features + f] =
					map ? quantile_score(
						      neighbours->knots +
							      f * NEIGHBOUR_KNOTS,
						      neighbours->scores, x)
					    : x;
			}
		}
		status = whiten_fit(plain, fitted, features,
				    neighbours->white + map * square);
	}
	free(plain);
	return status;
}

int neighbours_learn(struct neighbours **neighbours, const struct train_rows *rows,
		     size_t wanted, const struct kernels *kernels)
{
	struct neighbours *new = calloc(1, sizeof(*new));
	int status;

	if (!new)
		return -ENOMEM;
	new->features = rows->features;
	new->count = wanted < rows->count ? wanted : rows->count;
	make_scores(new); /* white spaces are fitted to them */
	new->spaces = rows->features <= NEIGHBOUR_WHITE_MAX ? NEIGHBOUR_SPACES
							    : NEIGHBOUR_MAPS;
	status = choose(new, rows);
	if (!status && new->spaces == NEIGHBOUR_SPACES)
		status = make_white(new, rows);
	if (!status)
		status = neighbours_prepare(new, kernels);
	if (!status)
		status = measure_own(new, kernels);
	if (!status)
		status = neighbours_make_slack(new);
	if (status)
		neighbours_free(new);
	else
		*neighbours = new;
	return status;
}
