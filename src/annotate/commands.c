/* SPDX-License-Identifier: MIT */
/*
 * compile_commands.json, https://clang.llvm.org/docs/JSONCompilationDatabase.html. Its commands
 * are never executed. Of their options only those are kept that clang knows and that decide what
 * is parsed: those of another compiler would be errors, and warnings do not matter.
 */
#include "annotate/commands.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/file.h"
#include "base/text.h"

#define DATABASE_NAME      "compile_commands.json"
#define DATABASE_BYTES_MAX ((size_t)512 << 20)

void compile_commands_free(struct compile_commands *commands)
{
	for (size_t i = 0; i < commands->count; i++) {
		struct compile_command *command = &commands->items[i];

		for (size_t word = 0; word < command->word_count; word++)
			free(command->words[word]);
		free(command->words);
		free(command->file);
		free(command->directory);
	}
	free(commands->items);
	*commands = (struct compile_commands){0};
}

static int add_word(struct compile_command *command, const char *word)
{
	char *copy = strdup(word);

	if (!copy || array_reserve(&command->words, &command->word_capacity,
				   command->word_count + 1, sizeof(*command->words))) {
		free(copy);
		return -ENOMEM;
	}
	command->words[command->word_count++] = copy;
	return 0;
}

static struct compile_command *add_command(struct compile_commands *commands,
					   const char *file, const char *directory)
{
	struct compile_command *command;

	if (array_reserve(&commands->items, &commands->capacity, commands->count + 1,
			  sizeof(*commands->items)))
		return NULL;
	command = &commands->items[commands->count];
	*command = (struct compile_command){.file = strdup(file),
					    .directory = strdup(directory)};
	if (!command->file || !command->directory) {
		free(command->file);
		free(command->directory);
		return NULL;
	}
	commands->count++;
	return command;
}

int compile_commands_add(struct compile_commands *commands, const char *file,
			 const char *const *flags)
{
	char here[PATH_MAX];
	struct compile_command *command =
		add_command(commands, file, getcwd(here, sizeof(here)) ? here : "/");

	if (!command)
		return -ENOMEM;
	for (; *flags; flags++)
		if (add_word(command, *flags))
			return -ENOMEM;
	return 0;
}

/* ---- options ---- */

static bool begins_with(const char *word, const char *const *beginnings)
{
	for (; *beginnings; beginnings++)
		if (!strncmp(word, *beginnings, strlen(*beginnings)))
			return true;
	return false;
}

/* Whether the option matters, and whether the next word belongs to it. */
static bool matters(const char *word, bool *takes_next)
{
	/* Joined with their value, or followed by it. */
	static const char *const with_value[] = {
		"-D",         "-U",       "-I",       "-isystem",  "-iquote",
		"-idirafter", "-include", "-imacros", "-isysroot", "-x",
		"--sysroot",  "-target",  NULL};
	static const char *const alone[] = {"-std=",
					    "--std=",
					    "-ansi",
					    "-nostdinc",
					    "-pthread",
					    "-fopenmp",
					    "-fexceptions",
					    "-fno-exceptions",
					    "-frtti",
					    "-fno-rtti",
					    "-fms-extensions",
					    "-fcoroutines",
					    "-fchar8_t",
					    "-fsigned-char",
					    "-funsigned-char",
					    "-fshort-enums",
					    "-mavx",
					    "-msse",
					    "-mfma",
					    "-mbmi",
					    "-maes",
					    "-mpclmul",
					    "-mpopcnt",
					    "-march=",
					    "-m32",
					    "-m64",
					    "--sysroot=",
					    "-stdlib=",
					    "--target=",
					    NULL};

	*takes_next = false;
	/* A header that another compiler has compiled; its source is included as well. */
	if (!strcmp(word, "-include-pch"))
		return false;
	if (begins_with(word, alone))
		return true;
	if (!begins_with(word, with_value))
		return false;
	for (const char *const *name = with_value; *name; name++)
		if (!strcmp(word, *name))
			*takes_next = true;
	return true;
}

/*
 * The next word at or after *at, or NULL. clang's front end gets words singly, each behind an
 * -Xclang, as CMake names headers to be included: "-Xclang -include -Xclang a.h".
 */
static const char *next_word(char *const *words, size_t count, size_t *at)
{
	while (*at < count && !strcmp(words[*at], "-Xclang"))
		(*at)++;
	return *at < count ? words[(*at)++] : NULL;
}

/* Keeps what matters of `words`, the compiler first. */
static int take_options(struct compile_command *command, char *const *words,
			size_t count)
{
	size_t at = 1;
	const char *word;

	while ((word = next_word(words, count, &at))) {
		bool takes_next;
		const char *value = NULL;

		if (!matters(word, &takes_next))
			continue;
		if (takes_next)
			value = next_word(words, count, &at);
		if (takes_next && !value)
			break;
		if (add_word(command, word) || (value && add_word(command, value)))
			return -ENOMEM;
	}
	return 0;
}

