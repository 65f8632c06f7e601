/* SPDX-License-Identifier: MIT */
/* The user's own commands, by `sh -c` as he gave them, and what they print. */
#ifndef AUTOPERF_GATE_SHELL_H
#define AUTOPERF_GATE_SHELL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Runs the command in `directory`, its input empty, its output appended to the file `log`. The
 * compiler finds perfpoint.h (CPATH). -ECANCELED, and the end of the log in the text, when it
 * fails; `what` says which command it is. Signals that ask us to stop end it and all that it has
 * started: -EINTR.
 */
int shell_run(const char *command, const char *directory, const char *log,
	      const char *what, struct error *error);

/* Whether the text is among what was appended to the log since it had `from` bytes. */
bool shell_log_has(const char *log, off_t from, const char *text);

/*
 * Adds the last lines of the file to an error that is set, whatever they may do to a terminal
 * made harmless. Nothing where there are none.
 */
void shell_add_tail(const char *log, struct error *error);

#endif
