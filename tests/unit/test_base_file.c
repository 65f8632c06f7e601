/* SPDX-License-Identifier: MIT */
/*
 * base/file.c: outputs that are whole or not there, on good and bad targets. Full and
 * read-only disks are real ones: small tmpfs mounts in a mount namespace of a child process;
 * where the machine does not allow that, those tests are skipped.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/scratch.h"

#define CHILD_SKIPPED 77

static int set_up(void **state)
{
	struct scratch *scratch = malloc(sizeof(*scratch));

	scratch_open(scratch);
	*state = scratch;
	return 0;
}

static int tear_down(void **state)
{
	scratch_close(*state);
	free(*state);
	return 0;
}

static void assert_text_has(const struct error *error, const char *part)
{
	if (!strstr(error->text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, error->text);
}

static void assert_content(const char *path, const char *expected)
{
	struct error error;
	char *bytes;
	size_t length;

	if (file_read(path, 1 << 20, &bytes, &length, &error))
		fail_msg("%s", error.text);
	assert_string_equal(bytes, expected);
	free(bytes);
}

static unsigned int mode_of(const char *path)
{
	struct stat status;

	assert_int_equal(stat(path, &status), 0);
	return status.st_mode & 0777;
}

/* ---- writing ---- */

static void an_output_takes_its_name_when_it_is_complete(void **state)
{
	const struct scratch *scratch = *state;
	const char *path = scratch_path(scratch, "out");
	struct file_output output;
	struct error error;

	assert_int_equal(file_output_open(&output, path, false, &error), 0);
	fputs("whole", output.stream);
	fflush(output.stream);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(file_output_commit(&output, &error), 0);
	assert_content(path, "whole");
	assert_int_equal(scratch_count(scratch), 1);
	/* What is committed stays. */
	file_output_abandon(&output);
	assert_content(path, "whole");
}

static void an_abandoned_output_leaves_nothing(void **state)
{
	const struct scratch *scratch = *state;
	struct file_output output;
	struct error error;

	assert_int_equal(
		file_output_open(&output, scratch_path(scratch, "out"), false, &error),
		0);
	fputs("half", output.stream);
	file_output_abandon(&output);
	assert_int_equal(scratch_count(scratch), 0);
	file_output_abandon(&output);
	file_output_abandon(&(struct file_output){0});
}

static void the_mode_follows_the_umask(void **state)
{
	const char *path = scratch_path(*state, "out");
	struct file_output output;
	struct error error;
	mode_t old = umask(027);

	assert_int_equal(file_output_open(&output, path, false, &error), 0);
	assert_int_equal(file_output_commit(&output, &error), 0);
	umask(old);
	assert_int_equal(mode_of(path), 0640);
}

static void an_existing_file_is_refused_and_kept(void **state)
{
	const char *path = scratch_write(*state, "out", "old", 3);
	struct file_output output;
	struct error error;

	assert_int_equal(file_output_open(&output, path, false, &error), -EEXIST);
	assert_text_has(&error, path);
	assert_text_has(&error, "--force");
	assert_content(path, "old");
	assert_int_equal(scratch_count(*state), 1);
}

static void force_replaces_the_file_and_keeps_its_mode(void **state)
{
	const char *path = scratch_write(*state, "out", "old", 3);
	struct file_output output;
	struct error error;

	assert_int_equal(chmod(path, 0604), 0);
	assert_int_equal(file_output_open(&output, path, true, &error), 0);
	fputs("new", output.stream);
	assert_content(path, "old");
	assert_int_equal(file_output_commit(&output, &error), 0);
	assert_content(path, "new");
	assert_int_equal(mode_of(path), 0604);
	assert_int_equal(scratch_count(*state), 1);
}

