/* SPDX-License-Identifier: MIT */
/*
 * One thread's counts of a program, by the simulator and by two tools that others wrote: cachegrind,
 * and lackey's list of accesses fed to the plainest of caches. Everything fails the running cmocka
 * test when it cannot be done.
 */
#ifndef TESTS_PARITY_COUNT_H
#define TESTS_PARITY_COUNT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/scratch.h"

struct cache_shape {
	uint64_t bytes;
	uint32_t ways;
};

/* Two levels: cachegrind has no third. */
struct geometry {
	const char *name;
	struct cache_shape l1i, l1d, llc;
};

struct counts {
	uint64_t instructions;
	uint64_t branches; /* conditional and indirect */
	uint64_t mispredicted;
	uint64_t l1i_misses;
	uint64_t l1d_misses; /* reads and writes */
	uint64_t llc_misses;
};

/* Links the tools into the test's directory, so that all run from one place. */
void count_prepare(const struct scratch *scratch);

/* NULL-terminated; stdout goes nowhere. */
#define COMMAND_WORDS_MAX 12

struct counts count_simulated(const struct scratch *scratch,
			      const struct geometry *geometry,
			      const char *const *command);
struct counts count_cachegrind(const struct scratch *scratch,
			       const struct geometry *geometry,
			       const char *const *command);

/* Accesses of lackey's list that miss in L1D. */
uint64_t count_listed(const struct scratch *scratch, struct cache_shape l1d,
		      const char *const *command);

#endif
