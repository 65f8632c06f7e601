/* SPDX-License-Identifier: MIT */
/* `autoperf export`: parses the arguments, opens the output; writing is src/profile's. */
#include <getopt.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "profile/export.h"
#include "profile/profile.h"

enum format { FORMAT_CSV, FORMAT_ORIGINAL };

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_FORCE = 256,
	OPTION_FORMAT,
};

static const struct option long_options[] = {
	{"force", no_argument, NULL, OPTION_FORCE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"output", required_argument, NULL, 'o'},
	{NULL, 0, NULL, 0},
};

struct arguments {
	enum format format;
	const char *profile;
	const char *output; /* NULL: stdout */
	bool force;
};

static int take_format(const struct cli *cli, const char *name, enum format *format)
{
	if (!strcmp(name, "csv"))
		*format = FORMAT_CSV;
	else if (!strcmp(name, "original"))
		*format = FORMAT_ORIGINAL;
	else
		return command_usage(cli, &command_export,
				     "--format takes csv or original, not '%s'", name);
	return 0;
}

/* Returns 0 or an exit status. */
static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int number, status = 0;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1) {
		switch (number) {
		case 'o':
			arguments->output = optarg;
			break;
		case OPTION_FORCE:
			arguments->force = true;
			break;
		case OPTION_FORMAT:
			status = take_format(cli, optarg, &arguments->format);
			break;
		default:
			status = command_bad_option(cli, &command_export, number,
						    argv[optind - 1]);
		}
	}
	if (status)
		return status;
	if (argc - optind != 1)
		return command_usage(cli, &command_export,
				     "name one profile: 'autoperf export PROFILE'");
	if (cli->json)
		return command_usage(
			cli, &command_export,
			"samples are exported as csv or original, not as JSON");
	if (arguments->format == FORMAT_ORIGINAL &&
	    (!arguments->output || !strcmp(arguments->output, "-")))
		return command_usage(
			cli, &command_export,
			"--format original writes a directory: name it with "
			"'-o DIRECTORY'");
	if (arguments->format == FORMAT_ORIGINAL && arguments->force)
		return command_usage(
			cli, &command_export,
			"--force replaces a file; with --format original the "
			"directory must be new or empty");
	arguments->profile = argv[optind];
	return 0;
}

static int export_csv(struct profile *profile, const struct arguments *arguments,
		      struct export_summary *summary, struct error *error)
{
	struct file_output output = {0};
	int code;

	/* Errors of stdout surface at the end of the command. */
	if (!arguments->output || !strcmp(arguments->output, "-"))
		return profile_export_csv(profile, stdout, summary, error);
	code = file_output_open(&output, arguments->output, arguments->force, error);
	if (!code)
		code = profile_export_csv(profile, output.stream, summary, error);
	if (!code)
		code = file_output_commit(&output, error);
	file_output_abandon(&output);
	return code;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void print_summary(const struct cli *cli, const struct export_summary *summary)
{
	char samples[32];

	console_note(&cli->console, "%s sample%s of %zu run%s in %zu file%s",
		     text_count(summary->samples, samples, sizeof(samples)),
		     plural(summary->samples), summary->runs, plural(summary->runs),
		     summary->files, plural(summary->files));
	if (summary->runs_left_out)
		console_note(&cli->console,
			     "%zu run%s that failed or had no sample left out",
			     summary->runs_left_out, plural(summary->runs_left_out));
}

static int command_export_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {.format = FORMAT_CSV};
	struct export_summary summary = {0};
	struct profile *profile = NULL;
	struct error error = {0};
	int status = parse(cli, argc, argv, &arguments);
	int code;

	if (status)
		return status;
	code = profile_open(&profile, arguments.profile, PROFILE_READ, &error);
	if (!code)
		code = arguments.format == FORMAT_CSV
			       ? export_csv(profile, &arguments, &summary, &error)
			       : profile_export_original(profile, arguments.output,
							 &summary, &error);
	profile_close(profile);
	if (code)
		status = command_fail(cli, &error);
	else if (arguments.output)
		print_summary(cli, &summary);
	return command_finish(cli, status);
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf export [--format csv] [-o FILE] PROFILE\n"
	"       autoperf export --format original -o DIRECTORY PROFILE\n"
	"\n"
	"Writes the samples of the runs that ended well, for other programs.\n"
	"\n"
	"      --format csv       one table with a header row: region, run, pass,\n"
	"                         thread, times in nanoseconds, executions that the\n"
	"                         row stands for, and a column an event, empty where\n"
	"                         the row's pass does not count it\n"
	"      --format original  the original AutoPerf's files: a directory a run, a\n"
	"                         file an event; needs instructions in every pass\n"
	"  -o, --output PATH      where to (default: standard output, for csv)\n"
	"      --force            replace FILE if it exists; a DIRECTORY must not\n"
	"                         exist, or be empty\n"
	"\n"
	"'autoperf import' reads both back with the same numbers.\n"
	"\n"
	"Exit status: 0 exported; 1 failed; 2 wrong usage.\n";
/* clang-format on */

const struct command command_export = {
	.name = "export",
	.run = command_export_run,
	.summary = "write a profile's samples as CSV or the original AutoPerf's files",
	.usage = usage,
};
