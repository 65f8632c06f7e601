/* SPDX-License-Identifier: MIT */
/*
 * `autoperf evaluate`: how far verdicts can be trusted. With runs whose kind is known, a table of
 * what is found and what is a false alarm; with normal runs alone (--aa), the rate of false
 * alarms that is really had.
 */
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/judging.h"
#include "detect/evaluate.h"
#include "report/evaluation.h"
#include "report/html.h"

#define SPLITS_DEFAULT 100
#define SPLITS_MAX     1000000
#define PROFILE_MAGIC  "SQLite format 3" /* with its NUL */

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_AA = 256,
	OPTION_ALARM_RATE,
	OPTION_EFFECT_FLOOR,
	OPTION_FORCE,
	OPTION_FORMAT,
	OPTION_METHOD,
	OPTION_SEED,
	OPTION_TEST_RUNS,
	OPTION_TRAINING_RUNS,
};

static const struct option long_options[] = {
	{"aa", no_argument, NULL, OPTION_AA},
	{"alarm-rate", required_argument, NULL, OPTION_ALARM_RATE},
	{"effect-floor", required_argument, NULL, OPTION_EFFECT_FLOOR},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"format", required_argument, NULL, OPTION_FORMAT},
	{"method", required_argument, NULL, OPTION_METHOD},
	{"output", required_argument, NULL, 'o'},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"splits", required_argument, NULL, 'k'},
	{"test-runs", required_argument, NULL, OPTION_TEST_RUNS},
	{"training-runs", required_argument, NULL, OPTION_TRAINING_RUNS},
	{"verbose", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct detect_options detect;
	struct model_options model;
	const char *train; /* a profile or a model */
	const char *normal;
	const char *anomalous;
	const char *given;  /* --format; NULL: not given */
	const char *output; /* NULL: stdout */
	enum report_format format;
	bool against_itself;
	bool verbose;
	bool split_option; /* one that only --aa has */
	uint64_t splits;
	uint64_t training_runs; /* 0: as it comes */
	uint64_t test_runs;
};

/* ---- arguments ---- */

static int take_count(const struct cli *cli, struct arguments *arguments,
		      const char *option, uint64_t *count)
{
	arguments->split_option = true;
	if (!text_to_u64(optarg, count) && *count && *count <= SPLITS_MAX)
		return 0;
	return command_usage(cli, &command_evaluate,
			     "%s takes a number from 1 to %d, not '%s'", option,
			     SPLITS_MAX, optarg);
}

/* One option. Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	switch (number) {
	case OPTION_AA:
		arguments->against_itself = true;
		return 0;
	case OPTION_ALARM_RATE:
		return judging_share(cli, &command_evaluate, "--alarm-rate", optarg,
				     false, &arguments->detect.alarm_rate);
	case OPTION_EFFECT_FLOOR:
		return judging_share(cli, &command_evaluate, "--effect-floor", optarg,
				     true, &arguments->detect.effect_floor);
	case OPTION_FORCE:
		arguments->detect.force = true;
		return 0;
	case OPTION_FORMAT:
		arguments->given = optarg;
		return judging_format(cli, &command_evaluate, optarg,
				      &arguments->format);
	case OPTION_METHOD:
		if (model_method_parse(optarg, &arguments->model.method))
			return command_usage(
				cli, &command_evaluate,
				"--method takes default or original, not '%s'", optarg);
		return 0;
	case OPTION_SEED:
		if (text_to_u64(optarg, &arguments->model.seed))
			return command_usage(cli, &command_evaluate,
					     "--seed takes a whole number, not '%s'",
					     optarg);
		return 0;
	case OPTION_TEST_RUNS:
		return take_count(cli, arguments, "--test-runs", &arguments->test_runs);
	case OPTION_TRAINING_RUNS:
		return take_count(cli, arguments, "--training-runs",
				  &arguments->training_runs);
	case 'k':
		return take_count(cli, arguments, "--splits", &arguments->splits);
	case 'o':
		arguments->output = optarg;
		return 0;
	case 'v':
		arguments->verbose = true;
		return 0;
	default:
		break;
	}
	return command_bad_option(cli, &command_evaluate, number, argument);
}

static int take_operands(const struct cli *cli, struct arguments *arguments, int count,
			 char **operands)
{
	if (arguments->against_itself) {
		if (count != 1)
			return command_usage(
				cli, &command_evaluate,
				"name one profile of normal runs: 'autoperf evaluate "
				"--aa PROFILE'");
		arguments->train = operands[0];
		return 0;
	}
	if (arguments->split_option)
		return command_usage(cli, &command_evaluate,
				     "--splits, --training-runs and --test-runs need "
				     "--aa");
	if (count != 3)
		return command_usage(cli, &command_evaluate,
				     "name a profile to learn from, one of other "
				     "normal runs and one "
				     "of anomalous runs: 'autoperf evaluate TRAIN "
				     "NORMAL ANOMALOUS'");
	arguments->train = operands[0];
	arguments->normal = operands[1];
	arguments->anomalous = operands[2];
	return 0;
}

static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int status = 0;
	int number;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":k:o:v", long_options, NULL)) != -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (!status)
		status = judging_settle_format(cli, &command_evaluate, arguments->given,
					       &arguments->format);
	return status ? status
		      : take_operands(cli, arguments, argc - optind, argv + optind);
}

/* ---- work ---- */

