/* SPDX-License-Identifier: MIT */
/*
 * Source sim: the machine, the command line of Valgrind, and the machine's fingerprint; see
 * simulate.h. Valgrind's messages go to a file of each process (simulate_log.c): the program's
 * output stays its own.
 */
#include "workload/simulate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/file.h"
#include "base/text.h"

#define MACHINE_FILE "machine"
#define LOG_FILE     "valgrind-%p.log" /* %p: process number */

/* ---- preparing ---- */

static size_t count_words(char *const *words)
{
	size_t count = 0;

	while (words && words[count])
		count++;
	return count;
}

static size_t count_functions(const struct record_options *options)
{
	const char *const *names = options->simulation.region_functions;
	size_t count = 0;

	while (names && names[count])
		count++;
	return count;
}

int simulation_prepare(struct simulation *simulation,
		       const struct record_options *options, const char *stored,
		       struct error *error)
{
	const char *name = options->simulation.machine;
	int code = simulator_find(&simulation->simulator, error);

	if (!code && !name && stored)
		code = simulated_machine_read(&simulation->machine, stored,
					      options->output, error);
	else if (!code)
		code = simulated_machine_find(&simulation->machine, name, error);
	if (code)
		return code;
	simulation->functions =
		calloc(count_functions(options) + 1, sizeof(*simulation->functions));
	return simulation->functions ? 0
				     : error_no_memory(error, "preparing to simulate");
}

void simulation_free(struct simulation *simulation)
{
	simulator_free(&simulation->simulator);
	simulated_machine_free(&simulation->machine);
	free(simulation->functions);
	for (size_t i = 0; i < simulation->told_count; i++)
		free(simulation->told[i]);
	free(simulation->told);
	*simulation = (struct simulation){0};
}

void simulation_fingerprint(const struct simulation *simulation,
			    const struct record_options *options,
			    struct machine *machine)
{
	const struct simulated_machine *simulated = &simulation->machine;

	snprintf(machine->cpu_model, sizeof(machine->cpu_model),
		 "simulated machine %s (%08x)%s", simulated->name, simulated->digest,
		 options->simulation.cold ? ", cold outside regions" : "");
	machine->cores = machine->cores_allowed = simulated->cores;
	machine->numa_nodes = simulated->sockets;
	machine->smt = machine->turbo = -1;
	*machine->governor = *machine->hypervisor = *machine->kernel = '\0';
}

/* ---- the command ---- */

/* Keeps `text` among the command's strings; NULL when out of memory. Frees the text. */
static char *keep(struct simulated_command *command, struct text *text)
{
	char *chars = text->chars;

	if (text->failed ||
	    array_reserve(&command->owned, &command->owned_capacity,
			  command->owned_count + 1, sizeof(*command->owned))) {
		text_free(text);
		return NULL;
	}
	command->owned[command->owned_count++] = chars;
	return chars;
}

/* "NAMEvalue" */
static char *word(struct simulated_command *command, const char *name,
		  const char *value)
{
	struct text text = {0};

	text_puts(&text, name);
	text_puts(&text, value);
	return keep(command, &text);
}

/* Valgrind takes % for the start of a pattern. */
static char *log_option(struct simulated_command *command, const char *directory)
{
	struct text text = {0};

	text_puts(&text, "--log-file=");
	for (; *directory; directory++)
		text_printf(&text, *directory == '%' ? "%c%%" : "%c", *directory);
	text_puts(&text, "/" LOG_FILE);
	return keep(command, &text);
}

/* Our options, for a program of `words` words. */
static int fill_argv(const struct simulation *simulation,
		     const struct record_options *options, const char *directory,
		     struct simulated_command *command)
{
	const char *const *functions = options->simulation.region_functions;
	char **argv = command->argv;
	size_t count = 0;

	argv[count++] = word(command, simulation->simulator.valgrind, "");
	argv[count++] = word(command, "--tool=", "autoperf-sim");
	/* Nothing from ~/.valgrindrc and $VALGRIND_OPTS, which are about other tools. */
	argv[count++] = word(command, "--command-line-only=", "yes");
	argv[count++] = word(command, "--vgdb=", "no");
	argv[count++] = log_option(command, directory);
	argv[count++] = word(command, "--session=", directory);
	argv[count] = word(command, "--machine=", directory);
	if (argv[count]) {
		struct text path = {0};

		text_printf(&path, "%s/" MACHINE_FILE, argv[count]);
		argv[count] = keep(command, &path);
	}
	count++;
	argv[count++] =
		word(command, "--warm=", options->simulation.cold ? "off" : "on");
	argv[count++] = word(command, "--trace-children=",
			     options->simulation.follow_children ? "yes" : "no");
	for (; functions && *functions; functions++)
		argv[count++] = word(command, "--region-function=", *functions);
	for (size_t i = 0; i < count; i++)
		if (!argv[i])
			return -ENOMEM;
	for (char *const *from = options->argv; *from; from++)
		argv[count++] = *from;
	return 0;
}

#define OWN_OPTIONS 9 /* words of ours beside functions */

static int make_command(const struct simulation *simulation,
			const struct record_options *options, const char *directory,
			struct simulated_command *command)
{
	size_t added = count_words(options->environment);
	size_t words =
		OWN_OPTIONS + count_functions(options) + count_words(options->argv);

	command->argv = calloc(words + 1, sizeof(*command->argv));
	command->environment = calloc(added + 2, sizeof(*command->environment));
	if (!command->argv || !command->environment)
		return -ENOMEM;
	for (size_t i = 0; i < added; i++)
		command->environment[i] = options->environment[i];
	command->environment[added] =
		word(command, "VALGRIND_LIB=", simulation->simulator.directory);
	if (!command->environment[added])
		return -ENOMEM;
	return fill_argv(simulation, options, directory, command);
}

static int write_machine(const struct simulation *simulation, const char *directory,
			 struct error *error)
{
	struct file_output output = {0};
	struct text path = {0};
	int code;

	text_printf(&path, "%s/" MACHINE_FILE, directory);
	code = path.failed ? error_no_memory(error, "writing the machine")
			   : file_output_open(&output, path.chars, true, error);
	text_free(&path);
	if (code)
		return code;
	fputs(simulation->machine.text, output.stream);
	return file_output_commit(&output, error);
}

int simulation_command(const struct simulation *simulation,
		       const struct record_options *options, const char *directory,
		       struct simulated_command *command, struct error *error)
{
	int code = write_machine(simulation, directory, error);

	*command = (struct simulated_command){0};
	if (code)
		return code;
	if (!make_command(simulation, options, directory, command))
		return 0;
	simulated_command_free(command);
	return error_no_memory(error, "preparing the simulator's command");
}

void simulated_command_free(struct simulated_command *command)
{
	for (size_t i = 0; i < command->owned_count; i++)
		free(command->owned[i]);
	free(command->owned);
	free(command->argv);
	free(command->environment);
	*command = (struct simulated_command){0};
}
