/* SPDX-License-Identifier: MIT */
/* `autoperf annotate`: parses the arguments, tells what was done; src/annotate does it. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "annotate/annotate.h"
#include "base/array.h"
#include "base/text.h"
#include "cli/command.h"
#include "repo/attributes.h"
#include "repo/changes.h"
#include "workload/workload.h"

enum option_number {
	OPTION_DIFF = 256,
	OPTION_DRY_RUN,
	OPTION_ERASE,
	OPTION_EXCLUDE,
	OPTION_MIN_LINES,
	OPTION_ONLY,
	OPTION_VERBOSE,
};

static const struct option long_options[] = {
	{"compile-commands", required_argument, NULL, 'p'},
	{"diff", required_argument, NULL, OPTION_DIFF},
	{"dry-run", no_argument, NULL, OPTION_DRY_RUN},
	{"erase", no_argument, NULL, OPTION_ERASE},
	{"exclude", required_argument, NULL, OPTION_EXCLUDE},
	{"min-lines", required_argument, NULL, OPTION_MIN_LINES},
	{"only", required_argument, NULL, OPTION_ONLY},
	{"verbose", no_argument, NULL, 'v'},
	{NULL, 0, NULL, 0},
};

struct patterns {
	const char **items; /* ends in NULL */
	size_t count, capacity;
};

struct arguments {
	struct annotate_options options;
	struct patterns only, exclude;
	const char *revision; /* NULL: not only what changed */
	bool dry_run, erase, verbose;
};

static bool add_pattern(struct patterns *patterns, const char *pattern)
{
	if (array_reserve(&patterns->items, &patterns->capacity, patterns->count + 2,
			  sizeof(*patterns->items)))
		return false;
	patterns->items[patterns->count++] = pattern;
	return true;
}

static int take_lines(const struct cli *cli, const char *chars, unsigned *lines)
{
	uint64_t value;

	if (text_to_u64(chars, &value) || value > 1000000)
		return command_usage(cli, &command_annotate,
				     "--min-lines takes a number of lines, not '%s'",
				     chars);
	*lines = (unsigned)value;
	return 0;
}

/* Returns 0 or an exit status. */
static int take_option(const struct cli *cli, int number, const char *last,
		       struct arguments *arguments)
{
	switch (number) {
	case 'p':
		arguments->options.commands = optarg;
		return 0;
	case 'v':
		arguments->verbose = true;
		return 0;
	case OPTION_DIFF:
		arguments->revision = optarg;
		return 0;
	case OPTION_DRY_RUN:
		arguments->dry_run = true;
		return 0;
	case OPTION_ERASE:
		arguments->erase = true;
		return 0;
	case OPTION_EXCLUDE:
		return add_pattern(&arguments->exclude, optarg) ? 0 : EXIT_FAILED;
	case OPTION_ONLY:
		return add_pattern(&arguments->only, optarg) ? 0 : EXIT_FAILED;
	case OPTION_MIN_LINES:
		return take_lines(cli, optarg, &arguments->options.min_lines);
	default:
		return command_bad_option(cli, &command_annotate, number, last);
	}
}

/* Returns 0 or an exit status. */
static int parse(const struct cli *cli, int argc, char **argv,
		 struct arguments *arguments)
{
	int number, status = 0, own = argc;

	/* What follows "--" are the compiler's options. */
	for (int i = 1; i < argc && own == argc; i++)
		if (!strcmp(argv[i], "--"))
			own = i;
	if (own < argc) {
		arguments->options.flags = (const char *const *)(argv + own + 1);
		argv[own] = NULL;
	}
	opterr = 0;
	while (!status &&
	       (number = getopt_long(own, argv, ":p:v", long_options, NULL)) != -1)
		status = take_option(cli, number, argv[optind - 1], arguments);
	if (status)
		return status;
	if (optind == own)
		return command_usage(
			cli, &command_annotate,
			"name files or directories: 'autoperf annotate src'");
	if (arguments->erase &&
	    (arguments->dry_run || arguments->revision || arguments->only.count ||
	     arguments->exclude.count || arguments->options.min_lines ||
	     arguments->options.commands || arguments->options.flags))
		return command_usage(
			cli, &command_annotate,
			"--erase takes out all markers; it goes with paths "
			"only");
	if (arguments->options.flags && arguments->options.commands)
		return command_usage(cli, &command_annotate,
				     "either -p or options after --, not both");
	arguments->options.paths = (const char *const *)(argv + optind);
	arguments->options.only = arguments->only.items;
	arguments->options.exclude = arguments->exclude.items;
	return 0;
}

static const char *plural(size_t count)
{
	return count == 1 ? "" : "s";
}

/* ---- erasing ---- */

