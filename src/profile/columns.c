/* SPDX-License-Identifier: MIT */
/*
 * Columns to blocks and back: see columns.h for the layout and the idea. Nothing here knows
 * of files, regions or events.
 */
#include "profile/columns.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* Level 1 plus planes reaches 12 % on noisy counters; higher levels gain under 1 % more. */
#define COLUMN_ZSTD_LEVEL 1
/* Whole numbers up to here survive the way through a double. */
#define COLUMN_WHOLE_MAX 9007199254740992.0 /* 2^53 */

struct column_codec {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	uint64_t *numbers;      /* [COLUMN_ROWS_MAX] deltas, or doubles as integers */
	unsigned char *content; /* header and planes: what the frame holds */
	unsigned char *frame;
	size_t content_bytes;
	size_t frame_bytes;
};

int column_codec_new(struct column_codec **out, struct error *error)
{
	struct column_codec *codec = calloc(1, sizeof(*codec));
	size_t bad = 0;

	*out = NULL;
	if (!codec)
		return error_no_memory(error, "preparing the column codec");
	codec->content_bytes = COLUMN_HEADER_BYTES + 8 * (size_t)COLUMN_ROWS_MAX;
	codec->frame_bytes = COLUMN_BLOCK_MAX;
	codec->compressor = ZSTD_createCCtx();
	codec->decompressor = ZSTD_createDCtx();
	codec->numbers = malloc(COLUMN_ROWS_MAX * sizeof(*codec->numbers));
	codec->content = malloc(codec->content_bytes);
	codec->frame = malloc(codec->frame_bytes);
	if (codec->compressor) {
		bad |= ZSTD_isError(ZSTD_CCtx_setParameter(
			codec->compressor, ZSTD_c_compressionLevel, COLUMN_ZSTD_LEVEL));
		bad |= ZSTD_isError(ZSTD_CCtx_setParameter(codec->compressor,
							   ZSTD_c_checksumFlag, 1));
	}
	if (!codec->compressor || !codec->decompressor || !codec->numbers ||
	    !codec->content || !codec->frame || bad) {
		column_codec_free(codec);
		return error_no_memory(error, "preparing the column codec");
	}
	*out = codec;
	return 0;
}

void column_codec_free(struct column_codec *codec)
{
	if (!codec)
		return;
	ZSTD_freeCCtx(codec->compressor);
	ZSTD_freeDCtx(codec->decompressor);
	free(codec->numbers);
	free(codec->content);
	free(codec->frame);
	free(codec);
}

