/* SPDX-License-Identifier: MIT */
/* A directory of a test's own, and files in it. Anything that fails here ends the test. */
#ifndef AUTOPERF_TESTS_SCRATCH_H
#define AUTOPERF_TESTS_SCRATCH_H

#include <stddef.h>

#define SCRATCH_PATH_MAX 512

struct scratch {
	char directory[SCRATCH_PATH_MAX]; /* below $TMPDIR or /tmp */
};

void scratch_open(struct scratch *scratch);
/* Removes it and what is in it. */
void scratch_close(struct scratch *scratch);
/* "<directory>/<name>"; valid until the fourth call after this one. */
const char *scratch_path(const struct scratch *scratch, const char *name);
/* Writes a file there; returns its path, as above. */
const char *scratch_write(const struct scratch *scratch, const char *name,
			  const void *bytes, size_t length);
/* Number of entries in it, "." and ".." not counted. */
size_t scratch_count(const struct scratch *scratch);

#endif
