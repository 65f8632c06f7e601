/* SPDX-License-Identifier: MIT */
/*
 * Threads that spin.
 *
 * A thread whose log repeats itself, and whose registers and all memory that it touches are the
 * same after a repetition as before, can do nothing else for ever: it waits for a store of another
 * thread. Such a thread's repetitions are taken back, its turn ends, and the replay holds it
 * until that store has been replayed. So a program that spins makes progress at the pace of the
 * thread that is waited for, and the wait is as long as it is in virtual time.
 */
#ifndef AUTOPERF_SIM_TOOL_SPIN_H
#define AUTOPERF_SIM_TOOL_SPIN_H

#include "tool/thread.h"

struct spin;

/* While the thread executes: looks at what has been logged since the last look. true: it spins
 * from now on (THREAD_SPINNING), and should not execute further now. */
bool spin_look(struct thread *thread);
/* Before another thread executes, after `last` did: finds spinning threads that may go on. */
void spin_look_around(const struct thread *last);

/* Replay of LOG_SPIN, which owns the spin; false: held. */
bool spin_replay(struct thread *thread, struct spin *spin);
/* The replay has come to thread->watched. */
void spin_passed(struct thread *thread);
/* Nobody can wait for stores of this thread any more. */
void spin_thread_ended(struct thread *thread);
void spin_forked(void);

#endif
