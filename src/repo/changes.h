/* SPDX-License-Identifier: MIT */
/* Which lines of which files differ between two revisions, or a revision and the work tree. */
#ifndef AUTOPERF_REPO_CHANGES_H
#define AUTOPERF_REPO_CHANGES_H

#include <stdbool.h>
#include <stddef.h>

#include "repo/repository.h"

/* Lines from 1, as the later side counts them; where lines are gone, the two around the gap. */
struct changed_lines {
	unsigned first, last;
};

struct changed_file {
	char *path; /* canonical */
	struct changed_lines *lines;
	size_t count, capacity;
};

struct changes {
	struct changed_file *files;
	size_t count, capacity;
};

/*
 * What `to` (NULL: the work tree, with files that git does not know but does not ignore either)
 * has changed since `from`. Paths begin with `top`: of the repository, or of a copy of it. Renamed
 * files are compared with what they were.
 */
int changes_find(struct changes *changes, const struct repository *repository,
		 const struct revision *from, const struct revision *to,
		 const char *top, struct error *error);
/* Zeroed is fine. */
void changes_free(struct changes *changes);
/* Whether one of the lines `first` to `last` of the file has changed. Thread-safe. */
bool changes_touch(const struct changes *changes, const char *path, unsigned first,
		   unsigned last);

#endif
