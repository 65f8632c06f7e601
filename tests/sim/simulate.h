/* SPDX-License-Identifier: MIT */
/*
 * Runs a program under the simulator and reads what it recorded. Everything fails the running
 * cmocka test when it cannot be done.
 */
#ifndef TESTS_SIM_SIMULATE_H
#define TESTS_SIM_SIMULATE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "machine/machine.h"
#include "support/recordings.h"

/* From the command line of the test. */
extern const char *runtime_library;
/* VALGRIND_LIB RUNTIME PROGRAM...; false: usage has been printed. */
bool simulate_arguments(int argc, char **argv);
/* The path of a PROGRAM by its last component; NULL: it could not be built. */
const char *find_program(const char *name);

struct plan {
	const char *options[8]; /* of the tool; ends with NULL */
	const char *command[8]; /* ends with NULL */
	bool markers;  /* with the runtime preloaded and a session of source sim */
	bool natively; /* not simulated: source none */
	const char *session; /* its text; NULL: all counters of the machine */
};

/* One run and all that it left. */
struct simulation {
	char directory[64];
	int status; /* of waitpid */
	char *text; /* stdout and stderr */
	struct recordings recorded;
};
struct simulation *simulate(const struct plan *plan);
/* Removes what the run left. */
void finish(struct simulation *simulation);
void assert_exited(const struct simulation *simulation, int status);

/* Sums over all samples of a region (NULL: all) in all recordings. */
struct totals {
	uint64_t executions;
	uint64_t wall_ns, cpu_ns;
	uint64_t counters[MACHINE_COUNTERS];
};
struct totals add_up(const struct simulation *simulation, const char *region);
uint64_t lost(const struct simulation *simulation, enum recording_loss loss);
/* The text of the one file that ends so; to be freed. */
char *read_result(const struct simulation *simulation, const char *suffix);

bool is_installed(const char *command);

/* Totals of the region of tests/sim/contention.c. */
struct totals contend(const char *mode, int threads, long count);

#endif
