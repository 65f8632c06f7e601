/* SPDX-License-Identifier: MIT */
/* Code with fewer rights: see restricted.h. */
#include "support/restricted.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY        65534
#define FILES         8
#define CANNOT_STATUS 77

int restricted_to_nobody(void)
{
	/* The user changes last: it takes the right to the others away. */
	return setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			       setresuid(NOBODY, NOBODY, NOBODY)
		       ? -1
		       : 0;
}

int restricted_by_seccomp(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(*filter),
		.filter = filter,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) ? -1 : 0;
}

int restricted_to_few_files(void)
{
	const struct rlimit limit = {.rlim_cur = FILES, .rlim_max = FILES};

	return setrlimit(RLIMIT_NOFILE, &limit);
}

/* The child: never returns. */
static void run_child(int out, restriction restrict_child,
		      void (*code)(char *text, size_t size), size_t size)
{
	char *text = calloc(1, size);
	size_t length, sent = 0;

	if (!text || restrict_child())
		_exit(CANNOT_STATUS);
	code(text, size);
	length = strlen(text);
	while (sent < length) {
		ssize_t bytes = write(out, text + sent, length - sent);

		if (bytes <= 0)
			_exit(EXIT_FAILURE);
		sent += (size_t)bytes;
	}
	_exit(EXIT_SUCCESS);
}

bool restricted_run(restriction restrict_child, void (*code)(char *text, size_t size),
		    char *text, size_t size)
{
	size_t length = 0;
	ssize_t bytes;
	int ends[2], status;
	pid_t child;

	fflush(NULL);
	if (pipe(ends) || (child = fork()) < 0)
		abort();
	if (!child) {
		close(ends[0]);
		run_child(ends[1], restrict_child, code, size);
	}
	close(ends[1]);
	while ((bytes = read(ends[0], text + length, size - 1 - length)) > 0)
		length += (size_t)bytes;
	text[length] = '\0';
	close(ends[0]);
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		abort();
	if (WEXITSTATUS(status) == CANNOT_STATUS)
		return false;
	if (WEXITSTATUS(status))
		abort();
	return true;
}