static void a_link_to_the_file_stays_a_link(void **state)
{
	const char *path = scratch_write(*state, "out", "old", 3);
	const char *link = scratch_path(*state, "link");
	struct file_output output;
	struct error error;
	struct stat status;

	assert_int_equal(symlink("out", link), 0);
	assert_int_equal(file_output_open(&output, link, true, &error), 0);
	fputs("new", output.stream);
	assert_int_equal(file_output_commit(&output, &error), 0);
	assert_int_equal(lstat(link, &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	assert_content(path, "new");
}

static void a_link_to_nothing_is_refused(void **state)
{
	const char *link = scratch_path(*state, "link");
	struct file_output output;
	struct error error;

	assert_int_equal(symlink("absent", link), 0);
	assert_int_equal(file_output_open(&output, link, false, &error), -ENOENT);
	assert_text_has(&error, "link");
	assert_int_equal(file_output_open(&output, link, true, &error), -ENOENT);
}

static void a_file_that_appears_meanwhile_is_not_replaced(void **state)
{
	const char *path = scratch_path(*state, "out");
	struct file_output output;
	struct error error;

	assert_int_equal(file_output_open(&output, path, false, &error), 0);
	fputs("ours", output.stream);
	scratch_write(*state, "out", "theirs", 6);
	assert_int_equal(file_output_commit(&output, &error), -EEXIST);
	assert_text_has(&error, "--force");
	assert_content(path, "theirs");
	assert_int_equal(scratch_count(*state), 1);

	unlink(path);
	assert_int_equal(file_output_open(&output, path, true, &error), 0);
	fputs("ours", output.stream);
	scratch_write(*state, "out", "theirs", 6);
	assert_int_equal(file_output_commit(&output, &error), 0);
	assert_content(path, "ours");
}

static void two_outputs_in_one_directory_do_not_collide(void **state)
{
	const char *a = scratch_path(*state, "a"), *b = scratch_path(*state, "b");
	struct file_output first, second;
	struct error error;

	assert_int_equal(file_output_open(&first, a, false, &error), 0);
	assert_int_equal(file_output_open(&second, b, false, &error), 0);
	fputs("a", first.stream);
	fputs("b", second.stream);
	assert_int_equal(file_output_commit(&second, &error), 0);
	assert_int_equal(file_output_commit(&first, &error), 0);
	assert_content(a, "a");
	assert_content(b, "b");
}

static void what_cannot_be_a_file_is_refused_at_once(void **state)
{
	const char *directory = ((struct scratch *)*state)->directory;
	struct file_output output;
	struct error error;

	assert_int_equal(file_output_open(&output, directory, true, &error), -EISDIR);
	assert_text_has(&error, "directory");
	assert_int_equal(file_output_open(&output, "", true, &error), -EINVAL);
	assert_int_equal(
		file_output_open(&output, scratch_path(*state, "x/"), true, &error),
		-EINVAL);
	assert_int_equal(
		file_output_open(&output, scratch_path(*state, "no/x"), true, &error),
		-ENOENT);
	assert_text_has(&error, "create its directory");
	scratch_write(*state, "file", "", 0);
	assert_int_equal(
		file_output_open(&output, scratch_path(*state, "file/x"), true, &error),
		-ENOTDIR);
	assert_int_equal(scratch_count(*state), 1);
}

/* Runs `body` with stdout going to the file at `path`; flags as for open(2). */
static void with_stdout(const char *path, int flags, void (*body)(void *), void *data)
{
	int saved, target;

	fflush(stdout);
	saved = dup(STDOUT_FILENO);
	target = open(path, O_WRONLY | O_CREAT | flags, 0600);
	assert_true(saved >= 0 && target >= 0);
	dup2(target, STDOUT_FILENO);
	close(target);
	body(data);
	fflush(stdout);
	clearerr(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
}

struct stdout_case {
	const char *path;
	int opened;
	int committed;
	struct error error;
};

static void write_to_stdout(void *data)
{
	struct stdout_case *this = data;
	struct file_output output;

	this->opened = file_output_open(&output, this->path, false, &this->error);
	if (this->opened)
		return;
	fputs("result", output.stream);
	this->committed = file_output_commit(&output, &this->error);
}

static void a_dash_is_stdout(void **state)
{
	const char *path = scratch_path(*state, "stdout");
	struct stdout_case this = {.path = "-"};

	with_stdout(path, 0, write_to_stdout, &this);
	assert_int_equal(this.opened, 0);
	assert_int_equal(this.committed, 0);
	assert_content(path, "result");
}

static void dev_stdout_is_stdout_even_if_that_is_a_file(void **state)
{
	const char *path = scratch_write(*state, "stdout", "before ", 7);
	struct stdout_case this = {.path = "/dev/stdout"};

	with_stdout(path, O_APPEND, write_to_stdout, &this);
	assert_int_equal(this.opened, 0);
	assert_int_equal(this.committed, 0);
	assert_content(path, "before result");
}

static void a_full_stdout_is_an_error(void **state)
{
	struct stdout_case this = {.path = "-"};

	(void)state;
	with_stdout("/dev/full", 0, write_to_stdout, &this);
	assert_int_equal(this.opened, 0);
	assert_int_equal(this.committed, -ENOSPC);
	assert_text_has(&this.error, "stdout");
}

static void a_device_is_written_directly(void **state)
{
	struct file_output output;
	struct error error;

	(void)state;
	assert_int_equal(file_output_open(&output, "/dev/null", false, &error), 0);
	assert_null(output.temporary);
	fputs("gone", output.stream);
	assert_int_equal(file_output_commit(&output, &error), 0);
}

static void a_full_device_is_an_error_however_much_is_written(void **state)
{
	static const size_t amounts[] = {1, 4096, 1 << 20};

	(void)state;
	for (size_t i = 0; i < sizeof(amounts) / sizeof(*amounts); i++) {
		struct file_output output;
		struct error error;

		assert_int_equal(file_output_open(&output, "/dev/full", false, &error),
				 0);
		for (size_t k = 0; k < amounts[i]; k++)
			putc('x', output.stream);
		assert_int_equal(file_output_commit(&output, &error), -ENOSPC);
		assert_text_has(&error, "/dev/full");
		assert_text_has(&error, "free some space");
	}
	assert_int_equal(access("/dev/full", F_OK), 0);
}

static void a_pipe_nobody_reads_is_an_error(void **state)
{
	struct file_output output;
	struct error error;
	char path[64];
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
	assert_int_equal(file_output_open(&output, path, false, &error), 0);
	close(ends[0]);
	fputs("x", output.stream);
	assert_int_equal(file_output_commit(&output, &error), -EPIPE);
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
}

/* ---- disks that are full or read-only ---- */

/* Runs `body` in a child with a mount namespace of its own; its result is the exit status. */
static void in_child(int (*body)(const char *), const char *directory)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
			_exit(CHILD_SKIPPED);
		/* Mounts must not spread to the parent's namespace. */
		if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
			_exit(CHILD_SKIPPED);
		_exit(body(directory));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == CHILD_SKIPPED)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static bool file_is(const char *path, const char *expected)
{
	struct error error;
	char *bytes;
	size_t length;
	bool same;

	if (file_read(path, 4096, &bytes, &length, &error))
		return false;
	same = !strcmp(bytes, expected);
	free(bytes);
	return same;
}

static size_t entries(const char *directory)
{
	struct scratch scratch;

	snprintf(scratch.directory, sizeof(scratch.directory), "%s", directory);
	return scratch_count(&scratch);
}

/* 0, or the number of the step that went wrong. */
static int fill_disk(const char *directory)
{
	struct file_output output;
	struct error error;
	char path[SCRATCH_PATH_MAX + 16];
	FILE *old;

	if (mount("tmpfs", directory, "tmpfs", 0, "size=64k"))
		return CHILD_SKIPPED;
	snprintf(path, sizeof(path), "%s/out", directory);
	old = fopen(path, "w");
	if (!old || fputs("old", old) < 0 || fclose(old))
		return 1;
	if (file_output_open(&output, path, true, &error))
		return 2;
	for (int i = 0; i < 100000; i++)
		putc('x', output.stream);
	if (file_output_commit(&output, &error) != -ENOSPC)
		return 3;
	if (!strstr(error.text, path) || !strstr(error.text, "free some space"))
		return 4;
	if (!file_is(path, "old"))
		return 5;
	return entries(directory) == 1 ? 0 : 6;
}

static void a_full_disk_leaves_the_old_file_and_nothing_else(void **state)
{
	in_child(fill_disk, ((struct scratch *)*state)->directory);
}

static int write_read_only(const char *directory)
{
	struct file_output output;
	struct error error;
	char path[SCRATCH_PATH_MAX + 16];

	if (mount("tmpfs", directory, "tmpfs", MS_RDONLY, "size=64k"))
		return CHILD_SKIPPED;
	snprintf(path, sizeof(path), "%s/out", directory);
	if (file_output_open(&output, path, false, &error) != -EROFS)
		return 1;
	return strstr(error.text, path) && strstr(error.text, "choose a place") ? 0 : 2;
}

static void a_read_only_disk_is_named(void **state)
{
	in_child(write_read_only, ((struct scratch *)*state)->directory);
}

static int write_as_nobody(const char *directory)
{
	struct file_output output;
	struct error error;
	char path[SCRATCH_PATH_MAX + 16];
	const uid_t nobody = 65534;

	/* Root may write everywhere, whatever the mode. */
	if (chmod(directory, 0555) || (!geteuid() && seteuid(nobody)))
		return CHILD_SKIPPED;
	snprintf(path, sizeof(path), "%s/out", directory);
	if (file_output_open(&output, path, false, &error) != -EACCES)
		return 1;
	return strstr(error.text, path) && strstr(error.text, "choose a place") ? 0 : 2;
}

static void a_directory_without_permission_is_named(void **state)
{
	in_child(write_as_nobody, ((struct scratch *)*state)->directory);
	chmod(((struct scratch *)*state)->directory, 0700);
}

/* ---- reading ---- */

static void a_file_is_read_whole(void **state)
{
	static char large[200000];
	struct error error;
	char *bytes;
	size_t length;

	memset(large, 'a', sizeof(large));
	assert_int_equal(file_read(scratch_write(*state, "f", "a\0b", 3), 3, &bytes,
				   &length, &error),
			 0);
	assert_int_equal(length, 3);
	assert_memory_equal(bytes, "a\0b\0", 4);
	free(bytes);
	assert_int_equal(file_read(scratch_write(*state, "e", "", 0), 0, &bytes,
				   &length, &error),
			 0);
	assert_int_equal(length, 0);
	assert_string_equal(bytes, "");
	free(bytes);
	assert_int_equal(file_read(scratch_write(*state, "l", large, sizeof(large)),
				   SIZE_MAX, &bytes, &length, &error),
			 0);
	assert_int_equal(length, sizeof(large));
	assert_memory_equal(bytes, large, sizeof(large));
	free(bytes);
}

static void files_without_a_size_are_read_too(void **state)
{
	struct error error;
	char *bytes;
	size_t length;

	(void)state;
	assert_int_equal(
		file_read("/proc/self/status", 1 << 20, &bytes, &length, &error), 0);
	assert_true(length > 0 && strstr(bytes, "Pid:"));
	free(bytes);
	assert_int_equal(file_read("/proc/self/status", 8, &bytes, &length, &error),
			 -EFBIG);
	assert_int_equal(file_read("/dev/zero", 100000, &bytes, &length, &error),
			 -EFBIG);
}

static void what_is_beyond_the_limit_is_not_read(void **state)
{
	const char *path = scratch_write(*state, "f", "abcd", 4);
	struct error error;
	char *bytes;
	size_t length;

	assert_int_equal(file_read(path, 3, &bytes, &length, &error), -EFBIG);
	assert_text_has(&error, path);
	assert_text_has(&error, "3 B");
}

static void what_cannot_be_read_is_named(void **state)
{
	const char *absent = scratch_path(*state, "absent");
	struct error error;
	char *bytes;
	size_t length;

	assert_int_equal(file_read(absent, 10, &bytes, &length, &error), -ENOENT);
	assert_text_has(&error, absent);
	assert_int_equal(file_read(((struct scratch *)*state)->directory, 10, &bytes,
				   &length, &error),
			 -EISDIR);
}

/* ---- directories ---- */

static void a_tree_is_removed_and_links_are_not_followed(void **state)
{
	const char *tree = scratch_path(*state, "tree");
	const char *kept = scratch_write(*state, "kept", "x", 1);
	struct error error;

	assert_int_equal(mkdir(tree, 0700), 0);
	assert_int_equal(mkdir(scratch_path(*state, "tree/sub"), 0700), 0);
	assert_int_equal(mkdir(scratch_path(*state, "tree/sub/deeper"), 0700), 0);
	scratch_write(*state, "tree/sub/deeper/f", "x", 1);
	assert_int_equal(symlink(kept, scratch_path(*state, "tree/sub/file")), 0);
	assert_int_equal(symlink("..", scratch_path(*state, "tree/up")), 0);
	assert_int_equal(mkfifo(scratch_path(*state, "tree/pipe"), 0600), 0);
	tree = scratch_path(*state, "tree");
	assert_int_equal(file_remove_tree(tree, &error), 0);
	assert_int_equal(access(tree, F_OK), -1);
	assert_int_equal(scratch_count(*state), 1);
}

static void only_directories_are_trees(void **state)
{
	struct error error;
	const char *path = scratch_write(*state, "file", "x", 1);

	assert_int_equal(file_remove_tree(path, &error), -ENOTDIR);
	assert_text_has(&error, path);
	assert_int_equal(mkdir(scratch_path(*state, "real"), 0700), 0);
	path = scratch_path(*state, "link");
	assert_int_equal(symlink("real", path), 0);
	assert_true(file_remove_tree(path, &error) < 0);
	assert_int_equal(file_remove_tree(scratch_path(*state, "absent"), &error),
			 -ENOENT);
	assert_int_equal(scratch_count(*state), 3);
}

static void the_directory_of_a_path(void **state)
{
	static const char *const cases[][2] = {
		{"a", "."},    {"a/b", "a"}, {"/a", "/"},   {"/", "/"},
		{"", "."},     {"a/", "."},  {"a/b/", "a"}, {"/a/b/c", "/a/b"},
		{"a//b", "a"}, {"//a", "/"}, {"./a", "."},  {"../a", ".."},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *directory = file_directory(cases[i][0]);

		assert_string_equal(directory, cases[i][1]);
		free(directory);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(an_output_takes_its_name_when_it_is_complete),
		TEST(an_abandoned_output_leaves_nothing),
		TEST(the_mode_follows_the_umask),
		TEST(an_existing_file_is_refused_and_kept),
		TEST(force_replaces_the_file_and_keeps_its_mode),
		TEST(a_link_to_the_file_stays_a_link),
		TEST(a_link_to_nothing_is_refused),
		TEST(a_file_that_appears_meanwhile_is_not_replaced),
		TEST(two_outputs_in_one_directory_do_not_collide),
		TEST(what_cannot_be_a_file_is_refused_at_once),
		TEST(a_dash_is_stdout),
		TEST(dev_stdout_is_stdout_even_if_that_is_a_file),
		TEST(a_full_stdout_is_an_error),
		TEST(a_device_is_written_directly),
		TEST(a_full_device_is_an_error_however_much_is_written),
		TEST(a_pipe_nobody_reads_is_an_error),
		TEST(a_full_disk_leaves_the_old_file_and_nothing_else),
		TEST(a_read_only_disk_is_named),
		TEST(a_directory_without_permission_is_named),
		TEST(a_file_is_read_whole),
		TEST(files_without_a_size_are_read_too),
		TEST(what_is_beyond_the_limit_is_not_read),
		TEST(what_cannot_be_read_is_named),
		TEST(a_tree_is_removed_and_links_are_not_followed),
		TEST(only_directories_are_trees),
		TEST(the_directory_of_a_path),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
