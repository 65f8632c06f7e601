/* SPDX-License-Identifier: MIT */
/* Inside this room: which file a command's name stands for. */
#ifndef AUTOPERF_WORKLOAD_PROGRAM_H
#define AUTOPERF_WORKLOAD_PROGRAM_H

#include "base/error.h"

/*
 * Finds the program as execvp(3) does: a name with a slash is a path, any other is looked for
 * in the directories of PATH. *path is malloc'd. The error tells apart: not there, there but a
 * directory, not executable.
 */
int program_resolve(const char *name, char **path, struct error *error);

#endif
