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

/*
 * While the thread executes, its log not current: looks at what has been logged since the last
 * look, and sets log.look_at for the next. true: it spins from now on (THREAD_SPINNING), and should
 * not execute further now.
 */
bool spin_look(struct thread *thread);
/* A spinning thread had another turn: does it still do the same? */
void spin_look_again(struct thread *thread);
/* Before another thread executes, after `last` did: lets spinning threads go on for which it has
 * changed something. */
void spin_look_around(struct thread *last);

/* Replay of LOG_SPIN, which owns the spin; false: held. */
bool spin_replay(struct thread *thread, struct spin *spin);
/* The replay has come past thread->watched. */
void spin_passed(struct thread *thread);
/* Nobody can wait for stores of this thread any more, nor it for others. */
void spin_thread_ended(struct thread *thread);
void spin_free_state(struct thread *thread);

#endif
