/* SPDX-License-Identifier: MIT */
/*
 * autoperf: reads the global options, finds the command, runs it. What a command does is in
 * the command's own file; what commands share is in command.c. No locale is set: output is
 * the same everywhere.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

/*
 * Makes sure that descriptors 0 to 2 are open, so that no file of ours becomes the standard
 * output of something. The stand-ins are opened the wrong way round: reading or writing them
 * fails as on a closed descriptor, and results for a closed stdout are not silently lost.
 */
static void open_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)!open("/dev/null",
				    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static bool stdout_color(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(term && !strcmp(term, "dumb"));
}

enum global_option {
	GLOBAL_NONE,  /* it is none */
	GLOBAL_TAKEN, /* noted in *cli */
	GLOBAL_HELP,
	GLOBAL_VERSION,
};

static enum global_option global_option(struct cli *cli, const char *argument)
{
	if (!strcmp(argument, "--json")) {
		cli->json = true;
		return GLOBAL_TAKEN;
	}
	if (!strcmp(argument, "--quiet")) {
		cli->console.quiet = true;
		return GLOBAL_TAKEN;
	}
	if (!strcmp(argument, "--help") || !strcmp(argument, "-h"))
		return GLOBAL_HELP;
	if (!strcmp(argument, "--version"))
		return GLOBAL_VERSION;
	return GLOBAL_NONE;
}

/*
 * Takes the global options out of a command's arguments, which close ranks. Returns
 * GLOBAL_HELP or _VERSION if one of these is there, else GLOBAL_NONE.
 */
static enum global_option take_global_options(struct cli *cli, int *argc, char **argv)
{
	enum global_option asked = GLOBAL_NONE;
	int kept = 1;
	int i = 1;

	for (; i < *argc && strcmp(argv[i], "--"); i++) {
		enum global_option global = global_option(cli, argv[i]);

		if (global == GLOBAL_NONE)
			argv[kept++] = argv[i];
		else if (global != GLOBAL_TAKEN && asked == GLOBAL_NONE)
			asked = global;
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	*argc = kept;
	return asked;
}

static int print_version(const struct cli *cli)
{
	command_print_version();
	return command_finish(cli, EXIT_NORMAL);
}

static int print_overview(const struct cli *cli, int status)
{
	command_overview(stdout);
	return command_finish(cli, status);
}

int main(int argc, char **argv)
{
	open_standard_streams();

	struct cli cli = {
		.console = console_open(false),
		.color = stdout_color(),
		.program = argc ? argv[0] : "autoperf",
	};
	enum global_option asked = GLOBAL_NONE;
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		enum global_option global = global_option(&cli, argv[at]);

		if (global == GLOBAL_NONE) {
			fprintf(cli.console.messages,
				"autoperf: unknown option '%s'; options of a command "
				"come after its name, 'autoperf help' lists the "
				"commands\n",
				argv[at]);
			return EXIT_USAGE;
		}
		if (global != GLOBAL_TAKEN && asked == GLOBAL_NONE)
			asked = global;
	}
	if (asked == GLOBAL_VERSION)
		return print_version(&cli);
	if (at >= argc)
		return print_overview(&cli,
				      asked == GLOBAL_HELP ? EXIT_NORMAL : EXIT_USAGE);

	const struct command *command = command_find(argv[at]);

	if (!command)
		return command_unknown(&cli, argv[at]);
	argc -= at;
	argv += at;
	if (!command->runs_program && asked == GLOBAL_NONE)
		asked = take_global_options(&cli, &argc, argv);
	if (asked == GLOBAL_HELP)
		return command_help(command);
	if (asked == GLOBAL_VERSION)
		return print_version(&cli);
	/* A file-size limit is then an error with a text. A measured program must not inherit
	 * this; where one is run, interrupts.h sees to it. */
	if (!command->runs_program)
		signal(SIGXFSZ, SIG_IGN);
	return command->run(argc, argv, &cli);
}
