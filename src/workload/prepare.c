/* SPDX-License-Identifier: MIT */
/*
 * What a recording measures: our own files, the machine, the plan of events and passes, and
 * with --append whether all of that is what the profile was made with. Nothing has been run or
 * written when this is done.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "recording/session.h"
#include "workload/environment.h"
#include "workload/recorder.h"

#define RUNTIME "libperfpoint.so.0"
#define PLUGIN  "libperfpoint-papi.so"

static int find_libraries(struct recorder *recorder, struct error *error)
{
	recorder->runtime = workload_find_library(RUNTIME);
	recorder->plugin = workload_find_library(PLUGIN);
	if (!recorder->runtime)
		return error_set(
			error, -ENOENT,
			"cannot find the runtime " RUNTIME " (%s); install "
			"AutoPerf again, or set PERFPOINT_LIBRARY_DIR to the "
			"directory that has it",
			getenv("PERFPOINT_LIBRARY_DIR")
				? "it is not in $PERFPOINT_LIBRARY_DIR"
				: "it is neither beside this program nor installed");
	if (recorder->options->source == EVENT_SOURCE_PAPI && !recorder->plugin)
		return error_set_exit(
			error, EXIT_CANNOT_MEASURE, -ENOENT,
			"source papi needs " PLUGIN ", which this build of "
			"AutoPerf does not have; build it with -Dpapi=enabled, or "
			"use --source perf");
	return environment_check_runtime(recorder->runtime, error);
}

/* Names of the stored events, for a plan like the one that the profile has. */
static int names_of_plan(const struct event_plan *plan, struct event_names *names,
			 struct error *error)
{
	int code = 0;

	for (size_t i = 0; i < plan->events.count && !code; i++)
		code = event_names_add(names, plan->events.items[i].name, error);
	return code;
}

static const char *pass_event(const struct event_plan *plan, size_t pass,
			      size_t position)
{
	return plan->events.items[plan->passes[pass].members[position]].name;
}

#define ANNOUNCED_MAX 12 /* events of a pass that are named */

/* "a, b, c" */
static void append_pass(struct text *text, const struct event_plan *plan, size_t pass)
{
	for (size_t i = 0; i < plan->passes[pass].count; i++)
		text_printf(text, "%s%s", i ? ", " : "", pass_event(plan, pass, i));
	if (!plan->passes[pass].count)
		text_puts(text, "wall time alone");
}

static bool same_pass(const struct event_plan *a, const struct event_plan *b,
		      size_t pass)
{
	if (a->passes[pass].count != b->passes[pass].count)
		return false;
	for (size_t i = 0; i < a->passes[pass].count; i++)
		if (strcmp(pass_event(a, pass, i), pass_event(b, pass, i)) != 0)
			return false;
	return true;
}

/* Tells how pass `pass` differs; one of the plans may not have it. */
static int different_pass(const struct recorder *recorder,
			  const struct event_plan *stored, size_t pass,
			  struct error *error)
{
	const struct event_plan *plan = &recorder->plan;
	struct text before = {0};
	struct text now = {0};
	int code;

	text_puts(&before, "nothing");
	text_puts(&now, "nothing");
	if (pass < stored->pass_count) {
		text_free(&before);
		append_pass(&before, stored, pass);
	}
	if (pass < plan->pass_count) {
		text_free(&now);
		append_pass(&now, plan, pass);
	}
	if (before.failed || now.failed)
		code = error_no_memory(error, "comparing passes");
	else
		code = error_set(
			error, -EINVAL,
			"cannot append to '%s': its pass %zu counts %s; here it would "
			"count %s; leave out -c and -e to count the same, or record "
			"to another file",
			recorder->options->output, pass + 1, before.chars, now.chars);
	text_free(&before);
	text_free(&now);
	return code;
}

static int compare_sources(const struct recorder *recorder, enum event_source stored,
			   enum event_source source, struct error *error)
{
	if (stored == source)
		return 0;
	return error_set(error, -EINVAL,
			 "cannot append to '%s': it was measured with source %s, not "
			 "%s; give --source %s, or record to another file",
			 recorder->options->output, event_source_name(stored),
			 event_source_name(source), event_source_name(stored));
}

static int compare_plans(const struct recorder *recorder,
			 const struct event_plan *stored, struct error *error)
{
	const struct event_plan *plan = &recorder->plan;
	size_t shared = stored->pass_count < plan->pass_count ? stored->pass_count
							      : plan->pass_count;

	for (size_t pass = 0; pass < shared; pass++)
		if (!same_pass(stored, plan, pass))
			return different_pass(recorder, stored, pass, error);
	if (stored->pass_count != plan->pass_count)
		return different_pass(recorder, stored, shared, error);
	return 0;
}

