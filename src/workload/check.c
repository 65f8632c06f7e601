/* SPDX-License-Identifier: MIT */
/*
 * Whether a command can be measured, found out before it runs. The runtime enters a program
 * by LD_PRELOAD, so there has to be a dynamic loader, of our architecture and C library, that
 * honours it. Files are only read, never executed.
 *
 * A script's interpreter is checked in its place, with one exception: a static interpreter is
 * fine, because the programs that it starts can be measured.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"
#include "workload/elf.h"
#include "workload/program.h"
#include "workload/workload.h"

/* The kernel's limits on scripts: nesting (fs/exec.c), bytes of the first line it looks at
 * (BINPRM_BUF_SIZE). */
#define SCRIPT_DEPTH_MAX  5
#define SCRIPT_LINE_BYTES 256

/* How a program is looked at: `depth` is above 0 for a script's interpreter. */
struct manner {
	int depth;
	bool without_runtime; /* see workload_check() */
};

static int check_file(const char *path, struct manner manner, struct error *error);

/* A failed measurement, as opposed to a failed command. */
#define cannot_measure(error, ...) \
	error_set_exit(error, EXIT_CANNOT_MEASURE, -ENOTSUP, __VA_ARGS__)

/*
 * Programs that gain privileges when executed start in "secure mode", in which the loader
 * ignores LD_PRELOAD. The rule is the kernel's (security/commoncap.c): the ids must really
 * change, a mount with nosuid gains nothing, and root gains no capabilities from a file.
 */
static int check_privileges(const char *path, const struct stat *status,
			    struct error *error)
{
	struct statvfs mount;
	char capabilities[64];

	if (!statvfs(path, &mount) && (mount.f_flag & ST_NOSUID))
		return 0;
	if ((status->st_mode & S_ISUID) && status->st_uid != getuid())
		return cannot_measure(
			error,
			"cannot measure '%s': it is set-user-ID (to user %u), and the "
			"loader ignores LD_PRELOAD in such programs; measure a copy "
			"without the bit ('cp' drops it), or as that user",
			path, (unsigned)status->st_uid);
	/* Without group execution the bit means mandatory locking. */
	if ((status->st_mode & S_ISGID) && (status->st_mode & S_IXGRP) &&
	    status->st_gid != getgid())
		return cannot_measure(
			error,
			"cannot measure '%s': it is set-group-ID (to group %u), and "
			"the loader ignores LD_PRELOAD in such programs; measure a "
			"copy without the bit ('cp' drops it), or as that group",
			path, (unsigned)status->st_gid);
	if (getuid() && getxattr(path, "security.capability", capabilities,
				 sizeof(capabilities)) > 0)
		return cannot_measure(
			error,
			"cannot measure '%s': it has file capabilities, and the "
			"loader ignores LD_PRELOAD in such programs; measure a copy "
			"without them ('cp' drops them), or as root",
			path);
	return 0;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* What we are ourselves, and with us the runtime; *elf is left alone when unknown. */
static void read_own_file(struct elf_file *elf)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (elf_read(fd, elf))
		elf->kind = ELF_NONE;
	close(fd);
}

/* A program with a loader: is it one that can load the runtime? */
static int check_loader(const char *path, const struct elf_file *elf,
			const struct elf_file *own, struct error *error)
{
	if (access(elf->loader, X_OK))
		return error_set(
			error, -errno,
			"cannot run '%s': its dynamic loader '%s' cannot be executed "
			"(%s); install the libraries it was built for",
			path, elf->loader, strerror(errno));
	if (own->kind == ELF_DYNAMIC &&
	    strcmp(base_name(own->loader), base_name(elf->loader)) != 0)
		return cannot_measure(
			error,
			"cannot measure '%s': it uses another C library than the "
			"runtime (its loader is %s, the runtime needs %s); build "
			"AutoPerf against that library, or the program against this "
			"one",
			path, base_name(elf->loader), base_name(own->loader));
	return 0;
}

static int other_architecture(const char *path, const struct elf_file *elf,
			      const struct elf_file *own, struct error *error)
{
	const char *machine = elf_machine_name(elf->machine);
	const char *own_machine = elf_machine_name(own->machine);

	return cannot_measure(error,
			      "cannot measure '%s': it is built for another "
			      "architecture (%s, %d bits; the runtime here is %s, %d "
			      "bits); build it for this one",
			      path, machine ? machine : "unknown", elf->bits,
			      own_machine ? own_machine : "another", own->bits);
}

static int check_elf(const char *path, const struct elf_file *elf, struct manner manner,
		     struct error *error)
{
	struct elf_file own = {.kind = ELF_NONE};

	read_own_file(&own);
	if (elf->kind == ELF_FOREIGN ||
	    (elf->bits && own.bits && elf->machine != own.machine))
		return other_architecture(path, elf, &own, error);
	switch (elf->kind) {
	case ELF_DYNAMIC:
		return check_loader(path, elf, &own, error);
	case ELF_STATIC:
		/* The loader itself: "ld.so PROGRAM" is a way to start programs. */
		if (manner.depth || manner.without_runtime ||
		    (own.kind == ELF_DYNAMIC &&
		     !strcmp(base_name(own.loader), base_name(path))))
			return 0;
		return cannot_measure(error,
				      "cannot measure '%s': it is statically linked, "
				      "so that LD_PRELOAD cannot bring in the runtime "
				      "and its markers do nothing; link it "
				      "dynamically (without -static), or name its "
				      "regions with --source sim --region-function",
				      path);
	case ELF_TRUNCATED:
		return error_set(
			error, -ENOEXEC,
			"cannot run '%s': the file is cut short, it ends before what "
			"its ELF headers announce; build or copy it again",
			path);
	case ELF_NO_PROGRAM:
		return error_set(
			error, -ENOEXEC,
			"cannot run '%s': it is an object file or a core dump, not a "
			"linked program",
			path);
	case ELF_DAMAGED:
	case ELF_FOREIGN:
	case ELF_NONE:
		break;
	}
	return error_set(
		error, -ENOEXEC,
		"cannot run '%s': its ELF headers are damaged; build or copy it again",
		path);
}

