/* SPDX-License-Identifier: MIT */
/* Copies of a commit in a cache folder: see checkout.h. */
#include "repo/checkout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <git2.h>

#include "base/file.h"
#include "base/text.h"

#define OBJECTS   "objects"
#define DEPTH_MAX 16 /* of submodules in submodules */

/* One copy under way; submodules are copies of their own. */
struct copy {
	git_repository *source; /* whose commit it is */
	const char *store;      /* NULL in submodules: none */
	const char *directory;
	const char *shown; /* path below the top, for people; "" for the top */
	int depth;
	struct error *error;
};

static int copy_commit(const struct copy *copy, const git_oid *id);

/* Makes the copy borrow the objects of the source and of the store. */
static int borrow(const struct copy *copy, git_repository *made)
{
	struct file_output output = {0};
	struct text path = {0};
	int code;

	text_printf(&path, "%sobjects/info/alternates", git_repository_path(made));
	if (path.failed)
		return error_no_memory(copy->error, "making a copy");
	if (strchr(git_repository_commondir(copy->source), '\n'))
		code = error_set(copy->error, -EINVAL,
				 "the repository's path holds a line break, which git "
				 "cannot borrow objects from; move it");
	else
		code = file_output_open(&output, path.chars, true, copy->error);
	if (!code) {
		fprintf(output.stream, "%s" OBJECTS "\n",
			git_repository_commondir(copy->source));
		if (copy->store)
			fprintf(output.stream, "%s/" OBJECTS "\n", copy->store);
		code = file_output_commit(&output, copy->error);
	}
	file_output_abandon(&output);
	text_free(&path);
	return code;
}

/* The user's repository of a submodule: below his work tree, or kept in his .git. */
static int open_submodule(const struct copy *copy, const char *path,
			  git_repository **found)
{
	const char *top = git_repository_workdir(copy->source);
	git_submodule *submodule = NULL;
	struct text place = {0};
	int code = GIT_ENOTFOUND;

	if (top) {
		text_printf(&place, "%s%s", top, path);
		if (!place.failed)
			code = git_repository_open_ext(found, place.chars,
						       GIT_REPOSITORY_OPEN_NO_SEARCH,
						       NULL);
	}
	if (code && !git_submodule_lookup(&submodule, copy->source, path)) {
		text_free(&place);
		text_printf(&place, "%smodules/%s",
			    git_repository_commondir(copy->source),
			    git_submodule_name(submodule));
		if (!place.failed)
			code = git_repository_open_ext(found, place.chars,
						       GIT_REPOSITORY_OPEN_NO_SEARCH,
						       NULL);
	}
	git_submodule_free(submodule);
	text_free(&place);
	return code;
}

static int copy_submodule(const struct copy *copy, const char *path, const git_oid *id)
{
	struct text directory = {0}, shown = {0};
	git_repository *source = NULL;
	git_commit *commit = NULL;
	char short_id[REVISION_SHORT + 1];
	int code;

	text_printf(&directory, "%s/%s", copy->directory, path);
	text_printf(&shown, "%s%s%s", copy->shown, *copy->shown ? "/" : "", path);
	git_oid_tostr(short_id, sizeof(short_id), id);
	if (directory.failed || shown.failed)
		code = error_no_memory(copy->error, "making a copy");
	else if (copy->depth >= DEPTH_MAX)
		code = error_set(copy->error, -ELOOP,
				 "submodules are more than %d deep at '%s'", DEPTH_MAX,
				 shown.chars);
	else if (open_submodule(copy, path, &source) ||
		 git_commit_lookup(&commit, source, id))
		code = error_set(copy->error, -ENOENT,
				 "the submodule '%s' is not here at its commit %s, so "
				 "it cannot be built: git submodule update --init "
				 "--recursive, with that commit checked out",
				 shown.chars, short_id);
	else
		code = copy_commit(&(struct copy){.source = source,
						  .directory = directory.chars,
						  .shown = shown.chars,
						  .depth = copy->depth + 1,
						  .error = copy->error},
				   id);
	git_commit_free(commit);
	git_repository_free(source);
	text_free(&shown);
	text_free(&directory);
	return code;
}

/* For git_tree_walk(): a submodule is an entry that is a commit. */
static int walk_entry(const char *root, const git_tree_entry *entry, void *context)
{
	const struct copy *copy = context;
	struct text path = {0};
	int code;

	if (git_tree_entry_filemode(entry) != GIT_FILEMODE_COMMIT)
		return 0;
	text_printf(&path, "%s%s", root, git_tree_entry_name(entry));
	code = path.failed ? error_no_memory(copy->error, "making a copy")
			   : copy_submodule(copy, path.chars, git_tree_entry_id(entry));
	text_free(&path);
	return code;
}

