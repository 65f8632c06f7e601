/* SPDX-License-Identifier: MIT */
/*
 * The slow markers: what is to be done when a fast one (markers_fast.h) finds that it cannot.
 * Each is called at the end of a marker of the same name; `cfa` is the frame address of the
 * marker's caller, `now` when an END read the clock. They leave the gate open.
 */
#ifndef AUTOPERF_PERFPOINT_MARKERS_SLOW_H
#define AUTOPERF_PERFPOINT_MARKERS_SLOW_H

#include "perfpoint/markers_fast.h"

#pragma GCC visibility push(hidden)

perfpoint_token slow_enter(struct perfpoint_site *site, uintptr_t cfa);
void slow_begin(struct perfpoint_site *site, uintptr_t cfa);
void slow_start(int mark, uintptr_t cfa);
/* Of region `id` - 1. */
perfpoint_token slow_enter_known(uint64_t id, uintptr_t cfa);
void slow_begin_known(uint64_t id, uintptr_t cfa);
void slow_start_known(uint64_t id, uintptr_t cfa);
void slow_leave(perfpoint_token token);
void slow_end(enum recording_closing closing);

/* After FAST_STOP, FAST_HAS_INNER and FAST_CHANGED; `frame` is the innermost, or was, of the first. */
void slow_stop(struct thread *thread, const struct frame *frame, uint64_t now);
void slow_parent(struct thread *thread, struct frame *frame, uint64_t now,
		 enum recording_closing closing);
void slow_changed(struct thread *thread, struct frame *frame, uint64_t now,
		  enum recording_closing closing);

/* ---- markers.c ---- */
struct markers {
	struct perfpoint_runtime runtime;
	perfpoint_token (*enter_known)(uint64_t id, uintptr_t cfa);
	void (*begin_known)(uint64_t id, uintptr_t cfa);
	void (*start_known)(uint64_t id, uintptr_t cfa);
};
/* Those for as many counters as the session has. */
const struct markers *markers_set(void);

#pragma GCC visibility pop

#endif
