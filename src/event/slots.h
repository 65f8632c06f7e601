/* SPDX-License-Identifier: MIT */
/* How many counters the processor has for this process. */
#ifndef AUTOPERF_EVENT_SLOTS_H
#define AUTOPERF_EVENT_SLOTS_H

#include <stdint.h>

#include "event/event.h"

/*
 * Fills in hardware_slots, fixed_slots and taken_slots, by groups of hardware events that
 * are opened with those flags (enum session_event_flag).
 */
void slots_probe(struct event_machine *machine, uint32_t flags);

#endif
