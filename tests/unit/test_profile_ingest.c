/* SPDX-License-Identifier: MIT */
/* profile/ingest.c: recordings, good and bad, into a profile without loss or invention. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "profile/store.h"
#include "support/profile_builder.h"
#include "support/recording_builder.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct recording_builder builder;
	struct profile *profile;
	struct profile_run run;
	struct error error;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   recording_plan());
	*state = fixture;
	return profile_begin_run(fixture->profile, &fixture->run, &fixture->error);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	builder_close(&fixture->builder);
	profile_close(fixture->profile);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

static int add_part(struct fixture *fixture, size_t length)
{
	const char *path = scratch_write(&fixture->scratch, "a.aprec",
					 fixture->builder.bytes, length);

	return profile_add_recording(fixture->profile, &fixture->run, path,
				     &fixture->error);
}

static int add(struct fixture *fixture)
{
	return add_part(fixture, fixture->builder.length);
}

static void end(struct fixture *fixture)
{
	assert_int_equal(
		profile_end_run(fixture->profile, &fixture->run, &fixture->error), 0);
}

static int64_t region_id(struct fixture *fixture, const char *name)
{
	struct profile_region *regions;
	int64_t id = 0;
	size_t count;

	assert_int_equal(
		profile_regions(fixture->profile, &regions, &count, &fixture->error),
		0);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(regions[i].name, name))
			id = regions[i].id;
	profile_regions_free(regions, count);
	assert_true(id > 0);
	return id;
}

static void load(struct fixture *fixture, const char *region,
		 struct sample_table *table)
{
	assert_int_equal(profile_load(fixture->profile, region_id(fixture, region), 0,
				      false, table, &fixture->error),
			 0);
}

static struct profile_process only_process(struct fixture *fixture)
{
	struct profile_process *processes, process;
	size_t count;

	assert_int_equal(profile_processes(fixture->profile, &processes, &count,
					   &fixture->error),
			 0);
	assert_int_equal(count, 1);
	process = processes[0];
	free(processes);
	return process;
}

/* A block of one unit with `count` samples of that region and thread. */
static void add_samples(struct recording_builder *builder, uint32_t region,
			uint32_t thread, uint32_t count)
{
	uint64_t block = builder_block(builder, 1);
	struct recording_sample sample = {.region = region,
					  .thread = thread,
					  .wall_ns = 10,
					  .running_share = UINT16_MAX,
					  .one_in = 1};
	const uint64_t values[RECORDING_EVENTS_MAX] = {1, 2};

	for (uint32_t i = 0; i < count; i++)
		builder_sample(builder, block, &sample, values);
}

static void every_field_of_every_sample_arrives(void **state)
{
	struct fixture *fixture = *state;
	const uint32_t samples = 3001;

	builder_example(&fixture->builder, samples);
	assert_int_equal(add(fixture), 0);
	end(fixture);
	assert_int_equal(fixture->run.samples, samples);
	assert_int_equal(fixture->run.lost, 0);
	for (uint32_t region = 0; region < 2; region++) {
		struct sample_table table;

		load(fixture, region ? "beta" : "alpha", &table);
		assert_int_equal(table.rows, (samples + 1 - region) / 2);
		for (uint32_t row = 0; row < table.rows; row++) {
			uint32_t i = 2 * row + region;

			assert_int_equal(table.thread[row], i / 2 % 2);
			assert_int_equal(table.begin_ns[row], 1000 * i);
			assert_true(table.wall_ns[row] == 100 + i);
			assert_true(table.cpu_ns[row] == 90 + i);
			assert_true(table.weight[row] == 1);
			assert_true(table.running[row] == 1);
			assert_true(table.values[0][row] == i);
			assert_true(table.values[1][row] == 2 * i);
		}
		sample_table_free(&table);
	}
}

