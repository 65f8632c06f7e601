/* SPDX-License-Identifier: MIT */
/*
 * The table of subcommands and what they share: finding a command by name, the global
 * options, and the ends that every command comes to (usage, error, flush). Nothing here knows
 * what a command does.
 */
#include "cli/command.h"
#include "base/version.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#include "base/nearest.h"

/*
 * A command is listed here and its file in meson.build: nothing else is needed to add one.
 */
static const struct command *const measuring[] = {
	&command_doctor,
	&command_events,
	&command_record,
	NULL,
};
static const struct command *const judging[] = {
	&command_train,    &command_detect, &command_diagnose,
	&command_evaluate, &command_report, NULL,
};
static const struct command *const gate[] = {
#ifdef WITH_GIT
	&command_init, &command_check, &command_annotate, &command_clean,
#endif
	NULL,
};
static const struct command *const data[] = {
	&command_info,
	&command_import,
	&command_export,
	NULL,
};
static const struct command *const about[] = {
	&command_help_entry,
	&command_version,
	NULL,
};

const struct command_group command_groups[] = {
	{"Measure a program", measuring},
	{"Learn what is normal and judge what is new", judging},
	{"Check the branches of a git repository", gate},
	{"Look into files and exchange them", data},
	{"About", about},
	{NULL, NULL},
};

const struct command *command_find(const char *name)
{
	for (const struct command_group *group = command_groups; group->title; group++)
		for (size_t i = 0; group->commands[i]; i++)
			if (!strcmp(group->commands[i]->name, name))
				return group->commands[i];
	return NULL;
}

/* The command that `name` was meant to be: it begins with it, or is a few letters away. */
static const struct command *nearest_command(const char *name)
{
	struct nearest nearest;
	size_t length = strlen(name);

	nearest_start(&nearest, name);
	for (const struct command_group *group = command_groups; group->title;
	     group++) {
		for (size_t i = 0; group->commands[i]; i++) {
			const struct command *command = group->commands[i];

			if (length >= 2 && !strncmp(name, command->name, length))
				return command;
			nearest_offer(&nearest, command->name);
		}
	}
	return command_find(nearest.name);
}

int command_unknown(const struct cli *cli, const char *name)
{
	const struct command *nearest = nearest_command(name);

	fprintf(cli->console.messages, "autoperf: '%s' is not a command", name);
	if (nearest)
		fprintf(cli->console.messages, "; did you mean '%s'?\n", nearest->name);
	else
		fprintf(cli->console.messages, "; 'autoperf help' lists them\n");
	return EXIT_USAGE;
}

void command_overview(FILE *out)
{
	fputs("Usage: autoperf [--json] [--quiet] COMMAND [ARGUMENTS]\n"
	      "\n"
	      "Tells whether a change made a multithreaded program slower, where, why, "
	      "and\n"
	      "how sure that is. It learns from normal runs only.\n",
	      out);
	for (const struct command_group *group = command_groups; group->title;
	     group++) {
		if (!group->commands[0])
			continue;
		fprintf(out, "\n%s\n", group->title);
		for (size_t i = 0; group->commands[i]; i++)
			fprintf(out, "  %-10s %s\n", group->commands[i]->name,
				group->commands[i]->summary);
	}
	fputs("\n"
	      "Options of every command\n"
	      "  --json     results on stdout as JSON, for programs\n"
	      "  --quiet    no messages but warnings and errors\n"
	      "  --help     what the command does, its options and exit statuses\n"
	      "  --version  the version\n"
	      "\n"
	      "'autoperf help COMMAND' tells more about one of them.\n",
	      out);
}

void command_print_version(void)
{
	puts("autoperf " AUTOPERF_VERSION);
}

int command_fail(const struct cli *cli, const struct error *error)
{
	fputs("autoperf: error: ", cli->console.messages);
	console_put(cli->console.messages, error->text);
	putc('\n', cli->console.messages);
	return error->exit_status ? (int)error->exit_status : EXIT_FAILED;
}

int command_usage(const struct cli *cli, const struct command *command,
		  const char *format, ...)
{
	va_list args;

	fprintf(cli->console.messages, "autoperf %s: ", command->name);
	va_start(args, format);
	vfprintf(cli->console.messages, format, args);
	va_end(args);
	fprintf(cli->console.messages, "\n'autoperf %s --help' tells how it is used\n",
		command->name);
	return EXIT_USAGE;
}

int command_bad_option(const struct cli *cli, const struct command *command, int answer,
		       const char *argument)
{
	bool is_long = !strncmp(argument, "--", 2);

	if (answer == ':')
		return command_usage(cli, command, "option '%s' needs a value",
				     argument);
	/* A long option that getopt_long() knows leaves its number in optopt. */
	if (is_long && optopt)
		return command_usage(cli, command, "option '%.*s' takes no value",
				     (int)strcspn(argument, "="), argument);
	if (is_long || !optopt)
		return command_usage(cli, command, "unknown option '%s'", argument);
	return command_usage(cli, command, "unknown option '-%c'", optopt);
}

int command_help(const struct command *command)
{
	struct cli cli = {.console = console_open(false)};

	fputs(command->usage, stdout);
	return command_finish(&cli, EXIT_NORMAL);
}

int command_finish(const struct cli *cli, int status)
{
	/* An earlier write may have failed already, and taken its errno with it. */
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout))
		failed = true;
	if (!failed)
		return status;
	fprintf(cli->console.messages,
		"autoperf: error: cannot write the results to standard output: %s\n",
		errno ? strerror(errno) : "an earlier write failed");
	clearerr(stdout);
	return EXIT_FAILED;
}
