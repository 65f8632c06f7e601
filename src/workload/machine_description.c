/* SPDX-License-Identifier: MIT */
/*
 * Names of machines: see machine_description.h. The installed descriptions are found as the
 * runtime is (library.c): from the running program's path, so that the build tree and an
 * installed tree that was moved both work. Each description is read by sim/machine's parser, the
 * same that the simulator has.
 */
#include "workload/machine_description.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "event/kernel_file.h"
#include "machine/machine.h"
#include "workload/build.h" /* MACHINES_DIRECTORY, MACHINES_FROM_BINARY */

#define SUFFIX       ".machine"
#define NAME_DEFAULT "default"
#define NAME_HOST    "host"
#define FILE_MAX     ((size_t)1 << 20)

/* From the directory of a program of the build tree (src/cli, tests/unit). */
#define MACHINES_IN_BUILD "../../sim/machines"

static bool ends_in(const char *chars, const char *suffix)
{
	size_t length = strlen(chars), tail = strlen(suffix);

	return length >= tail && !strcmp(chars + length - tail, suffix);
}

/* `directory`/`below` without links and dots if it has the default description; or NULL. */
static char *existing(const char *directory, const char *below)
{
	struct text path = {0};
	char *real = NULL;
	size_t length;

	text_printf(&path, "%s/%s", directory, below);
	length = path.length;
	text_puts(&path, "/" NAME_DEFAULT SUFFIX);
	if (!path.failed && !access(path.chars, R_OK)) {
		path.chars[length] = '\0';
		real = realpath(path.chars, NULL);
	}
	text_free(&path);
	return real;
}

/* Where the installed descriptions are; malloc'd, NULL: nowhere. */
static char *find_directory(void)
{
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *found = NULL;

	if (length > 0) {
		self[length] = '\0';
		*strrchr(self, '/') = '\0';
		found = existing(self, MACHINES_IN_BUILD);
		if (!found)
			found = existing(self, MACHINES_FROM_BINARY);
	}
	return found ? found : existing(MACHINES_DIRECTORY, ".");
}

struct name_list {
	struct text *names;
	const char *separator;
};

static int add_name(const char *file, void *context)
{
	const struct name_list *list = context;
	size_t length = strlen(file);

	if (!ends_in(file, SUFFIX) || !strcmp(file, NAME_DEFAULT SUFFIX))
		return 0;
	text_puts(list->names, list->separator);
	text_append(list->names, file, length - strlen(SUFFIX));
	return 0;
}

static void add_names(const char *directory, const char *separator, struct text *names)
{
	struct name_list list = {names, separator};

	text_printf(names, NAME_DEFAULT "%s" NAME_HOST, separator);
	if (directory)
		kernel_directory_each(directory, add_name, &list);
}

void machine_description_names(const char *separator, struct text *names)
{
	char *directory = find_directory();

	add_names(directory, separator, names);
	free(directory);
}

/* 0, or -EINVAL: the simulator would refuse `text`, which comes from `origin`. */
static int check(const char *origin, const char *text, size_t length,
		 struct error *error)
{
	struct machine_problem problem = {0};
	struct machine_config config;

	machine_config_default(&config);
	if (machine_config_parse(&config, text, length, &problem))
		return error_set(error, -EINVAL,
				 "cannot use machine description '%s': line %u: %s",
				 origin, problem.line, problem.text);
	if (machine_config_check(&config, &problem))
		return error_set(error, -EINVAL,
				 "machine description '%s' is of no machine that can be"
				 " simulated: %s",
				 origin, problem.text);
	return 0;
}

/* *origin is the path, without links and dots if it still has one. */
static int read_description(const char *path, char **text, char **origin,
			    struct error *error)
{
	char *bytes = NULL, *real;
	struct stat status;
	size_t length;
	int code;

	/* Asked before it is opened: to open a FIFO is to wait for a writer. */
	if (stat(path, &status))
		return error_set(error, -errno,
				 "cannot read machine description '%s': %s", path,
				 strerror(errno));
	if (!S_ISREG(status.st_mode))
		return error_set(error, -EINVAL,
				 "cannot read machine description '%s': it is no "
				 "regular file",
				 path);
	code = file_read(path, FILE_MAX, &bytes, &length, error);
	if (code)
		return code;
	if (memchr(bytes, '\0', length))
		code = error_set(error, -EINVAL,
				 "'%s' is no machine description: it is binary", path);
	else
		code = check(path, bytes, length, error);
	if (code)
		goto fail;
	real = realpath(path, NULL);
	if (!real)
		real = strdup(path); /* the name of a file that has lost its own */
	if (!real) {
		code = error_no_memory(error, "reading a machine description");
		goto fail;
	}
	*text = bytes;
	*origin = real;
	return 0;
fail:
	free(bytes);
	return code;
}

static int describe_host(const char *root, char **text, char **origin,
			 struct error *error)
{
	struct text description = {0};
	char *name;
	int code;

	machine_description_host(root, &description);
	name = strdup(NAME_HOST);
	if (description.failed || !name) {
		code = error_no_memory(error, "describing this machine");
		goto fail;
	}
	code = check(NAME_HOST, description.chars, description.length, error);
	if (code)
		goto fail;
	*text = description.chars;
	*origin = name;
	return 0;
fail:
	free(name);
	text_free(&description);
	return code;
}

/* Bytes that names are made of; nothing that leaves the directory or hides from listings. */
static bool is_plain_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_+.";
	size_t length = strnlen(name, MACHINE_DESCRIPTION_NAME_MAX + 1);

	return length && length <= MACHINE_DESCRIPTION_NAME_MAX && *name != '.' &&
	       strspn(name, letters) == length;
}

static int refuse_name(const char *directory, const char *name, struct error *error)
{
	struct text names = {0};
	int code;

	add_names(directory, ", ", &names);
	code = error_set(error, -ENOENT,
			 "unknown machine '%.*s%s'; known are: %s; a file's name must "
			 "end in " SUFFIX " or have a '/'",
			 MACHINE_DESCRIPTION_NAME_MAX, name,
			 strlen(name) > MACHINE_DESCRIPTION_NAME_MAX ? "..." : "",
			 names.failed || !names.chars ? "none" : names.chars);
	text_free(&names);
	return code;
}

int machine_description_resolve_in(const struct machine_description_places *places,
				   const char *name, char **text, char **origin,
				   struct error *error)
{
	struct text path = {0};
	int code;

	if (!name)
		name = NAME_DEFAULT;
	if (strchr(name, '/') || ends_in(name, SUFFIX))
		return read_description(name, text, origin, error);
	if (!strcmp(name, NAME_HOST))
		return describe_host(places->root, text, origin, error);
	if (!is_plain_name(name))
		return refuse_name(places->directory, name, error);
	if (!places->directory)
		return error_set(
			error, -ENOENT,
			"cannot find machine '%s': AutoPerf's descriptions are "
			"not where they were installed, " MACHINES_DIRECTORY
			"; reinstall it, or give a file",
			name);
	text_printf(&path, "%s/%s" SUFFIX, places->directory, name);
	if (path.failed)
		code = error_no_memory(error, "finding a machine description");
	else if (access(path.chars, F_OK))
		code = refuse_name(places->directory, name, error);
	else
		code = read_description(path.chars, text, origin, error);
	text_free(&path);
	return code;
}

int machine_description_resolve(const char *name, char **text, char **origin,
				struct error *error)
{
	char *directory = find_directory();
	const struct machine_description_places places = {.directory = directory,
							  .root = ""};
	int code = machine_description_resolve_in(&places, name, text, origin, error);

	free(directory);
	return code;
}
