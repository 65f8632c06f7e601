/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes `.autoperf/config.ini`, by the rules of Python's configparser as far as the
 * original AutoPerf used them: sections, `key = value`, whole-line comments, and lines that go on
 * with the value of the key above because they are indented more than it.
 */
#include "gate/config.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define CONFIG_BYTES_MAX (1 << 20)

const struct config_key config_keys[] = {
	{"build", "cmd", offsetof(struct config, build)},
	{"build", "dir", offsetof(struct config, build_dir)},
	{"clean", "cmd", offsetof(struct config, clean)},
	{"workload", "cmd", offsetof(struct config, workload)},
	{"workload", "dir", offsetof(struct config, workload_dir)},
	{"git", "main", offsetof(struct config, base)},
	{"check", "source", offsetof(struct config, source)},
	{"check", "runs", offsetof(struct config, runs)},
	{NULL, NULL, 0},
};

/* The original's, about its network. */
static const char *const foreign_sections[] = {"model", "training", "detection", NULL};

/* Where the parser is. */
struct parser {
	struct config *config;
	const char *origin;
	unsigned line;
	char *section; /* malloc'd; NULL: before the first */
	bool foreign;  /* the section is one of the original's that we pass over */
	size_t indent; /* of the last key */
	bool has_key;  /* there is a last key in this section */
	char **value;  /* of the last key; NULL: it was passed over */
	struct error *error;
};

