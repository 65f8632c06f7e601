/* SPDX-License-Identifier: MIT */
/*
 * The user's repository, which is only ever read: revisions, merge bases, what is changed in the
 * work tree. Nothing here writes below its .git or its work tree, takes a lock there, or runs git,
 * a hook or a filter. Copies are made elsewhere, see checkout.h.
 */
#ifndef AUTOPERF_REPO_REPOSITORY_H
#define AUTOPERF_REPO_REPOSITORY_H

#include <stdbool.h>

#include "base/error.h"

#define REVISION_ID_BYTES   41 /* hexadecimal, with the NUL */
#define REVISION_SHORT      10 /* digits that people are shown */
#define REVISION_NAME_BYTES 80

struct git_repository; /* libgit2's */

struct repository {
	struct git_repository *git;
	char *top;     /* of the work tree, without a slash at its end */
	char *common;  /* directory of what its work trees share: .git */
	char *objects; /* of its objects, which copies borrow from */
	bool shallow;  /* its history is cut off */
};

struct revision {
	char id[REVISION_ID_BYTES];     /* of the commit; "": none */
	char tree[REVISION_ID_BYTES];   /* of its files */
	char name[REVISION_NAME_BYTES]; /* as asked for, for people; may be cut off */
	char subject[REVISION_NAME_BYTES];
	bool snapshot; /* of the work tree: the user has no such commit */
};

/* The repository that `path` is in. A bare one is refused. */
int repository_open(struct repository *repository, const char *path,
		    struct error *error);
/* Zeroed is fine. */
void repository_close(struct repository *repository);

/* The commit that `name` stands for, by git's rules; "--x" is a name like any other. */
int repository_resolve(const struct repository *repository, const char *name,
		       struct revision *revision, struct error *error);
/* The best common ancestor; its name tells of whom. */
int repository_merge_base(const struct repository *repository,
			  const struct revision *ours, const struct revision *theirs,
			  struct revision *base, struct error *error);
/* Whether it is one, as far as the history that is here tells. */
bool repository_is_ancestor(const struct repository *repository,
			    const struct revision *ancestor,
			    const struct revision *revision);
/*
 * The branch that others are compared with: what origin calls its HEAD, else main or master,
 * here or at origin. malloc'd; NULL if there is none of them.
 */
char *repository_guess_base(const struct repository *repository);
/* Whether files that git knows differ from HEAD; those it does not know are nobody's. */
int repository_is_dirty(const struct repository *repository, bool *dirty,
			struct error *error);

/* Whether .gitattributes at the top of the revision, which is no snapshot, has the text. */
bool repository_has_attribute(const struct repository *repository,
			      const struct revision *revision, const char *text);

struct git_index; /* libgit2's */
/*
 * Whether the file of that index is left out of the work tree by a sparse checkout: that it is not
 * there does not mean that it was deleted. For this room.
 */
bool repository_is_left_out(struct git_index *index, const char *path);
/* "name: what libgit2 says"; returns a negative code. For this room. */
int repository_fail(struct error *error, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Git's hash of the text, of REVISION_ID_BYTES: for keys of caches. */
int repository_hash(const char *text, char id[REVISION_ID_BYTES], struct error *error);

#endif
