/* SPDX-License-Identifier: MIT */
/* What must hold in a simulated machine between any two calls. */
#ifndef AUTOPERF_TESTS_SUPPORT_SIM_INVARIANTS_H
#define AUTOPERF_TESTS_SUPPORT_SIM_INVARIANTS_H

#include "machine/machine.h"

/*
 * One owner and no S beside it; the directory says what the caches hold, no more and no less;
 * inclusion where it is promised; sets without doubles, empty ways last; a line that may be
 * written without asking is modified and owned. NULL, or the first rule that is broken.
 */
const char *broken_invariant(const struct machine *machine);

#endif
