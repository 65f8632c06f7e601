/* SPDX-License-Identifier: MIT */
/* The pieces that the pages of `autoperf info` are made of: see info.h. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/statistics.h"
#include "cli/info.h"
#include "profile/command_line.h"
#include "profile/profile.h"
#include "report/terminal.h"

#define LABEL_COLUMNS 11
#define PAGE_COLUMNS  96 /* where sentences are wrapped */
#define BOLD          "\033[1m"
#define PLAIN         "\033[0m"
#define COMMIT_DIGITS 12

void info_fact(struct info *info, const char *label, const char *format, ...)
{
	char *sentence = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&sentence, format, args) < 0)
		sentence = NULL;
	va_end(args);
	text_printf(&info->page, "%-*s", LABEL_COLUMNS, label);
	terminal_wrap(&info->page, sentence ? sentence : "out of memory", LABEL_COLUMNS,
		      LABEL_COLUMNS, PAGE_COLUMNS);
	free(sentence);
}

void info_heading(struct info *info, const char *format, ...)
{
	char chars[256];
	va_list args;

	va_start(args, format);
	vsnprintf(chars, sizeof(chars), format, args);
	va_end(args);
	text_printf(&info->page, "\n%s%s%s\n", info->color ? BOLD : "", chars,
		    info->color ? PLAIN : "");
}

void info_file(struct info *info, const char *kind)
{
	char bytes[32];

	if (info->json) {
		json_object_set_new(info->json, "kind", json_string(kind));
		json_object_set_new(info->json, "path", info_json_text(info->path));
		json_object_set_new(info->json, "file_bytes",
				    json_integer((json_int_t)info->file_bytes));
		return;
	}
	info_fact(info, kind, "%s, %s", info->path,
		  text_bytes((double)info->file_bytes, bytes, sizeof(bytes)));
}

size_t info_name_columns(const char *const *names, size_t count, size_t least)
{
	size_t most = least;

	for (size_t i = 0; i < count; i++) {
		size_t columns = terminal_columns(names[i]);

		most = columns > most ? columns : most;
	}
	return most < INFO_NAME_COLUMNS ? most : INFO_NAME_COLUMNS;
}

void info_name(struct info *info, const char *name, size_t columns)
{
	terminal_put_padded(&info->page, name, columns);
}

char *info_time(double nanoseconds, char *buffer, size_t size)
{
	if (nanoseconds > 0 && isfinite(nanoseconds))
		return text_duration(nanoseconds, buffer, size);
	snprintf(buffer, size, "-");
	return buffer;
}

const char *info_plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- common to profiles and models ---- */

void info_origin(struct info *info, const char *command, const char *commit, bool dirty)
{
	struct text line = {0};

	if (info->json) {
		json_t *words = command ? json_loads(command, 0, NULL) : NULL;

		json_object_set_new(info->json, "command",
				    words ? words : info_json_text(command));
		json_object_set_new(info->json, "git_commit", info_json_text(commit));
		return;
	}
	if (command) {
		command_line_put(&line, command);
		info_fact(info, "command", "%s", line.chars ? line.chars : "");
		text_free(&line);
	}
	if (commit && *commit)
		info_fact(info, "commit", "%.*s%s", COMMIT_DIGITS, commit,
			  dirty ? ", with changes that are not committed" : "");
}

static json_t *switch_json(int state)
{
	return state < 0 ? json_null() : json_boolean(state);
}

static void machine_json(struct info *info, const struct machine *machine)
{
	json_t *object = json_object();

	json_object_set_new(object, "cpu_model", info_json_text(machine->cpu_model));
	json_object_set_new(object, "architecture",
			    info_json_text(machine->architecture));
	json_object_set_new(object, "cores", json_integer(machine->cores));
	json_object_set_new(object, "cores_allowed",
			    json_integer(machine->cores_allowed));
	json_object_set_new(object, "numa_nodes", json_integer(machine->numa_nodes));
	json_object_set_new(object, "smt", switch_json(machine->smt));
	json_object_set_new(object, "turbo", switch_json(machine->turbo));
	json_object_set_new(object, "governor", info_json_text(machine->governor));
	json_object_set_new(object, "kernel", info_json_text(machine->kernel));
	json_object_set_new(object, "hypervisor", info_json_text(machine->hypervisor));
	json_object_set_new(object, "container", info_json_text(machine->container));
	json_object_set_new(object, "hostname", info_json_text(machine->hostname));
	json_object_set_new(object, "memory_bytes",
			    json_integer((json_int_t)machine->memory_bytes));
	json_object_set_new(info->json, "machine", object);
}

