/* SPDX-License-Identifier: MIT */
/*
 * Findings as JSON: doc/formats/findings.md. Written straight to text in the order of the code
 * below. A tree of jansson values would refuse the invalid UTF-8 that names may hold and the
 * numbers that are not finite, which have to be dealt with here anyway.
 */
#include "report/report.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "detect/cause.h"
#include "report/utf8.h"

/* Between these, numbers are nanoseconds or counts: whole ones are easier to read. */
#define WHOLE_MIN 1e8
#define WHOLE_MAX 1e15

/* The document while it is written. */
struct json {
	struct text text;
	int depth;
	bool first; /* nothing in the innermost object or array yet */
};

static void put_separator(struct json *json)
{
	if (json->depth)
		text_puts(&json->text, json->first ? "\n" : ",\n");
	text_printf(&json->text, "%*s", 2 * json->depth, "");
	json->first = false;
}

static void put_string(struct json *json, const char *string)
{
	size_t length = strlen(string);

	text_puts(&json->text, "\"");
	while (length) {
		uint32_t character;
		size_t used = utf8_decode(string, length, &character);

		if (!used) {
			text_puts(&json->text, "\xef\xbf\xbd"); /* U+FFFD */
			used = 1;
		} else if (character == '"' || character == '\\') {
			text_printf(&json->text, "\\%c", (char)character);
		} else if (character < 0x20 || character == 0x7f) {
			text_printf(&json->text, "\\u%04" PRIx32, character);
		} else {
			text_append(&json->text, string, used);
		}
		string += used;
		length -= used;
	}
	text_puts(&json->text, "\"");
}

/* `key` NULL: an item of an array. */
static void put_key(struct json *json, const char *key)
{
	put_separator(json);
	if (key) {
		put_string(json, key);
		text_puts(&json->text, ": ");
	}
}

static void open_bracket(struct json *json, const char *key, char bracket)
{
	put_key(json, key);
	text_printf(&json->text, "%c", bracket);
	json->depth++;
	json->first = true;
}

static void close_bracket(struct json *json, char bracket)
{
	json->depth--;
	if (!json->first)
		text_printf(&json->text, "\n%*s", 2 * json->depth, "");
	text_printf(&json->text, "%c", bracket);
	json->first = false;
}

static void key_string(struct json *json, const char *key, const char *string)
{
	put_key(json, key);
	if (string)
		put_string(json, string);
	else
		text_puts(&json->text, "null");
}

/* The same; what is empty is unknown. */
static void key_known(struct json *json, const char *key, const char *string)
{
	key_string(json, key, string && *string ? string : NULL);
}

static void key_bool(struct json *json, const char *key, bool value)
{
	put_key(json, key);
	text_puts(&json->text, value ? "true" : "false");
}

static void key_count(struct json *json, const char *key, uint64_t count)
{
	put_key(json, key);
	text_printf(&json->text, "%" PRIu64, count);
}

/*
 * Nine digits: more than anything measured here is good for, and 0.05 stays 0.05. The decimal
 * point is made one whatever the locale.
 */
static void key_number(struct json *json, const char *key, double number)
{
	char digits[40];
	bool pointed = false; /* a decimal point can be several bytes */

	put_key(json, key);
	if (!isfinite(number)) {
		text_puts(&json->text, "null");
		return;
	}
	snprintf(digits, sizeof(digits),
		 fabs(number) >= WHOLE_MIN && fabs(number) < WHOLE_MAX ? "%.0f"
								       : "%.9g",
		 number);
	for (const char *c = digits; *c; c++) {
		if (strchr("0123456789+-e", *c))
			text_append(&json->text, c, 1);
		else if (!pointed)
			text_puts(&json->text, ".");
		pointed |= !strchr("0123456789+-e", *c);
	}
}

static void key_strings(struct json *json, const char *key, char *const *strings,
			size_t count)
{
	open_bracket(json, key, '[');
	for (size_t i = 0; i < count; i++)
		key_string(json, NULL, strings[i]);
	close_bracket(json, ']');
}

