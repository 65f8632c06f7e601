/* SPDX-License-Identifier: MIT */
/* Reads the user's repository by libgit2: see repository.h. */
#include "repo/repository.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <git2.h>

#include "base/text.h"

#define DETAIL_BYTES 512
#define DOT_GIT      ".git"

int repository_fail(struct error *error, int code, const char *format, ...)
{
	const git_error *last = git_error_last();
	char what[DETAIL_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	return error_set(error, code == GIT_ENOTFOUND ? -ENOENT : -EIO, "%s: %s", what,
			 last && last->message ? last->message : "unknown failure");
}

/* The top of the repository of `path`, as far as can be told without opening it. malloc'd. */
static char *discover_top(const char *path)
{
	static const char ending[] = "/" DOT_GIT "/";
	git_buf found = {0};
	char *top = NULL;

	if (!git_repository_discover(&found, path, 0, NULL)) {
		size_t length = strlen(found.ptr);

		if (length > strlen(ending) &&
		    !strcmp(found.ptr + length - strlen(ending), ending))
			top = strndup(found.ptr, length - strlen(ending));
	}
	git_buf_dispose(&found);
	return top ? top : realpath(path, NULL);
}

/* Why the repository of `path` cannot be opened, and what to do about it. */
static int open_failed(const char *path, int code, struct error *error)
{
	const git_error *last = git_error_last();
	const char *message = last && last->message ? last->message : "unknown failure";
	char *top;

	/* libgit2 1.5 says the former only if some directory is called safe. */
	if (code == GIT_EOWNER || strstr(message, "safe.directory")) {
		top = discover_top(path);
		error_set(
			error, -EACCES,
			"the repository of '%s' belongs to another user; if you trust "
			"it: git config --global --add safe.directory '%s'",
			path, top ? top : path);
		free(top);
		return -EACCES;
	}
	if (code == GIT_ENOTFOUND && access(path, F_OK))
		return error_set(error, -errno, "cannot find '%s': %s", path,
				 strerror(errno));
	if (code == GIT_ENOTFOUND)
		return error_set(error, -ENOENT,
				 "'%s' is in no git repository; go to the one that is "
				 "to be checked, or make it one: git init",
				 path);
	if (strstr(message, "objectformat"))
		return error_set(error, -ENOTSUP,
				 "the repository of '%s' names its objects by SHA-256, "
				 "which libgit2 %s cannot read; compare two builds by "
				 "hand: autoperf record, train and detect",
				 path, LIBGIT2_VERSION);
	if (strstr(message, "extension"))
		return error_set(error, -ENOTSUP,
				 "the repository of '%s' has what libgit2 %s cannot "
				 "read: %s; check a plain clone of it: git clone",
				 path, LIBGIT2_VERSION, message);
	return repository_fail(error, code, "cannot open the repository of '%s'", path);
}

/* A copy without slashes at its end. */
static char *without_slash(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	return strndup(path, length);
}

int repository_open(struct repository *repository, const char *path,
		    struct error *error)
{
	struct text objects = {0};
	int code;

	*repository = (struct repository){0};
	git_libgit2_init();
	code = git_repository_open_ext(&repository->git, path, 0, NULL);
	if (code)
		code = open_failed(path, code, error);
	else if (git_repository_is_bare(repository->git))
		code = error_set(error, -EINVAL,
				 "the repository '%s' is bare; go to a work tree of it",
				 git_repository_path(repository->git));
	if (!code) {
		repository->top =
			without_slash(git_repository_workdir(repository->git));
		repository->shallow = git_repository_is_shallow(repository->git) == 1;
		text_printf(&objects, "%sobjects",
			    git_repository_commondir(repository->git));
		repository->objects = objects.chars;
		repository->common =
			without_slash(git_repository_commondir(repository->git));
		if (!repository->top || !repository->common || objects.failed)
			code = error_no_memory(error, "opening the repository");
	}
	if (code)
		repository_close(repository);
	return code;
}

void repository_close(struct repository *repository)
{
	git_repository_free(repository->git);
	free(repository->top);
	free(repository->objects);
	free(repository->common);
	*repository = (struct repository){0};
}

static void describe(struct revision *revision, git_commit *commit, const char *name)
{
	const char *subject = git_commit_summary(commit);

	git_oid_tostr(revision->id, sizeof(revision->id), git_commit_id(commit));
	git_oid_tostr(revision->tree, sizeof(revision->tree),
		      git_commit_tree_id(commit));
	snprintf(revision->name, sizeof(revision->name), "%s", name);
	snprintf(revision->subject, sizeof(revision->subject), "%s",
		 subject ? subject : "");
	revision->snapshot = false;
}

/* The hint that belongs to a history without what was looked for. */
static const char *shallow_hint(const struct repository *repository)
{
	return repository->shallow
		       ? "; this is a shallow clone, its history is cut off: git fetch "
			 "--unshallow (fetch-depth: 0 of actions/checkout, GIT_DEPTH: "
			 "0 of GitLab)"
		       : "";
}

int repository_resolve(const struct repository *repository, const char *name,
		       struct revision *revision, struct error *error)
{
	git_object *object = NULL, *commit = NULL;
	int code = git_revparse_single(&object, repository->git, name);

	if (!code)
		code = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	if (code == GIT_ENOTFOUND && git_repository_head_unborn(repository->git) == 1)
		code = error_set(error, -ENOENT,
				 "there is no commit yet in '%s'; a check compares "
				 "commits: git commit",
				 repository->top);
	else if (code == GIT_ENOTFOUND)
		code = error_set(error, -ENOENT,
				 "'%s' is no commit, branch or tag of this "
				 "repository%s",
				 name, shallow_hint(repository));
	else if (code)
		code = repository_fail(error, code, "cannot find the commit '%s'",
				       name);
	else
		describe(revision, (git_commit *)commit, name);
	git_object_free(commit);
	git_object_free(object);
	return code;
}

int repository_merge_base(const struct repository *repository,
			  const struct revision *ours, const struct revision *theirs,
			  struct revision *base, struct error *error)
{
	char name[REVISION_NAME_BYTES];
	git_oid a, b, found;
	int code = git_oid_fromstr(&a, ours->id);

	if (!code)
		code = git_oid_fromstr(&b, theirs->id);
	if (!code)
		code = git_merge_base(&found, repository->git, &a, &b);
	if (code == GIT_ENOTFOUND)
		return error_set(error, -ENOENT,
				 "'%s' and '%s' have no common ancestor%s; say what to "
				 "compare with: --base REV",
				 ours->name, theirs->name, shallow_hint(repository));
	if (code)
		return repository_fail(error, code,
				       "cannot find where '%s' left '%s'%s", ours->name,
				       theirs->name, shallow_hint(repository));
	git_oid_tostr(base->id, sizeof(base->id), &found);
	code = repository_resolve(repository, base->id, base, error);
	snprintf(name, sizeof(name), "merge base with %.60s", theirs->name);
	memcpy(base->name, name, sizeof(name));
	return code;
}

bool repository_is_ancestor(const struct repository *repository,
			    const struct revision *ancestor,
			    const struct revision *revision)
{
	git_oid a, b;

	if (git_oid_fromstr(&a, ancestor->id) || git_oid_fromstr(&b, revision->id))
		return false;
	return git_oid_equal(&a, &b) ||
	       git_graph_descendant_of(repository->git, &b, &a) == 1;
}

/* Whether there is such a reference; malloc'd short name of what it points to, or NULL. */
static char *short_name(const struct repository *repository, const char *name)
{
	git_reference *reference = NULL, *target = NULL;
	char *found = NULL;

	if (!git_reference_lookup(&reference, repository->git, name) &&
	    !git_reference_resolve(&target, reference))
		found = strdup(git_reference_shorthand(target));
	git_reference_free(target);
	git_reference_free(reference);
	return found;
}

char *repository_guess_base(const struct repository *repository)
{
	static const char *const names[] = {
		"refs/remotes/origin/HEAD",   "refs/heads/main",
		"refs/heads/master",          "refs/remotes/origin/main",
		"refs/remotes/origin/master",
	};
	char *found = NULL;

	for (size_t i = 0; !found && i < sizeof(names) / sizeof(names[0]); i++)
		found = short_name(repository, names[i]);
	return found;
}

bool repository_has_attribute(const struct repository *repository,
			      const struct revision *revision, const char *text)
{
	const git_tree_entry *entry = NULL;
	git_tree *tree = NULL;
	git_blob *blob = NULL;
	bool has = false;
	git_oid id;

	if (!git_oid_fromstr(&id, revision->tree) &&
	    !git_tree_lookup(&tree, repository->git, &id))
		entry = git_tree_entry_byname(tree, ".gitattributes");
	if (entry && !git_blob_lookup(&blob, repository->git, git_tree_entry_id(entry)))
		has = memmem(git_blob_rawcontent(blob), (size_t)git_blob_rawsize(blob),
			     text, strlen(text));
	git_blob_free(blob);
	git_tree_free(tree);
	return has;
}

bool repository_is_left_out(struct git_index *index, const char *path)
{
	const git_index_entry *entry = git_index_get_bypath(index, path, 0);

	return entry && entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE;
}

int repository_is_dirty(const struct repository *repository, bool *dirty,
			struct error *error)
{
	git_status_options options;
	git_status_list *list = NULL;
	git_index *index = NULL;
	int code;

	*dirty = false;
	git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
	options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
	code = git_status_list_new(&list, repository->git, &options);
	if (!code)
		code = git_repository_index(&index, repository->git);
	if (code)
		code = repository_fail(error, code,
				       "cannot see what is changed in '%s'",
				       repository->top);
	for (size_t i = 0; !code && i < git_status_list_entrycount(list); i++) {
		const git_status_entry *entry = git_status_byindex(list, i);

		*dirty |= entry->status != GIT_STATUS_WT_DELETED ||
			  !repository_is_left_out(
				  index, entry->index_to_workdir->old_file.path);
	}
	git_index_free(index);
	git_status_list_free(list);
	return code;
}

int repository_hash(const char *text, char id[REVISION_ID_BYTES], struct error *error)
{
	git_oid oid;

	git_libgit2_init();

	int code = git_odb_hash(&oid, text, strlen(text), GIT_OBJECT_BLOB);

	if (code)
		return repository_fail(error, code, "cannot make a key");
	git_oid_tostr(id, REVISION_ID_BYTES, &oid);
	return 0;
}
