/* SPDX-License-Identifier: MIT */
/*
 * Pieces: what stands for runs in a table of ready-made features that came in one piece, as most
 * collections of such data do. Nothing there says which rows belong together, so they are taken
 * for independent, which samples of a measured program are not.
 */
#ifndef AUTOPERF_MODEL_PIECES_H
#define AUTOPERF_MODEL_PIECES_H

#include <stdbool.h>

#include "profile/profile.h"

#define PIECES ((size_t)10)

/* Whether all events of the plan are ready-made features (`autoperf import --raw`). */
bool pieces_fit(const struct event_plan *plan);

/* Deals the rows of the table to PIECES runs, one after the other. -ENOMEM: it is as it was. */
int pieces_deal(struct sample_table *table);

#endif
