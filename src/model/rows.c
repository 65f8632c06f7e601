/* SPDX-License-Identifier: MIT */
/* See rows.h. Order is kept: tables are in order of run. */
#include "model/rows.h"

#include <errno.h>
#include <stdlib.h>

#include "base/random.h"

#define THIN_SEED 1

static void move_row(struct sample_table *table, size_t from, size_t to)
{
	table->thread[to] = table->thread[from];
	table->begin_ns[to] = table->begin_ns[from];
	table->wall_ns[to] = table->wall_ns[from];
	table->cpu_ns[to] = table->cpu_ns[from];
	table->weight[to] = table->weight[from];
	table->running[to] = table->running[from];
	for (size_t e = 0; e < table->event_count; e++)
		table->values[e][to] = table->values[e][from];
}

void rows_keep(struct sample_table *table, const bool *keep)
{
	size_t rows = 0, runs = 0, last = table->run_count;
	uint32_t number = 0;

	for (size_t row = 0; row < table->rows; row++) {
		size_t run = table->run[row];

		if (!keep[run])
			continue;
		/* Runs are numbered anew as they are met. */
		if (run != last)
			number = (uint32_t)runs++;
		last = run;
		move_row(table, row, rows);
		table->run[rows++] = number;
	}
	runs = 0;
	for (size_t run = 0; run < table->run_count; run++)
		if (keep[run])
			table->run_ordinals[runs++] = table->run_ordinals[run];
	table->run_count = runs;
	table->rows = rows;
}

int rows_keep_ordinals(struct sample_table *table, const bool *chosen, size_t count)
{
	bool *keep;

	if (!chosen)
		return 0;
	keep = calloc(table->run_count + 1, sizeof(*keep));
	if (!keep)
		return -ENOMEM;
	for (size_t run = 0; run < table->run_count; run++)
		keep[run] = table->run_ordinals[run] < count &&
			    chosen[table->run_ordinals[run]];
	rows_keep(table, keep);
	free(keep);
	return 0;
}

/* A smaller array; should there be none, the larger one serves as well. */
static void *shrink(void *column, size_t count, size_t bytes)
{
	void *smaller = realloc(column, count * bytes);

	return smaller ? smaller : column;
}

void rows_pick(struct sample_table *table, const uint32_t *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		table->run[i] = table->run[list[i]];
		move_row(table, list[i], i);
	}
	table->rows = count;
	table->run = shrink(table->run, count, sizeof(*table->run));
	table->thread = shrink(table->thread, count, sizeof(*table->thread));
	table->begin_ns = shrink(table->begin_ns, count, sizeof(*table->begin_ns));
	table->wall_ns = shrink(table->wall_ns, count, sizeof(*table->wall_ns));
	table->cpu_ns = shrink(table->cpu_ns, count, sizeof(*table->cpu_ns));
	table->weight = shrink(table->weight, count, sizeof(*table->weight));
	table->running = shrink(table->running, count, sizeof(*table->running));
	for (size_t e = 0; e < table->event_count; e++)
		table->values[e] =
			shrink(table->values[e], count, sizeof(**table->values));
}

size_t rows_thin(size_t rows, size_t limit, uint32_t *list)
{
	size_t count = rows < limit ? rows : limit;
	struct random random;

	random_seed(&random, THIN_SEED, 0);
	for (size_t i = 0; i < count; i++) {
		size_t from = i * rows / count;
		size_t to = (i + 1) * rows / count;

		list[i] = (uint32_t)from + random_below(&random, (uint32_t)(to - from));
	}
	return count;
}
