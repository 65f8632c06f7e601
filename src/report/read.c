/* SPDX-License-Identifier: MIT */
/*
 * Reads findings: see read.h. The getters below take a value out of the document only if it is what
 * it should be; the first that is not is noted, and what follows is empty, so that only the end
 * has to look.
 */
#include "report/read.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/file.h"
#include "detect/cause.h"

#define DOCUMENT_BYTES_MAX ((size_t)256 << 20)
#define FORMAT             "autoperf-findings"

struct reader {
	const char *path;
	struct error *error;
	int code; /* of the first thing that is wrong */
};

/* ---- values ---- */

static void wrong(struct reader *reader, const char *key, const char *expected)
{
	if (!reader->code)
		reader->code = error_set(reader->error, -EINVAL,
					 "'%s' is damaged: \"%s\" is missing or not %s",
					 reader->path, key, expected);
}

static void no_memory(struct reader *reader)
{
	if (!reader->code)
		reader->code = error_no_memory(reader->error, "reading findings");
}

static const json_t *get_object(struct reader *reader, const json_t *from,
				const char *key)
{
	const json_t *value = json_object_get(from, key);

	if (!json_is_object(value))
		wrong(reader, key, "an object");
	return value;
}

/* *array, and room for its items, zeroed, for the caller to free; both NULL if there is none. */
static void *get_array(struct reader *reader, const json_t *from, const char *key,
		       size_t item_bytes, const json_t **array)
{
	const json_t *value = json_object_get(from, key);
	void *room;

	*array = NULL;
	if (!json_is_array(value)) {
		wrong(reader, key, "an array");
		return NULL;
	}
	room = calloc(json_array_size(value) + 1, item_bytes);
	if (room)
		*array = value;
	else
		no_memory(reader);
	return room;
}

/* NULL for null, and for what is not there if it need not be. */
static char *get_text(struct reader *reader, const json_t *from, const char *key,
		      bool required)
{
	const json_t *value = json_object_get(from, key);
	char *text = NULL;

	if (json_is_string(value)) {
		text = strdup(json_string_value(value));
		if (!text)
			no_memory(reader);
	} else if (required || (value && !json_is_null(value))) {
		wrong(reader, key, "a text");
	}
	return text;
}

/* The same into a field of `size` bytes, cut to it. */
static void get_field(struct reader *reader, const json_t *from, const char *key,
		      char *field, size_t size)
{
	const json_t *value = json_object_get(from, key);

	*field = '\0';
	if (json_is_string(value))
		strncat(field, json_string_value(value), size - 1);
	else if (value && !json_is_null(value))
		wrong(reader, key, "a text");
}

static bool get_bool(struct reader *reader, const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	if (!json_is_boolean(value))
		wrong(reader, key, "true or false");
	return json_is_true(value);
}

/* -1 for null. */
static int get_switch(struct reader *reader, const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	if (value && !json_is_null(value) && !json_is_boolean(value))
		wrong(reader, key, "true, false or null");
	return json_is_boolean(value) ? json_is_true(value) : -1;
}

static uint64_t get_count(struct reader *reader, const json_t *from, const char *key,
			  uint64_t most)
{
	const json_t *value = json_object_get(from, key);
	json_int_t count = json_integer_value(value);

	if (!json_is_integer(value) || count < 0 || (uint64_t)count > most) {
		wrong(reader, key, "a count in its range");
		return 0;
	}
	return (uint64_t)count;
}

/* NaN for null. */
static double get_number(struct reader *reader, const json_t *from, const char *key)
{
	const json_t *value = json_object_get(from, key);

	if (json_is_number(value))
		return json_number_value(value);
	if (!json_is_null(value))
		wrong(reader, key, "a number");
	return NAN;
}

static void get_pair(struct reader *reader, const json_t *from, const char *key,
		     double *before, double *after)
{
	const json_t *pair = get_object(reader, from, key);

	*before = get_number(reader, pair, "before");
	*after = get_number(reader, pair, "after");
}

