/* SPDX-License-Identifier: MIT */
/* Inside this room: what a short helper program (git) prints. No shell. */
#ifndef AUTOPERF_WORKLOAD_CAPTURE_H
#define AUTOPERF_WORKLOAD_CAPTURE_H

#include <stddef.h>

/*
 * Runs argv[0], found on PATH, with stdin and stderr at /dev/null, for at most `timeout_s`
 * seconds. Returns 0 with *output (malloc'd, NUL-terminated; what exceeds `limit` bytes is
 * read and dropped) when it exited with status 0; -ENOENT when there is no such program;
 * -ETIMEDOUT when it was killed; -EIO when it failed; another negative errno when it could
 * not be run.
 */
int capture_output(const char *const *argv, size_t limit, double timeout_s,
		   char **output);

#endif
