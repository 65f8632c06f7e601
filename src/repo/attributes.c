/* SPDX-License-Identifier: MIT */
/* Attributes by libgit2: see attributes.h. */
#include "repo/attributes.h"

#include <stdlib.h>
#include <string.h>

#include <git2.h>

/* The repository that the file's directory is in; submodules have their own. */
static git_repository *repository_of(struct attributes *attributes, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	if (!length)
		return NULL;
	if (attributes->directory && !strncmp(attributes->directory, path, length) &&
	    !attributes->directory[length])
		return attributes->git;
	attributes_close(attributes);
	git_libgit2_init();
	attributes->directory = strndup(path, length);
	if (attributes->directory &&
	    git_repository_open_ext(&attributes->git, attributes->directory, 0, NULL))
		attributes->git = NULL;
	return attributes->git;
}

bool attributes_has(struct attributes *attributes, const char *path, const char *name)
{
	git_repository *git = repository_of(attributes, path);
	const char *top = git ? git_repository_workdir(git) : NULL;
	const char *value;

	if (!top || strncmp(path, top, strlen(top)) != 0 ||
	    git_attr_get(&value, git, GIT_ATTR_CHECK_FILE_THEN_INDEX,
			 path + strlen(top), name))
		return false;
	return GIT_ATTR_IS_TRUE(value) ||
	       (GIT_ATTR_HAS_VALUE(value) && !strcmp(value, "true"));
}

void attributes_close(struct attributes *attributes)
{
	git_repository_free(attributes->git);
	free(attributes->directory);
	*attributes = (struct attributes){0};
}
