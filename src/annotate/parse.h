/* SPDX-License-Identifier: MIT */
/* The functions of a translation unit, by libclang. For this room. */
#ifndef AUTOPERF_ANNOTATE_PARSE_H
#define AUTOPERF_ANNOTATE_PARSE_H

#include "annotate/annotate.h"
#include "annotate/commands.h"

/* A definition in one of the files. */
struct parsed_function {
	size_t file;             /* index of it */
	size_t begin, body, end; /* offsets: of the definition; of its opening brace */
	unsigned first, line, last;
	char *name;         /* qualified */
	const char *simple; /* its last part, in `name` */
	bool c_inline;      /* of C, inline, with external linkage */
};

struct parsed_unit {
	struct parsed_function *functions;
	size_t count, capacity;
	char *problem; /* the first error; the functions are not to be used then */
};

/*
 * Parses one unit for those of its functions whose body is in one of `files`, which are sorted by
 * path. `headers`: where perfpoint.h is, or NULL. Several threads may do so. Returns 0 or -ENOMEM.
 */
int parse_unit(const struct compile_command *command, const char *headers,
	       const struct annotate_file *files, size_t file_count,
	       struct parsed_unit *unit);
void parsed_unit_free(struct parsed_unit *unit);

#endif
