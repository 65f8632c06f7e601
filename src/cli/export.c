/* SPDX-License-Identifier: MIT */
/* `autoperf export`: parses the arguments, opens the output; writing is src/profile's. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "profile/export.h"
#include "profile/profile.h"

enum format {
	FORMAT_CSV,
	FORMAT_FOLDED,
	FORMAT_JSON,
	FORMAT_ORIGINAL,
	FORMAT_PERFETTO,
	FORMATS
};

static const char *const format_names[FORMATS] = {"csv", "folded", "json", "original",
						  "perfetto"};

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_FORCE = 256,
	OPTION_FORMAT,
	OPTION_REGION,
	OPTION_RUN,
	OPTION_WEIGHT,
};

static const struct option long_options[] = {
	{"force", no_argument, NULL, OPTION_FORCE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"output", required_argument, NULL, 'o'},
	{"region", required_argument, NULL, OPTION_REGION},
	{"run", required_argument, NULL, OPTION_RUN},
	{"weight", required_argument, NULL, OPTION_WEIGHT},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct export_options options;
	uint32_t *
		runs; /* options.runs, as the next; there is room for one an argument */
	const char **regions;
	const char *profile;
	const char *output; /* NULL: stdout */
	const char *weight; /* NULL: time */
	enum format format;
	bool format_given;
	bool force;
};

static int take_format(const struct cli *cli, const char *name,
		       struct arguments *arguments)
{
	for (int i = 0; i < FORMATS; i++)
		if (!strcmp(name, format_names[i])) {
			arguments->format = (enum format)i;
			arguments->format_given = true;
			return 0;
		}
	return command_usage(
		cli, &command_export,
		"--format takes csv, folded, json, original or perfetto, not '%s'",
		name);
}

/* Runs are numbered from 1 wherever people see them. */
static int take_run(const struct cli *cli, const char *text,
		    struct arguments *arguments)
{
	uint64_t number;

	if (text_to_u64(text, &number) || !number || number > UINT32_MAX)
		return command_usage(cli, &command_export,
				     "--run takes the number of a run, from 1 on, not "
				     "'%s'",
				     text);
	arguments->runs[arguments->options.run_count++] = (uint32_t)(number - 1);
	return 0;
}

/* One option. Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	switch (number) {
	case 'o':
		arguments->output = optarg;
		return 0;
	case OPTION_FORCE:
		arguments->force = true;
		return 0;
	case OPTION_FORMAT:
		return take_format(cli, optarg, arguments);
	case OPTION_REGION:
		arguments->regions[arguments->options.region_count++] = optarg;
		return 0;
	case OPTION_RUN:
		return take_run(cli, optarg, arguments);
	case OPTION_WEIGHT:
		arguments->weight = optarg;
		return 0;
	default:
		return command_bad_option(cli, &command_export, number, argument);
	}
}

static bool to_stdout(const struct arguments *arguments)
{
	return !arguments->output || !strcmp(arguments->output, "-");
}

/* Options that exclude each other. */
static int check_options(const struct cli *cli, struct arguments *arguments)
{
	enum format format = arguments->format;

	if (cli->json && arguments->format_given && format != FORMAT_JSON)
		return command_usage(cli, &command_export,
				     "--json and --format %s contradict each other",
				     format_names[format]);
	if (cli->json)
		arguments->format = FORMAT_JSON;
	if (format == FORMAT_ORIGINAL && to_stdout(arguments))
		return command_usage(
			cli, &command_export,
			"--format original writes a directory: name it with "
			"'-o DIRECTORY'");
	if (format == FORMAT_ORIGINAL && arguments->force)
		return command_usage(
			cli, &command_export,
			"--force replaces a file; with --format original the "
			"directory must be new or empty");
	if (arguments->weight && format != FORMAT_FOLDED)
		return command_usage(cli, &command_export,
				     "--weight is for --format folded");
	if (format == FORMAT_PERFETTO && to_stdout(arguments) && isatty(STDOUT_FILENO))
		return command_usage(
			cli, &command_export,
			"--format perfetto is no text for a terminal: name "
			"a file with '-o FILE'");
	return 0;
}

/* Returns 0 or an exit status. */
static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int number, status = 0;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (!status && argc - optind != 1)
		status = command_usage(cli, &command_export,
				       "name one profile: 'autoperf export PROFILE'");
	if (!status)
		status = check_options(cli, arguments);
	arguments->profile = status ? NULL : argv[optind];
	arguments->options.runs = arguments->runs;
	arguments->options.regions = arguments->regions;
	/* A bar among the lines of a table would be no help. */
	if (!to_stdout(arguments) || !isatty(STDOUT_FILENO))
		arguments->options.console = &cli->console;
	return status;
}

