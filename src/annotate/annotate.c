/* SPDX-License-Identifier: MIT */
/*
 * Which functions get a marker: those that all units agree on. Units are parsed by as many threads
 * as there are CPUs; what they found is put together in the units' order, so that the result does
 * not depend on the threads.
 */
#include "annotate/annotate.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "annotate/commands.h"
#include "annotate/files.h"
#include "annotate/mark.h"
#include "annotate/parse.h"
#include "annotate/source.h"
#include "base/array.h"
#include "base/file.h"
#include "base/threads.h"

const char *annotate_skip_text(enum annotate_skip skip)
{
	static const char *const texts[SKIP_KINDS] = {
		[SKIP_NOT] = "annotated",
		[SKIP_MARKED] = "has markers already",
		[SKIP_NOT_CHOSEN] = "not chosen by --only and --exclude",
		[SKIP_SHORT] = "shorter than --min-lines",
		[SKIP_NOT_CHANGED] = "not changed",
		[SKIP_CONSTEXPR] = "constexpr",
		[SKIP_NAKED] = "naked",
		[SKIP_COROUTINE] = "a coroutine",
		[SKIP_SIGNAL_HANDLER] = "a signal handler",
		[SKIP_RESOLVER] = "resolver of an ifunc",
		[SKIP_MUST_TAIL_CALL] = "must end in a tail call",
		[SKIP_C_INLINE] = "inline with external linkage in C",
		[SKIP_MACRO] = "comes from a macro",
	};

	return texts[skip];
}

const char *annotate_file_skip_text(enum annotate_file_skip skip)
{
	static const char *const texts[FILE_SKIP_KINDS] = {
		[FILE_TAKEN] = "taken",
		[FILE_GENERATED] = "generated; name the file itself to annotate it",
		[FILE_VENDORED] = "from elsewhere; name the file itself to annotate it",
		[FILE_SAID_GENERATED] =
			"linguist-generated in .gitattributes; name the "
			"file itself to annotate it",
		[FILE_SAID_VENDORED] = "linguist-vendored in .gitattributes; name the "
				       "file itself to annotate it",
		[FILE_NOT_PARSED] = "cannot be parsed",
		[FILE_NOT_COMPILED] = "no compile command is for it, nor includes it",
	};

	return texts[skip];
}

void annotation_free(struct annotation *annotation)
{
	for (size_t i = 0; i < annotation->file_count; i++) {
		struct annotate_file *file = &annotation->files[i];

		for (size_t j = 0; j < file->function_count; j++)
			free(file->functions[j].name);
		free(file->functions);
		free(file->path);
		free(file->problem);
		free(file->chars);
	}
	free(annotation->files);
	*annotation = (struct annotation){0};
}

/* ---- files ---- */

/* Where files are listed. */
struct listing {
	const struct annotate_options *options;
	struct annotation *annotation;
};

static bool has_attribute(const struct annotate_options *options, const char *path,
			  const char *name)
{
	return options->has_attribute &&
	       options->has_attribute(options->attribute_context, path, name);
}

/* By what is said of the file, else by what it looks like. `top`: see files_below(). */
static enum annotate_file_skip judge_file(const struct annotate_options *options,
					  const struct annotate_file *file, size_t top)
{
	if (has_attribute(options, file->path, "linguist-generated"))
		return FILE_SAID_GENERATED;
	if (has_attribute(options, file->path, "linguist-vendored"))
		return FILE_SAID_VENDORED;
	if (source_is_vendored(file->path, top))
		return FILE_VENDORED;
	if (source_is_generated(file->chars, file->length))
		return FILE_GENERATED;
	return FILE_TAKEN;
}

static int take_file(void *context, const char *path, size_t top, struct error *error)
{
	const struct listing *listing = context;
	struct annotation *annotation = listing->annotation;
	struct annotate_file *file;

	if (array_reserve(&annotation->files, &annotation->file_capacity,
			  annotation->file_count + 1, sizeof(*annotation->files)))
		return error_no_memory(error, "listing source files");
	file = &annotation->files[annotation->file_count];
	*file = (struct annotate_file){.path = strdup(path)};
	if (!file->path)
		return error_no_memory(error, "listing source files");
	annotation->file_count++;
	if (file_read(path, SOURCE_BYTES_MAX, &file->chars, &file->length, error))
		return error->code;
	/* A file that is named itself is meant, whatever it says. */
	if (top)
		file->skip = judge_file(listing->options, file, top);
	return 0;
}

