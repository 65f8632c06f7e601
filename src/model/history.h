/* SPDX-License-Identifier: MIT */
/*
 * How a unit's network came about: the topologies that were tried, and the errors of the chosen
 * one while it was trained. Nothing is computed from it; it is shown to people. Kept in the
 * model file, so that whoever has the model can look.
 */
#ifndef AUTOPERF_MODEL_HISTORY_H
#define AUTOPERF_MODEL_HISTORY_H

#include "model/loader.h"
#include "model/network.h"
#include "model/search.h"
#include "model/train.h"

#define HISTORY_CANDIDATES_MAX SEARCH_CANDIDATES_MAX
#define HISTORY_CHECKS_MAX     64

/*
 * Notes that the topology was tried; `error` is that on runs held out. Of more than
 * HISTORY_CANDIDATES_MAX the rest is left out. -ENOMEM.
 */
int history_add(struct model_history *history, const struct topology *topology,
		double error);
/*
 * The one added last is the best so far, and these are the errors while it was trained; the first
 * HISTORY_CHECKS_MAX of them are kept. -ENOMEM.
 */
int history_choose(struct model_history *history, const struct train_result *result);
void history_free(struct model_history *history);

/* As it lies in the file; json null when there is none. */
json_t *history_json(const struct model_history *history);
/* Back from there, checked; `object` NULL or null: there is none, as in models of old. */
int history_load(struct loader *loader, const json_t *object, size_t features,
		 struct model_history *history);

#endif
