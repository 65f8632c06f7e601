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

/* `left` of a region, when it is not a countdown. */
#define BUDGET_ALL     (-1) /* each execution is measured */
#define BUDGET_UNKNOWN 0    /* not executed on this thread yet, or its process forked */

/*
 * A region on one thread; all zeros: never executed. Zeroed in a forked child, which thereby
 * notices that it is one.
 */
struct budget_region {
	int64_t left; /* 1: measured, then drawn anew; n: to skip, until it is 1 */
	uint64_t sample_head; /* region and thread */
	uint32_t gap;         /* `left` began with one more */
	uint32_t beyond;      /* k - 1 */
	/* Executions of this epoch that samples tell, less those skipped before it; modulo 2^32. */
	uint32_t counted;
	uint32_t
		seen; /* executions that samples have told at all, at least; saturates */
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
	uint64_t
		measured; /* executions, as of the last tally; atomic, as the next two */
	uint64_t executions;  /* of closed epochs */
	uint64_t next_probe;  /* when so many have been measured */
	uint64_t marker_ns;   /* in closed epochs, and attaching */
	uint64_t reported[3]; /* of them, in the recording's header; atomic */
	int64_t balance_ns;   /* what was not used of the budget; negative: debt */
	uint64_t pair_ns;     /* what a measured execution costs, median so far */
	uint32_t probes;      /* that it comes from */
	uint32_t random;      /* state of the generator, never 0 */
};

/* Executions of the region that were skipped since the last one that was measured. */
static inline uint32_t budget_skipped(const struct budget_region *region)
{
	int64_t left = region->left;

	return left > 0 ? region->gap + 1 - (uint32_t)left : 0;
}

/* Executions of the region in this epoch so far, as of the last tally. */
static inline uint64_t budget_executions(const struct budget_region *region)
{
	uint32_t executions = region->counted + budget_skipped(region);

	/* Of a region that a signal handler executes, too, some may be missing. */
	return executions <= INT32_MAX ? executions : 0;
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
	int64_t left = region->left;

	if (left <= 1)
		return false;
	region->left = left - 1;
	return true;
}

/* The weight of the execution that begins and is measured: it stands for those skipped, too. */
static inline uint32_t budget_weight(struct budget_region *region, uint32_t *random)
{
	return region->left < 0 ? 1 : budget_draw(region, random);
}

/* A sample of the region was stored. */
static inline void budget_count(struct budget_region *region, uint32_t weight)
{
	region->counted += weight;
	if (region->seen < BUDGET_FIRST)
		region->seen += weight;
}

/* ---- at markers ---- */

/* CPU time of the calling thread. A system call. */
uint64_t budget_cpu_ns(void);
/* Takes memory for a thread's regions and budget; false: there is none. */
bool budget_make(struct thread *thread);
/*
 * When the thread joins the recording: measures everything until budget_begin(), and in the
 * simulator, whose time does not pass in markers, for good.
 */
void budget_attach(struct thread *thread);
/* From here on the budget holds; `began_cpu_ns`: when the thread began to join. */
void budget_begin(struct thread *thread, uint64_t began_cpu_ns);
/* The region is executed on the thread for the first time. */
void budget_know(struct thread *thread, uint32_t region);
/* As if the region had not been executed. */
void budget_forget(struct thread *thread, uint32_t region);
/* Counts the samples that were stored since the last time, before the block is given up. */
void budget_tally(struct thread *thread);
/* Rare work of ours that began at `began` is over. */
void budget_spent(struct thread *thread, uint64_t began);
/* Brings the header's counters up to date: any thread may, for any; `own`: it is the caller,
 * else what has happened since the thread itself last did is missing. */
void budget_report(struct thread *thread, bool own);
/* What there is to do now and then after an END that began at `end`; sets `stop`. */
void budget_look(struct thread *thread, uint64_t end);
/* Where END is to do more than store its sample: no room in the block, or time for a look. */
void budget_set_stop(struct thread *thread);

/* The weight of the execution that begins and is measured, >= 1. */
static inline uint32_t budget_take(const struct thread *thread, uint32_t region)
{
	if (unlikely(region > BUDGET_TRIAL))
		return 1;
	return budget_weight(&thread->regions[region + 1], &thread->budget->random);
}

#endif
