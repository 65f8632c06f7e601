/* SPDX-License-Identifier: MIT */
/*
 * What would end the false sharing of a line. Knows only the machine's report of it, so that it
 * is also built and tested natively.
 */
#ifndef AUTOPERF_SIM_TOOL_PADDING_H
#define AUTOPERF_SIM_TOOL_PADDING_H

#include "machine/machine.h"

/*
 * Bytes to insert between neighbouring parts of different threads so that they never share a
 * line, however the whole is aligned. 0: padding does not help, because the threads want the
 * same bytes.
 */
uint32_t padding_smallest(const struct machine_line *line);

#endif
