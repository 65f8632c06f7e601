/* SPDX-License-Identifier: MIT */
/*
 * `autoperf train`: parses the arguments, trains, writes the model and tells in a table what
 * became of each region. Learning itself is src/model's.
 */
#include <getopt.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "base/threads.h"
#include "base/version.h"
#include "cli/command.h"
#include "model/model.h"

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_CLUSTERS = 256,
	OPTION_EPOCHS,
	OPTION_FORCE,
	OPTION_LOG,
	OPTION_METHOD,
	OPTION_NOISE,
	OPTION_SEED,
	OPTION_THREADS,
	OPTION_TOPOLOGY,
};

static const struct option long_options[] = {
	{"clusters", no_argument, NULL, OPTION_CLUSTERS},
	{"epochs", required_argument, NULL, OPTION_EPOCHS},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"log", required_argument, NULL, OPTION_LOG},
	{"method", required_argument, NULL, OPTION_METHOD},
	{"noise", required_argument, NULL, OPTION_NOISE},
	{"output", required_argument, NULL, 'o'},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"threads", required_argument, NULL, OPTION_THREADS},
	{"topology", required_argument, NULL, OPTION_TOPOLOGY},
	{NULL, 0, NULL, 0},
};

#define EPOCHS_MAX 1000000
#define NOISE_MAX  10.0 /* spreads; more than that leaves nothing to learn from */

struct arguments {
	struct model_options options;
	const char *profile;
	const char *output;
	const char *log; /* NULL: none */
	bool force;
};

static int take_number(const struct cli *cli, const char *name, uint64_t most,
		       int *number)
{
	uint64_t value;

	if (text_to_u64(optarg, &value) || !value || value > most)
		return command_usage(cli, &command_train,
				     "%s takes a whole number from 1 to %llu, not '%s'",
				     name, (unsigned long long)most, optarg);
	*number = (int)value;
	return 0;
}

/* One option. Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	struct model_options *options = &arguments->options;

	switch (number) {
	case OPTION_CLUSTERS:
		options->clusters = true;
		return 0;
	case OPTION_EPOCHS:
		return take_number(cli, "--epochs", EPOCHS_MAX, &options->epochs);
	case OPTION_THREADS:
		return take_number(cli, "--threads", THREADS_MAX, &options->threads);
	case OPTION_SEED:
		if (text_to_u64(optarg, &options->seed))
			return command_usage(cli, &command_train,
					     "--seed takes a whole number, not '%s'",
					     optarg);
		return 0;
	case OPTION_NOISE:
		if (text_to_double(optarg, &options->noise) ||
		    !(options->noise >= 0 && options->noise <= NOISE_MAX))
			return command_usage(cli, &command_train,
					     "--noise takes a number of spreads from 0 "
					     "to %g, not '%s'",
					     NOISE_MAX, optarg);
		return 0;
	case OPTION_METHOD:
		if (model_method_parse(optarg, &options->method))
			return command_usage(
				cli, &command_train,
				"--method takes default or original, not '%s'", optarg);
		return 0;
	case OPTION_TOPOLOGY:
		options->topology = optarg;
		return 0;
	case OPTION_LOG:
		arguments->log = optarg;
		return 0;
	case OPTION_FORCE:
		arguments->force = true;
		return 0;
	case 'o':
		arguments->output = optarg;
		return 0;
	default:
		break;
	}
	return command_bad_option(cli, &command_train, number, argument);
}

static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int status = 0;
	int number;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":o:", long_options, NULL)) != -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (status)
		return status;
	if (argc - optind != 1)
		return command_usage(
			cli, &command_train,
			"name one profile: 'autoperf train PROFILE -o MODEL'");
	if (!arguments->output)
		return command_usage(cli, &command_train,
				     "name the model to write: '-o MODEL" MODEL_SUFFIX
				     "'");
	arguments->profile = argv[optind];
	return 0;
}

/* ---- what is told ---- */

static void print_unit(const struct model *model, const struct model_unit *unit,
		       int width)
{
	char topology[MODEL_TOPOLOGY_MAX], samples[32];

	printf("%-*s ", width, unit->region);
	if (model->plan.pass_count > 1)
		printf("%5u ", unit->pass + 1);
	printf("%12s %6zu  %-24s %10.4g %10.4g\n",
	       text_count(unit->samples, samples, sizeof(samples)), unit->run_count,
	       model_topology(unit, topology), unit->validation_error, unit->threshold);
}