/* The stored command is a JSON array of strings; should it be something else, it is text. */
static void key_command(struct json *json, const char *key, const char *command)
{
	json_t *arguments = command ? json_loads(command, 0, NULL) : NULL;
	const json_t *argument;
	size_t i;

	if (json_is_array(arguments)) {
		open_bracket(json, key, '[');
		json_array_foreach (arguments, i, argument)
			key_string(json, NULL, json_string_value(argument));
		close_bracket(json, ']');
	} else {
		key_string(json, key, command);
	}
	json_decref(arguments);
}

/* -1 is unknown. */
static void key_switch(struct json *json, const char *key, int state)
{
	if (state < 0)
		key_string(json, key, NULL);
	else
		key_bool(json, key, state);
}

static void put_machine(struct json *json, const struct machine *machine)
{
	open_bracket(json, "machine", '{');
	key_known(json, "cpu_model", machine->cpu_model);
	key_known(json, "architecture", machine->architecture);
	key_count(json, "cores", (uint64_t)machine->cores);
	key_count(json, "cores_allowed", (uint64_t)machine->cores_allowed);
	key_count(json, "numa_nodes", (uint64_t)machine->numa_nodes);
	key_switch(json, "smt", machine->smt);
	key_switch(json, "turbo", machine->turbo);
	key_known(json, "governor", machine->governor);
	key_known(json, "kernel", machine->kernel);
	key_known(json, "hypervisor", machine->hypervisor);
	key_known(json, "container", machine->container);
	key_known(json, "hostname", machine->hostname);
	key_count(json, "memory_bytes", machine->memory_bytes);
	close_bracket(json, '}');
}

static void put_sides(struct json *json, const struct findings *findings)
{
	open_bracket(json, "before", '{');
	key_string(json, "model", findings->model_path);
	key_command(json, "command", findings->command_before);
	key_string(json, "git_commit", findings->commit_before);
	key_count(json, "runs", findings->runs_before);
	put_machine(json, &findings->machine_before);
	close_bracket(json, '}');
	open_bracket(json, "after", '{');
	key_string(json, "profile", findings->profile_path);
	key_command(json, "command", findings->command_after);
	key_string(json, "git_commit", findings->commit_after);
	key_count(json, "runs", findings->runs_after);
	key_count(json, "runs_failed", findings->runs_failed);
	put_machine(json, &findings->machine_after);
	close_bracket(json, '}');
}

static void put_interval(struct json *json, const char *key, double before,
			 double after, const struct ratio_interval *interval)
{
	open_bracket(json, key, '{');
	key_number(json, "before_ns", before);
	key_number(json, "after_ns", after);
	key_number(json, "ratio", interval->ratio);
	key_number(json, "low", interval->low);
	key_number(json, "high", interval->high);
	close_bracket(json, '}');
}

static void put_counter(struct json *json, const struct finding_counter *counter)
{
	open_bracket(json, NULL, '{');
	key_string(json, "name", counter->name);
	key_string(json, "role", event_role_name(counter->role));
	key_string(json, "unit", event_unit_name(counter->unit));
	key_string(json, "rate", feature_kind_name(counter->kind));
	key_string(json, "per", feature_kind_per(counter->kind));
	key_known(json, "description", counter->description);
	key_count(json, "pass", counter->pass);
	key_number(json, "before", counter->before);
	key_number(json, "after", counter->after);
	key_number(json, "factor", counter->factor);
	key_bool(json, "moved", counter->moved);
	key_number(json, "p_moved", counter->p_moved);
	key_number(json, "explains", counter->explains);
	key_number(json, "error_share", counter->error_share);
	key_number(json, "residual", counter->residual);
	close_bracket(json, '}');
}

static void put_run(struct json *json, const struct finding_run *run)
{
	open_bracket(json, NULL, '{');
	key_count(json, "ordinal", run->ordinal);
	key_count(json, "pass", run->pass);
	key_count(json, "samples", run->samples);
	key_number(json, "wall_median_ns", run->wall_median_ns);
	key_number(json, "anomalous_share", run->anomalous_share);
	key_number(json, "score_mean", run->score_mean);
	key_bool(json, "anomalous", run->anomalous);
	close_bracket(json, '}');
}

static void put_pair(struct json *json, const char *key, double before, double after)
{
	open_bracket(json, key, '{');
	key_number(json, "before", before);
	key_number(json, "after", after);
	close_bracket(json, '}');
}

