/* SPDX-License-Identifier: MIT */
/* recording/reader.c against recordings made byte by byte. */
#include "recording/reader.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/recording_builder.h"
#include "support/scratch.h"

/* Samples that fit a block of one unit of the example's two events. */
#define EXAMPLE_SAMPLE_BYTES (sizeof(struct recording_sample) + 2 * sizeof(uint64_t))
#define PER_BLOCK \
	((RECORDING_BLOCK_UNIT - sizeof(struct recording_block)) / EXAMPLE_SAMPLE_BYTES)

struct fixture {
	struct scratch scratch;
	struct recording_builder builder;
	struct recording recording;
	struct error error;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	recording_close(&fixture->recording);
	builder_close(&fixture->builder);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

/* Saves the first `length` bytes of what was built and opens them. */
static int open_part(struct fixture *fixture, size_t length)
{
	const char *path = scratch_write(&fixture->scratch, "a.aprec",
					 fixture->builder.bytes, length);

	recording_close(&fixture->recording);
	memset(&fixture->error, 0, sizeof(fixture->error));
	return recording_open(&fixture->recording, path, &fixture->error);
}

static int open_built(struct fixture *fixture)
{
	return open_part(fixture, fixture->builder.length);
}

static void assert_text_has(const struct error *error, const char *part)
{
	if (!strstr(error->text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, error->text);
}

/* It is refused with that code, and the text names the file and has that part. */
static void assert_refused(struct fixture *fixture, int code, const char *part)
{
	assert_int_equal(open_built(fixture), code);
	assert_int_equal(fixture->error.code, code);
	assert_text_has(&fixture->error, "a.aprec");
	assert_text_has(&fixture->error, part);
	assert_null(fixture->recording.map);
}

/* Walks all samples; every valid one must be one that the example wrote. */
static uint64_t walk_example(struct recording *recording)
{
	const unsigned char *samples;
	uint64_t total = 0;
	size_t count;

	recording_rewind(recording);
	while (recording_next(recording, &samples, &count)) {
		assert_int_equal((uintptr_t)samples % 8, 0);
		assert_true(count > 0);
		for (size_t i = 0; i < count; i++) {
			const unsigned char *at =
				samples + i * recording->header.sample_bytes;
			struct recording_sample sample;
			uint64_t values[2];

			memcpy(&sample, at, sizeof(sample));
			memcpy(values, at + sizeof(sample), sizeof(values));
			assert_int_equal(sample.wall_ns, 100 + values[0]);
			assert_int_equal(sample.begin_ns, 1000 * values[0]);
			assert_int_equal(sample.region, values[0] % 2);
			assert_int_equal(values[1], 2 * values[0]);
			assert_true(recording_sample_valid(recording, &sample));
		}
		total += count;
	}
	assert_int_equal(total, recording_count(recording));
	return total;
}

static void a_whole_recording_is_read_as_it_was_written(void **state)
{
	struct fixture *fixture = *state;
	struct recording *recording = &fixture->recording;
	const unsigned char *samples;
	size_t count;

	builder_example(&fixture->builder, 1000);
	assert_int_equal(open_built(fixture), 0);
	assert_string_equal(recording->event_names[0], "page-faults");
	assert_string_equal(recording->event_names[1], "context-switches");
	assert_int_equal(recording->region_count, 2);
	assert_string_equal(recording->region_names[0], "alpha");
	assert_string_equal(recording->region_names[1], "beta");
	assert_int_equal(recording->thread_count, 2);
	assert_int_equal(recording->thread_tids[0], 100);
	assert_int_equal(recording->thread_tids[1], 101);
	assert_int_equal(recording->header.pid, 4321);
	assert_string_equal(recording->header.executable, "/usr/bin/example");
	assert_false(recording->truncated);
	assert_int_equal(recording->torn_samples, 0);
	assert_int_equal(walk_example(recording), 1000);
	/* At the end it stays at the end; rewinding starts again. */
	assert_int_equal(recording_next(recording, &samples, &count), 0);
	assert_int_equal(walk_example(recording), 1000);
}

static void a_recording_without_events_or_samples_is_fine(void **state)
{
	struct fixture *fixture = *state;
	const unsigned char *samples;
	size_t count;

	builder_open(&fixture->builder, 0);
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(recording_count(&fixture->recording), 0);
	assert_int_equal(recording_next(&fixture->recording, &samples, &count), 0);
	assert_int_equal(fixture->recording.region_count, 0);
}

static void a_recording_of_the_most_events_is_read(void **state)
{
	struct fixture *fixture = *state;
	uint64_t values[RECORDING_EVENTS_MAX] = {0};
	const struct recording_sample sample = {.one_in = 1};
	uint64_t block;
	char name[16];

	builder_open(&fixture->builder, RECORDING_EVENTS_MAX);
	for (uint32_t i = 0; i < RECORDING_EVENTS_MAX; i++) {
		snprintf(name, sizeof(name), "event-%u", i);
		builder_name(&fixture->builder, RECORDING_NAME_EVENT, i, 0, name);
	}
	block = builder_block(&fixture->builder, 2);
	builder_sample(&fixture->builder, block, &sample, values);
	assert_int_equal(open_built(fixture), 0);
	assert_string_equal(fixture->recording.event_names[63], "event-63");
	assert_int_equal(recording_count(&fixture->recording), 1);
}

static void a_missing_file_is_named(void **state)
{
	struct fixture *fixture = *state;
	const char *path = scratch_path(&fixture->scratch, "absent.aprec");

	assert_int_equal(recording_open(&fixture->recording, path, &fixture->error),
			 -ENOENT);
	assert_text_has(&fixture->error, "absent.aprec");
}

static void what_is_no_regular_file_is_no_recording(void **state)
{
	struct fixture *fixture = *state;
	const char *pipe = scratch_path(&fixture->scratch, "pipe");

	assert_int_equal(recording_open(&fixture->recording, fixture->scratch.directory,
					&fixture->error),
			 -EINVAL);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	/* A pipe without a writer must not be waited for. */
	assert_int_equal(recording_open(&fixture->recording, pipe, &fixture->error),
			 -EINVAL);
	assert_int_equal(
		recording_open(&fixture->recording, "/dev/zero", &fixture->error),
		-EINVAL);
}

static void an_empty_file_holds_nothing_yet(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 1);
	assert_int_equal(open_part(fixture, 0), -ENODATA);
	assert_text_has(&fixture->error, "0 bytes");
}

static void a_header_that_was_never_finished_holds_nothing_yet(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 1);
	memset(builder_header(&fixture->builder)->magic, 0, 8);
	assert_refused(fixture, -ENODATA, "nothing had been measured");
}