static int erase(const struct cli *cli, const struct arguments *arguments)
{
	struct annotate_erased erased;
	struct error error = {0};

	if (annotate_erase(arguments->options.paths, &erased, &error))
		return command_fail(cli, &error);
	if (cli->json)
		printf("{\"files\": %zu, \"markers\": %zu, \"left\": %zu}\n",
		       erased.files, erased.markers, erased.left);
	console_note(&cli->console, "%zu marker%s taken out of %zu file%s",
		     erased.markers, plural(erased.markers), erased.files,
		     plural(erased.files));
	if (erased.left)
		console_warn(
			&cli->console,
			"%zu mark%s left that no longer look%s like ours, the first "
			"at %s; was the file reformatted? Take it out by hand",
			erased.left, plural(erased.left), erased.left == 1 ? "s" : "",
			erased.first_left);
	return EXIT_NORMAL;
}

/* ---- what was done ---- */

struct totals {
	size_t functions, annotated, files;
	size_t skipped[SKIP_KINDS];
	size_t left_alone[FILE_SKIP_KINDS];
};

static struct totals count(const struct annotation *annotation)
{
	struct totals totals = {0};

	for (size_t i = 0; i < annotation->file_count; i++) {
		const struct annotate_file *file = &annotation->files[i];

		totals.left_alone[file->skip]++;
		totals.files += file->marker_count != 0;
		totals.functions += file->function_count;
		for (size_t j = 0; j < file->function_count; j++)
			totals.skipped[file->functions[j].skip]++;
	}
	totals.annotated = totals.skipped[SKIP_NOT];
	return totals;
}

static void note_problems(const struct cli *cli, const struct annotation *annotation)
{
	for (size_t i = 0; i < annotation->file_count; i++) {
		const struct annotate_file *file = &annotation->files[i];

		if (file->skip == FILE_NOT_PARSED)
			console_warn(&cli->console, "left alone: %s", file->problem);
	}
}

static void note_totals(const struct cli *cli, const struct totals *totals,
			bool dry_run)
{
	console_note(&cli->console, "%zu of %zu function%s %s in %zu file%s",
		     totals->annotated, totals->functions, plural(totals->functions),
		     dry_run ? "would be annotated" : "annotated", totals->files,
		     plural(totals->files));
	for (int i = SKIP_NOT + 1; i < SKIP_KINDS; i++)
		if (totals->skipped[i])
			console_note(&cli->console, "  %6zu  %s", totals->skipped[i],
				     annotate_skip_text(i));
	for (int i = FILE_TAKEN + 1; i < FILE_SKIP_KINDS; i++)
		if (totals->left_alone[i])
			console_note(&cli->console, "  %6zu  file%s: %s",
				     totals->left_alone[i],
				     plural(totals->left_alone[i]),
				     annotate_file_skip_text(i));
}

/* One line a function, for -v. */
static void print_functions(const struct annotation *annotation)
{
	for (size_t i = 0; i < annotation->file_count; i++) {
		const struct annotate_file *file = &annotation->files[i];

		if (file->skip)
			printf("%s: %s\n", file->path,
			       annotate_file_skip_text(file->skip));
		for (size_t j = 0; j < file->function_count; j++)
			printf("%s:%u: %s: %s\n", file->path, file->functions[j].line,
			       file->functions[j].name,
			       annotate_skip_text(file->functions[j].skip));
	}
}

static json_t *json_of_file(const struct annotate_file *file)
{
	json_t *functions = json_array();

	for (size_t i = 0; i < file->function_count; i++) {
		const struct annotate_function *function = &file->functions[i];

		json_array_append_new(functions,
				      json_pack("{s:s, s:I, s:b, s:s}", "name",
						function->name, "line",
						(json_int_t)function->line, "annotated",
						function->skip == SKIP_NOT, "reason",
						annotate_skip_text(function->skip)));
	}
	return json_pack("{s:s, s:s, s:s*, s:o}", "path", file->path, "state",
			 annotate_file_skip_text(file->skip), "problem", file->problem,
			 "functions", functions);
}

