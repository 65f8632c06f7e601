/* SPDX-License-Identifier: MIT */
/*
 * Markers put into source files, and taken out again.
 *
 * Each chosen function gets one PERFPOINT_SCOPE("qualified::name") behind the brace that opens its
 * body, on the same line, and the file an #include on top, followed by a #line: all lines keep
 * their numbers. What is inserted ends in a comment of ours, by which it is found again: erasing
 * needs nothing beside the file, and restores it byte for byte.
 *
 * libclang tells where the functions are; the text itself is only ever added to. A translation
 * unit that does not parse to its end adds nothing.
 *
 *	annotate_plan() -> annotation_diff() | annotation_write() -> annotation_free()
 *
 * Not to be called by several threads at once; works in as many threads as there are CPUs.
 */
#ifndef AUTOPERF_ANNOTATE_ANNOTATE_H
#define AUTOPERF_ANNOTATE_ANNOTATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/text.h"

/* Why a function got no marker. Texts: annotate_skip_text(). */
enum annotate_skip {
	SKIP_NOT,         /* it gets one */
	SKIP_MARKED,      /* its body has markers already */
	SKIP_NOT_CHOSEN,  /* by the patterns */
	SKIP_SHORT,       /* fewer lines than asked for */
	SKIP_NOT_CHANGED, /* none of its lines */
	SKIP_CONSTEXPR,
	SKIP_NAKED,
	SKIP_COROUTINE,
	SKIP_SIGNAL_HANDLER,
	SKIP_RESOLVER, /* of an ifunc: runs before relocations are done */
	SKIP_MUST_TAIL_CALL,
	SKIP_C_INLINE, /* with external linkage: may have no static variables */
	SKIP_MACRO,    /* the body comes from a macro */
	SKIP_KINDS,
};
const char *annotate_skip_text(enum annotate_skip skip);

/* Why a whole file is left alone. */
enum annotate_file_skip {
	FILE_TAKEN,
	FILE_GENERATED,
	FILE_VENDORED,
	FILE_SAID_GENERATED, /* by an attribute of git's, as the next */
	FILE_SAID_VENDORED,
	FILE_NOT_PARSED,   /* `problem` holds the diagnostic */
	FILE_NOT_COMPILED, /* no command compiles it, nor a file that includes it */
	FILE_SKIP_KINDS,
};
const char *annotate_file_skip_text(enum annotate_file_skip skip);

struct annotate_options {
	/* Files, and directories with everything below; ends in NULL. */
	const char *const *paths;
	/* compile_commands.json, or the directory it is in; NULL: looked for. */
	const char *commands;
	/* Instead: the compiler's options for each of the files; ends in NULL. */
	const char *const *flags;
	/* Directory of perfpoint.h, for files that include it already; NULL: known anyway. */
	const char *headers;
	/* Shell patterns for qualified names, ending in NULL; NULL: all, none. */
	const char *const *only, *const *exclude;
	unsigned min_lines; /* of the definition */
	/* NULL: all. Whether one of the lines, counted from 1, has changed; called by threads. */
	bool (*changed)(const void *context, const char *path, unsigned first,
			unsigned last);
	const void *changed_context;
	/* NULL: none. Whether the file, by its canonical path, has the attribute of git's. */
	bool (*has_attribute)(void *context, const char *path, const char *name);
	void *attribute_context;
};

struct annotate_function {
	char *name;     /* qualified */
	size_t offset;  /* in the file, of what follows the opening brace */
	unsigned line;  /* of the brace; from 1 */
	unsigned first; /* lines of the definition */
	unsigned last;
	enum annotate_skip skip;
};

struct annotate_file {
	char *path; /* canonical */
	enum annotate_file_skip skip;
	char *problem; /* "file:line: error: ...", or NULL */
	char *chars;   /* as it was when it was parsed; NULL: not taken */
	size_t length;
	struct annotate_function *functions; /* by offset */
	size_t function_count, function_capacity;
	size_t marker_count; /* to be added */
};

struct annotation {
	struct annotate_file *files; /* by path */
	size_t file_count, file_capacity;
	size_t unit_count, units_failed; /* translation units */
};

/*
 * Finds the functions. Files are not changed. Fails if nothing can be parsed at all: no commands,
 * no such path; a unit that cannot be parsed is told in its file's `problem`.
 */
int annotate_plan(struct annotation *annotation, const struct annotate_options *options,
		  struct error *error);
void annotation_free(struct annotation *annotation);

/* The file's text with its markers. Check `failed`. */
void annotate_text(const struct annotate_file *file, struct text *text);
/* Appends a unified diff, with paths relative to `top` if they are below it (NULL: absolute). */
void annotate_diff(const struct annotate_file *file, const char *top,
		   struct text *diff);
/*
 * Writes the files that get markers, each at once or not at all. One that has changed since it was
 * parsed is an error.
 */
int annotation_write(const struct annotation *annotation, struct error *error);

struct annotate_erased {
	size_t files, markers;
	/* Marks in a form that is not ours, after reformatting say: left where they are. */
	size_t left;
	char first_left[512]; /* "path:line" */
};
/* Takes all markers out of the files, and of those below the directories. */
int annotate_erase(const char *const *paths, struct annotate_erased *erased,
		   struct error *error);
/*
 * The same for a text in memory, appended to `text`; returns how many markers. *left: marks that
 * are no whole markers, the first in line *left_line.
 */
size_t annotate_erase_text(const char *chars, size_t length, struct text *text,
			   size_t *left, unsigned *left_line);

#endif