static void odd_samples_keep_their_oddities(void **state)
{
	struct fixture *fixture = *state;
	struct recording_sample sample = {.begin_ns = UINT64_MAX,
					  .wall_ns = UINT64_C(1) << 52,
					  .running_share = UINT16_MAX / 3,
					  .one_in = UINT16_MAX,
					  .flags = RECORDING_SAMPLE_MULTIPLEXED};
	const uint64_t values[] = {UINT64_C(1) << 53, 0};
	struct sample_table table;
	uint64_t block;

	builder_example(&fixture->builder, 0);
	block = builder_block(&fixture->builder, 1);
	builder_sample(&fixture->builder, block, &sample, values);
	sample.flags |= RECORDING_SAMPLE_CPU_TIME;
	sample.cpu_ns = 77;
	sample.begin_ns = 0;
	builder_sample(&fixture->builder, block, &sample, values);
	assert_int_equal(add(fixture), 0);
	end(fixture);
	load(fixture, "alpha", &table);
	assert_int_equal(table.rows, 2);
	assert_true(table.begin_ns[0] == UINT64_MAX);
	assert_true(table.begin_ns[1] == 0);
	assert_true(table.wall_ns[0] == 4503599627370496.0);
	assert_true(isnan(table.cpu_ns[0]));
	assert_true(table.cpu_ns[1] == 77);
	assert_true(table.weight[0] == 65535);
	assert_true(fabsf(table.running[0] - 1 / 3.0f) < 1e-5f);
	assert_true(table.values[0][0] == 9007199254740992.0);
	sample_table_free(&table);
}

/* Event 1 is 0 in every sample, event 0 in all but one; one execution in 3 was measured. */
static void events_that_counted_and_the_time_in_regions_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct recording_sample sample = {
		.wall_ns = 1000, .running_share = UINT16_MAX, .one_in = 3};
	uint64_t values[] = {0, 0};
	uint64_t block;

	builder_example(&fixture->builder, 0);
	block = builder_block(&fixture->builder, 1);
	for (int i = 0; i < 20; i++) {
		sample.region = (uint32_t)i % 2;
		values[0] = i == 13;
		builder_sample(&fixture->builder, block, &sample, values);
	}
	assert_int_equal(add(fixture), 0);
	assert_int_equal(fixture->run.counted, 1);
	assert_true(fixture->run.region_ns == 20 * 3 * 1000.0);
	end(fixture);
}

static void samples_of_no_region_or_thread_are_counted_as_lost(void **state)
{
	struct fixture *fixture = *state;
	struct profile_process process;

	builder_example(&fixture->builder, 10);
	builder_header(&fixture->builder)->region_count = 3; /* and no third name */
	add_samples(&fixture->builder, 2, 0, 3);
	add_samples(&fixture->builder, 99, 0, 4);
	add_samples(&fixture->builder, 0, 99, 5);
	assert_int_equal(add(fixture), 0);
	end(fixture);
	assert_int_equal(fixture->run.samples, 10);
	assert_int_equal(fixture->run.lost, 12);
	process = only_process(fixture);
	assert_int_equal(process.samples, 10);
	assert_int_equal(process.torn, 12);
	assert_false(process.truncated);
}

static void losses_are_stored_and_the_programs_own_doing_is_no_loss(void **state)
{
	struct fixture *fixture = *state;
	struct recording_header *header;
	struct profile_process process;

	builder_example(&fixture->builder, 10);
	header = builder_header(&fixture->builder);
	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		header->losses[kind] = 100 + kind;
	header->failure_code = ENOSPC;
	strcpy(header->failure, "cannot reserve a block: \x1b[31m");
	header->state = RECORDING_RUNNING;
	assert_int_equal(add(fixture), 0);
	end(fixture);
	/* All but kinds 7 and 8 are missing samples or executions. */
	assert_int_equal(fixture->run.lost, 16 * 100 + 120 - 107 - 108);
	process = only_process(fixture);
	for (unsigned kind = 0; kind < RECORDING_LOSS_KINDS; kind++)
		assert_int_equal(process.losses[kind], 100 + kind);
	assert_string_equal(process.failure, "cannot reserve a block: \\x1b[31m");
	assert_string_equal(process.executable, "/usr/bin/example");
	assert_int_equal(process.pid, 4321);
	assert_int_equal(process.threads, 2);
	assert_false(process.ended);
	/* Header, names and blocks; the rest of the names area is a hole. */
	assert_int_equal(process.recording_bytes, fixture->builder.length -
							  header->names_bytes +
							  header->names_used);
}