/* Source sim: simulator and machine, which takes the place of the one that we run on. */
static int prepare_simulation(struct recorder *recorder, enum event_source source,
			      struct error *error)
{
	const struct record_options *options = recorder->options;
	char *stored = NULL;
	int code;

	if (source != EVENT_SOURCE_SIM)
		return 0;
	if (recorder->profile)
		stored = profile_get_fact(recorder->profile, FACT_SIMULATED_MACHINE);
	code = simulation_prepare(&recorder->simulation, options, stored, error);
	free(stored);
	if (code)
		return code;
	snprintf(recorder->simulated_on, sizeof(recorder->simulated_on), "%s, Linux %s",
		 recorder->machine.cpu_model, recorder->machine.kernel);
	simulation_fingerprint(&recorder->simulation, options, &recorder->machine);
	return 0;
}

static int make_plan(struct recorder *recorder, const struct event_names *names,
		     enum event_source source, struct error *error)
{
	struct event_plan_options options = {
		.source = source,
		.names = names,
		.skip_unavailable = recorder->options->skip_unavailable,
		.multiplex = recorder->options->multiplex,
		.papi_plugin = recorder->plugin,
	};

	return event_plan_make(&recorder->plan, &options, error);
}

static int check_machine(struct recorder *recorder, struct error *error)
{
	struct machine stored;
	char why[256];
	int code = profile_get_machine(recorder->profile, &stored, error);

	if (!code && !machine_comparable(&stored, &recorder->machine, why, sizeof(why)))
		code = error_set(error, -EINVAL,
				 "cannot append to '%s', it was measured on another "
				 "machine: %s; record to another file",
				 recorder->options->output, why);
	return code;
}

/* Opens the profile and plans what it was measured with. */
static int prepare_append(struct recorder *recorder, struct error *error)
{
	const struct record_options *options = recorder->options;
	enum event_source source = options->source;
	struct event_plan stored = {0};
	struct event_names names = {0};
	int code =
		profile_open(&recorder->profile, options->output, PROFILE_WRITE, error);

	if (!code)
		code = profile_get_plan(recorder->profile, &stored, error);
	if (!code && stored.source == EVENT_SOURCE_IMPORT)
		code = error_set(
			error, -EINVAL,
			"cannot append to '%s': it was imported, not measured; record "
			"to another file",
			options->output);
	if (source == EVENT_SOURCE_AUTO)
		source = stored.source;
	if (!code)
		code = compare_sources(recorder, stored.source, source, error);
	if (!code)
		code = prepare_simulation(recorder, source, error);
	if (!code)
		code = check_machine(recorder, error);
	if (!code && !options->names)
		code = names_of_plan(&stored, &names, error);
	if (!code)
		code = make_plan(recorder,
				 options->names ? options->names
						: (names.count ? &names : NULL),
				 source, error);
	if (!code)
		code = compare_plans(recorder, &stored, error);
	event_names_free(&names);
	event_plan_free(&stored);
	return code;
}

int recorder_prepare(struct recorder *recorder, struct error *error)
{
	const struct record_options *options = recorder->options;
	/* Then the simulator sees to the regions, and needs nothing in the program. */
	bool without_runtime = options->source == EVENT_SOURCE_SIM &&
			       options->simulation.region_functions;
	int code = workload_check(options->argv, without_runtime, error);

	if (!code)
		code = find_libraries(recorder, error);
	if (code)
		return code;
	machine_probe(&recorder->machine);
	if (options->append)
		return prepare_append(recorder, error);
	code = prepare_simulation(recorder, options->source, error);
	return code ? code
		    : make_plan(recorder, options->names, options->source, error);
}

/* One line per reason why something is not counted. */
static void announce_rejected(const struct recorder *recorder)
{
	const struct event_plan *plan = &recorder->plan;
	const struct console *console = &recorder->console;

	for (size_t i = 0; i < plan->rejected.count; i++) {
		const char *reason = plan->reasons[i];
		struct text names = {0};
		bool told = false;

		for (size_t j = 0; j < i; j++)
			told |= !strcmp(plan->reasons[j], reason);
		for (size_t j = i; !told && j < plan->rejected.count; j++)
			if (!strcmp(plan->reasons[j], reason))
				text_printf(&names, "%s%s", j > i ? ", " : "",
					    plan->rejected.items[j]);
		/* What the user asked for by name deserves more than a note. */
		if (!told && !names.failed && recorder->options->names)
			console_warn(console, "not counted: %s: %s", names.chars,
				     reason);
		else if (!told && !names.failed)
			console_note(console, "not counted: %s: %s", names.chars,
				     reason);
		text_free(&names);
	}
}

