/* SPDX-License-Identifier: MIT */
/*
 * The markers: what runs when a region begins and ends.
 *
 * This is the path whose cost the user pays, so it is all in one file and reads top-down: at
 * START the counters are read last but for the clock, at END the clock is read first, so that
 * the region's time holds as little of us as can be. The sample goes straight into the mapped
 * block; `used` is advanced after it is complete, so that a death at any instruction leaves
 * whole samples.
 */
#include "perfpoint/budget.h"
#include "perfpoint/perf_inline.h"
#include "perfpoint/runtime.h"

#include <string.h>

/* Of markers that have none. */
#define NO_MARK (-1)

/* The calling thread where its gate is open, else NULL. */
static inline struct thread *marker_thread(void)
{
	struct thread *thread = thread_current;

	return likely(thread) && likely(*thread_gate(thread)) ? thread : NULL;
}

/* The gate is closed: first marker of a thread or after a fork, or a marker inside a marker. */
static __attribute__((noinline)) struct thread *marker_unusual(int mark)
{
	struct thread *thread = thread_current;

	if (thread && atomic_load_explicit(&process.page->state,
					   memory_order_relaxed) == PROCESS_RECORDING) {
		process_lose(RECORDING_LOSS_IN_SIGNAL);
		return NULL;
	}
	thread = thread_attach();
	if (thread && !thread->costs_known) {
		/* The mark's name is then known, too. */
		if (mark != NO_MARK)
			names_mark(mark);
		thread->costs_known = true;
		self_cost_measure(thread, mark);
		thread_close_gate(thread);
		(void)writer_room(thread);
		thread_open_gate(thread);
		budget_begin(thread, thread->joined_cpu_ns);
	}
	return thread;
}

/* The calling thread, in a marker; NULL when it is not measured. */
static inline struct thread *marker_begin(int mark)
{
	struct thread *thread = marker_thread();

	if (unlikely(!thread))
		thread = marker_unusual(mark);
	if (likely(thread))
		thread_close_gate(thread);
	return thread;
}

static bool same_place(const struct frame *a, const struct frame *b)
{
	return a->cfa == b->cfa && a->site == b->site && a->region == b->region;
}

/*
 * The stack of frames is full: perhaps of regions that an exception or a coroutine left open.
 * A region that is open twice from the same call in the same activation was never ended the
 * first time. Looks for an older opening of `latest` (the region to be entered, or the
 * innermost one) among the first `depth` frames and drops what lies from there up.
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

	if (drop_stale(thread, entering, DEPTH_MAX))
		return true;
	/* The innermost may still be open: it takes the place of its older self. */
	if (!drop_stale(thread, innermost, DEPTH_MAX - 1))
		return false;
	memcpy(thread_frame(thread, thread->depth), innermost, process.frame_bytes);
	thread->depth++;
	__atomic_fetch_sub(&process.header->losses[RECORDING_LOSS_NOT_ENDED], 1,
			   __ATOMIC_RELAXED);
	return true;
}

static __attribute__((noinline)) bool rearm(struct thread *thread)
{
	bool armed;

	perf_pause(thread);
	armed = perf_rearm(thread);
	perf_resume(thread, thread->pause_cost);
	return armed && perf_armed(thread);
}

static inline perfpoint_token next_token(struct thread *thread)
{
	if (unlikely(++thread->serial == 0))
		thread->serial = 1;
	return (perfpoint_token)(thread->index + 1ull) << 32 | thread->serial;
}

/* Counters that cannot be read raw. The simulator knows every frame by a token. */
static __attribute__((noinline)) void begin_slowly(struct thread *thread,
						   struct frame *frame)
{
	if (!frame->token)
		frame->token = next_token(thread);
	frame->readable = thread->counting && counters_read(thread, frame->reading);
	frame->begin = clock_now(&thread->clock);
}

static inline void fill_frame(const struct thread *thread, struct frame *frame,
			      enum marker_kind kind, uint32_t region, uint32_t one_in,
			      uintptr_t cfa, uintptr_t site)
{
	frame->cfa = cfa;
	frame->site = site;
	frame->region = region;
	frame->epoch = 0;
	frame->one_in = (uint16_t)one_in;
	frame->kind = (uint8_t)kind;
	frame->has_inner = false;
	frame->cost = &thread->costs[kind];
}

