/* SPDX-License-Identifier: MIT */
/*
 * The subcommands. main.c parses the global options and dispatches; each command has one file
 * and one entry `command_<name>(argc, argv, cli)` with argv[0] the command's name, and returns
 * the process's exit status.
 */
#ifndef AUTOPERF_CLI_COMMAND_H
#define AUTOPERF_CLI_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "base/console.h"
#include "base/error.h"

struct cli {
	struct console console; /* stderr */
	bool json;		/* --json given before or after the command */
	bool color;		/* stdout may be coloured: terminal, no NO_COLOR */
	const char *program;	/* argv[0] */
};

typedef int (*command_function)(int argc, char **argv, struct cli *cli);

struct command {
	const char *name;
	command_function run;
	const char *summary; /* one line of `autoperf help` */
	const char *usage;   /* text of `autoperf help NAME` and `NAME --help` */
};

/* Defined in each command's file. */
extern const struct command command_detect, command_diagnose, command_doctor, command_events,
	command_export, command_import, command_info, command_record, command_train;

/* Prints "autoperf: error: ..." and returns error->exit_status (EXIT_FAILED if unset). */
int command_fail(const struct cli *cli, const struct error *error);
/* Prints "autoperf NAME: ..." plus a hint at --help; returns EXIT_USAGE. */
int command_usage(const struct cli *cli, const struct command *command,
		  const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Handles --help (prints usage on stdout). Flushes stdout; returns EXIT_FAILED and complains
 * when results could not be written (/dev/full), else `status`. */
int command_help(const struct command *command);
int command_finish(const struct cli *cli, int status);

#endif
