/* SPDX-License-Identifier: MIT */
/*
 * The cause of a change of time, by cost accounting: what each counter gained or lost per
 * execution, times what such an event costs, is compared with the change of the region's time. The
 * cause is the kind of event that explains most of it.
 *
 * Costs are typical ones of a 3 GHz processor; the simulated machine's hardly differ. Events
 * overlap on real processors, so that shares are bounds rather than measurements: below a fifth
 * nothing is said.
 */
#ifndef AUTOPERF_DETECT_CAUSE_H
#define AUTOPERF_DETECT_CAUSE_H

#include "detect/findings.h"

/*
 * Fills region->causes anew, the part that explains most first. Needs the region's counters and
 * times; what it has of contended lines decides which sharing is false. There are none where
 * executions take no longer, or no counter tells. -ENOMEM.
 */
int cause_account(struct finding_region *region);

/* What an execution's time went into, on one side. */
struct cause_parts {
	double ns[CAUSE_KINDS];
	double other_ns; /* what none of them explains */
	bool scaled; /* the parts were more than the whole, and are scaled down to it */
};

/*
 * Where the time of an execution goes, by the same costs: not what it gained, but all of it, before
 * or after. False if there is no time, or no counter that tells.
 */
bool cause_parts(struct cause_parts *parts, const struct finding_region *region,
		 bool after);

/* "false sharing", ... */
const char *cause_name(enum finding_cause_kind kind);

#endif
