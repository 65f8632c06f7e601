/* SPDX-License-Identifier: MIT */
/*
 * See cause.h.
 *
 * Counters reach us as rates; per execution they are a rate times instructions, or times the
 * region's time. Which of them there are depends on the source: the simulated machine has one
 * for every event that it charges for, real processors some, the kernel alone page faults and
 * time off the processor. So each part below is made of what there is, and none is missing
 * but for a lack of counters.
 *
 *	waiting		cycles blocked, or time off the CPU
 *	sharing		lines fetched from another core's cache, and upgrades of lines that
 *			others share, divided by what kind of fetches they are
 *	remote memory	what a fetch from another node takes longer than one from the own node
 *	caches		misses of each level that the next one had, and memory's
 *	TLB		misses that the second level had, and walks
 *	branches	mispredicted ones
 *	page faults	first touches, faults
 *	system calls	where they are counted
 *	instructions	more of them, at the processor's best, and atomics
 */
#include "detect/cause.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_MIN   0.2 /* of the change of time; less explains nothing */
#define TYPICAL_MHZ 3000.0
#define NS_PER_US   1000.0

/* Typical costs in cycles. */
#define COST_INSTRUCTION 0.5
#define COST_ATOMIC      18
#define COST_L2_HIT      10
#define COST_LLC_HIT     45
#define COST_DRAM        250
#define COST_DRAM_REMOTE 150 /* more than local */
#define COST_FORWARD     60
#define COST_HITM        90
#define COST_HITM_REMOTE 350
#define COST_UPGRADE     60
#define COST_STLB_HIT    8
#define COST_WALK        30
#define COST_BRANCH_MISS 16
#define COST_PAGE_FAULT  1500
#define COST_MAJOR_FAULT 150000
#define COST_SYSTEM_CALL 300
#define COST_MIGRATION   15000

enum side_of { SIDE_BEFORE, SIDE_AFTER, SIDE_NOTHING };

/* One side of the comparison, per execution. Nothing: no time, no events. */
struct side {
	enum side_of of;
	double time_ns;
	double instructions; /* NaN: not counted */
};

/* What is known of a region; what `to` has more than `from` is what is accounted for. */
struct account {
	const struct finding_region *region;
	struct side from, to;
	double mhz;
};

static const char *const names[CAUSE_KINDS] = {
	[CAUSE_WAITING] = "waiting",
	[CAUSE_FALSE_SHARING] = "false sharing",
	[CAUSE_TRUE_SHARING] = "true sharing",
	[CAUSE_REMOTE_MEMORY] = "remote memory",
	[CAUSE_CACHE_MISSES] = "cache misses",
	[CAUSE_TLB_MISSES] = "TLB misses",
	[CAUSE_BRANCHES] = "branch mispredictions",
	[CAUSE_PAGE_FAULTS] = "page faults",
	[CAUSE_SYSTEM_CALLS] = "system calls",
	[CAUSE_INSTRUCTIONS] = "more instructions",
};

const char *cause_name(enum finding_cause_kind kind)
{
	return names[kind];
}

/* ---- counts per execution ---- */

static double rate_of(const struct finding_counter *counter, const struct side *side)
{
	return side->of == SIDE_AFTER ? counter->after : counter->before;
}

/* Of a rate; NaN where it cannot be told. */
static double per_execution(const struct finding_counter *counter,
			    const struct side *side)
{
	double rate = rate_of(counter, side);

	if (side->of == SIDE_NOTHING)
		return 0;
	switch (counter->kind) {
	case FEATURE_RATE_PER_KILOINST:
		return rate * side->instructions / 1000;
	case FEATURE_RATE_PER_MICROSECOND:
		return rate * side->time_ns / NS_PER_US;
	case FEATURE_COUNT_PER_EXECUTION:
		return rate;
	default:
		return (double)NAN;
	}
}

/* How many more per execution; 0 where it is not known. */
static double gain_of(const struct account *account,
		      const struct finding_counter *counter)
{
	double gain = per_execution(counter, &account->to) -
		      per_execution(counter, &account->from);

	return isfinite(gain) ? gain : 0;
}

static const struct finding_counter *find_role(const struct finding_region *region,
					       enum event_role role)
{
	for (size_t i = 0; i < region->counter_count; i++)
		if (region->counters[i].role == role &&
		    region->counters[i].kind != FEATURE_RAW)
			return &region->counters[i];
	return NULL;
}

/* The largest gain of the counters of a role: names of one thing are not added up. */
static double gain(const struct account *account, enum event_role role)
{
	const struct finding_region *region = account->region;
	double largest = 0;

	for (size_t i = 0; i < region->counter_count; i++) {
		double value;

		if (region->counters[i].role != role)
			continue;
		value = gain_of(account, &region->counters[i]);
		if (fabs(value) > fabs(largest))
			largest = value;
	}
	return largest;
}

