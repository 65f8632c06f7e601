/* SPDX-License-Identifier: MIT */
/*
 * The overhead budget: of a region that is short, one execution in k is measured, so that
 * markers take no more than a given share of the thread's time. k is chosen per region and
 * thread, from what executions and markers took in the epoch before (budget.c).
 *
 * Which executions are measured depends on a countdown alone. It is drawn anew after each
 * measured one, uniformly between k/2 and 3k/2, by a generator of the thread's own: never on how
 * long an execution takes, and not in step with anything periodic in the program. A sample
 * stands for itself and those that were skipped before it, so that sums over samples times
 * their weight have no bias whatever k was, and the weights add up to the executions.
 *
 * A thread's structure is written by its thread alone. Counters that are read when the process
 * exits, by whoever exits, are read and written with relaxed atomics.
 */
#ifndef AUTOPERF_PERFPOINT_BUDGET_H
#define AUTOPERF_PERFPOINT_BUDGET_H

#include "perfpoint/runtime.h"

/* No region of the program's, for trials of what markers cost (self_cost.c). */
#define BUDGET_TRIAL RECORDING_REGIONS_MAX

/* Largest k: bounds how long nothing is measured of a region that suddenly gets slow. */
#define BUDGET_ONE_IN_MAX 4096u
/* So many executions of a region are measured on a thread before any is skipped. */
#define BUDGET_FIRST 32u
/* A level (budget_level) is in 1/BUDGET_LEVEL_UNIT executions. */
#define BUDGET_LEVEL_UNIT 256u

/* A region on one thread; all zeros: never executed. */
struct budget_region {
	uint32_t left;   /* executions to skip before the next measured one */
	uint32_t gap;    /* what `left` began with */
	uint32_t beyond; /* k - 1 */
	uint32_t reserved;
	uint64_t total; /* weights of those measured so far */
	uint64_t start; /* executions before this epoch */
};

struct budget {
	/* of the epoch */
	uint64_t end; /* when it is to be closed, on the thread's clock, as the next */
	uint64_t start;
	uint64_t start_cpu_ns; /* CLOCK_THREAD_CPUTIME_ID */
	uint64_t start_measured;
	uint64_t slow_ns; /* in rare things: new blocks, closing epochs */
	uint64_t length_ns;
	/* of the thread */
	uint64_t measured;    /* executions; atomic, as the next two */
	uint64_t executions;  /* of closed epochs */
	uint64_t next_probe;  /* when so many have been measured */
	uint64_t marker_ns;   /* in closed epochs, and attaching */
	uint64_t reported[3]; /* of them, in the recording's header; atomic */
	int64_t balance_ns;   /* what was not used of the budget; negative: debt */
	uint64_t pair_ns;     /* what a measured execution costs, median so far */
	uint32_t probes;      /* that it comes from */
	uint32_t random;      /* state of the generator, never 0 */
	struct budget_region regions[RECORDING_REGIONS_MAX + 1];
};

/* Executions of the region in this epoch so far. */
static inline uint64_t budget_executions(const struct budget_region *region)
{
	uint32_t gap = __atomic_load_n(&region->gap, __ATOMIC_RELAXED);
	uint32_t left = __atomic_load_n(&region->left, __ATOMIC_RELAXED);

	/* A signal handler that executes the region, too, may make it larger. */
	return __atomic_load_n(&region->total, __ATOMIC_RELAXED) -
	       __atomic_load_n(&region->start, __ATOMIC_RELAXED) +
	       (gap > left ? gap - left : 0);
}

/* ---- the policy, without clocks (budget_share.c) ---- */

/*
 * How many executions of each region may be measured so that `room` (in 1/BUDGET_LEVEL_UNIT)
 * are in all: the largest level with sum of min(executions, level) <= room. UINT64_MAX: all.
 */
uint64_t budget_level(const struct budget_region *regions, uint32_t count,
		      uint64_t room);
/* Sets k from the executions of the epoch and begins the next; `level` as above. */
void budget_begin_epoch(struct budget_region *region, uint64_t level, uint32_t *random);
/* The weight of the execution that begins, which is measured; draws the next countdown. */
uint32_t budget_draw(struct budget_region *region, uint32_t *random);

/* Whether the execution that begins is one to be skipped; it is counted then. */
static inline bool budget_counts_down(struct budget_region *region)
{
	uint32_t left = __atomic_load_n(&region->left, __ATOMIC_RELAXED);

	if (!left)
		return false;
	__atomic_store_n(&region->left, left - 1, __ATOMIC_RELAXED);
	return true;
}

/* The weight of the execution that begins and is measured: it stands for those skipped, too. */
static inline uint32_t budget_weight(struct budget_region *region, uint32_t *random)
{
	if (region->left | region->gap | region->beyond)
		return budget_draw(region, random);
	__atomic_store_n(&region->total, region->total + 1, __ATOMIC_RELAXED);
	return 1;
}

/* ---- at markers ---- */

/* CPU time of the calling thread. A system call. */
uint64_t budget_cpu_ns(void);
/*
 * When the thread joins the recording: takes memory, and measures everything until
 * budget_begin(). Without memory, and in the simulator, whose time does not pass in markers,
 * everything is measured for good.
 */
void budget_attach(struct thread *thread);
/* From here on the budget holds; `began_cpu_ns`: when the thread began to join. */
void budget_begin(struct thread *thread, uint64_t began_cpu_ns);
/* As if the region had not been executed. */
void budget_forget(struct thread *thread, uint32_t region);
/* Rare work of ours that began at `began` is over. */
void budget_spent(struct thread *thread, uint64_t began);
/* Brings the header's counters up to date: any thread may, for any; `own`: it is the caller. */
void budget_report(struct thread *thread, bool own);
/* The rare part of budget_measured(). */
void budget_look(struct thread *thread, uint64_t end);

/* Whether the execution that begins is one to be skipped; it is counted then. */
static inline bool budget_skips(const struct thread *thread, uint32_t region)
{
	return likely(thread->budget) &&
	       budget_counts_down(&thread->budget->regions[region]);
}

/* The weight of the execution that begins and is measured, >= 1. It is counted. */
static inline uint32_t budget_take(const struct thread *thread, uint32_t region)
{
	struct budget *budget = thread->budget;

	if (unlikely(!budget || region > BUDGET_TRIAL))
		return 1;
	return budget_weight(&budget->regions[region], &budget->random);
}

/* After a measured execution that ended at `end`, as the last thing in its END but for rare ones. */
static inline void budget_measured(struct thread *thread, uint64_t end)
{
	struct budget *budget = thread->budget;
	uint64_t measured;

	if (unlikely(!budget))
		return;
	measured = budget->measured + 1;
	__atomic_store_n(&budget->measured, measured, __ATOMIC_RELAXED);
	if (unlikely((measured >= budget->next_probe) | (end >= budget->end)))
		budget_look(thread, end);
}

#endif
