/* SPDX-License-Identifier: MIT */
/*
 * A plan for people: what the machine offers, which events each pass has, and why the events
 * need so many passes. What a pass costs (a run of its own) is worth knowing before anything runs.
 */
#include "cli/plan.h"

size_t plan_groups(const struct event_pass *pass)
{
	size_t groups = 0;

	if (!pass->begins_group)
		return pass->count > 0;
	for (size_t i = 0; i < pass->count; i++)
		groups += pass->begins_group[i];
	return groups;
}

/* Of the pass's events, those that take a counter of the processor. */
static size_t count_hardware(const struct event_plan *plan,
			     const struct event_pass *pass)
{
	size_t hardware = 0;

	for (size_t i = 0; i < pass->count; i++)
		hardware += event_takes_counter(
			&plan->events.items[pass->members[i]].encoding);
	return hardware;
}

bool plan_reads_in_user_space(const struct event_plan *plan,
			      const struct event_pass *pass)
{
	return plan->source == EVENT_SOURCE_PERF && plan->machine.user_read &&
	       pass->count && count_hardware(plan, pass) == pass->count;
}

static void describe_machine(const struct event_plan *plan, struct text *text)
{
	const struct event_machine *machine = &plan->machine;

	text_puts(text, "hardware counters: ");
	event_machine_describe(machine, text);
	if (machine->hardware_counters)
		text_printf(
			text, "\nread %s",
			machine->user_read
				? "in user space, where all events of a pass take a "
				  "counter"
				: "by a system call at each marker: `autoperf doctor` "
				  "tells why");
	text_puts(text, "\n\n");
}

static void describe_reason(const struct event_plan *plan,
			    const struct event_pass *pass, struct text *text)
{
	static const char *const reasons[] = {
		[EVENT_PASS_FIRST] = "",
		[EVENT_PASS_NO_COUNTER_LEFT] =
			"  for these no counter is left in the passes before\n",
		[EVENT_PASS_APART] =
			"  these take no counter, and are read by a system "
			"call: apart from those that need none\n",
		[EVENT_PASS_SAMPLE_FULL] = "  the passes before hold as many events as "
					   "a sample can\n",
	};

	text_puts(text, reasons[pass->reason]);
	if (plan_groups(pass) > 1)
		text_puts(text,
			  "  groups take turns at the counters: counts are scaled by"
			  " the time that each one ran\n");
	else if (plan->machine.user_read && !plan_reads_in_user_space(plan, pass) &&
		 count_hardware(plan, pass) > 1)
		text_puts(text, "  read by a system call at each marker\n");
}

static void describe_pass(const struct event_plan *plan, size_t index,
			  struct text *text)
{
	const struct event_pass *pass = &plan->passes[index];
	size_t groups = plan_groups(pass), group = 0;

	text_printf(text, "pass %zu of %zu, %zu event%s", index + 1, plan->pass_count,
		    pass->count, pass->count == 1 ? "" : "s");
	if (groups > 1)
		text_printf(text, " in %zu groups", groups);
	text_puts(text, "\n");
	describe_reason(plan, pass, text);
	for (size_t i = 0; i < pass->count; i++) {
		const struct event *event = &plan->events.items[pass->members[i]];

		if (groups > 1 && pass->begins_group[i])
			text_printf(text, "  group %zu\n", ++group);
		text_printf(text, "  %-28s  %-14s  %s\n", event->name,
			    event_role_name(event->role),
			    event->description ? event->description : "");
	}
	if (!pass->count)
		text_puts(text, "  wall time alone\n");
}

void plan_describe(const struct event_plan *plan, struct text *text)
{
	struct text rejected = {0};

	text_printf(text,
		    "source %s: each run measures wall time and the events of one "
		    "pass\n%s",
		    event_source_name(plan->source),
		    plan->source == EVENT_SOURCE_PERF ? "" : "\n");
	if (plan->source == EVENT_SOURCE_PERF)
		describe_machine(plan, text);
	for (size_t i = 0; i < plan->pass_count; i++)
		describe_pass(plan, i, text);
	for (size_t i = 0; i < plan->merged.count; i++)
		text_printf(text, "%sthe same event, counted once: %s\n", i ? "" : "\n",
			    plan->merged.items[i]);
	if (!plan->rejected.count)
		return;
	event_plan_describe_rejected(plan, &rejected);
	if (rejected.failed)
		text->failed = true;
	else
		text_printf(text,
			    "\nleft out, because they cannot be counted here\n%s\n",
			    rejected.chars);
	text_free(&rejected);
}
