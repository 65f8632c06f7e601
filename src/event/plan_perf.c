/* SPDX-License-Identifier: MIT */
/*
 * Plans for source perf: the default sets, and passes that are tried out as real groups.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>

#include "event/counter.h"
#include "event/defaults.h"
#include "event/plan.h"
#include "recording/format.h"

/*
 * Without names from the user. Each event tells one kind of cause from the others; together
 * they fit into few passes. The hardware set is for processors that have none of their own
 * (defaults.h).
 */
static const char *const software_set[] = {"task-clock", "context-switches",
					   "cpu-migrations", "minor-faults",
					   "major-faults"};
static const char *const hardware_set[] = {"cycles",
					   "instructions",
					   "branches",
					   "branch-misses",
					   "cache-references",
					   "cache-misses",
					   "L1-dcache-load-misses",
					   "LLC-load-misses",
					   "dTLB-load-misses"};

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static bool same_encoding(const struct event_encoding *a,
			  const struct event_encoding *b)
{
	return a->type == b->type && a->config == b->config &&
	       a->config1 == b->config1 && a->config2 == b->config2 &&
	       a->flags == b->flags && a->has_other == b->has_other &&
	       a->other_type == b->other_type && a->other_config == b->other_config &&
	       a->other_config1 == b->other_config1 &&
	       a->other_config2 == b->other_config2;
}

static const struct event *find_same(const struct event_list *events,
				     const struct event_encoding *encoding)
{
	for (size_t i = 0; i < events->count; i++)
		if (same_encoding(&events->items[i].encoding, encoding))
			return &events->items[i];
	return NULL;
}

static int add_event(struct plan_builder *builder, const char *name,
		     const struct event_machine *machine, struct error *error)
{
	struct event_plan *plan = builder->plan;
	struct error cause = {0};
	const struct event *same;
	struct event event;
	int code;

	if (event_resolve(name, &event, &cause))
		return plan_refuse(builder, name, &cause, error);
	if (event_probe(&event, machine, &cause)) {
		event_free(&event);
		return plan_refuse(builder, name, &cause, error);
	}
	same = find_same(&plan->events, &event.encoding);
	if (same) {
		code = plan_merge(builder, name, same->name, error);
		event_free(&event);
		return code;
	}
	if (event_list_add(&plan->events, &event)) {
		event_free(&event);
		return error_no_memory(error, "planning the passes");
	}
	return 0;
}

static int add_set(struct plan_builder *builder, const char *const *names, size_t count,
		   const struct event_machine *machine, struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		int code = add_event(builder, names[i], machine, error);

		if (code)
			return code;
	}
	return 0;
}

static int add_hardware_set(struct plan_builder *builder,
			    const struct event_machine *machine, struct error *error)
{
	const struct default_set *set = default_set_of(machine->processor);
	int code = 0;

	if (!set)
		return add_set(builder, hardware_set, COUNT_OF(hardware_set), machine,
			       error);
	for (size_t i = 0; !code && i < set->count; i++)
		code = add_event(builder, set->events[i].name, machine, error);
	return code;
}

static int add_events(struct plan_builder *builder, const struct event_machine *machine,
		      struct error *error)
{
	const struct event_names *names = builder->options->names;
	int code = 0;

	if (names)
		return add_set(builder, (const char *const *)names->items, names->count,
			       machine, error);
	if (machine->hardware_counters)
		code = add_hardware_set(builder, machine, error);
	if (!code)
		code = add_set(builder, software_set, COUNT_OF(software_set), machine,
			       error);
	return code;
}

/* Index of the event that goes into every pass; adds it when the user did not name one. */
static int add_companion(struct event_plan *plan, const struct event_machine *machine,
			 size_t *companion, struct error *error)
{
	struct event event;
	int code;

	*companion = plan_find_instructions(plan);
	if (*companion != PLAN_NO_EVENT || !machine->hardware_counters)
		return 0;
	code = event_resolve("instructions", &event, error);
	if (code)
		return code;
	/* Where they cannot be counted, rates are per time instead: no failure. */
	if (!event_probe(&event, machine, NULL)) {
		code = plan_put_first(plan, &event, error);
		*companion = code ? PLAN_NO_EVENT : 0;
	}
	event_free(&event);
	return code;
}

bool event_takes_counter(const struct event_encoding *encoding)
{
	return encoding->type != PERF_TYPE_SOFTWARE &&
	       encoding->type != PERF_TYPE_TRACEPOINT;
}

static bool is_scarce(const struct event_plan *plan, size_t index, void *context)
{
	(void)context;
	return event_takes_counter(&plan->events.items[index].encoding);
}

static int fits(const struct event_plan *plan, const size_t *members, size_t count,
		void *context, struct error *error)
{
	const struct event_encoding *encodings[RECORDING_EVENTS_MAX];
	struct counter_trial trial;
	char reason[512];

	(void)context;
	for (size_t i = 0; i < count; i++)
		encodings[i] = &plan->events.items[members[i]].encoding;
	trial = counter_try(encodings, count);
	if (trial.outcome != COUNTER_REFUSED)
		return trial.outcome == COUNTER_RAN;
	if (trial.code != EMFILE && trial.code != ENFILE && trial.code != ENOMEM)
		return 0;
	counter_reason(encodings[trial.refused], trial.code, reason, sizeof(reason));
	return error_set_exit(error, EXIT_CANNOT_MEASURE, -trial.code,
			      "cannot open %zu events together: %s", count, reason);
}

int plan_make_perf(struct plan_builder *builder, struct error *error)
{
	struct plan_packing packing = {.fits = fits, .is_scarce = is_scarce};
	struct event_machine *machine = &builder->plan->machine;
	int code;

	event_machine_probe(machine);
	/*
	 * A counter is read in user space only where all of its pass can be; and groups take
	 * turns at counters, for which events that need none need not wait.
	 */
	packing.apart = machine->user_read || builder->options->multiplex;
	packing.multiplex = builder->options->multiplex;
	code = add_events(builder, machine, error);
	if (!code)
		code = plan_judge(builder, error);
	if (!code)
		code = add_companion(builder->plan, machine, &packing.companion, error);
	if (!code)
		code = plan_pack(builder->plan, &packing, error);
	return code;
}
