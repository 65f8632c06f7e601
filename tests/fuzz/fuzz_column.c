/* SPDX-License-Identifier: MIT */
/*
 * profile/columns.c: blocks of any bytes, and, past zstd's checksum, of any content. The first
 * two bytes are the number of rows that is asked for.
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "fuzz/fuzz.h"
#include "profile/columns.h"

static struct column_codec *codec;
static uint64_t values[COLUMN_ROWS_MAX], again[COLUMN_ROWS_MAX];

static void decode(const void *block, size_t length, size_t rows)
{
	enum column_encoding encoding, second;
	struct column_block encoded;
	struct error error = {0};

	if (column_decode(codec, block, length, rows, values, &encoding, &error)) {
		fuzz_require(error.code < 0 && *error.text);
		return;
	}
	/* What was taken can be written, and reads the same. */
	fuzz_require(rows > 0 && rows <= COLUMN_ROWS_MAX);
	fuzz_require(!column_encode(codec, encoding, values, rows, &encoded, &error));
	fuzz_require(encoded.length <= COLUMN_BLOCK_MAX);
	fuzz_require(!column_decode(codec, encoded.bytes, encoded.length, rows, again,
				    &second, &error));
	fuzz_require(encoding == second);
	fuzz_require(!memcmp(values, again, rows * sizeof(*values)));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	size_t rows, bound, packed;
	void *frame;

	if (length < 2)
		return 0;
	if (!codec)
		fuzz_require(!column_codec_new(&codec, NULL));
	rows = (size_t)bytes[0] | (size_t)bytes[1] << 8;
	decode(bytes + 2, length - 2, rows);
	bound = ZSTD_compressBound(length);
	frame = malloc(bound);
	fuzz_require(frame);
	packed = ZSTD_compress(frame, bound, bytes + 2, length - 2, 1);
	fuzz_require(!ZSTD_isError(packed));
	decode(frame, packed, rows);
	free(frame);
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const enum column_encoding encodings[] = {COLUMN_INTEGER, COLUMN_DELTA,
							 COLUMN_REAL};
	enum { ROWS = 40, WIDTH = 3 };
	uint8_t *content;

	if (index >= sizeof(encodings) / sizeof(encodings[0]))
		return false;
	*length = 2 + COLUMN_HEADER_BYTES + WIDTH * ROWS;
	*bytes = calloc(1, *length);
	fuzz_require(*bytes);
	(*bytes)[0] = ROWS;
	content = *bytes + 2;
	memcpy(content, "APC1", 4);
	content[4] = (uint8_t)encodings[index];
	content[5] = WIDTH;
	content[8] = ROWS;
	for (size_t i = 0; i < WIDTH * ROWS; i++)
		content[COLUMN_HEADER_BYTES + i] = (uint8_t)(i * i);
	return true;
}
