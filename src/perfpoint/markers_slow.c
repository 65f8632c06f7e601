/* SPDX-License-Identifier: MIT */
/*
 * What markers do when it is not as it mostly is: a thread's or a region's first marker, a forked
 * child, an execution that is skipped or that stands for several, counters that cannot be read
 * raw or not this time, regions around others, regions that were never ended, a handler that
 * interrupted a marker.
 */
#include "perfpoint/markers_slow.h"

#include <string.h>

/* Of markers that have none. */
#define NO_MARK (-1)

/* ---- entering a marker ---- */

/* First marker of a thread or after a fork. */
static __attribute__((noinline)) struct thread *marker_first(int mark)
{
	struct thread *thread = thread_attach();

	if (!thread)
		return thread_recorded(); /* by a handler meanwhile */
	/* The mark's name is then known, too. */
	if (mark != NO_MARK)
		budget_know(thread, names_mark(mark));
	self_cost_measure(thread, mark);
	if (!writer_room(thread))
		perf_give_up_raw(thread);
	budget_begin(thread, thread->joined_cpu_ns);
	thread_attached(thread);
	return thread;
}

/* The calling thread, in a marker; NULL when it is not measured. */
static struct thread *marker_begin(int mark)
{
	struct thread *thread = thread_recorded();

	if (unlikely(!thread)) {
		thread = marker_first(mark);
	} else if (unlikely(thread_is_closed(thread))) {
		process_lose(RECORDING_LOSS_IN_SIGNAL);
		return NULL;
	}
	if (likely(thread)) {
		thread->marker_frame = (uintptr_t)__builtin_frame_address(0);
		thread_close_gate(thread);
	}
	return thread;
}

/* ---- regions in regions ---- */

static void count_inner(struct frame *parent, enum marker_kind kind)
{
	const uint64_t mask = INNER_UNIT(1) - 1;

	if (unlikely((parent->inner >> (INNER_BITS * (unsigned)kind) & mask) >=
		     mask / 2))
		self_cost_widen(parent);
	parent->inner += INNER_UNIT(kind);
}

/* The region is over: what it contained is in those around it, too. */
static void hand_on_inner(struct frame *frame, bool measured)
{
	struct frame *parent = thread_parent(frame);

	self_cost_widen(parent);
	for (enum marker_kind kind = 0; kind < MARKER_COSTS; kind++)
		parent->wide[kind] += (uint32_t)self_cost_inner(frame, kind);
	parent->wide[MARKER_PARENT] += measured;
}

/* ---- the stack of frames is full ---- */

static bool same_place(const struct frame *a, const struct frame *b)
{
	return a->cfa == b->cfa && a->sample_head == b->sample_head;
}

/*
 * The stack of frames is full: perhaps of regions that an exception or a coroutine left open.
 * A region that is open twice in the same activation was never ended the first time. Looks for an
 * older opening of `latest` (the region to be entered, or the innermost one) among the first
 * `depth` frames and drops what lies from there up.
 */
static bool drop_stale(struct thread *thread, const struct frame *latest,
		       uint32_t depth)
{
	for (uint32_t i = 0; i < depth; i++) {
		if (!same_place(thread_frame(thread, i), latest))
			continue;
		thread_abandon(thread, i);
		return true;
	}
	return false;
}

static bool make_room(struct thread *thread, const struct frame *entering)
{
	const struct frame *innermost = thread_frame(thread, DEPTH_MAX - 1);
	struct frame *older;
	uint64_t tail;

	if (drop_stale(thread, entering, DEPTH_MAX))
		return true;
	/* The innermost may still be open: it takes the place of its older self. */
	for (uint32_t i = 0; i < DEPTH_MAX - 1; i++) {
		older = thread_frame(thread, i);
		if (!same_place(older, innermost))
			continue;
		tail = older->sample_tail;
		memcpy(older, innermost, process.frame_bytes);
		older->sample_tail = tail;
		thread_abandon(thread, i + 1);
		return true;
	}
	return false;
}

/* Nested too deep to be measured. END must know of it, where it has no token: by the slow way. */
static void count_deep(struct thread *thread, enum marker_kind kind)
{
	struct frame *innermost = thread_innermost(thread);

	process_lose(RECORDING_LOSS_TOO_DEEP);
	if (kind == MARKER_SCOPE)
		return;
	if (perf_is_raw(innermost))
		perf_settle(thread, innermost);
	thread->overflow++;
}

/* ---- START ---- */

