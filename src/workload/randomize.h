/* SPDX-License-Identifier: MIT */
/*
 * Layout noise: where a program's stack, heap and libraries happen to lie changes its speed by
 * some percent, and what moves them is accident: the length of the user's name is enough
 * (Mytkowicz et al., "Producing Wrong Data Without Doing Anything Obviously Wrong!", ASPLOS
 * 2009). Runs that all had the same lucky layout would make the next one look like a
 * regression. So each run gets another layout, and the scatter that training sees has it all.
 *
 * What varies is the size of the environment, and with it where the stack starts, also on the
 * simulated machine; the kernel's randomisation of addresses does the rest on a real one.
 */
#ifndef AUTOPERF_WORKLOAD_RANDOMIZE_H
#define AUTOPERF_WORKLOAD_RANDOMIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define LAYOUT_ENVIRONMENT "PERFPOINT_LAYOUT"
#define LAYOUT_SEED_MAX    ((UINT64_C(1) << 53) - 1) /* exact in JSON */

/* How the layout of one run comes about. */
struct layout {
	uint64_t seed; /* 0: not randomised */
	char **items;  /* NAME=VALUE to add for this run, NULL-terminated, or NULL */
	char *padding; /* the item that is ours, owned */
};

/* A seed to begin with, where none was asked for. */
uint64_t layout_random_seed(void);

/* The seed of the n-th run; a recording that is begun with it gets that run's layout at once. */
uint64_t layout_run_seed(uint64_t first, uint64_t n);

/*
 * The layout of the run with `seed`, not 0: `added` (NULL-terminated, may be NULL; its strings
 * must outlive the layout) and a variable of random length.
 */
int layout_make(struct layout *layout, uint64_t seed, char *const *added,
		struct error *error);
void layout_free(struct layout *layout);

/* Makes the kernel stop randomising addresses of this process from its next execve() on. Safe
 * after fork(). Returns false where that is forbidden, as in some containers. */
bool layout_fix_addresses(void);
/* Whether it would work; changes nothing. */
bool layout_can_fix_addresses(void);

#endif
