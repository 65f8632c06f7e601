/* SPDX-License-Identifier: MIT */
/*
 * A walk over the declarations of a translation unit. Bodies are not entered: the functions in
 * them, of lambdas and local classes, are left alone.
 *
 * Places are those in files, where a macro is used, not where it is defined: a body that comes
 * from a macro then does not begin with a brace there (annotate.c).
 */
#include "annotate/parse.h"

#include <clang-c/Index.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "annotate/source.h"
#include "base/array.h"

#define ADDED_WORDS 6u

struct walk {
	const struct annotate_file *files;
	size_t file_count;
	struct parsed_unit *unit;
	bool is_c;
	bool no_memory;
	/* What was looked up last: declarations come file by file. */
	CXFile last_file;
	size_t last_index;
};

struct place {
	CXFile file;
	unsigned line, offset;
};

void parsed_unit_free(struct parsed_unit *unit)
{
	for (size_t i = 0; i < unit->count; i++)
		free(unit->functions[i].name);
	free(unit->functions);
	free(unit->problem);
	*unit = (struct parsed_unit){0};
}

static char *take_string(CXString string)
{
	const char *chars = clang_getCString(string);
	char *copy = strdup(chars ? chars : "");

	clang_disposeString(string);
	return copy;
}

static struct place place_of(CXSourceLocation location)
{
	struct place place;
	unsigned column;

	clang_getFileLocation(location, &place.file, &place.line, &column,
			      &place.offset);
	return place;
}

static int compare_path(const void *path, const void *file)
{
	return strcmp(path, ((const struct annotate_file *)file)->path);
}

/* Index of the file among those that were asked for; file_count: none. */
static size_t find_file(struct walk *walk, CXFile file)
{
	const struct annotate_file *found = NULL;
	char *name, *path;

	if (!file)
		return walk->file_count;
	if (walk->last_file && clang_File_isEqual(walk->last_file, file))
		return walk->last_index;
	/* Not clang_File_tryGetRealPathName(): that is no real path for symbolic links. */
	name = take_string(clang_getFileName(file));
	path = name ? realpath(name, NULL) : NULL;
	if (path)
		found = bsearch(path, walk->files, walk->file_count,
				sizeof(*walk->files), compare_path);
	free(path);
	free(name);
	walk->last_file = file;
	walk->last_index = found ? (size_t)(found - walk->files) : walk->file_count;
	return walk->last_index;
}

/* ---- names ---- */

static bool names_a_scope(enum CXCursorKind kind)
{
	return kind == CXCursor_Namespace || kind == CXCursor_ClassDecl ||
	       kind == CXCursor_StructDecl || kind == CXCursor_UnionDecl ||
	       kind == CXCursor_ClassTemplate ||
	       kind == CXCursor_ClassTemplatePartialSpecialization;
}

static void put_scopes(CXCursor cursor, struct text *name)
{
	char *part;

	if (!names_a_scope(clang_getCursorKind(cursor)))
		return;
	put_scopes(clang_getCursorSemanticParent(cursor), name);
	part = take_string(clang_getCursorSpelling(cursor));
	text_puts(name, !part || !*part || clang_Cursor_isAnonymous(cursor)
				? "(anonymous)"
				: part);
	text_puts(name, "::");
	free(part);
}

/* The parameters of a template are left out: "table<T>::table" reads "table::table". */
static void put_own_name(CXCursor cursor, struct text *name)
{
	enum CXCursorKind kind = clang_getCursorKind(cursor);
	char *own = take_string(clang_getCursorSpelling(cursor));
	char *cut = own && strncmp(own, "operator", 8) != 0 ? strchr(own, '<') : NULL;

	if (cut && kind != CXCursor_ConversionFunction)
		*cut = '\0';
	text_puts(name, own ? own : "");
	name->failed |= !own;
	free(own);
}

/* ---- functions ---- */

static bool is_function(enum CXCursorKind kind)
{
	return kind == CXCursor_FunctionDecl || kind == CXCursor_CXXMethod ||
	       kind == CXCursor_Constructor || kind == CXCursor_Destructor ||
	       kind == CXCursor_ConversionFunction || kind == CXCursor_FunctionTemplate;
}

static enum CXChildVisitResult find_compound(CXCursor cursor, CXCursor parent,
					     CXClientData data)
{
	CXCursor *body = (CXCursor *)data;
	enum CXCursorKind kind = clang_getCursorKind(cursor);

	(void)parent;
	if (kind == CXCursor_CompoundStmt) {
		*body = cursor;
		return CXChildVisit_Break;
	}
	if (kind == CXCursor_CXXTryStmt) {
		clang_visitChildren(cursor, find_compound, data);
		return CXChildVisit_Break;
	}
	return CXChildVisit_Continue;
}

static bool is_c_inline(const struct walk *walk, CXCursor cursor)
{
	return walk->is_c && clang_Cursor_isFunctionInlined(cursor) &&
	       clang_Cursor_getStorageClass(cursor) != CX_SC_Static;
}

