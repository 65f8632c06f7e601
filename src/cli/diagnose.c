/* SPDX-License-Identifier: MIT */
/*
 * `autoperf diagnose`: the original AutoPerf's one shot. Learns from TRAIN, judges TEST, leaves
 * everything in OUTDIR. TRAIN and TEST are profiles, or directories and CSV files that are
 * imported first.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/judging.h"
#include "detect/findings.h"
#include "model/model.h"
#include "profile/import.h"
#include "report/report.h"

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_ALARM_RATE = 256,
	OPTION_EFFECT_FLOOR,
	OPTION_FORCE,
	OPTION_SEED,
};

static const struct option long_options[] = {
	{"alarm-rate", required_argument, NULL, OPTION_ALARM_RATE},
	{"effect-floor", required_argument, NULL, OPTION_EFFECT_FLOOR},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"verbose", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct detect_options detect;
	struct model_options model;
	const char *train;
	const char *test;
	const char *directory;
	bool verbose;
};

/* What is left in OUTDIR. */
enum output_file {
	OUTPUT_ACCURACY,
	OUTPUT_LOG,
	OUTPUT_FINDINGS,
	OUTPUT_MODEL,
	OUTPUT_TRAIN, /* only when imported */
	OUTPUT_TEST,  /* likewise */
	OUTPUTS
};

static const char *const output_names[OUTPUTS] = {
	[OUTPUT_ACCURACY] = "accuracy.out",      [OUTPUT_LOG] = "network_training.log",
	[OUTPUT_FINDINGS] = "findings.json",     [OUTPUT_MODEL] = "model" MODEL_SUFFIX,
	[OUTPUT_TRAIN] = "train" PROFILE_SUFFIX, [OUTPUT_TEST] = "test" PROFILE_SUFFIX,
};

/* ---- arguments ---- */

/* One option. Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	switch (number) {
	case OPTION_ALARM_RATE:
		return judging_share(cli, &command_diagnose, "--alarm-rate", optarg,
				     false, &arguments->detect.alarm_rate);
	case OPTION_EFFECT_FLOOR:
		return judging_share(cli, &command_diagnose, "--effect-floor", optarg,
				     true, &arguments->detect.effect_floor);
	case OPTION_FORCE:
		arguments->detect.force = true;
		return 0;
	case OPTION_SEED:
		if (text_to_u64(optarg, &arguments->model.seed))
			return command_usage(cli, &command_diagnose,
					     "--seed takes a whole number, not '%s'",
					     optarg);
		return 0;
	case 'v':
		arguments->verbose = true;
		return 0;
	default:
		break;
	}
	return command_bad_option(cli, &command_diagnose, number, argument);
}

static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int status = 0;
	int number;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":v", long_options, NULL)) != -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (status)
		return status;
	if (argc - optind != 3)
		return command_usage(
			cli, &command_diagnose,
			"name what is normal, what is new, and a directory for "
			"the results: 'autoperf diagnose TRAIN TEST OUTDIR'");
	arguments->train = argv[optind];
	arguments->test = argv[optind + 1];
	arguments->directory = argv[optind + 2];
	return 0;
}

/* ---- the output directory ---- */

