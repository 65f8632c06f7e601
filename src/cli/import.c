/* SPDX-License-Identifier: MIT */
/*
 * `autoperf import`: parses the arguments and tells what came in; reading and writing are
 * src/profile's.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/version.h"
#include "cli/command.h"
#include "profile/import.h"
#include "profile/profile.h"

#define DEFAULT_OUTPUT "autoperf" PROFILE_SUFFIX

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_FORCE = 256,
	OPTION_RAW,
};

static const struct option long_options[] = {
	{"force", no_argument, NULL, OPTION_FORCE},
	{"output", required_argument, NULL, 'o'},
	{"raw", no_argument, NULL, OPTION_RAW},
	{NULL, 0, NULL, 0},
};

/* Returns 0 or an exit status. */
static int parse(const struct cli *cli, int argc, char **argv,
		 struct import_options *options)
{
	int number;

	opterr = 0;
	while ((number = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1) {
		switch (number) {
		case 'o':
			options->output = optarg;
			break;
		case OPTION_FORCE:
			options->force = true;
			break;
		case OPTION_RAW:
			options->raw = true;
			break;
		default:
			return command_bad_option(cli, &command_import, number,
						  argv[optind - 1]);
		}
	}
	if (optind == argc)
		return command_usage(
			cli, &command_import,
			"name what to import: CSV files, or directories of "
			"the original AutoPerf");
	options->inputs = (const char *const *)(argv + optind);
	options->input_count = (size_t)(argc - optind);
	return 0;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void print_summary(const struct cli *cli, const struct import_options *options,
			  const struct import_summary *summary)
{
	char samples[32];

	console_note(&cli->console,
		     "%zu run%s, %s sample%s of %zu event%s; %zu region%s in '%s'",
		     summary->runs, plural(summary->runs),
		     text_count(summary->samples, samples, sizeof(samples)),
		     plural(summary->samples), summary->events, plural(summary->events),
		     summary->regions, plural(summary->regions), options->output);
	if (summary->passes > 1)
		console_note(
			&cli->console,
			"the runs fall into %zu groups of events (passes); rows of "
			"different runs are not joined",
			summary->passes);
	if (summary->runs_empty)
		console_warn(&cli->console, "%zu run%s without a sample, kept apart",
			     summary->runs_empty, plural(summary->runs_empty));
}

static int print_json(const struct import_options *options,
		      const struct import_summary *summary, struct error *error)
{
	char *output = profile_clean_text(options->output, strlen(options->output));
	json_t *object = json_pack(
		"{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "profile", output ? output : "",
		"runs", (json_int_t)summary->runs, "runs_empty",
		(json_int_t)summary->runs_empty, "passes", (json_int_t)summary->passes,
		"events", (json_int_t)summary->events, "regions",
		(json_int_t)summary->regions, "samples", (json_int_t)summary->samples);
	int status = object ? 0 : error_no_memory(error, "printing the summary");

	if (object) {
		json_dumpf(object, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(object);
	free(output);
	return status;
}

static int command_import_run(int argc, char **argv, struct cli *cli)
{
	struct import_options options = {
		.output = DEFAULT_OUTPUT,
		.tool_version = AUTOPERF_VERSION,
		.console = &cli->console,
	};
	struct import_summary summary;
	struct error error = {0};
	int status = parse(cli, argc, argv, &options);

	if (status)
		return status;
	if (profile_import(&options, &summary, &error))
		return command_fail(cli, &error);
	print_summary(cli, &options, &summary);
	if (cli->json && print_json(&options, &summary, &error))
		status = command_fail(cli, &error);
	return command_finish(cli, status);
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf import [OPTIONS] FILE.csv... | DIRECTORY...\n"
	"\n"
	"Makes a profile out of measurements of other programs.\n"
	"\n"
	"  -o, --output PROFILE  the profile (default " DEFAULT_OUTPUT ")\n"
	"      --force           replace PROFILE if it exists\n"
	"      --raw             columns are ready-made real-valued features, not\n"
	"                        counters: taken as they are, negative ones too\n"
	"      --json            print a summary as JSON\n"
	"\n"
	"A CSV file has a header row and one row a sample. Columns of these names say\n"
	"where and when it was measured, all optional:\n"
	"\n"
	"  region            where (default: all)\n"
	"  run               which run, any text; without it each file is one run\n"
	"  thread            number of the thread\n"
	"  begin_ns wall_ns  start since the run's begin, and duration, nanoseconds\n"
	"  cpu_ns            time on a CPU; may be empty\n"
	"  executions        how many executions the row stands for (default 1)\n"
	"  counters_running  share of the time that counters ran (default 1)\n"
	"  instructions      instructions executed: the others become rates of them\n"
	"  pass              ignored\n"
	"\n"
	"All other columns are counters. A counter that was not measured in a run is\n"
	"empty in all rows of the run.\n"
	"\n"
	"A DIRECTORY is one of the original AutoPerf: it holds the files\n"
	"event_<i>_perf_data.csv of one run, or directories of them. Each file was an\n"
	"execution of its own and becomes a run of its own.\n"
	"\n"
	"Exit status: 0 imported; 1 failed, PROFILE is as it was; 2 wrong usage.\n";
/* clang-format on */

const struct command command_import = {
	.name = "import",
	.run = command_import_run,
	.summary = "make a profile out of CSV files or the original AutoPerf's",
	.usage = usage,
};
