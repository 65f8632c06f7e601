/* SPDX-License-Identifier: MIT */
/* annotate/edit.c, source.c: what is put in can be taken out again, whatever the text is like. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "annotate/annotate.h"
#include "annotate/mark.h"
#include "annotate/source.h"
#include "base/random.h"

#define ROUNDS 20000u

/* A file with a marker behind each '{', called "a\"b" and the like. */
struct made {
	struct annotate_file file;
	struct annotate_function functions[64];
};

static void make_file(struct made *made, char *chars, size_t length)
{
	static char name[] = "ns::operator\"\"_x\\";

	memset(made, 0, sizeof(*made));
	made->file = (struct annotate_file){.path = (char *)(uintptr_t) "/top/a.c",
					    .chars = chars,
					    .length = length,
					    .functions = made->functions};
	for (size_t i = 0; i < length && made->file.function_count < 64; i++)
		if (chars[i] == '{')
			made->functions[made->file.function_count++] =
				(struct annotate_function){.name = name,
							   .offset = i + 1,
							   .skip = SKIP_NOT};
	made->file.marker_count = made->file.function_count;
}

static void assert_same(const char *chars, size_t length, const struct text *text)
{
	assert_int_equal(text->length, length);
	if (length)
		assert_memory_equal(text->chars, chars, length);
}

static void check_round_trip(char *chars, size_t length)
{
	struct text annotated = {0}, erased = {0};
	struct made made;
	size_t left, count;
	unsigned line;

	make_file(&made, chars, length);
	annotate_text(&made.file, &annotated);
	assert_false(annotated.failed);
	count = annotate_erase_text(annotated.chars, annotated.length, &erased, &left,
				    &line);
	assert_int_equal(count, made.file.marker_count);
	assert_int_equal(left, 0);
	assert_same(chars, length, &erased);
	text_free(&annotated);
	text_free(&erased);
}

static void erasing_restores_every_text(void **state)
{
	static const char *const pieces[] = {"{",
					     "}",
					     "\n",
					     "\r\n",
					     "\t",
					     " ",
					     "f()",
					     "\"{\"",
					     "\\",
					     "/* { */",
					     "//",
					     "#line 1",
					     "PERFPOINT_SCOPE(\"x\");",
					     "/*autoper",
					     "\xc3\xa9"};
	struct random random;

	(void)state;
	random_seed(&random, 11, 0);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct text text = {0};
		size_t count = random_below(&random, 30);

		if (random_below(&random, 4) == 0)
			text_puts(&text, BYTE_ORDER_MARK);
		for (size_t i = 0; i < count; i++)
			text_puts(
				&text,
				pieces[random_below(
					&random, sizeof(pieces) / sizeof(pieces[0]))]);
		if (text.chars)
			check_round_trip(text.chars, text.length);
		text_free(&text);
	}
}

static void lines_keep_their_numbers(void **state)
{
	char source[] = "int f(void)\r\n{\r\n}\r\n";
	struct text text = {0};
	struct made made;

	(void)state;
	make_file(&made, source, strlen(source));
	made.functions[0].name = (char *)(uintptr_t) "f";
	annotate_text(&made.file, &text);
	assert_string_equal(text.chars, "#include <perfpoint.h> /*autoperf*/\r\n"
					"#line 1 /*autoperf*/\r\n"
					"int f(void)\r\n"
					"{PERFPOINT_SCOPE(\"f\");/*autoperf*/\r\n"
					"}\r\n");
	text_free(&text);
}

static void annotating_again_adds_no_second_include(void **state)
{
	char source[] =
		"#include <perfpoint.h> /*autoperf*/\n#line 1 /*autoperf*/\n{}\n";
	struct text text = {0};
	struct made made;

	(void)state;
	make_file(&made, source, strlen(source));
	made.functions[0].name = (char *)(uintptr_t) "g";
	annotate_text(&made.file, &text);
	assert_string_equal(
		text.chars,
		"#include <perfpoint.h> /*autoperf*/\n#line 1 /*autoperf*/\n"
		"{PERFPOINT_SCOPE(\"g\");/*autoperf*/}\n");
	text_free(&text);
}

static void marks_that_were_reformatted_are_told(void **state)
{
	const char source[] = "int f() {\n  PERFPOINT_SCOPE(\"f\"); /*autoperf*/\n}\n";
	struct text text = {0};
	unsigned line;
	size_t left;

	(void)state;
	assert_int_equal(
		annotate_erase_text(source, strlen(source), &text, &left, &line), 0);
	assert_int_equal(left, 1);
	assert_int_equal(line, 2);
	assert_same(source, strlen(source), &text);
	text_free(&text);
}