/* Whether what the copies say is still so. */
static bool is_armed(const struct thread *thread)
{
	uint64_t locks = 0;

	if (!thread->user_read || !perf_armed(perf_source(thread, 0), thread->armed))
		return false;
	for (uint32_t i = 0; i < process.event_count; i++)
		locks += perf_lock(perf_source(thread, i));
	return perf_unchanged(locks, thread->armed, process.event_count);
}

/* Makes it so, if that is possible just now. */
static bool arm(struct thread *thread)
{
	if (is_armed(thread))
		return true;
	if (!thread->user_read)
		return false;
	perf_pause(thread);
	perf_rearm(thread);
	perf_resume(thread, thread->arm_cost);
	return is_armed(thread);
}

/* Raw counters of the frame; false: not this time. */
static bool begin_raw(struct thread *thread, struct frame *frame)
{
	uint64_t locks = 0;

	if (!arm(thread))
		return false;
	frame->copies = thread->armed;
	for (uint32_t i = 0; i < process.event_count; i++)
		frame->reading[i] = perf_take(perf_source(thread, i), &locks);
	frame->begin = user_read_clock();
	if (!perf_unchanged(locks, frame->copies, process.event_count))
		return false;
	frame->armed = FRAME_THINNED;
	return true;
}

static uint64_t head_of(const struct thread *thread, uint32_t region)
{
	const uint32_t parts[2] = {region, thread->index};
	uint64_t head;

	memcpy(&head, parts, sizeof(head));
	return head;
}

/* In a marker. The token of the region; 0: nested too deep. */
static __attribute__((noinline)) perfpoint_token enter_region(struct thread *thread,
							      enum marker_kind kind,
							      uint32_t region,
							      uintptr_t cfa)
{
	const struct frame entering = {.cfa = cfa,
				       .sample_head = head_of(thread, region)};
	struct frame *frame;

	if (unlikely(thread->depth == DEPTH_MAX) && !make_room(thread, &entering)) {
		count_deep(thread, kind);
		return 0;
	}
	frame = thread_frame(thread, thread->depth);
	frame->cfa = cfa;
	frame->sample_head = entering.sample_head;
	frame->inner = 0;
	frame->armed = FRAME_SLOW;
	frame->kind = (uint8_t)kind;
	frame->one_in = (uint16_t)budget_take(thread, region);
	/* The simulator knows every frame by a token. */
	frame->token = kind == MARKER_SCOPE || process.source == RECORDING_SOURCE_SIM
			       ? fast_token(thread)
			       : 0;
	count_inner(thread_parent(frame), kind);
	thread->depth++;
	if (begin_raw(thread, frame))
		return frame->token;
	frame->readable = thread->counting && counters_read(thread, frame->reading);
	frame->begin = clock_now(&thread->clock);
	return frame->token;
}

/* Whether the fast marker will do, now that all is in order. */
static bool in_order(struct thread *thread, uint32_t region)
{
	const struct budget_region *known = &thread->regions[region + 1];

	if (region > BUDGET_TRIAL)
		return false;
	if (known->left == BUDGET_UNKNOWN)
		budget_know(thread, region);
	return known->left == BUDGET_ALL && thread->depth < DEPTH_MAX && arm(thread);
}

/* An execution that is not measured, where the fast marker did not know the region. */
static bool skip_region(struct thread *thread, enum marker_kind kind, uint32_t region,
			uintptr_t cfa)
{
	struct frame *frame = thread_frame(thread, thread->depth);

	if (region > BUDGET_TRIAL || thread->depth == DEPTH_MAX ||
	    !budget_counts_down(&thread->regions[region + 1]))
		return false;
	if (kind == MARKER_SCOPE)
		return true;
	frame->cfa = cfa;
	frame->armed = FRAME_SKIPPED;
	frame->inner = 0;
	thread->depth++;
	return true;
}

/* What opens a region: a site, or else a mark; or its id is known, else 0. */
struct opening {
	enum marker_kind kind;
	struct perfpoint_site *site;
	int mark;
	uint64_t id;
	uintptr_t cfa;
};

/* Not inlined: what follows is then the same code for all. */
static __attribute__((noinline)) uint32_t region_of(struct thread *thread,
						    struct opening *opening)
{
	struct perfpoint_site *site = opening->site;

	if (likely(opening->id))
		return (uint32_t)opening->id - 1;
	perf_pause(thread);
	/* + 1 is 0 again when the table is full. */
	if (site) {
		opening->id = names_region(site->name) + 1;
		__atomic_store_n(&site->id, (unsigned int)opening->id,
				 __ATOMIC_RELAXED);
	} else {
		opening->id = names_mark(opening->mark) + 1;
	}
	perf_resume(thread, thread->pause_cost);
	return (uint32_t)opening->id - 1;
}

