/* SPDX-License-Identifier: MIT */
/* A test's own directory: see scratch.h. */
#include "support/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

static void fail(const char *what)
{
	perror(what);
	abort();
}

void scratch_open(struct scratch *scratch)
{
	const char *parent = getenv("TMPDIR");

	if (snprintf(scratch->directory, sizeof(scratch->directory),
		     "%s/autoperf-test-XXXXXX", parent && *parent ? parent : "/tmp") >=
		    (int)sizeof(scratch->directory) ||
	    !mkdtemp(scratch->directory))
		fail("cannot make a directory for the test");
}

void scratch_close(struct scratch *scratch)
{
	struct error error;

	if (file_remove_tree(scratch->directory, &error)) {
		fprintf(stderr, "%s\n", error.text);
		abort();
	}
}

const char *scratch_path(const struct scratch *scratch, const char *name)
{
	static char paths[4][SCRATCH_PATH_MAX + 256];
	static size_t turn;
	char *path = paths[turn++ % 4];

	if (snprintf(path, sizeof(paths[0]), "%s/%s", scratch->directory, name) >=
	    (int)sizeof(paths[0]))
		abort();
	return path;
}

const char *scratch_write(const struct scratch *scratch, const char *name,
			  const void *bytes, size_t length)
{
	const char *path = scratch_path(scratch, name);
	FILE *file = fopen(path, "w");

	if (!file || fwrite(bytes, 1, length, file) != length || fclose(file))
		fail(path);
	return path;
}

size_t scratch_count(const struct scratch *scratch)
{
	DIR *directory = opendir(scratch->directory);
	struct dirent *entry;
	size_t count = 0;

	if (!directory)
		fail(scratch->directory);
	while ((entry = readdir(directory)))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(directory);
	return count;
}