static void print_aside(const struct model *model, const struct model_unit *unit)
{
	if (unit->shared_with)
		printf("shared: %s was taught by %s, too\n", unit->region,
		       unit->shared_with);
	for (size_t i = 0; i < unit->aside_count; i++) {
		printf("set aside: run %u for %s", unit->aside[i].ordinal + 1,
		       unit->region);
		if (model->plan.pass_count > 1)
			printf(", pass %u", unit->pass + 1);
		printf(": %s\n", unit->aside[i].reason);
	}
}

static void print_table(const struct model *model, const char *path)
{
	int width = (int)strlen("region");

	for (size_t i = 0; i < model->unit_count; i++)
		if ((int)strlen(model->units[i].region) > width)
			width = (int)strlen(model->units[i].region);
	printf("%-*s %s%12s %6s  %-24s %10s %10s\n", width, "region",
	       model->plan.pass_count > 1 ? " pass " : "", "samples", "runs",
	       "topology", "error", "threshold");
	for (size_t i = 0; i < model->unit_count; i++)
		print_unit(model, &model->units[i], width);
	for (size_t i = 0; i < model->unit_count; i++)
		print_aside(model, &model->units[i]);
	for (size_t i = 0; i < model->skipped_count; i++) {
		const struct model_skipped *skipped = &model->skipped[i];

		printf("left out: %s", skipped->region);
		if (model->plan.pass_count > 1)
			printf(", pass %u", skipped->pass + 1);
		printf(": %s\n", skipped->reason);
	}
	printf("wrote %s\n", path);
}

static json_t *aside_json(const struct model_unit *unit)
{
	json_t *list = json_array();

	for (size_t i = 0; i < unit->aside_count; i++)
		json_array_append_new(list,
				      json_pack("{s:I, s:s}", "run",
						(json_int_t)unit->aside[i].ordinal + 1,
						"reason", unit->aside[i].reason));
	return list;
}

static json_t *unit_json(const struct model_unit *unit)
{
	char topology[MODEL_TOPOLOGY_MAX];

	return json_pack("{s:s, s:i, s:I, s:I, s:I, s:s, s:f, s:f, s:f, s:o}", "region",
			 unit->region, "pass", (int)unit->pass, "samples",
			 (json_int_t)unit->samples, "runs", (json_int_t)unit->run_count,
			 "features", (json_int_t)unit->feature_count, "topology",
			 model_topology(unit, topology), "training_error",
			 unit->training_error, "validation_error",
			 unit->validation_error, "threshold", unit->threshold,
			 "set_aside", aside_json(unit));
}

