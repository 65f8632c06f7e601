/* SPDX-License-Identifier: MIT */
/*
 * Inside this room: source sim. The command is started under Valgrind with our tool, which
 * writes recordings as the runtime does; the rest of record() need not know.
 */
#ifndef AUTOPERF_WORKLOAD_SIMULATE_H
#define AUTOPERF_WORKLOAD_SIMULATE_H

#include <stdbool.h>

#include "base/console.h"
#include "profile/profile.h"
#include "workload/simulated_machine.h"
#include "workload/simulator.h"
#include "workload/workload.h"

/* What is known of a function that is to be a region; later ones outdo earlier ones. */
enum simulated_function {
	SIMULATED_FUNCTION_UNKNOWN, /* no process has told */
	SIMULATED_FUNCTION_ABSENT,  /* no program or library has it */
	SIMULATED_FUNCTION_IDLE,    /* it was never called */
	SIMULATED_FUNCTION_CALLED,
};

/* Zero-initialised is none. */
struct simulation {
	struct simulator simulator;
	struct simulated_machine machine;
	enum simulated_function *functions; /* one per option.simulation function */
	char **told;                        /* the tool's messages, each told once */
	size_t told_count;
	size_t told_capacity;
	char unknown_instruction[512]; /* what Valgrind could not execute, and what to
					  do; "" nothing */
};

/*
 * Finds the simulator and the machine: that of the options; else, with --append, that of
 * `stored`, a description (NULL: none); else the default.
 */
int simulation_prepare(struct simulation *simulation,
		       const struct record_options *options, const char *stored,
		       struct error *error);
void simulation_free(struct simulation *simulation);

/*
 * Makes *machine, the host's fingerprint, that of the simulated one: what the host is like has
 * no influence on what is counted.
 */
void simulation_fingerprint(const struct simulation *simulation,
			    const struct record_options *options,
			    struct machine *machine);

/* A command and what is added to its environment. Zero-initialised is none. */
struct simulated_command {
	char **argv;
	char **environment; /* NULL-terminated */
	char **owned;       /* strings of both that are ours */
	size_t owned_count;
	size_t owned_capacity;
};

/* Writes what the tool reads into `directory` and makes the command for one run there. */
int simulation_command(const struct simulation *simulation,
		       const struct record_options *options, const char *directory,
		       struct simulated_command *command, struct error *error);
void simulated_command_free(struct simulated_command *command);

/* Reads Valgrind's logs of a run that has ended, and tells what the user has to know. */
void simulation_read_logs(struct simulation *simulation,
			  const struct record_options *options, const char *directory,
			  const struct console *console);
/* At the end: warns of functions that were to be regions and never were. */
void simulation_warn_functions(const struct simulation *simulation,
			       const struct record_options *options,
			       const struct console *console);

#endif
