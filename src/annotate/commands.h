/* SPDX-License-Identifier: MIT */
/*
 * What to parse, and how: the entries of a compile_commands.json, reduced to the options that
 * decide what the source means. For this room.
 */
#ifndef AUTOPERF_ANNOTATE_COMMANDS_H
#define AUTOPERF_ANNOTATE_COMMANDS_H

#include <stddef.h>

#include "base/error.h"

struct compile_command {
	char *file;      /* canonical */
	char *directory; /* where it is compiled */
	char **words;    /* the options that matter */
	size_t word_count, word_capacity;
};

struct compile_commands {
	struct compile_command *items;
	size_t count, capacity;
};

/*
 * Reads compile_commands.json, or the one in the directory `path`. Entries whose file does not
 * exist are left out.
 */
int compile_commands_read(struct compile_commands *commands, const char *path,
			  struct error *error);
/* The file's path found from `start` upwards, also in a build directory there; malloc'd or NULL. */
char *compile_commands_find(const char *start);
/* Adds one of options that are taken as they are; `file` is canonical. Returns 0 or -ENOMEM. */
int compile_commands_add(struct compile_commands *commands, const char *file,
			 const char *const *flags);
void compile_commands_free(struct compile_commands *commands);

#endif