/* Cuts the next word off *text; NULL at the end. */
static char *next_word(char **text)
{
	char *word = *text + strspn(*text, " \t");

	if (!*word)
		return NULL;
	*text = word + strcspn(word, " \t");
	if (**text)
		*(*text)++ = '\0';
	return word;
}

/* "#!/usr/bin/env NAME": env looks NAME up on PATH. Its other forms are left to env. */
static int check_env_word(const char *path, char *rest, struct manner manner,
			  struct error *error)
{
	const struct manner inner = {manner.depth + 1, manner.without_runtime};
	const char *name = next_word(&rest);
	char *program = NULL;

	if (!name || *name == '-' || strchr(name, '='))
		return 0;

	int code = program_resolve(name, &program, error);

	if (!code)
		code = check_file(program, inner, error);
	if (code)
		error_prefix(error, "script '%s'", path);
	free(program);
	return code;
}

/* `line` is what follows "#!" in the first line. */
static int check_script(const char *path, char *line, struct manner manner,
			struct error *error)
{
	char *rest = line;
	const struct manner inner = {manner.depth + 1, manner.without_runtime};
	const char *interpreter = next_word(&rest);
	char *resolved = NULL;

	if (manner.depth >= SCRIPT_DEPTH_MAX)
		return error_set(error, -ELOOP,
				 "cannot run '%s': scripts that interpret scripts are "
				 "nested too deep",
				 path);
	if (!interpreter)
		return error_set(error, -ENOEXEC,
				 "cannot run '%s': nothing follows its #!; name the "
				 "interpreter there",
				 path);
	if (interpreter[strlen(interpreter) - 1] == '\r')
		return error_set(
			error, -ENOENT,
			"cannot run '%s': its #! line ends in CR LF, and there is no "
			"interpreter of that name; \"sed -i 's/\\r$//' %s\" mends it",
			path, path);

	/* The kernel takes a relative name as a path; it is not looked for on PATH. */
	struct text as_path = {0};

	text_printf(&as_path, "%s%s", strchr(interpreter, '/') ? "" : "./",
		    interpreter);
	if (as_path.failed) {
		text_free(&as_path);
		return error_no_memory(error, "checking a script");
	}

	int code = program_resolve(as_path.chars, &resolved, error);

	text_free(&as_path);
	if (!code)
		code = check_file(resolved, inner, error);
	if (code)
		error_prefix(error, "the interpreter of script '%s'", path);
	else if (!strcmp(base_name(resolved), "env"))
		code = check_env_word(path, rest, manner, error);
	free(resolved);
	return code;
}

/* Looks into the open file. */
static int check_content(const char *path, int fd, struct manner manner,
			 struct error *error)
{
	char start[SCRIPT_LINE_BYTES + 1];
	struct elf_file elf;
	ssize_t length = pread(fd, start, SCRIPT_LINE_BYTES, 0);

	if (length < 0)
		return error_set(error, -errno, "cannot read '%s': %s", path,
				 strerror(errno));
	if (!length)
		return error_set(error, -ENOEXEC, "cannot run '%s': the file is empty",
				 path);
	start[length] = '\0';
	if (!strncmp(start, "#!", 2)) {
		start[strcspn(start, "\n")] = '\0';
		return check_script(path, start + 2, manner, error);
	}

	int code = elf_read(fd, &elf);

	if (code)
		return error_set(error, code, "cannot read '%s': %s", path,
				 strerror(-code));
	if (elf.kind == ELF_NONE)
		return error_set(error, -ENOEXEC,
				 "cannot run '%s': it is neither an ELF program nor a "
				 "script with a #! line; for a script, add the line "
				 "or name the interpreter ('sh %s')",
				 path, path);
	return check_elf(path, &elf, manner, error);
}

static int check_file(const char *path, struct manner manner, struct error *error)
{
	struct stat status;

	if (stat(path, &status))
		return error_set(error, -errno, "cannot look at '%s': %s", path,
				 strerror(errno));

	int code = check_privileges(path, &status, error);

	if (code)
		return code;

	/* Not waiting for a writer, should it have become a pipe meanwhile. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	/* One may be allowed to execute a file, but not to read it. */
	if (fd < 0 && errno == EACCES)
		return 0;
	if (fd < 0)
		return error_set(error, -errno, "cannot open '%s': %s", path,
				 strerror(errno));
	code = check_content(path, fd, manner, error);
	close(fd);
	return code;
}

int workload_check(char *const *argv, bool without_runtime, struct error *error)
{
	const struct manner manner = {.without_runtime = without_runtime};
	char *path = NULL;
	int code = program_resolve(argv[0], &path, error);

	if (!code)
		code = check_file(path, manner, error);
	free(path);
	return code;
}
