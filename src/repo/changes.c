/* SPDX-License-Identifier: MIT */
/* libgit2's diff without context: one range a hunk. */
#include "repo/changes.h"

#include <errno.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

struct collector {
	struct changes *changes;
	const char *top;
};

void changes_free(struct changes *changes)
{
	for (size_t i = 0; i < changes->count; i++) {
		free(changes->files[i].path);
		free(changes->files[i].lines);
	}
	free(changes->files);
	*changes = (struct changes){0};
}

bool changes_touch(const struct changes *changes, const char *path, unsigned first,
		   unsigned last)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct changed_file *file = &changes->files[i];

		if (strcmp(file->path, path) != 0)
			continue;
		for (size_t j = 0; j < file->count; j++)
			if (file->lines[j].first <= last &&
			    file->lines[j].last >= first)
				return true;
	}
	return false;
}

static int take_file(const git_diff_delta *delta, float progress, void *context)
{
	struct collector *collector = context;
	struct changes *changes = collector->changes;
	struct text path = {0};

	(void)progress;
	text_printf(&path, "%s/%s", collector->top, delta->new_file.path);
	if (path.failed || array_reserve(&changes->files, &changes->capacity,
					 changes->count + 1, sizeof(*changes->files))) {
		text_free(&path);
		return -ENOMEM;
	}
	changes->files[changes->count++] = (struct changed_file){.path = path.chars};
	return 0;
}

static int take_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk,
		     void *context)
{
	struct changes *changes = ((struct collector *)context)->changes;
	struct changed_file *file = &changes->files[changes->count - 1];
	unsigned first = (unsigned)hunk->new_start, count = (unsigned)hunk->new_lines;

	(void)delta;
	if (array_reserve(&file->lines, &file->capacity, file->count + 1,
			  sizeof(*file->lines)))
		return -ENOMEM;
	/* Of a deletion, `first` is the line before. */
	file->lines[file->count++] =
		count ? (struct changed_lines){first, first + count - 1}
		      : (struct changed_lines){first, first + 1};
	return 0;
}

static int tree_of(const struct repository *repository, const struct revision *revision,
		   git_tree **tree)
{
	git_commit *commit = NULL;
	git_oid id;
	int code = git_oid_fromstr(&id, revision->id);

	if (!code)
		code = git_commit_lookup(&commit, repository->git, &id);
	if (!code)
		code = git_commit_tree(tree, commit);
	git_commit_free(commit);
	return code;
}

static int make_diff(const struct repository *repository, const struct revision *from,
		     const struct revision *to, git_diff **diff)
{
	git_tree *old = NULL, *new = NULL;
	git_diff_options options;
	int code = git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);

	options.context_lines = 0;
	options.flags = GIT_DIFF_IGNORE_SUBMODULES | GIT_DIFF_INCLUDE_UNTRACKED |
			GIT_DIFF_RECURSE_UNTRACKED_DIRS |
			GIT_DIFF_SHOW_UNTRACKED_CONTENT;
	if (!code)
		code = tree_of(repository, from, &old);
	if (!code && to)
		code = tree_of(repository, to, &new);
	if (!code)
		code = to ? git_diff_tree_to_tree(diff, repository->git, old, new,
						  &options)
			  : git_diff_tree_to_workdir(diff, repository->git, old,
						     &options);
	if (!code)
		code = git_diff_find_similar(*diff, NULL);
	git_tree_free(old);
	git_tree_free(new);
	return code;
}

int changes_find(struct changes *changes, const struct repository *repository,
		 const struct revision *from, const struct revision *to,
		 const char *top, struct error *error)
{
	char *canonical = realpath(top, NULL);
	struct collector collector = {changes, canonical};
	git_diff *diff = NULL;
	int code;

	*changes = (struct changes){0};
	if (!canonical)
		return error_set(error, -errno, "cannot find %s: %s", top,
				 strerror(errno));
	code = make_diff(repository, from, to, &diff);
	if (!code)
		code = git_diff_foreach(diff, take_file, NULL, take_hunk, NULL,
					&collector);
	if (code == -ENOMEM)
		error_no_memory(error, "listing changed lines");
	else if (code)
		code = repository_fail(error, code, "comparing %s with %s", from->name,
				       to ? to->name : "the work tree");
	git_diff_free(diff);
	free(canonical);
	if (code)
		changes_free(changes);
	return code;
}
