/* SPDX-License-Identifier: MIT */
/* See pieces.h. Tables are in order of run, so rows move: row i of piece k was row k + i PIECES. */
#include "model/pieces.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool pieces_fit(const struct event_plan *plan)
{
	for (size_t i = 0; i < plan->events.count; i++)
		if (plan->events.items[i].unit != EVENT_UNIT_RAW)
			return false;
	return plan->events.count;
}

/* Rows of the table in their new order. */
static void deal_column(void *column, size_t item, size_t rows, unsigned char *scratch)
{
	unsigned char *bytes = column;
	size_t to = 0;

	for (size_t piece = 0; piece < PIECES; piece++)
		for (size_t row = piece; row < rows; row += PIECES)
			memcpy(scratch + item * to++, bytes + item * row, item);
	memcpy(bytes, scratch, item * rows);
}

int pieces_deal(struct sample_table *table)
{
	size_t rows = table->rows, row = 0;
	unsigned char *scratch = malloc(rows * sizeof(uint64_t) + 1);
	uint32_t *ordinals = calloc(PIECES, sizeof(*ordinals));

	if (!scratch || !ordinals) {
		free(ordinals);
		free(scratch);
		return -ENOMEM;
	}
	deal_column(table->thread, sizeof(*table->thread), rows, scratch);
	deal_column(table->begin_ns, sizeof(*table->begin_ns), rows, scratch);
	deal_column(table->wall_ns, sizeof(*table->wall_ns), rows, scratch);
	deal_column(table->cpu_ns, sizeof(*table->cpu_ns), rows, scratch);
	deal_column(table->weight, sizeof(*table->weight), rows, scratch);
	deal_column(table->running, sizeof(*table->running), rows, scratch);
	for (size_t e = 0; e < table->event_count; e++)
		deal_column(table->values[e], sizeof(*table->values[e]), rows, scratch);
	for (size_t piece = 0; piece < PIECES; piece++) {
		ordinals[piece] = (uint32_t)piece;
		for (size_t i = piece; i < rows; i += PIECES)
			table->run[row++] = (uint32_t)piece;
	}
	free(table->run_ordinals);
	table->run_ordinals = ordinals;
	table->run_count = rows < PIECES ? rows : PIECES;
	free(scratch);
	return 0;
}
