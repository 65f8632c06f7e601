/* SPDX-License-Identifier: MIT */
/*
 * Clusters: regions that behave alike. A region with too few samples to be learnt by itself can
 * share the model of regions like it (`train --clusters`): their samples show what is normal for
 * its kind, its own ones are what the new runs are compared with.
 */
#ifndef AUTOPERF_MODEL_CLUSTER_H
#define AUTOPERF_MODEL_CLUSTER_H

#include <stddef.h>

#include "base/error.h"
#include "event/event.h"
#include "profile/profile.h"

#define CLUSTERS_MAX ((size_t)8)

/*
 * A region as a point: the medians over its samples of its features, as logarithms. *point is
 * malloc'd, *dimensions the same for all regions of a pass.
 */
int cluster_point(const struct sample_table *table, const struct event_plan *plan,
		  size_t pass, double **point, size_t *dimensions, struct error *error);

/*
 * k-means of points[count][dimensions], each dimension in units of its spread, from starts that are
 * far apart; the k is that of the largest mean silhouette (Rousseeuw 1987), 1 if none is good.
 * Fills cluster[count]; returns k, or 0: no memory.
 */
size_t cluster_points(const double *points, size_t count, size_t dimensions,
		      size_t *cluster);

/*
 * `own` with the rows of `other`, a few of each run, which weigh nothing. *merged is freed with
 * sample_table_free(). -ENOMEM.
 */
int cluster_merge(struct sample_table *merged, const struct sample_table *own,
		  const struct sample_table *other);

#endif