static int compare_files(const void *a, const void *b)
{
	const struct annotate_file *one = a, *other = b;
	int order = strcmp(one->path, other->path);

	/* Of one that comes twice, the way it is taken. */
	return order ? order : (int)one->skip - (int)other->skip;
}

static int find_files(struct annotation *annotation,
		      const struct annotate_options *options, struct error *error)
{
	struct listing listing = {options, annotation};
	size_t kept = 0;
	int code = files_below(options->paths, take_file, &listing, error);

	if (code)
		return code;
	if (!annotation->file_count)
		return error_set(error, -ENOENT, "no C or C++ file is in %s",
				 *options->paths);
	qsort(annotation->files, annotation->file_count, sizeof(*annotation->files),
	      compare_files);
	for (size_t i = 0; i < annotation->file_count; i++) {
		struct annotate_file *file = &annotation->files[i];

		if (kept && !strcmp(annotation->files[kept - 1].path, file->path)) {
			free(file->path);
			free(file->chars);
		} else {
			annotation->files[kept++] = *file;
		}
	}
	annotation->file_count = kept;
	return 0;
}

/* ---- commands ---- */

/* A header is of C++ if one of the other files is. */
static int commands_of_flags(struct compile_commands *commands,
			     const struct annotation *annotation,
			     const char *const *flags)
{
	const char **header_flags;
	size_t count = 0;
	bool any_cplusplus = false, cplusplus;
	int code = 0;

	while (flags[count])
		count++;
	for (size_t i = 0; i < annotation->file_count; i++) {
		source_is_named_so(annotation->files[i].path, &cplusplus);
		any_cplusplus |= cplusplus;
	}
	header_flags = calloc(count + 3, sizeof(*header_flags));
	if (!header_flags)
		return -ENOMEM;
	header_flags[0] = "-x";
	header_flags[1] = any_cplusplus ? "c++" : "c";
	memcpy(header_flags + 2, flags, count * sizeof(*flags));
	for (size_t i = 0; !code && i < annotation->file_count; i++) {
		const struct annotate_file *file = &annotation->files[i];

		if (!file->skip)
			code = compile_commands_add(
				commands, file->path,
				source_is_header(file->path) ? header_flags : flags);
	}
	free(header_flags);
	return code;
}

static int find_commands(struct compile_commands *commands,
			 const struct annotation *annotation,
			 const struct annotate_options *options, struct error *error)
{
	char *path;
	int code;

	if (options->flags)
		return commands_of_flags(commands, annotation, options->flags)
			       ? error_no_memory(error, "listing source files")
			       : 0;
	path = options->commands ? strdup(options->commands)
				 : compile_commands_find(*options->paths);
	if (!path)
		return error_set(
			error, -ENOENT,
			"no compile_commands.json is in or above %s, nor in build "
			"there; "
			"have it made by Meson, by CMake with "
			"-DCMAKE_EXPORT_COMPILE_COMMANDS=ON, or by 'bear -- make', and "
			"name it with -p; or give the compiler's options after --",
			*options->paths);
	code = compile_commands_read(commands, path, error);
	if (!code && !commands->count)
		code = error_set(error, -ENOENT, "%s is for no file that exists", path);
	free(path);
	return code;
}

/* ---- units ---- */

struct plan {
	const struct annotate_options *options;
	struct annotation *annotation;
	struct compile_commands commands;
	struct parsed_unit *units; /* as many as commands */
	atomic_size_t next;
	atomic_bool no_memory;
};

static void parse_units(void *context, size_t index)
{
	struct plan *plan = context;

	(void)index;
	while (!atomic_load(&plan->no_memory)) {
		size_t i = atomic_fetch_add(&plan->next, 1);

		if (i >= plan->commands.count)
			return;
		if (parse_unit(&plan->commands.items[i], plan->options->headers,
			       plan->annotation->files, plan->annotation->file_count,
			       &plan->units[i]))
			atomic_store(&plan->no_memory, true);
	}
}

