/* SPDX-License-Identifier: MIT */
/*
 * futex(2): who waits where, and who has woken whom. Locks, semaphores and barriers of the C library
 * are seen through their functions (hooks.c); everything else that threads wait with (condition
 * variables, joins, OpenMP, other languages' runtimes) comes down to this.
 */
#ifndef AUTOPERF_SIM_TOOL_FUTEX_H
#define AUTOPERF_SIM_TOOL_FUTEX_H

#include "tool/thread.h"

struct signal;

/* Part of a thread's system_call_state. */
struct futex_wait {
	struct futex *futex;     /* waits there, or was told to go on; NULL: no */
	struct thread *next;     /* in the futex's list */
	UWord value;             /* of the word, while it waits */
	bool told;               /* woken, as far as counting tells, but not back yet */
	struct signal *woken_by; /* owned */
	struct signal *in_flight; /* owned: of its own waking call */
	uint64_t expected;        /* threads that it is going to wake */
};

/* Returns whether the thread is going to wait. */
bool futex_before(struct thread *thread, const UWord *arguments);
void futex_after(struct thread *thread, const UWord *arguments, SysRes result,
		 uint64_t elapsed_ns);
/* When the thread is gone the kernel clears the word at `address`, if any, and wakes its waiters. */
void futex_exited(struct thread *thread, UWord address);
/* The thread was told long ago and does not come: counting was wrong. */
void futex_doubt(struct thread *thread);
void futexes_forked(void);

#endif
