/* SPDX-License-Identifier: MIT */
/* Code that runs with fewer rights than the test has, in a child of its own. */
#ifndef AUTOPERF_TESTS_RESTRICTED_H
#define AUTOPERF_TESTS_RESTRICTED_H

#include <stdbool.h>
#include <stddef.h>

/* What the child loses before the code runs; 0, or -1 when this test cannot take it away. */
typedef int (*restriction)(void);

/* Becomes user 65534 ("nobody") without groups and capabilities; needs root. */
int restricted_to_nobody(void);
/* perf_event_open(2) answers EPERM, as under a container's default seccomp filter. */
int restricted_by_seccomp(void);
/* At most 8 open files. */
int restricted_to_few_files(void);

/*
 * Runs code(text, size) in a child under the restriction and gives back what it wrote into
 * `text` (size bytes). Returns false when the restriction could not be applied; ends the
 * test when the child died.
 */
bool restricted_run(restriction restrict_child, void (*code)(char *text, size_t size),
		    char *text, size_t size);

#endif
