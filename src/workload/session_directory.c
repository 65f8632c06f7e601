/* SPDX-License-Identifier: MIT */
/* Where recordings are written while a run is under way: see session_directory.h. */
#include "workload/session_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/text.h"
#include "recording/format.h"

#define SUFFIX      ".perfpoint-session"
#define KEPT_SUFFIX ".recordings"
#define LOCK_FILE   "lock"

/* Attempts to find a name that is free: 32 random bits each. */
#define NAME_ATTEMPTS 100

static bool has_suffix(const char *name, const char *suffix)
{
	size_t length = strlen(name), suffix_length = strlen(suffix);

	return length > suffix_length && !strcmp(name + length - suffix_length, suffix);
}

/* `directory`/`name`, malloc'd; NULL when out of memory. */
static char *join(const char *directory, const char *name)
{
	struct text path = {0};

	text_printf(&path, "%s/%s", directory, name);
	if (path.failed)
		text_free(&path);
	return path.chars;
}

static int cannot_make(const char *parent, int code, struct error *error)
{
	return error_set(error, code,
			 "cannot make a directory for the recordings in '%s': %s; "
			 "choose another place with -o, or with --scratch for the "
			 "recordings alone",
			 parent, strerror(-code));
}

/* Makes `parent`/autoperf-RANDOM.perfpoint-session. */
static int make_unique(const char *parent, char **path, struct error *error)
{
	for (int attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
		struct text name = {0};
		uint32_t number;

		if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
			return cannot_make(parent, -errno, error);
		text_printf(&name, "%s/autoperf-%08x" SUFFIX, parent, number);
		if (name.failed) {
			text_free(&name);
			return error_no_memory(error, "naming a directory");
		}
		if (!mkdir(name.chars, 0700)) {
			*path = name.chars;
			return 0;
		}

		int code = -errno;

		text_free(&name);
		if (code != -EEXIST)
			return cannot_make(parent, code, error);
	}
	return cannot_make(parent, -EEXIST, error);
}

/* Takes the lock that says the directory is in use. Closed when we execute or die. */
static int take_lock(struct session_directory *directory, struct error *error)
{
	char *path = join(directory->path, LOCK_FILE);

	if (!path)
		return error_no_memory(error, "naming a lock");
	directory->lock = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	free(path);
	if (directory->lock < 0)
		return cannot_make(directory->path, -errno, error);
	/* Somebody who looks for leftovers may hold it for a moment. File systems without
	 * locks only lose the report of leftovers. */
	while (flock(directory->lock, LOCK_EX) && errno == EINTR)
		;
	return 0;
}

int session_directory_make(struct session_directory *directory, const char *parent,
			   struct error *error)
{
	char *real = realpath(parent, NULL);
	int code;

	*directory = (struct session_directory){.lock = -1};
	if (!real)
		return cannot_make(parent, -errno, error);
	code = make_unique(real, &directory->path, error);
	free(real);
	if (!code)
		code = take_lock(directory, error);
	if (code && directory->path) {
		file_remove_tree(directory->path, NULL);
		free(directory->path);
		directory->path = NULL;
	}
	return code;
}

int session_directory_begin_run(struct session_directory *directory,
				struct error *error)
{
	struct text path = {0};

	text_printf(&path, "%s/run-%08u", directory->path, ++directory->runs);
	if (path.failed) {
		text_free(&path);
		return error_no_memory(error, "naming a directory");
	}
	if (mkdir(path.chars, 0700)) {
		int code = cannot_make(directory->path, -errno, error);

		text_free(&path);
		return code;
	}
	directory->run_path = path.chars;
	return 0;
}

void session_directory_end_run(struct session_directory *directory, bool keep,
			       const struct console *console)
{
	struct error error;

	if (directory->run_path && !keep &&
	    file_remove_tree(directory->run_path, &error))
		console_warn(console, "%s", error.text);
	free(directory->run_path);
	directory->run_path = NULL;
}

/* Renames it to what --keep-recordings promises. */
static void keep_directory(const struct session_directory *directory,
			   const struct console *console)
{
	size_t stem = strlen(directory->path) - strlen(SUFFIX);
	struct text kept = {0};
	char *lock = join(directory->path, LOCK_FILE);

	text_append(&kept, directory->path, stem);
	text_puts(&kept, KEPT_SUFFIX);
	if (lock)
		unlink(lock);
	if (kept.failed || rename(directory->path, kept.chars))
		console_note(console, "the recordings are in %s", directory->path);
	else
		console_note(console, "the recordings are in %s", kept.chars);
	free(lock);
	text_free(&kept);
}

void session_directory_close(struct session_directory *directory, bool keep,
			     const struct console *console)
{
	struct error error;

	if (!directory->path)
		return;
	session_directory_end_run(directory, keep, console);
	if (keep)
		keep_directory(directory, console);
	else if (file_remove_tree(directory->path, &error))
		console_warn(console, "%s", error.text);
	close(directory->lock);
	free(directory->path);
	*directory = (struct session_directory){.lock = -1};
}

/* Whether nobody holds the lock. Without the file it is just being made, or no session. */
static bool abandoned(const char *path)
{
	char *lock_path = join(path, LOCK_FILE);
	int lock = lock_path ? open(lock_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
	bool free_to_take = lock >= 0 && !flock(lock, LOCK_SH | LOCK_NB);

	if (lock >= 0)
		close(lock);
	free(lock_path);
	return free_to_take;
}

static int is_session(const struct dirent *entry)
{
	return has_suffix(entry->d_name, SUFFIX);
}

static int is_recording(const struct dirent *entry)
{
	return has_suffix(entry->d_name, RECORDING_SUFFIX);
}

void session_directory_warn_leftovers(const char *parent, const struct console *console)
{
	struct dirent **entries;
	int count = scandir(parent, &entries, is_session, alphasort);

	for (int i = 0; i < count; i++) {
		char *path = join(parent, entries[i]->d_name);

		if (path && abandoned(path))
			console_warn(
				console,
				"'%s' was left behind by an autoperf that was killed; "
				"nothing uses it, remove it when you do not need its "
				"recordings",
				path);
		free(path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

int session_recordings(const char *directory, char ***paths, size_t *count,
		       struct error *error)
{
	struct dirent **entries;
	int found = scandir(directory, &entries, is_recording, versionsort);
	bool failed = false;

	*paths = NULL;
	*count = 0;
	if (found < 0)
		return error_set(error, -errno, "cannot read directory '%s': %s",
				 directory, strerror(errno));
	*paths = calloc((size_t)found + 1, sizeof(**paths));
	for (int i = 0; i < found; i++) {
		char *path = *paths ? join(directory, entries[i]->d_name) : NULL;

		if (path)
			(*paths)[(*count)++] = path;
		failed |= !path;
		free(entries[i]);
	}
	free(entries);
	if (!failed && *paths)
		return 0;
	session_files_free(*paths, *count);
	return error_no_memory(error, "listing the recordings");
}

void session_files_free(char **paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
}
