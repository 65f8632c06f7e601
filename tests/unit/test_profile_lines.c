/* SPDX-License-Identifier: MIT */
/* profile/lines.c, lines_load.c, line_detail.c: contended lines in, merged, and out again. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "base/text.h"
#include "profile/lines.h"
#include "profile/store.h"
#include "support/profile_builder.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct profile *profile;
	struct profile_run run;
	struct profile_lines lines;
	const char *top; /* of the source, as profile_add_lines() takes it */
	struct error error;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	scratch_open(&fixture->scratch);
	fixture->profile = example_profile(scratch_path(&fixture->scratch, "a.apdb"),
					   recording_plan());
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	profile_lines_free(&fixture->lines);
	profile_close(fixture->profile);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

/* ---- files ---- */

#define PLACE(line)                                                     \
	"{\"function\": \"work\", \"file\": \"/src/build/../work.c\", " \
	"\"line\": " #line ", \"object\": \"/usr/bin/work\"}"
#define UNTOUCHED "\"thread\": 0, \"block\": 0}"

static const char global_data[] =
	"\"data\": [{\"first\": 0, \"last\": 63, \"kind\": \"global\","
	" \"name\": \"sums\", \"offset\": 32, " UNTOUCHED "], \"blocks\": [],";

/* A file with one line; `data` are its members data and blocks. */
static void put_file(struct text *text, uint64_t address, uint64_t hitm,
		     const char *data, const char *regions)
{
	text_printf(
		text,
		"{\"version\": 1, \"machine\": \"generic\", \"clock_mhz\": 3000,"
		" \"line_bytes\": 64,\n"
		" \"regions\": [{\"region\": \"work\", \"executions\": 10,"
		" \"cycles\": 100000, \"instructions\": 20000}],\n"
		" \"lines\": [{\"address\": %llu, \"hitm_local\": %llu,"
		" \"hitm_remote\": 0, \"hitm_false\": %llu, \"hitm_true\": 0,"
		" \"upgrades\": 5, \"cycles\": %llu, \"padding\": 56, %s"
		" \"threads\": [{\"thread\": 2, \"hitm\": 7,"
		" \"read\": \"00000000000000ff\", \"written\": \"00000000000000ff\"},"
		" {\"thread\": 3, \"hitm\": 8, \"read\": \"000000000000ff00\","
		" \"written\": \"000000000000ff00\"}], \"more_threads\": false,"
		" \"fetched_at\": [{\"count\": 9, \"place\": " PLACE(
			39) "}],"
			    " \"written_at\": [{\"count\": 9, \"place\": " PLACE(
				    40) "}],"
					" \"regions\": [%s]}]}\n",
		(unsigned long long)address, (unsigned long long)hitm,
		(unsigned long long)hitm, (unsigned long long)hitm * 100, data,
		regions);
	assert_false(text->failed);
}

static int add_bytes(struct fixture *fixture, const char *bytes, size_t length)
{
	const char *path =
		scratch_write(&fixture->scratch, "1-0.lines.json", bytes, length);

	return profile_add_lines(fixture->profile, &fixture->run, path, fixture->top,
				 &fixture->error);
}

static int add(struct fixture *fixture, uint64_t address, uint64_t hitm,
	       const char *data)
{
	struct text text = {0};
	char regions[128];
	int status;

	snprintf(regions, sizeof(regions),
		 "{\"region\": \"work\", \"hitm\": %llu, \"cycles\": %llu}",
		 (unsigned long long)hitm, (unsigned long long)hitm * 100);
	put_file(&text, address, hitm, data, regions);
	status = add_bytes(fixture, text.chars, text.length);
	text_free(&text);
	return status;
}

static void begin(struct fixture *fixture)
{
	fixture->run = (struct profile_run){.pass = 0};
	assert_int_equal(
		profile_begin_run(fixture->profile, &fixture->run, &fixture->error), 0);
}

static void end(struct fixture *fixture, enum profile_run_status status)
{
	fixture->run.status = status;
	assert_int_equal(
		profile_end_run(fixture->profile, &fixture->run, &fixture->error), 0);
}

