/* SPDX-License-Identifier: MIT */
/* profile/chunks.c: samples survive in chunks, defaults cost nothing, damage is found. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "profile/store.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct profile *profile;
	struct error error;
	struct sample_table table;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   example_plan());
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	sample_table_free(&fixture->table);
	profile_close(fixture->profile);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

static void add(struct fixture *fixture, const char *region,
		const struct sample_table *table)
{
	struct profile_run run = {.pass = 0};

	assert_int_equal(profile_begin_run(fixture->profile, &run, &fixture->error), 0);
	assert_int_equal(profile_add_samples(fixture->profile, &run, region, table,
					     &fixture->error),
			 0);
	assert_int_equal(run.samples, table->rows);
	assert_int_equal(profile_end_run(fixture->profile, &run, &fixture->error), 0);
}

/* Loads the only region of pass 0 into fixture->table. */
static int load(struct fixture *fixture)
{
	sample_table_free(&fixture->table);
	return profile_load(fixture->profile, 1, 0, false, &fixture->table,
			    &fixture->error);
}

static int64_t number(struct fixture *fixture, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(
		store_prepare(fixture->profile, &statement, sql, &fixture->error), 0);
	assert_int_equal(
		store_step(fixture->profile, statement, "testing", &fixture->error), 1);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static void assert_same(const struct sample_table *have,
			const struct sample_table *want)
{
	assert_int_equal(have->rows, want->rows);
	assert_int_equal(have->event_count, want->event_count);
	assert_memory_equal(have->thread, want->thread, want->rows * sizeof(uint32_t));
	assert_memory_equal(have->begin_ns, want->begin_ns,
			    want->rows * sizeof(uint64_t));
	assert_memory_equal(have->wall_ns, want->wall_ns, want->rows * sizeof(double));
	assert_memory_equal(have->cpu_ns, want->cpu_ns, want->rows * sizeof(double));
	assert_memory_equal(have->weight, want->weight, want->rows * sizeof(double));
	assert_memory_equal(have->running, want->running, want->rows * sizeof(float));
	for (size_t i = 0; i < want->event_count; i++)
		assert_memory_equal(have->values[i], want->values[i],
				    want->rows * sizeof(double));
}

static void samples_come_back_as_they_were(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	example_table(&table, 1000, 3, 7);
	table.wall_ns[3] = 0.25;
	table.values[1][5] = 1e300;
	table.values[2][6] = -0.5;
	table.running[9] = 0.3f;
	table.cpu_ns[11] = NAN;
	add(fixture, "alpha", &table);
	assert_int_equal(load(fixture), 0);
	assert_same(&fixture->table, &table);
	sample_table_free(&table);
}

static void many_samples_are_split_into_chunks(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	example_table(&table, 2 * COLUMN_ROWS_MAX + 1, 3, 7);
	add(fixture, "alpha", &table);
	assert_int_equal(number(fixture, "SELECT count(*) FROM chunk"), 3);
	assert_int_equal(number(fixture, "SELECT min(rows) FROM chunk"), 1);
	assert_int_equal(load(fixture), 0);
	assert_same(&fixture->table, &table);
	sample_table_free(&table);
}

static void arrays_that_are_missing_mean_defaults(void **state)
{
	struct fixture *fixture = *state;
	double counts[3][2] = {{1, 2}, {3, 4}, {5, 6}};
	double *values[] = {counts[0], counts[1], counts[2]};
	const struct sample_table table = {
		.rows = 2, .event_count = 3, .values = values};

	add(fixture, "alpha", &table);
	assert_int_equal(number(fixture, "SELECT count(*) FROM block"), 3);
	assert_int_equal(load(fixture), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(fixture->table.thread[i], 0);
		assert_int_equal(fixture->table.begin_ns[i], 0);
		assert_true(fixture->table.wall_ns[i] == 0);
		assert_true(isnan(fixture->table.cpu_ns[i]));
		assert_true(fixture->table.weight[i] == 1);
		assert_true(fixture->table.running[i] == 1);
		assert_true(fixture->table.values[1][i] == counts[1][i]);
	}
}

static void no_samples_make_no_region(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	example_table(&table, 0, 3, 0);
	add(fixture, "alpha", &table);
	assert_int_equal(number(fixture, "SELECT count(*) FROM region"), 0);
	sample_table_free(&table);
}

static void a_region_is_made_once(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	example_table(&table, 5, 3, 0);
	add(fixture, "a\nb", &table);
	add(fixture, "a\nb", &table);
	add(fixture, "a\\x0ab", &table); /* what the name became, from an export */
	assert_int_equal(number(fixture, "SELECT count(*) FROM region"), 1);
	assert_int_equal(
		number(fixture, "SELECT count(*) FROM region WHERE name = 'a\\x0ab'"),
		1);
	sample_table_free(&table);
}

static void total_time_is_weighted(void **state)
{
	struct fixture *fixture = *state;
	struct sample_table table;

	example_table(&table, 4, 3, 0); /* wall 100..103, weights 1 2 1 2 */
	add(fixture, "alpha", &table);
	assert_int_equal(number(fixture, "SELECT wall_total_ns FROM chunk"),
			 100 + 2 * 101 + 102 + 2 * 103);
	sample_table_free(&table);
}

static void spoilt_blocks_are_named(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *sql;
		const char *words;
	} spoil[] = {
		{"UPDATE block SET data = x'00' WHERE column = 17", "column 17"},
		{"UPDATE block SET data = x'' WHERE column = 2", "column 2"},
		{"UPDATE block SET data = substr(data, 1, length(data) - 1)"
		 " WHERE column = 17",
		 "column 17"},
		{"DELETE FROM block WHERE column = 18", "2 of 3 counters"},
		{"UPDATE chunk SET rows = 999", "contradicts itself"},
		{"UPDATE chunk SET rows = 1001", "contradicts itself"},
		{"UPDATE chunk SET rows = 0", "a chunk of 0 samples"},
		{"UPDATE chunk SET rows = -1", "a chunk of"},
		{"UPDATE chunk SET rows = 65537", "a chunk of 65537 samples"},
	};
	struct sample_table table;

	example_table(&table, 1000, 3, 7);
	add(fixture, "alpha", &table);
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		assert_int_equal(store_begin(fixture->profile, &fixture->error), 0);
		assert_int_equal(store_execute(fixture->profile, spoil[i].sql,
					       "testing", &fixture->error),
				 0);
		assert_int_equal(load(fixture), -EBADMSG);
		if (!strstr(fixture->error.text, spoil[i].words) ||
		    !strstr(fixture->error.text, profile_path(fixture->profile)))
			fail_msg("%s: %s", spoil[i].sql, fixture->error.text);
		assert_int_equal(fixture->table.rows, 0);
		store_end(fixture->profile, -1, NULL);
	}
	assert_int_equal(load(fixture), 0);
	assert_same(&fixture->table, &table);
	sample_table_free(&table);
}