/* A pair of counts, which JSON has as numbers. */
static void get_counts(struct reader *reader, const json_t *from, const char *key,
		       uint64_t *before, uint64_t *after)
{
	double values[2];

	get_pair(reader, from, key, &values[0], &values[1]);
	for (size_t i = 0; i < 2; i++)
		if (!(values[i] >= 0 && values[i] < 0x1p53))
			wrong(reader, key, "a pair of counts");
	*before = reader->code ? 0 : (uint64_t)values[0];
	*after = reader->code ? 0 : (uint64_t)values[1];
}

/* What JSON calls null since it is infinite. */
static double infinite_after(double ratio, double before, double after)
{
	return isnan(ratio) && before == 0 && after > 0 ? INFINITY : ratio;
}

static struct ratio_interval get_interval(struct reader *reader, const json_t *from,
					  const char *key, double *before,
					  double *after)
{
	const json_t *time = get_object(reader, from, key);
	struct ratio_interval interval;

	*before = get_number(reader, time, "before_ns");
	*after = get_number(reader, time, "after_ns");
	interval.ratio =
		infinite_after(get_number(reader, time, "ratio"), *before, *after);
	interval.low = get_number(reader, time, "low");
	interval.high = get_number(reader, time, "high");
	if (isnan(interval.high) && !isnan(interval.low))
		interval.high = INFINITY;
	return interval;
}

/* The names of an enumeration: the value whose name it is, or `count`. */
static int get_name(struct reader *reader, const json_t *from, const char *key,
		    int count, const char *(*name)(int))
{
	const char *text = json_string_value(json_object_get(from, key));
	int value = 0;

	while (text && value < count && strcmp(text, name(value)) != 0)
		value++;
	if (!text || value == count) {
		wrong(reader, key, "a name that this version knows");
		return 0;
	}
	return value;
}

static const char *name_of_verdict(int verdict)
{
	return verdict_name((enum verdict)verdict);
}

static const char *name_of_cause(int cause)
{
	return cause_name((enum finding_cause_kind)cause);
}

/* ---- parts of a region ---- */

static void read_counter(struct reader *reader, const json_t *from,
			 struct finding_counter *counter)
{
	const char *role = json_string_value(json_object_get(from, "role"));
	const char *unit = json_string_value(json_object_get(from, "unit"));
	const char *rate = json_string_value(json_object_get(from, "rate"));

	counter->name = get_text(reader, from, "name", true);
	if (!role || event_role_parse(role, &counter->role))
		wrong(reader, "role", "a role that this version knows");
	if (!unit || event_unit_parse(unit, &counter->unit))
		wrong(reader, "unit", "a unit that this version knows");
	if (!rate || feature_kind_parse(rate, &counter->kind))
		wrong(reader, "rate", "a rate that this version knows");
	counter->description = get_text(reader, from, "description", false);
	counter->pass = (uint32_t)get_count(reader, from, "pass", UINT32_MAX);
	counter->before = get_number(reader, from, "before");
	counter->after = get_number(reader, from, "after");
	counter->factor = infinite_after(get_number(reader, from, "factor"),
					 counter->before, counter->after);
	counter->moved = get_bool(reader, from, "moved");
	counter->p_moved = get_number(reader, from, "p_moved");
	counter->explains = get_number(reader, from, "explains");
	counter->error_share = get_number(reader, from, "error_share");
	counter->residual = get_number(reader, from, "residual");
}

static void read_run(struct reader *reader, const json_t *from, struct finding_run *run)
{
	run->ordinal = (uint32_t)get_count(reader, from, "ordinal", UINT32_MAX);
	run->pass = (uint32_t)get_count(reader, from, "pass", UINT32_MAX);
	run->samples = get_count(reader, from, "samples", INT64_MAX);
	run->wall_median_ns = get_number(reader, from, "wall_median_ns");
	run->anomalous_share = get_number(reader, from, "anomalous_share");
	run->score_mean = get_number(reader, from, "score_mean");
	run->anomalous = get_bool(reader, from, "anomalous");
}

static void read_line(struct reader *reader, const json_t *from,
		      struct finding_line *line)
{
	const json_t *detail = get_object(reader, from, "line");
	const char *sharing = json_string_value(json_object_get(from, "sharing"));