/* ---- the file ---- */

struct words {
	char **items;
	size_t count, capacity;
};

static void words_free(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
	free(words->items);
}

static int words_take(struct words *words, struct text *text)
{
	if (text->failed || array_reserve(&words->items, &words->capacity,
					  words->count + 1, sizeof(*words->items))) {
		text_free(text);
		return -ENOMEM;
	}
	words->items[words->count++] = text->chars;
	*text = (struct text){0};
	return 0;
}

/* As a shell does: quotes and backslashes, nothing else. */
static int split_command(const char *chars, struct words *words)
{
	struct text word = {0};
	bool inside = false;
	char quote = 0;
	int code = 0;

	for (; !code && *chars; chars++) {
		if (!quote && strchr(" \t\r\n", *chars)) {
			if (inside)
				code = words_take(words, &word);
			inside = false;
			continue;
		}
		if (!inside)
			text_puts(&word, ""); /* so that "" is a word */
		inside = true;
		if (quote ? *chars == quote : *chars == '"' || *chars == '\'')
			quote = quote ? 0 : *chars;
		else if (*chars == '\\' && quote != '\'' && chars[1])
			text_append(&word, ++chars, 1);
		else
			text_append(&word, chars, 1);
	}
	if (!code && inside)
		code = words_take(words, &word);
	text_free(&word);
	return code;
}

static int list_arguments(const json_t *arguments, struct words *words)
{
	struct text word = {0};
	const json_t *item;
	size_t i;

	json_array_foreach (arguments, i, item) {
		const char *chars = json_string_value(item);

		text_puts(&word, chars ? chars : "");
		if (words_take(words, &word))
			return -ENOMEM;
	}
	return 0;
}

/* The canonical path of `file`, seen from `directory`; malloc'd, NULL if there is none. */
static char *locate(const char *directory, const char *file)
{
	struct text path = {0};
	char *canonical;

	if (*file != '/')
		text_printf(&path, "%s/", directory);
	text_puts(&path, file);
	canonical = path.failed ? NULL : realpath(path.chars, NULL);
	text_free(&path);
	return canonical;
}

/* Returns 0, -EINVAL for what is no entry, or -ENOMEM. */
static int take_entry(struct compile_commands *commands, const json_t *entry)
{
	const char *directory = json_string_value(json_object_get(entry, "directory"));
	const char *file = json_string_value(json_object_get(entry, "file"));
	const char *line = json_string_value(json_object_get(entry, "command"));
	const json_t *arguments = json_object_get(entry, "arguments");
	struct compile_command *command;
	struct words words = {0};
	char *canonical;
	int code;

	if (!directory || !file || (!line && !json_is_array(arguments)))
		return -EINVAL;
	canonical = locate(directory, file);
	if (!canonical)
		return 0;
	code = line ? split_command(line, &words) : list_arguments(arguments, &words);
	command = code ? NULL : add_command(commands, canonical, directory);
	if (!code)
		code = command ? take_options(command, words.items, words.count)
			       : -ENOMEM;
	words_free(&words);
	free(canonical);
	return code;
}

int compile_commands_read(struct compile_commands *commands, const char *path,
			  struct error *error)
{
	struct text name = {0};
	struct stat status;
	json_error_t json_error;
	json_t *root = NULL;
	const json_t *entry;
	char *bytes = NULL;
	size_t length, i;
	int code;

	text_puts(&name, path);
	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		text_puts(&name, "/" DATABASE_NAME);
	code = name.failed ? error_no_memory(error, "reading compile commands")
			   : file_read(name.chars, DATABASE_BYTES_MAX, &bytes, &length,
				       error);
	if (!code) {
		root = json_loadb(bytes, length, 0, &json_error);
		if (!json_is_array(root))
			code = error_set(
				error, -EINVAL, "%s is no list of compile commands: %s",
				name.chars, root ? "not an array" : json_error.text);
	}
	if (!code) {
		json_array_foreach (root, i, entry) {
			code = take_entry(commands, entry);
			if (code)
				break;
		}
		if (code == -EINVAL)
			error_set(error, code,
				  "%s: entry %zu has no directory, no file, or neither "
				  "command nor arguments",
				  name.chars, i);
		else if (code)
			error_no_memory(error, "reading compile commands");
	}
	json_decref(root);
	free(bytes);
	text_free(&name);
	return code;
}

char *compile_commands_find(const char *start)
{
	static const char *const places[] = {"", "build/", "_build/", "out/"};
	char *directory = realpath(start, NULL);

	while (directory) {
		char *slash;

		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			struct text path = {0};

			text_printf(&path, "%s/%s" DATABASE_NAME, directory, places[i]);
			if (!path.failed && !access(path.chars, R_OK)) {
				free(directory);
				return path.chars;
			}
			text_free(&path);
		}
		slash = strrchr(directory, '/');
		if (!slash || slash == directory)
			break;
		*slash = '\0';
	}
	free(directory);
	return NULL;
}
