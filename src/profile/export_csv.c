/* SPDX-License-Identifier: MIT */
/* A profile as one CSV table that spreadsheets, pandas and `autoperf import` read. */
#include <math.h>
#include <stdlib.h>

#include "profile/csv.h"
#include "profile/export_source.h"

#define NO_POSITION SIZE_MAX

static void put_header(const struct export_source *source, FILE *out)
{
	fputs("region,run,pass,thread,begin_ns,wall_ns,cpu_ns,executions,"
	      "counters_running",
	      out);
	for (size_t i = 0; i < source->plan.events.count; i++) {
		putc(',', out);
		csv_put_text(out, source->plan.events.items[i].name);
	}
	putc('\n', out);
}

/* Where each event of the plan is in the values of a pass. */
static void map_events(const struct export_source *source, uint32_t pass,
		       size_t *positions)
{
	const struct event_pass *at = &source->plan.passes[pass];

	for (size_t i = 0; i < source->plan.events.count; i++)
		positions[i] = NO_POSITION;
	for (size_t i = 0; i < at->count; i++)
		positions[at->members[i]] = i;
}

static void put_row(const struct export_source *source, const struct export_run *run,
		    const char *region, const struct sample_table *table, size_t row,
		    const size_t *positions, FILE *out)
{
	csv_put_text(out, region);
	putc(',', out);
	csv_put_u64(out, run->run.ordinal);
	putc(',', out);
	csv_put_u64(out, run->run.pass);
	putc(',', out);
	csv_put_u64(out, table->thread[row]);
	putc(',', out);
	csv_put_u64(out, table->begin_ns[row]);
	putc(',', out);
	csv_put_number(out, table->wall_ns[row]);
	putc(',', out);
	if (!isnan(table->cpu_ns[row]))
		csv_put_number(out, table->cpu_ns[row]);
	putc(',', out);
	csv_put_number(out, table->weight[row]);
	putc(',', out);
	csv_put_float(out, table->running[row]);
	for (size_t i = 0; i < source->plan.events.count; i++) {
		putc(',', out);
		if (positions[i] != NO_POSITION)
			csv_put_number(out, table->values[positions[i]][row]);
	}
	putc('\n', out);
}

int profile_export_csv(struct profile *profile, const struct export_options *options,
		       FILE *out, struct export_summary *summary, struct error *error)
{
	struct export_source source;
	size_t *positions = NULL;
	int status = export_source_open(&source, profile, options, summary, error);

	if (status)
		goto out;
	positions = calloc(source.plan.events.count + 1, sizeof(*positions));
	if (!positions) {
		status = error_no_memory(error, "exporting");
		goto out;
	}
	put_header(&source, out);
	for (size_t i = 0; i < source.run_count && !status; i++) {
		const struct export_run *run = &source.runs[i];

		map_events(&source, run->run.pass, positions);
		for (size_t k = 0; k < run->chunk_count && !status; k++) {
			const struct export_chunk *chunk =
				&source.chunks[run->first_chunk + k];
			const char *region = source.regions[chunk->region].name;
			struct sample_table table;

			status = export_read(&source, run, chunk, &table, error);
			for (size_t row = 0; row < table.rows && !status; row++)
				put_row(&source, run, region, &table, row, positions,
					out);
			summary->samples += table.rows;
			if (ferror(out))
				goto out; /* its owner will say why */
		}
	}
	summary->files = 1;
out:
	free(positions);
	export_source_close(&source);
	return status;
}
