/* SPDX-License-Identifier: MIT */
/* How the runtime's reads of counters work on this machine, and what they cost. */
#ifndef AUTOPERF_EVENT_READING_H
#define AUTOPERF_EVENT_READING_H

#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"

/* Whether a hardware event with those flags (enum session_event_flag) needs no system call. */
bool reading_in_user_space(uint32_t flags);

/* Of one event with both its times, in ns; 0: not possible here. */
struct reading_cost {
	double user_ns;   /* in user space */
	double system_ns; /* by read(2) */
};
/*
 * Measures both ways on one event, a hardware event where there are any; takes some ms. The
 * values are those of the least disturbed of many rounds.
 */
struct reading_cost reading_measure(const struct event_machine *machine);

#endif
