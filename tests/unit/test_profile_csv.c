/* SPDX-License-Identifier: MIT */
/* profile/csv.c: what RFC 4180 and real files have, and refusals that name the line. */
#include "profile/csv.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"
#include "support/scratch.h"

struct fixture {
	struct scratch scratch;
	struct csv_reader reader;
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

	csv_close(&fixture->reader);
	scratch_close(&fixture->scratch);
	free(fixture);
	return 0;
}

static void open_bytes(struct fixture *fixture, const char *bytes, size_t length)
{
	csv_close(&fixture->reader);
	assert_int_equal(
		csv_open(&fixture->reader,
			 scratch_write(&fixture->scratch, "a.csv", bytes, length),
			 &fixture->error),
		0);
}

#define OPEN(text) open_bytes(fixture, text, sizeof(text) - 1)

/* The next record is these fields, joined by '|', on that line. */
static void next_is(struct fixture *fixture, uint64_t line, const char *expected)
{
	char joined[256] = "";

	assert_int_equal(csv_next(&fixture->reader, &fixture->error), 1);
	assert_int_equal(fixture->reader.line, line);
	for (size_t i = 0; i < fixture->reader.count; i++) {
		if (i)
			strcat(joined, "|");
		strcat(joined, csv_field(&fixture->reader, i));
	}
	assert_string_equal(joined, expected);
}

static void ends(struct fixture *fixture)
{
	assert_int_equal(csv_next(&fixture->reader, &fixture->error), 0);
	assert_int_equal(csv_next(&fixture->reader, &fixture->error), 0);
}

static void refuses(struct fixture *fixture, const char *line, const char *words)
{
	assert_int_equal(csv_next(&fixture->reader, &fixture->error), -EINVAL);
	if (!strstr(fixture->error.text, "a.csv, ") ||
	    !strstr(fixture->error.text, line) || !strstr(fixture->error.text, words))
		fail_msg("text: %s", fixture->error.text);
}

static void plain_tables_are_read(void **state)
{
	struct fixture *fixture = *state;

	OPEN("a,b,c\n1,2,3\n4,,\n,,\n");
	next_is(fixture, 1, "a|b|c");
	next_is(fixture, 2, "1|2|3");
	next_is(fixture, 3, "4||");
	next_is(fixture, 4, "||");
	ends(fixture);
}

static void the_last_line_needs_no_end(void **state)
{
	struct fixture *fixture = *state;

	OPEN("a,b\n1,2");
	next_is(fixture, 1, "a|b");
	next_is(fixture, 2, "1|2");
	ends(fixture);
	OPEN("a,b\n1,");
	next_is(fixture, 1, "a|b");
	next_is(fixture, 2, "1|");
	ends(fixture);
	OPEN("");
	ends(fixture);
}

static void line_ends_of_every_system_work(void **state)
{
	struct fixture *fixture = *state;

	OPEN("a,b\r\n1,2\r\n");
	next_is(fixture, 1, "a|b");
	next_is(fixture, 2, "1|2");
	ends(fixture);
	OPEN("a,b\r1,2\r3,4");
	next_is(fixture, 1, "a|b");
	next_is(fixture, 2, "1|2");
	next_is(fixture, 3, "3|4");
	ends(fixture);
}

static void a_byte_order_mark_is_skipped(void **state)
{
	struct fixture *fixture = *state;

	OPEN("\xef\xbb\xbf\"a\",b\n1,2\n");
	next_is(fixture, 1, "a|b");
	next_is(fixture, 2, "1|2");
	ends(fixture);
	OPEN("\xef\xbb");
	next_is(fixture, 1, "\xef\xbb");
	ends(fixture);
}

static void blank_lines_are_skipped_and_counted(void **state)
{
	struct fixture *fixture = *state;

	OPEN("\n\n a , b \n  \t \r\n1,2\n\n");
	next_is(fixture, 3, "a|b");
	next_is(fixture, 5, "1|2");
	ends(fixture);
}

static void quotes_protect_commas_quotes_and_line_ends(void **state)
{
	struct fixture *fixture = *state;

	OPEN("\"a,b\", \"c\"\"d\" ,\"e\nf\r\ng\",\"\"\nh\n");
	next_is(fixture, 1, "a,b|c\"d|e\nf\r\ng|");
	next_is(fixture, 4, "h");
	ends(fixture);
	OPEN("\"  a \"\n");
	next_is(fixture, 1, "  a ");
	ends(fixture);
}

static void unbalanced_quotes_are_refused(void **state)
{
	struct fixture *fixture = *state;

	OPEN("a,b\n1,\"2\n3,4\n");
	next_is(fixture, 1, "a|b");
	refuses(fixture, "line 2", "never closed");
	OPEN("a,\"b\"c\n");
	refuses(fixture, "line 1", "after the closing quote of field 2");
	OPEN("a,b\"c\"\n");
	refuses(fixture, "line 1", "a quote inside field 2");
}

static void nul_bytes_are_refused(void **state)
{
	struct fixture *fixture = *state;

	OPEN("a,b\n1,\0002\n");
	next_is(fixture, 1, "a|b");
	refuses(fixture, "line 2", "NUL");
	OPEN("\0a");
	refuses(fixture, "line 1", "NUL");
	OPEN("\"a\0\"");
	refuses(fixture, "line 1", "NUL");
}