/* Whether it has any entry; -1 with errno if that cannot be read. */
static int is_empty(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	int empty = 1;

	if (!directory)
		return -1;
	errno = 0;
	while (empty == 1 && (entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			empty = 0;
	if (empty == 1 && errno)
		empty = -1;
	closedir(directory);
	return empty;
}

static int make_directory(const char *path, bool force, bool *made, struct error *error)
{
	int empty;

	*made = !mkdir(path, 0777);
	if (*made)
		return 0;
	if (errno != EEXIST)
		return error_set(error, -errno, "cannot make directory %s: %s", path,
				 strerror(errno));
	empty = is_empty(path);
	if (empty < 0)
		return error_set(error, -errno, "cannot use %s for the results: %s",
				 path, strerror(errno));
	if (!empty && !force)
		return error_set(
			error, -EEXIST,
			"%s is not empty: give --force to replace results in it, or "
			"another directory",
			path);
	return 0;
}

static char *path_in(const char *directory, const char *name)
{
	struct text text = {0};

	text_printf(&text, "%s/%s", directory, name);
	if (text.failed)
		text_free(&text);
	return text.chars;
}

/* ---- work ---- */

struct diagnosis {
	const struct cli *cli;
	const struct arguments *arguments;
	char *paths[OUTPUTS];
	struct model *model;
	struct findings *findings;
};

/* Whether the input has to be imported: a directory, or a CSV file. */
static bool is_foreign(const char *path)
{
	size_t length = strlen(path), suffix = strlen(".csv");
	struct stat info;

	return (!stat(path, &info) && S_ISDIR(info.st_mode)) ||
	       (length > suffix && !strcmp(path + length - suffix, ".csv"));
}

/* Opens the profile at `path`, or what is imported from there into `imported`. */
static int open_input(struct profile **profile, const struct diagnosis *diagnosis,
		      const char *path, const char *imported, struct error *error)
{
	const char *const inputs[] = {path};
	const struct import_options options = {
		.inputs = inputs,
		.input_count = 1,
		.output = imported,
		.force = true, /* the directory has been checked */
		.tool_version = AUTOPERF_VERSION,
		.console = &diagnosis->cli->console,
	};
	struct import_summary summary;
	int code;

	if (!is_foreign(path))
		return profile_open(profile, path, PROFILE_READ, error);
	code = profile_import(&options, &summary, error);
	return code ? code : profile_open(profile, imported, PROFILE_READ, error);
}

static int learn(struct diagnosis *diagnosis, struct error *error)
{
	struct model_options options = diagnosis->arguments->model;
	struct file_output log = {0};
	struct profile *profile = NULL;
	int code = open_input(&profile, diagnosis, diagnosis->arguments->train,
			      diagnosis->paths[OUTPUT_TRAIN], error);

	if (!code)
		code = file_output_open(&log, diagnosis->paths[OUTPUT_LOG], true,
					error);
	if (!code) {
		options.log = log.stream;
		options.console = &diagnosis->cli->console;
		options.tool_version = AUTOPERF_VERSION;
		code = model_train(&diagnosis->model, profile, &options, error);
	}
	if (!code)
		code = file_output_commit(&log, error);
	if (!code)
		code = model_save(diagnosis->model, diagnosis->paths[OUTPUT_MODEL],
				  true, error);
	file_output_abandon(&log);
	profile_close(profile);
	return code;
}

static int judge(struct diagnosis *diagnosis, struct error *error)
{
	struct detect_options options = diagnosis->arguments->detect;
	struct profile *profile = NULL;
	int code = open_input(&profile, diagnosis, diagnosis->arguments->test,
			      diagnosis->paths[OUTPUT_TEST], error);

	options.model_path = diagnosis->paths[OUTPUT_MODEL];
	options.console = &diagnosis->cli->console;
	if (!code)
		code = detect(&diagnosis->findings, diagnosis->model, profile, &options,
			      error);
	profile_close(profile);
	return code;
}

static int write_results(const struct diagnosis *diagnosis, struct error *error)
{
	struct file_output accuracy = {0}, findings = {0};
	int code = file_output_open(&accuracy, diagnosis->paths[OUTPUT_ACCURACY], true,
				    error);

	if (!code)
		code = file_output_open(&findings, diagnosis->paths[OUTPUT_FINDINGS],
					true, error);
	if (!code)
		code = report_accuracy(diagnosis->findings, diagnosis->arguments->train,
				       diagnosis->arguments->test, accuracy.stream,
				       error);
	if (!code)
		code = report_json(diagnosis->findings, findings.stream, error);
	if (!code)
		code = file_output_commit(&accuracy, error);
	if (!code)
		code = file_output_commit(&findings, error);
	file_output_abandon(&findings);
	file_output_abandon(&accuracy);
	return code;
}

static int show(const struct diagnosis *diagnosis, struct error *error)
{
	struct report_style style =
		judging_style(diagnosis->cli, diagnosis->arguments->verbose);

	if (diagnosis->cli->json)
		return report_json(diagnosis->findings, stdout, error);
	return report_text(diagnosis->findings, &style, stdout, error);
}

static int diagnose(struct diagnosis *diagnosis, struct error *error)
{
	const struct arguments *arguments = diagnosis->arguments;
	bool made;
	int code = make_directory(arguments->directory, arguments->detect.force, &made,
				  error);

	if (code)
		return code;
	for (size_t i = 0; i < OUTPUTS; i++) {
		diagnosis->paths[i] = path_in(arguments->directory, output_names[i]);
		if (!diagnosis->paths[i])
			return error_no_memory(error, "naming the results");
	}
	code = learn(diagnosis, error);
	if (!code)
		code = judge(diagnosis, error);
	if (!code)
		code = write_results(diagnosis, error);
	if (!code)
		code = show(diagnosis, error);
	/* Stays if there is something in it. */
	if (code && made)
		rmdir(arguments->directory);
	return code;
}

static int command_diagnose_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	struct diagnosis diagnosis = {.cli = cli, .arguments = &arguments};
	struct error error = {0};
	int status;

	detect_options_default(&arguments.detect);
	model_options_default(&arguments.model);
	status = parse(cli, argc, argv, &arguments);
	if (status)
		return status;
	if (diagnose(&diagnosis, &error)) {
		status = command_fail(cli, &error);
	} else {
		status = (int)findings_exit_status(diagnosis.findings);
		console_note(&cli->console, "wrote %s, %s and more to %s",
			     output_names[OUTPUT_ACCURACY], output_names[OUTPUT_LOG],
			     arguments.directory);
	}
	for (size_t i = 0; i < OUTPUTS; i++)
		free(diagnosis.paths[i]);
	findings_free(diagnosis.findings);
	model_free(diagnosis.model);
	return command_finish(cli, status);
}

const struct command command_diagnose = {
	.name = "diagnose",
	.run = command_diagnose_run,
	.summary =
		"train, detect and write accuracy.out in one go, as the original did",
	.usage =
		"Usage: autoperf diagnose [OPTIONS] TRAIN TEST OUTDIR\n"
		"\n"
		"Learns from TRAIN what is normal, judges TEST, and leaves the results "
		"in "
		"OUTDIR.\n"
		"TRAIN and TEST are each a profile (.apdb), a CSV file, or a directory "
		"in "
		"the\n"
		"original AutoPerf's layout, RUN/event_<i>_perf_data.csv.\n"
		"\n"
		"In OUTDIR\n"
		"  accuracy.out           the executions of TEST and TRAIN, anomalous "
		"or "
		"not;\n"
		"                         precision, recall and F-score; regions and "
		"counters\n"
		"  network_training.log   networks tried, training and validation "
		"errors\n"
		"  findings.json          what autoperf detect --json says\n"
		"  model.safetensors      the model, for autoperf detect\n"
		"  train.apdb, test.apdb  what was imported, if it was\n"
		"\n"
		"Options\n"
		"      --alarm-rate P     false alarms per comparison (default 0.01)\n"
		"      --effect-floor S   smaller changes are normal (default 0.05, "
		"that is "
		"5 %)\n"
		"      --seed N           seed of the training (default 1)\n"
		"      --force            use OUTDIR although it is not empty; compare "
		"although\n"
		"                         machine, source or events differ\n"
		"  -v, --verbose          show every region, counter and run\n"
		"      --json             show findings.json instead of the report\n"
		"\n"
		"Exit status: as of autoperf detect: 0 no regression; 1 failed; 2 "
		"wrong "
		"usage;\n"
		"3 regression; 4 cannot tell.\n",
};
