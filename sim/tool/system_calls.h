/* SPDX-License-Identifier: MIT */
/*
 * System calls, as far as threads wait in them or wake each other.
 */
#ifndef AUTOPERF_SIM_TOOL_SYSTEM_CALLS_H
#define AUTOPERF_SIM_TOOL_SYSTEM_CALLS_H

#include "tool/futex.h"

/* Of a thread, made on demand. */
struct system_call_state {
	struct futex_wait futex;
	uint64_t started_ns;   /* real time, of calls that can wait for time to pass */
	uint64_t sleep_ns;     /* asked for by the call at hand */
	UWord cleared_at_exit; /* address of a futex, 0: none */
	struct channel *channel;   /* that the call at hand reads or writes */
	struct transfer *transfer; /* being written */
	bool will_block;
	UWord clone_flags, clone_child;
};
struct system_call_state *system_call_state(struct thread *thread);

/* Of VG_(needs_syscall_wrapper). */
void system_call_before(ThreadId tid, UInt number, UWord *arguments, UInt count);
void system_call_after(ThreadId tid, UInt number, UWord *arguments, UInt count,
		       SysRes result);

/* A thread that was made by clone(2) is about to exist, made by `parent`. */
void system_call_cloned(struct thread *parent, struct thread *child);
/* The thread has executed its last instruction: those who join it go on. */
void system_call_exited(struct thread *thread);
void system_calls_forked(void);

#endif
