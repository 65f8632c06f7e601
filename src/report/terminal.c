/* SPDX-License-Identifier: MIT */
/*
 * Harmless text for a terminal: see terminal.h. Everything is done in atoms: an atom is one
 * printable character or one escape, with its width in columns.
 */
#include "report/terminal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/utf8.h"

#define ATOM_BYTES 16
#define ELLIPSIS   "..."
#define NO_NAME    "\"\""

struct atom {
	char bytes[ATOM_BYTES]; /* NUL-terminated */
	size_t columns;
	size_t source_bytes; /* taken from the input */
};

static struct atom next_atom(const char *bytes, size_t length)
{
	struct atom atom = {.columns = 0};
	uint32_t character;
	size_t used = utf8_decode(bytes, length, &character);
	int columns = used ? utf8_columns(character) : 0;

	if (!used) {
		snprintf(atom.bytes, sizeof(atom.bytes), "\\x%02x",
			 (unsigned char)*bytes);
		used = 1;
	} else if (!columns && character < 0x100) {
		snprintf(atom.bytes, sizeof(atom.bytes), "\\x%02" PRIx32, character);
	} else if (!columns) {
		snprintf(atom.bytes, sizeof(atom.bytes), "\\u%04" PRIx32, character);
	} else {
		memcpy(atom.bytes, bytes, used);
	}
	atom.columns = columns ? (size_t)columns : strlen(atom.bytes);
	atom.source_bytes = used;
	return atom;
}

/* Appends atoms of [bytes, bytes + length) from the left, as many as fit. */
static size_t put_fitting(struct text *text, const char *bytes, size_t length,
			  size_t columns)
{
	size_t used = 0;

	while (length) {
		struct atom atom = next_atom(bytes, length);

		if (used + atom.columns > columns)
			break;
		text_puts(text, atom.bytes);
		used += atom.columns;
		bytes += atom.source_bytes;
		length -= atom.source_bytes;
	}
	return used;
}

size_t terminal_columns(const char *name)
{
	size_t length = strlen(name), columns = 0;

	if (!length)
		return strlen(NO_NAME);
	while (length) {
		struct atom atom = next_atom(name, length);

		columns += atom.columns;
		name += atom.source_bytes;
		length -= atom.source_bytes;
	}
	return columns;
}

/* Where the atoms that fill at most the last `columns` of `all` begin. */
static const char *find_tail(const char *name, size_t all, size_t columns)
{
	size_t length = strlen(name);

	while (all > columns) {
		struct atom atom = next_atom(name, length);

		all -= atom.columns;
		name += atom.source_bytes;
		length -= atom.source_bytes;
	}
	return name;
}

size_t terminal_put(struct text *text, const char *name, size_t columns)
{
	size_t all = terminal_columns(name);
	size_t head, used;
	const char *tail;

	if (!*name)
		name = NO_NAME;
	if (all <= columns)
		return put_fitting(text, name, strlen(name), columns);
	/* Names of C++ functions differ at the end as often as at the beginning. */
	head = (columns - strlen(ELLIPSIS)) / 2;
	used = put_fitting(text, name, strlen(name), head);
	text_puts(text, ELLIPSIS);
	used += strlen(ELLIPSIS);
	tail = find_tail(name, all, columns - used);
	return used + put_fitting(text, tail, strlen(tail), columns - used);
}

void terminal_put_padded(struct text *text, const char *name, size_t columns)
{
	size_t used = terminal_put(text, name, columns);

	text_printf(text, "%*s", (int)(columns - used), "");
}

/* Columns of the word at the start of [bytes, bytes + length); *word_bytes: its length. */
static size_t measure_word(const char *bytes, size_t length, size_t *word_bytes)
{
	size_t columns = 0, used = 0;

	while (used < length && bytes[used] != ' ') {
		struct atom atom = next_atom(bytes + used, length - used);

		columns += atom.columns;
		used += atom.source_bytes;
	}
	*word_bytes = used;
	return columns;
}

static void new_line(struct text *text, size_t indent, size_t *column)
{
	text_printf(text, "\n%*s", (int)indent, "");
	*column = indent;
}

void terminal_wrap(struct text *text, const char *sentence, size_t column,
		   size_t indent, size_t width)
{
	size_t length = strlen(sentence);
	bool at_start = true; /* of a line: no space before the word */

	while (length) {
		size_t word_bytes, columns;

		if (*sentence == ' ') {
			sentence++;
			length--;
			continue;
		}
		columns = measure_word(sentence, length, &word_bytes);
		if (!at_start && column + 1 + columns > width) {
			new_line(text, indent, &column);
			at_start = true;
		}
		if (!at_start) {
			text_puts(text, " ");
			column++;
		}
		for (size_t used = 0; used < word_bytes;) {
			struct atom atom =
				next_atom(sentence + used, word_bytes - used);

			if (column + atom.columns > width && column > indent)
				new_line(text, indent, &column);
			text_puts(text, atom.bytes);
			column += atom.columns;
			used += atom.source_bytes;
		}
		sentence += word_bytes;
		length -= word_bytes;
		at_start = false;
	}
	text_puts(text, "\n");
}
