/* SPDX-License-Identifier: MIT */
/* `autoperf help`: the list of commands, or all about one of them. */
#include "cli/command.h"

static int command_help_run(int argc, char **argv, struct cli *cli)
{
	if (argc > 2)
		return command_usage(cli, &command_help_entry,
				     "takes one command at most, not '%s'", argv[2]);
	if (argc < 2) {
		command_overview(stdout);
		return command_finish(cli, EXIT_NORMAL);
	}

	const struct command *command = command_find(argv[1]);

	return command ? command_help(command) : command_unknown(cli, argv[1]);
}

const struct command command_help_entry = {
	.name = "help",
	.run = command_help_run,
	.summary = "list the commands, or tell about one",
	.usage =
		"Usage: autoperf help [COMMAND]\n"
		"\n"
		"Lists the commands, or tells what COMMAND does, its options and exit\n"
		"statuses ('autoperf COMMAND --help' says the same).\n"
		"\n"
		"Exit status: 0 printed; 1 the output could not be written; 2 no such\n"
		"command.\n",
};