/* By content: else it is a model, or model_load() says what it is. */
static bool is_profile(const char *path)
{
	char head[sizeof(PROFILE_MAGIC)];
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool is = file >= 0 && pread(file, head, sizeof(head), 0) == sizeof(head) &&
		  !memcmp(head, PROFILE_MAGIC, sizeof(head));

	if (file >= 0)
		close(file);
	return is;
}

static int learn(struct model **model, const struct cli *cli,
		 const struct arguments *arguments, struct error *error)
{
	struct model_options options = arguments->model;
	struct profile *profile = NULL;
	int code;

	if (!is_profile(arguments->train))
		return model_load(model, arguments->train, error);
	options.console = &cli->console;
	options.tool_version = AUTOPERF_VERSION;
	code = profile_open(&profile, arguments->train, PROFILE_READ, error);
	if (!code)
		code = model_train(model, profile, &options, error);
	profile_close(profile);
	return code;
}

static int show_known(const struct arguments *arguments,
		      const struct evaluation *evaluation, FILE *out,
		      struct error *error)
{
	const struct report_evidence page = {.evaluation = evaluation};

	switch (arguments->format) {
	case REPORT_HTML:
		return report_html(NULL, &page, out, error);
	case REPORT_JSON:
		return report_evaluation_json(evaluation, out, error);
	case REPORT_TEXT:
		return report_evaluation_text(evaluation, arguments->verbose, out,
					      error);
	default:
		return report_evaluation_ci(evaluation, arguments->format, out, error);
	}
}

static int show_splits(const struct arguments *arguments,
		       const struct split_results *results, FILE *out,
		       struct error *error)
{
	const struct report_evidence page = {.splits = results};

	switch (arguments->format) {
	case REPORT_HTML:
		return report_html(NULL, &page, out, error);
	case REPORT_JSON:
		return report_splits_json(results, out, error);
	case REPORT_TEXT:
		return report_splits_text(results, out, error);
	default:
		return report_splits_ci(results, arguments->format, out, error);
	}
}

static int evaluate_known(const struct cli *cli, const struct arguments *arguments,
			  FILE *out, struct error *error)
{
	struct detect_options options = arguments->detect;
	struct profile *normal = NULL, *anomalous = NULL;
	struct evaluation *evaluation = NULL;
	struct model *model = NULL;
	int code = profile_open(&normal, arguments->normal, PROFILE_READ, error);

	options.console = &cli->console;
	if (!code)
		code = profile_open(&anomalous, arguments->anomalous, PROFILE_READ,
				    error);
	if (!code)
		code = learn(&model, cli, arguments, error);
	if (!code)
		code = evaluate(&evaluation, model, normal, anomalous, &options, error);
	if (!code)
		code = show_known(arguments, evaluation, out, error);
	evaluation_free(evaluation);
	model_free(model);
	profile_close(anomalous);
	profile_close(normal);
	return code;
}