/* remote.NAME.promisor, or what older versions of git set. */
static bool tells_partial(const char *name)
{
	const char *last = strrchr(name, '.');

	return !strcmp(name, "extensions.partialclone") ||
	       (!strncmp(name, "remote.", 7) && last && !strcmp(last, ".promisor"));
}

/* Whether what was not needed so far may not have been fetched. */
static bool is_partial(git_repository *repository)
{
	git_config_iterator *all = NULL;
	git_config_entry *entry = NULL;
	git_config *config = NULL;
	bool partial = false;

	/* Not by a pattern: libgit2 1.5 leaks what it matches with. */
	if (!git_repository_config_snapshot(&config, repository) &&
	    !git_config_iterator_new(&all, config))
		while (!partial && !git_config_next(&entry, all))
			partial = tells_partial(entry->name);
	git_config_iterator_free(all);
	git_config_free(config);
	return partial;
}

static int checkout_failed(const struct copy *copy, const git_oid *id, int failed)
{
	int code = repository_fail(copy->error, failed, "cannot check out into '%s'",
				   copy->directory);

	if (failed == GIT_ENOTFOUND && is_partial(copy->source))
		code = error_set(copy->error, -ENOENT,
				 "cannot check out into '%s': this is a partial clone, "
				 "and not all files of the commit have been fetched; "
				 "that fetches them: git archive %s >/dev/null",
				 copy->directory, git_oid_tostr_s(id));
	return code;
}

/*
 * What the user has set about how files look in his work tree. Else his line ends would be changes
 * in a snapshot, and copies would not be what he builds.
 */
static int take_settings(git_repository *from, git_repository *to)
{
	static const char *const names[] = {"core.autocrlf", "core.eol",
					    "core.filemode", "core.symlinks", NULL};
	git_config *source = NULL, *target = NULL;
	int code = git_repository_config_snapshot(&source, from);

	if (!code)
		code = git_repository_config(&target, to);
	for (const char *const *name = names; !code && *name; name++) {
		const char *value;

		if (!git_config_get_string(&value, source, *name))
			code = git_config_set_string(target, *name, value);
	}
	git_config_free(target);
	git_config_free(source);
	return code;
}

/* Checks the tree out; for a submodule, into the empty directory that its owner's left. */
static int copy_commit(const struct copy *copy, const git_oid *id)
{
	git_checkout_options options;
	git_repository *made = NULL;
	git_commit *commit = NULL;
	git_tree *tree = NULL;
	int code = git_repository_init(&made, copy->directory, false);

	if (code) {
		code = repository_fail(copy->error, code, "cannot make the copy '%s'",
				       copy->directory);
	} else {
		code = borrow(copy, made);
		/* Opened again: alternates are read only then. */
		git_repository_free(made);
		made = NULL;
		if (!code && git_repository_open(&made, copy->directory))
			code = repository_fail(copy->error, GIT_ERROR,
					       "cannot open the copy '%s'",
					       copy->directory);
	}
	if (!code) {
		git_checkout_options_init(&options, GIT_CHECKOUT_OPTIONS_VERSION);
		options.checkout_strategy = GIT_CHECKOUT_FORCE;
		int failed = take_settings(copy->source, made);

		if (!failed)
			failed = git_commit_lookup(&commit, made, id);
		if (!failed)
			failed = git_commit_tree(&tree, commit);
		if (!failed)
			failed = git_checkout_tree(made, (const git_object *)tree,
						   &options);
		if (!failed)
			failed = git_repository_set_head_detached(made, id);
		if (failed)
			code = checkout_failed(copy, id, failed);
	}
	if (!code)
		code = git_tree_walk(tree, GIT_TREEWALK_PRE, walk_entry,
				     (void *)(uintptr_t)copy);
	git_tree_free(tree);
	git_commit_free(commit);
	git_repository_free(made);
	return code;
}

int checkout_make(const struct repository *repository, const char *store,
		  const struct revision *revision, const char *directory,
		  struct error *error)
{
	struct copy copy = {.source = repository->git,
			    .store = store,
			    .directory = directory,
			    .shown = "",
			    .error = error};
	git_oid id;

	if (git_oid_fromstr(&id, revision->id))
		return error_set(error, -EINVAL, "'%s' is no commit's id",
				 revision->id);
	return copy_commit(&copy, &id);
}

/* ---- the work tree as a commit ---- */

