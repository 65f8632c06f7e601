/* SPDX-License-Identifier: MIT */
/* profile/columns.c: what goes in comes out, and damaged blocks are found. */
#include "profile/columns.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <cmocka.h>

#include "base/random.h"

struct fixture {
	struct column_codec *codec;
	struct error error;
	uint64_t in[COLUMN_ROWS_MAX];
	uint64_t out[COLUMN_ROWS_MAX];
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	*state = fixture;
	return column_codec_new(&fixture->codec, &fixture->error);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	column_codec_free(fixture->codec);
	free(fixture);
	return 0;
}

/* Encodes fixture->in, decodes, compares; returns the block's length. */
static size_t round_trip(struct fixture *fixture, enum column_encoding encoding,
			 size_t rows)
{
	struct column_block block;
	enum column_encoding found;
	unsigned char *copy;

	assert_int_equal(column_encode(fixture->codec, encoding, fixture->in, rows,
				       &block, &fixture->error),
			 0);
	assert_true(block.length <= COLUMN_BLOCK_MAX);
	/* Exact copy on the heap: the sanitizer sees reads beyond it. */
	copy = malloc(block.length);
	memcpy(copy, block.bytes, block.length);
	memset(fixture->out, 0xa5, sizeof(fixture->out));
	assert_int_equal(column_decode(fixture->codec, copy, block.length, rows,
				       fixture->out, &found, &fixture->error),
			 0);
	free(copy);
	assert_int_equal(found, encoding == COLUMN_REAL ? COLUMN_REAL : COLUMN_INTEGER);
	assert_memory_equal(fixture->in, fixture->out, rows * sizeof(uint64_t));
	return block.length;
}

static void every_width_survives(void **state)
{
	struct fixture *fixture = *state;
	struct random random;

	random_seed(&random, 1, 0);
	for (unsigned bits = 0; bits <= 64; bits++) {
		uint64_t mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;

		for (size_t i = 0; i < 1000; i++) {
			uint64_t number = (uint64_t)random_u32(&random) << 32 |
					  random_u32(&random);

			fixture->in[i] = number & mask;
		}
		round_trip(fixture, COLUMN_INTEGER, 1000);
		round_trip(fixture, COLUMN_DELTA, 1000);
		round_trip(fixture, COLUMN_REAL, 1000);
	}
}

static void extremes_beside_each_other_survive(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t values[] = {0,
				   UINT64_MAX,
				   0,
				   1,
				   UINT64_MAX - 1,
				   INT64_MAX,
				   (uint64_t)INT64_MAX + 1};

	memcpy(fixture->in, values, sizeof(values));
	round_trip(fixture, COLUMN_INTEGER, sizeof(values) / sizeof(values[0]));
	round_trip(fixture, COLUMN_DELTA, sizeof(values) / sizeof(values[0]));
}

static void one_row_survives(void **state)
{
	struct fixture *fixture = *state;

	fixture->in[0] = 77;
	round_trip(fixture, COLUMN_INTEGER, 1);
	round_trip(fixture, COLUMN_DELTA, 1);
}

static void a_full_chunk_of_noise_survives(void **state)
{
	struct fixture *fixture = *state;
	struct random random;

	random_seed(&random, 2, 0);
	for (size_t i = 0; i < COLUMN_ROWS_MAX; i++)
		fixture->in[i] =
			(uint64_t)random_u32(&random) << 32 | random_u32(&random);
	assert_true(round_trip(fixture, COLUMN_INTEGER, COLUMN_ROWS_MAX) >
		    8 * (size_t)COLUMN_ROWS_MAX);
}

static void a_constant_column_takes_almost_nothing(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COLUMN_ROWS_MAX; i++)
		fixture->in[i] = UINT64_C(123456789012345);
	assert_true(round_trip(fixture, COLUMN_INTEGER, COLUMN_ROWS_MAX) < 64);
}

static void growing_times_take_the_width_of_their_steps(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COLUMN_ROWS_MAX; i++)
		fixture->in[i] = UINT64_C(1) << 60 | 1000 * i;
	assert_true(round_trip(fixture, COLUMN_DELTA, COLUMN_ROWS_MAX) < 1000);
}

