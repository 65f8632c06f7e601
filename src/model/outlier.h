/* SPDX-License-Identifier: MIT */
/*
 * Outliers: runs of the training set that are nothing like the others. One such run among ten is
 * a tenth of all samples: taken for normal, it would make everything like it normal. It is set
 * aside, and said so.
 *
 * Only what is far out goes: a run that is merely slow belongs to what the machine does, and the
 * new runs will have its like; to leave it out would make them look anomalous.
 */
#ifndef AUTOPERF_MODEL_OUTLIER_H
#define AUTOPERF_MODEL_OUTLIER_H

#include "base/error.h"
#include "base/text.h"
#include "event/event.h"
#include "profile/profile.h"

#define OUTLIER_RUNS_MIN 6  /* of fewer, which is the outlier? */
#define OUTLIER_ONE_IN   10 /* at most one run in so many, but one */

/*
 * Takes a run that is an outlier out of the table. Returns 1 and its ordinal, and appends to
 * `reason` in words why; 0 if there is none; or a negative code.
 */
int outlier_take(struct sample_table *table, const struct event_plan *plan, size_t pass,
		 uint32_t *ordinal, struct text *reason, struct error *error);

#endif
