/* SPDX-License-Identifier: MIT */
/*
 * The tool holds the core of the Valgrind that it was built with; what is installed must be the
 * same, because both share a preloaded library.
 */
#ifndef AUTOPERF_SIM_TOOL_VERSION_H
#define AUTOPERF_SIM_TOOL_VERSION_H

/* Ends the program, with a line that says why, if another version is installed by now. */
void version_check(void);

#endif
