/* SPDX-License-Identifier: MIT */
/* One contended line as JSON, checked, and into struct profile_line; private to src/profile. */
#ifndef AUTOPERF_PROFILE_LINE_DETAIL_H
#define AUTOPERF_PROFILE_LINE_DETAIL_H

#include <jansson.h>

#include "base/text.h"
#include "profile/lines.h"

#define LINE_COUNT_MAX ((uint64_t)1 << 53) /* exact as a double; no run counts so far */
#define LINE_NAME_MAX  4096u               /* bytes of a text as a file tells it */

/*
 * A member of `object`. Return 0, or -EBADMSG with a text that names it. A text is clean
 * afterwards: the object itself is mended.
 */
int line_get_count(const json_t *object, const char *key, uint64_t limit,
		   uint64_t *count, struct error *error);
int line_get_text(json_t *object, const char *key, size_t limit, const char **text,
		  struct error *error);

/*
 * Names files below the directory `top` as seen from it, wherever in the value they are. Returns 0 or
 * -ENOMEM.
 */
int line_name_below(json_t *value, const char *top);

/*
 * Fills the details of `line`: those of its members that the profile keeps in one text. They point
 * into `object`, which the caller keeps alive. The same reads a file's line and a profile's text.
 */
int line_read_detail(json_t *object, struct profile_line *line, struct error *error);
/* That text: the members of `object` that line_read_detail() read. malloc'd, NULL: no memory. */
char *line_write_detail(const json_t *object);

/*
 * What lies there: a text that is the same in every run. `with_lines`: with the lines of the source
 * in it.
 */
void line_identify(struct text *text, const struct profile_line *line, bool with_lines);

#endif
