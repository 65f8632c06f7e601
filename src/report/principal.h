/* SPDX-License-Identifier: MIT */
/* The first two principal components of points in many dimensions; private to src/report. */
#ifndef AUTOPERF_REPORT_PRINCIPAL_H
#define AUTOPERF_REPORT_PRINCIPAL_H

#include <stddef.h>

#define PRINCIPAL_AXES ((size_t)2)

/* A plane in [dimensions] space. */
struct principal {
	size_t dimensions;
	double *mean;
	double *axes
		[PRINCIPAL_AXES]; /* unit vectors, orthogonal; zeros where there is no variance */
	double explained[PRINCIPAL_AXES]; /* share of the variance along each */
};

/*
 * Fits it to points [count][dimensions], finite ones. The largest coordinate of an axis is
 * positive; the same points give the same axes. Free with principal_free(), also after a
 * failure. -ENOMEM.
 */
int principal_fit(struct principal *principal, const float *points, size_t count,
		  size_t dimensions);
/* Where a point [dimensions] lies in the plane. */
void principal_place(const struct principal *principal, const float *point,
		     double place[PRINCIPAL_AXES]);
void principal_free(struct principal *principal);

#endif