static inline __attribute__((always_inline)) struct frame *
enter_frame(struct thread *thread, enum marker_kind kind, uint32_t region,
	    uintptr_t cfa, uintptr_t site)
{
	struct frame *frame = thread_frame(thread, thread->depth);

	fill_frame(thread, frame, kind, region, budget_take(thread, region), cfa, site);
	frame->token = kind == MARKER_SCOPE ? next_token(thread) : 0;
	/* Again after a switch of threads: the marker is then the same from here on. */
	while (unlikely(!perf_begin(thread, frame))) {
		frame->epoch = 0;
		if (rearm(thread))
			continue;
		thread->depth++;
		begin_slowly(thread, frame);
		return frame;
	}
	thread->depth++;
	frame->begin = user_read_clock();
	return frame;
}

/* The stack of frames is full. */
static __attribute__((noinline)) struct frame *enter_deep(struct thread *thread,
							  enum marker_kind kind,
							  uint32_t region,
							  uintptr_t cfa, uintptr_t site)
{
	const struct frame entering = {.cfa = cfa, .site = site, .region = region};

	if (make_room(thread, &entering))
		return enter_frame(thread, kind, region, cfa, site);
	process_lose(RECORDING_LOSS_TOO_DEEP);
	return NULL;
}

/* NULL: nested too deep to be measured. */
static inline __attribute__((always_inline)) struct frame *
enter_region(struct thread *thread, enum marker_kind kind, uint32_t region,
	     uintptr_t cfa, uintptr_t site)
{
	if (unlikely(thread->depth == DEPTH_MAX))
		return enter_deep(thread, kind, region, cfa, site);
	return enter_frame(thread, kind, region, cfa, site);
}

/* Why this execution cannot become a sample; RECORDING_LOSS_KINDS: it can. */
static inline enum recording_loss obstacle(const struct thread *thread,
					   const struct frame *frame, bool readable)
{
	if (unlikely(frame->region == UINT32_MAX))
		return RECORDING_LOSS_TOO_MANY_NAMES;
	if (unlikely(!thread->counting))
		return RECORDING_LOSS_NO_COUNTERS;
	if (unlikely(!readable || !frame->readable))
		return RECORDING_LOSS_READ_FAILED;
	return RECORDING_LOSS_KINDS;
}

/* What is the same of each sample; END was at `end` on the thread's clock. */
static inline void fill_sample(const struct thread *thread, const struct frame *frame,
			       uint64_t end, struct recording_sample *sample)
{
	uint64_t wall_ns = clock_span_ns(&thread->clock, end - frame->begin);
	uint64_t own_ns = frame->cost->own_ns;

	*sample = (struct recording_sample){
		.region = frame->region,
		.thread = thread->index,
		.begin_ns = clock_ns(&thread->clock, frame->begin),
		.wall_ns = wall_ns > own_ns ? wall_ns - own_ns : 0,
		.running_share = UINT16_MAX,
		.depth = (uint16_t)(thread->depth - 1),
		.one_in = frame->one_in,
	};
}

/* Not before here is the sample part of the block. */
static inline void commit_sample(struct thread *thread, unsigned char *room)
{
	thread->write = room + process.sample_bytes;
	__atomic_store_n(
		&thread->block->used,
		(uint64_t)(thread->write - (unsigned char *)(thread->block + 1)),
		__ATOMIC_RELEASE);
}

static uint64_t less(uint64_t value, uint64_t cost)
{
	return value > cost ? value - cost : 0;
}

static void subtract_inner_time(const struct thread *thread, const struct frame *frame,
				struct recording_sample *sample)
{
	uint64_t inner_ns;

	if (!frame->has_inner)
		return;
	inner_ns = self_cost_inner_ns(thread, frame);
	sample->wall_ns = less(sample->wall_ns, inner_ns);
	sample->cpu_ns = less(sample->cpu_ns, inner_ns);
}

/* Regions of self_cost.c are nobody's loss: where groups take turns, some do not run in them. */
static void lose_sample(const struct thread *thread, enum recording_loss loss)
{
	if (thread->block != thread->trial)
		process_lose(loss);
}