/* A whole run with one line. */
static void run(struct fixture *fixture, uint64_t address, uint64_t hitm,
		const char *data)
{
	begin(fixture);
	assert_int_equal(add(fixture, address, hitm, data), 0);
	end(fixture, PROFILE_RUN_OK);
}

static const struct profile_lines *load(struct fixture *fixture)
{
	profile_lines_free(&fixture->lines);
	if (profile_lines(fixture->profile, &fixture->lines, &fixture->error))
		fail_msg("%s", fixture->error.text);
	return &fixture->lines;
}

/* ---- what is stored ---- */

static void a_line_comes_out_as_it_went_in(void **state)
{
	struct fixture *fixture = *state;
	const struct profile_line *line;

	run(fixture, 1 << 20, 400, global_data);
	assert_int_equal(load(fixture)->count, 1);
	line = &fixture->lines.items[0];
	assert_string_equal(line->identity, "global sums+32");
	assert_true(line->hitm == 400 && line->hitm_false == 400 &&
		    line->hitm_true == 0 && line->upgrades == 5 &&
		    line->cycles == 40000);
	assert_true(profile_line_is_false(line));
	assert_int_equal(line->padding, 56);
	assert_int_equal(line->data_count, 1);
	assert_string_equal(line->data[0].name, "sums");
	assert_int_equal(line->thread_count, 2);
	assert_int_equal(line->threads[1].thread, 3);
	assert_int_equal(line->threads[1].written, 0xff00);
	assert_int_equal(line->fetched_at[0].place.line, 39);
	assert_string_equal(line->fetched_at[0].place.file, "/src/work.c");
	assert_int_equal(line->region_count, 1);
	assert_string_equal(line->regions[0].name, "work");
	assert_true(line->regions[0].cycles_share == 0.4);
	assert_true(line->regions[0].cycles_per_execution == 4000);
	assert_true(line->regions[0].hitm_per_execution == 40);
	assert_true(line->regions[0].hitm_per_1000 == 20);
	assert_ptr_equal(profile_line_region(line, "work"), &line->regions[0]);
	assert_null(profile_line_region(line, "other"));
}

static void runs_are_merged_whatever_the_address_into_medians(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, 1 << 20, 100, global_data);
	run(fixture, 1 << 21, 900, global_data);
	run(fixture, 1 << 22, 300, global_data);
	assert_int_equal(load(fixture)->runs, 3);
	assert_int_equal(fixture->lines.count, 1);
	assert_int_equal(fixture->lines.items[0].runs, 3);
	assert_true(fixture->lines.items[0].hitm == 300);
	assert_true(fixture->lines.items[0].regions[0].cycles_share == 0.3);
}

static void a_run_without_the_line_counts_as_none(void **state)
{
	struct fixture *fixture = *state;
	struct text empty = {0};

	run(fixture, 1 << 20, 100, global_data);
	text_puts(&empty, "{\"version\": 1, \"line_bytes\": 64, \"regions\": ["
			  "{\"region\": \"work\", \"executions\": 10, \"cycles\": 9,"
			  " \"instructions\": 9}], \"lines\": []}");
	for (int i = 0; i < 2; i++) {
		begin(fixture);
		assert_int_equal(add_bytes(fixture, empty.chars, empty.length), 0);
		end(fixture, PROFILE_RUN_OK);
	}
	text_free(&empty);
	assert_int_equal(load(fixture)->runs, 3);
	assert_int_equal(fixture->lines.items[0].runs, 1);
	assert_true(fixture->lines.items[0].hitm == 0);
}

static void processes_of_a_run_add_up(void **state)
{
	struct fixture *fixture = *state;

	begin(fixture);
	assert_int_equal(add(fixture, 1 << 20, 100, global_data), 0);
	assert_int_equal(add(fixture, 1 << 21, 200, global_data), 0);
	end(fixture, PROFILE_RUN_OK);
	assert_int_equal(load(fixture)->count, 1);
	assert_true(fixture->lines.items[0].hitm == 300);
	assert_true(fixture->lines.items[0].regions[0].hitm_per_execution == 15);
}

static void failed_runs_do_not_count(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, 1 << 20, 100, global_data);
	begin(fixture);
	assert_int_equal(add(fixture, 1 << 20, 9000, global_data), 0);
	end(fixture, PROFILE_RUN_SIGNAL);
	assert_int_equal(load(fixture)->runs, 1);
	assert_true(fixture->lines.items[0].hitm == 100);
}

