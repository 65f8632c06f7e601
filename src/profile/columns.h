/* SPDX-License-Identifier: MIT */
/*
 * The codec of one column of one chunk: numbers in, one zstd frame out. Private to
 * src/profile; doc/formats.md describes the bytes.
 *
 * A block is exactly one zstd frame with its checksum (XXH64) switched on, and nothing
 * outside it, so that no flipped bit changes a number unnoticed. Inside:
 *
 *	0   4  COLUMN_MAGIC
 *	4   1  enum column_encoding
 *	5   1  width: bytes a row, 0..8
 *	6   2  zero
 *	8   4  rows
 *	12  4  zero
 *	16  8  base
 *	24     width planes of `rows` bytes: byte 0 (the lowest) of every row, then byte 1, ...
 *
 * All little-endian. The width is the narrowest that holds the column's range in this chunk;
 * planes go to zstd as blocks of their own, because each byte position has statistics of its
 * own: the lowest of a noisy counter is incompressible, the next needs a few bits.
 */
#ifndef AUTOPERF_PROFILE_COLUMNS_H
#define AUTOPERF_PROFILE_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define COLUMN_MAGIC        0x31435041u /* "APC1" */
#define COLUMN_HEADER_BYTES 24u
#define COLUMN_ROWS_MAX     65536u /* rows of a chunk, and so of a block */
/* What a block can be at most: zstd adds under 1 % and 1 KiB to what it cannot compress. */
#define COLUMN_BLOCK_MAX (COLUMN_HEADER_BYTES + 8u * COLUMN_ROWS_MAX + (16u << 10))

enum column_encoding {
	COLUMN_INTEGER = 1, /* row = base + planes */
	COLUMN_DELTA = 2,   /* row = row before (first: base) + zigzag(planes) */
	COLUMN_REAL = 3,    /* bits of an IEEE double = base + planes */
};

/* Scratch memory and zstd contexts; about 2 MiB. One user at a time. */
struct column_codec;

int column_codec_new(struct column_codec **codec, struct error *error);
void column_codec_free(struct column_codec *codec);

/* A finished block; the bytes belong to the codec and live until its next use. */
struct column_block {
	const void *bytes;
	size_t length;
};

/*
 * Encodes `rows` (1..COLUMN_ROWS_MAX) numbers. COLUMN_REAL takes the bits of doubles. Fails
 * only when out of memory.
 */
int column_encode(struct column_codec *codec, enum column_encoding encoding,
		  const uint64_t *values, size_t rows, struct column_block *block,
		  struct error *error);
/* Doubles: as integers where all are whole and in [0, 2^53], else as reals. */
int column_encode_real(struct column_codec *codec, const double *values, size_t rows,
		       struct column_block *block, struct error *error);

/*
 * Decodes a block that must hold exactly `rows` numbers; the block is untrusted. *encoding is
 * COLUMN_INTEGER or COLUMN_REAL: whether `values` are numbers or bits of doubles. -EBADMSG
 * when the block is damaged.
 */
int column_decode(struct column_codec *codec, const void *bytes, size_t length,
		  size_t rows, uint64_t *values, enum column_encoding *encoding,
		  struct error *error);

#endif
