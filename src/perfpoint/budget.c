/* SPDX-License-Identifier: MIT */
/*
 * The overhead budget (budget.h): what markers cost, and epochs.
 *
 * An epoch ends with the first measured execution after its time is over, 0.1 ms at first and
 * up to 12.8 ms later. Then is known how often each region was executed, what markers took of
 * the thread's CPU time, and so what the program itself took. The budget is a share of the
 * latter; of time in which the thread had no CPU (it waited, or others ran) markers may have
 * a far smaller share, so that threads that share a CPU keep the budget, too, while what a
 * waiting thread does now and then is still measured. What an epoch did not use, or used
 * too much, is carried over.
 *
 * What was measured is counted where it is stored, in the samples: fast markers count nothing. So
 * this looks after every so many samples, or when a marker that is not a fast one sees that the
 * epoch is over.
 *
 * Costs are measured where they arise: every so many measured executions one tells how long its
 * END took, and START is taken to be as long (both read the counters once and the clock once);
 * rare slow things are timed each. Without a limit, what self_cost.c found must do: looking at
 * the clock is not to disturb exact counts. A skipped execution's cost is found once in a process. All
 * of this is on the thread's own clock.
 *
 * This must not depend on how long single executions of a region take: see budget.h.
 */
#include "perfpoint/budget.h"
#include "perfpoint/self_cost_pairs.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define EPOCH_FIRST_NS 100000u
#define EPOCH_LAST_NS  12800000u
#define EPOCH_WHOLE_NS 1000000000u /* where everything is measured */
#define PERMILLE       1000u

#define PROBES_FIRST 16u /* the least of them counts; then the median is followed */
#define PROBE_STEP   32u /* by 1/32 a probe */
/* Measured executions from one to the next: raw counters hardly differ in what they cost. */
#define PROBE_INTERVAL     16u
#define PROBE_INTERVAL_RAW 256u
#define SLOW_MAX_NS        1000000u /* more than that is not ours: the thread lost its CPU */

/*
 * Of the budget, what is planned with: markers also cost what no clock in them sees, the caches'
 * and branch predictors' room and the kernel's time to switch counters with threads.
 */
#define PLANNED_DIVISOR 2

#define WAITING_DIVISOR 32 /* budget of waiting time, against CPU time's */
#define DEBT_EPOCHS     4  /* debt is forgotten beyond so many epochs' budgets */

#define SKIP_CALLS 16u  /* of self_cost_pairs() */
#define SKIP_UNIT  256u /* skip_cost is in 1/256 ns */

enum reported { REPORTED_EXECUTIONS, REPORTED_MEASURED, REPORTED_MARKER };

static _Atomic uint32_t skip_cost; /* of a skipped execution; 0: not known yet */

uint64_t budget_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t since_ns(const struct thread *thread, uint64_t began)
{
	return clock_span_ns(&thread->clock, clock_now(&thread->clock) - began);
}

/* ---- costs ---- */

/* Of pairs of markers, none of which is measured. */
static void measure_skips(struct thread *thread)
{
	const struct self_cost_pairs pairs = {.kind = MARKER_BEGIN,
					      .region = BUDGET_TRIAL};
	uint64_t best = UINT64_MAX;

	for (int turn = 0; turn < 3; turn++) {
		uint64_t began, took;

		thread->regions[BUDGET_TRIAL + 1].left =
			SKIP_CALLS * SELF_COST_PAIRS + 1;
		thread_open_gate(thread);
		began = clock_now(&thread->clock);
		for (uint32_t i = 0; i < SKIP_CALLS; i++)
			self_cost_pairs(&pairs);
		thread_close_gate(thread);
		took = since_ns(thread, began);
		best = took < best ? took : best;
	}
	best = best * SKIP_UNIT / SKIP_CALLS / SELF_COST_PAIRS;
	atomic_store(&skip_cost, (uint32_t)(best ? best : 1));
}