/* A block that decodes but holds what no measurement can be. */
static void impossible_numbers_are_damage(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		unsigned column;
		double value;
	} spoil[] = {
		{STORE_COLUMN_WALL, -1},        {STORE_COLUMN_WALL, NAN},
		{STORE_COLUMN_WALL, INFINITY},  {STORE_COLUMN_CPU, -1},
		{STORE_COLUMN_WEIGHT, 0},       {STORE_COLUMN_RUNNING, 1.5},
		{STORE_COLUMN_RUNNING, NAN},    {STORE_COLUMN_EVENT, NAN},
		{STORE_COLUMN_EVENT, INFINITY},
	};
	struct sample_table table;

	example_table(&table, 1, 3, 7);
	table.running[0] = 0.5f;
	table.weight[0] = 2;
	add(fixture, "alpha", &table);
	for (size_t i = 0; i < sizeof(spoil) / sizeof(spoil[0]); i++) {
		struct column_block block;
		sqlite3_stmt *statement;

		assert_int_equal(store_begin(fixture->profile, &fixture->error), 0);
		assert_int_equal(column_encode_real(fixture->profile->codec,
						    &spoil[i].value, 1, &block,
						    &fixture->error),
				 0);
		assert_int_equal(
			store_prepare(fixture->profile, &statement,
				      "UPDATE block SET data = ?1 WHERE column = ?2",
				      &fixture->error),
			0);
		sqlite3_bind_blob(statement, 1, block.bytes, (int)block.length,
				  SQLITE_STATIC);
		sqlite3_bind_int(statement, 2, (int)spoil[i].column);
		assert_int_equal(store_run(fixture->profile, statement, "testing",
					   &fixture->error),
				 0);
		sqlite3_finalize(statement);
		assert_int_equal(load(fixture), -EBADMSG);
		store_end(fixture->profile, -1, NULL);
	}
	assert_int_equal(load(fixture), 0);
	sample_table_free(&table);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(samples_come_back_as_they_were),
		TEST(many_samples_are_split_into_chunks),
		TEST(arrays_that_are_missing_mean_defaults),
		TEST(no_samples_make_no_region),
		TEST(a_region_is_made_once),
		TEST(total_time_is_weighted),
		TEST(spoilt_blocks_are_named),
		TEST(impossible_numbers_are_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
