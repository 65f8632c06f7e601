/* SPDX-License-Identifier: MIT */
/* What the commands that end in a verdict (detect, diagnose) share. */
#ifndef AUTOPERF_CLI_JUDGING_H
#define AUTOPERF_CLI_JUDGING_H

#include <stdbool.h>

#include "cli/command.h"
#include "report/report.h"

/*
 * Reads the value of --alarm-rate or --effect-floor, named `option`: a share from 0 (included
 * if `zero`) to below 1. Returns 0, or EXIT_USAGE after a complaint.
 */
int judging_share(const struct cli *cli, const struct command *command,
		  const char *option, const char *text, bool zero, double *share);

/* Reads the value of --format. Returns 0, or EXIT_USAGE after a complaint. */
int judging_format(const struct cli *cli, const struct command *command,
		   const char *text, enum report_format *format);
/*
 * The same for what is left to be settled: --json beside --format (`given`, NULL: not there), which
 * may not contradict each other.
 */
int judging_settle_format(const struct cli *cli, const struct command *command,
			  const char *given, enum report_format *format);

/* How a text report on stdout looks: colours and width of the terminal, else 80 plain columns. */
struct report_style judging_style(const struct cli *cli, bool verbose);

#endif
