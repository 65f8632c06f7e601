/* SPDX-License-Identifier: MIT */
/* Markers for what a change touches: see marks.h. */
#include "gate/marks.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "annotate/annotate.h"
#include "annotate/source.h"
#include "base/array.h"
#include "base/text.h"
#include "repo/attributes.h"
#include "repo/changes.h"
#include "workload/workload.h"

/* Strings that end in NULL, as annotate_plan() takes them. */
struct words {
	char **items;
	size_t count;
	size_t capacity;
};

static int words_add(struct words *words, const char *word)
{
	if (array_reserve(&words->items, &words->capacity, words->count + 2,
			  sizeof(*words->items)))
		return -ENOMEM;
	words->items[words->count] = strdup(word);
	if (!words->items[words->count])
		return -ENOMEM;
	words->count++;
	return 0;
}

static void words_free(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
	*words = (struct words){0};
}

static const char *const *words_list(const struct words *words)
{
	return (const char *const *)words->items;
}

/* A name as a pattern that matches it alone: operator[] and operator* are names. */
static int add_name(struct words *patterns, const char *name)
{
	struct text pattern = {0};
	int code;

	text_puts(&pattern, "");
	for (; *name; name++) {
		if (strchr("*?[]\\", *name))
			text_puts(&pattern, "\\");
		text_append(&pattern, name, 1);
	}
	code = pattern.failed ? -ENOMEM : words_add(patterns, pattern.chars);
	text_free(&pattern);
	return code;
}

/* Whether the path of a copy is a file of that copy, and no link to one of the user's. */
static bool is_in_copy(const char *path)
{
	char *real = realpath(path, NULL);
	bool same = real && !strcmp(real, path);

	free(real);
	return same;
}

/* The changed files of one side that are C or C++, and there. */
static int source_files(const struct changes *changes, struct words *paths)
{
	int code = 0;

	for (size_t i = 0; i < changes->count && !code; i++) {
		const char *path = changes->files[i].path;
		bool cplusplus;

		if (source_is_named_so(path, &cplusplus) && is_in_copy(path))
			code = words_add(paths, path);
	}
	return code;
}

/* Where the build has left compile_commands.json; malloc'd, NULL if nowhere. Never outside. */
static char *find_commands(const char *tree)
{
	static const char *const places[] = {"", "build/", "_build/", "out/"};
	struct text path = {0};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		text_free(&path);
		text_printf(&path, "%s/%scompile_commands.json", tree, places[i]);
		if (!path.failed && !access(path.chars, R_OK))
			return path.chars;
	}
	text_free(&path);
	return NULL;
}

static bool has_changed(const void *context, const char *path, unsigned first,
			unsigned last)
{
	return changes_touch(context, path, first, last);
}

static bool has_attribute(void *context, const char *path, const char *name)
{
	return attributes_has(context, path, name);
}

/* annotate_plan() with the commands of the tree, or options that mostly do. */
static int plan(struct annotation *annotation, const char *tree,
		struct annotate_options *options, struct error *error)
{
	char *commands = find_commands(tree);
	char *headers = workload_find_headers();
	struct attributes attributes = {0};
	struct text include = {0};
	const char *flags[] = {"-I", tree, "-I", NULL, "-I", headers ? headers : tree,
			       NULL};
	int code;

	text_printf(&include, "%s/include", tree);
	flags[3] = include.chars;
	options->commands = commands;
	options->flags = commands ? NULL : flags;
	options->has_attribute = has_attribute;
	options->attribute_context = &attributes;
	code = include.failed ? error_no_memory(error, "looking for functions")
			      : annotate_plan(annotation, options, error);
	options->commands = NULL;
	options->flags = NULL;
	options->has_attribute = NULL;
	options->attribute_context = NULL;
	attributes_close(&attributes);
	text_free(&include);
	free(headers);
	free(commands);
	return code;
}

