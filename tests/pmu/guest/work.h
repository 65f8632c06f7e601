/* SPDX-License-Identifier: MIT */
/* What the measured program (work.c) and the tests agree on: marks, and lengths in instructions. */
#ifndef TESTS_PMU_WORK_H
#define TESTS_PMU_WORK_H

#include <stdint.h>

#define LOOP_SHORTEST 1
#define LOOP_SHORT    1000
#define LOOP_LONG     100000
#define LOOP_TINY     1200       /* 200 ns at 4 instructions a cycle and 3 GHz */
#define LOOP_HUGE     100000000  /* 0.2 s */
#define LOOP_WRAP     2200000000 /* 4.4 s */

/* User-mode instructions that loop(rounds) executes. */
#define LOOP_INSTRUCTIONS(rounds) (2 * (uint64_t)(rounds) + 1)

#define MARK_INNER       1
#define MARK_OUTER_SHORT 2
#define MARK_OUTER_LONG  3
#define MARK_HUGE        4
#define MARK_TINY        5
#define MARK_WRAP        6
#define MARK_EMPTY       7
#define MARK_HANDLER     8

#define THREADS                  4
#define MARK_THREAD(thread)      (10 + (thread))
#define MARK_THREAD_LONG(thread) (20 + (thread))
#define THREAD_ROUNDS(thread)    (1000 * ((thread) + 1))

/* rounds >= 1. No call, and no other instruction than these. */
static inline __attribute__((always_inline)) void loop(uint64_t rounds)
{
	__asm__ volatile("mov	x9, %0\n"
			 "1:	subs	x9, x9, #1\n"
			 "	b.ne	1b\n"
			 :
			 : "r"(rounds)
			 : "x9", "cc");
}

#endif
