/* SPDX-License-Identifier: MIT */
/*
 * One side of a comparison: see side.h. The trees of both sides have paths of the same length, so
 * that what a path does to a program (the size of its strings, the place of its stack) it does to
 * both.
 */
#include "gate/side.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/version.h"
#include "gate/shell.h"
#include "profile/machine.h"
#include "repo/checkout.h"

#define BUILT_FILE     "built"
#define ANNOTATED_FILE "annotated"
#define TREE           "tree"
#define BUILD_LOG      "build.log"

/* What changes a build without being in its command. */
static const char *const build_variables[] = {
	"AR",       "CC", "CFLAGS",  "CMAKE_GENERATOR", "CPATH",     "CPPFLAGS", "CXX",
	"CXXFLAGS", "LD", "LDFLAGS", "LIBRARY_PATH",    "MAKEFLAGS", "PATH",     NULL};

/* One part of a key; its length keeps parts apart. */
static void put_part(struct text *key, const char *part)
{
	text_printf(key, "%zu %s\n", part ? strlen(part) : 0, part ? part : "");
}

static int make_key(struct side *side, const struct config *config, struct error *error)
{
	struct machine machine;
	struct text key = {0};
	int code;

	machine_probe(&machine);
	put_part(&key, AUTOPERF_VERSION);
	put_part(&key, side->revision.id);
	put_part(&key, side->marks);
	put_part(&key, config->build);
	put_part(&key, config->build_dir);
	put_part(&key, config->clean);
	put_part(&key, machine.cpu_model);
	put_part(&key, machine.architecture);
	for (const char *const *name = build_variables; *name; name++)
		put_part(&key, getenv(*name));
	code = key.failed ? error_no_memory(error, "naming a build")
			  : repository_hash(key.chars, side->key, error);
	text_free(&key);
	return code;
}

static char *join(const char *directory, const char *name)
{
	struct text path = {0};

	text_printf(&path, "%s/%s", directory, name);
	if (path.failed)
		text_free(&path);
	return path.chars;
}

int side_name(struct side *side, const struct cache *cache, const struct config *config,
	      struct error *error)
{
	int code = make_key(side, config, error);

	if (!code)
		code = cache_place(cache, "builds", side->key, &side->directory, error);
	if (code)
		return code;
	side->tree = join(side->directory, TREE);
	side->log = join(side->directory, BUILD_LOG);
	return side->tree && side->log ? 0 : error_no_memory(error, "naming a build");
}

void side_free(struct side *side)
{
	free(side->directory);
	free(side->tree);
	free(side->log);
	side->directory = side->tree = side->log = NULL;
}

void side_describe(const struct side *side, char *text, size_t size)
{
	snprintf(text, size, "%s (%s, %.*s '%s')", side->label, side->revision.name,
		 REVISION_SHORT, side->revision.id, side->revision.subject);
}

int side_path(const struct side *side, const char *below, char **path,
	      struct error *error)
{
	char real[PATH_MAX], top[PATH_MAX];
	size_t length;

	*path = join(side->tree, below ? below : ".");
	if (!*path)
		return error_no_memory(error, "naming a directory");
	if (!realpath(side->tree, top) || !realpath(*path, real))
		return error_set(error, -errno, "there is no directory '%s' in %s: %s",
				 below ? below : ".", side->label, strerror(errno));
	length = strlen(top);
	if (strncmp(real, top, length) != 0 || (real[length] && real[length] != '/'))
		return error_set(error, -EINVAL,
				 "the directory '%s' of the configuration leads out of "
				 "the repository",
				 below);
	return 0;
}

static int run_command(const struct side *side, const char *command, const char *below,
		       const char *what, struct error *error)
{
	char *directory = NULL;
	int code = side_path(side, below, &directory, error);

	if (!code)
		code = shell_run(command, directory, side->log, what, error);
	free(directory);
	return code;
}

/* A step is done: puts its file there, which is whole or not there. */
static int put_file(const struct side *side, const char *name, struct error *error)
{
	struct file_output output = {0};
	char *path = join(side->directory, name);
	int code = path ? file_output_open(&output, path, true, error)
			: error_no_memory(error, "naming a build");

	if (!code) {
		fprintf(output.stream, "%s\n", side->revision.id);
		code = file_output_commit(&output, error);
	}
	file_output_abandon(&output);
	free(path);
	return code;
}

static bool has_file(const struct side *side, const char *name)
{
	char *path = join(side->directory, name);
	bool there = path && !access(path, F_OK);

	free(path);
	return there;
}

bool side_has_marks(const struct side *side)
{
	return has_file(side, ANNOTATED_FILE);
}

int side_begin_marks(const struct side *side, struct error *error)
{
	char *path = join(side->directory, BUILT_FILE);
	int code = 0;

	if (!path)
		return error_no_memory(error, "naming a build");
	if (unlink(path))
		code = error_set(error, -errno, "cannot remove '%s': %s", path,
				 strerror(errno));
	free(path);
	return code;
}

int side_end_marks(const struct side *side, const struct config *config, bool rebuild,
		   struct error *error)
{
	int code = 0;

	if (rebuild && config->build)
		code = run_command(side, config->build, config->build_dir,
				   "the build with markers", error);
	if (!code)
		code = put_file(side, ANNOTATED_FILE, error);
	return code ? error_prefix(error, "%s", side->label)
		    : put_file(side, BUILT_FILE, error);
}

int side_build(const struct side *side, const struct cache *cache,
	       const struct repository *repository, const struct config *config,
	       const struct console *console, struct error *error)
{
	char text[3 * REVISION_NAME_BYTES];
	int code;

	side_describe(side, text, sizeof(text));
	if (has_file(side, BUILT_FILE) && !access(side->tree, F_OK)) {
		console_note(console, "%s is built already", text);
		return 0;
	}
	console_note(console, "building %s", text);
	code = cache_renew(cache, side->directory, error);
	if (!code)
		code = checkout_make(repository, cache->store, &side->revision,
				     side->tree, error);
	if (!code && config->clean)
		code = run_command(side, config->clean, config->build_dir,
				   "the command to run before building", error);
	if (!code && config->build)
		code = run_command(side, config->build, config->build_dir, "the build",
				   error);
	if (!code)
		code = put_file(side, BUILT_FILE, error);
	return code ? error_prefix(error, "%s", text) : 0;
}