static void huge_fields_and_lines_are_refused(void **state)
{
	struct fixture *fixture = *state;
	size_t length = 40 << 20;
	char *bytes = malloc(length);

	memset(bytes, 'x', length);
	open_bytes(fixture, bytes, length);
	refuses(fixture, "line 1", "field 1 is longer than");
	bytes[0] = '"';
	open_bytes(fixture, bytes, length);
	refuses(fixture, "line 1", "field 1 is longer than");
	for (size_t i = 0; i < length; i += 1000)
		bytes[i] = ',';
	open_bytes(fixture, bytes, length);
	refuses(fixture, "line 1", "the line is longer than");
	memset(bytes, ',', length);
	open_bytes(fixture, bytes, length);
	refuses(fixture, "line 1", "more than 65536 fields");
	free(bytes);
}

static void lines_can_be_read_as_they_are(void **state)
{
	struct fixture *fixture = *state;

	OPEN("INPUT: a \"b, c\n\n x\r\nd,e\n");
	assert_int_equal(csv_next_line(&fixture->reader, &fixture->error), 1);
	assert_string_equal(csv_field(&fixture->reader, 0), "INPUT: a \"b, c");
	assert_int_equal(csv_next_line(&fixture->reader, &fixture->error), 1);
	assert_string_equal(csv_field(&fixture->reader, 0), "");
	assert_int_equal(csv_next_line(&fixture->reader, &fixture->error), 1);
	assert_string_equal(csv_field(&fixture->reader, 0), " x");
	next_is(fixture, 4, "d|e");
	assert_int_equal(csv_next_line(&fixture->reader, &fixture->error), 0);
}

static void what_cannot_be_opened_is_named(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(csv_open(&fixture->reader,
				  scratch_path(&fixture->scratch, "none.csv"),
				  &fixture->error),
			 -ENOENT);
	assert_non_null(strstr(fixture->error.text, "none.csv"));
	assert_int_equal(
		csv_open(&fixture->reader, fixture->scratch.directory, &fixture->error),
		-EISDIR);
}

/* Records longer than the read buffer, and fields that straddle its end. */
static void large_files_are_read_whole(void **state)
{
	struct fixture *fixture = *state;
	size_t length = 0, rows = 50000;
	char *bytes = malloc(rows * 64);

	for (size_t i = 0; i < rows; i++)
		length += (size_t)sprintf(bytes + length, "%zu,\"q%zu\n\",%zu\r\n", i,
					  i, i * i);
	open_bytes(fixture, bytes, length);
	for (size_t i = 0; i < rows; i++) {
		char expected[64];

		sprintf(expected, "%zu|q%zu\n|%zu", i, i, i * i);
		next_is(fixture, 2 * i + 1, expected);
	}
	ends(fixture);
	free(bytes);
}

/* Writes with `put`, reads back the one field. */
static const char *written(struct fixture *fixture, FILE *out)
{
	assert_int_equal(fputs(",end\n", out) >= 0 && !fclose(out), 1);
	csv_close(&fixture->reader);
	assert_int_equal(csv_open(&fixture->reader,
				  scratch_path(&fixture->scratch, "out.csv"),
				  &fixture->error),
			 0);
	assert_int_equal(csv_next(&fixture->reader, &fixture->error), 1);
	assert_int_equal(fixture->reader.count, 2);
	return csv_field(&fixture->reader, 0);
}

static FILE *writer(struct fixture *fixture)
{
	return fopen(scratch_path(&fixture->scratch, "out.csv"), "w");
}

static void text_comes_back_as_it_was_written(void **state)
{
	struct fixture *fixture = *state;
	static const char *const texts[] = {"a",    "",   " a",   "a\t", "a,b",
					    "a\"b", "\"", "a\nb", "\r",  "\xc3\xa9"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		FILE *out = writer(fixture);

		csv_put_text(out, texts[i]);
		assert_string_equal(written(fixture, out), texts[i]);
	}
}

static void numbers_come_back_bit_for_bit(void **state)
{
	struct fixture *fixture = *state;
	const double numbers[] = {0,     1,         -1,      0.1,   1.0 / 3,
				  1e300, 5e-324,    DBL_MAX, -0.0,  9007199254740992.0,
				  1e19,  123456.75, 1e-7,    2.5e15};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		FILE *out = writer(fixture);
		double back;

		csv_put_number(out, numbers[i]);
		assert_int_equal(text_to_double(written(fixture, out), &back), 0);
		assert_memory_equal(&back, &numbers[i], sizeof(back));
	}
}

static void whole_numbers_have_no_point(void **state)
{
	struct fixture *fixture = *state;
	FILE *out = writer(fixture);

	csv_put_number(out, 1234567890123.0);
	assert_string_equal(written(fixture, out), "1234567890123");
	out = writer(fixture);
	csv_put_u64(out, UINT64_MAX);
	assert_string_equal(written(fixture, out), "18446744073709551615");
	out = writer(fixture);
	csv_put_float(out, 0.3f);
	assert_string_equal(written(fixture, out), "0.3");
	out = writer(fixture);
	csv_put_float(out, 1);
	assert_string_equal(written(fixture, out), "1");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(plain_tables_are_read),
		TEST(the_last_line_needs_no_end),
		TEST(line_ends_of_every_system_work),
		TEST(a_byte_order_mark_is_skipped),
		TEST(blank_lines_are_skipped_and_counted),
		TEST(quotes_protect_commas_quotes_and_line_ends),
		TEST(unbalanced_quotes_are_refused),
		TEST(nul_bytes_are_refused),
		TEST(huge_fields_and_lines_are_refused),
		TEST(lines_can_be_read_as_they_are),
		TEST(what_cannot_be_opened_is_named),
		TEST(large_files_are_read_whole),
		TEST(text_comes_back_as_it_was_written),
		TEST(numbers_come_back_bit_for_bit),
		TEST(whole_numbers_have_no_point),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