	if (!sharing || (strcmp(sharing, "false") && strcmp(sharing, "true")))
		wrong(reader, "sharing", "\"false\" or \"true\"");
	line->is_false = sharing && !strcmp(sharing, "false");
	/* Not kept; what it decides is which kind of sharing most of it is. */
	line->false_share = line->is_false;
	line->contended = get_text(reader, from, "contended", true);
	line->waits_at = get_text(reader, from, "waits_at", false);
	line->waits_for = get_text(reader, from, "waits_for", false);
	line->advice = get_text(reader, from, "advice", true);
	line->cycles_share = get_number(reader, from, "cycles_share");
	get_pair(reader, from, "cycles_per_execution", &line->cycles_before,
		 &line->cycles_after);
	get_pair(reader, from, "hitm_per_execution", &line->hitm_before,
		 &line->hitm_after);
	line->before_known = !isnan(line->cycles_before);
	if (json_object_get(detail, "padding"))
		line->padding =
			(uint32_t)get_count(reader, detail, "padding", UINT32_MAX);
	line->detail = json_dumps(detail, JSON_COMPACT);
	if (json_is_object(detail) && !line->detail)
		no_memory(reader);
}

static void read_change(struct reader *reader, const json_t *from,
			struct finding_change *change)
{
	change->path = get_text(reader, from, "path", true);
	change->first = (uint32_t)get_count(reader, from, "first", UINT32_MAX);
	change->count = (uint32_t)get_count(reader, from, "count", UINT32_MAX);
}

/* A region's changes are some of the findings'. */
static size_t find_change(struct reader *reader, const struct findings *findings,
			  const json_t *from)
{
	struct finding_change wanted = {0};
	size_t i = 0;

	read_change(reader, from, &wanted);
	if (reader->code) {
		free(wanted.path);
		return 0;
	}
	while (i < findings->change_count &&
	       (findings->changes[i].first != wanted.first ||
		findings->changes[i].count != wanted.count ||
		strcmp(findings->changes[i].path, wanted.path) != 0))
		i++;
	if (i == findings->change_count)
		wrong(reader, "changes", "among those of all regions");
	free(wanted.path);
	return i;
}

/* The distribution of scores; findings of older versions have none. */
static void read_shares(struct reader *reader, const json_t *from, const char *key,
			double shares[FINDING_BINS])
{
	const json_t *array = json_object_get(from, key);

	if (json_array_size(array) != FINDING_BINS) {
		wrong(reader, key, "an array of as many shares as this version has");
		return;
	}
	for (size_t i = 0; i < FINDING_BINS; i++) {
		const json_t *share = json_array_get(array, i);

		if (json_is_number(share))
			shares[i] = json_number_value(share);
		if (!json_is_number(share) || !(shares[i] >= 0 && shares[i] <= 1))
			wrong(reader, key, "an array of shares");
	}
}

static void read_scores(struct reader *reader, const json_t *from,
			struct finding_histogram *scores)
{
	if (!json_object_get(from, "score_histogram"))
		return;
	from = get_object(reader, from, "score_histogram");
	read_shares(reader, from, "before", scores->before);
	read_shares(reader, from, "after", scores->after);
	scores->known = true;
}

static void read_lists(struct reader *reader, const json_t *from,
		       const struct findings *findings, struct finding_region *region)
{
	const json_t *array, *item;
	size_t i;

	region->counters =
		get_array(reader, from, "counters", sizeof(*region->counters), &array);
	json_array_foreach (array, i, item)
		read_counter(reader, item, &region->counters[region->counter_count++]);
	region->causes =
		get_array(reader, from, "causes", sizeof(*region->causes), &array);
	json_array_foreach (array, i, item) {
		struct finding_cause *cause = &region->causes[region->cause_count++];

		cause->kind = (enum finding_cause_kind)get_name(
			reader, item, "name", CAUSE_KINDS, name_of_cause);
		cause->share = get_number(reader, item, "share");
	}
	region->lines =
		get_array(reader, from, "lines", sizeof(*region->lines), &array);
	json_array_foreach (array, i, item)
		read_line(reader, item, &region->lines[region->line_count++]);
	region->runs =
		get_array(reader, from, "new_runs", sizeof(*region->runs), &array);
	json_array_foreach (array, i, item)
		read_run(reader, item, &region->runs[region->run_count++]);
	/* Findings of older versions have none. */
	if (!json_object_get(from, "changes"))
		return;
	region->changes =
		get_array(reader, from, "changes", sizeof(*region->changes), &array);
	json_array_foreach (array, i, item)
		region->changes[region->change_count++] =
			find_change(reader, findings, item);
}