/* false: the fast marker will do. */
static bool open_slowly(struct opening *opening, perfpoint_token *token)
{
	struct thread *thread =
		marker_begin(opening->kind == MARKER_START ? opening->mark : NO_MARK);
	uint32_t region;
	bool again;

	*token = 0;
	if (!thread)
		return true;
	region = region_of(thread, opening);
	again = in_order(thread, region);
	if (!again && !skip_region(thread, opening->kind, region, opening->cfa))
		*token = enter_region(thread, opening->kind, region, opening->cfa);
	thread_open_gate(thread);
	return !again;
}

/*
 * Where all is in order the region is opened by the fast way after all: what happens after the
 * counters were read is part of the region, and is to be the same each time. That is the last
 * thing that is done, and nothing on the stack is needed for it.
 *
 * Returns the region, + 1, that is to be opened so, or else a token; tokens are larger.
 */
static __attribute__((noinline)) uint64_t open_other(enum marker_kind kind,
						     struct perfpoint_site *site,
						     int mark, uint64_t id,
						     uintptr_t cfa)
{
	struct opening opening = {kind, site, mark, id, cfa};
	perfpoint_token token;

	return open_slowly(&opening, &token) ? token : opening.id;
}

static bool is_region(uint64_t id)
{
	return id && id <= UINT32_MAX;
}

static uint64_t site_id(const struct perfpoint_site *site)
{
	return __atomic_load_n(&site->id, __ATOMIC_RELAXED);
}

perfpoint_token slow_enter(struct perfpoint_site *site, uintptr_t cfa)
{
	uint64_t id = site_id(site);

	id = open_other(MARKER_SCOPE, site, NO_MARK, id, cfa);
	return is_region(id) ? markers_set()->enter_known(id, cfa) : id;
}

void slow_begin(struct perfpoint_site *site, uintptr_t cfa)
{
	uint64_t id = site_id(site);

	id = open_other(MARKER_BEGIN, site, NO_MARK, id, cfa);
	if (is_region(id))
		markers_set()->begin_known(id, cfa);
}

void slow_start(int mark, uintptr_t cfa)
{
	uint64_t id = names_known_mark(mark);

	id = open_other(MARKER_START, NULL, mark, id, cfa);
	if (is_region(id))
		markers_set()->start_known(id, cfa);
}

perfpoint_token slow_enter_known(uint64_t id, uintptr_t cfa)
{
	id = open_other(MARKER_SCOPE, NULL, NO_MARK, id, cfa);
	return is_region(id) ? markers_set()->enter_known(id, cfa) : id;
}

void slow_begin_known(uint64_t id, uintptr_t cfa)
{
	id = open_other(MARKER_BEGIN, NULL, NO_MARK, id, cfa);
	if (is_region(id))
		markers_set()->begin_known(id, cfa);
}

void slow_start_known(uint64_t id, uintptr_t cfa)
{
	id = open_other(MARKER_START, NULL, NO_MARK, id, cfa);
	if (is_region(id))
		markers_set()->start_known(id, cfa);
}

/* ---- END ---- */

/* What the frame's markers cost. Raw counters have been read by code that is the same for both. */
static const struct marker_cost *cost_of(const struct thread *thread,
					 const struct frame *frame,
					 enum recording_closing closing)
{
	enum marker_kind kind =
		closing == RECORDING_BY_SCOPE ? MARKER_SCOPE : MARKER_BEGIN;

	return &thread->costs[thread->user_read ? kind : frame->kind];
}

/* Why this execution cannot become a sample; RECORDING_LOSS_KINDS: it can. */
static enum recording_loss obstacle(const struct thread *thread,
				    const struct frame *frame, bool readable)
{
	if (unlikely(frame_region(frame) == UINT32_MAX))
		return RECORDING_LOSS_TOO_MANY_NAMES;
	if (unlikely(!thread->counting))
		return RECORDING_LOSS_NO_COUNTERS;
	if (unlikely(!readable || !frame->readable))
		return RECORDING_LOSS_READ_FAILED;
	return RECORDING_LOSS_KINDS;
}

/* What is the same of each sample; END was at `end` on the thread's clock. */
static struct recording_sample sample_of(const struct thread *thread,
					 const struct frame *frame, uint64_t end,
					 enum recording_closing closing)
{
	uint64_t wall_ns = clock_span_ns(&thread->clock, end - frame->begin);
	uint64_t cost_ns = cost_of(thread, frame, closing)->own_ns +
			   self_cost_inner_ns(thread, frame);

