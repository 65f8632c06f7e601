/* SPDX-License-Identifier: MIT */
/*
 * Locks of the C library as they are held where threads execute. Who waits for whom is decided
 * anew in virtual time (order.c); here threads are only kept from running into each other.
 */
#ifndef AUTOPERF_SIM_TOOL_GATE_H
#define AUTOPERF_SIM_TOOL_GATE_H

#include "tool/thread.h"

/*
 * The thread is about to lock. false: another one holds the lock and can go on, so this one should
 * not execute before it has unlocked.
 */
bool gate_pass(struct thread *thread, uint64_t address);
/* The thread has the lock, however it got it. */
void gate_taken(struct thread *thread, uint64_t address);
/* It is unlocked. false: nobody was known to hold it alone. */
bool gate_left(uint64_t address);
/* The thread's memory is about to be freed. */
void gate_thread_ended(struct thread *thread);

#endif
