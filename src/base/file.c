/* SPDX-License-Identifier: MIT */
/*
 * Whole reads, all-or-nothing writes and removal of trees: see file.h.
 *
 * An output has three shapes: the process's own stdout; a file that takes its name only when
 * it is complete; or, for devices and pipes, the target itself. Every failure names the file,
 * since the user may have given several.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"

#define TEMPORARY_ATTEMPTS 1000 /* names tried before giving up */
#define READ_CHUNK         65536

/* What the user can do about an errno of a write; "" when there is nothing to add. */
static const char *write_advice(int code)
{
	switch (code) {
	case ENOSPC:
	case EDQUOT:
		return "; free some space or write to another disk";
	case EACCES:
	case EPERM:
	case EROFS:
		return "; choose a place that you may write to";
	case ENOENT:
	case ENOTDIR:
		return "; create its directory first";
	default:
		return "";
	}
}

static int write_error(struct error *error, const char *path, int code)
{
	return error_set(error, -code, "cannot write '%s': %s%s", path, strerror(code),
			 write_advice(code));
}

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

char *file_directory(const char *path)
{
	size_t length = strlen(path);

	while (length > 1 && path[length - 1] == '/')
		length--;
	while (length && path[length - 1] != '/')
		length--;
	while (length > 1 && path[length - 1] == '/')
		length--;
	return length ? strndup(path, length) : strdup(".");
}

/* Creates an empty file beside the final one; its mode follows the umask. */
static int open_temporary(struct file_output *output, struct error *error)
{
	struct text name = {0};
	char *directory = file_directory(output->path);
	int descriptor = -1;

	for (int i = 0; directory && i < TEMPORARY_ATTEMPTS; i++) {
		name.length = 0;
		text_printf(&name, "%s/.autoperf-%ld-%d.tmp", directory, (long)getpid(),
			    i);
		if (name.failed)
			break;
		descriptor = open(name.chars,
				  O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
				  0666);
		if (descriptor >= 0 || errno != EEXIST)
			break;
	}
	if (!directory || name.failed) {
		text_free(&name);
		free(directory);
		return error_no_memory(error, "naming a temporary file");
	}
	free(directory);
	if (descriptor < 0) {
		int code = errno;

		text_free(&name);
		return write_error(error, output->path, code);
	}
	output->temporary = name.chars;
	return descriptor;
}