void info_machine(struct info *info, const struct machine *machine)
{
	struct text text = {0};
	char bytes[32];

	if (info->json) {
		machine_json(info, machine);
		return;
	}
	/* Imports come from anywhere. */
	if (!machine->cores) {
		info_fact(info, "machine", "unknown");
		return;
	}
	text_printf(&text, "%s (%s), %d core%s",
		    machine->cpu_model[0] ? machine->cpu_model : "unknown processor",
		    machine->architecture, machine->cores,
		    info_plural((uint64_t)machine->cores));
	if (machine->cores_allowed != machine->cores)
		text_printf(&text, ", %d of them allowed", machine->cores_allowed);
	if (machine->numa_nodes > 1)
		text_printf(&text, ", %d NUMA nodes", machine->numa_nodes);
	if (machine->smt >= 0)
		text_printf(&text, ", SMT %s", machine->smt ? "on" : "off");
	if (machine->governor[0])
		text_printf(&text, ", governor %s", machine->governor);
	text_printf(&text, ", %s",
		    text_bytes((double)machine->memory_bytes, bytes, sizeof(bytes)));
	if (machine->kernel[0])
		text_printf(&text, ", Linux %.*s", (int)strcspn(machine->kernel, " "),
			    machine->kernel);
	if (machine->hypervisor[0])
		text_printf(&text, ", hypervisor %s", machine->hypervisor);
	if (machine->container[0])
		text_printf(&text, ", container %s", machine->container);
	info_fact(info, "machine", "%s", text.chars ? text.chars : "");
	text_free(&text);
}

static void plan_json(struct info *info, const struct event_plan *plan)
{
	json_t *events = json_array(), *passes = json_array();

	for (size_t i = 0; i < plan->events.count; i++) {
		const struct event *event = &plan->events.items[i];
		json_t *object = json_object();

		json_object_set_new(object, "name", info_json_text(event->name));
		json_object_set_new(object, "role",
				    json_string(event_role_name(event->role)));
		json_object_set_new(object, "unit",
				    json_string(event_unit_name(event->unit)));
		json_object_set_new(object, "description",
				    info_json_text(event->description));
		json_array_append_new(events, object);
	}
	for (size_t pass = 0; pass < plan->pass_count; pass++) {
		json_t *members = json_array();

		for (size_t i = 0; i < plan->passes[pass].count; i++) {
			size_t event = plan->passes[pass].members[i];

			json_array_append_new(
				members,
				info_json_text(plan->events.items[event].name));
		}
		json_array_append_new(passes, members);
	}
	json_object_set_new(info->json, "source",
			    json_string(event_source_name(plan->source)));
	json_object_set_new(info->json, "events", events);
	json_object_set_new(info->json, "passes", passes);
}

static void put_pass(struct info *info, const struct event_plan *plan, size_t pass)
{
	const struct event_pass *at = &plan->passes[pass];
	struct text names = {0};
	char label[32] = "events";

	for (size_t i = 0; i < at->count; i++)
		text_printf(&names, "%s%s", i ? ", " : "",
			    plan->events.items[at->members[i]].name);
	if (!at->count)
		text_puts(&names, "none, wall time only");
	if (plan->pass_count > 1)
		snprintf(label, sizeof(label), "pass %zu", pass + 1);
	info_fact(info, label, "%s", names.chars ? names.chars : "");
	text_free(&names);
}

void info_plan(struct info *info, const struct event_plan *plan)
{
	if (info->json) {
		plan_json(info, plan);
		return;
	}
	info_fact(info, "source", "%s", event_source_name(plan->source));
	for (size_t pass = 0; pass < plan->pass_count; pass++)
		put_pass(info, plan, pass);
}

/* ---- JSON and numbers ---- */

json_t *info_json_text(const char *text)
{
	json_t *string;
	char *clean;

	if (!text)
		return json_null();
	string = json_string(text);
	if (string)
		return string;
	clean = profile_clean_text(text, strlen(text));
	string = clean ? json_string(clean) : json_null();
	free(clean);
	return string;
}

json_t *info_json_number(double number)
{
	return isfinite(number) ? json_real(number) : json_null();
}

struct weighted_time {
	double wall_ns;
	double weight;
};

static int compare_times(const void *a, const void *b)
{
	const struct weighted_time *x = a, *y = b;

	return (x->wall_ns > y->wall_ns) - (x->wall_ns < y->wall_ns);
}

/* The least time that so large a share of the weight does not exceed. */
static double weighted_quantile(const struct weighted_time *times, size_t count,
				double total, double share)
{
	double below = 0;

	for (size_t i = 0; i + 1 < count; i++) {
		below += times[i].weight;
		if (below >= share * total)
			return times[i].wall_ns;
	}
	return times[count - 1].wall_ns;
}

static struct info_times weighted_times(const double *wall_ns, const double *weight,
					size_t count)
{
	struct weighted_time *items = malloc(count * sizeof(*items));
	struct info_times times = {(double)NAN, (double)NAN};
	double total = 0;

	if (!items)
		return times;
	for (size_t i = 0; i < count; i++) {
		items[i] = (struct weighted_time){wall_ns[i], weight[i]};
		total += weight[i];
	}
	qsort(items, count, sizeof(*items), compare_times);
	times.median = weighted_quantile(items, count, total, 0.5);
	times.p95 = weighted_quantile(items, count, total, 0.95);
	free(items);
	return times;
}

struct info_times info_times(double *wall_ns, const double *weight, size_t count)
{
	struct info_times times;

	for (size_t i = 0; i < count; i++)
		if (weight[i] != 1)
			return weighted_times(wall_ns, weight, count);
	statistics_sort(wall_ns, count);
	times.median = statistics_quantile_sorted(wall_ns, count, 0.5);
	times.p95 = statistics_quantile_sorted(wall_ns, count, 0.95);
	return times;
}
