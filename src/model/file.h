/* SPDX-License-Identifier: MIT */
/*
 * The model file: how a model lies in a safetensors container. doc/formats/model.md is its
 * description for other programs; save.c and load.c are the two directions.
 */
#ifndef AUTOPERF_MODEL_FILE_H
#define AUTOPERF_MODEL_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

/* Keys of the metadata. */
#define FILE_KEY_FORMAT  "format"
#define FILE_KEY_VERSION "version"
#define FILE_KEY_MODEL   "model"
#define FILE_KEY_UNITS   "units"
#define FILE_KEY_LINES   "lines" /* may be missing */
#define FILE_FORMAT      "autoperf-model"

#define FILE_NAME_MAX 64 /* bytes of the name of an array, with its NUL */

/*
 * Arrays of a unit, named unit.<index>.<name>. F features, R runs, L landmarks,
 * Q MODEL_QUANTILES, N references, S spaces, K NEIGHBOUR_KNOTS, C components, T TAIL_POINTS.
 */
#define FILE_CENTER          "center"          /* F64 [F] */
#define FILE_SCALE           "scale"           /* F64 [F] */
#define FILE_RESOLUTION      "resolution"      /* F64 [F] */
#define FILE_RESIDUAL_SPREAD "residual_spread" /* F64 [F] */
#define FILE_LANDMARK_SPREAD "landmark_spread" /* F64 [F] */
#define FILE_QUANTILES       "score_quantiles" /* F64 [Q] */
#define FILE_RUN_RATES       "run_rates"       /* F64 [R, F] */
#define FILE_RUN_VALUES      "run_values"      /* F64 [R, enum file_run_value] */
#define FILE_RUN_COUNTS      "run_counts"      /* I64 [R, enum file_run_count] */
#define FILE_LANDMARKS       "landmarks"       /* F32 [L, F] */
#define FILE_TAILS           "tails"           /* F64 [C, T] */
/* The next four only where there are neighbours, the last only where there are white spaces. */
#define FILE_REFERENCES    "references"    /* F32 [N, F] */
#define FILE_REFERENCE_OWN "reference_own" /* F32 [S, N] */
#define FILE_KNOTS         "knots"         /* F32 [F, K] */
#define FILE_WHITE         "white"         /* F32 [2 F, F] */
#define FILE_WEIGHT        "weight"        /* F32 [outputs, inputs], layer.<i>.weight */
#define FILE_BIAS          "bias"          /* F32 [outputs], layer.<i>.bias */

enum file_run_value {
	FILE_RUN_EXECUTIONS,
	FILE_RUN_WALL_TOTAL,
	FILE_RUN_WALL_MEAN,
	FILE_RUN_WALL_MEDIAN,
	FILE_RUN_SCORE_MEAN,
	FILE_RUN_ANOMALOUS,
	FILE_RUN_VALUES_COUNT
};

enum file_run_count {
	FILE_RUN_ORDINAL,
	FILE_RUN_SAMPLES,
	FILE_RUN_THREADS,
	FILE_RUN_COUNTS_COUNT
};

/* "unit.3.center", "unit.3.layer.0.weight"; returns `buffer` (FILE_NAME_MAX bytes). */
char *file_name(char *buffer, size_t unit, const char *name);
char *file_layer_name(char *buffer, size_t unit, size_t layer, const char *name);

#endif
