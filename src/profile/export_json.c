/* SPDX-License-Identifier: MIT */
/*
 * A profile as one JSON document: doc/formats/json.md. It is written as it is read, a run after
 * the other and a line a sample, so that its size costs no memory; a run's facts stand before
 * its samples. Numbers are those of the CSV.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "profile/csv.h"
#include "profile/export_source.h"

/* Clean text (see profile_clean_text) needs no other escapes. */
static void put_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void put_key(FILE *out, const char *indent, const char *key)
{
	fprintf(out, "%s\"%s\": ", indent, key);
}

static void put_u64(FILE *out, const char *indent, const char *key, uint64_t number)
{
	put_key(out, indent, key);
	csv_put_u64(out, number);
}

/* A fact as a string, null when there is none. */
static int put_fact(struct profile *profile, FILE *out, const char *key,
		    struct error *error)
{
	char *fact = profile_get_fact(profile, key);
	char *clean = fact ? store_keep_text(fact) : NULL;
	int status = fact && !clean ? error_no_memory(error, "exporting") : 0;

	put_key(out, ",\n  ", key);
	if (clean)
		put_string(out, clean);
	else
		fputs("null", out);
	free(clean);
	free(fact);
	return status;
}

/* The command is stored as a JSON array of its arguments. */
static void put_command(struct profile *profile, FILE *out)
{
	char *fact = profile_get_fact(profile, "command");
	json_t *command = fact ? json_loads(fact, 0, NULL) : NULL;

	put_key(out, ",\n  ", "command");
	if (json_is_array(command))
		json_dumpf(command, out, JSON_COMPACT);
	else
		fputs("null", out);
	json_decref(command);
	free(fact);
}

static void put_events(const struct event_plan *plan, FILE *out)
{
	put_key(out, ",\n  ", "events");
	for (size_t i = 0; i < plan->events.count; i++) {
		const struct event *event = &plan->events.items[i];

		fputs(i ? ",\n    {\"name\": " : "[\n    {\"name\": ", out);
		put_string(out, event->name);
		fprintf(out, ", \"role\": \"%s\", \"unit\": \"%s\", \"description\": ",
			event_role_name(event->role), event_unit_name(event->unit));
		if (event->description)
			put_string(out, event->description);
		else
			fputs("null", out);
		putc('}', out);
	}
	fputs(plan->events.count ? "\n  ]" : "[]", out);
}

static void put_passes(const struct event_plan *plan, FILE *out)
{
	put_key(out, ",\n  ", "passes");
	putc('[', out);
	for (size_t pass = 0; pass < plan->pass_count; pass++) {
		fputs(pass ? ",\n    [" : "\n    [", out);
		for (size_t i = 0; i < plan->passes[pass].count; i++) {
			fputs(i ? ", " : "", out);
			put_string(
				out,
				plan->events.items[plan->passes[pass].members[i]].name);
		}
		putc(']', out);
	}
	fputs(plan->pass_count ? "\n  ]" : "]", out);
}

static void put_regions(const struct export_source *source, FILE *out)
{
	put_key(out, ",\n  ", "regions");
	putc('[', out);
	for (size_t i = 0; i < source->region_count; i++) {
		fputs(i ? ",\n    " : "\n    ", out);
		put_string(out, source->regions[i].name);
	}
	fputs(source->region_count ? "\n  ]" : "]", out);
}

static int put_head(const struct export_source *source, FILE *out, struct error *error)
{
	static const char *const facts[] = {"created_utc", "tool_version", "git_commit",
					    "directory"};
	int status = 0;

	fputs("{\n  \"format\": \"autoperf-samples\"", out);
	put_u64(out, ",\n  ", "version", EXPORT_JSON_VERSION);
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]) && !status; i++)
		status = put_fact(source->profile, out, facts[i], error);
	put_command(source->profile, out);
	put_key(out, ",\n  ", "source");
	put_string(out, event_source_name(source->plan.source));
	put_events(&source->plan, out);
	put_passes(&source->plan, out);
	put_regions(source, out);
	return status;
}

static void put_run_facts(const struct profile_run *run, FILE *out)
{
	static const char indent[] = ",\n      ";

	put_u64(out, "\n      ", "run", run->ordinal);
	put_u64(out, indent, "pass", run->pass);
	put_u64(out, indent, "started_utc_ns",
		run->started_utc_ns > 0 ? (uint64_t)run->started_utc_ns : 0);
	put_u64(out, indent, "wall_ns", run->wall_ns);
	put_u64(out, indent, "user_ns", run->user_ns);
	put_u64(out, indent, "system_ns", run->system_ns);
	put_u64(out, indent, "max_rss_bytes", run->max_rss_bytes);
	put_u64(out, indent, "seed", run->seed);
	put_u64(out, indent, "lost", run->lost);
}

static void put_sample(const struct sample_table *table, size_t row, size_t region,
		       FILE *out)
{
	fputs("\n        {", out);
	put_u64(out, "", "region", region);
	put_u64(out, ", ", "thread", table->thread[row]);
	put_u64(out, ", ", "begin_ns", table->begin_ns[row]);
	put_key(out, ", ", "wall_ns");
	csv_put_number(out, table->wall_ns[row]);
	put_key(out, ", ", "cpu_ns");
	if (isnan(table->cpu_ns[row]))
		fputs("null", out);
	else
		csv_put_number(out, table->cpu_ns[row]);
	put_key(out, ", ", "executions");
	csv_put_number(out, table->weight[row]);
	put_key(out, ", ", "counters_running");
	csv_put_float(out, table->running[row]);
	put_key(out, ", ", "values");
	for (size_t i = 0; i < table->event_count; i++) {
		putc(i ? ',' : '[', out);
		csv_put_number(out, table->values[i][row]);
	}
	fputs(table->event_count ? "]}" : "[]}", out);
}

static int put_samples(struct export_source *source, const struct export_run *run,
		       FILE *out, struct export_summary *summary, struct error *error)
{
	bool first = true;
	int status = 0;

	put_key(out, ",\n      ", "samples");
	putc('[', out);
	for (size_t k = 0; k < run->chunk_count && !status && !ferror(out); k++) {
		const struct export_chunk *chunk =
			&source->chunks[run->first_chunk + k];
		struct sample_table table;

		status = export_read(source, run, chunk, &table, error);
		for (size_t row = 0; row < table.rows && !status; row++) {
			if (!first)
				putc(',', out);
			first = false;
			put_sample(&table, row, chunk->region, out);
		}
		summary->samples += table.rows;
	}
	fputs("\n      ]", out);
	return status;
}

int profile_export_json(struct profile *profile, const struct export_options *options,
			FILE *out, struct export_summary *summary, struct error *error)
{
	struct export_source source;
	int status = export_source_open(&source, profile, options, summary, error);

	if (!status)
		status = put_head(&source, out, error);
	if (!status)
		put_key(out, ",\n  ", "runs");
	for (size_t i = 0; i < source.run_count && !status && !ferror(out); i++) {
		fputs(i ? ",\n    {" : "[\n    {", out);
		put_run_facts(&source.runs[i].run, out);
		status = put_samples(&source, &source.runs[i], out, summary, error);
		fputs("\n    }", out);
	}
	if (!status)
		fputs("\n  ]\n}\n", out);
	summary->files = 1;
	export_source_close(&source);
	return status;
}
