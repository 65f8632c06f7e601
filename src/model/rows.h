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

#endif