static void a_cut_recording_gives_what_is_whole(void **state)
{
	struct fixture *fixture = *state;
	/* In the middle of the sixth sample of the first block. */
	const size_t cut = RECORDING_BLOCK_UNIT + sizeof(struct recording_block) +
			   5 * (sizeof(struct recording_sample) + 2 * 8) + 17;
	struct profile_process process;

	builder_example(&fixture->builder, 1000);
	assert_int_equal(add_part(fixture, cut), 0);
	end(fixture);
	assert_int_equal(fixture->run.samples, 5);
	assert_true(fixture->run.lost > 0);
	process = only_process(fixture);
	assert_true(process.truncated);
	assert_int_equal(process.samples, 5);
}

static void a_recording_without_samples_is_a_process_all_the_same(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 0);
	assert_int_equal(add(fixture), 0);
	end(fixture);
	assert_int_equal(fixture->run.samples, 0);
	assert_int_equal(only_process(fixture).samples, 0);
}

static void what_is_no_recording_leaves_the_run_usable(void **state)
{
	struct fixture *fixture = *state;

	builder_example(&fixture->builder, 10);
	assert_true(add_part(fixture, 0) < 0);
	assert_true(add_part(fixture, 100) < 0);
	fixture->builder.bytes[0] = 'X';
	assert_int_equal(add(fixture), -EINVAL);
	fixture->builder.bytes[0] = 'A';
	assert_int_equal(add(fixture), 0);
	end(fixture);
	assert_int_equal(fixture->run.samples, 10);
	only_process(fixture);
}

static void events_of_another_measurement_are_refused(void **state)
{
	struct fixture *fixture = *state;

	builder_open(&fixture->builder, 2);
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 0, 0, "page-faults");
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 1, 0, "cpu-migrations");
	assert_int_equal(add(fixture), -EINVAL);
	assert_non_null(strstr(fixture->error.text, "cpu-migrations"));
	assert_non_null(strstr(fixture->error.text, "context-switches"));
	builder_close(&fixture->builder);
	builder_open(&fixture->builder, 1);
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 0, 0, "page-faults");
	assert_int_equal(add(fixture), -EINVAL);
	assert_non_null(strstr(fixture->error.text, "has 1 events"));
	end(fixture);
	assert_int_equal(fixture->run.samples, 0);
}

static void threads_of_several_processes_stay_apart(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	builder_example(&fixture->builder, 8);
	assert_int_equal(add(fixture), 0);
	assert_int_equal(add(fixture), 0);
	end(fixture);
	assert_int_equal(fixture->run.samples, 16);
	load(fixture, "alpha", &table);
	assert_int_equal(table.rows, 8);
	assert_int_equal(table.thread[0], 0);
	assert_int_equal(table.thread[1], 1);
	assert_int_equal(table.thread[4], 2);
	assert_int_equal(table.thread[5], 3);
	sample_table_free(&table);
}

static void region_names_become_printable(void **state)
{
	struct fixture *fixture = *state;

	builder_open(&fixture->builder, 2);
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 0, 0, "page-faults");
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 1, 0, "context-switches");
	builder_name(&fixture->builder, RECORDING_NAME_REGION, 0, 0, "bad\xff\nname");
	builder_name(&fixture->builder, RECORDING_NAME_THREAD, 0, 1, "main");
	add_samples(&fixture->builder, 0, 0, 3);
	assert_int_equal(add(fixture), 0);
	end(fixture);
	region_id(fixture, "bad\\xff\\x0aname");
}

