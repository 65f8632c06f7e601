/* SPDX-License-Identifier: MIT */
/* The measured command, kept as a JSON array of its arguments, as people write it. */
#ifndef AUTOPERF_PROFILE_COMMAND_LINE_H
#define AUTOPERF_PROFILE_COMMAND_LINE_H

#include "base/text.h"

/*
 * Appends the arguments of `command`, a JSON array, on one line that can be pasted into a
 * shell. A lone argument is a whole command line (imports know no more) and what is no array
 * of strings is nobody's: both are appended as they are.
 */
void command_line_put(struct text *text, const char *command);

#endif
