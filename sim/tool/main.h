/* SPDX-License-Identifier: MIT */
/*
 * Options and what exists once: the machine.
 */
#ifndef AUTOPERF_SIM_TOOL_MAIN_H
#define AUTOPERF_SIM_TOOL_MAIN_H

#include "tool/base.h"

struct tool {
	struct machine *machine;
	const struct machine_config *config;
	/* options */
	const HChar *session;      /* directory, NULL */
	const HChar *machine_file; /* NULL: the default machine */
	Bool summary;
	Bool direct; /* see direct.h */
	bool warm;   /* simulate outside regions too */
	Long window; /* cycles that a thread may execute ahead of others */
	Long lines;  /* of the sharing report */
	bool forked; /* this is a child: what is outside regions is the parent's */
};
extern struct tool tool;

/* One line on the user's terminal, then the program ends: nothing can be measured. */
void tool_give_up(const char *reason) __attribute__((noreturn));

#endif
