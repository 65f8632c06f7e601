/* SPDX-License-Identifier: MIT */
/* Which file a command's name stands for: execvp(3)'s search, with reasons. No shell. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "workload/program.h"

/* execvp(3)'s, when PATH is unset. */
#define DEFAULT_PATH "/bin:/usr/bin"

/* 0 when `path` is a file that we may execute, else a negative errno. */
static int executable_file(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? -errno : 0;
}

static int refuse(const char *path, int code, struct error *error)
{
	struct stat status;

	if (code == -EISDIR)
		return error_set(
			error, code,
			"cannot run '%s': it is a directory; name a program in it",
			path);
	if (code == -EACCES && !stat(path, &status) && !S_ISREG(status.st_mode))
		return error_set(error, code, "cannot run '%s': it is no regular file",
				 path);
	if (code == -EACCES)
		return error_set(error, code,
				 "cannot run '%s': it is not executable for you; "
				 "'chmod +x %s' makes it so",
				 path, path);
	return error_set(error, code, "cannot run '%s': %s", path, strerror(-code));
}

/* Looks for `name` in the directories of `search`, which are separated by colons. */
static int search_path(const char *name, const char *search, char **path,
		       struct error *error)
{
	struct text candidate = {0};
	struct text blocked = {0}; /* the first that is there but cannot be run */
	int blocked_code = 0;
	int code = -ENOENT;

	for (const char *from = search; code && from;) {
		size_t length = strcspn(from, ":");

		candidate.length = 0;
		text_append(&candidate, from, length);
		text_puts(&candidate, length ? "/" : "./"); /* empty: the current one */
		text_puts(&candidate, name);
		if (candidate.failed) {
			code = -ENOMEM;
			break;
		}
		code = executable_file(candidate.chars);
		if ((code == -EACCES || code == -EISDIR) && !blocked_code) {
			blocked_code = code;
			text_puts(&blocked, candidate.chars);
		}
		from = from[length] ? from + length + 1 : NULL;
	}
	if (code == -ENOMEM || blocked.failed) {
		code = error_no_memory(error, "looking for the program");
	} else if (!code) {
		*path = candidate.chars;
		candidate.chars = NULL;
	} else if (blocked_code) {
		code = refuse(blocked.chars, blocked_code, error);
	} else {
		bool here = !executable_file(name);

		code = error_set(error, -ENOENT, "program '%s' is not on PATH%s%s",
				 name, here ? "; the one in this directory is ./" : "",
				 here ? name : "");
	}
	text_free(&candidate);
	text_free(&blocked);
	return code;
}

int program_resolve(const char *name, char **path, struct error *error)
{
	if (!*name)
		return error_set(error, -ENOENT, "the program's name is empty");
	if (!strchr(name, '/')) {
		const char *search = getenv("PATH");

		return search_path(name, search ? search : DEFAULT_PATH, path, error);
	}

	int code = executable_file(name);

	if (code)
		return refuse(name, code, error);
	*path = strdup(name);
	return *path ? 0 : error_no_memory(error, "looking for the program");
}
