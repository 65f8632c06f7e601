/* SPDX-License-Identifier: MIT */
/*
 * Neighbours: how far a sample lies from the training samples that are nearest to it, and how far
 * that is for the place where it lies.
 *
 * Distances are taken in up to four spaces, for no single one serves all data:
 *
 *	standard	the scaled features as they are: differences of level
 *	white		linearly mapped so that the training samples' covariance is the identity:
 *			what breaks a correlation is far away, however small
 *	quantile	each feature replaced by the logit of its rank in training: heavy tails and
 *			coarse values do not drown the rest
 *	white quantile	both
 *
 * In each space two numbers: the distance to the nearest reference, and the ratio of the distance
 * to the k-th nearest to what that is for the references near by. The ratio finds what is strange
 * where normal samples are dense although it would be usual elsewhere (local outlier factor:
 * Breunig et al. 2000, in its simplest form); it needs several neighbours, for one is chance. The
 * distance does better with one: a few normal samples suffice to say that there are some. What
 * the numbers mean is settled by held-out samples (tail.h).
 */
#ifndef AUTOPERF_MODEL_NEIGHBOUR_H
#define AUTOPERF_MODEL_NEIGHBOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/kernel.h"
#include "model/train.h"

#define NEIGHBOUR_K      ((size_t)5)    /* which neighbour, for ratios */
#define NEIGHBOURS_MAX   ((size_t)4096) /* references */
#define NEIGHBOURS_LEAST ((size_t)128)
#define NEIGHBOUR_KNOTS  ((size_t)129) /* quantiles of a feature */
#define NEIGHBOUR_WHITE_MAX \
	((size_t)192)            /* features; the matrix grows with their square */
#define NEIGHBOUR_CLIP     64.0f /* spreads; beyond it nothing is told apart */
#define NEIGHBOUR_ROWS_MAX ((size_t)60000) /* of training; landmarks alone serve more */
/*
 * References times rows of training. Programs have many regions, and what is judged there is runs;
 * of ready-made features there is one table, and what is judged is each row.
 */
#define NEIGHBOUR_PAIRS_MAX     ((size_t)4000000)
#define NEIGHBOUR_PAIRS_MAX_RAW ((size_t)20000000)

enum neighbour_space {
	NEIGHBOUR_STANDARD,
	NEIGHBOUR_QUANTILE,
	NEIGHBOUR_WHITE,
	NEIGHBOUR_WHITE_QUANTILE,
	NEIGHBOUR_SPACES
};
#define NEIGHBOUR_MAPS 2 /* that have a white form */

struct neighbours {
	size_t features;
	size_t count;  /* references */
	size_t spaces; /* the first so many: NEIGHBOUR_SPACES, or NEIGHBOUR_MAPS */
	/* Kept in the model. */
	float *values; /* [count][features] references, scaled and clipped */
	float *knots;  /* [features][NEIGHBOUR_KNOTS] ascending */
	float *white;  /* [NEIGHBOUR_MAPS][features][features]; NULL: no white spaces */
	float *own; /* [spaces][count] distance to the k-th nearest other reference */
	/* Made from them. */
	float *mapped[NEIGHBOUR_SPACES]; /* [count][features] */
	float *bias[NEIGHBOUR_SPACES];   /* [count] minus half the squared length */
	float slack[NEIGHBOUR_SPACES];   /* added to both sides of a ratio */
	float scores[NEIGHBOUR_KNOTS];   /* of the knots, in the quantile spaces */
};

/*
 * How many references so many training rows get, of counters or of ready-made features; 0: neighbours are not worth their price, since
 * as many rows are scored, and each against all references.
 */
size_t neighbours_wanted(size_t rows, bool ready_made);
/*
 * Takes `wanted` references, evenly spaced, from `rows` (or all). *neighbours is freed with
 * neighbours_free(). -ENOMEM.
 */
int neighbours_learn(struct neighbours **neighbours, const struct train_rows *rows,
		     size_t wanted, const struct kernels *kernels);
/* Makes what is not kept in a model from what is. -ENOMEM. */
int neighbours_prepare(struct neighbours *neighbours, const struct kernels *kernels);
/* The same for the slack of each space, from `own`. -ENOMEM. */
int neighbours_make_slack(struct neighbours *neighbours);
void neighbours_free(struct neighbours *neighbours);

/* Numbers that a sample gets: two a space. neighbours may be NULL: 0. */
size_t neighbours_components(const struct neighbours *neighbours);

/* Finds neighbours, a block at a time; one per thread. */
struct neighbour_finder {
	const struct neighbours *neighbours; /* the caller's */
	const struct kernels *kernels;
	float *plain;  /* [2][features][KERNEL_BLOCK] clipped, and as quantiles */
	float *mapped; /* [features][KERNEL_BLOCK] in the space at hand */
	float *values; /* [GROUP][KERNEL_BLOCK] */
	float *best;   /* [K + 1][KERNEL_BLOCK] descending */
	int32_t *index;
};
int neighbour_finder_create(struct neighbour_finder *finder,
			    const struct neighbours *neighbours,
			    const struct kernels *kernels);
void neighbour_finder_free(struct neighbour_finder *finder);
/*
 * The components of each sample of a block of scaled ones, into
 * components[neighbours_components()][KERNEL_BLOCK].
 */
void neighbour_look(struct neighbour_finder *finder, const float *block,
		    float *components);

#endif
