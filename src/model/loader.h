/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files that read models (load.c, load_plan.c, load_value.c). The file is
 * untrusted: these take a value out of it only if it is what it should be. Each function returns
 * 0 or a negative code with the text set.
 */
#ifndef AUTOPERF_MODEL_LOADER_H
#define AUTOPERF_MODEL_LOADER_H

#include <jansson.h>
#include <stdbool.h>

#include "model/model.h"
#include "model/safetensors.h"

#define LOADER_ITEMS_MAX 65536 /* events, passes: far beyond what can be measured */

/* What is being read. */
struct loader {
	struct tensor_file file;
	struct model *model;
	struct error *error;
};

int loader_wrong(struct loader *loader, const char *what);
int loader_no_memory(struct loader *loader);

/* A copy of a text; NULL when it is not required and not there. */
int loader_text(struct loader *loader, const json_t *object, const char *key,
		bool required, char **text);
int loader_integer(struct loader *loader, const json_t *object, const char *key,
		   json_int_t least, json_int_t most, json_int_t *integer);
/* A finite number of at least `least`. */
int loader_real(struct loader *loader, const json_t *object, const char *key,
		double least, double *real);
/* Parses a text of the metadata as JSON; *value is the caller's. */
int loader_document(struct loader *loader, const char *key, json_t **value);

/*
 * A copy of an array that must have that type and shape (columns 0: one dimension; rows 0: any
 * number of them but none) and finite numbers. *numbers is the caller's, also after a failure.
 */
int loader_array(struct loader *loader, const char *name, enum tensor_type type,
		 size_t rows, size_t columns, void **numbers);
/* The same for an F64 array of a unit with `count` numbers; `positive`: all above 0. */
int loader_doubles(struct loader *loader, size_t unit, const char *name, size_t count,
		   bool positive, double **doubles);

/* Everything of the model but its units (load_plan.c). */
int loader_model(struct loader *loader);

#endif
