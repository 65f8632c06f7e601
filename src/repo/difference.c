/* SPDX-License-Identifier: MIT */
/* Which lines differ between two commits: see difference.h. */
#include "repo/difference.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>

#include "base/array.h"

#define HUNK_END "@@ " /* what a hunk's header has before the context */

/* What follows the second @@ of a hunk's header, without the line's end. */
static char *copy_context(const git_diff_hunk *hunk)
{
	const char *begin = strstr(hunk->header, HUNK_END);
	const char *end = hunk->header + hunk->header_len;

	if (begin)
		begin = strstr(begin + 1, HUNK_END);
	if (!begin)
		return strdup("");
	begin += strlen(HUNK_END);
	while (end > begin && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	return strndup(begin, begin < end ? (size_t)(end - begin) : 0);
}

/* For git_diff_foreach(). */
static int add_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk,
		    void *context)
{
	struct difference *difference = context;
	const char *path =
		delta->new_file.path ? delta->new_file.path : delta->old_file.path;
	struct difference_hunk *added;

	if (array_reserve(&difference->hunks, &difference->capacity,
			  difference->count + 1, sizeof(*difference->hunks)))
		return -ENOMEM;
	added = &difference->hunks[difference->count++];
	*added = (struct difference_hunk){
		.path = strdup(path),
		.context = copy_context(hunk),
		.old_first = (unsigned)hunk->old_start,
		.old_count = (unsigned)hunk->old_lines,
		.new_first = (unsigned)hunk->new_start,
		.new_count = (unsigned)hunk->new_lines,
	};
	return added->path && added->context ? 0 : -ENOMEM;
}

static int find_tree(git_repository *repository, const struct revision *revision,
		     git_tree **tree)
{
	git_oid id;
	int failed = git_oid_fromstr(&id, revision->tree);

	return failed ? failed : git_tree_lookup(tree, repository, &id);
}

int difference_make(struct difference *difference, const struct repository *repository,
		    const char *store, const struct revision *older,
		    const struct revision *newer, struct error *error)
{
	git_repository *opened = NULL, *from = repository->git;
	git_tree *before = NULL, *after = NULL;
	git_diff_options options;
	git_diff *diff = NULL;
	int failed = git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	int code = 0;

	*difference = (struct difference){0};
	options.context_lines = 0;
	options.flags = GIT_DIFF_IGNORE_SUBMODULES;
	if (!failed && newer->snapshot) {
		failed = git_repository_open(&opened, store);
		from = opened;
	}
	if (!failed)
		failed = find_tree(from, older, &before);
	if (!failed)
		failed = find_tree(from, newer, &after);
	if (!failed)
		failed = git_diff_tree_to_tree(&diff, from, before, after, &options);
	if (!failed)
		failed = git_diff_foreach(diff, NULL, NULL, add_hunk, NULL, difference);
	if (failed == -ENOMEM)
		code = error_no_memory(error, "comparing two commits");
	else if (failed)
		code = repository_fail(error, failed, "cannot compare '%s' with '%s'",
				       older->name, newer->name);
	git_diff_free(diff);
	git_tree_free(before);
	git_tree_free(after);
	git_repository_free(opened);
	if (code)
		difference_free(difference);
	return code;
}

void difference_free(struct difference *difference)
{
	for (size_t i = 0; i < difference->count; i++) {
		free(difference->hunks[i].path);
		free(difference->hunks[i].context);
	}
	free(difference->hunks);
	*difference = (struct difference){0};
}