/*
 * Cut at every multiple of 8 and its neighbours where something begins or ends, and at every
 * byte of the header and the first samples.
 */
static void a_recording_cut_anywhere_gives_what_is_whole(void **state)
{
	struct fixture *fixture = *state;
	const size_t first_block = RECORDING_BLOCK_UNIT;
	const uint32_t written = (uint32_t)PER_BLOCK + 10;
	size_t names_end;

	builder_example(&fixture->builder, written);
	names_end = RECORDING_HEADER_BYTES +
		    (size_t)builder_header(&fixture->builder)->names_used;
	for (size_t length = 0; length <= fixture->builder.length; length++) {
		const size_t in_block = length % RECORDING_BLOCK_UNIT;
		uint64_t expected = 0;
		int code;

		/* Every byte near a boundary, every 509th elsewhere. */
		if (!(length > RECORDING_HEADER_BYTES - 16 &&
		      length < names_end + 16) &&
		    in_block > 512 && in_block < RECORDING_BLOCK_UNIT - 64 &&
		    length % 509)
			continue;
		code = open_part(fixture, length);
		if (length < RECORDING_HEADER_BYTES) {
			assert_int_equal(code, -ENODATA);
			continue;
		}
		/* Without the events' names there is nothing to tell: no sample either. */
		if (code) {
			assert_true(length < names_end);
			assert_int_equal(code, -ENODATA);
			continue;
		}
		for (size_t at = first_block; at < length; at += RECORDING_BLOCK_UNIT) {
			size_t rest = length - at;
			uint64_t there = at == first_block ? PER_BLOCK : 10;

			if (rest < sizeof(struct recording_block))
				continue;
			rest = (rest - sizeof(struct recording_block)) /
			       EXAMPLE_SAMPLE_BYTES;
			expected += rest < there ? rest : there;
		}
		assert_int_equal(walk_example(&fixture->recording), expected);
		assert_int_equal(fixture->recording.truncated,
				 length < fixture->builder.length);
		if (length >= first_block + RECORDING_BLOCK_UNIT + 64)
			assert_int_equal(fixture->recording.torn_samples,
					 written - expected);
	}
}

