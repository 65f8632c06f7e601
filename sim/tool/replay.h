/* SPDX-License-Identifier: MIT */
/*
 * Replay: what the threads logged is simulated in the order of virtual time, always the thread
 * whose clock is lowest.
 */
#ifndef AUTOPERF_SIM_TOOL_REPLAY_H
#define AUTOPERF_SIM_TOOL_REPLAY_H

#include "tool/thread.h"

/* Replays all that the only thread has logged. */
void replay_alone(struct thread *thread);

enum replay_extent {
	REPLAY_SAFE, /* nothing that a thread may still have to do something before */
	REPLAY_ALL,
};
/* Replays logs of several threads; none is current. */
void replay_merge(enum replay_extent extent);

/* Words of blocks that --warm=off passed over since a block was simulated. */
uint64_t replay_passed_over(void);

/* A held thread may go on (order.c). */
void replay_resume(struct thread *thread);

/* Time of the latest thing that was replayed. */
uint64_t replay_time(void);

#endif
