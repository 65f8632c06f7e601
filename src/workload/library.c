/* SPDX-License-Identifier: MIT */
/*
 * Where our own shared objects are: beside us in the build tree, or installed. Found from the
 * running program's path, so that an installed tree can be moved as a whole.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "workload/build.h" /* LIBRARY_DIRECTORY, LIBRARY_FROM_BINARY, SIMULATOR_TOOL */
#include "workload/workload.h"

/* Overrides the search; for packagers and tests. */
#define LIBRARY_ENVIRONMENT "PERFPOINT_LIBRARY_DIR"

/* Below the library directory: where plug-ins are installed. */
#define PLUGIN_DIRECTORY "autoperf"

/* Where the simulator is: installed, and in the build tree as seen from src/cli. */
#define SIMULATOR_DIRECTORY PLUGIN_DIRECTORY "/valgrind"
#define SIMULATOR_IN_BUILD  "../../sim/tool"

/* `directory`/`below`/`name` if that can be read, without links and dots; malloc'd or NULL. */
static char *existing(const char *directory, const char *below, const char *name)
{
	struct text path = {0};
	char *real = NULL;

	text_printf(&path, "%s/%s/%s", directory, below, name);
	if (!path.failed && !access(path.chars, R_OK))
		real = realpath(path.chars, NULL);
	text_free(&path);
	return real;
}

/* The same in `directory`/`below` and in its directory of plug-ins. */
static char *existing_in(const char *directory, const char *below, const char *name)
{
	char *found = existing(directory, below, name);
	struct text plugins = {0};

	if (found)
		return found;
	text_printf(&plugins, "%s/" PLUGIN_DIRECTORY, below);
	if (!plugins.failed)
		found = existing(directory, plugins.chars, name);
	text_free(&plugins);
	return found;
}

/* The running program's directory; false when it cannot be told. */
static bool own_directory(char self[PATH_MAX])
{
	ssize_t length = readlink("/proc/self/exe", self, PATH_MAX - 1);

	if (length <= 0)
		return false;
	self[length] = '\0';
	*strrchr(self, '/') = '\0';
	return true;
}

char *workload_find_library(const char *name)
{
	const char *given = getenv(LIBRARY_ENVIRONMENT);
	char self[PATH_MAX];
	char *found = NULL;

	if (given && *given)
		return existing_in(given, ".", name);
	if (own_directory(self)) {
		found = existing(self, "../perfpoint", name);
		if (!found)
			found = existing_in(self, LIBRARY_FROM_BINARY, name);
	}
	return found ? found : existing_in(LIBRARY_DIRECTORY, ".", name);
}

char *workload_find_simulator(void)
{
	const char *given = getenv(LIBRARY_ENVIRONMENT);
	char self[PATH_MAX];
	char *found = NULL;

	if (given && *given)
		found = existing(given, SIMULATOR_DIRECTORY, SIMULATOR_TOOL);
	if (!found && own_directory(self)) {
		found = existing(self, SIMULATOR_IN_BUILD, SIMULATOR_TOOL);
		if (!found)
			found = existing(self,
					 LIBRARY_FROM_BINARY "/" SIMULATOR_DIRECTORY,
					 SIMULATOR_TOOL);
	}
	if (!found)
		found = existing(LIBRARY_DIRECTORY, SIMULATOR_DIRECTORY,
				 SIMULATOR_TOOL);
	if (found)
		*strrchr(found, '/') = '\0';
	return found;
}

char *workload_find_headers(void)
{
	char *found = workload_find_library("libperfpoint.so.0");
	char *header = NULL;

	if (found)
		*strrchr(found, '/') = '\0';
	if (found)
		header = existing(found, "../../include", "perfpoint.h");
	if (found && !header)
		header = existing(found, "../include", "perfpoint.h");
	free(found);
	if (header)
		*strrchr(header, '/') = '\0';
	return header;
}
