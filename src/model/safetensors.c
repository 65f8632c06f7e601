/* SPDX-License-Identifier: MIT */
/* See safetensors.h. */
#include "model/safetensors.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define LENGTH_BYTES 8
#define HEADER_MAX   ((size_t)100 << 20) /* as the reference implementation */
#define METADATA_KEY "__metadata__"

static const struct {
	const char *name;
	size_t bytes;
} types[] = {
	[TENSOR_F64] = {"F64", 8},
	[TENSOR_I64] = {"I64", 8},
	[TENSOR_F32] = {"F32", 4},
};

#define TYPES (sizeof(types) / sizeof(*types))

/* Bytes of numbers between the machine's order and little-endian; its own inverse. */
static void reorder(void *to, const void *from, size_t count, size_t bytes)
{
	memcpy(to, from, count * bytes);
	for (size_t i = 0; __BYTE_ORDER == __BIG_ENDIAN && i < count; i++) {
		unsigned char *number = (unsigned char *)to + i * bytes;

		for (size_t k = 0; k < bytes / 2; k++) {
			unsigned char swap = number[k];

			number[k] = number[bytes - 1 - k];
			number[bytes - 1 - k] = swap;
		}
	}
}

/* ---- writing ---- */

int tensor_list_add(struct tensor_list *list, const char *name, enum tensor_type type,
		    size_t rows, size_t columns, const void *data)
{
	struct tensor *tensor;

	if (array_reserve(&list->items, &list->capacity, list->count + 1,
			  sizeof(*list->items)))
		return -ENOMEM;
	tensor = &list->items[list->count];
	*tensor = (struct tensor){
		.name = strdup(name),
		.type = type,
		.rank = columns ? 2 : 1,
		.shape = {rows, columns},
		.count = columns ? rows * columns : rows,
		.data = data,
	};
	if (!tensor->name)
		return -ENOMEM;
	list->count++;
	return 0;
}

void tensor_list_free(struct tensor_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i].name);
	free(list->items);
	*list = (struct tensor_list){0};
}

static int compare_tensors(const void *a, const void *b)
{
	const struct tensor *x = a, *y = b;

	/* The order of the types is that of their sizes, large ones first. */
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return strcmp(x->name, y->name);
}

static json_t *describe(const struct tensor *tensor, size_t begin, size_t end)
{
	json_t *shape = json_array();

	for (size_t i = 0; i < tensor->rank; i++)
		if (json_array_append_new(shape,
					  json_integer((json_int_t)tensor->shape[i]))) {
			json_decref(shape);
			return NULL;
		}
	return json_pack("{s:s, s:o, s:[I, I]}", "dtype", types[tensor->type].name,
			 "shape", shape, "data_offsets", (json_int_t)begin,
			 (json_int_t)end);
}

static int write_data(const struct tensor_list *list, FILE *stream)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct tensor *tensor = &list->items[i];
		size_t size = types[tensor->type].bytes;
		void *bytes = malloc(tensor->count * size + 1);

		if (!bytes)
			return -ENOMEM;
		reorder(bytes, tensor->data, tensor->count, size);
		fwrite(bytes, size, tensor->count, stream);
		free(bytes);
	}
	return 0;
}

int tensor_list_write(struct tensor_list *list, json_t *metadata, FILE *stream,
		      struct error *error)
{
	json_t *header = json_object();
	char *text = NULL;
	size_t offset = 0, length, padding;
	uint64_t stored;
	int status = json_object_set(header, METADATA_KEY, metadata) ? -ENOMEM : 0;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_tensors);
	for (size_t i = 0; !status && i < list->count; i++) {
		const struct tensor *tensor = &list->items[i];
		size_t end = offset + tensor->count * types[tensor->type].bytes;

		if (json_object_set_new(header, tensor->name,
					describe(tensor, offset, end)))
			status = -ENOMEM;
		offset = end;
	}
	text = status ? NULL : json_dumps(header, JSON_COMPACT);
	json_decref(header);
	if (!text)
		return error_no_memory(error, "writing a model");
	length = strlen(text);
	padding = (LENGTH_BYTES - length % LENGTH_BYTES) % LENGTH_BYTES;
	stored = htole64(length + padding);
	fwrite(&stored, sizeof(stored), 1, stream);
	fwrite(text, 1, length, stream);
	for (size_t i = 0; i < padding; i++)
		putc(' ', stream);
	free(text);
	if (write_data(list, stream))
		return error_no_memory(error, "writing a model");
	return 0;
}

/* ---- reading ---- */

static int damaged(struct error *error, const char *what, const char *name)
{
	return error_set(error, -EINVAL, "%s%s%s", what, name ? " of array " : "",
			 name ? name : "");
}

/* A JSON integer from 0 to SIZE_MAX. */
static bool read_size(const json_t *value, size_t *size)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return false;
	*size = (size_t)json_integer_value(value);
	return true;
}

static int read_shape(const json_t *shape, struct tensor *tensor, struct error *error)
{
	tensor->rank = json_array_size(shape);
	tensor->count = 1;
	if (!json_is_array(shape) || !tensor->rank || tensor->rank > TENSOR_RANK_MAX)
		return damaged(error, "unexpected dimensions", tensor->name);
	for (size_t i = 0; i < tensor->rank; i++)
		if (!read_size(json_array_get(shape, i), &tensor->shape[i]) ||
		    __builtin_mul_overflow(tensor->count, tensor->shape[i],
					   &tensor->count))
			return damaged(error, "impossible shape", tensor->name);
	return 0;
}

