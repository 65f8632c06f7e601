/* SPDX-License-Identifier: MIT */
/* Escapes of XML, Markdown and workflow commands: see escape.h. */
#include "report/escape.h"

#include <stdint.h>
#include <string.h>

#include "report/terminal.h"

#define SENTENCE_COLUMNS 4000 /* of Markdown, whose readers cut what is too long */

void escape_xml(struct text *text, const char *string)
{
	struct text harmless = {0};

	if (*string)
		terminal_put(&harmless, string, SIZE_MAX);
	for (size_t i = 0; !harmless.failed && i < harmless.length; i++) {
		char c = harmless.chars[i];

		if (c == '&' || c == '<' || c == '>' || c == '"' || c == '\'')
			text_printf(text, "&#%d;", c);
		else
			text_append(text, &c, 1);
	}
	text->failed |= harmless.failed;
	text_free(&harmless);
}

void escape_markdown(struct text *text, const char *sentence)
{
	struct text harmless = {0};

	terminal_put(&harmless, sentence, SENTENCE_COLUMNS);
	for (size_t i = 0; !harmless.failed && i < harmless.length; i++) {
		if (strchr("\\`*_{}[]<>&|~#@", harmless.chars[i]))
			text_puts(text, "\\");
		text_append(text, &harmless.chars[i], 1);
	}
	text->failed |= harmless.failed;
	text_free(&harmless);
}

void escape_code(struct text *text, const char *name, size_t columns, bool cell)
{
	struct text harmless = {0};
	size_t run = 0, longest = 0;

	/* The fence is longer than any run of backticks in it. */
	terminal_put(&harmless, name, columns);
	for (size_t i = 0; !harmless.failed && i < harmless.length; i++) {
		run = harmless.chars[i] == '`' ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	for (size_t i = 0; i <= longest; i++)
		text_puts(text, "`");
	text_puts(text, longest ? " " : "");
	for (size_t i = 0; !harmless.failed && i < harmless.length; i++) {
		/* Tables are cut at bars before code spans are seen. */
		if (cell && harmless.chars[i] == '|')
			text_puts(text, "\\");
		text_append(text, &harmless.chars[i], 1);
	}
	text_puts(text, longest ? " " : "");
	for (size_t i = 0; i <= longest; i++)
		text_puts(text, "`");
	text->failed |= harmless.failed;
	text_free(&harmless);
}

void escape_workflow_bytes(struct text *text, const char *bytes, size_t length,
			   bool property)
{
	for (; length; bytes++, length--) {
		if (*bytes == '%' || *bytes == '\r' || *bytes == '\n' ||
		    (property && (*bytes == ':' || *bytes == ',')))
			text_printf(text, "%%%02X", (unsigned char)*bytes);
		else
			text_append(text, bytes, 1);
	}
}

void escape_workflow(struct text *text, const char *sentence, size_t columns,
		     bool property)
{
	struct text harmless = {0};

	terminal_put(&harmless, sentence, columns);
	if (!harmless.failed)
		escape_workflow_bytes(text, harmless.chars, harmless.length, property);
	text->failed |= harmless.failed;
	text_free(&harmless);
}
