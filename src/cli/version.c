/* SPDX-License-Identifier: MIT */
/* `autoperf version`: the program's version, for people and (--json) for programs. */
#include "base/version.h"
#include "cli/command.h"

static int command_version_run(int argc, char **argv, struct cli *cli)
{
	if (argc > 1)
		return command_usage(cli, &command_version,
				     "takes no argument, not '%s'", argv[1]);
	if (cli->json)
		puts("{\"name\": \"autoperf\", \"version\": \"" AUTOPERF_VERSION "\"}");
	else
		command_print_version();
	return command_finish(cli, EXIT_NORMAL);
}

const struct command command_version = {
	.name = "version",
	.run = command_version_run,
	.summary = "print the version",
	.usage = "Usage: autoperf version [--json]\n"
		 "\n"
		 "Prints 'autoperf VERSION'; with --json an object with name and "
		 "version.\n"
		 "\n"
		 "Exit status: 0 printed; 1 the output could not be written; 2 wrong "
		 "usage.\n",
};