static void read_times(struct reader *reader, const json_t *from,
		       struct finding_region *region)
{
	const json_t *basis = json_object_get(from, "time_basis");
	const char *name = json_string_value(basis);

	region->time_measured = name;
	region->by_total = name && !strcmp(name, "run");
	region->by_typical = name && !strcmp(name, "median execution");
	if (!basis || (name ? !region->by_total && !region->by_typical &&
				       strcmp(name, "execution") != 0
			    : !json_is_null(basis)))
		wrong(reader, "time_basis", "what this version knows");
	region->time = get_interval(reader, from, "time_per_execution",
				    &region->time_before_ns, &region->time_after_ns);
	region->typical =
		get_interval(reader, from, "time_of_median_execution",
			     &region->typical_before_ns, &region->typical_after_ns);
	region->total = get_interval(reader, from, "time_per_run",
				     &region->total_before_ns, &region->total_after_ns);
	get_pair(reader, from, "executions_per_run", &region->executions_before,
		 &region->executions_after);
	region->calls_changed = get_bool(reader, from, "calls_changed");
	region->work = (struct ratio_interval){
		get_number(reader, from, "instructions_ratio"), NAN, NAN};
	region->pace = (struct ratio_interval){
		get_number(reader, from, "time_per_instruction_ratio"), NAN, NAN};
}

static void read_region(struct reader *reader, const json_t *from,
			const struct findings *findings, struct finding_region *region)
{
	uint64_t before, after;

	region->name = get_text(reader, from, "name", true);
	region->verdict = (enum verdict)get_name(reader, from, "verdict", VERDICTS,
						 name_of_verdict);
	region->reason = get_text(reader, from, "reason", true);
	region->suspicious = get_bool(reader, from, "suspicious");
	read_times(reader, from, region);
	get_pair(reader, from, "anomalous_share", &region->anomalous_share_before,
		 &region->anomalous_share_after);
	get_counts(reader, from, "runs", &before, &after);
	region->runs_before = (size_t)before;
	region->runs_after = (size_t)after;
	get_counts(reader, from, "samples", &region->samples_before,
		   &region->samples_after);
	region->p_value = get_number(reader, from, "p_value");
	region->p_improvement = get_number(reader, from, "p_improvement");
	region->p_score = get_number(reader, from, "p_score");
	region->p_time = get_number(reader, from, "p_time");
	region->p_faster = get_number(reader, from, "p_faster");
	region->runs_missing =
		(size_t)get_count(reader, from, "runs_missing", UINT32_MAX);
	region->training_runs_missing =
		(size_t)get_count(reader, from, "training_runs_missing", UINT32_MAX);
	read_scores(reader, from, &region->scores);
	read_lists(reader, from, findings, region);
}

/* ---- the document ---- */

static void read_machine(struct reader *reader, const json_t *side,
			 struct machine *machine)
{
	const json_t *from = get_object(reader, side, "machine");

	get_field(reader, from, "cpu_model", machine->cpu_model,
		  sizeof(machine->cpu_model));
	get_field(reader, from, "architecture", machine->architecture,
		  sizeof(machine->architecture));
	machine->cores = (int)get_count(reader, from, "cores", INT_MAX);
	machine->cores_allowed = (int)get_count(reader, from, "cores_allowed", INT_MAX);
	machine->numa_nodes = (int)get_count(reader, from, "numa_nodes", INT_MAX);
	machine->smt = get_switch(reader, from, "smt");
	machine->turbo = get_switch(reader, from, "turbo");
	get_field(reader, from, "governor", machine->governor,
		  sizeof(machine->governor));
	get_field(reader, from, "kernel", machine->kernel, sizeof(machine->kernel));
	get_field(reader, from, "hypervisor", machine->hypervisor,
		  sizeof(machine->hypervisor));
	get_field(reader, from, "container", machine->container,
		  sizeof(machine->container));
	get_field(reader, from, "hostname", machine->hostname,
		  sizeof(machine->hostname));
	machine->memory_bytes =
		(unsigned long)get_count(reader, from, "memory_bytes", INT64_MAX);
}

