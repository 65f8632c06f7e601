/* SPDX-License-Identifier: MIT */
/* `autoperf events --plan`: see plan.h. The plan is made as `autoperf record` makes it. */
#include "cli/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "profile/profile.h"
#include "workload/workload.h"

#define PAPI_PLUGIN "libperfpoint-papi.so"

static void print_text(const struct event_plan *plan)
{
	struct text text = {0};

	plan_describe(plan, &text);
	if (!text.failed)
		fputs(text.chars, stdout);
	text_free(&text);
}

static json_t *clean_string(const char *chars)
{
	char *clean = chars ? profile_clean_text(chars, strlen(chars)) : NULL;
	json_t *string = clean ? json_string(clean) : json_null();

	free(clean);
	return string;
}

static json_t *json_events(const struct event_plan *plan)
{
	json_t *events = json_array();

	for (size_t i = 0; i < plan->events.count; i++) {
		const struct event *event = &plan->events.items[i];

		json_array_append_new(
			events, json_pack("{s:s, s:s, s:s, s:o}", "name", event->name,
					  "role", event_role_name(event->role), "unit",
					  event_unit_name(event->unit), "description",
					  clean_string(event->description)));
	}
	return events;
}

static json_t *json_passes(const struct event_plan *plan)
{
	json_t *passes = json_array();

	for (size_t i = 0; i < plan->pass_count; i++) {
		json_t *members = json_array();

		for (size_t j = 0; j < plan->passes[i].count; j++)
			json_array_append_new(
				members,
				json_string(
					plan->events.items[plan->passes[i].members[j]]
						.name));
		json_array_append_new(passes, members);
	}
	return passes;
}

/* What the plan was made for; null for other sources. */
static json_t *json_machine(const struct event_plan *plan)
{
	const struct event_machine *machine = &plan->machine;

	if (plan->source != EVENT_SOURCE_PERF)
		return json_null();
	return json_pack("{s:i, s:i, s:i, s:b, s:b}", "counters",
			 machine->hardware_slots, "fixed_counters",
			 machine->fixed_slots, "taken_counters", machine->taken_slots,
			 "nmi_watchdog", (int)machine->watchdog, "user_space_reads",
			 (int)machine->user_read);
}

/* Beside "passes", which has their members only: why there is each, and how it is read. */
static json_t *json_details(const struct event_plan *plan)
{
	static const char *const reasons[] = {
		[EVENT_PASS_FIRST] = "first",
		[EVENT_PASS_NO_COUNTER_LEFT] = "no_counter_left",
		[EVENT_PASS_APART] = "apart",
		[EVENT_PASS_SAMPLE_FULL] = "sample_full",
	};
	json_t *details = json_array();

	for (size_t i = 0; i < plan->pass_count; i++) {
		const struct event_pass *pass = &plan->passes[i];

		json_array_append_new(
			details, json_pack("{s:s, s:b, s:I}", "reason",
					   reasons[pass->reason], "read_in_user_space",
					   (int)plan_reads_in_user_space(plan, pass),
					   "groups", (json_int_t)plan_groups(pass)));
	}
	return details;
}

static json_t *json_rejected(const struct event_plan *plan)
{
	json_t *rejected = json_array();

	for (size_t i = 0; i < plan->rejected.count; i++)
		json_array_append_new(rejected,
				      json_pack("{s:s, s:o}", "name",
						plan->rejected.items[i], "reason",
						clean_string(plan->reasons[i])));
	return rejected;
}

static json_t *json_merged(const struct event_plan *plan)
{
	json_t *merged = json_array();

	for (size_t i = 0; i < plan->merged.count; i++)
		json_array_append_new(merged, json_string(plan->merged.items[i]));
	return merged;
}

/* 0, or EXIT_FAILED. */
static int print_json(const struct event_plan *plan)
{
	json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "source",
				   event_source_name(plan->source), "machine",
				   json_machine(plan), "passes", json_passes(plan),
				   "pass_details", json_details(plan), "events",
				   json_events(plan), "merged", json_merged(plan),
				   "rejected", json_rejected(plan));
	int failed = !object || json_dumpf(object, stdout, JSON_INDENT(2));

	putchar('\n');
	json_decref(object);
	return failed ? EXIT_FAILED : EXIT_NORMAL;
}

static int read_names(const struct plan_request *request, struct event_names *names,
		      struct error *error)
{
	if (request->counters)
		return event_names_read(names, request->counters, error);
	if (request->events)
		return event_names_split(names, request->events, error);
	return 0;
}

int plan_show(const struct cli *cli, const struct plan_request *request)
{
	char *plugin = request->source == EVENT_SOURCE_PAPI
			       ? workload_find_library(PAPI_PLUGIN)
			       : NULL;
	struct event_names names = {0};
	const struct event_plan_options options = {
		.source = request->source,
		.names = request->counters || request->events ? &names : NULL,
		.skip_unavailable = request->skip_unavailable,
		.multiplex = request->multiplex,
		.papi_plugin = plugin,
	};
	struct event_plan plan = {0};
	struct error error = {0};
	int code = read_names(request, &names, &error);
	int status = EXIT_NORMAL;

	if (!code)
		code = event_plan_make(&plan, &options, &error);
	if (code)
		status = command_fail(cli, &error);
	else if (cli->json)
		status = print_json(&plan);
	else
		print_text(&plan);
	if (!code && names.duplicates)
		console_note(&cli->console, "%zu repeated name%s left out",
			     names.duplicates, names.duplicates == 1 ? "" : "s");
	event_plan_free(&plan);
	event_names_free(&names);
	free(plugin);
	return command_finish(cli, status);
}
