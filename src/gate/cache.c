/* SPDX-License-Identifier: MIT */
/* The cache folder of one repository: see cache.h. */
#include "gate/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define ROOT_VARIABLE  "AUTOPERF_CACHE"
#define TAG_FILE       "CACHEDIR.TAG"
#define LOCK_FILE      "lock"
#define KEY_DIGITS     12
#define NAME_MAX_BYTES 40

/* The first line is that of bford.info/cachedir, which backup programs look for. */
#define TAG_TEXT                                             \
	"Signature: 8a477f597d28d172789f06886806bc55\n"      \
	"# AutoPerf's cache of a git repository. It can be " \
	"removed at any time: autoperf clean\n"

static int put_root(struct text *path, const char *root, struct error *error)
{
	const char *variable = getenv(ROOT_VARIABLE);
	const char *xdg = getenv("XDG_CACHE_HOME");
	const char *home = getenv("HOME");
	char *here = NULL;

	if (!root && variable && *variable)
		root = variable;
	if (root && *root != '/') {
		here = getcwd(NULL, 0);
		if (!here)
			return error_set(error, -errno, "cannot tell where '%s' is: %s",
					 root, strerror(errno));
		text_printf(path, "%s/%s", here, root);
		free(here);
	} else if (root) {
		text_puts(path, root);
	} else if (xdg && *xdg == '/') {
		text_printf(path, "%s/autoperf", xdg);
	} else if (home && *home == '/') {
		text_printf(path, "%s/.cache/autoperf", home);
	} else {
		return error_set(error, -ENOENT,
				 "there is no place for a cache: neither HOME nor "
				 "XDG_CACHE_HOME is set; give --cache DIR");
	}
	return 0;
}

/* Letters, digits and the like of the last part of a path; anything else becomes '-'. */
static void put_name(struct text *path, const char *top)
{
	const char *name = strrchr(top, '/');
	size_t used = 0;

	for (name = name ? name + 1 : top; *name && used < NAME_MAX_BYTES;
	     name++, used++) {
		bool plain = (*name >= 'a' && *name <= 'z') ||
			     (*name >= 'A' && *name <= 'Z') ||
			     (*name >= '0' && *name <= '9') || *name == '_' ||
			     (*name == '.' && used);

		text_append(path, plain ? name : "-", 1);
	}
}

int cache_locate(const struct repository *repository, const char *root,
		 char **directory, struct error *error)
{
	char key[REVISION_ID_BYTES];
	struct text path = {0};
	int code = put_root(&path, root, error);

	*directory = NULL;
	if (!code)
		code = repository_hash(repository->objects, key, error);
	if (!code) {
		text_puts(&path, "/");
		put_name(&path, repository->top);
		text_printf(&path, "-%.*s", KEY_DIGITS, key);
		if (path.failed)
			code = error_no_memory(error, "naming the cache");
	}
	if (code)
		text_free(&path);
	*directory = path.chars;
	return code;
}

/* mkdir -p; only the owner may look inside of what is new. */
static int make_directories(char *path, struct error *error)
{
	for (char *slash = path + 1;; slash++) {
		char kept = *slash;

		if (kept && kept != '/')
			continue;
		*slash = '\0';
		if (mkdir(path, 0700) && errno != EEXIST) {
			int code = error_set(error, -errno,
					     "cannot make the cache '%s': %s; choose "
					     "another place: --cache DIR",
					     path, strerror(errno));

			*slash = kept;
			return code;
		}
		*slash = kept;
		if (!kept)
			return 0;
	}
}

static int write_file(const char *directory, const char *name, const char *text,
		      struct error *error)
{
	struct file_output output = {0};
	struct text path = {0};
	int code;

	text_printf(&path, "%s/%s", directory, name);
	code = path.failed ? error_no_memory(error, "making the cache")
			   : file_output_open(&output, path.chars, true, error);
	if (!code) {
		fputs(text, output.stream);
		code = file_output_commit(&output, error);
	}
	file_output_abandon(&output);
	text_free(&path);
	return code;
}

/* Whether the folder carries our tag. */
static bool is_ours(const char *directory)
{
	struct text path = {0};
	char *tag = NULL;
	size_t length;
	bool ours;

	text_printf(&path, "%s/" TAG_FILE, directory);
	ours = !path.failed && !file_read(path.chars, 4096, &tag, &length, NULL) &&
	       !strcmp(tag, TAG_TEXT);
	free(tag);
	text_free(&path);
	return ours;
}

