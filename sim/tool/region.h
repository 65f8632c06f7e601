/* SPDX-License-Identifier: MIT */
/*
 * Regions: from the runtime's requests and from hooked functions into the log, and, when the
 * replay has come to them, from the log into samples.
 */
#ifndef AUTOPERF_SIM_TOOL_REGION_H
#define AUTOPERF_SIM_TOOL_REGION_H

#include "tool/recording.h"

/*
 * Client requests of sim/requests.h, request number first. false: not one of ours; else *answer
 * is what the program gets.
 */
bool region_request(struct thread *thread, const UWord *request, UWord *answer);

/* A function named by --region-function: its number for region_enter(). */
uint32_t region_function(const HChar *name);
/* Calls of these functions, while the program executes. */
void region_enter(struct thread *thread, uint32_t region);
void region_leave(struct thread *thread);

/* Replay of LOG_FRAME_... */
void region_begin(struct thread *thread, enum frame_stack_kind kind, uint32_t depth,
		  uint32_t region, uint64_t token);
void region_end(struct thread *thread, enum frame_stack_kind kind, uint32_t depth,
		uint32_t index, uint64_t token);
void region_drop(struct thread *thread, enum frame_stack_kind kind, uint32_t depth);
/* Frames open now in the replay, over all threads. */
uint32_t region_open_frames(void);
/* The thread executes a region now, as far as it is told. */
static inline bool region_executes(const struct thread *thread)
{
	return thread->live && (thread->marker_depth || thread->region_depth);
}
/* A region has been begun by the program, if only to be replayed later. */
bool region_seen(void);

/*
 * Regions as the machine knows them (machine_thread.region): of both kinds, 1 .. region_count().
 * What all executions of a region counted is in its total.
 */
struct region_total {
	uint64_t executions;
	uint64_t cycles; /* elapsed, waiting included */
	uint64_t counters[MACHINE_COUNTERS];
};
uint32_t region_count(void);
/* NULL: that number was never used. */
const struct region_total *region_total(uint32_t number);
enum frame_stack_kind region_kind(uint32_t number);
uint32_t region_id(uint32_t number); /* in its recording */
void region_name(uint32_t number, HChar *name, uint32_t bytes);
/* NULL where there is none. */
const struct recording *region_recording(enum frame_stack_kind kind);

void regions_close(void);
void regions_forked(void);

#endif
