/* SPDX-License-Identifier: MIT */
/* Doubts: what does not forbid to compare the runs of a region, but is to be borne in mind. */
#ifndef AUTOPERF_DETECT_DOUBTS_H
#define AUTOPERF_DETECT_DOUBTS_H

#include "detect/evidence.h"
#include "detect/findings.h"

/*
 * Warns of other numbers of threads than in training, and of times that a single execution makes
 * up. `name` is the region's. -ENOMEM.
 */
int warn_about_runs(struct findings *findings, const char *name,
		    const struct evidence *evidence);

#endif
