/* SPDX-License-Identifier: MIT */
/* A small trained model for tests of model files and what reads them. Fails loudly. */
#ifndef AUTOPERF_TESTS_MODEL_BUILDER_H
#define AUTOPERF_TESTS_MODEL_BUILDER_H

#include <stddef.h>

#include "model/model.h"

/*
 * Regions "alpha" and "beta" with instructions, page-faults and one counter, network 4-2-4,
 * 3 runs of 20 samples; region "gamma" is left out. Seed 1. Free with model_free().
 */
struct model *example_model(void);
/* Samples that fit its units. */
void example_model_table(struct sample_table *table, size_t rows);
void example_model_table_free(struct sample_table *table);
/* The model as a file; *bytes is malloc'd. Returns the length. */
size_t model_bytes(const struct model *model, char **bytes);

#endif
