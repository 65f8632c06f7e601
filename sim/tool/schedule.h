/* SPDX-License-Identifier: MIT */
/*
 * How far a thread may execute before the others have their turn.
 */
#ifndef AUTOPERF_SIM_TOOL_SCHEDULE_H
#define AUTOPERF_SIM_TOOL_SCHEDULE_H

#include "tool/thread.h"

/* Of VG_(track_start_client_code). */
void schedule_start(ThreadId tid, ULong blocks);
/* Of VG_(track_stop_client_code). */
void schedule_stop(ThreadId tid, ULong blocks);

/* Where the thread will be when all that it has logged is replayed, as far as can be told. */
uint64_t schedule_front(const struct thread *thread);
/* The thread has been woken though it is not back yet: others wait for it from now on. */
void schedule_woken(struct thread *thread, const struct thread *waker);
/*
 * Whether the thread, which is about to lock something, stays where it is because its turn is over or
 * because somebody else holds the lock and can go on.
 */
bool schedule_stays(struct thread *thread, uint64_t address);
/* The thread has locked something, by such a function or another. */
void schedule_locked(struct thread *thread, uint64_t address, bool shared);
/* The thread has unlocked something, the lock's word included, or could not lock it. */
void schedule_unlocked(struct thread *thread, uint64_t address);
/* The thread's memory is about to be freed. */
void schedule_ended(const struct thread *thread);
/* A region begins: with --warm=off, what the thread executes is logged from now on. */
void schedule_region(const struct thread *thread);
/* What the program does from here on is out of sight (exec, exit): replays everything. */
void schedule_drain(void);

#endif
