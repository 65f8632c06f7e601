/* SPDX-License-Identifier: MIT */
/*
 * Guesses how a work tree is built: see guess.h. With debug information where the build system
 * has a word for it, since the simulator names source lines by it.
 */
#include "gate/guess.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define MAKEFILE_BYTES_MAX (4 << 20)

struct build_system {
	const char *file; /* whose presence tells */
	const char *build;
	bool makefile; /* its targets tell more */
};

/* What generates comes before what may have been generated. */
static const struct build_system build_systems[] = {
	{"meson.build",
	 "meson setup build --buildtype=debugoptimized && ninja -C build", false},
	{"CMakeLists.txt",
	 "cmake -S . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo && "
	 "cmake --build build --parallel",
	 false},
	{"configure", "./configure && make -j$(nproc)", false},
	{"configure.ac", "autoreconf --install && ./configure && make -j$(nproc)",
	 false},
	{"GNUmakefile", "make -j$(nproc)", true},
	{"makefile", "make -j$(nproc)", true},
	{"Makefile", "make -j$(nproc)", true},
	{NULL, NULL, false},
};

/* The first is what the original AutoPerf ran unless told otherwise. */
static const char *const workload_targets[] = {"eval-perfpoint", "benchmark", "bench",
					       NULL};

/* Whether a line of the makefile is "target:" (not ":="). */
static bool has_target(const char *makefile, const char *target)
{
	size_t length = strlen(target);

	for (const char *line = makefile; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, target, length) && line[length] == ':' &&
		    line[length + 1] != '=')
			return true;
	}
	return false;
}

/* Sets *member to a copy of `value` unless it is set. */
static int suggest(char **member, const char *value, struct error *error)
{
	if (*member)
		return 0;
	*member = strdup(value);
	return *member ? 0 : error_no_memory(error, "guessing how to build");
}

static int guess_by_targets(struct config *config, const char *path,
			    struct error *error)
{
	struct text command = {0};
	char *makefile = NULL;
	size_t length;
	int code = 0;

	/* One that cannot be read tells nothing. */
	if (file_read(path, MAKEFILE_BYTES_MAX, &makefile, &length, NULL))
		return 0;
	if (has_target(makefile, "clean"))
		code = suggest(&config->clean, "make clean", error);
	for (const char *const *target = workload_targets; !code && *target; target++) {
		if (!has_target(makefile, *target))
			continue;
		text_printf(&command, "make %s", *target);
		code = command.failed
			       ? error_no_memory(error, "guessing how to build")
			       : suggest(&config->workload, command.chars, error);
		break;
	}
	text_free(&command);
	free(makefile);
	return code;
}

int guess_commands(struct config *config, const char *top, const char **from,
		   struct error *error)
{
	*from = NULL;
	for (const struct build_system *system = build_systems; system->file;
	     system++) {
		struct text path = {0};
		int code = 0;

		text_printf(&path, "%s/%s", top, system->file);
		if (path.failed)
			return error_no_memory(error, "guessing how to build");
		if (!access(path.chars, R_OK)) {
			*from = system->file;
			code = suggest(&config->build, system->build, error);
			if (!code && system->makefile)
				code = guess_by_targets(config, path.chars, error);
		}
		text_free(&path);
		if (*from)
			return code;
	}
	return 0;
}
