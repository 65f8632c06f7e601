/* SPDX-License-Identifier: MIT */
/* Scenarios of work.c in which a signal handler interrupts the runtime wherever it can be. */
#ifndef TESTS_PMU_INTERRUPT_H
#define TESTS_PMU_INTERRUPT_H

/*
 * At every instruction of fast markers, and every so many of what else the runtime executes on threads
 * that it does not know and on ones that it does: the handler measures a region. Tells "positions", "pairs" (of MARK_INNER in
 * MARK_OUTER_SHORT) and "handled" (of MARK_HANDLER).
 */
void interrupt_everywhere(unsigned long every);
/*
 * The handler jumps out of the marker. Then so many pairs are executed undisturbed, around each of
 * which is MARK_OUTER_LONG: "undisturbed".
 */
void interrupt_and_jump_everywhere(unsigned long every);
/* The handler jumps within itself, as exceptions that it catches do, and measures a region then. */
void interrupt_and_jump_inside(unsigned long every);

#endif