static void observe_pair(struct budget *budget, uint64_t pair_ns)
{
	uint64_t step = budget->pair_ns / PROBE_STEP + 1;

	if (budget->probes < PROBES_FIRST) {
		if (!budget->probes++ || pair_ns < budget->pair_ns)
			budget->pair_ns = pair_ns;
	} else if (pair_ns > budget->pair_ns) {
		budget->pair_ns += step;
	} else if (pair_ns < budget->pair_ns) {
		budget->pair_ns -= budget->pair_ns > step ? step : 0;
	}
	if (!budget->pair_ns)
		budget->pair_ns = 1;
}

static uint64_t skips_ns(uint64_t skips)
{
	return skips * atomic_load_explicit(&skip_cost, memory_order_relaxed) /
	       SKIP_UNIT;
}

/* ---- epochs ---- */

static void begin_epoch(struct thread *thread, uint64_t now, uint64_t cpu_ns)
{
	struct budget *budget = thread->budget;

	budget->start = now;
	budget->start_cpu_ns = cpu_ns;
	budget->end = now + clock_ticks(&thread->clock, budget->length_ns);
	budget->start_measured = budget->measured;
}

/* What markers may take of `ns`. */
static uint64_t planned(uint64_t ns)
{
	return ns * process.max_overhead / PERMILLE / PLANNED_DIVISOR;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
	return value < low ? low : value > high ? high : value;
}

/*
 * How many executions of an epoch like this one may be measured, in 1/BUDGET_LEVEL_UNIT, given
 * what markers took in it and what skipping all would have taken.
 */
static uint64_t room(struct budget *budget, uint64_t cpu_ns, uint64_t wall_ns,
		     uint64_t spent_ns, uint64_t skipping_ns)
{
	const int64_t full = (int64_t)planned(EPOCH_LAST_NS);
	/* The program's own time is what is left; of a small rest nothing is known. */
	uint64_t own_ns =
		spent_ns < cpu_ns - cpu_ns / 16 ? cpu_ns - spent_ns : cpu_ns / 16;
	int64_t budget_ns =
		(int64_t)planned(own_ns + (wall_ns - cpu_ns) / WAITING_DIVISOR);
	int64_t next_ns;

	budget->balance_ns = clamp(budget->balance_ns + budget_ns - (int64_t)spent_ns,
				   -DEBT_EPOCHS * full, full);
	next_ns = budget_ns +
		  clamp(budget->balance_ns / 4, -budget_ns / 2, budget_ns / 2) -
		  (int64_t)skipping_ns;
	/* Where skipping alone takes the budget, something must be seen all the same. */
	if (next_ns < budget_ns / 8)
		next_ns = budget_ns / 8;
	return (uint64_t)next_ns * BUDGET_LEVEL_UNIT / budget->pair_ns;
}

/* Regions that can have been executed. */
static uint32_t region_count(void)
{
	return __atomic_load_n(&process.header->region_count, __ATOMIC_RELAXED);
}

/* Executions of the epoch that is open. */
static uint64_t open_executions(const struct thread *thread)
{
	uint32_t count = region_count();
	uint64_t executions = 0;

	if (!process.max_overhead)
		return thread->budget->measured - thread->budget->start_measured;
	for (uint32_t i = 0; i < count; i++)
		executions += budget_executions(&thread->regions[i + 1]);
	return executions;
}

/* What markers took in it. */
static uint64_t spent_ns(const struct budget *budget, uint64_t executions)
{
	uint64_t measured = budget->measured - budget->start_measured;
	uint64_t skipped = executions > measured ? executions - measured : 0;

	return measured * budget->pair_ns + skips_ns(skipped) + budget->slow_ns;
}

static void close_epoch(struct thread *thread, uint64_t now)
{
	struct budget *budget = thread->budget;
	uint32_t count = region_count();
	uint64_t cpu_now = process.max_overhead ? budget_cpu_ns() : 0;
	uint64_t cpu_ns = cpu_now - budget->start_cpu_ns;
	uint64_t wall_ns = clock_span_ns(&thread->clock, now - budget->start);
	uint64_t executions = open_executions(thread);
	uint64_t spent = spent_ns(budget, executions);
	uint64_t level = UINT64_MAX;

	if (process.max_overhead)
		level = budget_level(thread->regions + 1, count,
				     room(budget, cpu_ns,
					  wall_ns > cpu_ns ? wall_ns : cpu_ns, spent,
					  skips_ns(executions)));
	for (uint32_t i = 0; i < count; i++)
		budget_begin_epoch(&thread->regions[i + 1], level, &budget->random);
	budget->slow_ns = 0;
	__atomic_store_n(&budget->executions, budget->executions + executions,
			 __ATOMIC_RELAXED);
	__atomic_store_n(&budget->marker_ns, budget->marker_ns + spent,
			 __ATOMIC_RELAXED);
	if (process.max_overhead && budget->length_ns < EPOCH_LAST_NS)
		budget->length_ns *= 2;
	begin_epoch(thread, now, cpu_now);
}

