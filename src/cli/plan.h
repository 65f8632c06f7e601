/* SPDX-License-Identifier: MIT */
/* `autoperf events --plan`: shows the passes in which events would be recorded. */
#ifndef AUTOPERF_CLI_PLAN_H
#define AUTOPERF_CLI_PLAN_H

#include <stdbool.h>

#include "cli/command.h"
#include "event/event.h"

struct plan_request {
	enum event_source source;
	const char *counters; /* file; NULL: none */
	const char *events;   /* list; NULL: none. Without both: the default set */
	bool skip_unavailable;
};

/* Prints the plan on stdout; returns the exit status. */
int plan_show(const struct cli *cli, const struct plan_request *request);

#endif