/* One entry of the header; `data` is the data area of `room` bytes. */
static int read_tensor(struct tensor *tensor, json_t *entry, const unsigned char *data,
		       size_t room, struct error *error)
{
	const char *type = json_string_value(json_object_get(entry, "dtype"));
	const json_t *offsets = json_object_get(entry, "data_offsets");
	size_t begin, end, bytes, kind = 0;
	int status;

	while (type && kind < TYPES && strcmp(type, types[kind].name))
		kind++;
	if (!type || kind == TYPES)
		return damaged(error, "unexpected type of number", tensor->name);
	tensor->type = (enum tensor_type)kind;
	status = read_shape(json_object_get(entry, "shape"), tensor, error);
	if (status)
		return status;
	if (json_array_size(offsets) != 2 ||
	    !read_size(json_array_get(offsets, 0), &begin) ||
	    !read_size(json_array_get(offsets, 1), &end) || begin > end || end > room ||
	    __builtin_mul_overflow(tensor->count, types[kind].bytes, &bytes) ||
	    end - begin != bytes)
		return damaged(error, "impossible place", tensor->name);
	tensor->data = data + begin;
	return 0;
}

static int compare_places(const void *a, const void *b)
{
	const struct tensor *x = a, *y = b;

	if (x->data != y->data)
		return x->data < y->data ? -1 : 1;
	return (x->count > y->count) - (x->count < y->count);
}

static int compare_names(const void *a, const void *b)
{
	const struct tensor *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The arrays fill the data area without gaps and overlaps; then sorts them by name. */
static int check_places(struct tensor_list *list, const unsigned char *data,
			size_t room, struct error *error)
{
	const unsigned char *next = data;

	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_places);
	for (size_t i = 0; i < list->count; i++) {
		const struct tensor *tensor = &list->items[i];

		if (tensor->data != next)
			return damaged(error, "gap or overlap before the data",
				       tensor->name);
		next += tensor->count * types[tensor->type].bytes;
	}
	if (next != data + room)
		return damaged(error, "bytes after the last array", NULL);
	if (list->count)
		qsort(list->items, list->count, sizeof(*list->items), compare_names);
	return 0;
}

static int read_metadata(struct tensor_file *file, json_t *metadata,
			 struct error *error)
{
	const char *key;
	json_t *value;

	if (!json_is_object(metadata))
		return damaged(error, "metadata are no object", NULL);
	json_object_foreach (metadata, key, value)
		if (!json_is_string(value))
			return damaged(error, "metadata hold something else than text",
				       NULL);
	file->metadata = json_incref(metadata);
	return 0;
}

static int read_header(struct tensor_file *file, json_t *header,
		       const unsigned char *data, size_t room, struct error *error)
{
	const char *key;
	json_t *value;
	int status = 0;

	json_object_foreach (header, key, value) {
		struct tensor_list *list = &file->tensors;

		if (!strcmp(key, METADATA_KEY))
			status = read_metadata(file, value, error);
		else if (tensor_list_add(list, key, TENSOR_F32, 0, 0, NULL))
			status = error_no_memory(error, "reading a model");
		else
			status = read_tensor(&list->items[list->count - 1], value, data,
					     room, error);
		if (status)
			return status;
	}
	return check_places(&file->tensors, data, room, error);
}

int tensor_file_parse(struct tensor_file *file, const void *bytes, size_t length,
		      struct error *error)
{
	const char *text = (const char *)bytes + LENGTH_BYTES;
	uint64_t stored;
	json_error_t json_error;
	json_t *header;
	int status;

	*file = (struct tensor_file){0};
	if (length < LENGTH_BYTES)
		return damaged(error, "shorter than any safetensors file", NULL);
	memcpy(&stored, bytes, sizeof(stored));
	stored = le64toh(stored);
	if (stored > HEADER_MAX || stored > length - LENGTH_BYTES)
		return damaged(error, "not a safetensors file, or cut short", NULL);
	header = json_loadb(text, (size_t)stored, JSON_REJECT_DUPLICATES, &json_error);
	if (!json_is_object(header)) {
		json_decref(header);
		return error_set(error, -EINVAL, "the header is not understood: %s",
				 header ? "no object" : json_error.text);
	}
	status = read_header(file, header, (const unsigned char *)text + stored,
			     length - LENGTH_BYTES - (size_t)stored, error);
	json_decref(header);
	if (status)
		tensor_file_free(file);
	return status;
}

void tensor_file_free(struct tensor_file *file)
{
	tensor_list_free(&file->tensors);
	json_decref(file->metadata);
	*file = (struct tensor_file){0};
}

const struct tensor *tensor_file_find(const struct tensor_file *file, const char *name)
{
	struct tensor key = {.name = (char *)(uintptr_t)name};

	if (!file->tensors.count)
		return NULL;
	return bsearch(&key, file->tensors.items, file->tensors.count, sizeof(key),
		       compare_names);
}

void tensor_copy(const struct tensor *tensor, void *out)
{
	reorder(out, tensor->data, tensor->count, types[tensor->type].bytes);
}