/* Opens the store, which borrows the user's objects; makes it first if need be. */
static int open_store(const struct repository *repository, const char *store,
		      git_repository **opened, struct error *error)
{
	struct copy copy = {
		.source = repository->git, .directory = store, .error = error};
	int code = git_repository_open_ext(opened, store, GIT_REPOSITORY_OPEN_NO_SEARCH,
					   NULL);

	if (code) {
		code = git_repository_init(opened, store, true);
		if (code)
			return repository_fail(error, code, "cannot make '%s'", store);
	}
	code = borrow(&copy, *opened);
	git_repository_free(*opened);
	*opened = NULL;
	if (!code && git_repository_open(opened, store))
		code = repository_fail(error, GIT_ERROR, "cannot open '%s'", store);
	return code;
}

/* The patterns of the user's .git/info/exclude, which the store would not see. */
static void take_excludes(const struct repository *repository, git_repository *store)
{
	struct text path = {0};
	char *rules = NULL;
	size_t length;

	text_printf(&path, "%sinfo/exclude", git_repository_commondir(repository->git));
	if (!path.failed && !file_read(path.chars, 1 << 20, &rules, &length, NULL))
		git_ignore_add_rule(store, rules);
	free(rules);
	text_free(&path);
}

struct indexes {
	git_index *made;  /* of the snapshot */
	git_index *users; /* only read */
};

/*
 * For git_index_add_all(): submodules stay at the commit that HEAD has, what a sparse checkout leaves
 * out as HEAD has it, and other repositories ("name/") are not the user's program.
 */
static int skip_some(const char *path, const char *pattern, void *context)
{
	const struct indexes *indexes = context;
	const git_index_entry *entry = git_index_get_bypath(indexes->made, path, 0);

	(void)pattern;
	if (*path && path[strlen(path) - 1] == '/')
		return 1;
	return entry && (entry->mode == GIT_FILEMODE_COMMIT ||
			 repository_is_left_out(indexes->users, path));
}

/* The tree of what lies in the work tree, written into the store. */
static int write_tree(const struct repository *repository, git_repository *store,
		      git_tree *head, git_oid *id)
{
	git_strarray all = {(char *[]){(char[]){"*"}}, 1};
	struct indexes indexes = {NULL, NULL};
	int code;

	take_excludes(repository, store);
	code = take_settings(repository->git, store);
	if (!code)
		code = git_repository_set_workdir(store, repository->top, false);
	if (!code)
		code = git_repository_index(&indexes.made, store);
	if (!code)
		code = git_repository_index(&indexes.users, repository->git);
	if (!code)
		code = git_index_read_tree(indexes.made, head);
	if (!code)
		code = git_index_add_all(indexes.made, &all, GIT_INDEX_ADD_DEFAULT,
					 skip_some, &indexes);
	if (!code)
		code = git_index_update_all(indexes.made, &all, skip_some, &indexes);
	if (!code)
		code = git_index_write_tree_to(id, indexes.made, store);
	git_index_free(indexes.users);
	git_index_free(indexes.made);
	return code;
}

int checkout_snapshot(const struct repository *repository, const char *store,
		      struct revision *revision, struct error *error)
{
	struct revision head;
	git_repository *opened = NULL;
	git_commit *parent = NULL;
	git_signature *author = NULL;
	git_tree *before = NULL, *tree = NULL;
	git_oid id;
	int failed = 0;
	int code = repository_resolve(repository, "HEAD", &head, error);

	if (!code)
		code = open_store(repository, store, &opened, error);
	if (code)
		return code;
	failed = git_oid_fromstr(&id, head.id);
	if (!failed)
		failed = git_commit_lookup(&parent, opened, &id);
	if (!failed)
		failed = git_commit_tree(&before, parent);
	if (!failed)
		failed = write_tree(repository, opened, before, &id);
	if (!failed)
		failed = git_tree_lookup(&tree, opened, &id);
	/* The time of HEAD: the same content makes the same commit. */
	if (!failed)
		failed = git_signature_new(&author, "autoperf", "autoperf@localhost",
					   git_commit_time(parent), 0);
	if (!failed)
		failed = git_commit_create_v(&id, opened, NULL, author, author, NULL,
					     "work tree, not committed", tree, 1,
					     parent);
	if (failed)
		code = repository_fail(error, failed, "cannot copy the work tree '%s'",
				       repository->top);
	*revision = (struct revision){.name = "worktree",
				      .subject = "work tree, not committed",
				      .snapshot = true};
	git_oid_tostr(revision->id, sizeof(revision->id), &id);
	if (tree)
		git_oid_tostr(revision->tree, sizeof(revision->tree),
			      git_tree_id(tree));
	git_signature_free(author);
	git_tree_free(tree);
	git_tree_free(before);
	git_commit_free(parent);
	git_repository_free(opened);
	return code;
}
