/* SPDX-License-Identifier: MIT */
/*
 * The one-line files of /proc and /sys and their directories: see kernel_file.h. The files
 * have no size to ask for and answer one read(2) with the whole line; the directories come in
 * no order, so they are sorted to make listings alike.
 */
#include "event/kernel_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

int kernel_file_line(const char *path, char *line, size_t size)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t length;
	int code = 0;

	line[0] = '\0';
	if (descriptor < 0)
		return -errno;
	do {
		length = read(descriptor, line, size - 1);
	} while (length < 0 && errno == EINTR);
	if (length < 0) {
		code = -errno;
		length = 0;
	}
	close(descriptor);
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return code;
}

int kernel_file_number(const char *path, int64_t *value)
{
	char line[64];
	int code = kernel_file_line(path, line, sizeof(line));

	return code ? code : text_to_i64(line, value);
}

/* Comparison for scandir(): bytes, whatever the locale. */
static int compare_entries(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int kernel_directory_each(const char *path, kernel_directory_visit visit, void *context)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_visible, compare_entries);
	int code = 0;

	for (int i = 0; i < count; i++) {
		if (!code)
			code = visit(entries[i]->d_name, context);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return code;
}