/* Into a stream, in the format asked for. */
static int write_stream(struct profile *profile, const struct arguments *arguments,
			FILE *out, struct export_summary *summary, struct error *error)
{
	const struct export_options *options = &arguments->options;

	switch (arguments->format) {
	case FORMAT_FOLDED:
		return profile_export_folded(profile, options, arguments->weight, out,
					     summary, error);
	case FORMAT_JSON:
		return profile_export_json(profile, options, out, summary, error);
	case FORMAT_PERFETTO:
		return profile_export_perfetto(profile, options, out, summary, error);
	default:
		return profile_export_csv(profile, options, out, summary, error);
	}
}

static int write_file(struct profile *profile, const struct arguments *arguments,
		      struct export_summary *summary, struct error *error)
{
	struct file_output output = {0};
	int code;

	/* Errors of stdout surface at the end of the command. */
	if (to_stdout(arguments))
		return write_stream(profile, arguments, stdout, summary, error);
	code = file_output_open(&output, arguments->output, arguments->force, error);
	if (!code)
		code = write_stream(profile, arguments, output.stream, summary, error);
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

static int export_profile(const struct cli *cli, const struct arguments *arguments)
{
	struct export_summary summary = {0};
	struct profile *profile = NULL;
	struct error error = {0};
	int status = EXIT_NORMAL;
	int code = profile_open(&profile, arguments->profile, PROFILE_READ, &error);

	if (!code)
		code = arguments->format == FORMAT_ORIGINAL
			       ? profile_export_original(profile, &arguments->options,
							 arguments->output, &summary,
							 &error)
			       : write_file(profile, arguments, &summary, &error);
	profile_close(profile);
	if (code)
		status = command_fail(cli, &error);
	else if (arguments->output)
		print_summary(cli, &summary);
	return command_finish(cli, status);
}

static int command_export_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {
		.format = FORMAT_CSV,
		.runs = calloc((size_t)argc, sizeof(*arguments.runs)),
		.regions = calloc((size_t)argc, sizeof(*arguments.regions)),
	};
	struct error error = {0};
	int status;

	if (!arguments.runs || !arguments.regions) {
		error_no_memory(&error, "reading the arguments");
		status = command_fail(cli, &error);
	} else {
		status = parse(cli, argc, argv, &arguments);
		if (!status)
			status = export_profile(cli, &arguments);
	}
	free(arguments.runs);
	free(arguments.regions);
	return status;
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf export [--format FORMAT] [-o FILE] [OPTIONS] PROFILE\n"
	"       autoperf export --format original -o DIRECTORY [OPTIONS] PROFILE\n"
	"\n"
	"Writes the samples of the runs that ended well, for other programs.\n"
	"\n"
	"      --format csv       one table with a header row: region, run, pass,\n"
	"                         thread, times in nanoseconds, executions that the\n"
	"                         row stands for, and a column an event, empty where\n"
	"                         the row's pass does not count it (default)\n"
	"      --format json      one JSON document: events, passes, regions, runs with\n"
	"                         their samples; also --json\n"
	"      --format perfetto  a trace for the Perfetto UI: each run a process,\n"
	"                         regions as slices by thread, counters as tracks\n"
	"      --format folded    folded stacks for flame graphs: process;thread;regions\n"
	"                         and the microseconds spent in just that stack\n"
	"      --format original  the original AutoPerf's files: a directory a run, a\n"
	"                         file an event; needs instructions in every pass\n"
	"  -o, --output PATH      where to (default: standard output, except original)\n"
	"      --force            replace FILE if it exists; a DIRECTORY must not\n"
	"                         exist, or be empty\n"
	"      --run N            only run N, as 'autoperf info' numbers them; repeatable\n"
	"      --region NAME      only that region; repeatable\n"
	"      --weight EVENT     folded: what an event counted instead of time\n"
	"\n"
	"'autoperf import' reads csv and original back with the same numbers. A trace\n"
	"opens at ui.perfetto.dev, which reads it in the browser and sends it nowhere.\n"
	"\n"
	"Exit status: 0 exported; 1 failed; 2 wrong usage.\n";
/* clang-format on */

const struct command command_export = {
	.name = "export",
	.run = command_export_run,
	.summary = "write a profile's samples: CSV, JSON, a trace, flame graphs",
	.usage = usage,
};
