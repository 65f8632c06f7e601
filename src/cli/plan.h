/* SPDX-License-Identifier: MIT */
/* `autoperf events --plan`: shows the passes in which events would be recorded. */
#ifndef AUTOPERF_CLI_PLAN_H
#define AUTOPERF_CLI_PLAN_H

#include <stdbool.h>

#include "base/text.h"
#include "cli/command.h"
#include "event/event.h"

struct plan_request {
	enum event_source source;
	const char *counters; /* file; NULL: none */
	const char *events;   /* list; NULL: none. Without both: the default set */
	bool skip_unavailable;
	bool multiplex;
};

/* Prints the plan on stdout; returns the exit status. */
int plan_show(const struct cli *cli, const struct plan_request *request);

/* Appends the plan for people: the counters it was made for, each pass and why there is one. */
void plan_describe(const struct event_plan *plan, struct text *text);
/* Whether the pass is read without a system call; one without events is not. */
bool plan_reads_in_user_space(const struct event_plan *plan,
			      const struct event_pass *pass);
/* Groups of the pass: more than one take turns at the counters. */
size_t plan_groups(const struct event_pass *pass);

#endif