/* ---- at markers ---- */

void budget_spent(struct thread *thread, uint64_t began)
{
	uint64_t took_ns = since_ns(thread, began);

	thread->budget->slow_ns += took_ns < SLOW_MAX_NS ? took_ns : SLOW_MAX_NS;
}

void budget_tally(struct thread *thread)
{
	struct budget *budget = thread->budget;
	uint64_t measured = budget->measured;

	if (!thread->block || thread->block == thread->trial)
		return;
	/* Which region it was matters only to a budget. */
	if (!process.max_overhead) {
		measured += (uint64_t)(thread->write - thread->tallied) /
			    process.sample_bytes;
		thread->tallied = thread->write;
	}
	for (; thread->tallied < thread->write;
	     thread->tallied += process.sample_bytes) {
		const struct recording_sample *sample = (const void *)thread->tallied;

		budget_count(&thread->regions[sample->region + 1], sample->one_in);
		measured++;
	}
	__atomic_store_n(&budget->measured, measured, __ATOMIC_RELAXED);
}

void budget_set_stop(struct thread *thread)
{
	const struct budget *budget = thread->budget;
	uint64_t samples = budget->next_probe - budget->measured;
	size_t room = (size_t)(thread->limit - thread->write);

	thread->stop = thread->write;
	if (!writer_has_room(thread))
		return;
	/* `write` comes here with the last sample before there is no room for another. */
	if (samples < room / process.sample_bytes)
		thread->stop += samples * process.sample_bytes;
	else
		thread->stop = thread->limit - process.sample_bytes + 1;
}

/* Room for the next sample, so that making it is no part of a region. */
static void make_room_ahead(struct thread *thread)
{
	if (thread->block == thread->trial) {
		/* Of a handler's regions, by which the trial is spoilt anyway: one makes room for the next. */
		thread->write -= process.sample_bytes;
		process_lose_many(RECORDING_LOSS_IN_SIGNAL, 2);
		return;
	}
	budget_tally(thread);
	if (!writer_new_block(thread))
		perf_give_up_raw(thread);
}

static void look(struct thread *thread, uint64_t end, uint64_t now)
{
	struct budget *budget = thread->budget;

	budget_tally(thread);
	if (budget->measured >= budget->next_probe) {
		uint64_t interval =
			thread->user_read ? PROBE_INTERVAL_RAW : PROBE_INTERVAL;

		budget->next_probe = budget->measured +
				     (budget->probes < PROBES_FIRST ? 1 : interval);
		observe_pair(budget, 2 * clock_span_ns(&thread->clock, now - end));
	}
	if (end >= budget->end && budget->probes) {
		close_epoch(thread, now);
		budget_report(thread, true);
	}
}

void budget_look(struct thread *thread, uint64_t end)
{
	uint64_t now = clock_now(&thread->clock);

	/* The regions around this one must not count what we do. */
	perf_pause(thread);
	look(thread, end, now);
	if (!writer_has_room(thread))
		make_room_ahead(thread);
	budget_set_stop(thread);
	perf_resume(thread, thread->look_cost);
	budget_spent(thread, now);
}

/* ---- threads ---- */