static void another_kind_of_file_is_refused(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 1);
	/* What a copy in text mode does. */
	builder_header(&fixture->builder)->magic[5] = '\n';
	assert_refused(fixture, -EINVAL, "no recording");
}

static void another_version_is_refused(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 1);
	builder_header(&fixture->builder)->version = RECORDING_VERSION + 1;
	assert_refused(fixture, -ENOTSUP, "version 2");
}

static void the_other_byte_order_is_refused_before_the_version(void **state)
{
	struct fixture *fixture = *state;
	struct recording_header *header;

	builder_example(&fixture->builder, 1);
	header = builder_header(&fixture->builder);
	header->byte_order = __builtin_bswap32(RECORDING_BYTE_ORDER);
	header->version = __builtin_bswap32(RECORDING_VERSION);
	assert_refused(fixture, -ENOTSUP, "byte order");
	header = builder_header(&fixture->builder);
	header->byte_order = 7;
	assert_refused(fixture, -EBADMSG, "byte order");
}

/* Each change alone makes the header contradict itself. */
static void a_header_that_contradicts_itself_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct recording_header good, *header;
	const struct {
		size_t offset;
		size_t size;
		uint64_t value;
		const char *part;
	} cases[] = {
#define FIELD(field)                              \
	offsetof(struct recording_header, field), \
		sizeof(((struct recording_header *)0)->field)
		{FIELD(header_bytes), 512, "header"},
		{FIELD(source), 99, "source"},
		{FIELD(state), 0, "state"},
		{FIELD(state), 99, "state"},
		{FIELD(event_count), RECORDING_EVENTS_MAX + 1, "events"},
		{FIELD(event_count), UINT32_MAX, "events"},
		{FIELD(event_count), 3, "size of its samples"},
		{FIELD(sample_bytes), 0, "size of its samples"},
		{FIELD(sample_bytes), EXAMPLE_SAMPLE_BYTES + 8, "size of its samples"},
		{FIELD(names_offset), 0, "names"},
		{FIELD(names_offset), RECORDING_HEADER_BYTES + 1, "names"},
		{FIELD(names_offset), UINT64_MAX - 7, "names"},
		{FIELD(names_bytes), UINT64_MAX, "names"},
		{FIELD(names_bytes), RECORDING_BLOCK_UNIT, "names"},
		{FIELD(blocks_offset), 0, "names"},
		{FIELD(blocks_offset), RECORDING_BLOCK_UNIT + 8, "blocks"},
		{FIELD(blocks_offset), 16 * RECORDING_BLOCK_UNIT, "length"},
		{FIELD(file_bytes), 0, "length"},
		{FIELD(file_bytes), 2 * RECORDING_BLOCK_UNIT - 8, "length"},
		{FIELD(thread_count), UINT32_MAX, "threads"},
#undef FIELD
	};

	builder_example(&fixture->builder, 5);
	good = *builder_header(&fixture->builder);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		header = builder_header(&fixture->builder);
		*header = good;
		memcpy((unsigned char *)header + cases[i].offset, &cases[i].value,
		       cases[i].size);
		assert_refused(fixture, -EBADMSG, cases[i].part);
	}
}

static void texts_of_the_header_end_in_nul(void **state)
{
	struct fixture *fixture = *state;
	struct recording_header *header;

	builder_example(&fixture->builder, 1);
	header = builder_header(&fixture->builder);
	memset(header->failure, 'x', sizeof(header->failure));
	memset(header->executable, 'y', sizeof(header->executable));
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(strlen(fixture->recording.header.failure),
			 sizeof(header->failure) - 1);
	assert_int_equal(strlen(fixture->recording.header.executable),
			 sizeof(header->executable) - 1);
}

static void more_names_than_room_end_at_the_area(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 3);
	/* The counter is allowed to run past the area. */
	builder_header(&fixture->builder)->names_used = UINT64_MAX;
	assert_int_equal(open_built(fixture), 0);
	assert_string_equal(fixture->recording.region_names[1], "beta");
	assert_int_equal(walk_example(&fixture->recording), 3);
}

