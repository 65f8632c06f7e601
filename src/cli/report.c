/* SPDX-License-Identifier: MIT */
/*
 * `autoperf report`: shows findings that detect or check wrote as JSON in another format. It judges
 * nothing, and its exit status says only whether it could write.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/command.h"
#include "cli/evidence.h"
#include "cli/judging.h"
#include "report/read.h"
#include "report/report.h"

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_FORCE = 256,
	OPTION_FORMAT,
	OPTION_MODEL,
};

static const struct option long_options[] = {
	{"force", no_argument, NULL, OPTION_FORCE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"model", required_argument, NULL, OPTION_MODEL},
	{"output", required_argument, NULL, 'o'},
	{"verbose", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

struct arguments {
	const char *findings;
	struct evidence_paths evidence; /* html */
	const char *given;              /* --format; NULL: not given */
	const char *output;             /* NULL: stdout */
	enum report_format format;
	bool force;
	bool verbose;
};

/* What a file of that name holds, where --format says nothing. */
static enum report_format guess_format(const char *path)
{
	static const struct {
		const char *suffix;
		enum report_format format;
	} suffixes[] = {
		{".html", REPORT_HTML},   {".json", REPORT_JSON},
		{".md", REPORT_MARKDOWN}, {".sarif", REPORT_SARIF},
		{".xml", REPORT_JUNIT},
	};
	size_t length = path ? strlen(path) : 0;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t tail = strlen(suffixes[i].suffix);

		if (length > tail && !strcmp(path + length - tail, suffixes[i].suffix))
			return suffixes[i].format;
	}
	return REPORT_TEXT;
}

/* One option. Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	switch (number) {
	case OPTION_FORCE:
		arguments->force = true;
		return 0;
	case OPTION_FORMAT:
		arguments->given = optarg;
		return judging_format(cli, &command_report, optarg, &arguments->format);
	case OPTION_MODEL:
		arguments->evidence.model = optarg;
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
	return command_bad_option(cli, &command_report, number, argument);
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
	if (argc - optind < 1 || argc - optind > 3)
		return command_usage(cli, &command_report,
				     "name the findings, a file that detect or check "
				     "wrote with --format json, or - for standard "
				     "input; and for html, if you have them, the "
				     "profiles of the normal runs and of the new ones");
	arguments->findings = argv[optind];
	/* argv ends in NULL. */
	arguments->evidence.normal = argv[optind + 1];
	if (arguments->evidence.normal)
		arguments->evidence.fresh = argv[optind + 2];
	if (!arguments->given)
		arguments->format = guess_format(arguments->output);
	status = judging_settle_format(cli, &command_report, arguments->given,
				       &arguments->format);
	if (!status && arguments->format != REPORT_HTML &&
	    (arguments->evidence.normal || arguments->evidence.model))
		return command_usage(cli, &command_report,
				     "profiles and --model are for --format html");
	return status;
}

static int write_report(const struct cli *cli, const struct arguments *arguments,
			struct error *error)
{
	struct report_style style = judging_style(cli, arguments->verbose);
	struct evidence_files files = {0};
	struct file_output output = {0};
	struct findings *findings = NULL;
	int code = findings_load(&findings, arguments->findings, error);

	if (!code && arguments->format == REPORT_HTML)
		code = evidence_files_open(&files, &arguments->evidence, findings,
					   &cli->console, error);
	style.evidence = &files.evidence;

	if (arguments->output) {
		style.color = false;
		style.width = 0;
		if (!code)
			code = file_output_open(&output, arguments->output,
						arguments->force, error);
	}
	if (!code)
		code = report_write(findings, arguments->format, &style,
				    arguments->output ? output.stream : stdout, error);
	if (!code && arguments->output)
		code = file_output_commit(&output, error);
	file_output_abandon(&output);
	evidence_files_close(&files);
	findings_free(findings);
	return code;
}

static int command_report_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {.format = REPORT_TEXT};
	struct error error = {0};
	int status = parse(cli, argc, argv, &arguments);

	if (status)
		return status;
	if (write_report(cli, &arguments, &error))
		status = command_fail(cli, &error);
	return command_finish(cli, status);
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf report [OPTIONS] FINDINGS [NORMAL [NEW]]\n"
	"\n"
	"Shows findings, which detect and check write with --format json, in another\n"
	"format. FINDINGS is a file, or - for standard input.\n"
	"\n"
	"      --format FORMAT    text, json, html, junit, sarif, github or markdown\n"
	"                         (default: by the name of the output, .html .json .xml\n"
	"                         .sarif .md; else text)\n"
	"      --json             the same as --format json\n"
	"  -o, --output FILE      write it to FILE instead of standard output\n"
	"      --force            replace FILE if it exists\n"
	"  -v, --verbose          text: every region, counter and run\n"
	"\n"
	"      --model MODEL      html: the model, if it is not where the findings say\n"
	"\n"
	"html is one page, to be looked at without a network. It shows the samples, too:\n"
	"of the profile of the normal runs, if it is named, and of that of the new ones,\n"
	"which is where the findings say or else is named.\n"
	"\n"
	"Formats: junit is XML with a test case for each region, sarif is SARIF 2.1.0,\n"
	"github are annotations of GitHub Actions (at most ten), markdown is for its step\n"
	"summaries.\n"
	"\n"
	"Exit status: 0 written, whatever the verdict; 1 failed; 2 wrong usage.\n";
/* clang-format on */

const struct command command_report = {
	.name = "report",
	.run = command_report_run,
	.summary = "show findings as a page, text, JSON, JUnit, SARIF, Markdown, "
		   "annotations",
	.usage = usage,
};