/* A JSON object that this program made, one member a line; what is no object is left out. */
static void put_members(struct json *json, const char *object)
{
	json_t *members = json_loads(object, 0, NULL), *member;
	const char *key;

	json_object_foreach (members, key, member) {
		char *text = json_dumps(member, JSON_COMPACT | JSON_ENCODE_ANY);

		put_key(json, key);
		text_puts(&json->text, text ? text : "null");
		json->text.failed |= !text;
		free(text);
	}
	json_decref(members);
}

static void put_line(struct json *json, const struct finding_line *line)
{
	open_bracket(json, NULL, '{');
	key_string(json, "sharing", line->is_false ? "false" : "true");
	key_string(json, "contended", line->contended);
	key_string(json, "waits_at", line->waits_at);
	key_string(json, "waits_for", line->waits_for);
	key_string(json, "advice", line->advice);
	key_number(json, "cycles_share", line->cycles_share);
	put_pair(json, "cycles_per_execution", line->cycles_before, line->cycles_after);
	put_pair(json, "hitm_per_execution", line->hitm_before, line->hitm_after);
	open_bracket(json, "line", '{');
	put_members(json, line->detail);
	close_bracket(json, '}');
	close_bracket(json, '}');
}

static void put_change(struct json *json, const struct finding_change *change)
{
	open_bracket(json, NULL, '{');
	key_string(json, "path", change->path);
	key_count(json, "first", change->first);
	key_count(json, "count", change->count);
	close_bracket(json, '}');
}

static void put_shares(struct json *json, const char *key, const double *shares)
{
	open_bracket(json, key, '[');
	for (size_t i = 0; i < FINDING_BINS; i++)
		key_number(json, NULL, shares[i]);
	close_bracket(json, ']');
}

static void put_scores(struct json *json, const struct finding_histogram *scores)
{
	if (!scores->known)
		return;
	open_bracket(json, "score_histogram", '{');
	key_count(json, "threshold_bin", FINDING_BIN_THRESHOLD);
	key_count(json, "bins_per_octave", 2);
	put_shares(json, "before", scores->before);
	put_shares(json, "after", scores->after);
	close_bracket(json, '}');
}

static void put_region(struct json *json, const struct findings *findings,
		       const struct finding_region *region)
{
	open_bracket(json, NULL, '{');
	key_string(json, "name", region->name);
	key_string(json, "verdict", verdict_name(region->verdict));
	key_string(json, "reason", region->reason);
	key_bool(json, "suspicious", region->suspicious);
	key_string(json, "time_basis",
		   !region->time_measured ? NULL
		   : region->by_total     ? "run"
		   : region->by_typical   ? "median execution"
					  : "execution");
	put_interval(json, "time_per_execution", region->time_before_ns,
		     region->time_after_ns, &region->time);
	put_interval(json, "time_of_median_execution", region->typical_before_ns,
		     region->typical_after_ns, &region->typical);
	put_interval(json, "time_per_run", region->total_before_ns,
		     region->total_after_ns, &region->total);
	put_pair(json, "executions_per_run", region->executions_before,
		 region->executions_after);
	key_bool(json, "calls_changed", region->calls_changed);
	key_number(json, "instructions_ratio", region->work.ratio);
	key_number(json, "time_per_instruction_ratio", region->pace.ratio);
	put_pair(json, "anomalous_share", region->anomalous_share_before,
		 region->anomalous_share_after);
	put_scores(json, &region->scores);
	put_pair(json, "runs", (double)region->runs_before, (double)region->runs_after);
	put_pair(json, "samples", (double)region->samples_before,
		 (double)region->samples_after);
	key_number(json, "p_value", region->p_value);
	key_number(json, "p_improvement", region->p_improvement);
	key_number(json, "p_score", region->p_score);
	key_number(json, "p_time", region->p_time);
	key_number(json, "p_faster", region->p_faster);
	key_count(json, "runs_missing", region->runs_missing);
	key_count(json, "training_runs_missing", region->training_runs_missing);
	open_bracket(json, "counters", '[');
	for (size_t i = 0; i < region->counter_count; i++)
		put_counter(json, &region->counters[i]);
	close_bracket(json, ']');
	key_string(json, "cause",
		   region->cause_count ? cause_name(region->causes[0].kind) : NULL);
	open_bracket(json, "causes", '[');
	for (size_t i = 0; i < region->cause_count; i++) {
		open_bracket(json, NULL, '{');
		key_string(json, "name", cause_name(region->causes[i].kind));
		key_number(json, "share", region->causes[i].share);
		close_bracket(json, '}');
	}
	close_bracket(json, ']');
	open_bracket(json, "lines", '[');
	for (size_t i = 0; i < region->line_count; i++)
		put_line(json, &region->lines[i]);
	close_bracket(json, ']');
	open_bracket(json, "changes", '[');
	for (size_t i = 0; i < region->change_count; i++)
		put_change(json, &findings->changes[region->changes[i]]);
	close_bracket(json, ']');
	open_bracket(json, "new_runs", '[');
	for (size_t i = 0; i < region->run_count; i++)
		put_run(json, &region->runs[i]);
	close_bracket(json, ']');
	close_bracket(json, '}');
}

