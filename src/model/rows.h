/* SPDX-License-Identifier: MIT */
/* Parts of a sample table, by run. */
#ifndef AUTOPERF_MODEL_ROWS_H
#define AUTOPERF_MODEL_ROWS_H

#include <stdbool.h>

#include "profile/profile.h"

/* Keeps the rows of the runs with keep[run] and forgets the others, in place. */
void rows_keep(struct sample_table *table, const bool *keep);
/* The same by ordinal; chosen[ordinal] for ordinals below `count`, none beyond. NULL: all. */
int rows_keep_ordinals(struct sample_table *table, const bool *chosen, size_t count);
/*
 * Keeps the rows list[0] < list[1] < ... (count > 0), and gives back the memory of the others. Runs
 * stay, also those that have no rows any more. -ENOMEM: the table has no rows then.
 */
int rows_pick(struct sample_table *table, const uint32_t *list, size_t count);
/*
 * Chooses at most `limit` of `rows` rows: they are cut into equal stretches, and a row is drawn from
 * each, so that no period in the program falls in step. Always the same ones; ascending in
 * list[limit]. Returns how many.
 */
size_t rows_thin(size_t rows, size_t limit, uint32_t *list);

#endif
