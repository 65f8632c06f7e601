/* SPDX-License-Identifier: MIT */
/*
 * The safetensors container: named arrays of numbers with a JSON header, readable by the package
 * of that name in other languages.
 *
 *	8 bytes		length of the header, little-endian, a multiple of 8 here
 *	header		JSON: {"__metadata__": {key: text}, NAME: {"dtype": "F32",
 *			"shape": [2, 3], "data_offsets": [0, 24]}, ...}, padded with spaces
 *	data		the arrays, little-endian, without gaps, overlaps or a rest
 *
 * Knows nothing about models. A file that is read is untrusted: every offset and shape is
 * checked before it is used.
 */
#ifndef AUTOPERF_MODEL_SAFETENSORS_H
#define AUTOPERF_MODEL_SAFETENSORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

enum tensor_type { TENSOR_F64, TENSOR_I64, TENSOR_F32 };

#define TENSOR_RANK_MAX 2

struct tensor {
	char *name; /* owned */
	enum tensor_type type;
	size_t rank; /* 1 or 2 */
	size_t shape[TENSOR_RANK_MAX];
	size_t count; /* product of the shape */
	/* Writing: numbers in the machine's order, the caller's. Reading: within the file. */
	const void *data;
};

/* ---- writing ---- */

struct tensor_list {
	struct tensor *items;
	size_t count;
	size_t capacity;
};

/* `columns` 0: one dimension. `name` is copied. 0 or -ENOMEM. */
int tensor_list_add(struct tensor_list *list, const char *name, enum tensor_type type,
		    size_t rows, size_t columns, const void *data);
void tensor_list_free(struct tensor_list *list);
/*
 * Writes header and data; reorders the list by size of number, then name, which aligns every
 * array. `metadata` is an object of strings. Errors of the stream are left to its closing.
 */
int tensor_list_write(struct tensor_list *list, json_t *metadata, FILE *stream,
		      struct error *error);

/* ---- reading ---- */

struct tensor_file {
	json_t *metadata; /* object of strings; owned */
	struct tensor_list tensors;
};

/*
 * Parses `length` bytes, which must outlive the file. The texts say what is wrong, not in which
 * file.
 */
int tensor_file_parse(struct tensor_file *file, const void *bytes, size_t length,
		      struct error *error);
void tensor_file_free(struct tensor_file *file);
/* NULL: no such array. */
const struct tensor *tensor_file_find(const struct tensor_file *file, const char *name);
/* Copies the numbers, in the machine's order; `out` has room for tensor->count of them. */
void tensor_copy(const struct tensor *tensor, void *out);

#endif
