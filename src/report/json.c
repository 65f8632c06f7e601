/* SPDX-License-Identifier: MIT */
/*
 * Findings as JSON: doc/formats/findings.md. Written straight to text in the order of the code
 * below (json_writer.h).
 */
#include "report/json.h"

#include <stdlib.h>

#include <jansson.h>

#include "detect/cause.h"
#include "report/report.h"

/* The stored command is a JSON array of strings; should it be something else, it is text. */
static void key_command(struct json_writer *json, const char *key, const char *command)
{
	json_t *arguments = command ? json_loads(command, 0, NULL) : NULL;
	const json_t *argument;
	size_t i;

	if (json_is_array(arguments)) {
		json_open(json, key, '[');
		json_array_foreach (arguments, i, argument)
			json_key_string(json, NULL, json_string_value(argument));
		json_close(json, ']');
	} else {
		json_key_string(json, key, command);
	}
	json_decref(arguments);
}

/* -1 is unknown. */
static void key_switch(struct json_writer *json, const char *key, int state)
{
	if (state < 0)
		json_key_string(json, key, NULL);
	else
		json_key_bool(json, key, state);
}

static void put_machine(struct json_writer *json, const struct machine *machine)
{
	json_open(json, "machine", '{');
	json_key_known(json, "cpu_model", machine->cpu_model);
	json_key_known(json, "architecture", machine->architecture);
	json_key_count(json, "cores", (uint64_t)machine->cores);
	json_key_count(json, "cores_allowed", (uint64_t)machine->cores_allowed);
	json_key_count(json, "numa_nodes", (uint64_t)machine->numa_nodes);
	key_switch(json, "smt", machine->smt);
	key_switch(json, "turbo", machine->turbo);
	json_key_known(json, "governor", machine->governor);
	json_key_known(json, "kernel", machine->kernel);
	json_key_known(json, "hypervisor", machine->hypervisor);
	json_key_known(json, "container", machine->container);
	json_key_known(json, "hostname", machine->hostname);
	json_key_count(json, "memory_bytes", machine->memory_bytes);
	json_close(json, '}');
}

static void put_sides(struct json_writer *json, const struct findings *findings)
{
	json_open(json, "before", '{');
	json_key_string(json, "model", findings->model_path);
	key_command(json, "command", findings->command_before);
	json_key_string(json, "git_commit", findings->commit_before);
	json_key_count(json, "runs", findings->runs_before);
	put_machine(json, &findings->machine_before);
	json_close(json, '}');
	json_open(json, "after", '{');
	json_key_string(json, "profile", findings->profile_path);
	key_command(json, "command", findings->command_after);
	json_key_string(json, "git_commit", findings->commit_after);
	json_key_count(json, "runs", findings->runs_after);
	json_key_count(json, "runs_failed", findings->runs_failed);
	put_machine(json, &findings->machine_after);
	json_close(json, '}');
}

static void put_interval(struct json_writer *json, const char *key, double before,
			 double after, const struct ratio_interval *interval)
{
	json_open(json, key, '{');
	json_key_number(json, "before_ns", before);
	json_key_number(json, "after_ns", after);
	json_key_number(json, "ratio", interval->ratio);
	json_key_number(json, "low", interval->low);
	json_key_number(json, "high", interval->high);
	json_close(json, '}');
}

static void put_counter(struct json_writer *json, const struct finding_counter *counter)
{
	json_open(json, NULL, '{');
	json_key_string(json, "name", counter->name);
	json_key_string(json, "role", event_role_name(counter->role));
	json_key_string(json, "unit", event_unit_name(counter->unit));
	json_key_string(json, "rate", feature_kind_name(counter->kind));
	json_key_string(json, "per", feature_kind_per(counter->kind));
	json_key_known(json, "description", counter->description);
	json_key_count(json, "pass", counter->pass);
	json_key_number(json, "before", counter->before);
	json_key_number(json, "after", counter->after);
	json_key_number(json, "factor", counter->factor);
	json_key_bool(json, "moved", counter->moved);
	json_key_number(json, "p_moved", counter->p_moved);
	json_key_number(json, "explains", counter->explains);
	json_key_number(json, "error_share", counter->error_share);
	json_key_number(json, "residual", counter->residual);
	json_close(json, '}');
}

