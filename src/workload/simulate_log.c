/* SPDX-License-Identifier: MIT */
/*
 * What Valgrind and our tool wrote into their logs of one run. Most of it is for developers of
 * Valgrind; what a user has to know is told in our own words:
 *
 *	==12== autoperf-sim: ...		our tool's messages, forwarded once each
 *	==12== autoperf-sim: function NAME: ...	whether a function is there and was called
 *	==12== valgrind: Unrecognised instruction at address 0x...
 *	==12==    at 0x...: work (work.c:7)
 *	valgrind: ...				Valgrind itself failed
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/text.h"
#include "workload/simulate.h"

#define LOG_BYTES_MAX   ((size_t)1 << 20) /* of one process */
#define LOG_SUFFIX      ".log"
#define OUR_PREFIX      "autoperf-sim: "
#define FUNCTION_PREFIX OUR_PREFIX "function "
#define UNKNOWN_PREFIX  "valgrind: Unrecognised instruction"
#define BYTES_PREFIX    "unhandled instruction bytes: "
#define FAILURE_PREFIX  "valgrind: "

/* AVX-512 instructions begin with the EVEX prefix (Intel SDM volume 2, 2.7). */
#define EVEX_BYTE "0x62"

/* One log under way. */
struct log_reader {
	struct simulation *simulation;
	const struct record_options *options;
	const struct console *console;
	bool evex;        /* the instruction is one of AVX-512 */
	bool wants_place; /* the next line with "at" says where it is */
};

/* Whether it is new; then it is kept. */
static bool is_news(struct simulation *simulation, const char *message)
{
	for (size_t i = 0; i < simulation->told_count; i++)
		if (!strcmp(simulation->told[i], message))
			return false;
	if (array_reserve(&simulation->told, &simulation->told_capacity,
			  simulation->told_count + 1, sizeof(*simulation->told)))
		return true;
	simulation->told[simulation->told_count] = strdup(message);
	simulation->told_count += simulation->told[simulation->told_count] != NULL;
	return true;
}

/* "NAME: called" */
static void note_function(struct log_reader *reader, const char *line)
{
	static const struct {
		const char *word;
		enum simulated_function state;
	} states[] = {
		{" absent", SIMULATED_FUNCTION_ABSENT},
		{" idle", SIMULATED_FUNCTION_IDLE},
		{" called", SIMULATED_FUNCTION_CALLED},
	};
	const char *const *names = reader->options->simulation.region_functions;
	const char *end = strrchr(line, ':');

	for (size_t i = 0; end && names && names[i]; i++) {
		size_t length = strlen(names[i]);
		enum simulated_function *function = &reader->simulation->functions[i];

		if (length != (size_t)(end - line) || memcmp(names[i], line, length))
			continue;
		for (size_t j = 0; j < sizeof(states) / sizeof(*states); j++)
			if (!strcmp(end + 1, states[j].word) &&
			    states[j].state > *function)
				*function = states[j].state;
	}
}

static void note_unknown(struct log_reader *reader, const char *place)
{
	struct simulation *simulation = reader->simulation;

	if (*simulation->unknown_instruction)
		return;
	snprintf(
		simulation->unknown_instruction,
		sizeof(simulation->unknown_instruction),
		"Valgrind %s cannot execute an instruction at %.160s: %s",
		simulator_version(), place,
		reader->evex
			? "it is one of AVX-512; build the program with "
			  "-mno-avx512f, or -march=x86-64-v3 instead of -march=native"
			: "if the program runs well without AutoPerf, it was built for "
			  "a newer processor (-march=native); build it with "
			  "-march=x86-64-v3 or without the option");
}

/* The text after "==123== ", or the whole line. */
static const char *after_number(const char *line)
{
	const char *number = line + strlen("==");
	const char *end;

	if (strncmp(line, "==", 2))
		return line;
	end = number + strspn(number, "0123456789");
	return strncmp(end, "== ", 3) ? line : end + strlen("== ");
}

static void read_line(struct log_reader *reader, const char *line)
{
	const char *text = after_number(line);
	const char *bytes = strstr(text, BYTES_PREFIX);
	const char *place;

	if (bytes) {
		reader->evex = !strncmp(bytes + strlen(BYTES_PREFIX), EVEX_BYTE,
					strlen(EVEX_BYTE));
	} else if (reader->wants_place && (place = strstr(text, "at 0x"))) {
		reader->wants_place = false;
		note_unknown(reader, place + strlen("at "));
	} else if (!strncmp(text, FUNCTION_PREFIX, strlen(FUNCTION_PREFIX))) {
		note_function(reader, text + strlen(FUNCTION_PREFIX));
	} else if (!strncmp(text, OUR_PREFIX, strlen(OUR_PREFIX))) {
		if (is_news(reader->simulation, text))
			console_warn(reader->console, "%s", text);
	} else if (!strncmp(text, UNKNOWN_PREFIX, strlen(UNKNOWN_PREFIX))) {
		reader->wants_place = true;
	} else if (!strncmp(text, FAILURE_PREFIX, strlen(FAILURE_PREFIX))) {
		if (is_news(reader->simulation, text))
			console_warn(reader->console,
				     "%s (Valgrind itself; --keep-recordings keeps "
				     "its log)",
				     text);
	}
}

static void read_log(struct log_reader *reader, const char *path)
{
	char *bytes, *rest, *line;
	size_t length;

	/* A longer one is of a program that makes Valgrind complain without end. */
	if (file_read(path, LOG_BYTES_MAX, &bytes, &length, NULL))
		return;
	rest = bytes;
	while ((line = strsep(&rest, "\n")))
		read_line(reader, line);
	free(bytes);
}

static int is_log(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name), suffix = strlen(LOG_SUFFIX);

	return length > suffix && !strcmp(entry->d_name + length - suffix, LOG_SUFFIX);
}

void simulation_read_logs(struct simulation *simulation,
			  const struct record_options *options, const char *directory,
			  const struct console *console)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, is_log, versionsort);

	for (int i = 0; i < count; i++) {
		struct log_reader reader = {
			.simulation = simulation,
			.options = options,
			.console = console,
		};
		struct text path = {0};

		text_printf(&path, "%s/%s", directory, entries[i]->d_name);
		if (!path.failed)
			read_log(&reader, path.chars);
		text_free(&path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

void simulation_warn_functions(const struct simulation *simulation,
			       const struct record_options *options,
			       const struct console *console)
{
	const char *const *names = options->simulation.region_functions;

	for (size_t i = 0; names && names[i]; i++) {
		if (simulation->functions[i] == SIMULATED_FUNCTION_ABSENT)
			console_warn(
				console,
				"--region-function %s: no program or library that "
				"was simulated has a function of that name; 'nm -C "
				"PROGRAM' lists them, unless it is stripped, and "
				"what is inlined everywhere is no function",
				names[i]);
		else if (simulation->functions[i] == SIMULATED_FUNCTION_IDLE)
			console_warn(console,
				     "--region-function %s: the function was never "
				     "called; was it inlined where it is?",
				     names[i]);
	}
}
