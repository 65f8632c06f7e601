/* SPDX-License-Identifier: MIT */
/* See rows.h. Order is kept: tables are in order of run. */
#include "model/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/*
 * Replaces a column by one of the listed rows alone. Copied, for a column that shrinks in its
 * place leaves a gap that is just too small for the next table's.
 */
static void *pick(void *column, const uint32_t *list, size_t count, size_t bytes,
		  bool *failed)
{
	char *picked = malloc(count * bytes);

	if (!picked) {
		*failed = true;
		return column;
	}
	for (size_t i = 0; i < count; i++)
		memcpy(picked + i * bytes, (const char *)column + list[i] * bytes,
		       bytes);
	free(column);
	return picked;
}

int rows_pick(struct sample_table *table, const uint32_t *list, size_t count)
{
	bool failed = false;

	table->rows = 0;
	table->run = pick(table->run, list, count, sizeof(*table->run), &failed);
	table->thread =
		pick(table->thread, list, count, sizeof(*table->thread), &failed);
	table->begin_ns =
		pick(table->begin_ns, list, count, sizeof(*table->begin_ns), &failed);
	table->wall_ns =
		pick(table->wall_ns, list, count, sizeof(*table->wall_ns), &failed);
	table->cpu_ns =
		pick(table->cpu_ns, list, count, sizeof(*table->cpu_ns), &failed);
	table->weight =
		pick(table->weight, list, count, sizeof(*table->weight), &failed);
	table->running =
		pick(table->running, list, count, sizeof(*table->running), &failed);
	for (size_t e = 0; e < table->event_count; e++)
		table->values[e] = pick(table->values[e], list, count,
					sizeof(**table->values), &failed);
	if (failed)
		return -ENOMEM;
	table->rows = count;
	return 0;
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
