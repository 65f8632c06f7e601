/* SPDX-License-Identifier: MIT */
/*
 * The markers that user code calls: one set for each small number of counters, made of what
 * markers_fast.h has, and one for any number. What is not fast is marked noinline and lies in
 * markers_slow.c; it is called last, so that nothing has to be kept for afterwards. Where it only
 * had to put something in order, the region is opened by one of the *_known after all.
 */
#include "perfpoint/markers_slow.h"

#include <string.h>

FAST uintptr_t callers_frame(void)
{
	return (uintptr_t)__builtin_dwarf_cfa();
}

FAST perfpoint_token enter(struct perfpoint_site *site, uint32_t events)
{
	struct thread *thread = thread_current;
	uint64_t id = perf_load_half(&site->id);
	perfpoint_token token;

	enum fast_start start =
		fast_enter(thread, MARKER_SCOPE, id, callers_frame(), events, &token);

	if (likely(start == FAST_ENTERED))
		return token;
	return start == FAST_SKIPPED ? 0 : slow_enter(site, callers_frame());
}

FAST void begin(struct perfpoint_site *site, uint32_t events)
{
	struct thread *thread = thread_current;
	uint64_t id = perf_load_half(&site->id);

	if (unlikely(fast_enter(thread, MARKER_BEGIN, id, callers_frame(), events,
				NULL) == FAST_OTHER))
		slow_begin(site, callers_frame());
}

FAST void start(int mark, uint32_t events)
{
	struct thread *thread = thread_current;

	if (unlikely((unsigned int)mark >= NAMES_MARKS) ||
	    unlikely(fast_enter(thread, MARKER_START,
				perf_load_indexed(names_marks, (unsigned int)mark),
				callers_frame(), events, NULL) == FAST_OTHER))
		slow_start(mark, callers_frame());
}

/* Region `id` - 1, once more. */
FAST perfpoint_token enter_known(uint64_t id, uintptr_t cfa, uint32_t events)
{
	struct thread *thread = thread_current;
	perfpoint_token token;

	enum fast_start start =
		fast_enter(thread, MARKER_SCOPE, id, cfa, events, &token);

	if (likely(start == FAST_ENTERED))
		return token;
	return start == FAST_SKIPPED ? 0 : slow_enter_known(id, cfa);
}

FAST void begin_known(uint64_t id, uintptr_t cfa, uint32_t events)
{
	struct thread *thread = thread_current;

	if (unlikely(fast_enter(thread, MARKER_BEGIN, id, cfa, events, NULL) ==
		     FAST_OTHER))
		slow_begin_known(id, cfa);
}

FAST void start_known(uint64_t id, uintptr_t cfa, uint32_t events)
{
	struct thread *thread = thread_current;

	if (unlikely(fast_enter(thread, MARKER_START, id, cfa, events, NULL) ==
		     FAST_OTHER))
		slow_start_known(id, cfa);
}

/* What is left to do when the fast way out was taken. */
FAST void finish(enum fast_end end, struct thread *thread, struct frame *frame,
		 uint64_t now, enum recording_closing closing)
{
	if (likely(end == FAST_DONE))
		return;
	if (end == FAST_STOP)
		slow_stop(thread, frame, now);
	else if (end == FAST_HAS_INNER)
		slow_parent(thread, frame, now, closing);
	else if (end == FAST_CHANGED)
		slow_changed(thread, frame, now, closing);
	else
		slow_end(closing);
}

FAST void leave(perfpoint_token token, uint32_t events)
{
	struct thread *thread = thread_current;
	struct frame *frame = fast_below(thread->top, events);
	enum fast_end end;
	uint64_t now = 0;

	if (unlikely(frame->token != token) || unlikely(!token)) {
		slow_leave(token);
		return;
	}
	end = fast_leave(thread, frame, &now, RECORDING_BY_SCOPE, events);
	finish(end, thread, frame, now, RECORDING_BY_SCOPE);
}

FAST void end(uint32_t events)
{
	struct thread *thread = thread_current;
	struct frame *frame = fast_below(thread->top, events);
	uint64_t now = 0;
	enum fast_end end = fast_leave(thread, frame, &now, RECORDING_BY_END, events);

	finish(end, thread, frame, now, RECORDING_BY_END);
}