static void a_block_is_known_by_its_allocation_not_its_place_in_a_line(void **state)
{
	static const char format[] =
		"\"data\": [{\"first\": 0, \"last\": 63, \"kind\": \"heap\","
		" \"name\": \"\", \"offset\": %d, " UNTOUCHED "],"
		" \"blocks\": [{\"bytes\": 200, \"offset\": %d, \"allocated_at\": "
		"[" PLACE(7) ", " PLACE(99) "]}],";
	struct fixture *fixture = *state;
	char data[2048];

	snprintf(data, sizeof(data), format, 64, 64);
	run(fixture, 1 << 20, 100, data);
	snprintf(data, sizeof(data), format, 48, 48);
	run(fixture, 1 << 20, 200, data);
	assert_int_equal(load(fixture)->count, 1);
	assert_string_equal(fixture->lines.items[0].identity,
			    "heap 1 of work(work.c:7) work(work.c:99)");
	assert_string_equal(fixture->lines.items[0].subject,
			    "heap 1 of work(work.c) work(work.c)");
	/* Of the run in which it cost most. */
	assert_int_equal(fixture->lines.items[0].data[0].offset, 48);
	assert_int_equal(fixture->lines.items[0].blocks[0].frame_count, 2);
}

static void lines_that_cost_no_region_anything_are_left_out(void **state)
{
	struct fixture *fixture = *state;
	struct text text = {0};

	begin(fixture);
	put_file(&text, 1 << 20, 100, global_data, "");
	assert_int_equal(add_bytes(fixture, text.chars, text.length), 0);
	text_free(&text);
	end(fixture, PROFILE_RUN_OK);
	assert_int_equal(load(fixture)->count, 0);
	assert_int_equal(fixture->lines.runs, 1);
}

static void names_become_printable(void **state)
{
	static const char data[] =
		"\"data\": [{\"first\": 0, \"last\": 63, \"kind\": \"global\","
		" \"name\": \"a\\u001b[31m\\\"\\u00e4\\n\", \"offset\": 0, " UNTOUCHED
		"], \"blocks\": [],";
	struct fixture *fixture = *state;

	run(fixture, 1 << 20, 100, data);
	assert_int_equal(load(fixture)->count, 1);
	assert_string_equal(fixture->lines.items[0].data[0].name,
			    "a\\x1b[31m\"\xc3\xa4\\x0a");
}

static void files_below_the_top_are_named_as_seen_from_it(void **state)
{
	static const char data[] =
		"\"data\": [{\"first\": 0, \"last\": 63, \"kind\": \"section\","
		" \"name\": \"/src/deep/a/prog\", \"offset\": 0, " UNTOUCHED
		"], \"blocks\": [],";
	struct fixture *fixture = *state;
	const struct profile_line *line;
	struct text place = {0};

	fixture->top = "/src";
	run(fixture, 1 << 20, 100, data);
	line = &load(fixture)->items[0];
	assert_string_equal(line->fetched_at[0].place.file, "work.c");
	assert_string_equal(line->fetched_at[0].place.object, "/usr/bin/work");
	/* The whole of it: other than an absolute path, it is not long. */
	assert_string_equal(line->data[0].name, "deep/a/prog");
	line_put_data(&place, line, 0);
	assert_string_equal(place.chars, "variables of deep/a/prog");
	text_free(&place);
	assert_non_null(strstr(line->subject, "section deep/a/prog fetched"));
	/* Only the beginning is the top, or it leads out again. */
	fixture->top = "/src/build";
	run(fixture, 1 << 20, 200, data);
	assert_string_equal(load(fixture)->items[0].fetched_at[0].place.file,
			    "/src/work.c");
}

/* ---- what is refused ---- */

