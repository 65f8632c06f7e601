/* SPDX-License-Identifier: MIT */
/*
 * Plans: which events are counted, in which passes.
 *
 * Each source has its planner (plan_perf.c, plan_papi.c, plan_sim.c); here is what they share: keeping
 * apart names that nobody knows from events that only this machine cannot count, and one
 * message that tells the user about all of them at once.
 */
#include "event/plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_TOLD_MAX 6 /* names listed for one reason in a message */

int plan_refuse(struct plan_builder *builder, const char *name,
		const struct error *cause, struct error *error)
{
	struct event_plan *plan = builder->plan;
	char **reasons;
	size_t count;
	int code;

	if (cause->exit_status == EXIT_USAGE) {
		text_printf(&builder->mistakes, "%s%s",
			    builder->mistakes.length ? "\n" : "", cause->text);
		return 0;
	}
	if (cause->exit_status != EXIT_CANNOT_MEASURE) {
		if (error)
			*error = *cause;
		return cause->code;
	}
	count = plan->rejected.count;
	code = event_names_add(&plan->rejected, name, error);
	if (code || plan->rejected.count == count)
		return code;
	reasons =
		reallocarray(plan->reasons, plan->rejected.capacity, sizeof(*reasons));
	if (!reasons)
		goto no_memory;
	plan->reasons = reasons;
	reasons[count] = strdup(cause->text);
	if (reasons[count])
		return 0;
no_memory:
	free(plan->rejected.items[--plan->rejected.count]);
	return error_no_memory(error, "planning the passes");
}

int plan_merge(struct plan_builder *builder, const char *name, const char *same,
	       struct error *error)
{
	char pair[2 * EVENT_NAME_BYTES + 4];

	if (!strcmp(name, same))
		return 0;
	snprintf(pair, sizeof(pair), "%s = %s", name, same);
	return event_names_add(&builder->plan->merged, pair, error);
}

void event_plan_describe_rejected(const struct event_plan *plan, struct text *text)
{
	for (size_t i = 0; i < plan->rejected.count; i++) {
		const char *reason = plan->reasons[i];
		size_t told = 0, more = 0;
		bool known = false;

		for (size_t j = 0; j < i; j++)
			known |= !strcmp(plan->reasons[j], reason);
		if (known)
			continue;
		text_puts(text, i ? "\n  " : "  ");
		for (size_t j = i; j < plan->rejected.count; j++) {
			if (strcmp(plan->reasons[j], reason))
				continue;
			if (told == NAMES_TOLD_MAX) {
				more++;
				continue;
			}
			text_printf(text, "%s%s", told ? ", " : "",
				    plan->rejected.items[j]);
			told++;
		}
		if (more)
			text_printf(text, " and %zu more", more);
		text_printf(text, ": %s", reason);
	}
}

static int rejected_error(const struct event_plan *plan, struct error *error)
{
	struct text text = {0};
	int code;

	event_plan_describe_rejected(plan, &text);
	if (text.failed) {
		text_free(&text);
		return error_no_memory(error, "planning the passes");
	}
	if (!plan->events.count)
		code = error_set_exit(error, EXIT_CANNOT_MEASURE, -ENODEV,
				      "none of the events can be counted here"
				      " (source %s):\n%s",
				      event_source_name(plan->source), text.chars);
	else
		code = error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENODEV,
			"%zu of %zu events cannot be counted here (source %s)"
			"; leave them out (--skip-unavailable), or mend this:\n%s",
			plan->rejected.count, plan->rejected.count + plan->events.count,
			event_source_name(plan->source), text.chars);
	text_free(&text);
	return code;
}

int plan_judge(const struct plan_builder *builder, struct error *error)
{
	const struct event_plan *plan = builder->plan;

	if (builder->mistakes.failed)
		return error_no_memory(error, "planning the passes");
	if (builder->mistakes.length)
		return error_set_exit(error, EXIT_USAGE, -EINVAL, "%s",
				      builder->mistakes.chars);
	if (!plan->events.count)
		return rejected_error(plan, error);
	if (plan->rejected.count && !builder->options->skip_unavailable &&
	    !builder->is_default)
		return rejected_error(plan, error);
	return 0;
}

size_t plan_find_instructions(const struct event_plan *plan)
{
	for (size_t i = 0; i < plan->events.count; i++)
		if (plan->events.items[i].role == EVENT_ROLE_INSTRUCTIONS)
			return i;
	return PLAN_NO_EVENT;
}

int plan_put_first(struct event_plan *plan, struct event *event, struct error *error)
{
	struct event_list *events = &plan->events;
	struct event first = *event;

	if (event_list_add(events, event))
		return error_no_memory(error, "planning the passes");
	memmove(events->items + 1, events->items,
		(events->count - 1) * sizeof(*events->items));
	events->items[0] = first;
	return 0;
}

/* Wall time alone: one pass without events. */
static int make_empty(struct event_plan *plan, struct error *error)
{
	plan->source = EVENT_SOURCE_NONE;
	plan->passes = calloc(1, sizeof(*plan->passes));
	if (!plan->passes)
		return error_no_memory(error, "planning the passes");
	plan->pass_count = 1;
	return 0;
}

static int make_auto(struct plan_builder *builder, struct error *error)
{
	struct event_plan *plan = builder->plan;
	int code;

	plan->source = EVENT_SOURCE_PERF;
	code = plan_make_perf(builder, error);
	/* Nothing was asked for by name and nothing can be counted: time still can. */
	if (code && builder->is_default && !plan->events.count && plan->rejected.count)
		return make_empty(plan, error);
	return code;
}

int event_plan_make(struct event_plan *plan, const struct event_plan_options *options,
		    struct error *error)
{
	struct plan_builder builder = {
		.plan = plan,
		.options = options,
		.is_default = !options->names,
	};
	int code = -EINVAL;

	*plan = (struct event_plan){.source = options->source};
	switch (options->source) {
	case EVENT_SOURCE_AUTO:
		code = make_auto(&builder, error);
		break;
	case EVENT_SOURCE_PERF:
		code = plan_make_perf(&builder, error);
		break;
	case EVENT_SOURCE_PAPI:
		code = options->multiplex
			       ? error_set_exit(
					 error, EXIT_USAGE, -EINVAL,
					 "--multiplex is for `--source perf`: with PAPI"
					 " events are measured in passes")
			       : plan_make_papi(&builder, error);
		break;
	case EVENT_SOURCE_NONE:
		code = make_empty(plan, error);
		break;
	case EVENT_SOURCE_SIM:
		code = plan_make_sim(&builder, error);
		break;
	case EVENT_SOURCE_IMPORT:
		code = error_set_exit(
			error, EXIT_USAGE, -EINVAL,
			"source import is for `autoperf import`: it cannot"
			" measure");
		break;
	}
	text_free(&builder.mistakes);
	if (code)
		event_plan_free(plan);
	return code;
}

void event_plan_free(struct event_plan *plan)
{
	for (size_t i = 0; i < plan->pass_count; i++) {
		free(plan->passes[i].members);
		free(plan->passes[i].begins_group);
	}
	free(plan->passes);
	for (size_t i = 0; plan->reasons && i < plan->rejected.count; i++)
		free(plan->reasons[i]);
	free(plan->reasons);
	event_names_free(&plan->rejected);
	event_names_free(&plan->merged);
	event_list_free(&plan->events);
	*plan = (struct event_plan){0};
}
