/* SPDX-License-Identifier: MIT */
/* Which lines differ between two commits. */
#ifndef AUTOPERF_REPO_DIFFERENCE_H
#define AUTOPERF_REPO_DIFFERENCE_H

#include <stddef.h>

#include "repo/repository.h"

/* A run of lines that were replaced; either side may be empty. Lines count from 1. */
struct difference_hunk {
	char *path;    /* in the newer commit, below the top */
	char *context; /* the line that git shows for the function it is in; "": none */
	unsigned old_first; /* where nothing was: the line before */
	unsigned old_count;
	unsigned new_first;
	unsigned new_count;
};

struct difference {
	struct difference_hunk *hunks; /* by path and line */
	size_t count;
	size_t capacity;
};

/* `store` is where snapshots are (checkout.h). Files that are no text have no hunks. */
int difference_make(struct difference *difference, const struct repository *repository,
		    const char *store, const struct revision *older,
		    const struct revision *newer, struct error *error);
void difference_free(struct difference *difference);

#endif
