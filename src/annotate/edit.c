/* SPDX-License-Identifier: MIT */
/* Texts with markers and without, and what differs. */
#include <stdlib.h>
#include <string.h>

#include "annotate/annotate.h"
#include "annotate/mark.h"
#include "annotate/source.h"

#define CONTEXT_LINES ((size_t)3)

/* ---- putting in ---- */

/* How the file's first line ends. */
static const char *line_end(const struct annotate_file *file)
{
	const char *end = memchr(file->chars, '\n', file->length);

	return end && end > file->chars && end[-1] == '\r' ? "\r\n" : "\n";
}

static bool needs_include(const struct annotate_file *file)
{
	return file->marker_count && !source_include_bytes(file->chars, file->length);
}

static void put_include(const struct annotate_file *file, const char *before,
			struct text *text)
{
	const char *end = line_end(file);

	text_printf(text, "%s" INCLUDE_LINE "%s%s" NUMBER_LINE "%s", before, end,
		    before, end);
}

static void put_marker(const struct annotate_function *function, struct text *text)
{
	text_puts(text, SCOPE_BEGIN);
	for (const char *c = function->name; *c; c++) {
		if (*c == '"' || *c == '\\')
			text_append(text, "\\", 1);
		text_append(text, c, 1);
	}
	text_puts(text, SCOPE_END);
}

/* Appends the text from `begin` to `end` with the markers that go there. */
static void put_range(const struct annotate_file *file, size_t begin, size_t end,
		      struct text *text)
{
	for (size_t i = 0; i < file->function_count; i++) {
		const struct annotate_function *function = &file->functions[i];

		if (function->skip || function->offset <= begin ||
		    function->offset > end)
			continue;
		text_append(text, file->chars + begin, function->offset - begin);
		put_marker(function, text);
		begin = function->offset;
	}
	text_append(text, file->chars + begin, end - begin);
}

void annotate_text(const struct annotate_file *file, struct text *text)
{
	size_t top = source_top(file->chars, file->length);

	text_append(text, file->chars, top);
	if (needs_include(file))
		put_include(file, "", text);
	put_range(file, top, file->length, text);
}

/* ---- the diff ---- */

struct lines {
	size_t *starts; /* count + 1 of them */
	bool *changed;
	size_t count;
};

static bool find_lines(const struct annotate_file *file, struct lines *lines)
{
	size_t count = 0, function = 0, line = 0;

	for (size_t i = 0; i < file->length; i++)
		count += file->chars[i] == '\n';
	count += file->length && file->chars[file->length - 1] != '\n';
	lines->count = count;
	lines->starts = calloc(count + 1, sizeof(*lines->starts));
	lines->changed = calloc(count + 1, sizeof(*lines->changed));
	if (!lines->starts || !lines->changed)
		return false;
	for (size_t i = 0; i < file->length; i++)
		if (file->chars[i] == '\n' && line + 1 <= count)
			lines->starts[++line] = i + 1;
	lines->starts[count] = file->length;
	for (line = 0; line < count; line++)
		for (; function < file->function_count &&
		       file->functions[function].offset <= lines->starts[line + 1];
		     function++)
			lines->changed[line] |= !file->functions[function].skip;
	/* A byte order mark stays in front. */
	if (count && needs_include(file) && source_top(file->chars, file->length))
		lines->changed[0] = true;
	return true;
}

static void put_diff_line(char sign, const char *chars, size_t length,
			  struct text *diff)
{
	text_append(diff, &sign, 1);
	text_append(diff, chars, length);
	if (!length || chars[length - 1] != '\n')
		text_puts(diff, "\n\\ No newline at end of file\n");
}

/* Lines `first` to `last` - 1 changed, or not. */
static void put_block(const struct annotate_file *file, const struct lines *lines,
		      size_t first, size_t last, struct text *diff)
{
	size_t top = source_top(file->chars, file->length);

	for (size_t i = first; i < last; i++) {
		size_t begin = lines->starts[i], end = lines->starts[i + 1];
		struct text now = {0};

		if (!lines->changed[i]) {
			put_diff_line(' ', file->chars + begin, end - begin, diff);
			continue;
		}
		put_diff_line('-', file->chars + begin, end - begin, diff);
		if (i == 0 && top && needs_include(file)) {
			text_puts(diff, "+" BYTE_ORDER_MARK INCLUDE_LINE);
			text_printf(diff, "%s+" NUMBER_LINE "%s", line_end(file),
				    line_end(file));
			begin = top;
		}
		put_range(file, begin, end, &now);
		diff->failed |= now.failed;
		if (!now.failed)
			put_diff_line('+', now.chars ? now.chars : "", now.length,
				      diff);
		text_free(&now);
	}
}

