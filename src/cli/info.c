/* SPDX-License-Identifier: MIT */
/*
 * `autoperf info`: finds out by its first bytes what a file is (never by its name), and tells
 * what is in it. Each kind has a file of its own: info_recording.c, info_profile.c (and
 * info_lines.c), info_model.c.
 */
#include "cli/info.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "recording/format.h"

#define SQLITE_MAGIC "SQLite format 3" /* and its NUL */
#define HEAD_BYTES   16
#define TOP_MAX      1000000u

/* What getopt_long() returns for options without a letter; beyond any character. */
enum option_number { OPTION_ALL = 256, OPTION_LINES, OPTION_REGION, OPTION_TOP };

static const struct option long_options[] = {
	{"all", no_argument, NULL, OPTION_ALL},
	{"lines", no_argument, NULL, OPTION_LINES},
	{"region", required_argument, NULL, OPTION_REGION},
	{"top", required_argument, NULL, OPTION_TOP},
	{NULL, 0, NULL, 0},
};

typedef int (*info_function)(struct info *info, struct error *error);

/* A safetensors file: the length of the JSON header, 8 bytes little-endian, then '{'. */
static bool is_safetensors(const unsigned char *head, size_t length)
{
	/* No header is longer than 2^32: the upper bytes are zero. */
	return length > 8 && !head[4] && !head[5] && !head[6] && !head[7] &&
	       head[8] == '{';
}

/* By the first bytes; NULL when it is none of ours. */
static info_function recognise(const unsigned char *head, size_t length)
{
	if (length >= sizeof(RECORDING_MAGIC) - 1 &&
	    !memcmp(head, RECORDING_MAGIC, sizeof(RECORDING_MAGIC) - 1))
		return info_recording;
	if (length >= sizeof(SQLITE_MAGIC) &&
	    !memcmp(head, SQLITE_MAGIC, sizeof(SQLITE_MAGIC)))
		return info_profile;
	if (is_safetensors(head, length))
		return info_model;
	return NULL;
}

static int examine(struct info *info, info_function *function, struct error *error)
{
	unsigned char head[HEAD_BYTES];
	struct stat status;
	ssize_t got = 0;
	int file = open(info->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int code = 0;

	if (file < 0 || fstat(file, &status)) {
		code = error_set(error, -errno, "cannot open %s: %s", info->path,
				 strerror(errno));
	} else if (!S_ISREG(status.st_mode)) {
		code = error_set(
			error, S_ISDIR(status.st_mode) ? -EISDIR : -EINVAL,
			"%s is %s; info takes a recording, a profile or a model",
			info->path,
			S_ISDIR(status.st_mode) ? "a directory" : "no regular file");
	} else if ((got = pread(file, head, sizeof(head), 0)) < 0) {
		code = error_set(error, -errno, "cannot read %s: %s", info->path,
				 strerror(errno));
	} else {
		info->file_bytes = (uint64_t)status.st_size;
		*function = recognise(head, (size_t)got);
		if (!*function)
			code = error_set(
				error, -EINVAL,
				"%s is %s: neither a recording, a profile nor a "
				"model of AutoPerf",
				info->path, got ? "something else" : "empty");
	}
	if (file >= 0)
		close(file);
	return code;
}

static int run(const struct cli *cli, struct info *info)
{
	info_function function = NULL;
	struct error error = {0};
	int status = EXIT_NORMAL;
	int code = examine(info, &function, &error);

	if (!code && info->lines && function != info_profile)
		code = error_set(&error, -EINVAL,
				 "%s is no profile: only profiles have contended cache "
				 "lines",
				 info->path);
	else if (info->lines)
		function = info_lines;
	if (cli->json)
		info->json = json_object();
	if (!code && function)
		code = function(info, &error);
	if (!code && (info->page.failed || (cli->json && !info->json)))
		code = error_no_memory(&error, "describing a file");
	if (code) {
		status = command_fail(cli, &error);
	} else if (cli->json) {
		json_dumpf(info->json, stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		fwrite(info->page.chars, 1, info->page.length, stdout);
	}
	json_decref(info->json);
	text_free(&info->page);
	return command_finish(cli, status);
}

/* Returns 0 or an exit status. */
static int take_option(const struct cli *cli, struct info *info, int number,
		       const char *argument)
{
	uint64_t top;

	switch (number) {
	case OPTION_ALL:
		info->all = true;
		return 0;
	case OPTION_LINES:
		info->lines = true;
		return 0;
	case OPTION_REGION:
		info->region = optarg;
		return 0;
	case OPTION_TOP:
		if (text_to_u64(optarg, &top) || !top || top > TOP_MAX)
			return command_usage(
				cli, &command_info,
				"--top takes a number of lines, 1 or more, not '%s'",
				optarg);
		info->top = (size_t)top;
		return 0;
	default:
		break;
	}
	return command_bad_option(cli, &command_info, number, argument);
}

static int command_info_run(int argc, char **argv, struct cli *cli)
{
	struct info info = {.color = cli->color};
	int status = 0;
	int number;

	opterr = 0;
	while (!status &&
	       (number = getopt_long(argc, argv, ":", long_options, NULL)) != -1)
		status = take_option(cli, &info, number, argv[optind - 1]);
	if (status)
		return status;
	if (argc - optind != 1)
		return command_usage(
			cli, &command_info,
			"name one file: a recording, a profile or a model");
	if (!info.lines && (info.region || info.top))
		return command_usage(cli, &command_info,
				     "--%s chooses among the lines of --lines",
				     info.region ? "region" : "top");
	info.path = argv[optind];
	return run(cli, &info);
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf info [--all] [--json] FILE\n"
	"       autoperf info --lines [--region NAME] [--top N] [--all] [--json] PROFILE\n"
	"\n"
	"Tells what is in FILE, a recording (.aprec), a profile (.apdb) or a model\n"
	"(.safetensors): the command that was measured and the machine, events and\n"
	"passes, runs and what became of them, regions with their times, losses, and\n"
	"what a model was trained on. The kind is found by content, not by name.\n"
	"\n"
	"      --all          every run, process and line, however many\n"
	"      --json         everything as JSON\n"
	"\n"
	"Cache lines that threads contend for, known from source sim\n"
	"      --lines        the costliest ones of PROFILE: false or true sharing, its\n"
	"                     share of each region's cycles, the variable or allocation,\n"
	"                     the bytes that each thread reads (r) and writes (w), where,\n"
	"                     and the padding that would end it\n"
	"      --region NAME  only what costs this region\n"
	"      --top N        the N costliest (default 5)\n"
	"\n"
	"Exit status: 0 told; 1 FILE cannot be read or is damaged; 2 wrong usage.\n";
/* clang-format on */

const struct command command_info = {
	.name = "info",
	.run = command_info_run,
	.summary = "tell what is in a recording, a profile or a model",
	.usage = usage,
};
