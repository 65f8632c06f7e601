/* SPDX-License-Identifier: MIT */
/*
 * Who waits for whom in virtual time.
 *
 * Two kinds of things order threads. *Signals* are facts of the execution: this thread was woken
 * by that one, so it cannot go on before the other has come so far. *Locks, semaphores and
 * barriers* are decided anew: the replay grants them in the order of virtual time, which may
 * differ from the order in which the threads happened to execute, and so sees contention that
 * Valgrind's one-at-a-time execution never had.
 *
 * A new order can contradict the program (it may wait in a circle that the execution never had);
 * then order_break() lets the oldest waiter pass, as it did when it was executed.
 */
#ifndef AUTOPERF_SIM_TOOL_ORDER_H
#define AUTOPERF_SIM_TOOL_ORDER_H

#include "tool/thread.h"

/* Shared by the records that mention it. */
struct signal {
	uint32_t references;
	bool happened;
	uint64_t time; /* when it happened */
	struct thread *waiters;
};

struct signal *signal_new(void); /* one reference, the caller's */
struct signal *signal_hold(struct signal *signal);
void signal_drop(struct signal *signal); /* NULL is allowed */

/*
 * What replay calls for the records of the same names; `false`: the thread is held and the record
 * is to be replayed again when order_ready() has been called for it.
 */
bool order_lock(struct thread *thread, uint64_t address, uint64_t flags);
void order_unlock(struct thread *thread, uint64_t address);
void order_semaphore_set(uint64_t address, uint64_t value);
bool order_semaphore_wait(struct thread *thread, uint64_t address, uint64_t seen);
void order_semaphore_post(struct thread *thread, uint64_t address, uint64_t seen);
void order_barrier_set(uint64_t address, uint64_t count);
void order_barrier_arrive(struct thread *thread, uint64_t address);
bool order_barrier_leave(struct thread *thread, uint64_t address);
void order_signal(struct thread *thread, struct signal *signal); /* drops it */
bool order_await(struct thread *thread, struct signal *signal);  /* drops it if true */
/* A thread has ended: it holds nothing any more. */
void order_thread_ended(struct thread *thread);

/*
 * Lets the held thread whose record is the oldest pass; one that spins only on request, because
 * others may still do what it waits for. false: there is none.
 */
bool order_break(bool spinning);
/* In a forked child. */
void order_forked(void);

/* Holds the thread at its current record; for other kinds of waiting (spin.c). */
void order_hold(struct thread *thread);
/* What the held thread waits for is there, and was not before `time`. */
void order_ready(struct thread *thread, uint64_t time);
/* Passes once after order_ready(): accounts for the wait. */
bool order_granted(struct thread *thread);

#endif
