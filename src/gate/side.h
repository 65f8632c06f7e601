/* SPDX-License-Identifier: MIT */
/* One side of a comparison: a commit, its copy in the cache, and that copy built. */
#ifndef AUTOPERF_GATE_SIDE_H
#define AUTOPERF_GATE_SIDE_H

#include <stdbool.h>

#include "base/console.h"
#include "base/error.h"
#include "gate/cache.h"
#include "gate/config.h"
#include "repo/repository.h"

struct side {
	const char *label; /* "base" or "head" */
	struct revision revision;
	const char *marks; /* what decides about markers to be added; "": none are */
	char key[REVISION_ID_BYTES]; /* of commit, commands, compiler's variables, machine */
	char *directory;             /* builds/KEY */
	char *tree;                  /* the copy */
	char *log;                   /* of the build */
};

/* Names what belongs to the side; nothing is made. label, revision and marks are set. */
int side_name(struct side *side, const struct cache *cache, const struct config *config,
	      struct error *error);
/*
 * The markers' two steps. Before the first marker is written the build counts as unfinished, until
 * it is complete again, with them.
 */
int side_begin_marks(const struct side *side, struct error *error);
int side_end_marks(const struct side *side, const struct config *config, bool rebuild,
		   struct error *error);
bool side_has_marks(const struct side *side);
void side_free(struct side *side);
/* "base (main, 1234567890 'Subject')", for people; names of the user's may be in it. */
void side_describe(const struct side *side, char *text, size_t size);
/*
 * Checks out and builds, unless that is done already. What an earlier check left unfinished is
 * begun anew, since half a file may be in it.
 */
int side_build(const struct side *side, const struct cache *cache,
	       const struct repository *repository, const struct config *config,
	       const struct console *console, struct error *error);
/* "TREE/BELOW", or TREE if `below` is NULL; refuses what leads out of it. malloc'd. */
int side_path(const struct side *side, const char *below, char **path,
	      struct error *error);

#endif
