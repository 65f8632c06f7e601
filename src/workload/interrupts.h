/* SPDX-License-Identifier: MIT */
/*
 * Signals while commands are measured. Nothing is handled asynchronously: SIGINT, SIGTERM,
 * SIGHUP and SIGCHLD are blocked and taken with sigtimedwait(2), so there is no handler, no
 * global flag, and the dispositions that the command inherits are the user's own. Signals
 * that were ignored before (nohup) stay ignored. SIGPIPE and SIGXFSZ are blocked too: who reads
 * our messages may go away, a file-size limit may be reached, and there is something to clean up
 * then.
 *
 * For programs of one thread: with more, the others must have these signals blocked too.
 */
#ifndef AUTOPERF_WORKLOAD_INTERRUPTS_H
#define AUTOPERF_WORKLOAD_INTERRUPTS_H

#include <signal.h>
#include <stdint.h>

struct interrupts {
	sigset_t original; /* mask before; the command gets it back */
	sigset_t asking;   /* those of SIGINT, SIGTERM, SIGHUP that ask us to stop */
	sigset_t waited;   /* asking, and SIGCHLD */
	struct sigaction
		child; /* disposition of SIGCHLD before; the command gets it back */
};

/* Blocks. SIGCHLD gets its default disposition: ignored, it would make children vanish. */
void interrupts_block(struct interrupts *interrupts);
/* Undoes it. A signal that is still pending then does what it would have done. */
void interrupts_restore(const struct interrupts *interrupts);
/* The same, in a child between fork and exec. Async-signal-safe. */
void interrupts_restore_in_child(const struct interrupts *interrupts);
/* A pending request to stop, which it takes; 0 if there is none. */
int interrupts_take(const struct interrupts *interrupts);
/*
 * Waits for one of `signals` for at most `timeout_ns` (UINT64_MAX: for ever). Returns the
 * signal, with *info filled, or 0.
 */
int interrupts_wait(const sigset_t *signals, uint64_t timeout_ns, siginfo_t *info);

#endif