static void put_rounds(struct json *json, const char *key,
		       const struct finding_round *rounds, size_t count)
{
	open_bracket(json, key, '[');
	for (size_t i = 0; i < count; i++) {
		open_bracket(json, NULL, '{');
		key_count(json, "samples", rounds[i].samples);
		key_count(json, "anomalous_samples", rounds[i].anomalous_samples);
		key_bool(json, "anomalous", rounds[i].anomalous);
		close_bracket(json, '}');
	}
	close_bracket(json, ']');
}

static void put_unjudged(struct json *json, const struct finding_unjudged *unjudged)
{
	open_bracket(json, NULL, '{');
	key_string(json, "name", unjudged->name);
	key_string(json, "reason", unjudged->reason);
	close_bracket(json, '}');
}

static void put_findings(struct json *json, const struct findings *findings)
{
	open_bracket(json, NULL, '{');
	key_string(json, "format", "autoperf-findings");
	key_count(json, "version", FINDINGS_FORMAT_VERSION);
	key_string(json, "verdict", verdict_name(findings->verdict));
	key_string(json, "summary", findings->summary);
	key_count(json, "exit_status", (uint64_t)findings_exit_status(findings));
	key_number(json, "alarm_rate", findings->alarm_rate);
	key_number(json, "effect_floor", findings->effect_floor);
	key_number(json, "confidence", FINDINGS_CONFIDENCE);
	key_string(json, "source", findings->source);
	key_count(json, "passes", findings->pass_count);
	key_count(json, "events", findings->event_count);
	key_bool(json, "microarchitecture", findings->microarchitecture);
	put_sides(json, findings);
	key_string(json, "range", findings->range);
	open_bracket(json, "changes", '[');
	for (size_t i = 0; i < findings->change_count; i++)
		put_change(json, &findings->changes[i]);
	close_bracket(json, ']');
	key_strings(json, "warnings", findings->warnings, findings->warning_count);
	open_bracket(json, "regions", '[');
	for (size_t i = 0; i < findings->region_count; i++)
		put_region(json, findings, &findings->regions[i]);
	close_bracket(json, ']');
	open_bracket(json, "executions", '{');
	put_rounds(json, "before", findings->rounds_before,
		   findings->rounds_before_count);
	put_rounds(json, "after", findings->rounds_after, findings->rounds_after_count);
	close_bracket(json, '}');
	key_strings(json, "only_before", findings->only_before,
		    findings->only_before_count);
	key_strings(json, "only_after", findings->only_after,
		    findings->only_after_count);
	open_bracket(json, "renamed", '[');
	for (size_t i = 0; i < findings->renamed_count; i++) {
		open_bracket(json, NULL, '{');
		key_string(json, "before", findings->renamed[i].before);
		key_string(json, "after", findings->renamed[i].after);
		close_bracket(json, '}');
	}
	close_bracket(json, ']');
	open_bracket(json, "not_judged", '[');
	for (size_t i = 0; i < findings->unjudged_count; i++)
		put_unjudged(json, &findings->unjudged[i]);
	close_bracket(json, ']');
	close_bracket(json, '}');
}

int report_json(const struct findings *findings, FILE *out, struct error *error)
{
	struct json json = {.first = true};
	int code = 0;

	put_findings(&json, findings);
	text_puts(&json.text, "\n");
	if (json.text.failed)
		code = error_no_memory(error, "writing the findings");
	else
		fwrite(json.text.chars, 1, json.text.length, out);
	text_free(&json.text);
	return code;
}
