/* SPDX-License-Identifier: MIT */
/*
 * The sharing report: contended cache lines, what lies there, who touched which bytes where.
 */
#ifndef AUTOPERF_SIM_TOOL_LINES_H
#define AUTOPERF_SIM_TOOL_LINES_H

#include "tool/base.h"

/* Writes the report as JSON (doc/formats.md, "Contended lines"); false: it cannot be written. */
bool lines_write(const HChar *path);
/* A few lines of English for people. */
void lines_print(void);

#endif
