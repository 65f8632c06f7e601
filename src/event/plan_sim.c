/* SPDX-License-Identifier: MIT */
/*
 * Plans for source sim: the simulated machine counts everything in every run, so there is one
 * pass. Without names from the user it counts all that it can.
 */
#include <string.h>

#include "event/plan.h"
#include "event/simulated.h"

/* Takes *event over, unless it is there already under its other name. */
static int add_resolved(struct plan_builder *builder, const char *name,
			struct event *event, struct error *error)
{
	struct event_plan *plan = builder->plan;

	for (size_t i = 0; i < plan->events.count; i++)
		if (!strcmp(plan->events.items[i].name, event->name))
			return plan_merge(builder, name, event->name, error);
	if (event_list_add(&plan->events, event))
		return error_no_memory(error, "planning the passes");
	return 0;
}

static int add_event(struct plan_builder *builder, const char *name,
		     struct error *error)
{
	struct error cause = {0};
	struct event event;
	int code;

	if (simulated_event_resolve(name, &event, &cause))
		return plan_refuse(builder, name, &cause, error);
	code = add_resolved(builder, name, &event, error);
	event_free(&event);
	return code;
}

static int add_events(struct plan_builder *builder, struct error *error)
{
	const struct event_names *names = builder->options->names;
	const struct simulated_event *event;
	int code = 0;

	if (names)
		for (size_t i = 0; !code && i < names->count; i++)
			code = add_event(builder, names->items[i], error);
	else
		for (size_t i = 0; !code && (event = simulated_event(i)); i++)
			code = add_event(builder, simulated_event_name(event), error);
	return code;
}

/* Index of instructions, which are added where the user did not name them. */
static int add_companion(struct event_plan *plan, size_t *companion,
			 struct error *error)
{
	struct event event;
	int code;

	*companion = plan_find_instructions(plan);
	if (*companion != PLAN_NO_EVENT)
		return 0;
	code = simulated_event_resolve("instructions", &event, error);
	if (!code)
		code = plan_put_first(plan, &event, error);
	event_free(&event);
	*companion = code ? PLAN_NO_EVENT : 0;
	return code;
}

static int always_fits(const struct event_plan *plan, const size_t *members,
		       size_t count, void *context, struct error *error)
{
	(void)plan, (void)members, (void)count, (void)context, (void)error;
	return 1;
}

static bool never_scarce(const struct event_plan *plan, size_t index, void *context)
{
	(void)plan, (void)index, (void)context;
	return false;
}

int plan_make_sim(struct plan_builder *builder, struct error *error)
{
	struct plan_packing packing = {.fits = always_fits, .is_scarce = never_scarce};
	int code = add_events(builder, error);

	if (!code)
		code = plan_judge(builder, error);
	if (!code)
		code = add_companion(builder->plan, &packing.companion, error);
	if (!code)
		code = plan_pack(builder->plan, &packing, error);
	return code;
}