static void a_file_cut_short_anywhere_leaves_the_run_as_it_was(void **state)
{
	struct fixture *fixture = *state;
	struct text text = {0};

	put_file(&text, 1 << 20, 100, global_data,
		 "{\"region\": \"work\", \"hitm\": 1, \"cycles\": 1}");
	begin(fixture);
	for (size_t length = 0; length + 2 < text.length; length += 13) {
		assert_int_equal(add_bytes(fixture, text.chars, length), -EBADMSG);
		assert_non_null(strstr(fixture->error.text, "1-0.lines.json"));
	}
	end(fixture, PROFILE_RUN_OK);
	text_free(&text);
	assert_int_equal(load(fixture)->runs, 0);
	assert_int_equal(fixture->lines.count, 0);
}

static void what_makes_no_sense_is_refused_by_name(void **state)
{
	static const struct {
		const char *from, *to, *says;
	} cases[] = {
		{"\"version\": 1", "\"version\": 2", "version 2"},
		{"\"line_bytes\": 64", "\"line_bytes\": 128", "128 bytes"},
		{"\"lines\": [{", "\"lines\": [7, {", "regions"},
		{"\"padding\": 56", "\"padding\": 64", "padding"},
		{"\"padding\": 56", "\"padding\": -1", "padding"},
		{"\"padding\": 56", "\"padding\": 1e3", "padding"},
		{"\"upgrades\": 5", "\"upgrades\": 9007199254740993", "upgrades"},
		{"\"upgrades\": 5", "\"upgrades\": 99999999999999999999999", "integer"},
		{"\"last\": 63", "\"last\": 64", "last"},
		{"\"last\": 63", "\"last\": 62", "data"},
		{"\"first\": 0", "\"first\": 1", "data"},
		{"\"kind\": \"global\"", "\"kind\": \"heap\"", "block"},
		{"\"kind\": \"global\"", "\"kind\": \"moon\"", "kind"},
		{"\"name\": \"sums\"", "\"name\": null", "name"},
		{"00000000000000ff", "00000000000000fg", "read"},
		{"00000000000000ff", "0", "read"},
		{"\"more_threads\": false", "\"more_threads\": 0", "more_threads"},
		{"\"thread\": 2", "\"thread\": \"2\"", "thread"},
		{"\"line\": 39", "\"line\": -39", "line"},
		{"\"count\": 9", "\"count\": 9, \"count\": 9", "duplicate"},
		{"\"executions\": 10", "\"executions\": []", "executions"},
		{"\"blocks\": []", "\"blocks\": [1, 2, 3, 4, 5]", "blocks"},
	};
	struct fixture *fixture = *state;
	struct text text = {0};

	put_file(&text, 1 << 20, 100, global_data,
		 "{\"region\": \"work\", \"hitm\": 1, \"cycles\": 1}");
	begin(fixture);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *at = strstr(text.chars, cases[i].from);
		struct text changed = {0};

		assert_non_null(at);
		text_append(&changed, text.chars, (size_t)(at - text.chars));
		text_puts(&changed, cases[i].to);
		text_puts(&changed, at + strlen(cases[i].from));
		assert_int_equal(add_bytes(fixture, changed.chars, changed.length),
				 -EBADMSG);
		if (!strstr(fixture->error.text, cases[i].says))
			fail_msg("'%s' does not say '%s'", fixture->error.text,
				 cases[i].says);
		text_free(&changed);
	}
	/* The run has suffered nothing. */
	assert_int_equal(add_bytes(fixture, text.chars, text.length), 0);
	end(fixture, PROFILE_RUN_OK);
	text_free(&text);
	assert_int_equal(load(fixture)->count, 1);
}

static void random_damage_is_refused_or_harmless(void **state)
{
	struct fixture *fixture = *state;
	struct random random;
	struct text text = {0};

	random_seed(&random, 5, 1);
	put_file(&text, 1 << 20, 100, global_data,
		 "{\"region\": \"work\", \"hitm\": 1, \"cycles\": 1}");
	begin(fixture);
	for (int i = 0; i < 2000; i++) {
		size_t at = random_below(&random, (uint32_t)text.length);
		char kept = text.chars[at];

		text.chars[at] = (char)random_below(&random, 256);
		add_bytes(fixture, text.chars, text.length);
		text.chars[at] = kept;
	}
	end(fixture, PROFILE_RUN_OK);
	text_free(&text);
	load(fixture);
}

