/* SPDX-License-Identifier: MIT */
/*
 * The cache folder of one repository: copies, builds, recordings. Everything that a check writes
 * is in it, and nothing else is, so that it can be thrown away at any time.
 *
 *	ROOT/NAME-HASH/		ROOT: --cache, $AUTOPERF_CACHE, $XDG_CACHE_HOME/autoperf or
 *				~/.cache/autoperf; HASH: of where the repository's objects are
 *		CACHEDIR.TAG	says whose folder it is; without it nothing is ever removed
 *		lock		held while a check runs
 *		repository.git	snapshots of the work tree
 *		builds/KEY/	a side: tree/, build.log, and `built` when it is complete
 *		checks/KEY/	a comparison: profiles, models, journal
 */
#ifndef AUTOPERF_GATE_CACHE_H
#define AUTOPERF_GATE_CACHE_H

#include <stdbool.h>

#include "base/error.h"
#include "repo/repository.h"

struct cache {
	char *directory;
	char *store; /* the repository of snapshots in it */
	int lock;    /* descriptor; closing it gives the lock back */
};

/* Where the cache of the repository is, or would be; malloc'd. `root` NULL: the default. */
int cache_locate(const struct repository *repository, const char *root,
		 char **directory, struct error *error);
/*
 * Makes the folder if need be, and locks it. -EBUSY when another check holds the lock. Refuses a
 * folder that is there and is not ours.
 */
int cache_open(struct cache *cache, const struct repository *repository,
	       const char *root, struct error *error);
void cache_close(struct cache *cache);
/* "DIRECTORY/KIND/KEY", of which the first two are made; malloc'd. */
int cache_place(const struct cache *cache, const char *kind, const char *key,
		char **place, struct error *error);
/*
 * Makes `directory` empty. What was there is moved aside first: processes that a killed check
 * left behind go on in what they were started in, and not in what is made now.
 */
int cache_renew(const struct cache *cache, const char *directory, struct error *error);
/* Removes the folder if it is there and ours; *removed tells. Not while a check runs. */
int cache_remove(const struct repository *repository, const char *root,
		 char **directory, bool *removed, struct error *error);

#endif
