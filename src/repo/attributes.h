/* SPDX-License-Identifier: MIT */
/* What .gitattributes say of files. */
#ifndef AUTOPERF_REPO_ATTRIBUTES_H
#define AUTOPERF_REPO_ATTRIBUTES_H

#include <stdbool.h>

struct git_repository; /* libgit2's */

/* The repository that was asked last: files come directory by directory. Zeroed is fine. */
struct attributes {
	struct git_repository *git; /* NULL: the directory is in none */
	char *directory;
};

/*
 * Whether the file has the attribute: set, or with the value "true". `path` is canonical; a file in
 * no repository, or in one that cannot be read, has none.
 */
bool attributes_has(struct attributes *attributes, const char *path, const char *name);
void attributes_close(struct attributes *attributes);

#endif
