/* SPDX-License-Identifier: MIT */
/* Texts of machine_problem, put together without stdio. What does not fit is cut. */
#ifndef AUTOPERF_SIM_MACHINE_PROBLEM_H
#define AUTOPERF_SIM_MACHINE_PROBLEM_H

#include "machine/machine.h"

/* Starts a text with `first`. All of these return -1, so that a caller can return the last. */
int problem_set(struct machine_problem *problem, uint32_t line, const char *first);
int problem_add(struct machine_problem *problem, const char *text);
int problem_add_number(struct machine_problem *problem, uint64_t number);
/* In single quotes; anything but printable ASCII as '?', long texts shortened. */
int problem_add_quoted(struct machine_problem *problem, const char *text,
		       size_t length);

#endif
