/* SPDX-License-Identifier: MIT */
/*
 * Samples as a unit's network sees them: what they make of its narrowest hidden layer, in the
 * plane of the first two principal components. Private to src/report.
 */
#ifndef AUTOPERF_REPORT_LATENT_H
#define AUTOPERF_REPORT_LATENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"
#include "report/exhibit.h"
#include "report/principal.h"

struct latent {
	/* Points of each side, [counts[side]][PRINCIPAL_AXES]. */
	double *points[EXHIBIT_SIDES];
	size_t counts[EXHIBIT_SIDES];
	double explained
		[PRINCIPAL_AXES]; /* shares of the variance of the points it is fitted to */
	struct text
		layer; /* "8 units of 33-16-8-16-33", or that there is no hidden layer */
	bool of_model; /* the normal points are not the profile's but examples kept in the model */
};

/*
 * At most `limit` points a side. The components are those of the normal samples; where there are
 * none, of typical ones that the model keeps, and where it keeps none either, of the new ones. The
 * unit's network must be of the default method: the original's sees other features. Free with
 * latent_free(), also after a failure. -ENOMEM.
 */
int latent_make(struct latent *latent, const struct exhibit_pass *pass, size_t limit);
void latent_free(struct latent *latent);

#endif