/* More addresses than are kept at once, in regions that fill at different speeds. */
static void many_regions_and_threads_lose_nothing(void **state)
{
	struct fixture *fixture = *state;
	enum { REGIONS = 200, THREADS = 1000, BLOCKS = 20000 };
	uint64_t expected[REGIONS] = {0}, sum[REGIONS] = {0}, number = 0;
	struct random random;
	char name[16];

	builder_open(&fixture->builder, 2);
	builder_close(&fixture->builder);
	builder_open(&fixture->builder, 2);
	/* The names area of the builder is small: 12 KiB; thread names are not needed. */
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 0, 0, "page-faults");
	builder_name(&fixture->builder, RECORDING_NAME_EVENT, 1, 0, "context-switches");
	for (uint32_t i = 0; i < REGIONS; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		builder_name(&fixture->builder, RECORDING_NAME_REGION, i, 0, name);
	}
	builder_header(&fixture->builder)->thread_count = THREADS;
	random_seed(&random, 5, 0);
	for (uint32_t i = 0; i < BLOCKS; i++) {
		uint64_t block = builder_block(&fixture->builder, 1);

		for (uint32_t k = 0; k < 254; k++) {
			/* Low numbers far more often. */
			uint32_t region = random_below(
				&random, 1 + random_below(&random, REGIONS));
			struct recording_sample sample = {.region = region,
							  .thread = i % THREADS,
							  .wall_ns = number,
							  .running_share = UINT16_MAX,
							  .one_in = 1};
			const uint64_t values[] = {number, number};

			builder_sample(&fixture->builder, block, &sample, values);
			expected[region]++;
			sum[region] += number++;
		}
	}
	assert_int_equal(add(fixture), 0);
	end(fixture);
	assert_int_equal(fixture->run.samples, 254 * BLOCKS);
	for (uint32_t i = 0; i < REGIONS; i++) {
		struct sample_table table;
		uint64_t found = 0;

		snprintf(name, sizeof(name), "r%u", i);
		load(fixture, name, &table);
		assert_int_equal(table.rows, expected[i]);
		for (size_t row = 0; row < table.rows; row++) {
			found += (uint64_t)table.values[1][row];
			if (row) /* order is kept */
				assert_true(table.wall_ns[row] >
					    table.wall_ns[row - 1]);
		}
		assert_true(found == sum[i]);
		sample_table_free(&table);
	}
}

/* Any bytes after a valid header: nothing crashes, and what is stored can be read. */
static void spoilt_recordings_never_crash(void **state)
{
	struct fixture *fixture = *state;
	struct random random;
	unsigned char *good;
	size_t length;

	builder_example(&fixture->builder, 600);
	length = fixture->builder.length;
	good = malloc(length);
	memcpy(good, fixture->builder.bytes, length);
	random_seed(&random, 6, 0);
	for (int round = 0; round < 300; round++) {
		struct profile_run before = fixture->run;

		memcpy(fixture->builder.bytes, good, length);
		for (uint32_t i = 0; i <= random_below(&random, 30); i++)
			fixture->builder
				.bytes[random_below(&random, (uint32_t)length)] =
				(unsigned char)random_u32(&random);
		if (add(fixture))
			assert_int_equal(fixture->run.samples, before.samples);
	}
	end(fixture);
	for (int region = 0; region < 2; region++) {
		struct sample_table table;

		load(fixture, region ? "beta" : "alpha", &table);
		assert_true(table.rows > 0);
		sample_table_free(&table);
	}
	free(good);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(every_field_of_every_sample_arrives),
		TEST(odd_samples_keep_their_oddities),
		TEST(events_that_counted_and_the_time_in_regions_are_told),
		TEST(samples_of_no_region_or_thread_are_counted_as_lost),
		TEST(losses_are_stored_and_the_programs_own_doing_is_no_loss),
		TEST(a_cut_recording_gives_what_is_whole),
		TEST(a_recording_without_samples_is_a_process_all_the_same),
		TEST(what_is_no_recording_leaves_the_run_usable),
		TEST(events_of_another_measurement_are_refused),
		TEST(threads_of_several_processes_stay_apart),
		TEST(region_names_become_printable),
		TEST(many_regions_and_threads_lose_nothing),
		TEST(spoilt_recordings_never_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