char **config_member(struct config *config, const struct config_key *key)
{
	return (char **)((char *)config + key->offset);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Shortens [*begin, *end) by blanks at both ends. */
static void trim(const char **begin, const char **end)
{
	while (*begin < *end && is_blank(**begin))
		(*begin)++;
	while (*end > *begin && is_blank((*end)[-1]))
		(*end)--;
}

static bool equals(const char *begin, const char *end, const char *word)
{
	return strlen(word) == (size_t)(end - begin) &&
	       !strncmp(begin, word, (size_t)(end - begin));
}

static bool is_known_section(const char *name)
{
	for (const struct config_key *key = config_keys; key->section; key++)
		if (!strcmp(key->section, name))
			return true;
	return false;
}

static int begin_section(struct parser *parser, const char *begin, const char *end)
{
	if (end[-1] != ']')
		return error_set(parser->error, -EINVAL,
				 "'%s' line %u: a section is written [name]",
				 parser->origin, parser->line);
	free(parser->section);
	parser->section = strndup(begin + 1, (size_t)(end - begin) - 2);
	if (!parser->section)
		return error_no_memory(parser->error, "reading the configuration");
	parser->has_key = false;
	parser->value = NULL;
	parser->foreign = false;
	for (const char *const *name = foreign_sections; *name; name++)
		parser->foreign |= !strcmp(*name, parser->section);
	if (!parser->foreign && !is_known_section(parser->section))
		return error_set(parser->error, -EINVAL,
				 "'%s' line %u: there is no section [%s]; there are "
				 "[build], [clean], [workload], [git] and [check]",
				 parser->origin, parser->line, parser->section);
	return 0;
}

/* Finds the setting that a key of the section is, in parser->value. */
static int find_key(struct parser *parser, const char *begin, const char *end)
{
	parser->value = NULL;
	if (parser->foreign)
		return 0;
	for (const struct config_key *key = config_keys; key->section; key++)
		if (!strcmp(key->section, parser->section) &&
		    equals(begin, end, key->key))
			parser->value = config_member(parser->config, key);
	if (!parser->value)
		return error_set(parser->error, -EINVAL,
				 "'%s' line %u: there is no setting '%.*s' in [%s]",
				 parser->origin, parser->line, (int)(end - begin),
				 begin, parser->section);
	if (*parser->value)
		return error_set(parser->error, -EINVAL,
				 "'%s' line %u: '%.*s' of [%s] is there twice",
				 parser->origin, parser->line, (int)(end - begin),
				 begin, parser->section);
	return 0;
}

static int set_value(struct parser *parser, const char *begin, const char *end)
{
	if (!parser->value || begin == end)
		return 0;
	*parser->value = strndup(begin, (size_t)(end - begin));
	return *parser->value
		       ? 0
		       : error_no_memory(parser->error, "reading the configuration");
}

/* A line that goes on with the value above. */
static int continue_value(struct parser *parser, const char *begin, const char *end)
{
	struct text text = {0};

	if (!parser->value)
		return 0;
	if (*parser->value) {
		text_puts(&text, *parser->value);
		text_puts(&text, "\n");
	}
	text_append(&text, begin, (size_t)(end - begin));
	if (text.failed) {
		text_free(&text);
		return error_no_memory(parser->error, "reading the configuration");
	}
	free(*parser->value);
	*parser->value = text.chars;
	return 0;
}

static int parse_line(struct parser *parser, const char *begin, const char *end)
{
	const char *start = begin, *separator, *key_end;
	size_t indent;
	int code;

	trim(&begin, &end);
	indent = (size_t)(begin - start);
	if (begin == end || *begin == '#' || *begin == ';')
		return 0;
	if (parser->has_key && indent > parser->indent)
		return continue_value(parser, begin, end);
	if (*begin == '[')
		return begin_section(parser, begin, end);
	separator = begin;
	while (separator < end && *separator != '=' && *separator != ':')
		separator++;
	if (separator == end || separator == begin)
		return error_set(parser->error, -EINVAL,
				 "'%s' line %u: neither [section] nor key = value",
				 parser->origin, parser->line);
	if (!parser->section)
		return error_set(parser->error, -EINVAL,
				 "'%s' line %u: a setting before the first [section]",
				 parser->origin, parser->line);
	key_end = separator++;
	trim(&begin, &key_end);
	code = find_key(parser, begin, key_end);
	if (code)
		return code;
	parser->has_key = true;
	parser->indent = indent;
	trim(&separator, &end);
	return set_value(parser, separator, end);
}

int config_parse(struct config *config, const char *text, const char *origin,
		 struct error *error)
{
	struct parser parser = {.config = config, .origin = origin, .error = error};
	int code = 0;

	*config = (struct config){0};
	if (!strncmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (*text && !code) {
		size_t length = strcspn(text, "\n");

		parser.line++;
		code = parse_line(&parser, text, text + length);
		text += length;
		text += *text == '\n';
	}
	free(parser.section);
	if (code)
		config_free(config);
	return code;
}

int config_read(struct config *config, const char *path, struct error *error)
{
	char *bytes = NULL;
	size_t length;
	int code = file_read(path, CONFIG_BYTES_MAX, &bytes, &length, error);

	*config = (struct config){0};
	if (code)
		return code;
	if (strlen(bytes) != length)
		code = error_set(error, -EINVAL, "'%s' is no text: it holds a NUL byte",
				 path);
	if (!code)
		code = config_parse(config, bytes, path, error);
	free(bytes);
	return code;
}

/* Further lines of a value are indented, which makes them its lines. */
static void write_value(const char *value, FILE *stream)
{
	for (; *value; value++) {
		fputc(*value, stream);
		if (*value == '\n')
			fputs("    ", stream);
	}
}

void config_write(const struct config *config, FILE *stream)
{
	const char *section = NULL;

	fputs("# How AutoPerf builds and measures this repository: autoperf-init(1).\n"
	      "# Commands are run by sh -c, in copies of the work tree.\n",
	      stream);
	for (const struct config_key *key = config_keys; key->section; key++) {
		const char *value =
			*(char *const *)((const char *)config + key->offset);

		if (!value)
			continue;
		if (!section || strcmp(section, key->section) != 0)
			fprintf(stream, "\n[%s]\n", key->section);
		section = key->section;
		fprintf(stream, "%s = ", key->key);
		write_value(value, stream);
		fputs("\n", stream);
	}
}

void config_free(struct config *config)
{
	for (const struct config_key *key = config_keys; key->section; key++) {
		char **member = config_member(config, key);

		free(*member);
		*member = NULL;
	}
}
