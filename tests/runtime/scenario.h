/* SPDX-License-Identifier: MIT */
/* What the files of the program `scenario` share. */
#ifndef AUTOPERF_TESTS_SCENARIO_H
#define AUTOPERF_TESTS_SCENARIO_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#define CHECK(condition)                                                     \
	do {                                                                 \
		if (!(condition)) {                                          \
			fprintf(stderr, "scenario: line %d: %s\n", __LINE__, \
				#condition);                                 \
			exit(99);                                            \
		}                                                            \
	} while (0)

/* Runs so many threads to their ends. */
void run_threads(int count, void *(*function)(void *));
/* For a child that must exit with 0. */
void wait_for(pid_t child);
/* START and END of a mark. */
void region(int mark);

/* START and END of mark 1 until the bool that it is given is true. */
void *keeps_marking(void *stop);

/* scenario_processes.c */
void counters_closed(void);
void destructor_in_child(void);
void fork_among_threads(void);
void fork_storm(void);
void fork_then_threads(void);
void forks(void);
void raw_clone(void);

/* scenario_budget.c */
void many_short(void);
void many_nested(void);
void many_faults(void);
void dies_among_short(void);
void short_in_child(void);

#endif
