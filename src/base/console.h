/* SPDX-License-Identifier: MIT */
/*
 * Where messages for people go, decided once in main() and passed down: no global state.
 * Results go to stdout by their own writer; everything here goes to stderr.
 */
#ifndef AUTOPERF_BASE_CONSOLE_H
#define AUTOPERF_BASE_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct console {
	FILE *messages; /* stderr */
	bool quiet;     /* only warnings and errors */
	bool color;     /* messages may be coloured (terminal, no NO_COLOR) */
	bool terminal;  /* messages go to a terminal: progress bars make sense */
};

/* Looks at stderr, NO_COLOR and TERM. */
struct console console_open(bool quiet);
/* Whether the user's locale (LC_ALL, LC_CTYPE, LANG) writes UTF-8; no locale is set for that. */
bool console_utf8(void);
/*
 * Writes text that may quote others' names: whatever in it is no printable UTF-8, and would drive
 * the terminal, becomes '?'. Line breaks and tabs stay.
 */
void console_put(FILE *stream, const char *text);
/* "autoperf: <text>\n" by console_put(); nothing when quiet. */
void console_note(const struct console *console, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* "autoperf: warning: <text>\n"; always. */
void console_warn(const struct console *console, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A bar with the time left, redrawn at most ten times a second; draws nothing unless the
 * console is a terminal and not quiet. Time left extrapolates from the work done so far.
 */
struct progress {
	const struct console *console;
	char label[64];
	double total;
	double done;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	uint64_t drawn_ns;
	bool visible;
};

void progress_start(struct progress *progress, const struct console *console,
		    const char *label, double total);
/* Sets the amount done (same unit as total); cheap to call often. */
void progress_update(struct progress *progress, double done);
/* Replaces the label, for instance "run 3 of 10". */
void progress_label(struct progress *progress, const char *label);
/* Clears the line. */
void progress_finish(struct progress *progress);

#endif
