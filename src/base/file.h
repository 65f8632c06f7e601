/* SPDX-License-Identifier: MIT */
/*
 * Files: whole reads and all-or-nothing writes.
 *
 * An output file is written under a temporary name beside its target and renamed when it is
 * complete and synced, so that a reader never sees half a file and a failure leaves the old
 * one. Targets that are no regular files (/dev/full, /dev/stdout, pipes) are written directly.
 */
#ifndef AUTOPERF_BASE_FILE_H
#define AUTOPERF_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct file_output {
	FILE *stream;    /* write here; errors of writing surface at commit */
	char *path;      /* final name */
	char *temporary; /* NULL when written directly */
	bool replace;    /* may take the name of an existing file */
};

/*
 * Opens the output. Refuses an existing regular file unless `force` (-EEXIST, the text names
 * the file and --force). `path` "-", /dev/stdout and whatever else is the file behind stdout
 * are stdout. A replaced file keeps its mode, and a link to it stays a link.
 */
int file_output_open(struct file_output *output, const char *path, bool force,
		     struct error *error);
/*
 * Flushes, syncs, renames, closes. On failure nothing is left behind. Without `force`, a file
 * that has come into being meanwhile is not replaced (-EEXIST).
 */
int file_output_commit(struct file_output *output, struct error *error);
/* Drops what was written. Harmless after a commit and on a zeroed struct. */
void file_output_abandon(struct file_output *output);

/*
 * Reads a whole file of at most `limit` bytes; *bytes is malloc'd, NUL-terminated, the
 * caller's to free. Fails with -EFBIG beyond the limit.
 */
int file_read(const char *path, size_t limit, char **bytes, size_t *length,
	      struct error *error);

/* Removes a directory and everything below it; does not follow links, `path` included. */
int file_remove_tree(const char *path, struct error *error);

/* Directory part of `path` ("." if none), malloc'd; NULL when out of memory. */
char *file_directory(const char *path);

#endif
