/* SPDX-License-Identifier: MIT */
/*
 * `autoperf check`: parses the arguments, completes them by the configuration, and shows what the
 * gate (src/gate) found. The exit status is the verdict, for git bisect in git's own code.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/evidence.h"
#include "cli/judging.h"
#include "gate/gate.h"
#include "model/model.h"
#include "report/report.h"

#define RUNS_MIN ((unsigned)MODEL_RUNS_MIN)
#define RUNS_MAX 100000u
/* What `git bisect run` takes for "cannot be tested". */
#define EXIT_BISECT_SKIP 125
/* From 128 on it gives up: what was interrupted says nothing of the commit. */
#define EXIT_BISECT_STOP 130

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_AA = 256,
	OPTION_ALARM_RATE,
	OPTION_ALSO,
	OPTION_BASE,
	OPTION_BISECT,
	OPTION_CACHE,
	OPTION_EFFECT_FLOOR,
	OPTION_FORCE,
	OPTION_FORMAT,
	OPTION_FRESH,
	OPTION_HEAD,
	OPTION_MACHINE,
	OPTION_NO_ANNOTATE,
	OPTION_SOURCE,
};

static const struct option long_options[] = {
	{"aa", no_argument, NULL, OPTION_AA},
	{"alarm-rate", required_argument, NULL, OPTION_ALARM_RATE},
	{"also", required_argument, NULL, OPTION_ALSO},
	{"base", required_argument, NULL, OPTION_BASE},
	{"bisect", no_argument, NULL, OPTION_BISECT},
	{"cache", required_argument, NULL, OPTION_CACHE},
	{"effect-floor", required_argument, NULL, OPTION_EFFECT_FLOOR},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"fresh", no_argument, NULL, OPTION_FRESH},
	{"head", required_argument, NULL, OPTION_HEAD},
	{"machine", required_argument, NULL, OPTION_MACHINE},
	{"no-annotate", no_argument, NULL, OPTION_NO_ANNOTATE},
	{"output", required_argument, NULL, 'o'},
	{"runs", required_argument, NULL, 'n'},
	{"source", required_argument, NULL, OPTION_SOURCE},
	{"verbose", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

/* git hands these to hooks; they would lead builds and git itself to the user's repository. */
static const char *const git_variables[] = {"GIT_ALTERNATE_OBJECT_DIRECTORIES",
					    "GIT_COMMON_DIR",
					    "GIT_DIR",
					    "GIT_INDEX_FILE",
					    "GIT_NAMESPACE",
					    "GIT_OBJECT_DIRECTORY",
					    "GIT_PREFIX",
					    "GIT_WORK_TREE",
					    NULL};

struct arguments {
	struct gate_options options;
	const char **also; /* --also, NULL-terminated; the strings are argv's */
	size_t also_count;
	size_t also_capacity;
	const char *source; /* NULL: not given, as the next */
	const char *runs;
	const char *given;  /* --format */
	const char *output; /* NULL: stdout */
	enum report_format format;
	bool verbose;
	bool force;
	bool bisect;
};

static int parse_source(const char *text, enum event_source *source)
{
	return event_source_parse(text, source) || *source == EVENT_SOURCE_IMPORT
		       ? -EINVAL
		       : 0;
}

static int parse_runs(const char *text, unsigned *runs)
{
	uint64_t number;

	if (text_to_u64(text, &number) || number < RUNS_MIN || number > RUNS_MAX)
		return -EINVAL;
	*runs = (unsigned)number;
	return 0;
}

static int take_also(const struct cli *cli, struct arguments *arguments)
{
	struct error error;

	if (array_reserve(&arguments->also, &arguments->also_capacity,
			  arguments->also_count + 2, sizeof(*arguments->also))) {
		error_no_memory(&error, "reading the arguments");
		return command_fail(cli, &error);
	}
	arguments->also[arguments->also_count++] = optarg;
	arguments->options.also = arguments->also;
	return 0;
}

static int take_number(const struct cli *cli, struct arguments *arguments, int number)
{
	struct gate_options *options = &arguments->options;

	switch (number) {
	case OPTION_ALARM_RATE:
		return judging_share(cli, &command_check, "--alarm-rate", optarg, false,
				     &options->alarm_rate);
	case OPTION_EFFECT_FLOOR:
		return judging_share(cli, &command_check, "--effect-floor", optarg,
				     true, &options->effect_floor);
	case OPTION_SOURCE:
		arguments->source = optarg;
		if (parse_source(optarg, &options->source))
			return command_usage(
				cli, &command_check,
				"--source takes auto, perf, papi, sim or none, not "
				"'%s'",
				optarg);
		return 0;
	default:
		arguments->runs = optarg;
		if (parse_runs(optarg, &options->runs))
			return command_usage(cli, &command_check,
					     "-n takes a number of runs from %u to %u, "
					     "not '%s'",
					     RUNS_MIN, RUNS_MAX, optarg);
		return 0;
	}
}

/* One option. Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	struct gate_options *options = &arguments->options;

	switch (number) {
	case OPTION_AA:
		options->against_itself = true;
		return 0;
	case OPTION_ALSO:
		return take_also(cli, arguments);
	case OPTION_NO_ANNOTATE:
		options->unmarked = true;
		return 0;
	case OPTION_ALARM_RATE:
	case OPTION_EFFECT_FLOOR:
	case OPTION_SOURCE:
	case 'n':
		return take_number(cli, arguments, number);
	case OPTION_BASE:
		options->base = optarg;
		return 0;
	case OPTION_BISECT:
		arguments->bisect = true;
		return 0;
	case OPTION_CACHE:
		options->cache = optarg;
		return 0;
	case OPTION_FORCE:
		arguments->force = true;
		return 0;
	case OPTION_FORMAT:
		arguments->given = optarg;
		return judging_format(cli, &command_check, optarg, &arguments->format);
	case OPTION_FRESH:
		options->fresh = true;
		return 0;
	case OPTION_HEAD:
		options->head = optarg;
		return 0;
	case OPTION_MACHINE:
		options->machine = optarg;
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
	return command_bad_option(cli, &command_check, number, argument);
}

static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	const struct gate_options *options = &arguments->options;
	int status = 0;
	int number;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":n:o:v", long_options, NULL)) != -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (status)
		return status;
	if (optind < argc)
		return command_usage(cli, &command_check,
				     "takes no argument, not '%s'; name revisions by "
				     "--base and --head",
				     argv[optind]);
	status = judging_settle_format(cli, &command_check, arguments->given,
				       &arguments->format);
	if (status)
		return status;
	if (options->against_itself && options->head)
		return command_usage(
			cli, &command_check,
			"--aa compares base with itself; leave out --head");
	if (options->unmarked && options->also)
		return command_usage(cli, &command_check,
				     "--also adds the markers that --no-annotate does "
				     "without; give one of them");
	return 0;
}

/* ---- the configuration ---- */

static int read_config(const struct repository *repository, struct config *config,
		       struct error *error)
{
	struct text path = {0};
	int code;

	text_printf(&path, "%s/" CONFIG_FILE, repository->top);
	if (path.failed)
		code = error_no_memory(error, "reading the configuration");
	else if (access(path.chars, F_OK))
		code = error_set(
			error, -ENOENT,
			"there is no '%s', which says how to build and what to "
			"measure; make it: autoperf init",
			path.chars);
	else
		code = config_read(config, path.chars, error);
	if (!code && !config->workload)
		code = error_set(
			error, -EINVAL,
			"'%s' says nothing of what to measure; add a [workload] "
			"with cmd = COMMAND",
			path.chars);
	text_free(&path);
	return code;
}

/* What the options leave open. */
static int complete(struct arguments *arguments, const struct config *config,
		    struct error *error)
{
	struct gate_options *options = &arguments->options;

	if (!arguments->source && config->source &&
	    parse_source(config->source, &options->source))
		return error_set(error, -EINVAL,
				 "'" CONFIG_FILE "': source of [check] is auto, perf, "
				 "papi, sim or none, not '%s'",
				 config->source);
	if (!arguments->runs && config->runs &&
	    parse_runs(config->runs, &options->runs))
		return error_set(error, -EINVAL,
				 "'" CONFIG_FILE
				 "': runs of [check] is a number from %u "
				 "to %u, not '%s'",
				 RUNS_MIN, RUNS_MAX, config->runs);
	if (options->machine && options->source != EVENT_SOURCE_SIM)
		return error_set_exit(error, EXIT_USAGE, -EINVAL,
				      "--machine is about the simulated machine; give "
				      "--source sim, too");
	return 0;
}

/* ---- work ---- */

static int show(const struct cli *cli, const struct arguments *arguments,
		const struct findings *findings, const struct gate_evidence *evidence,
		struct error *error)
{
	const struct evidence_paths paths = {.model = evidence->model,
					     .normal = evidence->normal,
					     .fresh = evidence->fresh};
	struct report_style style = judging_style(cli, arguments->verbose);
	struct evidence_files files = {0};
	struct file_output output = {0};
	FILE *out = stdout;
	int code = 0;

	if (arguments->format == REPORT_HTML)
		code = evidence_files_open(&files, &paths, findings, &cli->console,
					   error);
	style.evidence = &files.evidence;

	if (arguments->output && !code) {
		style.color = false;
		style.width = 0;
		code = file_output_open(&output, arguments->output, arguments->force,
					error);
		out = output.stream;
	}
	if (!code)
		code = report_write(findings, arguments->format, &style, out, error);
	if (!code && arguments->output)
		code = file_output_commit(&output, error);
	file_output_abandon(&output);
	evidence_files_close(&files);
	return code;
}

/* Messages get a descriptor of their own: stderr's is the workload's while that runs. */
static int part_from_stderr(struct cli *cli, struct error *error)
{
	int descriptor = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	FILE *messages = descriptor < 0 ? NULL : fdopen(descriptor, "w");

	if (!messages)
		return error_set(error, -errno, "cannot keep standard error: %s",
				 strerror(errno));
	setvbuf(messages, NULL, _IONBF, 0);
	cli->console.messages = messages;
	return 0;
}

static int check(struct cli *cli, struct arguments *arguments)
{
	struct repository repository = {0};
	struct config config = {0};
	struct gate_evidence evidence = {0};
	struct findings *findings = NULL;
	struct error error = {0};
	int status;
	int code = repository_open(&repository, ".", &error);

	for (const char *const *name = git_variables; *name; name++)
		unsetenv(*name);
	if (!code)
		code = part_from_stderr(cli, &error);
	if (!code)
		code = read_config(&repository, &config, &error);
	if (!code)
		code = complete(arguments, &config, &error);
	if (!code) {
		arguments->options.repository = &repository;
		arguments->options.config = &config;
		arguments->options.console = &cli->console;
		code = gate_check(&arguments->options, &findings, &evidence, &error);
	}
	if (!code)
		code = show(cli, arguments, findings, &evidence, &error);
	status = code ? command_fail(cli, &error) : (int)findings_exit_status(findings);
	if (code == -EINTR)
		console_note(&cli->console,
			     "the same command goes on where this one was");
	if (code == -EINTR && arguments->bisect)
		status = EXIT_BISECT_STOP;
	findings_free(findings);
	gate_evidence_free(&evidence);
	config_free(&config);
	repository_close(&repository);
	return command_finish(cli, status);
}

/* Whether --bisect is among the arguments, although others may be wrong. */
static bool wants_bisect(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--bisect"))
			return true;
	return false;
}

static int command_check_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {.options = {.runs = GATE_RUNS_DEFAULT,
						  .source = EVENT_SOURCE_AUTO,
						  .alarm_rate = DETECT_ALARM_RATE,
						  .effect_floor = DETECT_EFFECT_FLOOR}};
	bool bisect = wants_bisect(argc, argv);
	int status = parse(cli, argc, argv, &arguments);

	if (!status)
		status = check(cli, &arguments);
	free(arguments.also);
	/* Any other status would be taken for "bad". */
	if (bisect && status != EXIT_NORMAL && status != EXIT_REGRESSION &&
	    status != EXIT_BISECT_STOP)
		status = EXIT_BISECT_SKIP;
	return status;
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf check [OPTIONS]\n"
	"\n"
	"Does this branch make the program slower, and where? Copies two commits into a\n"
	"cache, builds both, runs them in turns, learns base's runs and judges head's. A\n"
	"suspected regression is said only after fresh runs of both have shown it again.\n"
	"The work tree, the index and the rest of the repository are only read. How to\n"
	"build and what to run is in .autoperf/config.ini (autoperf init).\n"
	"\n"
	"What is compared\n"
	"      --base REV         the older side (default: where head left the branch of\n"
	"                         the configuration)\n"
	"      --head REV         the newer side (default: HEAD); worktree: what lies in\n"
	"                         the work tree, ignored files left out\n"
	"      --aa               base against itself: must find nothing\n"
	"\n"
	"What is marked: functions of which a line differs, on both sides, in the copies\n"
	"      --also PATTERN     these functions, too (qualified names; may be repeated)\n"
	"      --no-annotate      no markers but those that the source has\n"
	"\n"
	"How it is measured\n"
	"  -n, --runs RUNS        of each side, and as many to confirm (default 10)\n"
	"      --source SOURCE    auto, perf, papi, sim or none (default auto)\n"
	"      --machine NAME     with source sim: the machine to simulate\n"
	"      --fresh            throw away what was measured before; builds stay\n"
	"      --cache DIR        parent of the cache folder (default: $AUTOPERF_CACHE,\n"
	"                         $XDG_CACHE_HOME/autoperf or ~/.cache/autoperf)\n"
	"\n"
	"How it is judged and shown\n"
	"      --alarm-rate P     false alarms per comparison (default 0.01)\n"
	"      --effect-floor S   smaller changes are normal (default 0.05, that is 5 %)\n"
	"      --format FORMAT    text (default), json, html, junit, sarif, github or\n"
	"                         markdown\n"
	"      --json             the same as --format json\n"
	"  -o, --output FILE      write it to FILE instead of standard output\n"
	"      --force            replace FILE if it exists\n"
	"  -v, --verbose          every region, counter and run\n"
	"      --bisect           exit status for git bisect run\n"
	"\n"
	"A check that was interrupted goes on where it was when it is asked for again.\n"
	"Builds and runs are kept by commit, commands and machine; autoperf clean removes\n"
	"them.\n"
	"\n"
	"Exit status: 0 no regression; 1 failed; 2 wrong usage; 3 regression; 4 cannot\n"
	"tell, or cannot be measured here. With --bisect 125 instead of 1, 2 and 4,\n"
	"and 130 when it was interrupted.\n";
/* clang-format on */

const struct command command_check = {
	.name = "check",
	.run = command_check_run,
	.summary = "compare a branch with what it left: slower, where, why",
	.usage = usage,
};
