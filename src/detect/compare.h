/* SPDX-License-Identifier: MIT */
/* Whether a profile may be compared with a model at all, and what to bear in mind if so. */
#ifndef AUTOPERF_DETECT_COMPARE_H
#define AUTOPERF_DETECT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "detect/findings.h"
#include "model/model.h"
#include "profile/profile.h"

#define COMPARE_NO_PASS UINT32_MAX

struct comparison {
	/* [model->plan.pass_count]: the profile's pass with the same events in the same
	 * order, COMPARE_NO_PASS if there is none (only with `force`). */
	uint32_t *passes;
	bool totals_unknown; /* so many samples were lost that totals mean nothing */
};

/*
 * Checks machine, source and events, fills the findings' facts about both sides and adds
 * warnings. What must not be compared fails with a text that says why and what to do; with
 * options->force it becomes a warning, as long as one pass is common to both. Free with
 * comparison_free(), also after a failure.
 */
int compare_sides(struct comparison *comparison, struct findings *findings,
		  const struct model *model, struct profile *profile,
		  const struct detect_options *options, struct error *error);
void comparison_free(struct comparison *comparison);

/* The pass of `plan` that has the events of that pass of `of`, in the same order; or COMPARE_NO_PASS. */
uint32_t compare_find_pass(const struct event_plan *plan, const struct event_plan *of,
			   size_t pass);

#endif