static void put_run(struct json_writer *json, const struct finding_run *run)
{
	json_open(json, NULL, '{');
	json_key_count(json, "ordinal", run->ordinal);
	json_key_count(json, "pass", run->pass);
	json_key_count(json, "samples", run->samples);
	json_key_number(json, "wall_median_ns", run->wall_median_ns);
	json_key_number(json, "anomalous_share", run->anomalous_share);
	json_key_number(json, "score_mean", run->score_mean);
	json_key_bool(json, "anomalous", run->anomalous);
	json_close(json, '}');
}

static void put_pair(struct json_writer *json, const char *key, double before,
		     double after)
{
	json_open(json, key, '{');
	json_key_number(json, "before", before);
	json_key_number(json, "after", after);
	json_close(json, '}');
}

/* A JSON object that this program made, one member a line; what is no object is left out. */
static void put_members(struct json_writer *json, const char *object)
{
	json_t *members = json_loads(object, 0, NULL), *member;
	const char *key;

	json_object_foreach (members, key, member) {
		char *text = json_dumps(member, JSON_COMPACT | JSON_ENCODE_ANY);

		json_key_value(json, key, text);
		free(text);
	}
	json_decref(members);
}

static void put_line(struct json_writer *json, const struct finding_line *line)
{
	json_open(json, NULL, '{');
	json_key_string(json, "sharing", line->is_false ? "false" : "true");
	json_key_string(json, "contended", line->contended);
	json_key_string(json, "waits_at", line->waits_at);
	json_key_string(json, "waits_for", line->waits_for);
	json_key_string(json, "advice", line->advice);
	json_key_number(json, "cycles_share", line->cycles_share);
	put_pair(json, "cycles_per_execution", line->cycles_before, line->cycles_after);
	put_pair(json, "hitm_per_execution", line->hitm_before, line->hitm_after);
	json_open(json, "line", '{');
	put_members(json, line->detail);
	json_close(json, '}');
	json_close(json, '}');
}

static void put_change(struct json_writer *json, const struct finding_change *change)
{
	json_open(json, NULL, '{');
	json_key_string(json, "path", change->path);
	json_key_count(json, "first", change->first);
	json_key_count(json, "count", change->count);
	json_close(json, '}');
}

static void put_shares(struct json_writer *json, const char *key, const double *shares)
{
	json_open(json, key, '[');
	for (size_t i = 0; i < FINDING_BINS; i++)
		json_key_number(json, NULL, shares[i]);
	json_close(json, ']');
}

static void put_scores(struct json_writer *json, const struct finding_histogram *scores)
{
	if (!scores->known)
		return;
	json_open(json, "score_histogram", '{');
	json_key_count(json, "threshold_bin", FINDING_BIN_THRESHOLD);
	json_key_count(json, "bins_per_octave", 2);
	put_shares(json, "before", scores->before);
	put_shares(json, "after", scores->after);
	json_close(json, '}');
}