/* As the profile has it: the text of a JSON array, or what was there instead. */
static char *read_command(struct reader *reader, const json_t *side)
{
	const json_t *command = json_object_get(side, "command");
	char *text;

	if (!json_is_array(command))
		return get_text(reader, side, "command", false);
	text = json_dumps(command, JSON_COMPACT);
	if (!text)
		no_memory(reader);
	return text;
}

static void read_sides(struct reader *reader, const json_t *from,
		       struct findings *findings)
{
	const json_t *before = get_object(reader, from, "before");
	const json_t *after = get_object(reader, from, "after");

	findings->model_path = get_text(reader, before, "model", false);
	findings->command_before = read_command(reader, before);
	findings->commit_before = get_text(reader, before, "git_commit", false);
	findings->runs_before = (size_t)get_count(reader, before, "runs", UINT32_MAX);
	read_machine(reader, before, &findings->machine_before);
	findings->profile_path = get_text(reader, after, "profile", false);
	findings->command_after = read_command(reader, after);
	findings->commit_after = get_text(reader, after, "git_commit", false);
	findings->runs_after = (size_t)get_count(reader, after, "runs", UINT32_MAX);
	findings->runs_failed =
		(size_t)get_count(reader, after, "runs_failed", UINT32_MAX);
	read_machine(reader, after, &findings->machine_after);
}

static void read_strings(struct reader *reader, const json_t *from, const char *key,
			 char ***strings, size_t *count)
{
	const json_t *array, *item;
	size_t i;

	*strings = get_array(reader, from, key, sizeof(**strings), &array);
	json_array_foreach (array, i, item) {
		(*strings)[i] =
			json_is_string(item) ? strdup(json_string_value(item)) : NULL;
		if (!(*strings)[i]) {
			wrong(reader, key, "an array of texts");
			return;
		}
		*count = i + 1;
	}
}

static void read_rounds(struct reader *reader, const json_t *from, const char *key,
			struct finding_round **rounds, size_t *count)
{
	const json_t *array, *item;
	struct finding_round *round =
		get_array(reader, from, key, sizeof(*round), &array);
	size_t i;

	*rounds = round;
	*count = json_array_size(array);
	json_array_foreach (array, i, item) {

		round->samples = get_count(reader, item, "samples", INT64_MAX);
		round->anomalous_samples =
			get_count(reader, item, "anomalous_samples", INT64_MAX);
		round->anomalous = get_bool(reader, item, "anomalous");
		round->score = NAN;
		round++;
	}
}

/* Regions that have no finding of their own. */
static void read_others(struct reader *reader, const json_t *from,
			struct findings *findings)
{
	const json_t *array, *item;
	size_t i;

	read_strings(reader, from, "only_before", &findings->only_before,
		     &findings->only_before_count);
	read_strings(reader, from, "only_after", &findings->only_after,
		     &findings->only_after_count);
	findings->renamed =
		get_array(reader, from, "renamed", sizeof(*findings->renamed), &array);
	json_array_foreach (array, i, item) {
		struct finding_renamed *renamed =
			&findings->renamed[findings->renamed_count++];

		renamed->before = get_text(reader, item, "before", true);
		renamed->after = get_text(reader, item, "after", true);
	}
	findings->unjudged = get_array(reader, from, "not_judged",
				       sizeof(*findings->unjudged), &array);
	json_array_foreach (array, i, item) {
		struct finding_unjudged *unjudged =
			&findings->unjudged[findings->unjudged_count++];

		unjudged->name = get_text(reader, item, "name", true);
		unjudged->reason = get_text(reader, item, "reason", true);
	}
}