	return (struct recording_sample){
		.region = frame_region(frame),
		.thread = thread->index,
		.begin_ns = clock_ns(&thread->clock, frame->begin),
		.wall_ns = recording_less(wall_ns, cost_ns),
		.running_share = UINT16_MAX,
		.depth = (uint16_t)(thread->depth - 1),
		.one_in = frame->armed > FRAME_SKIPPED ? 1 : frame->one_in,
	};
}

/* Its values are in place. Not before here is it part of the block. */
static void commit(struct thread *thread, const struct recording_sample *sample)
{
	struct recording_sample *room = (void *)thread->write;
	uint64_t tail;

	room->region = sample->region;
	room->thread = sample->thread;
	room->begin_ns = sample->begin_ns;
	room->cpu_ns = sample->cpu_ns;
	room->wall_ns = sample->wall_ns;
	memcpy(&tail, sample, sizeof(tail));
	__atomic_store_n((uint64_t *)(void *)room, tail, __ATOMIC_RELEASE);
	thread->write += process.sample_bytes;
}

/* Regions of self_cost.c are nobody's loss: where groups take turns, some do not run in them. */
static void lose_sample(const struct thread *thread, enum recording_loss loss)
{
	if (thread->block != thread->trial)
		process_lose(loss);
}

/* Makes the sample of `frame`, which ended at `end` with the reading in scratch. */
static void store_sample(struct thread *thread, const struct frame *frame, uint64_t end,
			 bool readable, enum perf_end why,
			 enum recording_closing closing)
{
	enum recording_loss loss = obstacle(thread, frame, readable);
	struct recording_sample sample;
	uint64_t *values;

	if (unlikely(loss != RECORDING_LOSS_KINDS)) {
		if (!counters_deferred(thread, frame, loss))
			lose_sample(thread, loss);
		return;
	}
	if (unlikely(!writer_has_room(thread))) {
		lose_sample(thread, RECORDING_LOSS_NO_SPACE);
		return;
	}
	values = (uint64_t *)(void *)(thread->write + sizeof(sample));
	sample = sample_of(thread, frame, end, closing);
	loss = counters_subtract(thread, frame->reading, thread->scratch, values,
				 &sample);
	if (unlikely(loss != RECORDING_LOSS_KINDS)) {
		lose_sample(thread, loss);
		return;
	}
	self_cost_subtract(thread, frame, cost_of(thread, frame, closing)->slow[why],
			   values);
	/* The counters are read outside of what the clock measures. */
	sample.cpu_ns =
		recording_less(sample.cpu_ns, self_cost_inner_ns(thread, frame));
	if (sample.cpu_ns > sample.wall_ns)
		sample.cpu_ns = sample.wall_ns;
	commit(thread, &sample);
}

/* Some page changed since START, or there are none. */
static __attribute__((noinline)) void end_slowly(struct thread *thread,
						 struct frame *frame, uint64_t end,
						 enum perf_end why,
						 enum recording_closing closing)
{
	const struct marker_cost *cost = cost_of(thread, frame, closing);
	bool readable = thread->counting && counters_read(thread, thread->scratch);

	/* What was read raw at START must become comparable, with what was known then. */
	if (perf_is_raw(frame))
		perf_rearm(thread);
	store_sample(thread, frame, end, readable, why, closing);
	if (frame->inner)
		hand_on_inner(frame, true);
	/* The regions around this one must not count what we did. */
	if (thread->user_read && readable && perf_read(thread, thread->pause[1]))
		perf_credit(thread, thread->depth - 1, thread->scratch,
			    thread->pause[1], cost->extra[why]);
}

/* The region's counters and times are where its sample will be; it contains others. */
static void end_parent(struct thread *thread, struct frame *frame, uint64_t end,
		       enum recording_closing closing)
{
	struct recording_sample sample = sample_of(thread, frame, end, closing);

	sample.flags = RECORDING_SAMPLE_CPU_TIME;
	sample.cpu_ns = sample.wall_ns;
	self_cost_subtract(thread, frame, cost_of(thread, frame, closing)->own,
			   (uint64_t *)(void *)(thread->write + sizeof(sample)));
	commit(thread, &sample);
	hand_on_inner(frame, true);
}

/* A frame of begin_raw(). */
static void end_thinned(struct thread *thread, struct frame *frame, uint64_t end,
			enum recording_closing closing)
{
	struct perf_source source = perf_source(thread, 0);
	enum fast_end result = FAST_NOT;
	struct recording_sample sample;