static void *make(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

bool budget_make(struct thread *thread)
{
	size_t bytes = (BUDGET_TRIAL + 2) * sizeof(*thread->regions);

	thread->budget = make(sizeof(*thread->budget));
	thread->regions = make(bytes);
	if (!thread->budget || !thread->regions) {
		if (thread->budget)
			munmap(thread->budget, sizeof(*thread->budget));
		return false;
	}
	madvise(thread->regions, bytes, MADV_WIPEONFORK);
	return true;
}

static uint64_t sample_head(const struct thread *thread, uint32_t region)
{
	struct recording_sample sample = {.region = region, .thread = thread->index};
	uint64_t head;

	memcpy(&head, &sample.region, sizeof(head));
	return head;
}

void budget_know(struct thread *thread, uint32_t region)
{
	struct budget_region *known = &thread->regions[region + 1];

	known->sample_head = sample_head(thread, region);
	if (known->left == BUDGET_UNKNOWN)
		known->left = BUDGET_ALL;
}

void budget_attach(struct thread *thread)
{
	struct budget *budget = thread->budget;

	/* What is known about regions is kept: the thread is much like the one before it. */
	for (uint32_t i = 0; i < region_count(); i++)
		if (thread->regions[i + 1].left != BUDGET_UNKNOWN)
			budget_know(thread, i);
	if (!budget->random)
		budget->random = (thread->index + 1) * 2654435761u | 1;
	budget->end = budget->next_probe = UINT64_MAX;
	budget->measured = budget->executions = 0;
	thread->tallied = thread->write;
}

void budget_forget(struct thread *thread, uint32_t region)
{
	if (region <= BUDGET_TRIAL)
		thread->regions[region + 1] = (struct budget_region){0};
}

void budget_begin(struct thread *thread, uint64_t began_cpu_ns)
{
	struct budget *budget = thread->budget;
	uint64_t cpu_ns;

	budget_set_stop(thread);
	if (process.source == RECORDING_SOURCE_SIM)
		return;
	if (!atomic_load(&skip_cost))
		measure_skips(thread);
	for (uint32_t i = 0; i < region_count(); i++)
		thread->regions[i + 1].counted =
			0u - budget_skipped(&thread->regions[i + 1]);
	budget->length_ns = process.max_overhead ? EPOCH_FIRST_NS : EPOCH_WHOLE_NS;
	budget->balance_ns = 0;
	budget->slow_ns = 0;
	budget->measured = budget->executions = 0;
	budget->next_probe = 1;
	/* Of self_cost.c; good enough where nothing depends on it. */
	if (!process.max_overhead && thread->costs[MARKER_BEGIN].whole_ns) {
		budget->pair_ns = thread->costs[MARKER_BEGIN].whole_ns;
		budget->probes = PROBES_FIRST;
		budget->next_probe = UINT64_MAX;
	}
	for (int i = 0; i <= REPORTED_MARKER; i++)
		budget->reported[i] = 0;
	cpu_ns = budget_cpu_ns();
	budget->marker_ns = cpu_ns - began_cpu_ns;
	begin_epoch(thread, clock_now(&thread->clock), cpu_ns);
	budget_set_stop(thread);
	atomic_store(&thread->reports, true);
}

/*
 * Adds what was not reported yet. The exchange makes it right whoever does it, and however
 * often: the differences add up to the value exchanged last.
 */
static void report(struct budget *budget, enum reported what, uint64_t value,
		   uint64_t *counter)
{
	uint64_t before =
		__atomic_exchange_n(&budget->reported[what], value, __ATOMIC_RELAXED);

	if (value != before)
		__atomic_fetch_add(counter, value - before, __ATOMIC_RELAXED);
}

void budget_report(struct thread *thread, bool own)
{
	struct recording_header *header = process.header;
	struct budget *budget = thread->budget;
	uint64_t open, executions, measured, marker_ns;

	if (process.source == RECORDING_SOURCE_SIM || !header ||
	    !atomic_load(&thread->reports))
		return;
	if (own)
		budget_tally(thread);
	open = open_executions(thread);
	executions = __atomic_load_n(&budget->executions, __ATOMIC_RELAXED) + open;
	measured = __atomic_load_n(&budget->measured, __ATOMIC_RELAXED);
	marker_ns = __atomic_load_n(&budget->marker_ns, __ATOMIC_RELAXED);
	/* What an open epoch took, only its thread can tell. */
	if (own)
		marker_ns += spent_ns(budget, open);
	report(budget, REPORTED_EXECUTIONS, executions, &header->executions);
	report(budget, REPORTED_MEASURED, measured, &header->measured);
	report(budget, REPORTED_MARKER, marker_ns, &header->marker_ns);
}