static void a_name_that_leaves_its_area_is_ignored(void **state)
{
	struct fixture *fixture = *state;
	struct recording_header *header;
	uint64_t offset;

	builder_example(&fixture->builder, 3);
	header = builder_header(&fixture->builder);
	/* The last record begins 32 bytes before the end and says 4096 bytes of text. */
	header->names_used = header->names_bytes - 32;
	offset = builder_name(&fixture->builder, RECORDING_NAME_REGION, 2, 0, "gamma");
	((struct recording_name *)(void *)(fixture->builder.bytes + offset))->length =
		RECORDING_NAME_MAX;
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(fixture->recording.region_count, 3);
	assert_null(fixture->recording.region_names[2]);
}

static void names_after_an_unfinished_record_are_found(void **state)
{
	struct fixture *fixture = *state;
	uint64_t offset;

	builder_example(&fixture->builder, 3);
	/* Allotted, nothing stored: wherever the next record begins after it. */
	builder_names_hole(&fixture->builder, 40);
	builder_name(&fixture->builder, RECORDING_NAME_REGION, 2, 0, "gamma");
	builder_names_hole(&fixture->builder, 24);
	builder_name(&fixture->builder, RECORDING_NAME_THREAD, 2, 102, "third");
	/* The length was not stored, the text was. */
	offset = builder_name(&fixture->builder, RECORDING_NAME_REGION, 5, 0,
			      "zeta zeta");
	memset(fixture->builder.bytes + offset, 0, 24);
	/* All but the kind stored. */
	offset = builder_name(&fixture->builder, RECORDING_NAME_REGION, 3, 0, "delta");
	memset(fixture->builder.bytes + offset, 0, 4);
	builder_name(&fixture->builder, RECORDING_NAME_REGION, 4, 0, "epsilon");
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(fixture->recording.region_count, 6);
	assert_int_equal(fixture->recording.thread_tids[2], 102);
	assert_string_equal(fixture->recording.region_names[2], "gamma");
	assert_null(fixture->recording.region_names[3]);
	assert_string_equal(fixture->recording.region_names[4], "epsilon");
}

static void names_of_ids_out_of_range_are_ignored(void **state)
{
	struct fixture *fixture = *state;
	struct recording_header *header;

	builder_example(&fixture->builder, 3);
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 2, 0, "third");
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, UINT32_MAX, 0, "last");
	builder_name(&fixture->builder, RECORDING_NAME_REGION, UINT32_MAX, 0, "far");
	builder_name(&fixture->builder, RECORDING_NAME_THREAD, UINT32_MAX, 1, "far");
	/* The first name of an id is the one that samples refer to. */
	builder_name(&fixture->builder, RECORDING_NAME_REGION, 0, 0, "again");
	header = builder_header(&fixture->builder);
	header->region_count = header->thread_count = 2;
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(fixture->recording.region_count, 2);
	assert_string_equal(fixture->recording.region_names[0], "alpha");
	assert_string_equal(fixture->recording.event_names[0], "page-faults");
}

static void more_region_ids_than_the_table_are_cut(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 3);
	builder_header(&fixture->builder)->region_count = UINT32_MAX;
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(fixture->recording.region_count, RECORDING_REGIONS_MAX);
	assert_int_equal(walk_example(&fixture->recording), 3);
}

static void samples_without_an_events_name_are_damage(void **state)
{
	struct fixture *fixture = *state;
	const struct recording_sample sample = {.one_in = 1};
	const uint64_t values[] = {1, 2};
	uint64_t block;

	builder_open(&fixture->builder, 2);
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 0, 0, "cycles");
	assert_refused(fixture, -ENODATA, "names of its events");
	block = builder_block(&fixture->builder, 1);
	builder_sample(&fixture->builder, block, &sample, values);
	assert_refused(fixture, -EBADMSG, "event 1 has no name");
}

static void a_block_used_beyond_its_size_is_not_believed(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, (uint32_t)PER_BLOCK + 4);
	builder_block_at(&fixture->builder, RECORDING_BLOCK_UNIT)->used =
		RECORDING_BLOCK_UNIT - sizeof(struct recording_block) + 1;
	assert_int_equal(open_built(fixture), 0);
	/* The block after it is found, and the loss is counted. */
	assert_int_equal(walk_example(&fixture->recording), 4);
	assert_int_equal(fixture->recording.torn_samples, PER_BLOCK);
	builder_block_at(&fixture->builder, RECORDING_BLOCK_UNIT)->used = UINT64_MAX;
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(walk_example(&fixture->recording), 4);
}