static int evaluate_against_itself(const struct cli *cli,
				   const struct arguments *arguments, FILE *out,
				   struct error *error)
{
	const struct evaluate_splits_options options = {
		.splits = (size_t)arguments->splits,
		.training_runs = (size_t)arguments->training_runs,
		.test_runs = (size_t)arguments->test_runs,
		.seed = arguments->model.seed,
		.model = arguments->model,
		.detect = arguments->detect,
		.console = &cli->console,
	};
	struct split_results results = {0};
	struct profile *profile = NULL;
	int code = profile_open(&profile, arguments->train, PROFILE_READ, error);

	if (!code)
		code = evaluate_splits(&results, profile, &options, error);
	if (!code)
		code = show_splits(arguments, &results, out, error);
	split_results_free(&results);
	profile_close(profile);
	return code;
}

static int run(const struct cli *cli, const struct arguments *arguments)
{
	struct file_output output = {0};
	struct error error = {0};
	FILE *out = stdout;
	int status = EXIT_NORMAL;
	int code = 0;

	if (arguments->output) {
		code = file_output_open(&output, arguments->output,
					arguments->detect.force, &error);
		out = output.stream;
	}
	if (!code)
		code = arguments->against_itself
			       ? evaluate_against_itself(cli, arguments, out, &error)
			       : evaluate_known(cli, arguments, out, &error);
	if (!code && arguments->output)
		code = file_output_commit(&output, &error);
	if (code)
		status = command_fail(cli, &error);
	file_output_abandon(&output);
	return command_finish(cli, status);
}

static int command_evaluate_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {.splits = SPLITS_DEFAULT};
	int status;

	detect_options_default(&arguments.detect);
	model_options_default(&arguments.model);
	status = parse(cli, argc, argv, &arguments);
	return status ? status : run(cli, &arguments);
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf evaluate TRAIN NORMAL ANOMALOUS [OPTIONS]\n"
	"       autoperf evaluate --aa PROFILE [-k SPLITS] [OPTIONS]\n"
	"\n"
	"How far verdicts can be trusted. Learns from TRAIN (a profile, or a model that\n"
	"has learnt already), judges each run of NORMAL and ANOMALOUS, and counts what is\n"
	"found and what is a false alarm, over all regions and for each. With --aa, the\n"
	"runs of PROFILE are judged against each other again and again: every regression\n"
	"is a false alarm.\n"
	"\n"
	"      --aa                 judge normal runs against each other\n"
	"  -k, --splits N           so many times (default 100)\n"
	"      --training-runs N    to learn from in each (default two thirds)\n"
	"      --test-runs N        to judge in each (default the others)\n"
	"      --method M           default, or original: what the first AutoPerf did\n"
	"      --alarm-rate P       false alarms per comparison (default 0.01)\n"
	"      --effect-floor S     smaller changes are normal (default 0.05)\n"
	"      --seed N             of everything drawn at random (1)\n"
	"  -o, --output FILE        write it to FILE instead of standard output\n"
	"      --force              compare although machine, source or events differ;\n"
	"                           replace FILE\n"
	"      --format FORMAT      text (default), json, html (one page with curves),\n"
	"                           junit, sarif, github or markdown\n"
	"      --json               the same as --format json\n"
	"  -v, --verbose            what would be found at every threshold\n"
	"\n"
	"Columns: precision is the share of what was found that is anomalous, recall the\n"
	"share of anomalous runs that was found, F1 their harmonic mean. ROC and PR are\n"
	"areas under the curves of scores, 1 at best; a ROC area of 0.5 is chance.\n"
	"\n"
	"Exit status: 0 evaluated, whatever came out; 1 failed; 2 wrong usage.\n";
/* clang-format on */

const struct command command_evaluate = {
	.name = "evaluate",
	.run = command_evaluate_run,
	.summary = "how far verdicts can be trusted: accuracy, and false alarms",
	.usage = usage,
};
