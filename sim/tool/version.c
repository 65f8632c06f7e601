/* SPDX-License-Identifier: MIT */
/*
 * Asks the tools that are installed beside Valgrind's preloaded library for their version: each
 * contains "valgrind-<version>". VALGRIND_LIB (VG_(libdir)) has a link to that library.
 */
#include "tool/version.h"

#include "tool/main.h"

#define PRELOAD     "vgpreload_core-amd64-linux.so"
#define STOCK_TOOL  "none-amd64-linux"
#define PREFIX      "valgrind-"
#define PATH_BYTES  4096
#define CHUNK_BYTES (1 << 16)
#define KEPT_BYTES  64 /* of a chunk, before the next one */

/* Copies the version that begins behind the prefix; false: it is not a version. */
static bool copy_version(const HChar *from, const HChar *end, HChar *version,
			 uint32_t bytes)
{
	uint32_t length = 0;

	while (from < end && length + 1 < bytes &&
	       ((*from >= '0' && *from <= '9') || *from == '.'))
		version[length++] = *from++;
	version[length] = '\0';
	return length >= 3 && from < end && (*from == '\n' || *from == '\0');
}

static bool find_version(Int fd, HChar *version, uint32_t bytes)
{
	static HChar chunk[KEPT_BYTES + CHUNK_BYTES];
	const uint32_t prefix = sizeof(PREFIX) - 1;
	Int kept = 0, n;

	while ((n = VG_(read)(fd, chunk + kept, CHUNK_BYTES)) > 0) {
		Int filled = kept + n;

		for (Int i = 0; i + (Int)prefix < filled; i++)
			if (chunk[i] == 'v' &&
			    !VG_(strncmp)(chunk + i, PREFIX, prefix) &&
			    copy_version(chunk + i + prefix, chunk + filled, version,
					 bytes))
				return true;
		kept = filled < KEPT_BYTES ? filled : KEPT_BYTES;
		VG_(memmove)(chunk, chunk + filled - kept, (SizeT)kept);
	}
	return false;
}

void version_check(void)
{
	HChar path[PATH_BYTES], target[PATH_BYTES + sizeof(STOCK_TOOL)], version[32];
	HChar text[512], *slash;
	SSizeT length;
	SysRes opened;
	bool found;

	VG_(snprintf)(path, sizeof(path), "%s/" PRELOAD, VG_(libdir));
	length = VG_(readlink)(path, target, PATH_BYTES - 1);
	if (length <= 0)
		return;
	target[length] = '\0';
	slash = VG_(strrchr)(target, '/');
	if (!slash)
		return;
	VG_(strcpy)(slash + 1, STOCK_TOOL);
	opened = VG_(open)(target, VKI_O_RDONLY, 0);
	if (sr_isError(opened))
		return;
	found = find_version((Int)sr_Res(opened), version, sizeof(version));
	VG_(close)((Int)sr_Res(opened));
	if (!found || !VG_(strcmp)(version, VALGRIND_VERSION))
		return;
	VG_(snprintf)
	(text, sizeof(text),
	 "built with valgrind " VALGRIND_VERSION
	 ", but valgrind %s is installed now; build or install AutoPerf "
	 "again",
	 version);
	tool_give_up(text);
}