static int print_json(const struct model *model, const char *path, struct error *error)
{
	json_t *units = json_array(), *skipped = json_array();
	json_t *result;
	int status;

	for (size_t i = 0; i < model->unit_count; i++)
		json_array_append_new(units, unit_json(&model->units[i]));
	for (size_t i = 0; i < model->skipped_count; i++)
		json_array_append_new(
			skipped, json_pack("{s:s, s:i, s:I, s:I, s:s}", "region",
					   model->skipped[i].region, "pass",
					   (int)model->skipped[i].pass, "samples",
					   (json_int_t)model->skipped[i].samples,
					   "runs", (json_int_t)model->skipped[i].runs,
					   "reason", model->skipped[i].reason));
	result = json_pack("{s:s, s:I, s:o, s:o}", "model", path, "runs",
			   (json_int_t)model->run_count, "units", units, "skipped",
			   skipped);
	/* Errors of the stream surface at the end of the command. */
	status = result ? 0 : error_no_memory(error, "printing the summary");
	if (result) {
		json_dumpf(result, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(result);
	return status;
}

/* ---- work ---- */

static int train(struct model **model, const struct arguments *arguments,
		 struct error *error)
{
	struct profile *profile = NULL;
	int code = profile_open(&profile, arguments->profile, PROFILE_READ, error);

	if (!code)
		code = model_train(model, profile, &arguments->options, error);
	profile_close(profile);
	return code;
}

/*
 * Whether the file could be written: what cannot be must not cost a training. It is opened again
 * when there is something to write, so that an interrupted training leaves no file behind.
 */
static int check_output(const char *path, bool force, struct error *error)
{
	struct file_output output = {0};
	int code = path ? file_output_open(&output, path, force, error) : 0;

	file_output_abandon(&output);
	return code;
}

static int write_log(const struct arguments *arguments, const char *text, size_t length,
		     struct error *error)
{
	struct file_output log = {0};
	int code = file_output_open(&log, arguments->log, arguments->force, error);

	if (!code) {
		fwrite(text, 1, length, log.stream);
		code = file_output_commit(&log, error);
	}
	file_output_abandon(&log);
	return code;
}

/* Trains, and writes the log first: a failure leaves no model behind. */
static int work(struct model **model, struct arguments *arguments, struct error *error)
{
	size_t log_length = 0;
	char *log = NULL;
	int code;

	if (arguments->log) {
		arguments->options.log = open_memstream(&log, &log_length);
		if (!arguments->options.log)
			return error_no_memory(error, "training");
	}
	code = train(model, arguments, error);
	if (arguments->log && fclose(arguments->options.log) && !code)
		code = error_no_memory(error, "writing the training log");
	if (!code && arguments->log)
		code = write_log(arguments, log, log_length, error);
	free(log);
	if (!code)
		code = model_save(*model, arguments->output, arguments->force, error);
	return code;
}

static int run(const struct cli *cli, struct arguments *arguments)
{
	struct model *model = NULL;
	struct error error = {0};
	int status = EXIT_NORMAL;
	int code;

	code = check_output(arguments->output, arguments->force, &error);
	if (!code)
		code = check_output(arguments->log, arguments->force, &error);
	if (!code)
		code = work(&model, arguments, &error);
	if (!code && cli->json)
		code = print_json(model, arguments->output, &error);
	else if (!code)
		print_table(model, arguments->output);
	if (code)
		status = command_fail(cli, &error);
	model_free(model);
	return command_finish(cli, status);
}

static int command_train_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int status;

	model_options_default(&arguments.options);
	arguments.options.tool_version = AUTOPERF_VERSION;
	arguments.options.console = &cli->console;
	status = parse(cli, argc, argv, &arguments);
	return status ? status : run(cli, &arguments);
}

const struct command command_train = {
	.name = "train",
	.run = command_train_run,
	.summary = "learn from a profile of normal runs what normal is",
	.usage = "Usage: autoperf train PROFILE -o MODEL [OPTIONS]\n"
		 "\n"
		 "Learns from the runs of PROFILE that ended well what each region "
		 "normally\n"
		 "does, and writes it to MODEL. At least 3 runs, and 20 samples of a "
		 "region,\n"
		 "are needed. The same profile and options give the same bytes.\n"
		 "\n"
		 "  -o, --output MODEL   the model to write (" MODEL_SUFFIX ")\n"
		 "      --clusters       regions with too few samples share a model "
		 "with "
		 "regions\n"
		 "                       that behave alike\n"
		 "      --method M       default, or original: what the first AutoPerf "
		 "did, to\n"
		 "                       compare against; detect then judges as it "
		 "did\n"
		 "      --log FILE       write the training log: configurations, "
		 "errors while\n"
		 "                       training, thresholds\n"
		 "      --seed N         seed of all random numbers (1)\n"
		 "      --epochs N       passes over the samples at most (as many as "
		 "4,000\n"
		 "                       optimiser steps take)\n"
		 "      --topology T     this network instead of a search: units of "
		 "each layer,\n"
		 "                       such as 33-16-8-16-33 or n-n/2-n; n is the "
		 "number of\n"
		 "                       features; n-n:diagonal: each by itself\n"
		 "      --noise X        noise added to samples while training, in "
		 "spreads (0.1)\n"
		 "      --threads N      threads (all CPUs); the result is the same\n"
		 "      --force          overwrite MODEL and FILE\n"
		 "      --json           print the summary as JSON\n"
		 "\n"
		 "Columns of the summary: error is the mean squared error of held-out "
		 "runs in\n"
		 "units of each feature's spread; a sample whose score is above the "
		 "threshold,\n"
		 "as 1 % of normal samples are, counts as anomalous.\n"
		 "\n"
		 "Exit status: 0 trained; 1 failed; 2 wrong usage.\n",
};
