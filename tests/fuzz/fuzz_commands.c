/* SPDX-License-Identifier: MIT */
/*
 * annotate/commands.c: any bytes as a compile_commands.json. What is kept of a command can be handed
 * to libclang: no word that may load or execute something, none without the value that it takes.
 */
#include <stdlib.h>
#include <string.h>

#include "annotate/commands.h"
#include "fuzz/fuzz.h"

/* Options that are never to be kept, joined with their value or not. */
static const char *const barred[] = {"-o", "-fplugin", "-load", "-Xclang", "-B",
				     "-c", "-W",       "@",     NULL};

/* Whether the word takes the next one. */
static bool takes_next(const char *word)
{
	static const char *const words[] = {
		"-D",         "-U",       "-I",       "-isystem",  "-iquote",
		"-idirafter", "-include", "-imacros", "-isysroot", "-x",
		"--sysroot",  "-target",  NULL};

	for (const char *const *one = words; *one; one++)
		if (!strcmp(*one, word))
			return true;
	return false;
}

static void check_command(const struct compile_command *command)
{
	fuzz_require(command->file && *command->file == '/' && command->directory);
	for (size_t i = 0; i < command->word_count; i++) {
		const char *word = command->words[i];

		fuzz_require(*word == '-');
		for (const char *const *one = barred; *one; one++)
			fuzz_require(strncmp(word, *one, strlen(*one)) != 0);
		if (takes_next(word))
			fuzz_require(++i < command->word_count && command->words[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const char *path = fuzz_file(bytes, length);
	struct compile_commands commands = {0};
	struct error error = {0};

	if (compile_commands_read(&commands, path, &error))
		fuzz_require(error.code < 0 && strstr(error.text, path));
	for (size_t i = 0; i < commands.count; i++)
		check_command(&commands.items[i]);
	compile_commands_free(&commands);
	return 0;
}

bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length)
{
	static const char *const seeds[] = {
		"[{\"directory\": \"/\", \"file\": \"dev/null\", \"command\":"
		" \"cc -Iinclude -D'A B' -DC=\\\"d\\\" -o x.o -c dev/null\"}]",
		"[{\"directory\": \"/etc\", \"file\": \"/etc/passwd\", \"arguments\":"
		" [\"clang++\", \"-std=c++17\", \"-isystem\", \"/x\", \"-include\"]}]",
		"[{\"directory\": \"/\", \"file\": \"dev/null\", \"command\":"
		" \"clang -Xclang -include-pch -Xclang a.pch -Xclang -include -Xclang "
		"a.h"
		" -fplugin=x.so @words -x c -target\"},\n"
		" {\"directory\": \"/\", \"file\": \"nowhere\", \"command\": \"\"}]",
		"[{\"directory\": \"\", \"file\": \"\", \"arguments\": []}, {}]",
		"{}",
	};

	if (index >= sizeof(seeds) / sizeof(seeds[0]))
		return false;
	*length = strlen(seeds[index]);
	*bytes = malloc(*length);
	fuzz_require(*bytes);
	memcpy(*bytes, seeds[index], *length);
	return true;
}
