/* SPDX-License-Identifier: MIT */
/*
 * What the markers themselves cost, so that samples are of the program alone.
 *
 * The process's first thread executes empty regions, by way of the public header, whose samples
 * go to a block that is no part of the recording; the smallest of several counts. Threads that
 * read their counters in the same way (raw, or by system calls) have the same costs. There are
 * several, of one pair of markers:
 *
 *	own	what is counted within the region between its readings
 *	whole	what a region around it counts; inner regions are counted by kind in each frame
 *	slow	own, where END found that the thread has been switched, or had no raw counters
 *	extra	what of a slow END is outside of the readings by which it corrects the others
 *
 * Where counters are read raw, START and BEGIN have their own and slow costs in common: between
 * their readings and their end they are the same. A region around others has its own price at END: it is a kind of its own, MARKER_PARENT.
 * Instructions of user code around a marker differ by what the compiler made of it: a few.
 */
#include "perfpoint/budget.h"
#include "perfpoint/runtime.h"
#include "perfpoint/self_cost_pairs.h"

#include <string.h>

#define REPEATS 4

struct result {
	uint64_t values[RECORDING_EVENTS_MAX];
	uint64_t wall_ns;
};

/* One arrangement of empty regions; `samples` are expected of it, and the last one is looked at. */
struct trial {
	struct thread *thread;
	void (*run)(const struct self_cost_pairs *pairs);
	struct self_cost_pairs pairs;
	size_t samples;
};

static unsigned char *trial_samples(const struct thread *thread)
{
	return (unsigned char *)(thread->trial + 1);
}

/* The gate is closed. */
static void use_trial(struct thread *thread)
{
	unsigned char *begin = trial_samples(thread);

	writer_set_block(thread, thread->trial, begin,
			 begin + (size_t)TRIAL_SAMPLES * process.sample_bytes);
	budget_set_stop(thread);
}

static void take_smaller(uint64_t *smallest, uint64_t value)
{
	if (value < *smallest)
		*smallest = value;
}

/* What raw samples mean, as far as it is known by now. */
static struct recording_raw raw_meaning(const struct thread *thread)
{
	static const enum marker_kind kinds[RECORDING_CLOSINGS] = {
		[RECORDING_BY_END] = MARKER_BEGIN,
		[RECORDING_BY_SCOPE] = MARKER_SCOPE,
	};
	struct recording_raw raw = {
		.clock_rate = thread->clock.rate,
		.clock_origin = thread->clock.origin,
		.clock_origin_ns = thread->clock.origin_ns,
	};

	for (int closing = 0; closing < RECORDING_CLOSINGS; closing++) {
		const struct marker_cost *cost = &thread->costs[kinds[closing]];

		raw.own_ns[closing] = cost->own_ns;
		memcpy(raw.own[closing], cost->own, sizeof(cost->own));
	}
	return raw;
}

/* The sample is looked at once, and is another one then. */
static void take_sample(const struct thread *thread, size_t index,
			struct result *result)
{
	const struct recording_raw raw = raw_meaning(thread);
	struct recording_sample *sample =
		(void *)(trial_samples(thread) + index * process.sample_bytes);
	uint64_t *values = (uint64_t *)(sample + 1);

	recording_settle(&raw, process.event_count, sample, values);
	take_smaller(&result->wall_ns, sample->wall_ns);
	for (uint32_t i = 0; i < process.event_count; i++)
		take_smaller(&result->values[i], values[i]);
}

/*
 * The smallest of the last `looked_at` samples of each repetition. A signal handler's regions
 * may come between: such a repetition is not looked at. false: none was good.
 */
