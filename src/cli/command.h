/* SPDX-License-Identifier: MIT */
/*
 * The subcommands. main.c parses the global options and dispatches; each command has one file
 * and one entry `command_<name>(argc, argv, cli)` with argv[0] the command's name, and returns
 * the process's exit status.
 *
 * main.c takes the global options (--json, --quiet, --help, --version) out of a command's
 * arguments before it runs, up to a "--". A command whose arguments end in somebody else's
 * command line sets `runs_program` and parses them itself.
 */
#ifndef AUTOPERF_CLI_COMMAND_H
#define AUTOPERF_CLI_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "base/console.h"
#include "base/error.h"

struct cli {
	struct console console; /* stderr */
	bool json;              /* --json given before or after the command */
	bool color;             /* stdout may be coloured: terminal, no NO_COLOR */
	const char *program;    /* argv[0] */
};

typedef int (*command_function)(int argc, char **argv, struct cli *cli);

struct command {
	const char *name;
	command_function run;
	const char *summary; /* one line of `autoperf help` */
	const char *usage;   /* text of `autoperf help NAME` and `NAME --help` */
	bool runs_program;   /* takes PROGRAM ARGS; parses the global options itself */
};

/* Defined in each command's file. */
extern const struct command command_annotate, command_check, command_clean,
	command_detect, command_diagnose, command_doctor, command_evaluate,
	command_events, command_export, command_help_entry, command_import,
	command_info, command_init, command_record, command_report, command_train,
	command_version;

/* Commands that belong together, in the order in which people need them. */
struct command_group {
	const char *title;
	const struct command *const *commands; /* ends in NULL */
};
/* All commands; ends in a group without title. */
extern const struct command_group command_groups[];

/* The command of that name, or NULL. */
const struct command *command_find(const char *name);
/* Complains about an unknown command, naming the nearest one; returns EXIT_USAGE. */
int command_unknown(const struct cli *cli, const char *name);
/* The list of commands, as `autoperf help` prints it. */
void command_overview(FILE *out);
/* "autoperf 1.2.3" on stdout. */
void command_print_version(void);

/* Prints "autoperf: error: ..." and returns error->exit_status (EXIT_FAILED if unset). */
int command_fail(const struct cli *cli, const struct error *error);
/* Prints "autoperf NAME: ..." plus a hint at --help; returns EXIT_USAGE. */
int command_usage(const struct cli *cli, const struct command *command,
		  const char *format, ...) __attribute__((format(printf, 3, 4)));
/*
 * What is wrong with the option at which getopt_long() returned `answer` ('?' or ':', opterr
 * 0, a leading ':' in the short options); returns EXIT_USAGE. `argument` is
 * argv[optind - 1].
 */
int command_bad_option(const struct cli *cli, const struct command *command, int answer,
		       const char *argument);
/* Prints the command's usage on stdout; returns what command_finish() would. */
int command_help(const struct command *command);
/*
 * Flushes stdout; returns EXIT_FAILED and complains when results could not be written
 * (/dev/full), else `status`.
 */
int command_finish(const struct cli *cli, int status);

#endif