static enum annotate_skip judge(const char *source)
{
	const char *body = strchr(source, '{');

	return source_judge(source, strlen(source), 0, (size_t)(body - source),
			    strlen(source));
}

static void words_tell_what_may_not_be_marked(void **state)
{
	(void)state;
	assert_int_equal(judge("int f() { return 0; }"), SKIP_NOT);
	assert_int_equal(judge("constexpr int f() { }"), SKIP_CONSTEXPR);
	assert_int_equal(judge("FMT_CONSTEXPR20 int f() { }"), SKIP_CONSTEXPR);
	assert_int_equal(judge("/* constexpr */ int f() { }"), SKIP_NOT);
	assert_int_equal(judge("__attribute__((naked)) void f() { }"), SKIP_NAKED);
	assert_int_equal(judge("task f() { co_return; }"), SKIP_COROUTINE);
	assert_int_equal(judge("int f() { puts(\"co_return\"); }"), SKIP_NOT);
	assert_int_equal(judge("int f() { [[clang::musttail]] return g(); }"),
			 SKIP_MUST_TAIL_CALL);
	assert_int_equal(judge("int f() { PERFPOINT_SCOPE(\"f\"); }"), SKIP_MARKED);
	assert_int_equal(judge("int f() { // PERFPOINT_SCOPE\n }"), SKIP_NOT);
	/* A literal, or a comment, that does not end. */
	assert_int_equal(judge("int f() { \"co_return"), SKIP_COROUTINE);
	assert_int_equal(judge("int f() { /* co_return"), SKIP_NOT);
}

static enum annotate_skip uses(const char *source)
{
	return source_judge_uses(source, strlen(source), "on");
}

static void handlers_and_resolvers_are_recognised(void **state)
{
	(void)state;
	assert_int_equal(uses("action.sa_handler = on;"), SKIP_SIGNAL_HANDLER);
	assert_int_equal(uses("{.sa_sigaction = &on}"), SKIP_SIGNAL_HANDLER);
	assert_int_equal(uses("signal(SIGINT, on)"), SKIP_SIGNAL_HANDLER);
	assert_int_equal(uses("signal (x(1), & on)"), SKIP_NOT);
	assert_int_equal(uses("signal(SIGINT, once)"), SKIP_NOT);
	assert_int_equal(uses("other(SIGINT, on)"), SKIP_NOT);
	assert_int_equal(uses("__attribute__((ifunc(\"on\")))"), SKIP_RESOLVER);
	assert_int_equal(uses("on"), SKIP_NOT);
	assert_int_equal(uses(""), SKIP_NOT);
	assert_int_equal(uses("=on"), SKIP_NOT);
	assert_int_equal(uses(",on"), SKIP_NOT);
}

static void vendored_directories_count_below_the_named_one(void **state)
{
	(void)state;
	assert_true(source_is_vendored("/home/a/third_party/x.c", 7));
	assert_false(source_is_vendored("/home/third_party/a/x.c", 17));
	assert_false(source_is_vendored("/home/a/vendor.c", 7));
}

static void diffs_are_of_the_lines_that_change(void **state)
{
	char source[] = "1\n2\n3\n4\n5\n6\n7\n8\n{\n10";
	struct text diff = {0};
	struct made made;

	(void)state;
	make_file(&made, source, strlen(source));
	made.functions[0].name = (char *)(uintptr_t) "f";
	annotate_diff(&made.file, "/top", &diff);
	assert_string_equal(diff.chars, "--- a/a.c\n+++ b/a.c\n"
					"@@ -1,4 +1,6 @@\n"
					"+#include <perfpoint.h> /*autoperf*/\n"
					"+#line 1 /*autoperf*/\n"
					" 1\n 2\n 3\n 4\n"
					"@@ -6,5 +8,5 @@\n"
					" 6\n 7\n 8\n-{\n"
					"+{PERFPOINT_SCOPE(\"f\");/*autoperf*/\n 10\n"
					"\\ No newline at end of file\n");
	text_free(&diff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(erasing_restores_every_text),
		cmocka_unit_test(lines_keep_their_numbers),
		cmocka_unit_test(annotating_again_adds_no_second_include),
		cmocka_unit_test(marks_that_were_reformatted_are_told),
		cmocka_unit_test(words_tell_what_may_not_be_marked),
		cmocka_unit_test(handlers_and_resolvers_are_recognised),
		cmocka_unit_test(vendored_directories_count_below_the_named_one),
		cmocka_unit_test(diffs_are_of_the_lines_that_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