static void put_u32(unsigned char *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static void put_u64(unsigned char *at, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static uint32_t get_u32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

static uint64_t get_u64(const unsigned char *at)
{
	return get_u32(at) | (uint64_t)get_u32(at + 4) << 32;
}

/* Small magnitudes of either sign become small numbers. */
static uint64_t zigzag(uint64_t difference)
{
	return (difference << 1) ^ (0 - (difference >> 63));
}

static uint64_t unzigzag(uint64_t number)
{
	return (number >> 1) ^ (0 - (number & 1));
}

static unsigned bytes_of(uint64_t range)
{
	return range ? (71u - (unsigned)__builtin_clzll(range)) / 8 : 0;
}

/* Compresses header and planes into codec->frame, one zstd block (or more) a plane. */
static int compress_planes(struct column_codec *codec, size_t rows, unsigned width,
			   struct column_block *block, struct error *error)
{
	ZSTD_outBuffer out = {codec->frame, codec->frame_bytes, 0};
	size_t status;

	/* The content size goes into the frame's header: the reader checks it first. */
	ZSTD_CCtx_reset(codec->compressor, ZSTD_reset_session_only);
	ZSTD_CCtx_setPledgedSrcSize(codec->compressor,
				    COLUMN_HEADER_BYTES + rows * width);
	for (unsigned plane = 0; plane <= width; plane++) {
		size_t begin = plane ? COLUMN_HEADER_BYTES + (plane - 1) * rows : 0;
		size_t end = COLUMN_HEADER_BYTES + plane * rows;
		ZSTD_inBuffer in = {codec->content + begin, end - begin, 0};

		status = ZSTD_compressStream2(codec->compressor, &out, &in,
					      plane == width ? ZSTD_e_end
							     : ZSTD_e_flush);
		if (ZSTD_isError(status) || status)
			return error_set(
				error, -ENOMEM, "compressing a column failed: %s",
				status ? ZSTD_getErrorName(status) : "no room");
	}
	block->bytes = codec->frame;
	block->length = out.pos;
	return 0;
}

int column_encode(struct column_codec *codec, enum column_encoding encoding,
		  const uint64_t *values, size_t rows, struct column_block *block,
		  struct error *error)
{
	unsigned char *planes = codec->content + COLUMN_HEADER_BYTES;
	uint64_t low = UINT64_MAX, high = 0, base = values[0];
	unsigned width;

	if (encoding == COLUMN_DELTA) {
		codec->numbers[0] = 0;
		for (size_t i = rows - 1; i > 0; i--)
			codec->numbers[i] = zigzag(values[i] - values[i - 1]);
		values = codec->numbers;
	}
	for (size_t i = 0; i < rows; i++) {
		low = values[i] < low ? values[i] : low;
		high = values[i] > high ? values[i] : high;
	}
	if (encoding != COLUMN_DELTA)
		base = low;
	else
		low = 0;
	width = bytes_of(high - low);

	put_u32(codec->content, COLUMN_MAGIC);
	codec->content[4] = (unsigned char)encoding;
	codec->content[5] = (unsigned char)width;
	codec->content[6] = codec->content[7] = 0;
	put_u32(codec->content + 8, (uint32_t)rows);
	put_u32(codec->content + 12, 0);
	put_u64(codec->content + 16, base);
	for (unsigned plane = 0; plane < width; plane++)
		for (size_t i = 0; i < rows; i++)
			planes[plane * rows + i] =
				(unsigned char)((values[i] - low) >> (8 * plane));
	return compress_planes(codec, rows, width, block, error);
}

int column_encode_real(struct column_codec *codec, const double *values, size_t rows,
		       struct column_block *block, struct error *error)
{
	bool whole = true;

	/* NaN fails the comparison and -0.0 has a sign to keep: both stay reals. */
	for (size_t i = 0; i < rows && whole; i++)
		whole = values[i] >= 0 && values[i] <= COLUMN_WHOLE_MAX &&
			values[i] == (double)(uint64_t)values[i] &&
			!__builtin_signbit(values[i]);
	if (whole)
		for (size_t i = 0; i < rows; i++)
			codec->numbers[i] = (uint64_t)values[i];
	else
		memcpy(codec->numbers, values, rows * sizeof(*values));
	return column_encode(codec, whole ? COLUMN_INTEGER : COLUMN_REAL,
			     codec->numbers, rows, block, error);
}

/* Decompresses into codec->content and checks everything that the header claims. */
static int open_block(struct column_codec *codec, const void *bytes, size_t length,
		      size_t rows, struct error *error)
{
	const unsigned char *header = codec->content;
	unsigned long long claimed = ZSTD_getFrameContentSize(bytes, length);
	size_t got;

	if (claimed == ZSTD_CONTENTSIZE_ERROR || claimed == ZSTD_CONTENTSIZE_UNKNOWN ||
	    claimed < COLUMN_HEADER_BYTES ||
	    claimed > COLUMN_HEADER_BYTES + 8 * (uint64_t)rows)
		return error_set(error, -EBADMSG, "a block is no column of %zu rows",
				 rows);
	got = ZSTD_decompressDCtx(codec->decompressor, codec->content,
				  codec->content_bytes, bytes, length);
	if (ZSTD_isError(got))
		return error_set(error, -EBADMSG, "a block does not decompress: %s",
				 ZSTD_getErrorName(got));
	if (got < COLUMN_HEADER_BYTES || get_u32(header) != COLUMN_MAGIC ||
	    header[4] < COLUMN_INTEGER || header[4] > COLUMN_REAL || header[5] > 8 ||
	    get_u32(header + 8) != rows ||
	    got != COLUMN_HEADER_BYTES + header[5] * rows)
		return error_set(error, -EBADMSG,
				 "a block's header contradicts itself");
	return 0;
}

int column_decode(struct column_codec *codec, const void *bytes, size_t length,
		  size_t rows, uint64_t *values, enum column_encoding *encoding,
		  struct error *error)
{
	const unsigned char *planes = codec->content + COLUMN_HEADER_BYTES;
	uint64_t base;
	int status;

	if (!rows || rows > COLUMN_ROWS_MAX || !bytes)
		return error_set(error, -EBADMSG, "a chunk of %zu rows", rows);
	status = open_block(codec, bytes, length, rows, error);
	if (status)
		return status;
	base = get_u64(codec->content + 16);
	memset(values, 0, rows * sizeof(*values));
	for (unsigned plane = 0; plane < codec->content[5]; plane++)
		for (size_t i = 0; i < rows; i++)
			values[i] |= (uint64_t)planes[plane * rows + i] << (8 * plane);
	/* Sums wrap: whatever the block says, this is arithmetic modulo 2^64. */
	if (codec->content[4] == COLUMN_DELTA)
		for (size_t i = 0; i < rows; i++)
			values[i] = base += unzigzag(values[i]);
	else
		for (size_t i = 0; i < rows; i++)
			values[i] += base;
	*encoding = codec->content[4] == COLUMN_REAL ? COLUMN_REAL : COLUMN_INTEGER;
	return 0;
}
