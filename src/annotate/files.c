/* SPDX-License-Identifier: MIT */
/* Directories by fts(3), which neither recurses nor follows links that are not asked for. */
#include "annotate/files.h"

#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "annotate/source.h"

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_hidden(const FTSENT *entry)
{
	return entry->fts_level > 0 && entry->fts_name[0] == '.';
}

static int walk(char *directory,
		int (*take)(void *context, const char *path, size_t top,
			    struct error *error),
		void *context, struct error *error)
{
	char *const roots[] = {directory, NULL};
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_names);
	size_t top = strlen(directory);
	FTSENT *entry;
	int code = 0;

	if (!tree)
		return error_set(error, -errno, "cannot read the directory %s: %s",
				 directory, strerror(errno));
	while (!code && (errno = 0, entry = fts_read(tree))) {
		bool cplusplus;

		if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR)
			code = error_set(error, -entry->fts_errno, "cannot read %s: %s",
					 entry->fts_path, strerror(entry->fts_errno));
		else if (entry->fts_info == FTS_D && is_hidden(entry))
			fts_set(tree, entry, FTS_SKIP);
		else if (entry->fts_info == FTS_F && !is_hidden(entry) &&
			 source_is_named_so(entry->fts_path, &cplusplus))
			code = take(context, entry->fts_path, top, error);
	}
	if (!code && errno)
		code = error_set(error, -errno, "cannot read the directory %s: %s",
				 directory, strerror(errno));
	fts_close(tree);
	return code;
}

int files_below(const char *const *paths,
		int (*take)(void *context, const char *path, size_t top,
			    struct error *error),
		void *context, struct error *error)
{
	int code = 0;

	for (; !code && *paths; paths++) {
		char *canonical = realpath(*paths, NULL);
		struct stat status;

		if (!canonical || stat(canonical, &status))
			code = error_set(error, -errno, "cannot find %s: %s", *paths,
					 strerror(errno));
		else if (S_ISDIR(status.st_mode))
			code = walk(canonical, take, context, error);
		else if (S_ISREG(status.st_mode))
			code = take(context, canonical, 0, error);
		else
			code = error_set(error, -EINVAL,
					 "%s is neither a file nor a directory",
					 *paths);
		free(canonical);
	}
	return code;
}