/* Behind the last line of the hunk that the changed line `first` begins. */
static size_t hunk_end(const struct lines *lines, size_t first)
{
	size_t last = first;

	for (size_t i = first; i < lines->count && i <= last + 2 * CONTEXT_LINES; i++)
		if (lines->changed[i])
			last = i;
	return last + 1 + CONTEXT_LINES < lines->count ? last + 1 + CONTEXT_LINES
						       : lines->count;
}

void annotate_diff(const struct annotate_file *file, const char *top, struct text *diff)
{
	bool include = needs_include(file);
	struct lines lines = {0};
	size_t next = 0, added = 0;
	const char *name = file->path;
	size_t top_length = top ? strlen(top) : 0;

	if (!file->marker_count)
		return;
	if (top_length && !strncmp(name, top, top_length) && name[top_length] == '/')
		name += top_length + 1;
	else
		name++; /* "a/" and the rest is an absolute path again */
	diff->failed |= !find_lines(file, &lines);
	text_printf(diff, "--- a/%s\n+++ b/%s\n", name, name);
	while (!diff->failed && next < lines.count) {
		size_t first = next, begin, end, more = 0;
		bool on_top = include && next == 0;

		while (!on_top && first < lines.count && !lines.changed[first])
			first++;
		if (first == lines.count)
			break;
		begin = first < next + CONTEXT_LINES ? next : first - CONTEXT_LINES;
		end = hunk_end(&lines, first);
		if (on_top)
			more = 2;
		text_printf(diff, "@@ -%zu,%zu +%zu,%zu @@\n", begin + 1, end - begin,
			    begin + 1 + added, end - begin + more);
		/* A byte order mark stays in front: then the first line is put with it. */
		if (on_top && !source_top(file->chars, file->length))
			put_include(file, "+", diff);
		put_block(file, &lines, begin, end, diff);
		added += more;
		next = end;
	}
	free(lines.starts);
	free(lines.changed);
}

/* ---- taking out ---- */

/* Bytes of the marker that begins at `at`; 0: there is none. */
static size_t marker_bytes(const char *chars, size_t at, size_t length)
{
	size_t i = at + strlen(SCOPE_BEGIN), end = strlen(SCOPE_END);

	if (length - at < strlen(SCOPE_BEGIN) + end ||
	    memcmp(chars + at, SCOPE_BEGIN, strlen(SCOPE_BEGIN)) != 0)
		return 0;
	for (; i < length && chars[i] != '"' && chars[i] != '\n'; i++)
		if (chars[i] == '\\')
			i++;
	if (i >= length || length - i < end || memcmp(chars + i, SCOPE_END, end) != 0)
		return 0;
	return i + end - at;
}

static unsigned line_of(const char *chars, size_t at)
{
	unsigned line = 1;

	for (size_t i = 0; i < at; i++)
		line += chars[i] == '\n';
	return line;
}

size_t annotate_erase_text(const char *chars, size_t length, struct text *text,
			   size_t *left, unsigned *left_line)
{
	size_t top = source_top(chars, length), at, kept, count = 0;
	size_t include = source_include_bytes(chars, length);

	*left = 0;
	*left_line = 0;
	text_append(text, chars, top);
	kept = at = top + include;
	while (at < length) {
		const char *mark = memmem(chars + at, length - at, MARK, strlen(MARK));
		size_t begin, bytes = 0;

		if (!mark)
			break;
		/* The marker that ends here begins on the same line. */
		for (begin = (size_t)(mark - chars); begin > at && !bytes;) {
			begin--;
			if (chars[begin] == '\n')
				break;
			bytes = marker_bytes(chars, begin, length);
			if (bytes &&
			    begin + bytes != (size_t)(mark - chars) + strlen(MARK))
				bytes = 0;
		}
		at = (size_t)(mark - chars) + strlen(MARK);
		if (bytes) {
			text_append(text, chars + kept, begin - kept);
			kept = at;
			count++;
		} else if (!(*left)++) {
			*left_line = line_of(chars, at);
		}
	}
	text_append(text, chars + kept, length - kept);
	return count;
}
