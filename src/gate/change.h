/* SPDX-License-Identifier: MIT */
/* Puts the author's changed lines beside the findings about them. */
#ifndef AUTOPERF_GATE_CHANGE_H
#define AUTOPERF_GATE_CHANGE_H

#include "detect/findings.h"
#include "repo/difference.h"

/*
 * Adds the range of commits and the lines that differ, and to each region those that are likely
 * about it: in a function of its name, by git's idea of where functions begin, or in a file in
 * which it waits for a contended cache line.
 */
int change_add(struct findings *findings, const struct difference *difference,
	       const struct revision *base, const struct revision *head,
	       struct error *error);

#endif