/* That of the simulated machine's counter, which has no role of its own. */
static double gain_named(const struct account *account, const char *name)
{
	const struct finding_region *region = account->region;

	for (size_t i = 0; i < region->counter_count; i++)
		if (!strcmp(region->counters[i].name, name))
			return gain_of(account, &region->counters[i]);
	return 0;
}

static bool has(const struct account *account, enum event_role role)
{
	return find_role(account->region, role) != NULL;
}

/* ---- what kinds of events cost, in cycles ---- */

static double off_cpu_ns(const struct account *account)
{
	const struct finding_region *region = account->region;

	for (size_t i = 0; i < region->counter_count; i++) {
		const struct finding_counter *counter = &region->counters[i];

		if (counter->kind == FEATURE_CPU_SHARE)
			return account->to.time_ns *
				       (1 - rate_of(counter, &account->to)) -
			       account->from.time_ns *
				       (1 - rate_of(counter, &account->from));
	}
	return 0;
}

static double waiting(const struct account *account)
{
	double off_cpu = off_cpu_ns(account) * account->mhz / NS_PER_US;

	if (has(account, EVENT_ROLE_LOCK_WAIT))
		return gain(account, EVENT_ROLE_LOCK_WAIT);
	return off_cpu + gain(account, EVENT_ROLE_MIGRATION) * COST_MIGRATION;
}

static double hitm(const struct account *account)
{
	return gain_named(account, "hitm_local") + gain_named(account, "hitm_remote");
}

static double sharing(const struct account *account)
{
	double cycles = gain_named(account, "hitm_local") * COST_HITM +
			gain_named(account, "hitm_remote") * COST_HITM_REMOTE +
			gain_named(account, "upgrades") * COST_UPGRADE;

	return cycles != 0 ? cycles : gain(account, EVENT_ROLE_HITM) * COST_HITM;
}

/* By the counters; what does not tell is taken for true. */
static double counted_false_share(const struct account *account)
{
	double wrong = fmax(0, gain(account, EVENT_ROLE_FALSE_SHARING));
	double right = fmax(0, gain(account, EVENT_ROLE_TRUE_SHARING));

	return wrong + right > 0 ? wrong / (wrong + right) : 0;
}

/* What a contended line costs; what was not known of it is taken for nothing. */
static double cycles_of_line(const struct finding_line *line, const struct side *side)
{
	switch (side->of) {
	case SIDE_BEFORE:
		return line->before_known ? line->cycles_before : 0;
	case SIDE_AFTER:
		return line->cycles_after;
	case SIDE_NOTHING:
		break;
	}
	return 0;
}

/*
 * Share of sharing that is false. Counters tell which fetches would not have been, had each byte
 * been on a line of its own. That is more than can be had: a lock is one object, and its fields are
 * fetched by turns by those who want all of it. So of the lines that are known it is what padding
 * would end, and only the rest of the cycles goes by the counters.
 */
static double false_share(const struct account *account)
{
	const struct finding_region *region = account->region;
	double known = 0, wrong = 0, rest;

	for (size_t i = 0; i < region->line_count; i++) {
		const struct finding_line *line = &region->lines[i];
		double added = cycles_of_line(line, &account->to) -
			       cycles_of_line(line, &account->from);

		known += fmax(0, added);
		wrong += fmax(0, added) * line->false_share;
	}
	rest = fmax(0, sharing(account) - known);
	if (known + rest <= 0)
		return 0;
	return (wrong + rest * counted_false_share(account)) / (known + rest);
}

static double caches(const struct account *account)
{
	double l1 =
		gain(account, EVENT_ROLE_L1D_MISS) + gain(account, EVENT_ROLE_L1I_MISS);
	double l2 = gain(account, EVENT_ROLE_L2_MISS);
	double llc = gain(account, EVENT_ROLE_LLC_MISS);
	double memory = gain_named(account, "dram_local") +
			gain(account, EVENT_ROLE_REMOTE_DRAM);

	if (!has(account, EVENT_ROLE_L2_MISS))
		l2 = llc;
	/* What another core had is told apart only by the simulated machine. */
	if (memory == 0)
		memory = llc;
	return (l1 - l2) * COST_L2_HIT + (l2 - llc - hitm(account)) * COST_LLC_HIT +
	       gain_named(account, "forwards") * COST_FORWARD + memory * COST_DRAM;
}

static double tlb(const struct account *account)
{
	double walks = gain_named(account, "dtlb_walks");
	double misses = gain_named(account, "dtlb_misses");

	if (walks != 0 || misses != 0)
		return (misses - walks) * COST_STLB_HIT + walks * COST_WALK;
	return (gain(account, EVENT_ROLE_DTLB_MISS) +
		gain(account, EVENT_ROLE_ITLB_MISS)) *
	       COST_WALK;
}

