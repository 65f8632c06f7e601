/* SPDX-License-Identifier: MIT */
/* The source files that paths stand for. For this room. */
#ifndef AUTOPERF_ANNOTATE_FILES_H
#define AUTOPERF_ANNOTATE_FILES_H

#include <stddef.h>

#include "base/error.h"

/*
 * Calls take(context, path, named) for each file that a path names, and each source file by its
 * name below each directory; hidden directories and symbolic links below are not entered. `path`
 * is canonical; `top`: bytes of it that are the directory that was named, 0 for a file that was
 * named itself. The order is the file system's, and a file may come twice. Stops at the first
 * non-zero value and returns it.
 */
int files_below(const char *const *paths,
		int (*take)(void *context, const char *path, size_t top,
			    struct error *error),
		void *context, struct error *error);

#endif
