/* SPDX-License-Identifier: MIT */
/*
 * `autoperf init`: writes .autoperf/config.ini. What is not given by options is guessed from the
 * repository's files and, unless --no-input, asked for, the guess being the default answer.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "event/event.h"
#include "gate/config.h"
#include "gate/guess.h"
#include "repo/repository.h"

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number {
	OPTION_BASE = 256,
	OPTION_BUILD,
	OPTION_BUILD_DIR,
	OPTION_CLEAN,
	OPTION_FORCE,
	OPTION_NO_INPUT,
	OPTION_SOURCE,
	OPTION_WORKLOAD,
	OPTION_WORKLOAD_DIR,
};

static const struct option long_options[] = {
	{"base", required_argument, NULL, OPTION_BASE},
	{"build", required_argument, NULL, OPTION_BUILD},
	{"build-dir", required_argument, NULL, OPTION_BUILD_DIR},
	{"clean", required_argument, NULL, OPTION_CLEAN},
	{"force", no_argument, NULL, OPTION_FORCE},
	{"no-input", no_argument, NULL, OPTION_NO_INPUT},
	{"source", required_argument, NULL, OPTION_SOURCE},
	{"workload", required_argument, NULL, OPTION_WORKLOAD},
	{"workload-dir", required_argument, NULL, OPTION_WORKLOAD_DIR},
	{NULL, 0, NULL, 0},
};

struct arguments {
	struct config config; /* from options, then guesses and answers */
	bool force;
	bool no_input;
};

/* ---- arguments ---- */

/* An option's value into its setting; "" is as good as not given. */
static int set(const struct cli *cli, char **member)
{
	struct error error;

	free(*member);
	*member = strdup(optarg);
	if (*member)
		return 0;
	error_no_memory(&error, "reading the arguments");
	return command_fail(cli, &error);
}

static int take_source(const struct cli *cli, struct arguments *arguments)
{
	enum event_source source;

	if (event_source_parse(optarg, &source) || source == EVENT_SOURCE_IMPORT)
		return command_usage(
			cli, &command_init,
			"--source takes auto, perf, papi, sim or none, not '%s'",
			optarg);
	return set(cli, &arguments->config.source);
}

static int take_option(const struct cli *cli, struct arguments *arguments, int number,
		       const char *argument)
{
	struct config *config = &arguments->config;

	switch (number) {
	case OPTION_BASE:
		return set(cli, &config->base);
	case OPTION_BUILD:
		return set(cli, &config->build);
	case OPTION_BUILD_DIR:
		return set(cli, &config->build_dir);
	case OPTION_CLEAN:
		return set(cli, &config->clean);
	case OPTION_FORCE:
		arguments->force = true;
		return 0;
	case OPTION_NO_INPUT:
		arguments->no_input = true;
		return 0;
	case OPTION_SOURCE:
		return take_source(cli, arguments);
	case OPTION_WORKLOAD:
		return set(cli, &config->workload);
	case OPTION_WORKLOAD_DIR:
		return set(cli, &config->workload_dir);
	default:
		break;
	}
	return command_bad_option(cli, &command_init, number, argument);
}

static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int status = 0;
	int number;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
		status = take_option(cli, arguments, number, argv[optind - 1]);
	if (!status && optind < argc)
		return command_usage(cli, &command_init, "takes no argument, not '%s'",
				     argv[optind]);
	return status;
}

/* ---- questions ---- */

/*
 * Asks for a setting; an empty answer, or the end of the input, takes what is there. Answers are
 * lines of stdin, so that a script can give them as well as a person.
 */
static int ask(const struct cli *cli, char **member, const char *question,
	       struct error *error)
{
	FILE *messages = cli->console.messages;
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length;

	fputs(question, messages);
	if (*member)
		fprintf(messages, " [%s]", *member);
	fputs(": ", messages);
	fflush(messages);
	errno = 0;
	length = getline(&line, &capacity, stdin);
	if (length < 0 && errno == ENOMEM) {
		free(line);
		return error_no_memory(error, "reading an answer");
	}
	if (length < 0)
		fputs("\n", messages);
	while (length > 0 && strchr(" \t\r\n", line[length - 1]))
		line[--length] = '\0';
	if (length <= 0) {
		free(line);
		return 0;
	}
	free(*member);
	*member = line;
	return 0;
}

static int ask_all(const struct cli *cli, const struct arguments *given,
		   struct config *config, struct error *error)
{
	int code = 0;

	if (!given->config.build)
		code = ask(cli, &config->build,
			   "Command that builds the program (sh -c, at the top)",
			   error);
	if (!code && !given->config.clean)
		code = ask(cli, &config->clean,
			   "Command to run before building, if any", error);
	if (!code && !given->config.workload)
		code = ask(cli, &config->workload,
			   "Command to measure, a second or so of typical work", error);
	if (!code && !given->config.base)
		code = ask(cli, &config->base, "Branch to compare with", error);
	return code;
}

/* ---- work ---- */

/* Copies what is set. */
static int copy_config(struct config *to, struct config *from, struct error *error)
{
	*to = (struct config){0};
	for (const struct config_key *key = config_keys; key->section; key++) {
		const char *value = *config_member(from, key);
		char **member = config_member(to, key);

		*member = value ? strdup(value) : NULL;
		if (value && !*member)
			return error_no_memory(error, "reading the arguments");
	}
	return 0;
}

