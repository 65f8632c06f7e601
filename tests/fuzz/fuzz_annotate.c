/* SPDX-License-Identifier: MIT */
/*
 * annotate/edit.c and source.c: any bytes as a source file, with a marker behind each brace that
 * libclang could call the beginning of a body. Erasing gives back what was there, whatever of our
 * marks, whole or damaged, that held; a dry run's diff leads to the text that would be written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "annotate/annotate.h"
#include "annotate/mark.h"
#include "annotate/source.h"
#include "fuzz/fuzz.h"

#define FUNCTIONS_MAX 256u

static const char *const names[] = {"f", "ns::operator\"\"_x\\", "(anonymous)::~g",
				    "PERFPOINT_SCOPE(\"x"};

struct made {
	struct annotate_file file;
	struct annotate_function functions[FUNCTIONS_MAX];
};

/* Whether a whole marker has the byte in it: a name with a brace is no beginning of a body. */
static bool is_in_marker(const char *chars, size_t length, size_t at)
{
	size_t begin = at, end = at;

	while (begin && chars[begin - 1] != '\n')
		begin--;
	while (end < length && chars[end] != '\n')
		end++;
	for (size_t i = begin; i < at; i++) {
		const char *mark;

		if (end - i < strlen(SCOPE_BEGIN) ||
		    memcmp(chars + i, SCOPE_BEGIN, strlen(SCOPE_BEGIN)) != 0)
			continue;
		mark = memmem(chars + i, end - i, SCOPE_END, strlen(SCOPE_END));
		if (mark && mark + strlen(SCOPE_END) > chars + at)
			return true;
	}
	return false;
}

static void make_file(struct made *made, char *chars, size_t length)
{
	size_t top = source_top(chars, length) + source_include_bytes(chars, length);
	size_t count = 0;

	memset(made, 0, sizeof(*made));
	made->file = (struct annotate_file){.path = (char *)(uintptr_t) "/top/a.c",
					    .chars = chars,
					    .length = length,
					    .functions = made->functions};
	for (size_t i = top; i < length && count < FUNCTIONS_MAX; i++) {
		if (chars[i] != '{' || is_in_marker(chars, length, i))
			continue;
		made->functions[count] = (struct annotate_function){
			.name = (char *)(uintptr_t)
				names[count % (sizeof(names) / sizeof(names[0]))],
			.offset = i + 1,
			.skip = count % 5 == 4 ? SKIP_SHORT : SKIP_NOT};
		made->file.marker_count += made->functions[count++].skip == SKIP_NOT;
	}
	made->file.function_count = count;
}

static void require_same(const struct text *one, const struct text *other)
{
	fuzz_require(one->length == other->length);
	fuzz_require(!one->length || !memcmp(one->chars, other->chars, one->length));
}

static size_t line_end(const struct text *text, size_t at)
{
	const char *end = at < text->length
				  ? memchr(text->chars + at, '\n', text->length - at)
				  : NULL;

	return end ? (size_t)(end - text->chars) + 1 : text->length;
}

/* Applies a unified diff to the text as patch(1) does, and requires that it fits. */
static void apply(const struct text *before, const struct text *diff,
		  struct text *after)
{
	static const char no_newline[] = "\\ No newline at end of file\n";
	size_t done = 0, at = line_end(diff, line_end(diff, 0));
	size_t line = 1;

	while (at < diff->length) {
		size_t first, old_count, new_first, new_count;

		fuzz_require(sscanf(diff->chars + at, "@@ -%zu,%zu +%zu,%zu @@", &first,
				    &old_count, &new_first, &new_count) == 4);
		at = line_end(diff, at);
		for (; line < first; line++) {
			size_t end = line_end(before, done);

			text_append(after, before->chars + done, end - done);
			done = end;
		}
		while (old_count || new_count) {
			size_t end = line_end(diff, at), length = end - at - 1;
			char sign = diff->chars[at];
			bool whole = diff->length - end < strlen(no_newline) ||
				     memcmp(diff->chars + end, no_newline,
					    strlen(no_newline)) != 0;

			length -= !whole;
			if (sign != '+') {
				size_t old_end = line_end(before, done);

				fuzz_require(old_count--);
				fuzz_require(old_end - done == length);
				fuzz_require(!memcmp(before->chars + done,
						     diff->chars + at + 1, length));
				done = old_end;
				line++;
			}
			if (sign != '-') {
				fuzz_require(new_count--);
				text_append(after, diff->chars + at + 1, length);
			}
			at = whole ? end : end + strlen(no_newline);
		}
	}
	text_append(after, before->chars + done, before->length - done);
}

static void check_round_trip(char *chars, size_t length)
{
	struct text annotated = {0}, erased = {0}, back = {0}, diff = {0},
		    patched = {0};
	const struct text before = {.chars = chars, .length = length};
	size_t left, left_back, count, count_back;
	struct made made;
	unsigned line;

	make_file(&made, chars, length);
	count = annotate_erase_text(chars, length, &erased, &left, &line);
	fuzz_require(!left == !line);
	annotate_text(&made.file, &annotated);
	fuzz_require(!annotated.failed && annotated.length >= length);
	count_back = annotate_erase_text(annotated.chars, annotated.length, &back,
					 &left_back, &line);
	fuzz_require(count_back == count + made.file.marker_count);
	fuzz_require(left_back == left);
	require_same(&back, &erased);
	annotate_diff(&made.file, "/top", &diff);
	fuzz_require(!diff.failed);
	apply(&before, &diff, &patched);
	require_same(&patched, &annotated);
	text_free(&annotated);
	text_free(&erased);
	text_free(&back);
	text_free(&diff);
	text_free(&patched);
}

static void judge(const char *chars, size_t length)
{
	size_t judged = 0;

	source_is_generated(chars, length);
	source_judge_uses(chars, length, "on");
	for (size_t i = 0; i < length && judged < FUNCTIONS_MAX; i++)
		if (chars[i] == '{') {
			source_judge(chars, length, 0, i, length);
			judged++;
		}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	char *chars = (char *)(uintptr_t)bytes;

	if (length > 1 << 16)
		return 0;
	check_round_trip(chars, length);
	judge(chars, length);
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const seeds[] = {
		"int f(void)\n{\n\treturn 0;\n}\n\nint g() { signal(2, on); }",
		"\xef\xbb\xbfint f(void) {\r\n}\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n"
		"int g()\r\n{\r\n}\r\n",
		INCLUDE_LINE "\n" NUMBER_LINE "\nint f(void) {" SCOPE_BEGIN
			     "f" SCOPE_END "}\n{}",
		"{" SCOPE_BEGIN "a{b" SCOPE_END SCOPE_BEGIN "c\\" SCOPE_END "\n" MARK
		"\n\"); " MARK "{\n" SCOPE_BEGIN "x\n\");" MARK,
		INCLUDE_LINE "\nx {\n" INCLUDE_LINE "\r\n" NUMBER_LINE "\r\n",
		"template <class T> struct a { a() try { } catch (...) { } };\n",
		"/* {\n\"{\\\n'{\n//{\\\n{constexpr co_return PERFPOINT_START",
	};

	if (index >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	*length = strlen(seeds[index]);
	*bytes = malloc(*length);
	fuzz_require(*bytes);
	memcpy(*bytes, seeds[index], *length);
	return true;
}