static bool try(const struct trial *trial, size_t looked_at, struct result *result)
{
	struct thread *thread = trial->thread;
	bool any = false;

	memset(result, 0xff, sizeof(*result));
	for (int repeat = 0; repeat < REPEATS; repeat++) {
		size_t count;

		use_trial(thread);
		thread_open_gate(thread);
		trial->run(&trial->pairs);
		thread_close_gate(thread);
		count = (size_t)(thread->write - trial_samples(thread)) /
			process.sample_bytes;
		/* START and END of each that is a handler's. */
		if (count > trial->samples)
			process_lose_many(RECORDING_LOSS_IN_SIGNAL,
					  2 * (count - trial->samples));
		if (count != trial->samples)
			continue;
		for (size_t i = 0; i < looked_at; i++)
			take_sample(thread, count - 1 - i, result);
		any = true;
	}
	return any;
}

/* ---- what happens inside of a region that is looked at ---- */

static void nothing(void *argument)
{
	(void)argument;
}

static void pairs_inside(void *argument)
{
	self_cost_pairs(argument);
}

static void pair_around_inside(void *argument)
{
	self_cost_pair_around(argument);
}

/* Makes the region that it is in believe that a page has changed, or, by 0, not. */
struct lock_change {
	struct thread *thread;
	uint64_t bits;
};

/* The same code whether anything is changed or not. */
static void change_lock(void *argument)
{
	const struct lock_change *change = argument;
	struct frame *next = change->thread->top;

	thread_parent(next)->armed ^= change->bits;
}

static void pause_inside(void *argument)
{
	struct thread *thread = argument;

	thread_close_gate(thread);
	perf_pause(thread);
	perf_resume(thread, thread->pause_cost);
	thread_open_gate(thread);
}

/* At which nothing is due. */
static void look_inside(void *argument)
{
	struct thread *thread = argument;

	thread_close_gate(thread);
	budget_look(thread, clock_now(&thread->clock));
	thread_open_gate(thread);
}

/* A START that finds the copies of the pages out of date, or, by 0, not. */
static void begin_inside(void *argument)
{
	const struct lock_change *change = argument;
	struct self_cost_pairs pair = {
		.kind = MARKER_BEGIN,
		.region = BUDGET_TRIAL,
		.inside = nothing,
	};

	change->thread->armed ^= change->bits;
	self_cost_pair_around(&pair);
}

/* ---- what is found out ---- */

static uint64_t difference(uint64_t larger, uint64_t smaller)
{
	return larger > smaller ? larger - smaller : 0;
}

/* What `inside` adds to an armed region around it, in comparison with `without`. */
static bool compare(struct thread *thread, struct self_cost_pairs with,
		    struct self_cost_pairs without, size_t samples_with,
		    size_t samples_without, struct result *difference_of_both)
{
	struct trial trial = {thread, self_cost_pair_around, without, samples_without};
	struct result base;

	if (!try(&trial, 1, &base))
		return false;
	trial.pairs = with;
	trial.samples = samples_with;
	if (!try(&trial, 1, difference_of_both))
		return false;
	for (uint32_t i = 0; i < process.event_count; i++)
		difference_of_both->values[i] =
			difference(difference_of_both->values[i], base.values[i]);
	difference_of_both->wall_ns =
		difference(difference_of_both->wall_ns, base.wall_ns);
	return true;
}

static struct self_cost_pairs around(enum marker_kind kind, int mark,
				     void (*inside)(void *), void *argument)
{
	return (struct self_cost_pairs){
		.kind = kind,
		.mark = mark,
		.region = BUDGET_TRIAL,
		.inside = inside,
		.argument = argument,
	};
}

/* What makes END slow when it is put into the region, and what is the same but does nothing. */
static void ways_to_slow(struct thread *thread, enum perf_end why,
			 struct lock_change *change, struct lock_change *no_change)
{
	/* The first lock is looked at before the counters are read, their sum after that. */
	static const uint64_t bits[PERF_END_KINDS] = {
		[PERF_END_EARLY] = (uint64_t)1 << 8,
		[PERF_END_LATE] = (uint64_t)1 << 40,
	};

	*change = (struct lock_change){thread, bits[why]};
	*no_change = (struct lock_change){thread, 0};
}

static void measure_slow(struct thread *thread, enum marker_kind kind,
			 enum perf_end why)
{
	struct marker_cost *cost = &thread->costs[kind];
	struct lock_change change, no_change;
	struct result slow;

