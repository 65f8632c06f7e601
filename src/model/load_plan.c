/* SPDX-License-Identifier: MIT */
/* What a model file says about the model as a whole: machine, events, passes. See loader.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/file.h"
#include "model/loader.h"

/* A text of a fixed field of the machine; cut when it is too long. */
static void get_field(const json_t *object, const char *key, char *field, size_t size)
{
	const char *value = json_string_value(json_object_get(object, key));

	snprintf(field, size, "%s", value ? value : "");
}

static void read_machine(struct machine *machine, const json_t *object)
{
	const struct {
		const char *key;
		int *value;
	} numbers[] = {{"cores", &machine->cores},
		       {"cores_allowed", &machine->cores_allowed},
		       {"numa_nodes", &machine->numa_nodes},
		       {"smt", &machine->smt},
		       {"turbo", &machine->turbo}};
	json_int_t memory = json_integer_value(json_object_get(object, "memory_bytes"));

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		json_int_t number =
			json_integer_value(json_object_get(object, numbers[i].key));

		*numbers[i].value =
			number >= INT_MIN && number <= INT_MAX ? (int)number : -1;
	}
	get_field(object, "cpu_model", machine->cpu_model, sizeof(machine->cpu_model));
	get_field(object, "architecture", machine->architecture,
		  sizeof(machine->architecture));
	get_field(object, "governor", machine->governor, sizeof(machine->governor));
	get_field(object, "kernel", machine->kernel, sizeof(machine->kernel));
	get_field(object, "hypervisor", machine->hypervisor,
		  sizeof(machine->hypervisor));
	get_field(object, "container", machine->container, sizeof(machine->container));
	get_field(object, "hostname", machine->hostname, sizeof(machine->hostname));
	machine->memory_bytes = memory > 0 ? (unsigned long)memory : 0;
}

static int read_event(struct loader *loader, const json_t *object)
{
	struct event_list *list = &loader->model->plan.events;
	const char *role = json_string_value(json_object_get(object, "role"));
	const char *unit = json_string_value(json_object_get(object, "unit"));
	struct event *event = &list->items[list->count++];
	int status = loader_text(loader, object, "name", true, &event->name);

	if (!status)
		status = loader_text(loader, object, "description", false,
				     &event->description);
	if (status)
		return status;
	if (!role || event_role_parse(role, &event->role) || !unit ||
	    event_unit_parse(unit, &event->unit))
		return loader_wrong(loader, "an event has an unknown role or unit");
	return 0;
}

static int read_pass(struct loader *loader, const json_t *members)
{
	struct event_plan *plan = &loader->model->plan;
	struct event_pass *pass = &plan->passes[plan->pass_count++];
	size_t count = json_array_size(members);

	if (!json_is_array(members) || count > LOADER_ITEMS_MAX)
		return loader_wrong(loader, "a pass is no list of events");
	pass->members = calloc(count + 1, sizeof(*pass->members));
	if (!pass->members)
		return loader_no_memory(loader);
	for (; pass->count < count; pass->count++) {
		const json_t *member = json_array_get(members, pass->count);
		json_int_t index = json_integer_value(member);

		if (!json_is_integer(member) || index < 0 ||
		    (size_t)index >= plan->events.count)
			return loader_wrong(loader,
					    "a pass has an event that is not there");
		pass->members[pass->count] = (size_t)index;
	}
	return 0;
}

static int read_plan(struct loader *loader, const json_t *object)
{
	struct event_plan *plan = &loader->model->plan;
	const char *source = json_string_value(json_object_get(object, "event_source"));
	const json_t *events = json_object_get(object, "events");
	const json_t *passes = json_object_get(object, "passes");
	size_t event_count = json_array_size(events);
	size_t pass_count = json_array_size(passes);
	int status = 0;

	if (!source || event_source_parse(source, &plan->source) ||
	    !json_is_array(events) || !json_is_array(passes) ||
	    event_count > LOADER_ITEMS_MAX || !pass_count ||
	    pass_count > LOADER_ITEMS_MAX)
		return loader_wrong(loader,
				    "events, passes or their source are missing");
	plan->events.items = calloc(event_count + 1, sizeof(*plan->events.items));
	plan->passes = calloc(pass_count, sizeof(*plan->passes));
	if (!plan->events.items || !plan->passes)
		return loader_no_memory(loader);
	plan->events.capacity = event_count + 1;
	for (size_t i = 0; !status && i < event_count; i++)
		status = read_event(loader, json_array_get(events, i));
	for (size_t i = 0; !status && i < pass_count; i++)
		status = read_pass(loader, json_array_get(passes, i));
	return status;
}

static int read_skipped(struct loader *loader, const json_t *list)
{
	struct model *model = loader->model;
	size_t count = json_array_size(list);
	int status = 0;

	if (!json_is_array(list))
		return loader_wrong(loader, "\"skipped\" is missing");
	model->skipped = calloc(count + 1, sizeof(*model->skipped));
	if (!model->skipped)
		return loader_no_memory(loader);
	for (size_t i = 0; !status && i < count; i++) {
		const json_t *object = json_array_get(list, i);
		struct model_skipped *skipped = &model->skipped[model->skipped_count++];
		json_int_t pass = 0, samples = 0, runs = 0;

		status = loader_text(loader, object, "region", true, &skipped->region);
		if (!status)
			status = loader_text(loader, object, "reason", true,
					     &skipped->reason);
		if (!status)
			status = loader_integer(loader, object, "pass", 0,
						LOADER_ITEMS_MAX, &pass);
		if (!status)
			status = loader_integer(loader, object, "samples", 0, INT64_MAX,
						&samples);
		if (!status)
			status = loader_integer(loader, object, "runs", 0, INT64_MAX,
						&runs);
		skipped->pass = (uint32_t)pass;
		skipped->samples = (uint64_t)samples;
		skipped->runs = (size_t)runs;
	}
	return status;
}

static int read_seed(struct loader *loader, const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "seed"));
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return loader_wrong(loader, "\"seed\" is missing or no number");
	errno = 0;
	loader->model->seed = strtoull(text, &end, 10);
	return errno || *end ? loader_wrong(loader, "\"seed\" is no number") : 0;
}

int loader_model(struct loader *loader)
{
	struct model *model = loader->model;
	json_int_t runs = 0;
	char *method = NULL;
	json_t *object;
	int status = loader_document(loader, FILE_KEY_MODEL, &object);

	if (status)
		return status;
	status = loader_text(loader, object, "tool_version", false,
			     &model->tool_version);
	if (!status)
		status = loader_text(loader, object, "command", false, &model->command);
	if (!status)
		status = loader_text(loader, object, "git_commit", false,
				     &model->git_commit);
	if (!status)
		status = loader_text(loader, object, "source", true, &model->source);
	if (!status)
		status = loader_text(loader, object, "method", true, &method);
	if (!status && model_method_parse(method, &model->method))
		status = loader_wrong(loader, "its method is unknown");
	free(method);
	if (!status)
		status = read_seed(loader, object);
	if (!status)
		status = loader_real(loader, object, "sample_alarm_rate", 0,
				     &model->sample_alarm_rate);
	if (!status)
		status = loader_integer(loader, object, "run_count", 1, INT64_MAX,
					&runs);
	model->run_count = (size_t)runs;
	read_machine(&model->machine, json_object_get(object, "machine"));
	if (!status)
		status = read_plan(loader, object);
	if (!status)
		status = read_skipped(loader, json_object_get(object, "skipped"));
	json_decref(object);
	return status;
}