static void put_region(struct json_writer *json, const struct findings *findings,
		       const struct finding_region *region)
{
	json_open(json, NULL, '{');
	json_key_string(json, "name", region->name);
	json_key_string(json, "verdict", verdict_name(region->verdict));
	json_key_string(json, "reason", region->reason);
	json_key_bool(json, "suspicious", region->suspicious);
	json_key_string(json, "time_basis",
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
	json_key_bool(json, "calls_changed", region->calls_changed);
	json_key_number(json, "instructions_ratio", region->work.ratio);
	json_key_number(json, "time_per_instruction_ratio", region->pace.ratio);
	put_pair(json, "anomalous_share", region->anomalous_share_before,
		 region->anomalous_share_after);
	put_scores(json, &region->scores);
	put_pair(json, "runs", (double)region->runs_before, (double)region->runs_after);
	put_pair(json, "samples", (double)region->samples_before,
		 (double)region->samples_after);
	json_key_number(json, "p_value", region->p_value);
	json_key_number(json, "p_improvement", region->p_improvement);
	json_key_number(json, "p_score", region->p_score);
	json_key_number(json, "p_time", region->p_time);
	json_key_number(json, "p_faster", region->p_faster);
	json_key_count(json, "runs_missing", region->runs_missing);
	json_key_count(json, "training_runs_missing", region->training_runs_missing);
	json_open(json, "counters", '[');
	for (size_t i = 0; i < region->counter_count; i++)
		put_counter(json, &region->counters[i]);
	json_close(json, ']');
	json_key_string(json, "cause",
			region->cause_count ? cause_name(region->causes[0].kind)
					    : NULL);
	json_open(json, "causes", '[');
	for (size_t i = 0; i < region->cause_count; i++) {
		json_open(json, NULL, '{');
		json_key_string(json, "name", cause_name(region->causes[i].kind));
		json_key_number(json, "share", region->causes[i].share);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_open(json, "lines", '[');
	for (size_t i = 0; i < region->line_count; i++)
		put_line(json, &region->lines[i]);
	json_close(json, ']');
	json_open(json, "changes", '[');
	for (size_t i = 0; i < region->change_count; i++)
		put_change(json, &findings->changes[region->changes[i]]);
	json_close(json, ']');
	json_open(json, "new_runs", '[');
	for (size_t i = 0; i < region->run_count; i++)
		put_run(json, &region->runs[i]);
	json_close(json, ']');
	json_close(json, '}');
}

static void put_rounds(struct json_writer *json, const char *key,
		       const struct finding_round *rounds, size_t count)
{
	json_open(json, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(json, NULL, '{');
		json_key_count(json, "samples", rounds[i].samples);
		json_key_count(json, "anomalous_samples", rounds[i].anomalous_samples);
		json_key_bool(json, "anomalous", rounds[i].anomalous);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void put_unjudged(struct json_writer *json,
			 const struct finding_unjudged *unjudged)
{
	json_open(json, NULL, '{');
	json_key_string(json, "name", unjudged->name);
	json_key_string(json, "reason", unjudged->reason);
	json_close(json, '}');
}

void json_key_findings(struct json_writer *json, const char *key,
		       const struct findings *findings)
{
	json_open(json, key, '{');
	json_key_string(json, "format", "autoperf-findings");
	json_key_count(json, "version", FINDINGS_FORMAT_VERSION);
	json_key_string(json, "verdict", verdict_name(findings->verdict));
	json_key_string(json, "summary", findings->summary);
	json_key_count(json, "exit_status", (uint64_t)findings_exit_status(findings));
	json_key_number(json, "alarm_rate", findings->alarm_rate);
	json_key_number(json, "effect_floor", findings->effect_floor);
	json_key_number(json, "confidence", FINDINGS_CONFIDENCE);
	json_key_string(json, "source", findings->source);
	json_key_count(json, "passes", findings->pass_count);
	json_key_count(json, "events", findings->event_count);
	json_key_bool(json, "microarchitecture", findings->microarchitecture);
	put_sides(json, findings);
	json_key_string(json, "range", findings->range);
	json_open(json, "changes", '[');
	for (size_t i = 0; i < findings->change_count; i++)
		put_change(json, &findings->changes[i]);
	json_close(json, ']');
	json_key_strings(json, "warnings", findings->warnings, findings->warning_count);
	json_open(json, "regions", '[');
	for (size_t i = 0; i < findings->region_count; i++)
		put_region(json, findings, &findings->regions[i]);
	json_close(json, ']');
	json_open(json, "executions", '{');
	put_rounds(json, "before", findings->rounds_before,
		   findings->rounds_before_count);
	put_rounds(json, "after", findings->rounds_after, findings->rounds_after_count);
	json_close(json, '}');
	json_key_strings(json, "only_before", findings->only_before,
			 findings->only_before_count);
	json_key_strings(json, "only_after", findings->only_after,
			 findings->only_after_count);
	json_open(json, "renamed", '[');
	for (size_t i = 0; i < findings->renamed_count; i++) {
		json_open(json, NULL, '{');
		json_key_string(json, "before", findings->renamed[i].before);
		json_key_string(json, "after", findings->renamed[i].after);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_open(json, "not_judged", '[');
	for (size_t i = 0; i < findings->unjudged_count; i++)
		put_unjudged(json, &findings->unjudged[i]);
	json_close(json, ']');
	json_close(json, '}');
}

int report_json(const struct findings *findings, FILE *out, struct error *error)
{
	struct json_writer json = {.first = true};
	int code = 0;

	json_key_findings(&json, NULL, findings);
	text_puts(&json.text, "\n");
	if (json.text.failed)
		code = error_no_memory(error, "writing the findings");
	else
		fwrite(json.text.chars, 1, json.text.length, out);
	text_free(&json.text);
	return code;
}