	memcpy(cost->slow[why], cost->own, sizeof(cost->own));
	if (!thread->user_read)
		return;
	/* Slow ones are measured without costs, which are not yet known. */
	memset(cost->slow[why], 0, sizeof(cost->slow[why]));
	ways_to_slow(thread, why, &change, &no_change);
	if (!compare(thread, around(kind, 0, change_lock, &change),
		     around(kind, 0, change_lock, &no_change), 1, 1, &slow))
		return;
	/* The region with raw counters was less its own cost already. */
	memcpy(cost->slow[why], slow.values, sizeof(slow.values));
}

static void measure_own(struct thread *thread, enum marker_kind kind, int mark)
{
	struct trial trial = {
		.thread = thread,
		.run = self_cost_pairs,
		.pairs = {.kind = kind, .mark = mark, .region = BUDGET_TRIAL},
		.samples = SELF_COST_PAIRS,
	};
	struct result own;

	if (!try(&trial, SELF_COST_PAIRS, &own))
		return;
	for (uint32_t i = 0; i < process.event_count; i++)
		thread->costs[kind].own[i] = own.values[i];
	thread->costs[kind].own_ns = own.wall_ns;
	for (enum perf_end why = 0; why < PERF_END_KINDS; why++)
		measure_slow(thread, kind, why);
}

static void measure_whole(struct thread *thread, enum marker_kind kind, int mark)
{
	struct marker_cost *cost = &thread->costs[kind];
	struct self_cost_pairs pairs = {
		.kind = kind, .mark = mark, .region = BUDGET_TRIAL};
	struct self_cost_pairs none = {.kind = MARKER_KINDS};
	struct result result;

	if (!compare(thread, around(MARKER_BEGIN, 0, pairs_inside, &pairs),
		     around(MARKER_BEGIN, 0, pairs_inside, &none), SELF_COST_PAIRS + 1,
		     1, &result))
		return;
	/* Rounded: the calls with and without pairs differ by an instruction or two. */
	for (uint32_t i = 0; i < process.event_count; i++)
		cost->whole[i] =
			(result.values[i] + SELF_COST_PAIRS / 2) / SELF_COST_PAIRS;
	cost->whole_ns = result.wall_ns / SELF_COST_PAIRS;
}

/* What a slow END costs regions around it and is not corrected by its readings. */
static void measure_extra(struct thread *thread, enum marker_kind kind, int mark,
			  enum perf_end why)
{
	struct lock_change change, no_change;
	struct self_cost_pairs slow = around(kind, mark, change_lock, &change);
	struct self_cost_pairs fast = around(kind, mark, change_lock, &no_change);
	struct result result;

	ways_to_slow(thread, why, &change, &no_change);
	if (compare(thread, around(MARKER_BEGIN, 0, pair_around_inside, &slow),
		    around(MARKER_BEGIN, 0, pair_around_inside, &fast), 2, 2, &result))
		memcpy(thread->costs[kind].extra[why], result.values,
		       sizeof(result.values));
}

/* What an END costs regions around it in addition when regions ended in its own. */
static void measure_parent(struct thread *thread)
{
	struct self_cost_pairs inner = around(MARKER_BEGIN, 0, nothing, NULL);
	struct self_cost_pairs parent =
		around(MARKER_BEGIN, 0, pair_around_inside, &inner);
	struct self_cost_pairs leaf = around(MARKER_BEGIN, 0, nothing, NULL);
	struct self_cost_pairs pair =
		around(MARKER_BEGIN, 0, pair_around_inside, &leaf);
	struct result nested, flat;

	/* Both less the cost of whole pairs already: [[[]]] against [[]], and that against []. */
	if (!compare(thread, around(MARKER_BEGIN, 0, pair_around_inside, &parent), pair,
		     3, 2, &nested) ||
	    !compare(thread, pair, leaf, 2, 1, &flat))
		return;
	for (uint32_t i = 0; i < process.event_count; i++)
		thread->costs[MARKER_PARENT].whole[i] =
			difference(nested.values[i], flat.values[i]);
	thread->costs[MARKER_PARENT].whole_ns =
		difference(nested.wall_ns, flat.wall_ns);
}

