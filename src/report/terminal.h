/* SPDX-License-Identifier: MIT */
/* Text for a terminal: names of strangers made harmless, cut, padded; sentences wrapped. */
#ifndef AUTOPERF_REPORT_TERMINAL_H
#define AUTOPERF_REPORT_TERMINAL_H

#include <stddef.h>

#include "base/text.h"

/*
 * Appends `name`, with what must not reach a terminal written as \x1b or \u202e, and "" for an
 * empty one. If it needs more than `columns` its middle is replaced by "..." (columns >= 8). Returns the columns
 * used.
 */
size_t terminal_put(struct text *text, const char *name, size_t columns);
/* The same, then spaces up to `columns`. */
void terminal_put_padded(struct text *text, const char *name, size_t columns);
/* Columns that terminal_put() would need for the whole name. */
size_t terminal_columns(const char *name);

/*
 * Appends a sentence and a line end, escaped likewise, broken at spaces so that no line
 * exceeds `width` columns. The cursor is at `column` already; further lines begin with
 * `indent` spaces. A word that is longer than a line is broken anywhere.
 */
void terminal_wrap(struct text *text, const char *sentence, size_t column,
		   size_t indent, size_t width);

#endif