/* Of builder_example()'s first block. */
static struct recording_sample *example_sample(struct fixture *fixture, size_t index)
{
	unsigned char *first =
		(unsigned char *)(builder_block_at(&fixture->builder,
						   RECORDING_BLOCK_UNIT) +
				  1);

	return (struct recording_sample *)(void *)(first +
						   index * EXAMPLE_SAMPLE_BYTES);
}

static void a_sample_that_was_not_complete_is_left_out(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 7);
	builder_block_at(&fixture->builder, RECORDING_BLOCK_UNIT)->used -= 1;
	example_sample(fixture, 6)->one_in = 0;
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(walk_example(&fixture->recording), 6);
}

/* The fast markers do not keep `used`. */
static void samples_behind_the_used_part_count_when_they_are_complete(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 7);
	builder_block_at(&fixture->builder, RECORDING_BLOCK_UNIT)->used = 0;
	example_sample(fixture, 6)->one_in = 0;
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(walk_example(&fixture->recording), 6);
	assert_int_equal(fixture->recording.torn_samples, 0);
}

static void raw_samples_get_the_times_and_values_that_they_mean(void **state)
{
	const struct recording_raw raw = {
		.clock_rate = (uint64_t)3 << 31, /* 1.5 ns */
		.clock_origin = 1000,
		.clock_origin_ns = 70,
		.own_ns = {10, 20},
		.own = {{5, 1000}, {6, 1}},
	};
	const struct recording_sample measured = {
		.flags = RECORDING_SAMPLE_RAW | RECORDING_SAMPLE_CPU_TIME,
		.one_in = 1,
		.begin_ns = 1200,
		.wall_ns = 100,
	};
	struct recording_sample sample = measured;
	uint64_t values[] = {7, 900};

	(void)state;
	recording_settle(&raw, 2, &sample, values);
	assert_int_equal(sample.flags, RECORDING_SAMPLE_CPU_TIME);
	assert_int_equal(sample.begin_ns, 70 + 300);
	assert_int_equal(sample.wall_ns, 150 - 10);
	assert_int_equal(sample.cpu_ns, sample.wall_ns);
	assert_int_equal(values[0], 2);
	assert_int_equal(values[1], 0);
	/* What is settled stays. */
	recording_settle(&raw, 2, &sample, values);
	assert_int_equal(sample.wall_ns, 150 - 10);
	sample = measured;
	sample.flags |= RECORDING_SAMPLE_SCOPE;
	values[1] = 900;
	recording_settle(&raw, 2, &sample, values);
	assert_int_equal(sample.wall_ns, 150 - 20);
	assert_int_equal(values[1], 899);
}

static void a_block_of_impossible_size_is_stepped_over(void **state)
{
	static const uint64_t sizes[] = {
		0,
		1,
		RECORDING_BLOCK_UNIT - 8,
		RECORDING_BLOCK_UNIT + 8,
		3 * RECORDING_BLOCK_UNIT, /* beyond header.file_bytes */
		RECORDING_BLOCK_MAX + RECORDING_BLOCK_UNIT,
		UINT64_MAX - RECORDING_BLOCK_UNIT + 1,
		UINT64_MAX,
	};
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, (uint32_t)PER_BLOCK + 4);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		builder_block_at(&fixture->builder, RECORDING_BLOCK_UNIT)->bytes =
			sizes[i];
		assert_int_equal(open_built(fixture), 0);
		assert_int_equal(walk_example(&fixture->recording), 4);
		assert_true(fixture->recording.torn_samples > 0);
	}
}

static void a_block_outside_the_file_is_not_read(void **state)
{
	struct fixture *fixture = *state;

	/* The second block was allotted, but the disk was full. */
	builder_example(&fixture->builder, (uint32_t)PER_BLOCK + 4);
	assert_int_equal(open_part(fixture, 2 * RECORDING_BLOCK_UNIT), 0);
	assert_true(fixture->recording.truncated);
	assert_int_equal(walk_example(&fixture->recording), PER_BLOCK);
	/* Blocks beyond what was allotted do not count, whatever the file's length. */
	builder_header(&fixture->builder)->file_bytes = 2 * RECORDING_BLOCK_UNIT;
	assert_int_equal(open_built(fixture), 0);
	assert_false(fixture->recording.truncated);
	assert_int_equal(walk_example(&fixture->recording), PER_BLOCK);
}

