/* SPDX-License-Identifier: MIT */
/* What a fuzz harness implements, and what it may use. driver.c tells how to write one. */
#ifndef AUTOPERF_TESTS_FUZZ_H
#define AUTOPERF_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Tries one input. Returns 0. Must not exit, keep state from one input to the next that changes
 * what it does, or leave files behind. What must hold whatever the input is checked with
 * fuzz_require().
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/*
 * The index-th built-in seed, a good input from which bad ones are bred: *bytes is malloc'd.
 * false when there are no more.
 */
bool fuzz_seed(size_t index, uint8_t **bytes, size_t *length);

/* Ends the process with a report when something that must hold does not. */
#define fuzz_require(condition)                                    \
	do {                                                       \
		if (!(condition))                                  \
			fuzz_fail(__FILE__, __LINE__, #condition); \
	} while (0)
_Noreturn void fuzz_fail(const char *file, int line, const char *condition);

/*
 * Path of a file in memory with that content, for code that opens by name; the same file each
 * time. Valid until the next call.
 */
const char *fuzz_file(const uint8_t *bytes, size_t length);

#endif
