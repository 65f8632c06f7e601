/* SPDX-License-Identifier: MIT */
/* Guesses how a work tree is built, from the files at its top. */
#ifndef AUTOPERF_GATE_GUESS_H
#define AUTOPERF_GATE_GUESS_H

#include "base/error.h"
#include "gate/config.h"

/*
 * Fills what is not set of build, clean and workload, as far as the files in `top` tell:
 * meson.build, CMakeLists.txt, configure, configure.ac, and makefiles, in this order. Nothing is
 * executed. *from gets the file that told how to build, or NULL; not to be freed.
 */
int guess_commands(struct config *config, const char *top, const char **from,
		   struct error *error);

#endif