/* What is left of rare work when the counts between its pauses have been taken off. */
static void measure_rare(struct thread *thread, void (*inside)(void *), uint64_t *cost)
{
	struct result result;

	if (compare(thread, around(MARKER_BEGIN, 0, inside, thread),
		    around(MARKER_BEGIN, 0, nothing, thread), 1, 1, &result))
		memcpy(cost, result.values, sizeof(result.values));
}

/* What of a START that has to copy the pages again is outside of its pause. */
static void measure_arm(struct thread *thread)
{
	struct lock_change change = {thread, (uint64_t)1 << 8};
	struct lock_change no_change = {thread, 0};
	struct result result;

	if (compare(thread, around(MARKER_BEGIN, 0, begin_inside, &change),
		    around(MARKER_BEGIN, 0, begin_inside, &no_change), 2, 2, &result))
		memcpy(thread->arm_cost, result.values, sizeof(result.values));
}

static void measure_all(struct thread *thread, int mark)
{
	enum marker_kind first = mark >= 0 ? MARKER_START : MARKER_BEGIN;

	measure_own(thread, MARKER_BEGIN, mark);
	measure_own(thread, MARKER_SCOPE, mark);
	if (first == MARKER_START && !thread->user_read)
		measure_own(thread, MARKER_START, mark);
	else
		thread->costs[MARKER_START] = thread->costs[MARKER_BEGIN];
	for (enum marker_kind kind = first; kind < MARKER_KINDS; kind++)
		measure_whole(thread, kind, mark);
	/* Without a mark whose name is known anyway, they cost about as much. */
	if (first != MARKER_START)
		thread->costs[MARKER_START] = thread->costs[MARKER_BEGIN];
	measure_parent(thread);
	if (!thread->user_read)
		return;
	for (enum marker_kind kind = first; kind < MARKER_KINDS; kind++)
		for (enum perf_end why = 0; why < PERF_END_KINDS; why++)
			measure_extra(thread, kind, mark, why);
	measure_rare(thread, pause_inside, thread->pause_cost);
	measure_rare(thread, look_inside, thread->look_cost);
	measure_arm(thread);
}

/* ---- shared by threads ---- */

enum known_state { KNOWN_NOT, KNOWN_SOON, KNOWN };

/* Costs of threads that read by system calls [0] and in user space [1]. */
static struct known {
	_Atomic int state; /* enum known_state */
	struct marker_cost costs[MARKER_COSTS];
	uint64_t pause_cost[RECORDING_EVENTS_MAX];
	uint64_t look_cost[RECORDING_EVENTS_MAX];
	uint64_t arm_cost[RECORDING_EVENTS_MAX];
} known[2];

static void publish(const struct thread *thread, struct known *costs)
{
	int not_yet = KNOWN_NOT;

	if (!atomic_compare_exchange_strong(&costs->state, &not_yet, KNOWN_SOON))
		return;
	memcpy(costs->costs, thread->costs, sizeof(costs->costs));
	memcpy(costs->pause_cost, thread->pause_cost, sizeof(costs->pause_cost));
	memcpy(costs->look_cost, thread->look_cost, sizeof(costs->look_cost));
	memcpy(costs->arm_cost, thread->arm_cost, sizeof(costs->arm_cost));
	atomic_store(&costs->state, KNOWN);
}

/* Has text: readers that do not know the kind step over it by its length. */
static void tell_cost(uint32_t id, uint64_t value)
{
	writer_name(RECORDING_NAME_SELF_COST, id, value, "self-cost");
}

