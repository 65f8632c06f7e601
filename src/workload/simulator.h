/* SPDX-License-Identifier: MIT */
/*
 * The simulator that is installed here: Valgrind, and our tool for it. The tool holds the core
 * of the Valgrind that it was built with, so the two must be of one version.
 */
#ifndef AUTOPERF_WORKLOAD_SIMULATOR_H
#define AUTOPERF_WORKLOAD_SIMULATOR_H

#include "base/error.h"

/* Zero-initialised is none. */
struct simulator {
	char *valgrind;  /* path of the program */
	char *directory; /* VALGRIND_LIB: our tool, and links to Valgrind's own files */
};

/*
 * Finds both and asks Valgrind for its version. On failure the text says what is missing and
 * how to get it, and exit_status is EXIT_CANNOT_MEASURE; *simulator keeps what was found.
 */
int simulator_find(struct simulator *simulator, struct error *error);
void simulator_free(struct simulator *simulator);

/* Valgrind's version that the tool was built with, "3.19.0"; "" when it was not built. */
const char *simulator_version(void);

#endif
