/* SPDX-License-Identifier: MIT */
/* One region's evidence turned into the numbers of its finding. */
#ifndef AUTOPERF_DETECT_MEASURE_H
#define AUTOPERF_DETECT_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "detect/evidence.h"
#include "detect/findings.h"
#include "detect/judge.h"

struct joint; /* joint.h */

struct measure_terms {
	const struct event_plan *plan; /* descriptions of the counters */
	bool totals_unknown;           /* samples are missing */
	struct joint *joint;           /* the region is added to it */
	double alarm_rate;
	double effect_floor;
};

/*
 * Fills all of `region` but its name, what the correction for regions decides (p_value,
 * p_improvement) and what follows from it. `evidence` is that of all passes, each with runs on
 * both sides; if there is none (`count` 0), judgement->judged is false.
 */
int measure_region(struct finding_region *region, struct judgement *judgement,
		   const struct evidence *evidence, size_t count,
		   const struct measure_terms *terms, struct error *error);

#endif