static void blocks_after_a_hole_are_found(void **state)
{
	struct fixture *fixture = *state;
	const struct recording_sample sample = {
		.region = 1, .begin_ns = 7000, .wall_ns = 107, .one_in = 1};
	const uint64_t values[] = {7, 14};
	uint64_t block;

	builder_example(&fixture->builder, 2);
	builder_hole(&fixture->builder, 5);
	block = builder_block(&fixture->builder, 4);
	builder_sample(&fixture->builder, block, &sample, values);
	builder_hole(&fixture->builder, 1);
	assert_int_equal(open_built(fixture), 0);
	assert_int_equal(walk_example(&fixture->recording), 3);
	assert_int_equal(fixture->recording.torn_samples, 0);
}

static void samples_of_unknown_regions_and_threads_are_invalid(void **state)
{
	struct fixture *fixture = *state;
	struct recording_sample sample = {.region = 1, .thread = 1, .one_in = 1};

	builder_example(&fixture->builder, 1);
	/* An id that was taken and never named. */
	builder_header(&fixture->builder)->region_count = 3;
	assert_int_equal(open_built(fixture), 0);
	assert_true(recording_sample_valid(&fixture->recording, &sample));
	sample.region = 2;
	assert_false(recording_sample_valid(&fixture->recording, &sample));
	sample.region = 3;
	assert_false(recording_sample_valid(&fixture->recording, &sample));
	sample.region = 0;
	sample.thread = 2;
	assert_false(recording_sample_valid(&fixture->recording, &sample));
	sample.thread = 0;
	sample.one_in = 0;
	assert_false(recording_sample_valid(&fixture->recording, &sample));
}

static void closing_twice_is_harmless(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 1);
	assert_int_equal(open_built(fixture), 0);
	recording_close(&fixture->recording);
	recording_close(&fixture->recording);
}

static void every_known_loss_has_a_text_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i <= RECORDING_LOSS_TOO_LITTLE_RUNNING; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(
				recording_loss_text((enum recording_loss)i),
				recording_loss_text((enum recording_loss)k));
	assert_string_equal(recording_loss_text(RECORDING_LOSS_KINDS),
			    "lost for an unknown reason");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(a_whole_recording_is_read_as_it_was_written),
		TEST(a_recording_without_events_or_samples_is_fine),
		TEST(a_recording_of_the_most_events_is_read),
		TEST(a_missing_file_is_named),
		TEST(what_is_no_regular_file_is_no_recording),
		TEST(an_empty_file_holds_nothing_yet),
		TEST(a_header_that_was_never_finished_holds_nothing_yet),
		TEST(a_recording_cut_anywhere_gives_what_is_whole),
		TEST(another_kind_of_file_is_refused),
		TEST(another_version_is_refused),
		TEST(the_other_byte_order_is_refused_before_the_version),
		TEST(a_header_that_contradicts_itself_is_refused),
		TEST(texts_of_the_header_end_in_nul),
		TEST(more_names_than_room_end_at_the_area),
		TEST(a_name_that_leaves_its_area_is_ignored),
		TEST(names_after_an_unfinished_record_are_found),
		TEST(names_of_ids_out_of_range_are_ignored),
		TEST(more_region_ids_than_the_table_are_cut),
		TEST(samples_without_an_events_name_are_damage),
		TEST(a_block_used_beyond_its_size_is_not_believed),
		TEST(a_sample_that_was_not_complete_is_left_out),
		TEST(samples_behind_the_used_part_count_when_they_are_complete),
		TEST(raw_samples_get_the_times_and_values_that_they_mean),
		TEST(a_block_of_impossible_size_is_stepped_over),
		TEST(a_block_outside_the_file_is_not_read),
		TEST(blocks_after_a_hole_are_found),
		TEST(samples_of_unknown_regions_and_threads_are_invalid),
		TEST(closing_twice_is_harmless),
		TEST(every_known_loss_has_a_text_of_its_own),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
