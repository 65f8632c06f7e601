/* SPDX-License-Identifier: MIT */
/* Shared by training and model_summarise_run(): what one run looked like. */
#ifndef AUTOPERF_MODEL_SUMMARY_H
#define AUTOPERF_MODEL_SUMMARY_H

#include "model/model.h"

/* Rows of one run in a table: they are consecutive. */
struct summary_range {
	size_t first;
	size_t count;
};
struct summary_range summary_rows(const struct sample_table *table, size_t run);

#endif
