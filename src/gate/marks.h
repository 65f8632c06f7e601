/* SPDX-License-Identifier: MIT */
/*
 * Markers for what a change touches: the same functions on both sides, so that what a marker costs
 * it costs both. Only the copies in the cache are written to.
 */
#ifndef AUTOPERF_GATE_MARKS_H
#define AUTOPERF_GATE_MARKS_H

#include <stddef.h>

#include "base/console.h"
#include "gate/side.h"

/*
 * Marks, in both copies, each function of which a line differs on either side, and those that
 * match a pattern of `also` (ends in NULL; NULL: none); functions that have markers keep theirs.
 * The copies have been built, so that compile_commands.json is there if it ever is; else files are
 * parsed with the usual options. added[i] counts the markers of sides[i]. A file that cannot be
 * parsed is told on the console and left as it is.
 */
int marks_put(const struct side *const sides[2], const char *const *also,
	      const struct console *console, size_t added[2], struct error *error);

#endif
