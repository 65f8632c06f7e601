/* SPDX-License-Identifier: MIT */
/* src/event/names.c: lists of event names as people, editors and other systems write them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "event/event.h"
#include "support/scratch.h"

static struct scratch scratch;
static struct event_names names;
static struct error failure;

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	failure = (struct error){0};
	return 0;
}

static int close_scratch(void **state)
{
	(void)state;
	event_names_free(&names);
	scratch_close(&scratch);
	return 0;
}

static int read_text(const char *bytes, size_t length)
{
	return event_names_read(
		&names, scratch_write(&scratch, "COUNTERS", bytes, length), &failure);
}

static int read_string(const char *chars)
{
	return read_text(chars, strlen(chars));
}

static void a_name_a_line_is_read_in_order(void **state)
{
	(void)state;
	assert_int_equal(read_string("PAPI_TOT_CYC\ncontext-switches\n"), 0);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[0], "PAPI_TOT_CYC");
	assert_string_equal(names.items[1], "context-switches");
}

static void
blanks_comments_crlf_and_a_missing_last_line_feed_do_not_matter(void **state)
{
	(void)state;
	assert_int_equal(
		read_string("# all of it\r\n\r\n  \tcycles \t# why\r\n#end\r\nfaults"),
		0);
	assert_int_equal(names.count, 2);
	assert_string_equal(names.items[0], "cycles");
	assert_string_equal(names.items[1], "faults");
}

static void a_byte_order_mark_is_skipped(void **state)
{
	(void)state;
	assert_int_equal(read_string("\xef\xbb\xbf"
				     "cycles\n"),
			 0);
	assert_int_equal(names.count, 1);
	assert_string_equal(names.items[0], "cycles");
}

static void duplicates_are_dropped_and_counted(void **state)
{
	(void)state;
	assert_int_equal(read_string("a\nb\na\na\n"), 0);
	assert_int_equal(names.count, 2);
	assert_int_equal(names.duplicates, 2);
}

static void a_file_without_a_name_is_refused_by_its_name(void **state)
{
	static const char *const contents[] = {"", "\n\n", "# nothing\n",
					       "\xef\xbb\xbf", " "};

	(void)state;
	for (size_t i = 0; i < sizeof(contents) / sizeof(*contents); i++) {
		assert_int_equal(read_string(contents[i]), -ENODATA);
		assert_non_null(strstr(failure.text, "COUNTERS holds no event name"));
	}
}

static void a_file_that_only_repeats_what_is_there_is_no_empty_file(void **state)
{
	(void)state;
	assert_int_equal(event_names_add(&names, "cycles", &failure), 0);
	assert_int_equal(read_string("cycles\n"), 0);
	assert_int_equal(names.count, 1);
}

static void five_hundred_names_are_read(void **state)
{
	char text[500 * 16];
	size_t length = 0;

	(void)state;
	for (int i = 0; i < 500; i++)
		length += (size_t)sprintf(text + length, "event-%d\n", i);
	assert_int_equal(read_text(text, length), 0);
	assert_int_equal(names.count, 500);
	assert_string_equal(names.items[499], "event-499");
}

static void more_names_than_the_limit_are_refused(void **state)
{
	char *text = malloc((EVENT_NAMES_MAX + 1) * 16);
	size_t length = 0;

	(void)state;
	for (int i = 0; i <= EVENT_NAMES_MAX; i++)
		length += (size_t)sprintf(text + length, "event-%d\n", i);
	assert_int_equal(read_text(text, length), -E2BIG);
	assert_int_equal(names.count, EVENT_NAMES_MAX);
	free(text);
}

static void binary_bytes_are_refused_with_file_and_line(void **state)
{
	static const char junk[] = "cycles\n\x7f"
				   "ELF\x02\x01\x01\x00\x00";

	(void)state;
	assert_int_equal(read_text(junk, sizeof(junk)), -EINVAL);
	assert_non_null(strstr(failure.text, "COUNTERS:2"));
	assert_non_null(strstr(failure.text, "0x7f"));
}

static void a_nul_byte_inside_a_name_is_refused(void **state)
{
	(void)state;
	assert_int_equal(read_text("cyc\0les\n", 8), -EINVAL);
	assert_non_null(strstr(failure.text, "0x00"));
}

static void letters_beyond_ascii_are_refused(void **state)
{
	(void)state;
	assert_int_equal(read_string("cycl\xc3\xa9s\n"), -EINVAL);
	assert_non_null(strstr(failure.text, "ASCII"));
}

static void two_names_on_one_line_are_refused_with_the_way_out(void **state)
{
	(void)state;
	assert_int_equal(read_string("cycles\ninstructions faults\n"), -EINVAL);
	assert_non_null(strstr(failure.text, "COUNTERS:2"));
	assert_non_null(strstr(failure.text, "one event name a line"));
}

static void a_name_of_the_longest_length_is_read_and_a_longer_one_refused(void **state)
{
	char name[EVENT_NAME_BYTES + 2];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(read_text(name, EVENT_NAME_BYTES), 0);
	assert_int_equal(strlen(names.items[0]), EVENT_NAME_BYTES);
	assert_int_equal(read_text(name, EVENT_NAME_BYTES + 1), -EINVAL);
}

static void a_long_comment_is_no_long_name(void **state)
{
	char line[3000];

	(void)state;
	memset(line, '-', sizeof(line));
	memcpy(line, "faults #", 8);
	assert_int_equal(read_text(line, sizeof(line)), 0);
	assert_string_equal(names.items[0], "faults");
}

static void a_missing_file_and_a_directory_are_named(void **state)
{
	(void)state;
	assert_true(event_names_read(&names, scratch_path(&scratch, "nowhere"),
				     &failure) < 0);
	assert_non_null(strstr(failure.text, "nowhere"));
	assert_true(event_names_read(&names, scratch.directory, &failure) < 0);
	assert_non_null(strstr(failure.text, scratch.directory));
}

static void a_huge_file_is_refused(void **state)
{
	char *bytes = calloc(1, 2u << 20);

	(void)state;
	memset(bytes, '#', 2u << 20);
	assert_int_equal(read_text(bytes, 2u << 20), -EFBIG);
	free(bytes);
}

static void a_list_is_split_at_commas_outside_of_terms(void **state)
{
	(void)state;
	assert_int_equal(event_names_split(&names,
					   "cycles, cpu/event=0x3c,umask=0/u,faults,",
					   &failure),
			 0);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.items[0], "cycles");
	assert_string_equal(names.items[1], "cpu/event=0x3c,umask=0/u");
	assert_string_equal(names.items[2], "faults");
}

static void an_empty_list_is_refused(void **state)
{
	(void)state;
	assert_int_equal(event_names_split(&names, "", &failure), -ENODATA);
	assert_int_equal(event_names_split(&names, " ,, ", &failure), -ENODATA);
}

#define WITH_SCRATCH(test) \
	cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SCRATCH(a_name_a_line_is_read_in_order),
		WITH_SCRATCH(
			blanks_comments_crlf_and_a_missing_last_line_feed_do_not_matter),
		WITH_SCRATCH(a_byte_order_mark_is_skipped),
		WITH_SCRATCH(duplicates_are_dropped_and_counted),
		WITH_SCRATCH(a_file_without_a_name_is_refused_by_its_name),
		WITH_SCRATCH(a_file_that_only_repeats_what_is_there_is_no_empty_file),
		WITH_SCRATCH(five_hundred_names_are_read),
		WITH_SCRATCH(more_names_than_the_limit_are_refused),
		WITH_SCRATCH(binary_bytes_are_refused_with_file_and_line),
		WITH_SCRATCH(a_nul_byte_inside_a_name_is_refused),
		WITH_SCRATCH(letters_beyond_ascii_are_refused),
		WITH_SCRATCH(two_names_on_one_line_are_refused_with_the_way_out),
		WITH_SCRATCH(
			a_name_of_the_longest_length_is_read_and_a_longer_one_refused),
		WITH_SCRATCH(a_long_comment_is_no_long_name),
		WITH_SCRATCH(a_missing_file_and_a_directory_are_named),
		WITH_SCRATCH(a_huge_file_is_refused),
		WITH_SCRATCH(a_list_is_split_at_commas_outside_of_terms),
		WITH_SCRATCH(an_empty_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
