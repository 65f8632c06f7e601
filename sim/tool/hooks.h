/* SPDX-License-Identifier: MIT */
/*
 * Functions of the program whose calls mean something: allocation, synchronisation, the runtime's
 * markers, regions by name. They are recognised by their symbol when their first block is
 * translated; that block then calls hooks_entered(), and the return to the caller calls
 * hooks_returned(). Nothing is added to what the program executes: no wrapper, no preload, the
 * heap's layout is what it is without the tool, and statically linked programs are covered too.
 */
#ifndef AUTOPERF_SIM_TOOL_HOOKS_H
#define AUTOPERF_SIM_TOOL_HOOKS_H

#include "tool/thread.h"

struct hook;

/* The hook of the function that begins at this address, or NULL. For translation. */
const struct hook *hooks_find(Addr address);

/* Its calls are executions of a region. */
bool hooks_is_region(const struct hook *hook);

/* It waits until it has locked its first argument. */
bool hooks_locks(const struct hook *hook);

/* Calls of this function are executions of region `region` (region.h). */
void hooks_add_region(const HChar *name, uint32_t region);
/* Whether a symbol, demangled, is the function that somebody calls `name`. */
bool hooks_same_function(const HChar *symbol, const HChar *name);
/* This function is a marker: nothing below it is simulated. */
void hooks_add_marker(Addr address);

/* Called by generated code before such a lock is locked: 1: not now, the turn ends here; or 0. */
UWord hooks_stay(UWord address);
/* Called by generated code. Arguments: the function's first three, and its stack pointer. */
void hooks_entered(const struct hook *hook, UWord first, UWord second, UWord third,
		   UWord stack_pointer);
/* After a return to cursor.return_to. */
void hooks_returned(UWord result, UWord stack_pointer);

/*
 * The thread is inside a function whose waiting the replay decides anew: what it waits for in
 * the kernel meanwhile is no fact about virtual time.
 */
bool hooks_synchronising(const struct thread *thread);

#endif
