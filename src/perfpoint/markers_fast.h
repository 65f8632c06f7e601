/* SPDX-License-Identifier: MIT */
/*
 * The fast markers: what runs when a region begins and ends while everything is as it mostly is:
 * the thread and the region are known, each execution of the region is measured, the counters
 * can be read raw and the thread has not left the processor. Anything else is left to the slow
 * ones (markers.c), before anything has changed, or told to them.
 *
 * This is the path whose cost the user pays, in code that is made for each small number of
 * counters. At START the counters are read last but for the clock, at END the clock is read
 * before them, so that the region's time holds as little of us as can be. END stores what was read;
 * what it means is worked out by the reader (recording_settle), and how many there were is
 * counted now and then (budget_tally). A sample is complete with its first word, so that a
 * death at any instruction leaves whole samples.
 */
#ifndef AUTOPERF_PERFPOINT_MARKERS_FAST_H
#define AUTOPERF_PERFPOINT_MARKERS_FAST_H

#include "perfpoint/budget.h"
#include "perfpoint/perf_inline.h"
#include "perfpoint/runtime.h"

/* Pairs (perf_load_pair). */
#define FAST_PAIR(type, one, other)                                      \
	_Static_assert(offsetof(type, other) == offsetof(type, one) + 8, \
		       #one " and " #other " are a pair")
FAST_PAIR(struct user_counter, reader, page);
FAST_PAIR(struct budget_region, left, sample_head);
FAST_PAIR(struct thread, fast_frame, top);
FAST_PAIR(struct thread, regions, armed);
FAST_PAIR(struct thread, write, stop);
FAST_PAIR(struct frame, cfa, armed);
FAST_PAIR(struct frame, armed, sample_tail);
FAST_PAIR(struct frame, inner, sample_head);
FAST_PAIR(struct frame, begin, reading);
FAST_PAIR(struct recording_sample, region, begin_ns);
_Static_assert(offsetof(struct recording_sample, wall_ns) + 8 ==
		       sizeof(struct recording_sample),
	       "wall_ns and the first value are a pair");

#define FAST static inline __attribute__((always_inline))

/* So many counters have markers of their own; `events` 0: any number. */
#define FAST_EVENTS_MAX 8u

FAST uint32_t fast_events(uint32_t events)
{
	return events ? events : process.event_count;
}

FAST struct frame *fast_above(struct frame *frame, uint32_t events)
{
	return (struct frame *)(void *)((unsigned char *)frame +
					(events ? FRAME_BYTES(events)
						: process.frame_bytes));
}

FAST struct frame *fast_below(struct frame *frame, uint32_t events)
{
	return (struct frame *)(void *)((unsigned char *)frame -
					(events ? FRAME_BYTES(events)
						: process.frame_bytes));
}

/* Whether no region can be put there: `top` of a closed gate, or of a full stack. */
FAST bool fast_blocked(const struct frame *frame, uint32_t events)
{
	return (uintptr_t)frame &
	       (events ? FRAMES_AREA(FAST_EVENTS_MAX) : process.frames_area);
}

/* Closes the calling thread's gate to begin or end a frame. */
FAST void fast_close(struct thread *thread, struct frame *frame)
{
	perf_store_pair((void *)&thread->fast_frame, (uintptr_t)frame,
			(uintptr_t)thread_closed(thread));
	atomic_signal_fence(memory_order_seq_cst);
}

FAST void fast_open(struct thread *thread, struct frame *top)
{
	atomic_signal_fence(memory_order_seq_cst);
	thread->top = top;
}

FAST perfpoint_token fast_token(struct thread *thread)
{
	if (unlikely(++thread->serial == 0))
		thread->serial = 1;
	return (perfpoint_token)(thread->index + 1ull) << 32 | thread->serial;
}

FAST struct budget_region *fast_region(uintptr_t regions, uint64_t id)
{
	struct budget_region *region = (struct budget_region *)regions + id;

	/* One address for all that is done with it. */
	__asm__("" : "+r"(region));
	return region;
}

/* What became of a START. */
enum fast_start {
	FAST_ENTERED,
	FAST_SKIPPED, /* the execution is not measured */
	FAST_OTHER,   /* nothing has happened */
};

/*
 * `left` is a countdown. Executions that are not measured take their leave at once; the gate stays
 * open: a handler in between leaves regions and frames as they were, but for a count of the very
 * region that it executes, too. A scope needs no frame: leave() will not even be called.
 */
FAST enum fast_start fast_skip(struct thread *thread, enum marker_kind kind,
			       struct budget_region *region, int64_t left,
			       struct frame *frame, uintptr_t cfa, uint32_t events)
{
	if (left <= 1 ||
	    (kind != MARKER_SCOPE && unlikely(fast_blocked(frame, events))))
		return FAST_OTHER;
	region->left = left - 1;
	if (kind == MARKER_SCOPE)
		return FAST_SKIPPED;
	/* First, so that a handler's frames are above. */
	thread->top = fast_above(frame, events);
	atomic_signal_fence(memory_order_seq_cst);
	perf_store_pair(&frame->cfa, cfa, FRAME_SKIPPED);
	frame->inner = 0;
	return FAST_SKIPPED;
}

/* Opens region `id` - 1. `*token`: that of a scope. */
FAST enum fast_start fast_enter(struct thread *thread, enum marker_kind kind,
				uint64_t id, uintptr_t cfa, uint32_t events,
				perfpoint_token *token)
{
	/* `left`, `sample_head` */
	/* `regions`, `armed` */
	struct perf_pair hot = perf_load_pair(&thread->regions);
	struct budget_region *region = fast_region((uintptr_t)hot.first, id);
	struct perf_pair known = perf_load_pair(&region->left);
	int64_t left = (int64_t)known.first;
	struct perf_source source = perf_source(thread, 0);
	struct frame *frame = thread->top;
	uint64_t armed = hot.second, locks = 0, first;

	if (unlikely(left >= 0))
		return fast_skip(thread, kind, region, left, frame, cfa, events);
	if (unlikely(fast_blocked(frame, events)) ||
	    unlikely(!perf_armed(source, armed)))
		return FAST_OTHER;
	fast_close(thread, frame);
	if (kind == MARKER_SCOPE)
		frame->token = *token = fast_token(thread);
	perf_store_pair(&frame->cfa, cfa, armed);
	perf_store_pair(&frame->inner, 0, known.second);
	fast_below(frame, events)->inner += INNER_UNIT(kind);
	first = perf_take(source, &locks);
#pragma GCC unroll 8
	for (uint32_t i = 1; i < fast_events(events); i++)
		frame->reading[i] = perf_take(perf_source(thread, i), &locks);
	if (unlikely(!perf_unchanged(locks, armed, events))) {
		/* Not by an address that is kept for this. */
		__asm__("" : "+r"(frame));
		fast_below(frame, events)->inner -= INNER_UNIT(kind);
		fast_open(thread, frame);
		return FAST_OTHER;
	}
	perf_store_pair(&frame->begin, user_read_clock(), first);
	fast_open(thread, fast_above(frame, events));
	return FAST_ENTERED;
}

/* What became of an END. */
enum fast_end {
	FAST_DONE,
	FAST_STOP,      /* done, but budget_look() is due, for room, too; closed */
	FAST_NOT,       /* nothing has happened */
	FAST_HAS_INNER, /* sample and values are in place, the rest is not; closed */
	FAST_CHANGED,   /* while the counters were read; closed */
};

/*
 * The region's sample, but for its first word, at `room`, where there is enough; `now`: when END
 * began.
 */
FAST enum fast_end fast_measure(const struct thread *thread, struct perf_source source,
				const struct frame *frame, void *room, uint64_t armed,
				uint64_t now, uint32_t events)
{
	struct recording_sample *sample = room;
	uint64_t *values = (uint64_t *)(sample + 1);
	struct perf_pair begin, inner;
	uint64_t first, negative, locks = 0;

	/* A counter that has wrapped around will be noticed by the kernel at once. */
	first = perf_take(source, &locks);
	begin = perf_load_pair(&frame->begin);
	first -= begin.second;
	negative = first;
#pragma GCC unroll 8
	for (uint32_t i = 1; i < fast_events(events); i++) {
		values[i] =
			perf_take(perf_source(thread, i), &locks) - frame->reading[i];
		negative |= values[i];
	}
	if (unlikely(!perf_unchanged(locks, armed, events)) || unlikely(negative >> 63))
		return FAST_CHANGED;
	inner = perf_load_pair(&frame->inner);
	perf_store_pair(&sample->region, inner.second, begin.first);
	perf_store_pair(&sample->wall_ns, now - begin.first, first);
	return likely(!inner.first) ? FAST_DONE : FAST_HAS_INNER;
}

/* RECORDING_SAMPLE_SCOPE where it is in a sample's first word. */
FAST uint64_t fast_scope_flag(void)
{
	const struct recording_sample scope = {.flags = RECORDING_SAMPLE_SCOPE};
	uint64_t flag;

	__builtin_memcpy(&flag, &scope, sizeof(flag));
	return flag;
}

/* Closes the innermost region. `*now`: when, unless nothing has happened. */
FAST enum fast_end fast_leave(struct thread *thread, struct frame *frame, uint64_t *now,
			      enum recording_closing closing, uint32_t events)
{
	/* `armed`, `sample_tail` */
	struct perf_pair frame_pair = perf_load_pair(&frame->armed);
	struct perf_source source = perf_source(thread, 0);
	uint64_t armed = frame_pair.first, tail = frame_pair.second;
	struct perf_pair block; /* `write`, `stop` */
	unsigned char *room, *next;
	enum fast_end end;

	/* 0: perhaps a forked child, where the counters' pages are not mapped. */
	if (unlikely(!armed))
		return FAST_NOT;
	if (unlikely(!perf_armed(source, armed))) {
		if (armed != FRAME_SKIPPED || unlikely(frame->inner))
			return FAST_NOT;
		thread->top = frame;
		return FAST_DONE;
	}
	*now = user_read_clock();
	fast_close(thread, frame);
	block = perf_load_pair(&thread->write);
	room = (unsigned char *)(uintptr_t)block.first;
	end = fast_measure(thread, source, frame, room, armed, *now, events);
	if (unlikely(end != FAST_DONE))
		return end;
	if (closing == RECORDING_BY_SCOPE)
		tail |= fast_scope_flag();
	__atomic_store_n((uint64_t *)(void *)room, tail, __ATOMIC_RELEASE);
	next = room + sizeof(struct recording_sample) +
	       fast_events(events) * sizeof(uint64_t);
	thread->write = next;
	if (unlikely((uintptr_t)next >= block.second))
		return FAST_STOP;
	fast_open(thread, frame);
	return FAST_DONE;
}

#endif
