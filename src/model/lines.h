/* SPDX-License-Identifier: MIT */
/* Contended cache lines of normal runs, kept so that new ones are told from old; private. */
#ifndef AUTOPERF_MODEL_LINES_H
#define AUTOPERF_MODEL_LINES_H

#include "model/loader.h"

/* Fills model->lines from the runs that ended well. */
int model_lines_learn(struct model *model, struct profile *profile,
		      struct error *error);
void model_lines_free(struct model *model);

/* As they lie in the metadata, and back. A model without them does not know. */
json_t *model_lines_json(const struct model *model);
int model_lines_load(struct loader *loader);

#endif