/* Writes the sample of `frame`, which ended at `end` with the reading in scratch. */
static void store_sample(struct thread *thread, const struct frame *frame, uint64_t end,
			 bool readable, enum perf_end why)
{
	enum recording_loss loss = obstacle(thread, frame, readable);
	struct recording_sample *sample;
	unsigned char *room;

	if (unlikely(loss != RECORDING_LOSS_KINDS)) {
		if (!counters_deferred(thread, frame, loss))
			lose_sample(thread, loss);
		return;
	}
	room = writer_room(thread);
	if (unlikely(!room)) {
		lose_sample(thread, RECORDING_LOSS_NO_SPACE);
		return;
	}
	sample = (struct recording_sample *)(void *)room;
	fill_sample(thread, frame, end, sample);
	loss = counters_subtract(thread, frame->reading, thread->scratch,
				 (uint64_t *)(sample + 1), sample);
	if (unlikely(loss != RECORDING_LOSS_KINDS)) {
		lose_sample(thread, loss);
		return;
	}
	self_cost_subtract(thread, frame, frame->cost->slow[why],
			   (uint64_t *)(sample + 1));
	subtract_inner_time(thread, frame, sample);
	/* The counters are read outside of what the clock measures. */
	if (sample->cpu_ns > sample->wall_ns)
		sample->cpu_ns = sample->wall_ns;
	commit_sample(thread, room);
}

/* Some page changed since START, or there are none, or there is no room in the block. */
static __attribute__((noinline)) void
end_slowly(struct thread *thread, struct frame *frame, uint64_t end, enum perf_end why)
{
	bool readable = thread->counting && counters_read(thread, thread->scratch);

	/* What was read raw at START must become comparable, with what was known then. */
	if (frame->epoch)
		perf_rearm(thread);
	store_sample(thread, frame, end, readable, why);
	/* The regions around this one must not count what we did. */
	if (thread->user_read && readable && perf_read(thread, thread->pause[1]))
		perf_credit(thread, thread->depth - 1, thread->scratch,
			    thread->pause[1], frame->cost->extra[why]);
}

/* The region around it, whose inner[] can be added to. */
static inline struct frame *parent_of(struct frame *frame)
{
	struct frame *parent = thread_parent(frame);

	if (!parent->has_inner) {
		parent->has_inner = true;
		memset(parent->inner, 0, sizeof(parent->inner));
	}
	return parent;
}

static __attribute__((noinline)) void add_inner(struct frame *parent,
						const struct frame *frame)
{
	for (int kind = 0; kind < MARKER_COSTS; kind++)
		parent->inner[kind] += frame->inner[kind];
}

/* The region around it contains one more, and what that contained. */
static inline void count_inner(struct frame *frame)
{
	struct frame *parent = parent_of(frame);

	parent->inner[frame->kind]++;
	if (unlikely(frame->has_inner)) {
		add_inner(parent, frame);
		parent->inner[MARKER_PARENT]++;
	}
}

/* The region is not measured: what it contained is the business of those around it. */
static __attribute__((noinline)) void hand_on_inner(struct frame *frame)
{
	add_inner(parent_of(frame), frame);
}

/* A sample's values and times, when regions have ended inside of it. */
static __attribute__((noinline)) void subtract_inner(const struct thread *thread,
						     const struct frame *frame,
						     struct recording_sample *sample)
{
	static const uint64_t nothing[RECORDING_EVENTS_MAX];

	self_cost_subtract(thread, frame, nothing, (uint64_t *)(sample + 1));
	subtract_inner_time(thread, frame, sample);
}

/* Room for the next sample, so that making it is no part of a region. */
static __attribute__((noinline)) void make_room_ahead(struct thread *thread)
{
	uint64_t began = clock_now(&thread->clock);

	perf_pause(thread);
	(void)writer_new_room(thread);
	perf_resume(thread, thread->pause_cost);
	budget_spent(thread, began);
}

static inline bool has_room(const struct thread *thread)
{
	return (size_t)(thread->limit - thread->write) >= process.sample_bytes;
}

/* Closes the innermost frame. */
static __attribute__((noinline)) void leave_region(struct thread *thread,
						   struct frame *frame, uint64_t end)
{
	unsigned char *room = thread->write;
	struct recording_sample *sample = (struct recording_sample *)(void *)room;
	enum perf_end why = PERF_END_EARLY;

	if (likely(frame->region != UINT32_MAX && has_room(thread)))
		why = perf_end(thread, frame, frame->cost->own,
			       (uint64_t *)(sample + 1));
	if (unlikely(why != PERF_END_FINE)) {
		end_slowly(thread, frame, end, why);
	} else {
		fill_sample(thread, frame, end, sample);
		sample->flags = RECORDING_SAMPLE_CPU_TIME;
		sample->cpu_ns = sample->wall_ns;
		if (unlikely(frame->has_inner))
			subtract_inner(thread, frame, sample);
		commit_sample(thread, room);
	}
	count_inner(frame);
	thread->depth--;
	budget_measured(thread, end);
	if (unlikely(!has_room(thread)))
		make_room_ahead(thread);
}