static bool counts_hardware(const struct event_plan *plan)
{
	for (size_t i = 0; i < plan->events.count; i++)
		if (plan->events.items[i].encoding.type != PERF_TYPE_SOFTWARE &&
		    plan->events.items[i].encoding.type != PERF_TYPE_TRACEPOINT)
			return true;
	return false;
}

static void announce_machine(const struct recorder *recorder)
{
	const struct simulated_machine *machine = &recorder->simulation.machine;

	if (recorder->plan.source == EVENT_SOURCE_SIM)
		console_note(
			&recorder->console,
			"simulating '%s' (%d core%s, %d socket%s): times are those "
			"of its clock",
			machine->name, machine->cores, machine->cores == 1 ? "" : "s",
			machine->sockets, machine->sockets == 1 ? "" : "s");
}

/* The automatic choice found little: what would see more, if it is here. */
static void announce_simulator(const struct recorder *recorder)
{
	const struct record_options *options = recorder->options;
	char *simulator;

	if (options->source != EVENT_SOURCE_AUTO || options->names || options->append ||
	    counts_hardware(&recorder->plan))
		return;
	simulator = workload_find_simulator();
	if (simulator)
		console_note(&recorder->console,
			     "no hardware counters here; --source sim would also see "
			     "caches, branches and what threads do to each other's "
			     "cache lines, 30 to 100 times slower");
	free(simulator);
}

void recorder_announce(const struct recorder *recorder)
{
	const struct record_options *options = recorder->options;
	const struct console *console = &recorder->console;
	const struct event_plan *plan = &recorder->plan;

	for (size_t pass = 0; pass < plan->pass_count; pass++) {
		struct text names = {0};
		char number[64] = "";

		if (plan->pass_count > 1)
			snprintf(number, sizeof(number), ", pass %zu of %zu", pass + 1,
				 plan->pass_count);
		/* What was not asked for by name is told in full only while it is short. */
		if (!options->names && plan->passes[pass].count > ANNOUNCED_MAX)
			text_printf(&names,
				    "%zu events (autoperf events --plan --source %s)",
				    plan->passes[pass].count,
				    event_source_name(plan->source));
		else
			append_pass(&names, plan, pass);
		if (!names.failed)
			console_note(console, "measuring (source %s%s, %u run%s): %s",
				     event_source_name(plan->source), number,
				     options->runs, options->runs == 1 ? "" : "s",
				     names.chars);
		text_free(&names);
	}
	for (size_t i = 0; i < plan->merged.count; i++)
		console_note(console, "the same event, counted once: %s",
			     plan->merged.items[i]);
	if (options->names && options->names->duplicates)
		console_note(console, "%zu event%s named twice, counted once",
			     options->names->duplicates,
			     options->names->duplicates == 1 ? "" : "s");
	announce_rejected(recorder);
	announce_machine(recorder);
	announce_simulator(recorder);
}

void recorder_hold(struct recorder *recorder)
{
	const struct event_list *events = &recorder->plan.events;

	if (recorder->plan.source != EVENT_SOURCE_PERF || !events->count)
		return;
	recorder->held = malloc(events->count * sizeof(*recorder->held));
	for (size_t i = 0; recorder->held && i < events->count; i++) {
		const struct event_encoding *encoding = &events->items[i].encoding;
		struct perf_event_attr attributes = {
			.type = encoding->type,
			.size = sizeof(attributes),
			.config = encoding->config,
			.disabled = 1,
			.exclude_kernel =
				(encoding->flags & SESSION_EVENT_EXCLUDE_KERNEL) != 0,
			.exclude_hv = (encoding->flags & SESSION_EVENT_EXCLUDE_HV) != 0,
		};

		/* A failure costs only time. */
		recorder->held[i] = -1;
		if (encoding->type == PERF_TYPE_TRACEPOINT)
			recorder->held[i] =
				(int)syscall(SYS_perf_event_open, &attributes, 0, -1,
					     -1, PERF_FLAG_FD_CLOEXEC);
	}
}

void recorder_release(struct recorder *recorder)
{
	for (size_t i = 0; recorder->held && i < recorder->plan.events.count; i++)
		if (recorder->held[i] >= 0)
			close(recorder->held[i]);
	free(recorder->held);
	recorder->held = NULL;
}
