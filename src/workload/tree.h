/* SPDX-License-Identifier: MIT */
/*
 * The processes below us: while we are a "child subreaper", every process that a command
 * starts stays our descendant, whatever sessions or groups it makes and even when its parent
 * has ended. Read from /proc; without a /proc that shows our own PID namespace the functions
 * find nobody.
 */
#ifndef AUTOPERF_WORKLOAD_TREE_H
#define AUTOPERF_WORKLOAD_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Descendants of the calling process that have not ended. *pids is malloc'd, NULL if none. */
size_t tree_descendants(pid_t **pids);
/* Sends `number` to all of them; returns how many there were. */
size_t tree_signal(int number);
/* Whether `pid` is one of them, dead ones that nobody has waited for included. */
bool tree_has(pid_t pid);

#endif