static struct annotate_file *file_of(struct annotation *annotation, const char *path)
{
	const struct annotate_file key = {.path = (char *)(uintptr_t)path};
	size_t low = 0, high = annotation->file_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key.path, annotation->files[middle].path);

		if (!order)
			return &annotation->files[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ---- functions ---- */

static bool matches(const char *const *patterns, const struct parsed_function *function)
{
	for (; *patterns; patterns++)
		if (!fnmatch(*patterns, function->name, 0) ||
		    !fnmatch(*patterns, function->simple, 0))
			return true;
	return false;
}

static enum annotate_skip judge(const struct annotate_options *options,
				const struct annotate_file *file,
				const struct parsed_function *function, unsigned above)
{
	enum annotate_skip skip;

	if ((options->only && !matches(options->only, function)) ||
	    (options->exclude && matches(options->exclude, function)))
		return SKIP_NOT_CHOSEN;
	if (options->changed &&
	    !options->changed(options->changed_context, file->path,
			      function->first - above, function->last - above))
		return SKIP_NOT_CHANGED;
	if (function->last - function->first + 1 < options->min_lines)
		return SKIP_SHORT;
	if (function->body >= file->length || file->chars[function->body] != '{')
		return SKIP_MACRO;
	if (function->c_inline)
		return SKIP_C_INLINE;
	skip = source_judge(file->chars, file->length, function->begin, function->body,
			    function->end);
	return skip ? skip
		    : source_judge_uses(file->chars, file->length, function->simple);
}

/* Takes the name along. */
static int take_function(struct plan *plan, struct parsed_function *found)
{
	struct annotate_file *file = &plan->annotation->files[found->file];
	unsigned above = source_include_bytes(file->chars, file->length) ? 2 : 0;
	struct annotate_function *function;

	if (file->skip)
		return 0;
	if (array_reserve(&file->functions, &file->function_capacity,
			  file->function_count + 1, sizeof(*file->functions)))
		return -ENOMEM;
	function = &file->functions[file->function_count++];
	*function = (struct annotate_function){
		.name = found->name,
		.offset = found->body + 1,
		.line = found->line - above,
		.first = found->first - above,
		.last = found->last - above,
		.skip = judge(plan->options, file, found, above),
	};
	found->name = NULL;
	return 0;
}

static int compare_functions(const void *a, const void *b)
{
	const struct annotate_function *one = a, *other = b;

	if (one->offset != other->offset)
		return one->offset < other->offset ? -1 : 1;
	/* If units differ, what speaks against it comes first. */
	if (one->skip != other->skip)
		return one->skip > other->skip ? -1 : 1;
	return strcmp(one->name, other->name);
}

/* Sorts, and leaves one of those that several units, or names of one body, came with. */
static void settle_functions(struct annotate_file *file)
{
	size_t kept = 0;

	if (file->function_count)
		qsort(file->functions, file->function_count, sizeof(*file->functions),
		      compare_functions);
	for (size_t i = 0; i < file->function_count; i++) {
		struct annotate_function *function = &file->functions[i];

		if (kept && file->functions[kept - 1].offset == function->offset) {
			free(function->name);
			continue;
		}
		file->functions[kept++] = *function;
		file->marker_count += !function->skip;
	}
	file->function_count = kept;
}

/* ---- the plan ---- */

static int put_together(struct plan *plan, bool *parsed)
{
	struct annotation *annotation = plan->annotation;

	for (size_t i = 0; i < plan->commands.count; i++) {
		struct parsed_unit *unit = &plan->units[i];
		struct annotate_file *file =
			file_of(annotation, plan->commands.items[i].file);
		size_t index = file ? (size_t)(file - annotation->files) : 0;

		if (unit->problem) {
			annotation->units_failed++;
			if (file && !file->problem) {
				file->problem = unit->problem;
				unit->problem = NULL;
			}
			continue;
		}
		if (file)
			parsed[index] = true;
		for (size_t j = 0; j < unit->count; j++) {
			parsed[unit->functions[j].file] = true;
			if (take_function(plan, &unit->functions[j]))
				return -ENOMEM;
		}
	}
	return 0;
}

static int settle(struct plan *plan)
{
	struct annotation *annotation = plan->annotation;
	bool *parsed = calloc(annotation->file_count, sizeof(*parsed));
	int code = parsed ? put_together(plan, parsed) : -ENOMEM;

	annotation->unit_count = plan->commands.count;
	for (size_t i = 0; !code && i < annotation->file_count; i++) {
		struct annotate_file *file = &annotation->files[i];

		if (!file->skip && !parsed[i])
			file->skip =
				file->problem ? FILE_NOT_PARSED : FILE_NOT_COMPILED;
		settle_functions(file);
	}
	free(parsed);
	return code;
}

static void plan_free(struct plan *plan)
{
	for (size_t i = 0; plan->units && i < plan->commands.count; i++)
		parsed_unit_free(&plan->units[i]);
	free(plan->units);
	compile_commands_free(&plan->commands);
}

int annotate_plan(struct annotation *annotation, const struct annotate_options *options,
		  struct error *error)
{
	struct plan plan = {.options = options, .annotation = annotation};
	int code;

	*annotation = (struct annotation){0};
	code = find_files(annotation, options, error);
	if (!code)
		code = find_commands(&plan.commands, annotation, options, error);
	if (!code && plan.commands.count) {
		size_t threads = (size_t)threads_allowed();

		plan.units = calloc(plan.commands.count, sizeof(*plan.units));
		if (plan.units)
			threads_run(threads < plan.commands.count ? threads
								  : plan.commands.count,
				    parse_units, &plan);
		if (!plan.units || atomic_load(&plan.no_memory))
			code = error_no_memory(error, "parsing source files");
	}
	if (!code && settle(&plan))
		code = error_no_memory(error, "choosing functions");
	plan_free(&plan);
	if (code)
		annotation_free(annotation);
	return code;
}

/* ---- writing ---- */

static int write_text(const char *path, const struct text *text, struct error *error)
{
	struct file_output output = {0};
	int code;

	if (text->failed)
		return error_no_memory(error, "writing a source file");
	code = file_output_open(&output, path, true, error);
	if (code)
		return code;
	fwrite(text->chars, 1, text->length, output.stream);
	code = file_output_commit(&output, error);
	file_output_abandon(&output);
	return code;
}

static int is_unchanged(const struct annotate_file *file, struct error *error)
{
	char *chars = NULL;
	size_t length;
	int code = file_read(file->path, SOURCE_BYTES_MAX, &chars, &length, error);

	if (!code &&
	    (length != file->length || memcmp(chars, file->chars, length) != 0))
		code = error_set(error, -EAGAIN,
				 "%s has changed while it was parsed; it and the files "
				 "behind it are not annotated, try again",
				 file->path);
	free(chars);
	return code;
}

int annotation_write(const struct annotation *annotation, struct error *error)
{
	int code = 0;

	for (size_t i = 0; !code && i < annotation->file_count; i++) {
		const struct annotate_file *file = &annotation->files[i];
		struct text text = {0};

		if (!file->marker_count)
			continue;
		code = is_unchanged(file, error);
		annotate_text(file, &text);
		if (!code)
			code = write_text(file->path, &text, error);
		text_free(&text);
	}
	return code;
}

static int erase_file(void *context, const char *path, size_t top, struct error *error)
{
	struct annotate_erased *erased = context;
	struct text text = {0};
	size_t length, left, markers;
	unsigned left_line;
	char *chars = NULL;
	int code = file_read(path, SOURCE_BYTES_MAX, &chars, &length, error);

	(void)top;
	if (code)
		return code;
	markers = annotate_erase_text(chars, length, &text, &left, &left_line);
	if (left && !erased->left)
		snprintf(erased->first_left, sizeof(erased->first_left), "%s:%u", path,
			 left_line);
	erased->left += left;
	if (text.failed || text.length != length) {
		code = write_text(path, &text, error);
		erased->files++;
		erased->markers += markers;
	}
	text_free(&text);
	free(chars);
	return code;
}

int annotate_erase(const char *const *paths, struct annotate_erased *erased,
		   struct error *error)
{
	*erased = (struct annotate_erased){0};
	return files_below(paths, erase_file, erased, error);
}
