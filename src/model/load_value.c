/* SPDX-License-Identifier: MIT */
/* Checked values of model files: see loader.h. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/file.h"
#include "model/loader.h"

int loader_wrong(struct loader *loader, const char *what)
{
	return error_set(loader->error, -EINVAL, "%s", what);
}

int loader_no_memory(struct loader *loader)
{
	return error_no_memory(loader->error, "reading a model");
}

int loader_text(struct loader *loader, const json_t *object, const char *key,
		bool required, char **text)
{
	const json_t *value = json_object_get(object, key);

	*text = NULL;
	if (!required && (!value || json_is_null(value)))
		return 0;
	if (!json_is_string(value))
		return error_set(loader->error, -EINVAL, "\"%s\" is missing or no text",
				 key);
	*text = strdup(json_string_value(value));
	return *text ? 0 : loader_no_memory(loader);
}

int loader_integer(struct loader *loader, const json_t *object, const char *key,
		   json_int_t least, json_int_t most, json_int_t *integer)
{
	const json_t *value = json_object_get(object, key);

	*integer = json_integer_value(value);
	if (!json_is_integer(value) || *integer < least || *integer > most)
		return error_set(loader->error, -EINVAL,
				 "\"%s\" is missing or out of range", key);
	return 0;
}

int loader_real(struct loader *loader, const json_t *object, const char *key,
		double least, double *real)
{
	const json_t *value = json_object_get(object, key);

	*real = json_number_value(value);
	if (!json_is_number(value) || !isfinite(*real) || *real < least)
		return error_set(loader->error, -EINVAL,
				 "\"%s\" is missing or out of range", key);
	return 0;
}

int loader_document(struct loader *loader, const char *key, json_t **value)
{
	const char *text =
		json_string_value(json_object_get(loader->file.metadata, key));
	json_error_t json_error;

	*value = text ? json_loads(text, JSON_REJECT_DUPLICATES, &json_error) : NULL;
	if (*value)
		return 0;
	return error_set(loader->error, -EINVAL,
			 "metadata \"%s\" are not understood: %s", key,
			 text ? json_error.text : "missing");
}

static bool all_finite(const struct tensor *tensor, const void *numbers)
{
	for (size_t i = 0; i < tensor->count; i++) {
		if (tensor->type == TENSOR_F64 &&
		    !isfinite(((const double *)numbers)[i]))
			return false;
		if (tensor->type == TENSOR_F32 &&
		    !isfinite(((const float *)numbers)[i]))
			return false;
	}
	return true;
}

int loader_array(struct loader *loader, const char *name, enum tensor_type type,
		 size_t rows, size_t columns, void **numbers)
{
	const struct tensor *tensor = tensor_file_find(&loader->file, name);
	size_t size = type == TENSOR_F32 ? sizeof(float) : sizeof(double);

	if (!tensor)
		return error_set(loader->error, -EINVAL, "array %s is missing", name);
	if (tensor->type != type || tensor->rank != (columns ? 2u : 1u) ||
	    !tensor->shape[0] || (rows && tensor->shape[0] != rows) ||
	    (columns && tensor->shape[1] != columns))
		return error_set(
			loader->error, -EINVAL,
			"array %s has another type or shape than the rest of the "
			"model says",
			name);
	*numbers = malloc(tensor->count * size);
	if (!*numbers)
		return loader_no_memory(loader);
	tensor_copy(tensor, *numbers);
	if (all_finite(tensor, *numbers))
		return 0;
	return error_set(loader->error, -EINVAL,
			 "array %s has numbers that are not finite", name);
}

int loader_doubles(struct loader *loader, size_t unit, const char *name, size_t count,
		   bool positive, double **doubles)
{
	char full[FILE_NAME_MAX];
	void *numbers = NULL;
	int status = loader_array(loader, file_name(full, unit, name), TENSOR_F64,
				  count, 0, &numbers);

	*doubles = numbers;
	for (size_t i = 0; *doubles && !status && positive && i < count; i++)
		if (!((*doubles)[i] > 0))
			status = error_set(loader->error, -EINVAL,
					   "array %s has a number that is not positive",
					   full);
	return status;
}