/* An END for which there is no frame: the user's mistake, unless the frame was a parent's. */
static void end_alone(struct thread *thread)
{
	if (thread->inherited)
		thread->inherited--;
	else
		process_lose(RECORDING_LOSS_END_ALONE);
}

static __attribute__((noinline)) uint32_t new_site(struct thread *thread,
						   struct perfpoint_site *site)
{
	uint32_t id;

	perf_pause(thread);
	id = names_region(site->name) + 1; /* 0 again when the table is full */
	__atomic_store_n(&site->id, id, __ATOMIC_RELAXED);
	perf_resume(thread, thread->pause_cost);
	return id;
}

static inline uint32_t site_region(struct thread *thread, struct perfpoint_site *site)
{
	uint32_t id = __atomic_load_n(&site->id, __ATOMIC_RELAXED);

	if (unlikely(!id))
		id = new_site(thread, site);
	return id - 1;
}

/*
 * Executions that are not measured take their leave as early as they can, in functions that
 * call nothing. The gate stays open: a handler in between leaves regions and frames as they
 * were, but for a count of the very region that it executes, too.
 */
static inline __attribute__((always_inline)) bool
open_skipped(struct thread *thread, enum marker_kind kind, uint32_t region,
	     uintptr_t cfa, uintptr_t site)
{
	uint32_t depth = thread->depth;
	struct frame *frame;

	if (unlikely(depth == DEPTH_MAX) || !budget_skips(thread, region))
		return false;
	frame = thread_frame(thread, depth);
	/* First, so that a handler's frames are above. */
	thread->depth = depth + 1;
	atomic_signal_fence(memory_order_seq_cst);
	fill_frame(thread, frame, kind, region, 0, cfa, site);
	frame->token = 0;
	return true;
}

static inline void close_skipped(struct thread *thread, struct frame *frame)
{
	if (unlikely(frame->has_inner))
		hand_on_inner(frame);
	thread->depth--;
}

/* In a marker. 0: nested too deep to be measured. */
static inline __attribute__((always_inline)) perfpoint_token
enter_scope(struct thread *thread, uint32_t region, uintptr_t cfa, uintptr_t site)
{
	struct frame *frame = enter_region(thread, MARKER_SCOPE, region, cfa, site);

	return likely(frame) ? frame->token : 0;
}

static __attribute__((noinline)) perfpoint_token
enter_measured(struct thread *thread, uint32_t region, uintptr_t cfa, uintptr_t site)
{
	perfpoint_token token;

	thread_close_gate(thread);
	token = enter_scope(thread, region, cfa, site);
	thread_open_gate(thread);
	return token;
}

static __attribute__((noinline)) perfpoint_token
enter_unusual(struct perfpoint_site *site, uintptr_t cfa, uintptr_t address)
{
	struct thread *thread = marker_begin(NO_MARK);
	perfpoint_token token;

	if (!thread)
		return 0;
	token = enter_scope(thread, site_region(thread, site), cfa, address);
	thread_open_gate(thread);
	return token;
}

/* A region that will be closed by its token. */
static perfpoint_token enter(struct perfpoint_site *site)
{
	struct thread *thread = marker_thread();
	uint32_t known = __atomic_load_n(&site->id, __ATOMIC_RELAXED);
	uintptr_t cfa = (uintptr_t)__builtin_dwarf_cfa();
	uintptr_t address = (uintptr_t)__builtin_return_address(0);

	if (unlikely(!thread) || unlikely(!known))
		return enter_unusual(site, cfa, address);
	/* leave() will not even be called. */
	if (budget_skips(thread, known - 1))
		return 0;
	return enter_measured(thread, known - 1, cfa, address);
}

static void leave(perfpoint_token token)
{
	struct thread *thread = likely(token) ? marker_begin(NO_MARK) : NULL;
	uint32_t depth;
	uint64_t now;

	if (unlikely(!thread))
		return;
	now = clock_now(&thread->clock);
	for (depth = thread->depth; depth > 0; depth--)
		if (likely(thread_frame(thread, depth - 1)->token == token))
			break;
	if (likely(depth)) {
		thread_abandon(thread, depth);
		leave_region(thread, thread_innermost(thread), now);
	} else {
		end_alone(thread);
	}
	thread_open_gate(thread);
}

/* In a marker: a region that will be closed by end(), which must know of those too deep. */
static inline __attribute__((always_inline)) void
open_region(struct thread *thread, enum marker_kind kind, uint32_t region,
	    uintptr_t cfa, uintptr_t site)
{
	if (unlikely(!enter_region(thread, kind, region, cfa, site)))
		thread->overflow++;
}

