/* SPDX-License-Identifier: MIT */
/*
 * The text that annotate inserts. Each piece ends in MARK, and has one form only, so that it can be
 * taken out again byte for byte.
 */
#ifndef AUTOPERF_ANNOTATE_MARK_H
#define AUTOPERF_ANNOTATE_MARK_H

#define MARK "/*autoperf*/"

/* Behind the opening brace: SCOPE_BEGIN, the name as in a C string, SCOPE_END. */
#define SCOPE_BEGIN "PERFPOINT_SCOPE(\""
#define SCOPE_END   "\");" MARK

/*
 * On top, behind a byte order mark: two lines that end as the file's first does. The second gives
 * the first line its number back; the name of the file stays.
 */
#define INCLUDE_LINE "#include <perfpoint.h> " MARK
#define NUMBER_LINE  "#line 1 " MARK

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

#endif
