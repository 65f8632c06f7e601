/* SPDX-License-Identifier: MIT */
/* What a source file's text tells without a parser. For this room. */
#ifndef AUTOPERF_ANNOTATE_SOURCE_H
#define AUTOPERF_ANNOTATE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "annotate/annotate.h"

#define SOURCE_BYTES_MAX ((size_t)256 << 20)

/* Whether the name's ending is one of C or C++; `*cplusplus`: surely C++. */
bool source_is_named_so(const char *path, bool *cplusplus);
/* Whether it is a header by its name. */
bool source_is_header(const char *path);
/* By a word of its first lines. */
bool source_is_generated(const char *chars, size_t length);
/* By a directory of its path below `top` characters. */
bool source_is_vendored(const char *path, size_t top);

/*
 * Judges a definition from `begin` to `end` (offsets) whose body opens at `body`: SKIP_NOT, or what
 * its words tell against it.
 */
enum annotate_skip source_judge(const char *chars, size_t length, size_t begin,
				size_t body, size_t end);
/*
 * Whether the text passes the function to signal() or sigaction(), or names it as an ifunc's
 * resolver: SKIP_SIGNAL_HANDLER, SKIP_RESOLVER or SKIP_NOT.
 */
enum annotate_skip source_judge_uses(const char *chars, size_t length,
				     const char *name);
/* Where the include goes: behind a byte order mark. */
size_t source_top(const char *chars, size_t length);
/* Whether our include is there, and the bytes of it. */
size_t source_include_bytes(const char *chars, size_t length);

#endif
