/* SPDX-License-Identifier: MIT */
/* The one-line files of /proc and /sys, and their directories. */
#ifndef AUTOPERF_EVENT_KERNEL_FILE_H
#define AUTOPERF_EVENT_KERNEL_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * First line of a file, without its line feed, cut at size - 1 bytes. 0 or -errno; *line is
 * then "".
 */
int kernel_file_line(const char *path, char *line, size_t size);
/* First line as a decimal number; -EINVAL when it is none. */
int kernel_file_number(const char *path, int64_t *value);

/*
 * Calls `visit` with each name in a directory that does not begin with a dot, in the order of
 * their bytes; stops when it returns another value than 0 and returns that. A directory that
 * cannot be read is empty.
 */
typedef int (*kernel_directory_visit)(const char *name, void *context);
int kernel_directory_each(const char *path, kernel_directory_visit visit,
			  void *context);

#endif
