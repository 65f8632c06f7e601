/* SPDX-License-Identifier: MIT */
/*
 * What is told at the end: the contended lines, beside each recording and for people, and a
 * summary of the counters.
 */
#ifndef AUTOPERF_SIM_TOOL_REPORT_H
#define AUTOPERF_SIM_TOOL_REPORT_H

#include "tool/thread.h"

/* A thread has ended; its counters are about to go. */
void report_thread(const struct thread *thread);
/* At the end of the process, everything replayed. */
void report(void);
void report_forked(void);

#endif