static void doubles_come_back_bit_for_bit(void **state)
{
	struct fixture *fixture = *state;
	const double values[] = {0.5, -0.0,     1e308, 5e-324,
				 NAN, INFINITY, -7,    9007199254740993.0};
	const size_t rows = sizeof(values) / sizeof(values[0]);
	struct column_block block;
	enum column_encoding found;

	assert_int_equal(column_encode_real(fixture->codec, values, rows, &block,
					    &fixture->error),
			 0);
	assert_int_equal(column_decode(fixture->codec, block.bytes, block.length, rows,
				       fixture->out, &found, &fixture->error),
			 0);
	assert_int_equal(found, COLUMN_REAL);
	assert_memory_equal(values, fixture->out, sizeof(values));
}

static void whole_doubles_are_stored_as_integers(void **state)
{
	struct fixture *fixture = *state;
	const double values[] = {0, 3, 9007199254740992.0};
	struct column_block block;
	enum column_encoding found;

	assert_int_equal(
		column_encode_real(fixture->codec, values, 3, &block, &fixture->error),
		0);
	assert_int_equal(column_decode(fixture->codec, block.bytes, block.length, 3,
				       fixture->out, &found, &fixture->error),
			 0);
	assert_int_equal(found, COLUMN_INTEGER);
	assert_int_equal(fixture->out[1], 3);
	assert_true(fixture->out[2] == UINT64_C(1) << 53);
}

/* A block of 300 rows, copied so that it can be spoilt. */
static unsigned char *example(struct fixture *fixture, size_t *length)
{
	struct column_block block;
	unsigned char *copy;

	for (size_t i = 0; i < 300; i++)
		fixture->in[i] = 5000 + i * i % 301;
	assert_int_equal(column_encode(fixture->codec, COLUMN_INTEGER, fixture->in, 300,
				       &block, &fixture->error),
			 0);
	copy = malloc(block.length);
	memcpy(copy, block.bytes, block.length);
	*length = block.length;
	return copy;
}

static void no_flipped_bit_changes_a_number(void **state)
{
	struct fixture *fixture = *state;
	enum column_encoding found;
	size_t length, refused = 0;
	unsigned char *block = example(fixture, &length);

	for (size_t bit = 0; bit < 8 * length; bit++) {
		int status;

		block[bit / 8] ^= (unsigned char)(1 << bit % 8);
		status = column_decode(fixture->codec, block, length, 300, fixture->out,
				       &found, &fixture->error);
		/* A few bits of zstd's headers mean nothing to a decoder. */
		if (!status)
			assert_memory_equal(fixture->in, fixture->out,
					    300 * sizeof(uint64_t));
		else
			assert_int_equal(status, -EBADMSG);
		refused += status != 0;
		block[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	assert_true(refused > 8 * length * 99 / 100);
	free(block);
}

static void every_shortened_block_is_refused(void **state)
{
	struct fixture *fixture = *state;
	enum column_encoding found;
	size_t length;
	unsigned char *block = example(fixture, &length);

	for (size_t short_length = 0; short_length < length; short_length++) {
		unsigned char *copy = malloc(short_length + 1);

		memcpy(copy, block, short_length);
		assert_int_equal(column_decode(fixture->codec, copy, short_length, 300,
					       fixture->out, &found, &fixture->error),
				 -EBADMSG);
		free(copy);
	}
	free(block);
}

static void a_block_of_another_number_of_rows_is_refused(void **state)
{
	struct fixture *fixture = *state;
	enum column_encoding found;
	size_t length;
	unsigned char *block = example(fixture, &length);
	const size_t wrong[] = {0, 1, 299, 301, COLUMN_ROWS_MAX, COLUMN_ROWS_MAX + 1};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(column_decode(fixture->codec, block, length, wrong[i],
					       fixture->out, &found, &fixture->error),
				 -EBADMSG);
	free(block);
}

static void a_frame_that_claims_gigabytes_is_refused_before_it_is_unpacked(void **state)
{
	struct fixture *fixture = *state;
	enum column_encoding found;
	size_t size = 64 << 20, bound = ZSTD_compressBound(size);
	unsigned char *zeros = calloc(1, size), *bomb = malloc(bound);
	size_t length = ZSTD_compress(bomb, bound, zeros, size, 1);

	assert_false(ZSTD_isError(length));
	assert_int_equal(column_decode(fixture->codec, bomb, length, COLUMN_ROWS_MAX,
				       fixture->out, &found, &fixture->error),
			 -EBADMSG);
	free(zeros);
	free(bomb);
}

/* Headers that zstd's checksum cannot object to. */
static void a_header_that_contradicts_itself_is_refused(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		size_t at;
		unsigned char value;
	} wrong[] = {{0, 'B'}, {4, 0}, {4, 4}, {5, 9}, {5, 3}, {8, 99}, {11, 1}};
	enum column_encoding found;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		unsigned char content[COLUMN_HEADER_BYTES + 2 * 100] = {
			'A', 'P', 'C', '1', COLUMN_INTEGER, 2, 0, 0, 100};
		unsigned char frame[1024];
		size_t length;

		length = ZSTD_compress(frame, sizeof(frame), content, sizeof(content),
				       1);
		assert_int_equal(column_decode(fixture->codec, frame, length, 100,
					       fixture->out, &found, &fixture->error),
				 0);
		content[wrong[i].at] = wrong[i].value;
		length = ZSTD_compress(frame, sizeof(frame), content, sizeof(content),
				       1);
		assert_int_equal(column_decode(fixture->codec, frame, length, 100,
					       fixture->out, &found, &fixture->error),
				 -EBADMSG);
	}
}

