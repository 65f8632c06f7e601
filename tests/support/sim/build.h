/* SPDX-License-Identifier: MIT */
/* Machines for tests, made from a few lines of description. Failures end the test. */
#ifndef AUTOPERF_TESTS_SUPPORT_SIM_BUILD_H
#define AUTOPERF_TESTS_SUPPORT_SIM_BUILD_H

#include "machine/machine.h"

/* The default description with `text` read over it. */
struct machine_config build_config(const char *text);
struct machine *build_machine(const struct machine_config *config);
struct machine_thread *build_thread(struct machine *machine, uint32_t id,
				    uint32_t core);

/* Memory from calloc(), counted; allocations after `limit` of them fail (0: none do). */
struct build_memory {
	uint64_t taken, given, limit;
	uint64_t notes; /* a place for the caller's own count */
};
struct machine_host build_host(struct build_memory *memory);

/* The sum of a counter over all threads of the machine. */
uint64_t build_sum(const struct machine *machine, enum machine_counter counter);

#endif
