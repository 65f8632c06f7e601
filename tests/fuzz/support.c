/* SPDX-License-Identifier: MIT */
/* What harnesses use, under our driver and under libFuzzer alike: see fuzz.h. */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void fuzz_fail(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

const char *fuzz_file(const uint8_t *bytes, size_t length)
{
	static int descriptor = -1;
	static char path[64];
	size_t written = 0;

	if (descriptor < 0)
		descriptor = memfd_create("fuzz", MFD_CLOEXEC);
	fuzz_require(descriptor >= 0);
	fuzz_require(!ftruncate(descriptor, 0));
	while (written < length) {
		ssize_t n = pwrite(descriptor, bytes + written, length - written,
				   (off_t)written);

		fuzz_require(n > 0);
		written += (size_t)n;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", descriptor);
	return path;
}