static __attribute__((noinline)) void
begin_measured(struct thread *thread, uint32_t region, uintptr_t cfa, uintptr_t site)
{
	thread_close_gate(thread);
	open_region(thread, MARKER_BEGIN, region, cfa, site);
	thread_open_gate(thread);
}

static __attribute__((noinline)) void begin_unusual(struct perfpoint_site *site,
						    uintptr_t cfa, uintptr_t address)
{
	struct thread *thread = marker_begin(NO_MARK);

	if (!thread)
		return;
	open_region(thread, MARKER_BEGIN, site_region(thread, site), cfa, address);
	thread_open_gate(thread);
}

static void begin(struct perfpoint_site *site)
{
	struct thread *thread = marker_thread();
	uint32_t known = __atomic_load_n(&site->id, __ATOMIC_RELAXED);
	uintptr_t cfa = (uintptr_t)__builtin_dwarf_cfa();
	uintptr_t address = (uintptr_t)__builtin_return_address(0);

	if (unlikely(!thread) || unlikely(!known))
		begin_unusual(site, cfa, address);
	else if (!open_skipped(thread, MARKER_BEGIN, known - 1, cfa, address))
		begin_measured(thread, known - 1, cfa, address);
}

static __attribute__((noinline)) void
start_measured(struct thread *thread, uint32_t region, uintptr_t cfa, uintptr_t site)
{
	thread_close_gate(thread);
	open_region(thread, MARKER_START, region, cfa, site);
	thread_open_gate(thread);
}

static __attribute__((noinline)) void start_unusual(int mark, uintptr_t cfa,
						    uintptr_t address)
{
	struct thread *thread = marker_begin(mark);
	uint32_t region;

	if (!thread)
		return;
	perf_pause(thread);
	region = names_mark(mark);
	perf_resume(thread, thread->pause_cost);
	open_region(thread, MARKER_START, region, cfa, address);
	thread_open_gate(thread);
}

static void start(int mark)
{
	struct thread *thread = marker_thread();
	uint32_t known = names_known_mark(mark);
	uintptr_t cfa = (uintptr_t)__builtin_dwarf_cfa();
	uintptr_t address = (uintptr_t)__builtin_return_address(0);

	if (unlikely(!thread) || unlikely(!known))
		start_unusual(mark, cfa, address);
	else if (!open_skipped(thread, MARKER_START, known - 1, cfa, address))
		start_measured(thread, known - 1, cfa, address);
}

static __attribute__((noinline)) void end_measured(struct thread *thread,
						   struct frame *frame)
{
	thread_close_gate(thread);
	leave_region(thread, frame, clock_now(&thread->clock));
	thread_open_gate(thread);
}

static __attribute__((noinline)) void end_unusual(void)
{
	struct thread *thread = marker_begin(NO_MARK);

	if (!thread)
		return;
	if (thread->overflow)
		thread->overflow--;
	else
		end_alone(thread);
	thread_open_gate(thread);
}

/* Closes the innermost region. */
static void end(void)
{
	struct thread *thread = marker_thread();
	struct frame *frame;

	if (unlikely(!thread) || unlikely(thread->overflow || !thread->depth)) {
		end_unusual();
		return;
	}
	frame = thread_innermost(thread);
	if (frame->one_in)
		end_measured(thread, frame);
	else
		close_skipped(thread, frame);
}

__attribute__((visibility("default"))) void perfpoint_START(int mark);
__attribute__((visibility("default"))) void perfpoint_END(void);

size_t markers_entries(const void **entries)
{
	void (*const functions[])(void) = {
		(void (*)(void))enter, (void (*)(void))leave,
		(void (*)(void))begin, (void (*)(void))start,
		(void (*)(void))end,   (void (*)(void))perfpoint_START,
		perfpoint_END,
	};
	const size_t count = sizeof(functions) / sizeof(functions[0]);

	memcpy(entries, functions, sizeof(functions));
	return count;
}

static const struct perfpoint_runtime runtime = {
	.abi = 1,
	.bytes = sizeof(runtime),
	.enter = enter,
	.leave = leave,
	.begin = begin,
	.start = start,
	.end = end,
};

__attribute__((visibility("default"))) const struct perfpoint_runtime *
perfpoint_runtime_v1(void);
const struct perfpoint_runtime *perfpoint_runtime_v1(void)
{
	return process_configure() ? &runtime : NULL;
}

/* The original AutoPerf's symbols, for programs that were built without our header. */
void perfpoint_START(int mark)
{
	if (process_configure())
		start(mark);
}

void perfpoint_END(void)
{
	if (process_configure())
		end();
}