static void read_findings(struct reader *reader, const json_t *from,
			  struct findings *findings)
{
	const json_t *array, *item;
	size_t i;

	findings->verdict = (enum verdict)get_name(reader, from, "verdict", VERDICTS,
						   name_of_verdict);
	findings->summary = get_text(reader, from, "summary", true);
	findings->alarm_rate = get_number(reader, from, "alarm_rate");
	findings->effect_floor = get_number(reader, from, "effect_floor");
	findings->source = get_text(reader, from, "source", false);
	findings->pass_count = (size_t)get_count(reader, from, "passes", UINT32_MAX);
	findings->event_count = (size_t)get_count(reader, from, "events", UINT32_MAX);
	findings->microarchitecture = get_bool(reader, from, "microarchitecture");
	read_sides(reader, from, findings);
	findings->range = get_text(reader, from, "range", false);
	if (json_object_get(from, "changes")) {
		findings->changes = get_array(reader, from, "changes",
					      sizeof(*findings->changes), &array);
		json_array_foreach (array, i, item)
			read_change(reader, item,
				    &findings->changes[findings->change_count++]);
	}
	read_strings(reader, from, "warnings", &findings->warnings,
		     &findings->warning_count);
	findings->regions =
		get_array(reader, from, "regions", sizeof(*findings->regions), &array);
	findings->warning_capacity = findings->warning_count;
	json_array_foreach (array, i, item)
		read_region(reader, item, findings,
			    &findings->regions[findings->region_count++]);
	item = get_object(reader, from, "executions");
	read_rounds(reader, item, "before", &findings->rounds_before,
		    &findings->rounds_before_count);
	read_rounds(reader, item, "after", &findings->rounds_after,
		    &findings->rounds_after_count);
	read_others(reader, from, findings);
}

/* Whether it is what it should be at all, before anything is taken out of it. */
static int check_format(const json_t *document, const char *path, struct error *error)
{
	const char *format = json_string_value(json_object_get(document, "format"));
	const json_t *version = json_object_get(document, "version");

	if (!format || strcmp(format, FORMAT) != 0)
		return error_set(error, -EINVAL,
				 "'%s' holds no findings; autoperf detect and check "
				 "write them, with --format json",
				 path);
	if (!json_is_integer(version) || json_integer_value(version) < 1)
		return error_set(error, -EINVAL, "'%s' is damaged: it has no version",
				 path);
	if (json_integer_value(version) > FINDINGS_FORMAT_VERSION)
		return error_set(error, -EINVAL,
				 "'%s' was written by a newer AutoPerf (findings of "
				 "version %lld, this one knows %d); use that one",
				 path, (long long)json_integer_value(version),
				 FINDINGS_FORMAT_VERSION);
	return 0;
}

int findings_parse(struct findings **findings, const char *bytes, size_t length,
		   const char *path, struct error *error)
{
	struct reader reader = {.path = path, .error = error};
	json_error_t syntax;
	json_t *document = json_loadb(bytes, length, JSON_REJECT_DUPLICATES, &syntax);
	int code;

	*findings = NULL;
	if (!document)
		return error_set(
			error, -EINVAL,
			"'%s' is no JSON document, or only a part of one: line "
			"%d: %s",
			path, syntax.line, syntax.text);
	code = check_format(document, path, error);
	if (!code) {
		*findings = calloc(1, sizeof(**findings));
		if (*findings)
			read_findings(&reader, document, *findings);
		else
			no_memory(&reader);
		code = reader.code;
	}
	json_decref(document);
	if (code) {
		findings_free(*findings);
		*findings = NULL;
	}
	return code;
}

int findings_load(struct findings **findings, const char *path, struct error *error)
{
	bool piped = !strcmp(path, "-");
	char *bytes = NULL;
	size_t length;
	int code = file_read(piped ? "/dev/stdin" : path, DOCUMENT_BYTES_MAX, &bytes,
			     &length, error);

	*findings = NULL;
	if (!code)
		code = findings_parse(findings, bytes, length,
				      piped ? "standard input" : path, error);
	free(bytes);
	return code;
}