static void take_function(struct walk *walk, CXCursor cursor)
{
	CXCursor body = clang_getNullCursor();
	struct parsed_unit *unit = walk->unit;
	struct parsed_function *function;
	struct text name = {0};
	struct place begin, brace, end;
	size_t scopes, file;

	clang_visitChildren(cursor, find_compound, &body);
	if (clang_Cursor_isNull(body))
		return; /* a declaration; defaulted or deleted */
	begin = place_of(clang_getRangeStart(clang_getCursorExtent(cursor)));
	end = place_of(clang_getRangeEnd(clang_getCursorExtent(cursor)));
	brace = place_of(clang_getRangeStart(clang_getCursorExtent(body)));
	file = find_file(walk, brace.file);
	if (file == walk->file_count)
		return;
	put_scopes(clang_getCursorSemanticParent(cursor), &name);
	scopes = name.length;
	put_own_name(cursor, &name);
	if (name.failed || array_reserve(&unit->functions, &unit->capacity,
					 unit->count + 1, sizeof(*unit->functions))) {
		text_free(&name);
		walk->no_memory = true;
		return;
	}
	function = &unit->functions[unit->count++];
	*function = (struct parsed_function){
		.file = file,
		.begin = begin.offset,
		.body = brace.offset,
		.end = end.offset,
		.first = begin.line,
		.line = brace.line,
		.last = end.line,
		.name = name.chars,
		.simple = name.chars + scopes,
		.c_inline = is_c_inline(walk, cursor),
	};
	/* Then they are no places of one text. */
	if (!begin.file || !end.file || !clang_File_isEqual(begin.file, brace.file) ||
	    !clang_File_isEqual(end.file, brace.file))
		function->begin = function->end = 0;
}

static enum CXChildVisitResult visit(CXCursor cursor, CXCursor parent,
				     CXClientData data)
{
	struct walk *walk = data;
	enum CXCursorKind kind = clang_getCursorKind(cursor);

	(void)parent;
	if (walk->no_memory)
		return CXChildVisit_Break;
	if (clang_Location_isInSystemHeader(clang_getCursorLocation(cursor)))
		return CXChildVisit_Continue;
	if (is_function(kind)) {
		take_function(walk, cursor);
		return CXChildVisit_Continue;
	}
	if (names_a_scope(kind) || kind == CXCursor_LinkageSpec ||
	    kind == CXCursor_UnexposedDecl || kind == CXCursor_FriendDecl)
		return CXChildVisit_Recurse;
	return CXChildVisit_Continue;
}

/* ---- units ---- */

/* The first error, as the compiler would print it; NULL: it parses. */
static char *first_error(CXTranslationUnit parsed)
{
	unsigned count = clang_getNumDiagnostics(parsed);
	char *text = NULL;

	for (unsigned i = 0; !text && i < count; i++) {
		CXDiagnostic diagnostic = clang_getDiagnostic(parsed, i);

		if (clang_getDiagnosticSeverity(diagnostic) >= CXDiagnostic_Error)
			text = take_string(clang_formatDiagnostic(
				diagnostic, CXDiagnostic_DisplaySourceLocation |
						    CXDiagnostic_DisplayColumn));
		clang_disposeDiagnostic(diagnostic);
	}
	return text;
}

/* The options and ours; the directory option is the caller's to free, it is the first word. */
static const char **make_words(const struct compile_command *command,
			       const char *headers, int *count)
{
	const char **words = calloc(command->word_count + ADDED_WORDS, sizeof(*words));
	struct text directory = {0};

	text_printf(&directory, "-working-directory=%s", command->directory);
	if (!words || directory.failed) {
		text_free(&directory);
		free(words);
		return NULL;
	}
	*count = 0;
	words[(*count)++] = directory.chars;
	for (size_t i = 0; i < command->word_count; i++)
		words[(*count)++] = command->words[i];
	if (headers) {
		words[(*count)++] = "-idirafter";
		words[(*count)++] = headers;
	}
	words[(*count)++] = "-w";
	words[(*count)++] = "-ferror-limit=1";
	words[(*count)++] = "-fno-spell-checking";
	return words;
}

/* By -x, else by the file's name. clang_getCursorLanguage() takes most functions of C++ for C. */
static bool is_c(const struct compile_command *command)
{
	const char *language = NULL;
	bool cplusplus;

	for (size_t i = 0; i < command->word_count; i++) {
		if (!strcmp(command->words[i], "-x") && i + 1 < command->word_count)
			language = command->words[i + 1];
		else if (!strncmp(command->words[i], "-x", 2))
			language = command->words[i] + 2;
	}
	if (language)
		return !strstr(language, "c++");
	source_is_named_so(command->file, &cplusplus);
	return !cplusplus;
}

static int walk_unit(CXTranslationUnit parsed, const struct compile_command *command,
		     const struct annotate_file *files, size_t file_count,
		     struct parsed_unit *unit)
{
	struct walk walk = {.files = files,
			    .file_count = file_count,
			    .unit = unit,
			    .is_c = is_c(command)};

	unit->problem = first_error(parsed);
	if (unit->problem)
		return 0;
	clang_visitChildren(clang_getTranslationUnitCursor(parsed), visit, &walk);
	return walk.no_memory ? -ENOMEM : 0;
}

int parse_unit(const struct compile_command *command, const char *headers,
	       const struct annotate_file *files, size_t file_count,
	       struct parsed_unit *unit)
{
	CXTranslationUnit parsed = NULL;
	enum CXErrorCode answer;
	const char **words;
	CXIndex index;
	int count = 0, code = 0;

	words = make_words(command, headers, &count);
	index = words ? clang_createIndex(0, 0) : NULL;
	if (!index) {
		if (words)
			free((char *)(uintptr_t)words[0]);
		free(words);
		return -ENOMEM;
	}
	answer = clang_parseTranslationUnit2(index, command->file, words, count, NULL,
					     0, CXTranslationUnit_None, &parsed);
	if (answer == CXError_Success) {
		code = walk_unit(parsed, command, files, file_count, unit);
	} else {
		struct text problem = {0};

		text_printf(&problem, "%s: error: libclang %s", command->file,
			    answer == CXError_Crashed
				    ? "crashed"
				    : "cannot parse it, perhaps for its options");
		unit->problem = problem.chars;
		code = problem.failed ? -ENOMEM : 0;
	}
	if (parsed)
		clang_disposeTranslationUnit(parsed);
	clang_disposeIndex(index);
	free((char *)(uintptr_t)words[0]);
	free(words);
	return code;
}