/* The bytes of doc/formats/profile.md, whatever zstd makes of them. */
static void writes(struct fixture *fixture, enum column_encoding encoding,
		   const uint64_t *values, size_t rows, const char *expected,
		   size_t length)
{
	unsigned char content[256];
	struct column_block block;

	assert_int_equal(column_encode(fixture->codec, encoding, values, rows, &block,
				       &fixture->error),
			 0);
	assert_int_equal(
		ZSTD_decompress(content, sizeof(content), block.bytes, block.length),
		length);
	assert_memory_equal(content, expected, length);
}

static void the_documented_bytes_are_written(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t counts[] = {0x1234, 0x1000, 0x1101};
	const uint64_t times[] = {1000, 1005, 1003};
	const uint64_t reals[] = {UINT64_C(0x3ff8000000000000)};
	static const char integer[] = "APC1\1\2\0\0\3\0\0\0\0\0\0\0"
				      "\0\x10\0\0\0\0\0\0"
				      "\x34\0\1"
				      "\2\0\1";
	static const char delta[] = "APC1\2\1\0\0\3\0\0\0\0\0\0\0"
				    "\xe8\3\0\0\0\0\0\0"
				    "\0\x0a\3";
	static const char real[] = "APC1\3\0\0\0\1\0\0\0\0\0\0\0"
				   "\0\0\0\0\0\0\xf8\x3f";

	writes(fixture, COLUMN_INTEGER, counts, 3, integer, sizeof(integer) - 1);
	writes(fixture, COLUMN_DELTA, times, 3, delta, sizeof(delta) - 1);
	writes(fixture, COLUMN_REAL, reals, 1, real, sizeof(real) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_width_survives),
		cmocka_unit_test(extremes_beside_each_other_survive),
		cmocka_unit_test(one_row_survives),
		cmocka_unit_test(a_full_chunk_of_noise_survives),
		cmocka_unit_test(a_constant_column_takes_almost_nothing),
		cmocka_unit_test(growing_times_take_the_width_of_their_steps),
		cmocka_unit_test(doubles_come_back_bit_for_bit),
		cmocka_unit_test(whole_doubles_are_stored_as_integers),
		cmocka_unit_test(no_flipped_bit_changes_a_number),
		cmocka_unit_test(every_shortened_block_is_refused),
		cmocka_unit_test(a_block_of_another_number_of_rows_is_refused),
		cmocka_unit_test(
			a_frame_that_claims_gigabytes_is_refused_before_it_is_unpacked),
		cmocka_unit_test(a_header_that_contradicts_itself_is_refused),
		cmocka_unit_test(the_documented_bytes_are_written),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
