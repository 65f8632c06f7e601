/* SPDX-License-Identifier: MIT */
/*
 * A few threads that each do a part of something and end: for work that takes milliseconds at
 * least. Results must not depend on how many there are.
 */
#ifndef AUTOPERF_BASE_THREADS_H
#define AUTOPERF_BASE_THREADS_H

#include <stddef.h>

#define THREADS_MAX 256

/* CPUs that this process may use, at least 1 and at most THREADS_MAX. */
int threads_allowed(void);

/*
 * Calls work(context, i) for each i below `count`, each in a thread of its own, of which the
 * caller's is one, and returns when all have. What cannot get a thread is done by the caller.
 */
void threads_run(size_t count, void (*work)(void *context, size_t index),
		 void *context);

#endif