/* Guesses, questions, and whether that is enough. */
static int complete(const struct cli *cli, const struct repository *repository,
		    struct arguments *arguments, struct config *config,
		    struct error *error)
{
	const char *from = NULL;
	int code = copy_config(config, &arguments->config, error);

	if (!code)
		code = guess_commands(config, repository->top, &from, error);
	if (!code && !config->base)
		config->base = repository_guess_base(repository);
	if (!code && from)
		console_note(&cli->console, "guessing by '%s'", from);
	if (!code && !arguments->no_input)
		code = ask_all(cli, arguments, config, error);
	if (!code && (!config->workload || !*config->workload))
		code = error_set_exit(
			error, EXIT_USAGE, -EINVAL,
			"there is nothing to measure: name a command that does a "
			"second or so of typical work: --workload './server --bench'");
	return code;
}

/* Writes the file, making its directory. */
static int store(const struct config *config, const char *top, bool force,
		 char **written, struct error *error)
{
	struct file_output output = {0};
	struct text directory = {0}, path = {0};
	int code = 0;

	text_printf(&directory, "%s/" CONFIG_DIRECTORY, top);
	text_printf(&path, "%s/" CONFIG_FILE, top);
	if (directory.failed || path.failed)
		code = error_no_memory(error, "naming the configuration");
	else if (mkdir(directory.chars, 0777) && errno != EEXIST)
		code = error_set(error, -errno, "cannot make '%s': %s", directory.chars,
				 strerror(errno));
	if (!code)
		code = file_output_open(&output, path.chars, force, error);
	if (!code) {
		config_write(config, output.stream);
		code = file_output_commit(&output, error);
	}
	file_output_abandon(&output);
	text_free(&directory);
	if (code)
		text_free(&path);
	*written = path.chars;
	return code;
}

/* With --json: the file and what is in it. */
static void print_json(const struct config *config, const char *path)
{
	json_t *object = json_pack("{s:s}", "path", path);

	for (const struct config_key *key = config_keys; object && key->section;
	     key++) {
		const char *value =
			*(char *const *)((const char *)config + key->offset);
		char name[64];

		snprintf(name, sizeof(name), "%s.%s", key->section, key->key);
		if (value)
			json_object_set_new(object, name, json_string(value));
	}
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

/* An existing file is seen before questions are asked. */
static int refuse_existing(const char *top, struct error *error)
{
	struct text path = {0};
	int code = 0;

	text_printf(&path, "%s/" CONFIG_FILE, top);
	if (path.failed)
		code = error_no_memory(error, "naming the configuration");
	else if (!access(path.chars, F_OK))
		code = error_set(error, -EEXIST,
				 "'%s' is there already; change it with an editor, or "
				 "begin anew: --force",
				 path.chars);
	text_free(&path);
	return code;
}

static int run(const struct cli *cli, struct arguments *arguments)
{
	struct repository repository = {0};
	struct config config = {0};
	struct error error = {0};
	char *path = NULL;
	int status = EXIT_NORMAL;
	int code = repository_open(&repository, ".", &error);

	if (!code && !arguments->force)
		code = refuse_existing(repository.top, &error);
	if (!code)
		code = complete(cli, &repository, arguments, &config, &error);
	if (!code)
		code = store(&config, repository.top, arguments->force, &path, &error);
	if (code)
		status = command_fail(cli, &error);
	else if (cli->json)
		print_json(&config, path);
	else
		config_write(&config, stdout);
	if (!code)
		console_note(&cli->console,
			     "wrote '%s'; commit it, and compare your branch: autoperf "
			     "check",
			     path);
	free(path);
	config_free(&config);
	repository_close(&repository);
	return command_finish(cli, status);
}

static int command_init_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int status = parse(cli, argc, argv, &arguments);

	if (!status)
		status = run(cli, &arguments);
	config_free(&arguments.config);
	return status;
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf init [OPTIONS]\n"
	"\n"
	"Writes .autoperf/config.ini at the top of the git repository: how it is built,\n"
	"and what is run to measure it. What is not given is guessed from meson.build,\n"
	"CMakeLists.txt, configure or a makefile, and asked for.\n"
	"\n"
	"      --build CMD         builds the program, in a fresh copy of the work tree\n"
	"      --build-dir DIR     where it runs, below the top (default: the top)\n"
	"      --clean CMD         is run before it\n"
	"      --workload CMD      what is measured: a second or so of typical work\n"
	"      --workload-dir DIR  where it runs, below the top (default: the top)\n"
	"      --base BRANCH       what changes are compared with (default: what origin\n"
	"                          calls its HEAD, main or master)\n"
	"      --source SOURCE     of counters: auto, perf, papi, sim or none\n"
	"      --no-input          ask nothing, take the guesses\n"
	"      --force             replace the file if it exists\n"
	"      --json              print the settings as JSON\n"
	"\n"
	"Commands are run by sh -c as they are given.\n"
	"\n"
	"Exit status: 0 written; 1 failed; 2 wrong usage, or nothing to measure.\n";
/* clang-format on */

const struct command command_init = {
	.name = "init",
	.run = command_init_run,
	.summary = "say how a repository is built and measured, for check",
	.usage = usage,
};
