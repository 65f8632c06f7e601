/* SPDX-License-Identifier: MIT */
/* Shared by the commands that end in a verdict: see judging.h. */
#include "cli/judging.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

int judging_share(const struct cli *cli, const struct command *command,
		  const char *option, const char *text, bool zero, double *share)
{
	if (text_to_double(text, share) || *share < 0 || *share >= 1 ||
	    (*share == 0 && !zero))
		return command_usage(
			cli, command,
			"%s takes a share %s 0 and below 1 (0.05 is 5 %%), not "
			"'%s'",
			option, zero ? "of at least" : "above", text);
	return 0;
}

int judging_format(const struct cli *cli, const struct command *command,
		   const char *text, enum report_format *format)
{
	if (report_format_parse(text, format))
		return command_usage(cli, command,
				     "--format takes " REPORT_FORMATS ", not '%s'",
				     text);
	return 0;
}

int judging_settle_format(const struct cli *cli, const struct command *command,
			  const char *given, enum report_format *format)
{
	if (!cli->json)
		return 0;
	if (given && *format != REPORT_JSON)
		return command_usage(cli, command,
				     "--json and --format %s contradict each other",
				     given);
	*format = REPORT_JSON;
	return 0;
}

struct report_style judging_style(const struct cli *cli, bool verbose)
{
	struct report_style style = {
		.color = cli->color, .verbose = verbose, .utf8 = console_utf8()};
	struct winsize size;

	if (isatty(STDOUT_FILENO) && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		style.width = size.ws_col;
	return style;
}
