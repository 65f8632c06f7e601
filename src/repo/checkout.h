/* SPDX-License-Identifier: MIT */
/*
 * Copies of the user's repository in a cache folder.
 *
 * git's own worktrees would leave their mark in the user's .git/worktrees, and stashes and
 * checkouts in his tree. So each copy is a small repository of its own that has no objects, but
 * borrows the user's by objects/info/alternates: nothing is copied but the files of one commit,
 * and the user's repository does not know of it. libgit2 checks out without hooks and without
 * filters that run programs (git-lfs): such files stay what the commit holds.
 */
#ifndef AUTOPERF_REPO_CHECKOUT_H
#define AUTOPERF_REPO_CHECKOUT_H

#include "repo/repository.h"

/*
 * Puts what the work tree holds now - changed and new files, but none that are ignored - into a
 * commit on top of HEAD, whose objects lie in `store`, a bare repository that is made if need be.
 * The same content on the same HEAD is the same commit. The user's index is not written, and
 * read only for what a sparse checkout leaves out. What is changed in submodules is not in it,
 * nor are repositories that are no submodules.
 */
int checkout_snapshot(const struct repository *repository, const char *store,
		      struct revision *revision, struct error *error);

/*
 * Makes `directory`, which must not exist, a repository with the commit checked out, submodules
 * as well, which must be there in the user's. `store` is where snapshots are.
 */
int checkout_make(const struct repository *repository, const char *store,
		  const struct revision *revision, const char *directory,
		  struct error *error);

#endif
