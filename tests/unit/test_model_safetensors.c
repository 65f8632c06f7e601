/* SPDX-License-Identifier: MIT */
/* model/safetensors.c: the published format to the byte, and nothing else is accepted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/safetensors.h"

/* A file as written by hand: header, padding, data. *bytes is malloc'd. */
static size_t by_hand(const char *header, size_t data, unsigned char **bytes)
{
	size_t length = (strlen(header) + 7) / 8 * 8;

	*bytes = calloc(1, 8 + length + data + 1);
	assert_non_null(*bytes);
	for (size_t i = 0; i < 8; i++)
		(*bytes)[i] = (unsigned char)(length >> (8 * i));
	memset(*bytes + 8, ' ', length);
	memcpy(*bytes + 8, header, strlen(header));
	return 8 + length + data;
}

static int parse(const char *header, size_t data, struct error *error)
{
	struct tensor_file file;
	unsigned char *bytes;
	size_t length = by_hand(header, data, &bytes);
	int status = tensor_file_parse(&file, bytes, length, error);

	if (!status)
		tensor_file_free(&file);
	free(bytes);
	return status;
}

static void written_file_is_the_published_format(void **state)
{
	static const char header[] =
		"{\"__metadata__\":{\"k\":\"v\"},"
		"\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
		"\"i\":{\"dtype\":\"I64\",\"shape\":[1,1],\"data_offsets\":[8,16]},"
		"\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[16,28]}}";
	const float floats[3] = {1, 2, 0.5f};
	const double number = -2;
	const int64_t integer = 258;
	static const unsigned char data[] = {
		0, 0, 0, 0, 0,    0,    0, 0xc0, 2, 1,    0, 0, 0, 0,
		0, 0, 0, 0, 0x80, 0x3f, 0, 0,    0, 0x40, 0, 0, 0, 0x3f,
	};
	json_t *metadata = json_pack("{s:s}", "k", "v");
	struct tensor_list list = {0};
	char *bytes = NULL;
	size_t length = 0, padded = (sizeof(header) - 1 + 7) / 8 * 8;
	FILE *stream = open_memstream(&bytes, &length);
	struct error error;

	(void)state;
	assert_int_equal(tensor_list_add(&list, "a", TENSOR_F32, 3, 0, floats), 0);
	assert_int_equal(tensor_list_add(&list, "i", TENSOR_I64, 1, 1, &integer), 0);
	assert_int_equal(tensor_list_add(&list, "d", TENSOR_F64, 1, 0, &number), 0);
	assert_int_equal(tensor_list_write(&list, metadata, stream, &error), 0);
	fclose(stream);
	assert_int_equal(length, 8 + padded + sizeof(data));
	assert_int_equal((unsigned char)bytes[0], padded);
	assert_int_equal(bytes[1], 0);
	assert_memory_equal(bytes + 8, header, sizeof(header) - 1);
	for (size_t i = sizeof(header) - 1; i < padded; i++)
		assert_int_equal(bytes[8 + i], ' ');
	assert_memory_equal(bytes + 8 + padded, data, sizeof(data));
	free(bytes);
	tensor_list_free(&list);
	json_decref(metadata);
}

static void arrays_are_found_and_copied(void **state)
{
	unsigned char *bytes;
	size_t length = by_hand(
		"{\"b\":{\"shape\":[2],\"dtype\":\"I64\",\"data_offsets\":[0,16]},"
		"\"a\":{\"shape\":[2,1],\"dtype\":\"F32\",\"data_offsets\":[16,24]}}",
		24, &bytes);
	struct tensor_file file;
	struct error error;
	int64_t integers[2];

	(void)state;
	bytes[length - 24] = 7;
	assert_int_equal(tensor_file_parse(&file, bytes, length, &error), 0);
	assert_null(tensor_file_find(&file, "c"));
	assert_int_equal(tensor_file_find(&file, "a")->rank, 2);
	assert_int_equal(tensor_file_find(&file, "a")->shape[0], 2);
	tensor_copy(tensor_file_find(&file, "b"), integers);
	assert_int_equal(integers[0], 7);
	tensor_file_free(&file);
	free(bytes);
}

static void damaged_headers_are_refused(void **state)
{
	static const struct {
		const char *header;
		size_t data;
		const char *says;
	} cases[] = {
		{"", 0, "not understood"},
		{"[]", 0, "no object"},
		{"{\"a\":1}", 0, "type"},
		{"{\"a\":{}}", 0, "type"},
		{"{\"__metadata__\":[]}", 0, "metadata"},
		{"{\"__metadata__\":{\"a\":1}}", 0, "metadata"},
		{"{} junk", 0, "not understood"},
		{"{\"a\":{\"dtype\":\"F16\",\"shape\":[1],\"data_offsets\":[0,2]}}", 2,
		 "type"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}", 4,
		 "dimensions"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1],\"data_offsets\":[0,4]}}",
		 4, "dimensions"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4,
		 "shape"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1.0],\"data_offsets\":[0,4]}}",
		 4, "shape"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,16],"
		 "\"data_offsets\":[0,0]}}",
		 0, "shape"},
		{"{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],"
		 "\"data_offsets\":[0,0]}}",
		 0, "place"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,8]}}", 8,
		 "place"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4,
		 "place"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0]}}", 4,
		 "place"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 4,
		 "place"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 8,
		 "after the last"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
		 "gap or overlap"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
		 "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
		 4, "gap or overlap"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
		 "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}",
		 12, "gap or overlap"},
		{"{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
		 "\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
		 8, "duplicate"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct error error = {0};

		assert_int_equal(parse(cases[i].header, cases[i].data, &error),
				 -EINVAL);
		if (!strstr(error.text, cases[i].says))
			fail_msg("%s: %s", cases[i].header, error.text);
	}
	assert_int_equal(parse("{}", 0, NULL), 0);
}

static void impossible_header_lengths_are_refused(void **state)
{
	unsigned char bytes[16] = "\x02\0\0\0\0\0\0\0{}";
	struct tensor_file file;
	struct error error;

	(void)state;
	assert_int_equal(tensor_file_parse(&file, bytes, 10, &error), 0);
	tensor_file_free(&file);
	for (size_t length = 0; length < 10; length++)
		assert_int_equal(tensor_file_parse(&file, bytes, length, &error),
				 -EINVAL);
	memset(bytes, 0xff, 8);
	assert_int_equal(tensor_file_parse(&file, bytes, sizeof(bytes), &error),
			 -EINVAL);
}

static void deep_nesting_is_refused(void **state)
{
	char header[20001];

	(void)state;
	memset(header, '[', sizeof(header) - 1);
	header[sizeof(header) - 1] = '\0';
	assert_int_equal(parse(header, 0, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_file_is_the_published_format),
		cmocka_unit_test(arrays_are_found_and_copied),
		cmocka_unit_test(damaged_headers_are_refused),
		cmocka_unit_test(impossible_header_lengths_are_refused),
		cmocka_unit_test(deep_nesting_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