static void print_json(const struct annotation *annotation, const struct totals *totals)
{
	json_t *files = json_array();
	json_t *root;

	for (size_t i = 0; i < annotation->file_count; i++)
		json_array_append_new(files, json_of_file(&annotation->files[i]));
	root = json_pack("{s:I, s:I, s:I, s:I, s:o}", "functions",
			 (json_int_t)totals->functions, "annotated",
			 (json_int_t)totals->annotated, "units",
			 (json_int_t)annotation->unit_count, "units_failed",
			 (json_int_t)annotation->units_failed, "files", files);
	json_dumpf(root, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(root);
}

static int print_diff(const struct annotation *annotation, struct error *error)
{
	char *here = realpath(".", NULL);
	struct text diff = {0};

	for (size_t i = 0; i < annotation->file_count; i++)
		annotate_diff(&annotation->files[i], here, &diff);
	if (!diff.failed)
		fwrite(diff.chars, 1, diff.length, stdout);
	free(here);
	if (diff.failed)
		error_no_memory(error, "comparing texts");
	text_free(&diff);
	return error->code;
}

/* ---- the command ---- */

static bool has_changed(const void *context, const char *path, unsigned first,
			unsigned last)
{
	return changes_touch(context, path, first, last);
}

static bool has_attribute(void *context, const char *path, const char *name)
{
	return attributes_has(context, path, name);
}

/* With --diff: what it chooses by. */
static int find_changes(const struct arguments *arguments,
			struct annotate_options *options, struct changes *changes,
			struct error *error)
{
	struct repository repository = {0};
	struct revision revision;
	int code;

	if (!arguments->revision || !options->paths)
		return 0;
	code = repository_open(&repository, *options->paths, error);
	if (!code)
		code = repository_resolve(&repository, arguments->revision, &revision,
					  error);
	if (!code)
		code = changes_find(changes, &repository, &revision, NULL,
				    repository.top, error);
	repository_close(&repository);
	options->changed = has_changed;
	options->changed_context = changes;
	return code;
}

/* Whether there was something to parse, and none of it could be. */
static bool is_in_vain(const struct annotation *annotation)
{
	return annotation->unit_count &&
	       annotation->units_failed == annotation->unit_count;
}

static int annotate(const struct cli *cli, const struct arguments *arguments)
{
	struct annotate_options options = arguments->options;
	struct annotation annotation = {0};
	struct attributes attributes = {0};
	struct changes changes = {0};
	struct error error = {0};
	struct totals totals;
	int status = EXIT_NORMAL;
	char *headers = workload_find_headers();
	int code = find_changes(arguments, &options, &changes, &error);

	options.headers = headers;
	options.has_attribute = has_attribute;
	options.attribute_context = &attributes;
	if (!code)
		code = annotate_plan(&annotation, &options, &error);
	if (!code)
		note_problems(cli, &annotation);
	if (!code && arguments->dry_run && !cli->json && !arguments->verbose)
		code = print_diff(&annotation, &error);
	if (!code && !arguments->dry_run)
		code = annotation_write(&annotation, &error);
	if (!code) {
		totals = count(&annotation);
		if (cli->json)
			print_json(&annotation, &totals);
		else if (arguments->verbose)
			print_functions(&annotation);
		note_totals(cli, &totals, arguments->dry_run);
		if (is_in_vain(&annotation))
			code = error_set(&error, -EINVAL,
					 "no file could be parsed; are the compiler's "
					 "options right, and generated headers made?");
	}
	if (code)
		status = command_fail(cli, &error);
	annotation_free(&annotation);
	attributes_close(&attributes);
	changes_free(&changes);
	free(headers);
	return status;
}

static int command_annotate_run(int argc, char **argv, struct cli *cli)
{
	struct arguments arguments = {0};
	int status = parse(cli, argc, argv, &arguments);

	if (!status)
		status = arguments.erase ? erase(cli, &arguments)
					 : annotate(cli, &arguments);
	free(arguments.only.items);
	free(arguments.exclude.items);
	return command_finish(cli, status);
}

/* A line of text is a line here. */
/* clang-format off */
static const char usage[] =
	"Usage: autoperf annotate [OPTIONS] PATH... [-- COMPILER-OPTIONS]\n"
	"       autoperf annotate --erase PATH...\n"
	"\n"
	"Puts a region's marker into each function of the C and C++ files, on the line of\n"
	"its opening brace, and takes all of them out again. No line changes its number.\n"
	"\n"
	"  -p, --compile-commands PATH\n"
	"                      compile_commands.json or its directory (default: looked\n"
	"                      for above the first PATH, and in build there)\n"
	"      --diff REV      only functions with lines that changed since REV\n"
	"      --only PATTERN  only functions with such names, qualified or not; may be\n"
	"                      repeated\n"
	"      --exclude PATTERN  not these\n"
	"      --min-lines N   only functions of so many lines\n"
	"      --dry-run       print a unified diff, change nothing\n"
	"      --erase         take the markers out: the files are as they were\n"
	"  -v, --verbose       list all functions, and why some get no marker\n"
	"      --json          the same as JSON\n"
	"\n"
	"Patterns are the shell's: 'ns::*', '*parse*'. A file that cannot be parsed to\n"
	"its end is left alone, and the compiler's message shown.\n"
	"\n"
	"Exit status: 0 done; 1 failed; 2 wrong usage.\n";
/* clang-format on */

const struct command command_annotate = {
	.name = "annotate",
	.run = command_annotate_run,
	.summary = "put markers into functions, or take them out",
	.usage = usage,
};