static int take_lock(struct cache *cache, struct error *error)
{
	struct text path = {0};
	int code = 0;

	text_printf(&path, "%s/" LOCK_FILE, cache->directory);
	if (path.failed)
		return error_no_memory(error, "locking the cache");
	cache->lock = open(path.chars, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (cache->lock < 0)
		code = error_set(error, -errno,
				 "cannot write '%s': %s; make that possible, or use "
				 "another cache: --cache DIR",
				 path.chars, strerror(errno));
	else if (flock(cache->lock, LOCK_EX | LOCK_NB))
		code = error_set(error, -EBUSY,
				 "another check of this repository is under way (it "
				 "holds '%s'); wait for it, or use another cache: "
				 "--cache DIR",
				 path.chars);
	text_free(&path);
	return code;
}

int cache_open(struct cache *cache, const struct repository *repository,
	       const char *root, struct error *error)
{
	struct text store = {0};
	bool known;
	int code;

	*cache = (struct cache){.lock = -1};
	code = cache_locate(repository, root, &cache->directory, error);
	if (code)
		return code;
	known = !access(cache->directory, F_OK);
	/* An empty one: a check was killed before it tagged it. */
	if (known && !is_ours(cache->directory) && rmdir(cache->directory))
		code = error_set(error, -EEXIST,
				 "'%s' is in the way: it is no cache of AutoPerf's; "
				 "remove it, or choose another place: --cache DIR",
				 cache->directory);
	if (!code)
		code = make_directories(cache->directory, error);
	if (!code && !is_ours(cache->directory))
		code = write_file(cache->directory, TAG_FILE, TAG_TEXT, error);
	/* In case that somebody puts the cache into his work tree. */
	if (!code && !known)
		code = write_file(cache->directory, ".gitignore", "*\n", error);
	if (!code)
		code = take_lock(cache, error);
	text_printf(&store, "%s/repository.git", cache->directory);
	if (!code && store.failed)
		code = error_no_memory(error, "naming the cache");
	cache->store = store.chars;
	if (code)
		cache_close(cache);
	return code;
}

void cache_close(struct cache *cache)
{
	if (cache->lock >= 0)
		close(cache->lock);
	free(cache->directory);
	free(cache->store);
	*cache = (struct cache){.lock = -1};
}

int cache_place(const struct cache *cache, const char *kind, const char *key,
		char **place, struct error *error)
{
	struct text path = {0};
	int code;

	text_printf(&path, "%s/%s", cache->directory, kind);
	code = path.failed ? error_no_memory(error, "naming the cache")
			   : make_directories(path.chars, error);
	text_printf(&path, "/%.*s", KEY_DIGITS, key);
	if (!code && path.failed)
		code = error_no_memory(error, "naming the cache");
	if (code)
		text_free(&path);
	*place = path.chars;
	return code;
}

int cache_renew(const struct cache *cache, const char *directory, struct error *error)
{
	struct text aside = {0};
	int code = 0;

	text_printf(&aside, "%s/removed-%ld", cache->directory, (long)getpid());
	if (aside.failed)
		code = error_no_memory(error, "emptying a folder of the cache");
	else if (!rename(directory, aside.chars))
		/* Somebody may still write into it; then `clean` removes it. */
		(void)!file_remove_tree(aside.chars, NULL);
	else if (errno != ENOENT)
		code = error_set(error, -errno, "cannot move '%s' aside: %s", directory,
				 strerror(errno));
	if (!code && mkdir(directory, 0700))
		code = error_set(error, -errno, "cannot make '%s': %s", directory,
				 strerror(errno));
	text_free(&aside);
	return code;
}

int cache_remove(const struct repository *repository, const char *root,
		 char **directory, bool *removed, struct error *error)
{
	struct cache cache = {.lock = -1};
	int code = cache_locate(repository, root, directory, error);

	*removed = false;
	if (code || access(*directory, F_OK))
		return code;
	if (!is_ours(*directory))
		code = error_set(error, -EEXIST,
				 "'%s' is no cache of AutoPerf's; it is left alone",
				 *directory);
	cache.directory = *directory;
	if (!code)
		code = take_lock(&cache, error);
	if (!code)
		code = file_remove_tree(*directory, error);
	if (cache.lock >= 0)
		close(cache.lock);
	*removed = !code;
	return code;
}
