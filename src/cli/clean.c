/* SPDX-License-Identifier: MIT */
/*
 * `autoperf clean`: removes what checks of this repository have left in the cache; with --all the
 * configuration as well. Nothing is removed that AutoPerf has not made.
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/command.h"
#include "gate/cache.h"
#include "gate/config.h"
#include "repo/repository.h"

enum option_number {
	OPTION_ALL = 256,
	OPTION_CACHE,
};

static const struct option long_options[] = {
	{"all", no_argument, NULL, OPTION_ALL},
	{"cache", required_argument, NULL, OPTION_CACHE},
	{NULL, 0, NULL, 0},
};

struct arguments {
	const char *cache; /* NULL: the default */
	bool all;
};

static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int number;

	opterr = 0;
	while ((number = getopt_long(argc, argv, ":", long_options, NULL)) != -1) {
		if (number == OPTION_ALL)
			arguments->all = true;
		else if (number == OPTION_CACHE)
			arguments->cache = optarg;
		else
			return command_bad_option(cli, &command_clean, number,
						  argv[optind - 1]);
	}
	if (optind < argc)
		return command_usage(cli, &command_clean, "takes no argument, not '%s'",
				     argv[optind]);
	return 0;
}

/* Removes the configuration, and its directory if nothing else is in it. */
static int remove_config(const struct repository *repository, bool *removed,
			 struct error *error)
{
	struct text directory = {0}, path = {0};
	int code = 0;

	text_printf(&directory, "%s/" CONFIG_DIRECTORY, repository->top);
	text_printf(&path, "%s/" CONFIG_FILE, repository->top);
	if (directory.failed || path.failed)
		code = error_no_memory(error, "naming the configuration");
	else if (!unlink(path.chars))
		*removed = true;
	else if (errno != ENOENT && errno != ENOTDIR)
		code = error_set(error, -errno, "cannot remove '%s': %s", path.chars,
				 strerror(errno));
	if (!code)
		(void)!rmdir(directory.chars);
	text_free(&directory);
	text_free(&path);
	return code;
}

static int print_json(const char *cache, bool cache_removed, bool config_removed)
{
	json_t *object = json_pack("{s:s, s:b, s:b}", "cache", cache, "cache_removed",
				   cache_removed, "config_removed", config_removed);
	int failed = !object || json_dumpf(object, stdout, 0);

	putchar('\n');
	json_decref(object);
	return failed;
}

static int run(const struct cli *cli, const struct arguments *arguments)
{
	struct repository repository = {0};
	struct error error = {0};
	bool cache_removed = false, config_removed = false;
	char *cache = NULL;
	int status = EXIT_NORMAL;
	int code = repository_open(&repository, ".", &error);

	if (!code)
		code = cache_remove(&repository, arguments->cache, &cache,
				    &cache_removed, &error);
	if (!code && arguments->all)
		code = remove_config(&repository, &config_removed, &error);
	if (code)
		status = command_fail(cli, &error);
	else if (cli->json)
		status = print_json(cache, cache_removed, config_removed) ? EXIT_FAILED
									  : status;
	if (!code && cache_removed)
		console_note(&cli->console, "removed '%s'", cache);
	else if (!code)
		console_note(&cli->console, "there was no cache at '%s'", cache);
	if (config_removed)
		console_note(&cli->console, "removed " CONFIG_FILE);
	free(cache);
	repository_close(&repository);
	return command_finish(cli, status);
}

static int command_clean_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int status = parse(cli, argc, argv, &arguments);

	return status ? status : run(cli, &arguments);
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf clean [OPTIONS]\n"
	"\n"
	"Removes what checks of this repository have left in the cache: copies, builds,\n"
	"recordings, models. The configuration stays.\n"
	"\n"
	"      --all        remove .autoperf/config.ini as well\n"
	"      --cache DIR  parent of the cache folder, as check takes it\n"
	"      --json       print what was removed as JSON\n"
	"\n"
	"Exit status: 0 nothing is left; 1 failed; 2 wrong usage.\n";
/* clang-format on */

const struct command command_clean = {
	.name = "clean",
	.run = command_clean_run,
	.summary = "remove what checks have left in the cache",
	.usage = usage,
};
