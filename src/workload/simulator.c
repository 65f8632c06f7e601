/* SPDX-License-Identifier: MIT */
/* Finding the simulator: see simulator.h. */
#include "workload/simulator.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "workload/build.h" /* SIMULATOR_VALGRIND, SIMULATOR_OLDEST, SIMULATOR_TOOL */
#include "workload/capture.h"
#include "workload/program.h"
#include "workload/workload.h"

#define PRELOAD "vgpreload_core-amd64-linux.so"

#define VERSION_PREFIX    "valgrind-"
#define VERSION_BYTES     256
#define VERSION_TIMEOUT_S 30.0 /* it answers within milliseconds */

/* A failed measurement, as opposed to a failed command. */
#define cannot_simulate(error, code, ...) \
	error_set_exit(error, EXIT_CANNOT_MEASURE, code, __VA_ARGS__)

const char *simulator_version(void)
{
	return SIMULATOR_VALGRIND;
}

/* Whether Valgrind's file that the tool cannot do without is still where it was. */
static bool is_complete(const char *directory)
{
	struct text path = {0};
	bool found;

	text_printf(&path, "%s/" PRELOAD, directory);
	found = !path.failed && !access(path.chars, R_OK);
	text_free(&path);
	return found;
}

static int find_tool(struct simulator *simulator, struct error *error)
{
	if (!*SIMULATOR_VALGRIND)
		return cannot_simulate(
			error, -ENOTSUP,
			"this build of AutoPerf has no simulator: building it needs "
			"Debian's package valgrind, " SIMULATOR_OLDEST
			" or later, on x86-64; install that and build again, with "
			"-Dsim=enabled to be told what is missing");
	simulator->directory = workload_find_simulator();
	if (!simulator->directory)
		return cannot_simulate(
			error, -ENOENT,
			"cannot find the simulator " SIMULATOR_TOOL
			": it is neither beside this program nor installed; install "
			"AutoPerf again");
	if (!is_complete(simulator->directory))
		return cannot_simulate(
			error, -ENOENT,
			"the simulator in '%s' misses Valgrind's own " PRELOAD
			": Valgrind was removed, or is installed elsewhere now; "
			"install Debian's package valgrind " SIMULATOR_VALGRIND
			", or build AutoPerf again",
			simulator->directory);
	return 0;
}

/* Whether version `a` is older than `b`; both are numbers with dots between them. */
static bool is_older(const char *a, const char *b)
{
	while (*a || *b) {
		char *end_a, *end_b;
		unsigned long x = strtoul(a, &end_a, 10);
		unsigned long y = strtoul(b, &end_b, 10);

		if (x != y)
			return x < y;
		if ((end_a == a && end_b == b))
			return false;
		a = end_a + (*end_a == '.');
		b = end_b + (*end_b == '.');
	}
	return false;
}

/* `answer` is what `valgrind --version` printed. */
static int judge_version(const char *valgrind, char *answer, struct error *error)
{
	const char *version = answer + strlen(VERSION_PREFIX);

	answer[strcspn(answer, " \r\n")] = '\0';
	if (strncmp(answer, VERSION_PREFIX, strlen(VERSION_PREFIX)))
		return cannot_simulate(
			error, -EPROTO,
			"'%s --version' answered '%.40s' instead of a version of "
			"Valgrind; is another program of that name on PATH?",
			valgrind, answer);
	if (is_older(version, SIMULATOR_OLDEST))
		return cannot_simulate(
			error, -ENOTSUP,
			"'%s' is Valgrind %.40s, which is too old for source sim: it "
			"takes " SIMULATOR_OLDEST " or later; install that, and build "
			"AutoPerf again",
			valgrind, version);
	if (strcmp(version, SIMULATOR_VALGRIND) != 0)
		return cannot_simulate(
			error, -ENOTSUP,
			"the simulator was built with Valgrind " SIMULATOR_VALGRIND
			", but '%s' is Valgrind %.40s, and the two must be the same; "
			"build or install AutoPerf again (meson setup --wipe, ninja), "
			"or put Valgrind " SIMULATOR_VALGRIND " first on PATH",
			valgrind, version);
	return 0;
}

static int check_version(const char *valgrind, struct error *error)
{
	const char *const argv[] = {valgrind, "--version", NULL};
	char *answer = NULL;
	int code = capture_output(argv, VERSION_BYTES, VERSION_TIMEOUT_S, &answer);

	if (code)
		return cannot_simulate(
			error, code,
			"cannot ask '%s' for its version (%s); source sim needs a "
			"working Valgrind: try 'valgrind --version'",
			valgrind, strerror(-code));
	code = judge_version(valgrind, answer, error);
	free(answer);
	return code;
}

/*
 * Debian's valgrind is a script that sets LD_LIBRARY_PATH and GLIBCXX_FORCE_NEW for the program:
 * other libraries, and another heap in C++. The program itself stands beside it.
 */
static int skip_script(struct simulator *simulator, struct error *error)
{
	struct text path = {0};

	text_printf(&path, "%s.bin", simulator->valgrind);
	if (path.failed) {
		text_free(&path);
		return error_no_memory(error, "looking for Valgrind");
	}
	if (access(path.chars, X_OK)) {
		text_free(&path);
		return 0;
	}
	free(simulator->valgrind);
	simulator->valgrind = path.chars;
	return 0;
}

int simulator_find(struct simulator *simulator, struct error *error)
{
	struct error cause = {0};
	int code = find_tool(simulator, error);

	if (code)
		return code;
	code = program_resolve("valgrind", &simulator->valgrind, &cause);
	if (code)
		return cannot_simulate(
			error, code,
			"source sim runs programs under Valgrind, and %s; install it "
			"('sudo apt install valgrind')",
			cause.text);
	code = check_version(simulator->valgrind, error);
	return code ? code : skip_script(simulator, error);
}

void simulator_free(struct simulator *simulator)
{
	free(simulator->valgrind);
	free(simulator->directory);
	*simulator = (struct simulator){0};
}
