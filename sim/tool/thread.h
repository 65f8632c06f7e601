/* SPDX-License-Identifier: MIT */
/*
 * The program's threads as the tool sees them. Each is in two places at once: where it executes
 * (Valgrind lets one thread run at a time), and where its replay is, the point up to which what it
 * did has been simulated. Times are cycles of the simulated machine.
 */
#ifndef AUTOPERF_SIM_TOOL_THREAD_H
#define AUTOPERF_SIM_TOOL_THREAD_H

#include <pub_tool_execontext.h>

#include "tool/log.h"

enum thread_state {
	THREAD_RUNNABLE, /* executes when its turn comes: others do not run far ahead */
	THREAD_WAITING,  /* in the kernel, for others to wake it or for time to pass */
	THREAD_SPINNING, /* executes, but only a store of another thread lets it go on */
};

/* What a region has counted is the difference to this. */
struct frame {
	uint64_t token;
	uint32_t region;
	uint64_t begin; /* time */
	uint64_t counters[MACHINE_COUNTERS];
};

/* Frames by markers come from the runtime, frames by function from --region-function. */
enum frame_stack_kind { FRAMES_MARKERS, FRAMES_FUNCTIONS, FRAME_STACKS };

struct frame_stack {
	struct frame *frames;
	uint32_t depth;
	uint32_t capacity;
};

/* A hooked function that has been entered and will return (hooks.c). */
struct call {
	const struct hook *hook;
	uint64_t return_to;
	uint64_t stack_pointer; /* at entry */
	uint64_t arguments[2];
	ExeContext *where; /* of an allocation */
};

struct thread {
	struct thread
		*next; /* list of all that live or still have something to replay */
	ThreadId tid;
	uint32_t serial; /* 1 is the first thread of the process */
	int kernel_id;
	bool live; /* has not exited, as far as it has executed */

	/* execution */
	enum thread_state state;
	bool in_call; /* in a system call */
	struct log log;
	struct call *calls;
	uint32_t call_count;
	uint32_t call_capacity;
	uint64_t turn_start;   /* position in its log when its turn began */
	uint32_t region_depth; /* calls of region functions */
	uint64_t marker_depth; /* of the innermost frame by a marker; 0: none */
	/* For its turns, an estimate: its clock will be at least this when it runs on ... */
	uint64_t floor;
	uint64_t woken_after; /* ... for the replay, for sure: at least this, ... */
	uint64_t asleep;      /* ... and later by these cycles, of the sleep it is in */
	uint64_t
		muted_from; /* position in its log of the outermost LOG_MUTE without end */
	uint64_t
		muted_words; /* logged between LOG_MUTE and LOG_UNMUTE, and not replayed */
	uint32_t mutes; /* LOG_MUTE without LOG_UNMUTE, as far as it has executed */
	uint32_t locks_held;   /* alone (gate.c) */
	uint32_t locks_shared; /* with other readers */
	bool locking;          /* has locked something in its turn */
	uint32_t overtime;     /* turns that it was given only to unlock */
	uint32_t grace;        /* blocks of its turn that are only for unlocking */
	uint64_t kept_before;  /* lock before whose function it stays; 0: none */
	uint32_t kept;         /* turns so far */
	struct system_call_state *system_call; /* owned; system_calls.c */
	struct spin_state *spin;               /* owned; spin.c */

	/* replay */
	struct machine_thread *machine;
	struct machine_view view; /* of machine */
	uint64_t origin;          /* clock when its counters were 0 */
	bool born;                /* origin is valid */
	const struct item *item;  /* next of the block at log.read; NULL: the first */
	const struct machine_reference
		*reference; /* its next one, unless item is NULL */
	uint32_t muted;     /* LOG_MUTE without LOG_UNMUTE, as far as it is replayed */
	uint64_t muted_since; /* position of the outermost of them */
	bool held;            /* waits at log.read for another thread (order.c) */
	bool granted;         /* what it waited for is there */
	uint64_t wait_from;   /* since then, while held */
	uint64_t wait_until;
	struct thread *next_waiting;
	struct object *waits_for;
	uint32_t locks_owned;
	uint64_t barrier_round;
	uint64_t watched; /* position in its log that a spinning thread waits for */
	uint64_t key;     /* in the replay's queue */
	struct frame_stack stacks[FRAME_STACKS];
	uint64_t measured; /* of its cycles; as far as replayed_cycles know them */
	uint64_t
		replayed_cycles; /* without waiting; with the next two: how fast it goes */
	uint64_t replayed_words;
	uint64_t replayed_blocks;
};

struct threads {
	struct thread *first;
	struct thread *current; /* whose log the cursor is in */
	uint32_t live;
	uint32_t count; /* on the list */
	uint64_t orders;
};
extern struct threads threads;

/* NULL: unknown, which happens for no thread that executes. */
struct thread *thread_find(ThreadId tid);
/* `parent` is NULL for the first thread. */
void thread_create(struct thread *parent, ThreadId tid);
/* Has executed its last instruction. */
void thread_exit(ThreadId tid);
/* Its last record has been replayed: frees it. */
void thread_end(struct thread *thread);
/* In a forked child: all but `tid` are gone, and nothing is to be replayed. */
void threads_forked(ThreadId tid);
/* From now on what is executed is this thread's. */
void thread_enter(struct thread *thread);

/* Appends a control record to the log. */
void thread_append(struct thread *thread, enum log_operation operation,
		   const uint64_t *words, uint32_t count);
#define THREAD_APPEND(thread, operation, ...)                             \
	thread_append(thread, operation, (const uint64_t[]){__VA_ARGS__}, \
		      sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))
/* Appends that the thread does nothing for so long. */
void thread_sleep(struct thread *thread, uint64_t nanoseconds);
/* Cycles of the simulated machine. */
uint64_t thread_cycles(uint64_t nanoseconds);
static inline uint64_t thread_order(void)
{
	return ++threads.orders;
}

static inline size_t thread_pending(const struct thread *thread)
{
	return log_pending(&thread->log, thread == threads.current);
}

/* Position behind the last word that it has logged. */
static inline uint64_t thread_logged(const struct thread *thread)
{
	return log_position(&thread->log, thread->log.read) + thread_pending(thread);
}

/* What it executes from here on to the matching call takes no time in the replay. */
void thread_mute(struct thread *thread);
void thread_unmute(struct thread *thread);

/* Time up to which it has been replayed. */
static inline uint64_t thread_clock(const struct thread *thread)
{
	return thread->origin + thread->machine->counters[MACHINE_CYCLES] +
	       thread->machine->counters[MACHINE_BLOCKED];
}

/* Has nothing to do before `time`. */
static inline void thread_wait_until(struct thread *thread, uint64_t time)
{
	uint64_t now = thread_clock(thread);

	if (now < time)
		thread->machine->counters[MACHINE_BLOCKED] += time - now;
}

#endif