/* Files that cannot be parsed, by the path that the user knows. */
static void tell(const struct side *side, const struct annotation *annotation,
		 const struct console *console)
{
	char *tree = realpath(side->tree, NULL);
	size_t length = tree ? strlen(tree) : 0;

	for (size_t i = 0; i < annotation->file_count; i++) {
		const char *problem = annotation->files[i].problem;

		if (annotation->files[i].skip != FILE_NOT_PARSED)
			continue;
		if (length && !strncmp(problem, tree, length) && problem[length] == '/')
			problem += length + 1;
		console_warn(console, "%s: no markers in a file: %s", side->label,
			     problem);
	}
	free(tree);
}

/* Adds the names of the functions of a side that have changed. */
static int find_touched(const struct side *side, const struct changes *changes,
			const struct words *paths, struct words *patterns,
			const struct console *console, struct error *error)
{
	struct annotate_options options = {
		.paths = words_list(paths),
		.changed = has_changed,
		.changed_context = changes,
	};
	struct annotation annotation = {0};
	int code = 0;

	if (!paths->count)
		return 0;
	code = plan(&annotation, side->tree, &options, error);
	if (!code)
		tell(side, &annotation, console);
	for (size_t i = 0; !code && i < annotation.file_count; i++) {
		const struct annotate_file *file = &annotation.files[i];

		for (size_t j = 0; !code && j < file->function_count; j++)
			if (file->functions[j].skip == SKIP_NOT &&
			    add_name(patterns, file->functions[j].name))
				code = error_no_memory(error, "looking for functions");
	}
	annotation_free(&annotation);
	return code;
}

/* Marks the functions of those names; in all of the tree where there are patterns beside them. */
static int mark(const struct side *side, const struct words *paths,
		const struct words *patterns, bool everywhere, size_t *added,
		struct error *error)
{
	const char *const tree[] = {side->tree, NULL};
	struct annotate_options options = {
		.paths = everywhere ? tree : words_list(paths),
		.only = words_list(patterns),
	};
	struct annotation annotation = {0};
	int code;

	/* No pattern at all would stand for every function. */
	if (!patterns->count || (!everywhere && !paths->count))
		return 0;
	code = plan(&annotation, side->tree, &options, error);
	if (!code)
		code = annotation_write(&annotation, error);
	for (size_t i = 0; !code && i < annotation.file_count; i++)
		*added += annotation.files[i].marker_count;
	annotation_free(&annotation);
	return code;
}

/* What differs, seen from either side. The copy of head knows the commits of both. */
static int find_changes(const struct side *const sides[2], struct changes changes[2],
			struct error *error)
{
	struct repository copy = {0};
	int code = repository_open(&copy, sides[1]->tree, error);

	for (size_t i = 0; i < 2 && !code; i++)
		code = changes_find(&changes[i], &copy, &sides[!i]->revision,
				    &sides[i]->revision, sides[i]->tree, error);
	repository_close(&copy);
	return code;
}

int marks_put(const struct side *const sides[2], const char *const *also,
	      const struct console *console, size_t added[2], struct error *error)
{
	struct changes changes[2] = {{0}, {0}};
	struct words paths[2] = {{0}, {0}}, patterns = {0};
	bool everywhere = also && *also;
	int code = find_changes(sides, changes, error);

	added[0] = added[1] = 0;
	for (size_t i = 0; i < 2 && !code; i++)
		if (source_files(&changes[i], &paths[i]))
			code = error_no_memory(error, "looking for functions");
	for (size_t i = 0; i < 2 && !code; i++)
		code = find_touched(sides[i], &changes[i], &paths[i], &patterns,
				    console, error);
	for (; !code && also && *also; also++)
		if (words_add(&patterns, *also))
			code = error_no_memory(error, "looking for functions");
	for (size_t i = 0; i < 2 && !code; i++)
		code = mark(sides[i], &paths[i], &patterns, everywhere, &added[i],
			    error);
	for (size_t i = 0; i < 2; i++) {
		changes_free(&changes[i]);
		words_free(&paths[i]);
	}
	words_free(&patterns);
	return code;
}
