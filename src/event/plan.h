/* SPDX-License-Identifier: MIT */
/* What the plans of the sources share; private to src/event. */
#ifndef AUTOPERF_EVENT_PLAN_H
#define AUTOPERF_EVENT_PLAN_H

#include "base/text.h"
#include "event/event.h"

#define PLAN_NO_EVENT ((size_t)-1)

/*
 * A plan under way. The sources' planners fill `plan`; wrong names gather in `mistakes`, a
 * line each, so that one message tells all of them.
 */
struct plan_builder {
	struct event_plan *plan;
	const struct event_plan_options *options;
	bool is_default; /* the names are the default set, not the user's wish */
	struct text mistakes;
};

/*
 * Sorts a failure of a name: EXIT_USAGE goes to the mistakes, EXIT_CANNOT_MEASURE to the
 * plan's rejected names. Returns 0, or the code of a failure that is about neither.
 */
int plan_refuse(struct plan_builder *builder, const char *name,
		const struct error *cause, struct error *error);
/* Notes that `name` means the same as the event `same`. */
int plan_merge(struct plan_builder *builder, const char *name, const char *same,
	       struct error *error);
/*
 * After all names: fails when there were mistakes, when names were rejected and may not be,
 * or when nothing is left to count.
 */
int plan_judge(const struct plan_builder *builder, struct error *error);

/* First event whose role is instructions, or PLAN_NO_EVENT. */
size_t plan_find_instructions(const struct event_plan *plan);
/* Moves *event to the front of the plan's events. */
int plan_put_first(struct event_plan *plan, struct event *event, struct error *error);

int plan_make_perf(struct plan_builder *builder, struct error *error);
int plan_make_papi(struct plan_builder *builder, struct error *error);
int plan_make_sim(struct plan_builder *builder, struct error *error);

/*
 * Whether the events of those indices count together all of the time: 1 yes, 0 no, negative:
 * it cannot be found out (error is set).
 */
typedef int (*plan_fits)(const struct event_plan *plan, const size_t *members,
			 size_t count, void *context, struct error *error);

struct plan_packing {
	plan_fits fits;
	void *context;
	/* Whether the event takes one of a processor's few counters. */
	bool (*is_scarce)(const struct event_plan *plan, size_t event, void *context);
	size_t companion; /* member of every pass it fits in, or PLAN_NO_EVENT */
	/* Events that are not scarce get passes (groups) of their own where others are. */
	bool apart;
	bool multiplex; /* what would be passes are groups of one pass */
};
/*
 * Divides plan->events into plan->passes, as few as are found. Multiplexed there is one, or
 * more where a sample cannot hold all events; the companion is in the first group only.
 */
int plan_pack(struct event_plan *plan, const struct plan_packing *packing,
	      struct error *error);

#endif