	if (perf_armed(source, frame->copies) && writer_has_room(thread) &&
	    frame_region(frame) != UINT32_MAX)
		result = fast_measure(thread, source, frame, thread->write,
				      frame->copies, end, 0);
	if (result == FAST_HAS_INNER) {
		end_parent(thread, frame, end, closing);
	} else if (result == FAST_DONE) {
		sample = sample_of(thread, frame, end, closing);
		sample.flags = RECORDING_SAMPLE_CPU_TIME;
		sample.cpu_ns = sample.wall_ns;
		self_cost_subtract(
			thread, frame, cost_of(thread, frame, closing)->own,
			(uint64_t *)(void *)(thread->write + sizeof(sample)));
		commit(thread, &sample);
	} else {
		end_slowly(thread, frame, end,
			   result == FAST_NOT ? PERF_END_EARLY : PERF_END_LATE,
			   closing);
	}
}

/* The innermost region has got its sample, or was lost. */
static void close_region(struct thread *thread, uint64_t end)
{
	struct frame *frame = thread_innermost(thread);

	frame->token = 0;
	frame->armed = FRAME_NONE;
	thread->depth--;
	if (unlikely(thread->write >= thread->stop || end >= thread->budget->end))
		budget_look(thread, end);
}

/* Closes the innermost region. */
static void leave_region(struct thread *thread, uint64_t end,
			 enum recording_closing closing)
{
	struct frame *frame = thread_innermost(thread);

	if (frame->armed == FRAME_THINNED)
		end_thinned(thread, frame, end, closing);
	else
		end_slowly(thread, frame, end, PERF_END_EARLY, closing);
	close_region(thread, end);
}

/* An END for which there is no frame: the user's mistake, unless the frame was a parent's. */
static void end_alone(struct thread *thread)
{
	if (thread->inherited)
		thread->inherited--;
	else
		process_lose(RECORDING_LOSS_END_ALONE);
}

void slow_leave(perfpoint_token token)
{
	struct thread *thread = token ? marker_begin(NO_MARK) : NULL;
	uint32_t depth;
	uint64_t now;

	if (!thread)
		return;
	now = clock_now(&thread->clock);
	for (depth = thread->depth; depth > 0; depth--)
		if (thread_frame(thread, depth - 1)->token == token)
			break;
	if (depth) {
		thread_abandon(thread, depth);
		leave_region(thread, now, RECORDING_BY_SCOPE);
	} else {
		end_alone(thread);
	}
	thread_open_gate(thread);
}

/* A region that is skipped, and others have ended in it. */
static bool end_skipped(void)
{
	struct thread *thread = thread_current;
	struct frame *frame = fast_below(thread->top, 0);

	if (frame->armed != FRAME_SKIPPED)
		return false;
	hand_on_inner(frame, false);
	thread->top = frame;
	return true;
}

void slow_end(enum recording_closing closing)
{
	struct thread *thread;
	uint64_t now;

	if (end_skipped())
		return;
	thread = marker_begin(NO_MARK);
	if (!thread)
		return;
	now = clock_now(&thread->clock);
	if (unlikely(thread->overflow))
		thread->overflow--;
	else if (unlikely(!thread->depth))
		end_alone(thread);
	else
		leave_region(thread, now, closing);
	thread_open_gate(thread);
}

/* ---- what a fast END left to do ---- */

/* The gate is closed; `frame` is the innermost. */
static void take_over(struct thread *thread, const struct frame *frame)
{
	thread->marker_frame = (uintptr_t)__builtin_frame_address(0);
	thread_set_depth(thread, frame);
	thread->depth++;
}

void slow_stop(struct thread *thread, const struct frame *frame, uint64_t now)
{
	thread->marker_frame = (uintptr_t)__builtin_frame_address(0);
	thread_set_depth(thread, frame);
	budget_look(thread, now);
	thread_open_gate(thread);
}

void slow_parent(struct thread *thread, struct frame *frame, uint64_t now,
		 enum recording_closing closing)
{
	take_over(thread, frame);
	end_parent(thread, frame, now, closing);
	close_region(thread, now);
	thread_open_gate(thread);
}

void slow_changed(struct thread *thread, struct frame *frame, uint64_t now,
		  enum recording_closing closing)
{
	take_over(thread, frame);
	end_slowly(thread, frame, now, PERF_END_LATE, closing);
	close_region(thread, now);
	thread_open_gate(thread);
}
