/* SPDX-License-Identifier: MIT */
/* src/workload/check.c and resolve.c: real programs, scripts and broken files. */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "support/scratch.h"
#include "workload/program.h"
#include "workload/workload.h"

static struct scratch scratch;

static int open_scratch(void **state)
{
	(void)state;
	scratch_open(&scratch);
	return 0;
}

static int close_scratch(void **state)
{
	(void)state;
	scratch_close(&scratch);
	return 0;
}

/* An executable file in the scratch directory. */
static const char *make(const char *name, const void *bytes, size_t length)
{
	const char *path = scratch_write(&scratch, name, bytes, length);

	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

static const char *make_script(const char *name, const char *text)
{
	return make(name, text, strlen(text));
}

static int check(const char *program, struct error *error)
{
	char *copy = strdup(program);
	char *const argv[] = {copy, NULL};

	*error = (struct error){0};

	int code = workload_check(argv, false, error);

	free(copy);
	return code;
}

static void expect_fine(const char *program)
{
	struct error error;

	if (check(program, &error))
		fail_msg("%s", error.text);
}

/* Refused with that exit status, and a text that names the program and says `reason`. */
static void expect_refused(const char *program, enum exit_status status, int code,
			   const char *reason)
{
	struct error error;

	assert_int_equal(check(program, &error), code);
	assert_int_equal(error.exit_status, status);
	if (!strstr(error.text, program) || !strstr(error.text, reason))
		fail_msg("'%s' lacks '%s' or '%s'", error.text, program, reason);
}

static void programs_on_path_and_by_path_are_fine(void **state)
{
	(void)state;
	expect_fine("sh");
	expect_fine("/bin/sh");
	expect_fine("/proc/self/exe");
}

static void a_program_that_is_not_there_is_named(void **state)
{
	(void)state;
	expect_refused("autoperf-no-such", EXIT_FAILED, -ENOENT, "not on PATH");
	expect_refused("/no/such/program", EXIT_FAILED, -ENOENT, "No such file");
	expect_refused("", EXIT_FAILED, -ENOENT, "empty");
}

static void a_program_of_this_directory_is_pointed_out(void **state)
{
	(void)state;
	char *before = getcwd(NULL, 0);
	struct error error;

	make_script("here", "#!/bin/sh\n");
	assert_int_equal(chdir(scratch.directory), 0);
	assert_int_equal(check("here", &error), -ENOENT);
	assert_non_null(strstr(error.text, "./here"));
	assert_int_equal(chdir(before), 0);
	free(before);
}

static void the_search_follows_path_in_order(void **state)
{
	(void)state;
	char *old = strdup(getenv("PATH"));
	struct error error;
	char path[2048];
	char *found;

	assert_int_equal(mkdir(scratch_path(&scratch, "a"), 0755), 0);
	assert_int_equal(mkdir(scratch_path(&scratch, "b"), 0755), 0);
	scratch_write(&scratch, "a/tool", "#!/bin/sh\n", 10); /* not executable */
	make_script("b/tool", "#!/bin/sh\n");
	snprintf(path, sizeof(path), "/no/where:%s/a:%s/b", scratch.directory,
		 scratch.directory);
	setenv("PATH", path, 1);
	assert_int_equal(program_resolve("tool", &found, &error), 0);
	assert_string_equal(found, scratch_path(&scratch, "b/tool"));
	free(found);

	unlink(scratch_path(&scratch, "b/tool"));
	assert_int_equal(program_resolve("tool", &found, &error), -EACCES);
	assert_non_null(strstr(error.text, scratch_path(&scratch, "a/tool")));
	unsetenv("PATH");
	assert_int_equal(program_resolve("sh", &found, &error), 0);
	assert_string_equal(found, "/bin/sh");
	free(found);
	setenv("PATH", old, 1);
	free(old);
}

static void what_is_no_executable_file_is_refused(void **state)
{
	(void)state;
	const char *plain = scratch_write(&scratch, "plain", "#!/bin/sh\n", 10);
	const char *pipe = scratch_path(&scratch, "pipe");

	expect_refused(scratch.directory, EXIT_FAILED, -EISDIR, "directory");
	expect_refused(plain, EXIT_FAILED, -EACCES, "chmod +x");
	assert_int_equal(mkfifo(pipe, 0755), 0);
	expect_refused(pipe, EXIT_FAILED, -EACCES, "no regular file");
}

static void empty_and_unknown_files_are_refused(void **state)
{
	(void)state;
	expect_refused(make("empty", "", 0), EXIT_FAILED, -ENOEXEC, "empty");
	expect_refused(make_script("text", "echo hello\n"), EXIT_FAILED, -ENOEXEC,
		       "#! line");
}

static void scripts_are_fine_when_their_interpreter_is(void **state)
{
	(void)state;
	expect_fine(make_script("plain.sh", "#!/bin/sh\necho\n"));
	expect_fine(make_script("spaces.sh", "#!  /bin/sh  -e \n"));
	expect_fine(make_script("no newline.sh", "#!/bin/sh"));
	expect_fine(make_script("env.sh", "#!/usr/bin/env sh\n"));
	expect_fine(make_script("env option.sh", "#!/usr/bin/env -S sh -e\n"));
	expect_fine(make_script("env alone.sh", "#!/usr/bin/env\n"));
}

static void scripts_without_interpreter_say_what_is_missing(void **state)
{
	(void)state;
	expect_refused(make_script("gone.sh", "#!/no/such/interpreter\n"), EXIT_FAILED,
		       -ENOENT, "/no/such/interpreter");
	expect_refused(
		make_script("env gone.sh", "#!/usr/bin/env no-such-interpreter\n"),
		EXIT_FAILED, -ENOENT, "no-such-interpreter");
	expect_refused(make_script("nothing.sh", "#!\n"), EXIT_FAILED, -ENOEXEC,
		       "nothing follows");
	expect_refused(make_script("dos.sh", "#!/bin/sh\r\necho\r\n"), EXIT_FAILED,
		       -ENOENT, "CR LF");
	expect_refused(make_script("unresolved.sh", "#!sh\n"), EXIT_FAILED, -ENOENT,
		       "./sh");
}

static void scripts_of_scripts_end_somewhere(void **state)
{
	(void)state;
	char line[1024];

	snprintf(line, sizeof(line), "#!%s\n", scratch_path(&scratch, "self.sh"));
	expect_refused(make_script("self.sh", line), EXIT_FAILED, -ELOOP,
		       "nested too deep");
	make_script("inner.sh", "#!/bin/sh\n");
	snprintf(line, sizeof(line), "#!%s\n", scratch_path(&scratch, "inner.sh"));
	expect_fine(make_script("outer.sh", line));
}

/* The bytes of this test's own program, to be broken. */
static char *own_bytes(size_t *length)
{
	struct error error;
	char *bytes;

	assert_int_equal(
		file_read("/proc/self/exe", (size_t)64 << 20, &bytes, length, &error),
		0);
	return bytes;
}

static void a_program_that_is_cut_short_is_refused(void **state)
{
	(void)state;
	size_t length;
	char *bytes = own_bytes(&length);

	expect_fine(make("whole", bytes, length));
	expect_refused(make("half", bytes, length / 16), EXIT_FAILED, -ENOEXEC,
		       "cut short");
	expect_refused(make("head", bytes, 20), EXIT_FAILED, -ENOEXEC, "cut short");
	free(bytes);
}

/* The header of this program's loader (PT_INTERP) within `bytes`. */
static ElfW(Phdr) * loader_header(char *bytes)
{
	ElfW(Ehdr) *file = (ElfW(Ehdr) *)bytes;
	ElfW(Phdr) *headers = (ElfW(Phdr) *)(bytes + file->e_phoff);

	for (unsigned i = 0; i < file->e_phnum; i++)
		if (headers[i].p_type == PT_INTERP)
			return &headers[i];
	fail_msg("no PT_INTERP");
	return NULL;
}

static void a_static_program_cannot_be_measured(void **state)
{
	(void)state;
	size_t length;
	char *bytes = own_bytes(&length);
	char line[1024];

	loader_header(bytes)->p_type = PT_NULL;

	const char *path = make("static", bytes, length);

	expect_refused(path, EXIT_CANNOT_MEASURE, -ENOTSUP, "statically linked");
	expect_refused(path, EXIT_CANNOT_MEASURE, -ENOTSUP, "LD_PRELOAD");
	expect_refused(path, EXIT_CANNOT_MEASURE, -ENOTSUP, "link it dynamically");

	/* What a static interpreter starts can be measured. */
	snprintf(line, sizeof(line), "#!%s\n", path);
	expect_fine(make_script("static.sh", line));
	free(bytes);
}

static void the_loader_itself_is_fine(void **state)
{
	(void)state;
	size_t length;
	char *bytes = own_bytes(&length);

	expect_fine(bytes + loader_header(bytes)->p_offset);
	free(bytes);
}

static void a_missing_loader_is_named(void **state)
{
	(void)state;
	size_t length;
	char *bytes = own_bytes(&length);

	bytes[loader_header(bytes)->p_offset + 1] = '~';
	expect_refused(make("loaderless", bytes, length), EXIT_FAILED, -ENOENT,
		       "dynamic loader '/~");
	free(bytes);
}

static void another_c_library_cannot_be_measured(void **state)
{
	(void)state;
	size_t length;
	char *bytes = own_bytes(&length);
	ElfW(Phdr) *header = loader_header(bytes);

	memset(bytes + header->p_offset, 0, header->p_filesz);
	strcpy(bytes + header->p_offset, "/bin/sh");
	expect_refused(make("musl", bytes, length), EXIT_CANNOT_MEASURE, -ENOTSUP,
		       "another C library");
	free(bytes);
}

static void another_architecture_cannot_be_measured(void **state)
{
	(void)state;
	size_t length;
	char *bytes = own_bytes(&length);
	ElfW(Ehdr) *file = (ElfW(Ehdr) *)bytes;

	file->e_machine = EM_S390;
	expect_refused(make("s390", bytes, length), EXIT_CANNOT_MEASURE, -ENOTSUP,
		       "another architecture (s390");
	file->e_ident[EI_CLASS] ^= ELFCLASS32 ^ ELFCLASS64;
	expect_refused(make("class", bytes, length), EXIT_CANNOT_MEASURE, -ENOTSUP,
		       "another architecture");
	free(bytes);
}

static void object_files_are_no_programs(void **state)
{
	(void)state;
	size_t length;
	char *bytes = own_bytes(&length);

	((ElfW(Ehdr) *)bytes)->e_type = ET_REL;
	expect_refused(make("object.o", bytes, length), EXIT_FAILED, -ENOEXEC,
		       "object file");
	free(bytes);
}

static void a_program_that_changes_identity_cannot_be_measured(void **state)
{
	(void)state;
	struct statvfs mount;
	size_t length;
	char *bytes = own_bytes(&length);
	const char *path = make("identity", bytes, length);

	free(bytes);
	assert_int_equal(statvfs(path, &mount), 0);
	if (getuid() || (mount.f_flag & ST_NOSUID) || chown(path, 65534, 65534))
		skip();
	assert_int_equal(chmod(path, 04755), 0);
	expect_refused(path, EXIT_CANNOT_MEASURE, -ENOTSUP, "set-user-ID");
	assert_int_equal(chmod(path, 02755), 0);
	expect_refused(path, EXIT_CANNOT_MEASURE, -ENOTSUP, "set-group-ID");
	/* The kernel leaves these alone, and so do we. */
	assert_int_equal(chmod(path, 02745), 0);
	expect_fine(path);
	assert_int_equal(chown(path, getuid(), getgid()), 0);
	assert_int_equal(chmod(path, 06755), 0);
	expect_fine(path);
}

static void a_program_that_cannot_be_read_is_left_to_the_kernel(void **state)
{
	(void)state;
	size_t length;
	char *bytes = own_bytes(&length);
	const char *path = make("unreadable", bytes, length);
	int status;

	free(bytes);
	if (getuid() || chmod(path, 0711) || chmod(scratch.directory, 0755))
		skip();

	pid_t pid = fork();

	if (!pid) {
		struct error error;

		_exit(setuid(65534) ? 99 : check(path, &error) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
#define with_scratch(test) \
	cmocka_unit_test_setup_teardown(test, open_scratch, close_scratch)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_on_path_and_by_path_are_fine),
		cmocka_unit_test(a_program_that_is_not_there_is_named),
		with_scratch(a_program_of_this_directory_is_pointed_out),
		with_scratch(the_search_follows_path_in_order),
		with_scratch(what_is_no_executable_file_is_refused),
		with_scratch(empty_and_unknown_files_are_refused),
		with_scratch(scripts_are_fine_when_their_interpreter_is),
		with_scratch(scripts_without_interpreter_say_what_is_missing),
		with_scratch(scripts_of_scripts_end_somewhere),
		with_scratch(a_program_that_is_cut_short_is_refused),
		with_scratch(a_static_program_cannot_be_measured),
		with_scratch(the_loader_itself_is_fine),
		with_scratch(a_missing_loader_is_named),
		with_scratch(another_c_library_cannot_be_measured),
		with_scratch(another_architecture_cannot_be_measured),
		with_scratch(object_files_are_no_programs),
		with_scratch(a_program_that_changes_identity_cannot_be_measured),
		with_scratch(a_program_that_cannot_be_read_is_left_to_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
