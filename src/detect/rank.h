/* SPDX-License-Identifier: MIT */
/* Which counters explain a region's anomaly, worst first. */
#ifndef AUTOPERF_DETECT_RANK_H
#define AUTOPERF_DETECT_RANK_H

#include <stddef.h>

#include "base/error.h"
#include "detect/evidence.h"
#include "detect/findings.h"

/*
 * Makes region->counters from the evidence of all its passes (`count` of them, all with
 * runs). Descriptions come from `plan`. A counter that several passes measure appears once.
 */
int rank_counters(struct finding_region *region, const struct evidence *evidence,
		  size_t count, const struct event_plan *plan, double effect_floor,
		  struct error *error);

#endif
