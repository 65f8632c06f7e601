/* SPDX-License-Identifier: MIT */
/*
 * What a thread did, in its program order, waiting to be replayed in virtual time.
 *
 * A log is a sequence of records of 64-bit words. Executing a block appends
 *	head	the block, how many of its items were executed, whether the last one, a branch,
 *		was left by (log_block_head())
 *	roots	block->root_count words; those beyond the last executed item mean nothing
 * by code that is generated into the program's translations (instrument.c): it writes at the
 * cursor. Everything else that matters for time and order is a control record (log_append()).
 */
#ifndef AUTOPERF_SIM_TOOL_LOG_H
#define AUTOPERF_SIM_TOOL_LOG_H

#include "tool/block.h"

/*
 * Control records, the words after their head, and what replay does with them. `order` grows
 * with each record that can wait, over all threads (log_append() callers take thread_order()).
 */
enum log_operation {
	LOG_BIRTH,          /* struct signal, order: first record of a thread */
	LOG_EXIT,           /* last record of a thread */
	LOG_FRAME_BEGIN,    /* stack, depth, region, token: snapshot of the counters */
	LOG_FRAME_END,      /* stack, depth, thread, token: it becomes a sample */
	LOG_FRAMES_DROP,    /* stack, depth: frames from there on are forgotten */
	LOG_MUTE,           /* the following blocks are not simulated ... */
	LOG_UNMUTE,         /* ... up to here */
	LOG_LOCK,           /* object, order, enum lock_flag: waits until it is free */
	LOG_UNLOCK,         /* object */
	LOG_SEMAPHORE_SET,  /* object, value */
	LOG_SEMAPHORE_WAIT, /* object, order, value seen before */
	LOG_SEMAPHORE_POST, /* object, value seen before */
	LOG_BARRIER_SET,    /* object, count */
	LOG_BARRIER_ARRIVE, /* object */
	LOG_BARRIER_LEAVE,  /* object, order: waits for the last one */
	LOG_SIGNAL,         /* struct signal: happens now */
	LOG_AWAIT,          /* struct signal, order: waits for it */
	LOG_SPIN,           /* struct spin, order: waits for another thread's store */
	LOG_SYSTEM_CALL,    /* number: costs a system call */
	LOG_SLEEP,          /* nanoseconds */
	LOG_ALLOCATE,       /* address, bytes, where */
	LOG_FREE,           /* address */
	LOG_UNMAP,          /* address, bytes */
};

enum lock_flag {
	LOCK_SHARED = 1,
	/* The function that locks has been executed before this record; else it follows. */
	LOCK_TRIED = 2,
};

struct log {
	uint64_t *words;
	size_t capacity;   /* words that may be in use; LOG_SLACK more are allocated */
	uint64_t *read;    /* next to be replayed */
	uint64_t *written; /* end; the cursor's `at` instead while the log is current */
	uint64_t base;     /* words written before words[0] since the thread began */
	uint32_t sparse;   /* times in a row that it was emptied and mostly unused */
	uint64_t
		look_at; /* beyond that position log_full() is called though there is room */
};

/* A place in the log that stays the same when words are moved. */
static inline uint64_t log_position(const struct log *log, const uint64_t *word)
{
	return log->base + (uint64_t)(word - log->words);
}

/* Calls log_full() when more than `words` have been written from now on. Not while current. */
static inline void log_look_after(struct log *log, uint64_t words)
{
	log->look_at = log_position(log, log->written) + words;
}

/* Where generated code writes: the log of the thread that runs client code. */
struct cursor {
	uint64_t *at;
	uint64_t *limit; /* beyond it, the next block calls log_full() first */
	uint64_t
		return_to; /* the innermost hooked call returns there; 0: none (hooks.c) */
};
extern struct cursor cursor;

/* No single record is longer; so much may be written after a look at `limit`. */
#define LOG_SLACK       1024u
#define LOG_FIRST_WORDS 8192u
/* Between looks for spinning, while there are several threads. */
#define LOG_LOOK_WORDS 128u

#define LOG_CONTROL   (1ull << 63)
#define LOG_TAKEN     (1ull << 62)
#define LOG_END_SHIFT 48 /* 14 bits */

/* `end`: items executed. A block's address fits in 48 bits. */
static inline uint64_t log_block_head(const struct block *block, uint32_t end,
				      bool taken)
{
	return (uint64_t)(uintptr_t)block | (uint64_t)end << LOG_END_SHIFT |
	       (taken ? LOG_TAKEN : 0);
}
static inline struct block *log_block(uint64_t head)
{
	return (struct block *)(uintptr_t)(head & ((1ull << LOG_END_SHIFT) - 1));
}
static inline uint32_t log_block_end(uint64_t head)
{
	return (uint32_t)(head >> LOG_END_SHIFT) & 0x3fff;
}
static inline uint64_t log_control_head(enum log_operation operation, uint32_t words)
{
	return LOG_CONTROL | (uint64_t)words << 8 | (uint64_t)operation;
}
static inline enum log_operation log_operation(uint64_t head)
{
	return (enum log_operation)(head & 0xff);
}
/* Words of the record that begins with `head`, head included. */
static inline size_t log_record_words(uint64_t head)
{
	if (head & LOG_CONTROL)
		return 1 + (size_t)(head >> 8 & 0xff);
	return 1 + (size_t)log_block(head)->root_count;
}

void log_init(struct log *log);
void log_free(struct log *log);
/* Forgets what is not replayed. */
void log_clear(struct log *log);

/* Makes the log the cursor's, or no longer. */
void log_enter(struct log *log);
void log_leave(struct log *log);

static inline size_t log_pending(const struct log *log, bool current)
{
	return (size_t)((current ? cursor.at : log->written) - log->read);
}

/* Not while current. */
static inline bool log_is_full(const struct log *log)
{
	return (size_t)(log->written - log->words) + LOG_LOOK_WORDS > log->capacity;
}

/*
 * Makes room at the end: moves what is pending to the front and grows if less than half of the
 * room is free then. Pointers into the log become invalid. Not for a log that is current.
 */
void log_make_room(struct log *log);

#endif
