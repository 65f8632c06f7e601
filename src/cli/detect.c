/* SPDX-License-Identifier: MIT */
/*
 * `autoperf detect`: parses the arguments, opens what is read and written, and shows the
 * findings. The exit status is the verdict.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/evidence.h"
#include "cli/judging.h"
#include "detect/findings.h"
#include "report/report.h"

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_ALARM_RATE = 256,
	OPTION_EFFECT_FLOOR,
	OPTION_FORCE,
	OPTION_FORMAT,
	OPTION_NORMAL,
	OPTION_SCORES,
};

static const struct option long_options[] = {
	{"alarm-rate", required_argument, NULL, OPTION_ALARM_RATE},
	{"effect-floor", required_argument, NULL, OPTION_EFFECT_FLOOR},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"normal", required_argument, NULL, OPTION_NORMAL},
	{"output", required_argument, NULL, 'o'},
	{"scores", required_argument, NULL, OPTION_SCORES},
	{"verbose", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct detect_options options;
	struct evidence_paths paths; /* model and new runs; normal ones: html */
	const char *given;           /* --format; NULL: not given */
	const char *output;          /* NULL: stdout */
	const char *scores;          /* NULL: none */
	enum report_format format;
	bool verbose;
};

/* One option. Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	switch (number) {
	case OPTION_ALARM_RATE:
		return judging_share(cli, &command_detect, "--alarm-rate", optarg,
				     false, &arguments->options.alarm_rate);
	case OPTION_EFFECT_FLOOR:
		return judging_share(cli, &command_detect, "--effect-floor", optarg,
				     true, &arguments->options.effect_floor);
	case OPTION_FORCE:
		arguments->options.force = true;
		return 0;
	case OPTION_FORMAT:
		arguments->given = optarg;
		return judging_format(cli, &command_detect, optarg, &arguments->format);
	case OPTION_NORMAL:
		arguments->paths.normal = optarg;
		return 0;
	case OPTION_SCORES:
		arguments->scores = optarg;
		return 0;
	case 'o':
		arguments->output = optarg;
		return 0;
	case 'v':
		arguments->verbose = true;
		return 0;
	default:
		break;
	}
	return command_bad_option(cli, &command_detect, number, argument);
}

static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int status = 0;
	int number;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":o:v", long_options, NULL)) != -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (status)
		return status;
	if (argc - optind != 2)
		return command_usage(
			cli, &command_detect,
			"name a model and a profile, in this order: 'autoperf "
			"detect MODEL PROFILE'");
	status = judging_settle_format(cli, &command_detect, arguments->given,
				       &arguments->format);
	if (status)
		return status;
	if (arguments->scores && !strcmp(arguments->scores, "-") &&
	    (!arguments->output || !strcmp(arguments->output, "-")))
		return command_usage(
			cli, &command_detect,
			"the findings and --scores cannot both go to standard "
			"output");
	if (arguments->paths.normal && arguments->format != REPORT_HTML)
		return command_usage(cli, &command_detect,
				     "--normal is for --format html");
	arguments->paths.model = argv[optind];
	arguments->paths.fresh = argv[optind + 1];
	arguments->options.model_path = arguments->paths.model;
	arguments->options.console = &cli->console;
	return 0;
}

static int show(const struct cli *cli, const struct arguments *arguments,
		const struct findings *findings, const struct report_evidence *evidence,
		FILE *out, struct error *error)
{
	struct report_style style = judging_style(cli, arguments->verbose);

	style.evidence = evidence;
	if (arguments->output) {
		style.color = false;
		style.width = 0;
	}
	return report_write(findings, arguments->format, &style, out, error);
}

/* Loads both sides, compares them, and writes what comes of it. */
static int judge(const struct cli *cli, const struct arguments *arguments,
		 struct findings **findings, FILE *out, struct error *error)
{
	struct evidence_files files;
	int code = evidence_files_open(&files, &arguments->paths, NULL, &cli->console,
				       error);

	if (!code)
		code = detect(findings, files.model, files.fresh, &arguments->options,
			      error);
	if (!code)
		code = show(cli, arguments, *findings, &files.evidence, out, error);
	evidence_files_close(&files);
	return code;
}

/* Outputs are opened first: what cannot be written must not cost a comparison. */
static int run(const struct cli *cli, struct arguments *arguments)
{
	bool force = arguments->options.force;
	struct file_output output = {0}, scores = {0};
	struct findings *findings = NULL;
	struct error error = {0};
	int status = EXIT_FAILED;
	int code = 0;

	if (arguments->output)
		code = file_output_open(&output, arguments->output, force, &error);
	if (!code && arguments->scores)
		code = file_output_open(&scores, arguments->scores, force, &error);
	if (!code) {
		arguments->options.scores = scores.stream;
		code = judge(cli, arguments, &findings,
			     arguments->output ? output.stream : stdout, &error);
	}
	if (!code && arguments->scores)
		code = file_output_commit(&scores, &error);
	if (!code && arguments->output)
		code = file_output_commit(&output, &error);
	if (code) {
		status = command_fail(cli, &error);
	} else {
		status = (int)findings_exit_status(findings);
		if (arguments->output)
			console_note(&cli->console, "%s; findings in %s",
				     verdict_name(findings->verdict),
				     arguments->output);
	}
	file_output_abandon(&scores);
	file_output_abandon(&output);
	findings_free(findings);
	return command_finish(cli, status);
}

static int command_detect_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int status;

	detect_options_default(&arguments.options);
	status = parse(cli, argc, argv, &arguments);
	return status ? status : run(cli, &arguments);
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf detect [OPTIONS] MODEL PROFILE\n"
	"\n"
	"Judges the runs of PROFILE, region by region, against the normal runs that MODEL\n"
	"has learnt. A region is a regression when that is both sure (a permutation test\n"
	"over runs, of all regions at once) and large enough to matter.\n"
	"\n"
	"What is shown\n"
	"      --format FORMAT    text (default), json, html, junit, sarif, github or\n"
	"                         markdown\n"
	"      --json             the same as --format json\n"
	"      --normal PROFILE   html: show samples of the normal runs, too\n"
	"  -o, --output FILE      write it to FILE instead of standard output\n"
	"  -v, --verbose          every region, counter and run; distributions of scores\n"
	"      --scores FILE      write one CSV line per sample: region, pass, run,\n"
	"                         thread, begin_ns, wall_ns, score, p_value, anomalous\n"
	"\n"
	"How it is judged\n"
	"      --alarm-rate P     false alarms per comparison, over all regions (default\n"
	"                         0.01); lower rates need more runs\n"
	"      --effect-floor S   smaller changes of time or of a counter are normal\n"
	"                         (default 0.05, that is 5 %)\n"
	"      --force            compare although machine, source or events differ,\n"
	"                         which the findings then say; replace output files\n"
	"\n"
	"Verdicts: regression, improvement, changed (counters moved, time did not),\n"
	"normal, cannot tell (too few runs; it says how many are missing). Ten normal\n"
	"runs and three new ones are enough at the default rate, five and three at 5 %.\n"
	"\n"
	"Exit status: 0 no regression; 1 failed, or the two cannot be compared; 2 wrong\n"
	"usage; 3 regression; 4 cannot tell, unless a region is known to be worse.\n";
/* clang-format on */

const struct command command_detect = {
	.name = "detect",
	.run = command_detect_run,
	.summary = "compare a new profile with a model: slower, where, why, how sure",
	.usage = usage,
};