/* Into the recording, once. */
static void tell(const struct thread *thread, int mark)
{
	const struct recording_raw raw = raw_meaning(thread);
	static _Atomic uint64_t told_ns, told_raw_ns; /* the recording's start */
	const struct marker_cost *cost =
		&thread->costs[mark >= 0 ? MARKER_START : MARKER_BEGIN];

	/* Those of threads that store raw samples, which the first may not be. */
	if (thread->user_read &&
	    atomic_exchange(&told_raw_ns, process.start_ns) != process.start_ns) {
		memcpy(process.header->raw.own_ns, raw.own_ns, sizeof(raw.own_ns));
		memcpy(process.header->raw.own, raw.own, sizeof(raw.own));
	}
	if (atomic_exchange(&told_ns, process.start_ns) == process.start_ns)
		return;
	for (uint32_t i = 0; i < process.event_count; i++)
		tell_cost(i, cost->whole[i]);
	tell_cost(RECORDING_COST_WALL, cost->whole_ns);
}

void self_cost_measure(struct thread *thread, int mark)
{
	struct known *costs = &known[thread->user_read];
	struct recording_block *block = thread->block;
	unsigned char *write = thread->write, *limit = thread->limit;

	memset(thread->costs, 0, sizeof(thread->costs));
	memset(thread->pause_cost, 0, sizeof(thread->pause_cost));
	memset(thread->look_cost, 0, sizeof(thread->look_cost));
	memset(thread->arm_cost, 0, sizeof(thread->arm_cost));
	if (process.source != RECORDING_SOURCE_PERF || !thread->counting)
		return;
	if (atomic_load(&costs->state) == KNOWN) {
		memcpy(thread->costs, costs->costs, sizeof(costs->costs));
		memcpy(thread->pause_cost, costs->pause_cost,
		       sizeof(costs->pause_cost));
		memcpy(thread->look_cost, costs->look_cost, sizeof(costs->look_cost));
		memcpy(thread->arm_cost, costs->arm_cost, sizeof(costs->arm_cost));
	} else {
		use_trial(thread);
		budget_know(thread, BUDGET_TRIAL);
		measure_all(thread, mark);
		budget_forget(thread, BUDGET_TRIAL);
		if (mark >= 0)
			budget_forget(thread, names_mark(mark));
		writer_set_block(thread, block, write, limit);
		budget_set_stop(thread);
		publish(thread, costs);
	}
	tell(thread, mark);
}

/* ---- applied ---- */

uint64_t self_cost_inner(const struct frame *frame, enum marker_kind kind)
{
	const uint64_t mask = INNER_UNIT(1) - 1;
	uint64_t count = 0;

	if (frame->inner & INNER_WIDE)
		count = frame->wide[kind];
	if (kind < MARKER_KINDS)
		count += (frame->inner & ~INNER_WIDE) >> (INNER_BITS * (unsigned)kind) &
			 mask;
	return count;
}

void self_cost_widen(struct frame *frame)
{
	uint32_t wide[MARKER_COSTS];

	for (enum marker_kind kind = 0; kind < MARKER_COSTS; kind++)
		wide[kind] = (uint32_t)self_cost_inner(frame, kind);
	memcpy(frame->wide, wide, sizeof(wide));
	frame->inner = INNER_WIDE;
}

void self_cost_subtract(const struct thread *thread, const struct frame *frame,
			const uint64_t *own, uint64_t *values)
{
	uint64_t inner[MARKER_COSTS];

	for (enum marker_kind kind = 0; kind < MARKER_COSTS; kind++)
		inner[kind] = self_cost_inner(frame, kind);
	for (uint32_t i = 0; i < process.event_count; i++) {
		uint64_t cost = own[i];

		for (int kind = 0; frame->inner && kind < MARKER_COSTS; kind++)
			cost += inner[kind] * thread->costs[kind].whole[i];
		values[i] = difference(values[i], cost);
	}
}

uint64_t self_cost_inner_ns(const struct thread *thread, const struct frame *frame)
{
	uint64_t cost_ns = 0;

	for (enum marker_kind kind = 0; frame->inner && kind < MARKER_COSTS; kind++)
		cost_ns += self_cost_inner(frame, kind) * thread->costs[kind].whole_ns;
	return cost_ns;
}