/* Chooses the shape of the output; returns a descriptor, or a negative code. */
static int open_target(struct file_output *output, bool force, struct error *error)
{
	struct stat target;
	char *real;
	int descriptor;

	if (stat(output->path, &target)) {
		if (errno != ENOENT)
			return write_error(error, output->path, errno);
		if (!lstat(output->path, &target))
			return error_set(
				error, -ENOENT,
				"cannot write '%s': it is a link to a file that "
				"does not exist; remove the link",
				output->path);
		return open_temporary(output, error);
	}
	if (S_ISDIR(target.st_mode))
		return error_set(
			error, -EISDIR,
			"cannot write '%s': it is a directory; name a file in it",
			output->path);
	if (!S_ISREG(target.st_mode)) {
		descriptor = open(output->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return descriptor < 0 ? write_error(error, output->path, errno)
				      : descriptor;
	}
	if (!force)
		return error_set(
			error, -EEXIST,
			"'%s' exists; give --force to replace it, or another name",
			output->path);
	/* A link to the old file stays a link: the file behind it is replaced. */
	real = realpath(output->path, NULL);
	if (!real)
		return write_error(error, output->path, errno);
	free(output->path);
	output->path = real;
	descriptor = open_temporary(output, error);
	/* A replaced file keeps its mode; not being allowed to set it is no reason to fail. */
	if (descriptor >= 0)
		(void)fchmod(descriptor, target.st_mode & 0777);
	return descriptor;
}

int file_output_open(struct file_output *output, const char *path, bool force,
		     struct error *error)
{
	struct stat target, out;
	size_t length = strlen(path);
	int descriptor;

	*output = (struct file_output){.replace = force};
	if (!length || path[length - 1] == '/')
		return error_set(error, -EINVAL,
				 "cannot write '%s': that is no name of a file", path);
	output->path = strdup(path);
	if (!output->path)
		return error_no_memory(error, "opening an output file");
	/* Also /dev/stdout and its aliases, which may lead to a regular file. */
	if (!strcmp(path, "-") ||
	    (!fstat(STDOUT_FILENO, &out) && !stat(path, &target) &&
	     is_same_file(&out, &target))) {
		output->stream = stdout;
		return 0;
	}
	descriptor = open_target(output, force, error);
	if (descriptor < 0) {
		file_output_abandon(output);
		return descriptor;
	}
	output->stream = fdopen(descriptor, "w");
	if (!output->stream) {
		close(descriptor);
		file_output_abandon(output);
		return error_no_memory(error, "opening an output file");
	}
	return 0;
}

/* Gives the complete file its name; without --force, never over another file. */
static int take_name(const struct file_output *output)
{
	if (output->replace)
		return rename(output->temporary, output->path) ? -errno : 0;
	if (!renameat2(AT_FDCWD, output->temporary, AT_FDCWD, output->path,
		       RENAME_NOREPLACE))
		return 0;
	/* Some file systems know no RENAME_NOREPLACE. */
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return rename(output->temporary, output->path) ? -errno : 0;
}

/* Makes the new name itself durable. The data are; failing here loses nothing. */
static void sync_directory(const char *path)
{
	char *directory = file_directory(path);
	int descriptor;

	if (!directory)
		return;
	descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(directory);
	if (descriptor < 0)
		return;
	(void)fsync(descriptor);
	close(descriptor);
}

/*
 * Why writing failed, when that has been forgotten: what little was left may have found room. The
 * file is lost anyway, so more is written to it.
 */
static int find_reason(const struct file_output *output)
{
	static const char block[1 << 16];

	for (int tries = 0; output->temporary && tries < 16; tries++)
		if (write(fileno(output->stream), block, sizeof(block)) < 0)
			return -errno;
	return -EIO;
}

int file_output_commit(struct file_output *output, struct error *error)
{
	bool failed_before = ferror(output->stream) != 0;
	int code = 0;

	/* An earlier error has lost its errno; flushing again often brings it back. */
	if (fflush(output->stream))
		code = -errno;
	else if (failed_before)
		code = find_reason(output);
	if (!code && output->temporary && fsync(fileno(output->stream)))
		code = -errno;
	if (output->stream != stdout && fclose(output->stream) && !code)
		code = -errno;
	output->stream = NULL;
	if (!code && output->temporary)
		code = take_name(output);
	if (code == -EEXIST)
		error_set(error, code,
			  "'%s' has come into being meanwhile; give --force to replace "
			  "it",
			  output->path);
	else if (code)
		write_error(error, strcmp(output->path, "-") ? output->path : "stdout",
			    -code);
	if (!code && output->temporary) {
		sync_directory(output->path);
		free(output->temporary);
		output->temporary = NULL;
	}
	file_output_abandon(output);
	return code;
}

void file_output_abandon(struct file_output *output)
{
	if (output->stream && output->stream != stdout)
		fclose(output->stream);
	if (output->temporary)
		unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = (struct file_output){0};
}

static int read_error(struct error *error, const char *path, int code)
{
	return error_set(error, -code, "cannot read '%s': %s", path, strerror(code));
}

/* Reads to the end; `text` grows. -EFBIG as soon as there is more than `limit`. */
static int read_all(int descriptor, size_t limit, struct text *text)
{
	char *chunk = malloc(READ_CHUNK);
	ssize_t got = 0;
	int code = chunk ? 0 : -ENOMEM;

	while (!code) {
		got = read(descriptor, chunk, READ_CHUNK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		if ((size_t)got > limit - text->length)
			code = -EFBIG;
		else
			text_append(text, chunk, (size_t)got);
		if (text->failed)
			code = -ENOMEM;
	}
	if (got < 0)
		code = -errno;
	free(chunk);
	/* An empty file, too, is a NUL-terminated string. */
	if (!code)
		text_append(text, "", 0);
	return !code && text->failed ? -ENOMEM : code;
}

int file_read(const char *path, size_t limit, char **bytes, size_t *length,
	      struct error *error)
{
	struct text text = {0};
	struct stat status;
	char size[32];
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int code;

	if (descriptor < 0)
		return read_error(error, path, errno);
	if (!fstat(descriptor, &status) && S_ISREG(status.st_mode) &&
	    (uintmax_t)status.st_size > limit)
		code = -EFBIG;
	else
		code = read_all(descriptor, limit, &text);
	close(descriptor);
	if (!code) {
		*bytes = text.chars;
		*length = text.length;
		return 0;
	}
	text_free(&text);
	if (code == -EFBIG)
		return error_set(error, code, "cannot read '%s': it is larger than %s",
				 path, text_bytes((double)limit, size, sizeof(size)));
	if (code == -ENOMEM)
		return error_no_memory(error, "reading a file");
	return read_error(error, path, -code);
}

/*
 * Removes what is below the directory `name` of `parent`, then the directory. Descriptors,
 * not paths, so that a name exchanged for a link meanwhile leads nowhere. 0 or -errno.
 */
static int remove_at(int parent, const char *name)
{
	int descriptor =
		openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	DIR *directory;
	int code = 0;

	if (descriptor < 0)
		return -errno;
	directory = fdopendir(descriptor);
	if (!directory) {
		close(descriptor);
		return -ENOMEM;
	}
	while (!code && (errno = 0, entry = readdir(directory))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!unlinkat(descriptor, entry->d_name, 0))
			continue;
		/* Linux says EISDIR, POSIX EPERM. */
		code = -errno;
		if (code == -EISDIR || code == -EPERM)
			code = remove_at(descriptor, entry->d_name);
	}
	if (!code && errno)
		code = -errno;
	closedir(directory);
	if (!code && unlinkat(parent, name, AT_REMOVEDIR))
		code = -errno;
	return code;
}

int file_remove_tree(const char *path, struct error *error)
{
	int code = remove_at(AT_FDCWD, path);

	if (code)
		return error_set(error, code, "cannot remove the directory '%s': %s",
				 path, strerror(-code));
	return 0;
}
