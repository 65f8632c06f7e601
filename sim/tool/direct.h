/* SPDX-License-Identifier: MIT */
/*
 * Direct simulation: while the program has one thread, nobody's order in time is in question, and
 * what it does can be simulated at once. Generated code (direct_code.c) settles by itself what
 * simply hits, which is nearly all, and calls functions for the rest; the log holds nothing but
 * control records, and those only until they have been appended.
 *
 * It begins when there has been only one thread for some time, as all code is translated anew for
 * it, and ends with the second thread, when the same happens with logging. The time is longer after
 * each time that it began.
 */
#ifndef AUTOPERF_SIM_TOOL_DIRECT_H
#define AUTOPERF_SIM_TOOL_DIRECT_H

#include "tool/thread.h"

#include "machine/run.h"

/* Two counts in one word, so that one addition serves both; neither comes near 2^32 in a turn. */
#define DIRECT_HIGH_SHIFT 32

struct direct {
	bool on;
	struct thread *thread;    /* the only one */
	struct machine_view view; /* its */
	uint64_t retired;         /* instructions, loads << DIRECT_HIGH_SHIFT */
	uint64_t stored;          /* stores, branches << DIRECT_HIGH_SHIFT */
	uint64_t passing;         /* not 0: what is executed is not to be simulated */
	uint64_t history;         /* of the predictor, when passing began */
	struct line nowhere;      /* what generated code marks instead of a line */
};
extern struct direct direct;

/* The only thread has nothing logged: from now on, unless unwanted. */
void direct_start(struct thread *thread);
/* Before a second thread exists, and before the only one ends. */
void direct_stop(void);
/* The only thread has logged so many words, and they have been replayed. */
void direct_note_alone(uint64_t words);
/* There has been only one thread for long: it is worth while to translate all code anew. */
bool direct_is_due(void);

/* What generated code has counted is in the thread's counters afterwards. */
void direct_settle(void);
/* A control record has been appended. */
void direct_replay(void);

/*
 * Called by generated code for what it cannot settle. References and branches have been counted, and
 * the predictor does not remember the branch yet.
 */
void direct_fetch(struct block *block, UWord address, UWord bytes);
void direct_reference(const struct machine_reference *reference, UWord address);
void direct_branch(UWord pc, UWord taken);
void direct_jump(UWord pc, UWord target);

#endif