static void deep_nesting_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct text text = {0};

	for (int i = 0; i < 100000; i++)
		text_puts(&text, "[");
	begin(fixture);
	assert_int_equal(add_bytes(fixture, text.chars, text.length), -EBADMSG);
	text_free(&text);
	profile_abandon_run(fixture->profile);
}

/* ---- versions of the profile ---- */

static void make_old(struct fixture *fixture)
{
	assert_int_equal(sqlite3_exec(fixture->profile->db,
				      "DROP TABLE line_region; DROP TABLE line_run;"
				      "DROP TABLE line; DROP TABLE region_run;"
				      "ALTER TABLE process DROP COLUMN executions;"
				      "ALTER TABLE process DROP COLUMN measured;"
				      "ALTER TABLE process DROP COLUMN marker_ns;"
				      "PRAGMA user_version = 1",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	profile_close(fixture->profile);
	fixture->profile = NULL;
}

static void an_old_profile_has_no_lines_and_is_not_touched_by_reading(void **state)
{
	struct fixture *fixture = *state;

	make_old(fixture);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(profile_open(&fixture->profile,
					      scratch_path(&fixture->scratch, "a.apdb"),
					      PROFILE_READ, &fixture->error),
				 0);
		assert_int_equal(fixture->profile->version, 1);
		assert_int_equal(load(fixture)->count, 0);
		profile_close(fixture->profile);
	}
	fixture->profile = NULL;
}

static void an_old_profile_takes_lines_once_it_is_written_to(void **state)
{
	struct fixture *fixture = *state;

	make_old(fixture);
	assert_int_equal(profile_open(&fixture->profile,
				      scratch_path(&fixture->scratch, "a.apdb"),
				      PROFILE_WRITE, &fixture->error),
			 0);
	run(fixture, 1 << 20, 100, global_data);
	assert_int_equal(load(fixture)->count, 1);
}

static void a_detail_that_was_tampered_with_is_damage(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, 1 << 20, 100, global_data);
	assert_int_equal(sqlite3_exec(fixture->profile->db,
				      "UPDATE line SET detail = "
				      "json_set(detail, '$.data[0].last', 64)",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_int_equal(
		profile_lines(fixture->profile, &fixture->lines, &fixture->error),
		-EBADMSG);
	assert_int_equal(fixture->lines.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- in words ---- */

static void expect_advice(double hitm_false, double hitm_true, uint32_t padding,
			  const char *expected)
{
	const struct profile_line line = {
		.hitm_false = hitm_false, .hitm_true = hitm_true, .padding = padding};
	struct text advice = {0};

	line_put_advice(&advice, &line);
	assert_string_equal(advice.chars, expected);
	text_free(&advice);
}

static void advice_tells_how_much_padding_would_end(void **state)
{
	(void)state;
	expect_advice(1000, 50, 56,
		      "put 56 bytes between what different threads have, or align "
		      "each part to 64");
	expect_advice(600, 400, 56,
		      "put 56 bytes between what different threads have, or align "
		      "each part to 64: that ends the false sharing, 60 % of it; for "
		      "the rest, share less often");
	expect_advice(0, 400, 0,
		      "padding does not help, the threads want the same bytes: share "
		      "them less often");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line_comes_out_as_it_went_in),
		TEST(runs_are_merged_whatever_the_address_into_medians),
		TEST(a_run_without_the_line_counts_as_none),
		TEST(processes_of_a_run_add_up),
		TEST(failed_runs_do_not_count),
		TEST(a_block_is_known_by_its_allocation_not_its_place_in_a_line),
		TEST(lines_that_cost_no_region_anything_are_left_out),
		TEST(names_become_printable),
		TEST(files_below_the_top_are_named_as_seen_from_it),
		TEST(a_file_cut_short_anywhere_leaves_the_run_as_it_was),
		TEST(what_makes_no_sense_is_refused_by_name),
		TEST(random_damage_is_refused_or_harmless),
		TEST(deep_nesting_is_refused),
		TEST(an_old_profile_has_no_lines_and_is_not_touched_by_reading),
		TEST(an_old_profile_takes_lines_once_it_is_written_to),
		TEST(a_detail_that_was_tampered_with_is_damage),
		cmocka_unit_test(advice_tells_how_much_padding_would_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
