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

static void print_passes(const struct event_plan *plan)
{
	for (size_t i = 0; i < plan->pass_count; i++) {
		const struct event_pass *pass = &plan->passes[i];

		printf("pass %zu of %zu, %zu event%s\n", i + 1, plan->pass_count,
		       pass->count, pass->count == 1 ? "" : "s");
		for (size_t j = 0; j < pass->count; j++) {
			const struct event *event =
				&plan->events.items[pass->members[j]];

			printf("  %-28s  %-14s  %s\n", event->name,
			       event_role_name(event->role),
			       event->description ? event->description : "");
		}
		if (!pass->count)
			puts("  wall time alone");
	}
}

static void print_text(const struct event_plan *plan)
{
	struct text rejected = {0};

	printf("source %s: each run measures wall time and the events of one pass\n\n",
	       event_source_name(plan->source));
	print_passes(plan);
	for (size_t i = 0; i < plan->merged.count; i++)
		printf("%sthe same event, counted once: %s\n", i ? "" : "\n",
		       plan->merged.items[i]);
	if (!plan->rejected.count)
		return;
	event_plan_describe_rejected(plan, &rejected);
	if (!rejected.failed)
		printf("\nleft out, because they cannot be counted here\n%s\n",
		       rejected.chars);
	text_free(&rejected);
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
	json_t *object = json_pack(
		"{s:s, s:o, s:o, s:o, s:o}", "source", event_source_name(plan->source),
		"passes", json_passes(plan), "events", json_events(plan), "merged",
		json_merged(plan), "rejected", json_rejected(plan));
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
