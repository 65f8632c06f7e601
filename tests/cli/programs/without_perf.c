/* SPDX-License-Identifier: MIT */
/*
 * without-perf PROGRAM ARGS...: runs the program under a seccomp filter that answers
 * perf_event_open(2) with EPERM, as containers do. Exits with 77 where filters are not allowed.
 */
#include <stdio.h>
#include <unistd.h>

#include "support/restricted.h"

int main(int argc, char **argv)
{
	if (argc < 2 || restricted_by_seccomp()) {
		fputs("without-perf: cannot set the filter\n", stderr);
		return 77;
	}
	execv(argv[1], argv + 1);
	perror(argv[1]);
	return 126;
}