#define DEFINE_MARKERS(events)                                                  \
	static perfpoint_token enter_##events(struct perfpoint_site *site)      \
	{                                                                       \
		return enter(site, events);                                     \
	}                                                                       \
	static void leave_##events(perfpoint_token token)                       \
	{                                                                       \
		leave(token, events);                                           \
	}                                                                       \
	static void begin_##events(struct perfpoint_site *site)                 \
	{                                                                       \
		begin(site, events);                                            \
	}                                                                       \
	static void start_##events(int mark)                                    \
	{                                                                       \
		start(mark, events);                                            \
	}                                                                       \
	static perfpoint_token enter_known_##events(uint64_t id, uintptr_t cfa) \
	{                                                                       \
		return enter_known(id, cfa, events);                            \
	}                                                                       \
	static void begin_known_##events(uint64_t id, uintptr_t cfa)            \
	{                                                                       \
		begin_known(id, cfa, events);                                   \
	}                                                                       \
	static void start_known_##events(uint64_t id, uintptr_t cfa)            \
	{                                                                       \
		start_known(id, cfa, events);                                   \
	}                                                                       \
	static void end_##events(void)                                          \
	{                                                                       \
		end(events);                                                    \
	}

#define MARKERS(events)                                                \
	{                                                              \
		.runtime = {.abi = 1,                                  \
			    .bytes = sizeof(struct perfpoint_runtime), \
			    .enter = enter_##events,                   \
			    .leave = leave_##events,                   \
			    .begin = begin_##events,                   \
			    .start = start_##events,                   \
			    .end = end_##events,                       \
			    .enter_at = slow_enter,                    \
			    .begin_at = slow_begin,                    \
			    .start_at = slow_start},                   \
		.enter_known = enter_known_##events,                   \
		.begin_known = begin_known_##events,                   \
		.start_known = start_known_##events,                   \
	}

DEFINE_MARKERS(0)
DEFINE_MARKERS(1)
DEFINE_MARKERS(2)
DEFINE_MARKERS(3)
DEFINE_MARKERS(4)
DEFINE_MARKERS(5)
DEFINE_MARKERS(6)
DEFINE_MARKERS(7)
DEFINE_MARKERS(8)

static const struct markers sets[FAST_EVENTS_MAX + 1] = {
	MARKERS(0), MARKERS(1), MARKERS(2), MARKERS(3), MARKERS(4),
	MARKERS(5), MARKERS(6), MARKERS(7), MARKERS(8),
};

const struct markers *markers_set(void)
{
	uint32_t events = process.event_count;

	return &sets[events <= FAST_EVENTS_MAX ? events : 0];
}

__attribute__((visibility("default"))) void perfpoint_START(int mark);
__attribute__((visibility("default"))) void perfpoint_END(void);

size_t markers_entries(const void **entries)
{
	const struct perfpoint_runtime *runtime = &markers_set()->runtime;
	void (*const functions[])(void) = {
		(void (*)(void))runtime->enter,
		(void (*)(void))runtime->leave,
		(void (*)(void))runtime->begin,
		(void (*)(void))runtime->start,
		(void (*)(void))runtime->end,
		(void (*)(void))perfpoint_START,
		perfpoint_END,
		(void (*)(void))runtime->enter_at,
		(void (*)(void))runtime->begin_at,
		(void (*)(void))runtime->start_at,
	};
	const size_t count = sizeof(functions) / sizeof(functions[0]);

	memcpy(entries, functions, sizeof(functions));
	return count;
}

__attribute__((visibility("default"))) const struct perfpoint_runtime *
perfpoint_runtime_v1(void);
const struct perfpoint_runtime *perfpoint_runtime_v1(void)
{
	return process_configure() ? &markers_set()->runtime : NULL;
}

/* The original AutoPerf's symbols, for programs that were built without our header. */
void perfpoint_START(int mark)
{
	if (process_configure())
		markers_set()->runtime.start(mark);
}

void perfpoint_END(void)
{
	if (process_configure())
		markers_set()->runtime.end();
}
