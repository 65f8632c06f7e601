/* SPDX-License-Identifier: MIT */
/*
 * Reads the session file (recording/session.h) with open, read and our own splitting: this
 * runs in a constructor of the user's program, before much of it is initialised. A session
 * that cannot be understood switches recording off; the program never notices.
 */
#include "perfpoint/runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SESSION_BYTES_MAX (1u << 20)

/* One session being parsed; the text is split in place and stays for the names. */
struct parser {
	char *at;
	char *end;
	unsigned line;
};

/* Reads the file into anonymous memory, NUL-terminated; never freed. */
static int slurp(const char *path, char **bytes, size_t *length)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *memory = MAP_FAILED;
	ssize_t n = -1;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &status)) {
		n = -errno;
	} else if (!S_ISREG(status.st_mode) || status.st_size > SESSION_BYTES_MAX) {
		n = -EFBIG;
	} else {
		memory = mmap(NULL, (size_t)status.st_size + 1, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		n = memory == MAP_FAILED ? -ENOMEM
					 : read(fd, memory, (size_t)status.st_size);
		if (n < 0 && memory != MAP_FAILED)
			n = -errno;
	}
	close(fd);
	if (n < 0)
		return (int)n;
	*bytes = memory;
	*length = (size_t)n;
	return 0;
}

static char *next_line(struct parser *parser)
{
	char *line = parser->at, *newline;

	if (line >= parser->end)
		return NULL;
	newline = memchr(line, '\n', (size_t)(parser->end - line));
	if (newline)
		*newline = '\0';
	parser->at = newline ? newline + 1 : parser->end;
	parser->line++;
	return line;
}

/* Splits off the next word; the rest stays in *text. */
static char *next_word(char **text)
{
	char *word = *text;
	char *space = strchr(word, ' ');

	if (space) {
		*space = '\0';
		*text = space + 1;
	} else {
		*text = word + strlen(word);
	}
	return word;
}

static bool next_hex(char **text, uint64_t *value)
{
	char *word = next_word(text), *end;

	if (!*word)
		return false;
	errno = 0;
	*value = strtoull(word, &end, 16);
	return !*end && !errno;
}

/* event TYPE CONFIG CONFIG1 CONFIG2 FLAGS NAME */
static bool parse_event(char *text)
{
	struct runtime_event *event = &process.events[process.event_count];
	uint64_t type, flags;

	if (process.event_count == RECORDING_EVENTS_MAX)
		return false;
	if (!next_hex(&text, &type) || !next_hex(&text, &event->config) ||
	    !next_hex(&text, &event->config1) || !next_hex(&text, &event->config2) ||
	    !next_hex(&text, &flags) || !*text)
		return false;
	event->type = (uint32_t)type;
	event->flags = (uint32_t)flags;
	event->name = text;
	process.event_count++;
	return true;
}

static struct runtime_event *last_event(void)
{
	return process.event_count ? &process.events[process.event_count - 1] : NULL;
}

/* also TYPE CONFIG CONFIG1 CONFIG2 */
static bool parse_also(char *text)
{
	struct runtime_event *event = last_event();
	uint64_t type;

	if (!event || !next_hex(&text, &type) ||
	    !next_hex(&text, &event->other_config) ||
	    !next_hex(&text, &event->other_config1) ||
	    !next_hex(&text, &event->other_config2) || *text)
		return false;
	event->other_type = (uint32_t)type;
	event->has_other = true;
	return true;
}

static bool parse_group(void)
{
	struct runtime_event *event = last_event();

	if (!event)
		return false;
	event->begins_group = process.grouped = true;
	return true;
}

/* At most 1000. */
static bool parse_permille(char *text, uint32_t *value)
{
	uint64_t number;

	if (!next_hex(&text, &number) || *text || number > 1000)
		return false;
	*value = (uint32_t)number;
	return true;
}

static bool parse_source(const char *name)
{
	static const char *const names[] = {
		[RECORDING_SOURCE_NONE] = "none",
		[RECORDING_SOURCE_PERF] = "perf",
		[RECORDING_SOURCE_PAPI] = "papi",
		[RECORDING_SOURCE_SIM] = "sim",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]))
			continue;
		process.source = (enum recording_source)i;
		return true;
	}
	return false;
}

static bool parse_line(char *line, bool *has_source)
{
	char *key = next_word(&line);

	if (!*key)
		return true;
	if (!strcmp(key, "source"))
		return *has_source = parse_source(line);
	if (!strcmp(key, "event"))
		return parse_event(line);
	if (!strcmp(key, "also"))
		return parse_also(line);
	if (!strcmp(key, "group"))
		return parse_group();
	if (!strcmp(key, "max-overhead"))
		return parse_permille(line, &process.max_overhead);
	if (!strcmp(key, "running-floor"))
		return parse_permille(line, &process.running_floor);
	if (!strcmp(key, "user-read")) {
		process.user_read = !strcmp(line, "1");
		return true;
	}
	if (!strcmp(key, "plugin")) {
		if (strlen(line) >= sizeof(process.plugin_path))
			return false;
		memcpy(process.plugin_path, line, strlen(line) + 1);
		return true;
	}
	return true; /* of a later version: not needed to record */
}

int session_read(const char *directory)
{
	char path[sizeof(process.directory) + sizeof("/" SESSION_FILE)];
	struct parser parser = {0};
	char *line;
	bool has_source = false;
	size_t length = 0;
	int result;

	if (strlen(directory) >= sizeof(process.directory)) {
		complain(COMPLAINT_SESSION, ENAMETOOLONG,
			 SESSION_ENVIRONMENT " is longer than %zu bytes; not recording",
			 sizeof(process.directory) - 1);
		return -ENAMETOOLONG;
	}
	memcpy(process.directory, directory, strlen(directory) + 1);
	snprintf(path, sizeof(path), "%s/" SESSION_FILE, directory);
	result = slurp(path, &parser.at, &length);
	if (result) {
		complain(COMPLAINT_SESSION, -result,
			 "cannot read %s: %s; not recording", path, strerror(-result));
		return result;
	}
	parser.end = parser.at + length;
	process.events =
		mmap(NULL, RECORDING_EVENTS_MAX * sizeof(*process.events),
		     PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	line = next_line(&parser);
	if (process.events == MAP_FAILED)
		line = NULL;
	if (line && !strcmp(line, "perfpoint-session 1"))
		while ((line = next_line(&parser)) && parse_line(line, &has_source))
			;
	else
		parser.line = parser.line ? parser.line : 1;
	if (process.source == RECORDING_SOURCE_NONE)
		process.event_count = 0;
	if (line || !has_source) {
		complain(COMPLAINT_SESSION, EPROTO,
			 "cannot understand %s, line %u: written by another version of "
			 "autoperf? Not recording",
			 path, parser.line);
		return -EPROTO;
	}
	return 0;
}