static double cycles_of(const struct account *account, enum finding_cause_kind kind)
{
	switch (kind) {
	case CAUSE_WAITING:
		return waiting(account);
	case CAUSE_FALSE_SHARING:
		return sharing(account) * false_share(account);
	case CAUSE_TRUE_SHARING:
		return sharing(account) * (1 - false_share(account));
	case CAUSE_REMOTE_MEMORY:
		return gain(account, EVENT_ROLE_REMOTE_DRAM) * COST_DRAM_REMOTE;
	case CAUSE_CACHE_MISSES:
		return caches(account);
	case CAUSE_TLB_MISSES:
		return tlb(account);
	case CAUSE_BRANCHES:
		return gain(account, EVENT_ROLE_BRANCH_MISS) * COST_BRANCH_MISS;
	case CAUSE_PAGE_FAULTS:
		return gain(account, EVENT_ROLE_PAGE_FAULT) * COST_PAGE_FAULT +
		       gain(account, EVENT_ROLE_MAJOR_FAULT) * COST_MAJOR_FAULT;
	case CAUSE_SYSTEM_CALLS:
		return gain(account, EVENT_ROLE_SYSTEM_CALL) * COST_SYSTEM_CALL;
	case CAUSE_INSTRUCTIONS:
		return gain(account, EVENT_ROLE_INSTRUCTIONS) * COST_INSTRUCTION +
		       gain_named(account, "atomics") * COST_ATOMIC;
	case CAUSE_KINDS:
		break;
	}
	return 0;
}

/* ---- together ---- */

static int compare_causes(const void *a, const void *b)
{
	const struct finding_cause *x = a, *y = b;

	if (x->share != y->share)
		return (x->share < y->share) - (x->share > y->share);
	return (x->kind > y->kind) - (x->kind < y->kind);
}

static struct side make_side(const struct finding_region *region, enum side_of of)
{
	const struct finding_counter *instructions =
		find_role(region, EVENT_ROLE_INSTRUCTIONS);
	struct side side = {.of = of, .instructions = (double)NAN};

	if (of == SIDE_NOTHING)
		return side;
	side.time_ns =
		of == SIDE_AFTER ? region->time_after_ns : region->time_before_ns;
	if (instructions && instructions->kind == FEATURE_COUNT_PER_EXECUTION)
		side.instructions = rate_of(instructions, &side);
	return side;
}

static struct account make_account(const struct finding_region *region,
				   enum side_of from, enum side_of to)
{
	return (struct account){
		.region = region,
		.from = make_side(region, from),
		.to = make_side(region, to),
		.mhz = TYPICAL_MHZ,
	};
}

static double nanoseconds_of(const struct account *account,
			     enum finding_cause_kind kind)
{
	return cycles_of(account, kind) / account->mhz * NS_PER_US;
}

int cause_account(struct finding_region *region)
{
	struct account account = make_account(region, SIDE_BEFORE, SIDE_AFTER);
	double change_ns = region->time_after_ns - region->time_before_ns;

	free(region->causes);
	region->causes = NULL;
	region->cause_count = 0;
	if (!region->time_measured || !isfinite(change_ns) || change_ns <= 0)
		return 0;
	region->causes = calloc(CAUSE_KINDS, sizeof(*region->causes));
	if (!region->causes)
		return -ENOMEM;
	for (int kind = 0; kind < CAUSE_KINDS; kind++) {
		double share = nanoseconds_of(&account, (enum finding_cause_kind)kind) /
			       change_ns;

		if (isfinite(share) && share >= SHARE_MIN)
			region->causes[region->cause_count++] = (struct finding_cause){
				(enum finding_cause_kind)kind, share};
	}
	if (region->cause_count)
		qsort(region->causes, region->cause_count, sizeof(*region->causes),
		      compare_causes);
	return 0;
}

/*
 * Costs overlap on real processors, and typical ones may be too high for this one: what is more
 * than the time that there was is scaled down to it.
 */
static void fit(struct cause_parts *parts, double time_ns)
{
	double sum = 0;

	for (int kind = 0; kind < CAUSE_KINDS; kind++)
		sum += parts->ns[kind];
	parts->scaled = sum > time_ns;
	for (int kind = 0; kind < CAUSE_KINDS && parts->scaled; kind++)
		parts->ns[kind] *= time_ns / sum;
	parts->other_ns = fmax(0, time_ns - sum);
}

bool cause_parts(struct cause_parts *parts, const struct finding_region *region,
		 bool after)
{
	struct account account =
		make_account(region, SIDE_NOTHING, after ? SIDE_AFTER : SIDE_BEFORE);
	bool told = false;

	*parts = (struct cause_parts){.other_ns = account.to.time_ns};
	if (!region->time_measured || !isfinite(account.to.time_ns) ||
	    account.to.time_ns <= 0)
		return false;
	for (int kind = 0; kind < CAUSE_KINDS; kind++) {
		double ns = nanoseconds_of(&account, (enum finding_cause_kind)kind);

		parts->ns[kind] = isfinite(ns) ? fmax(0, ns) : 0;
		told |= parts->ns[kind] > 0;
	}
	fit(parts, account.to.time_ns);
	return told;
}
