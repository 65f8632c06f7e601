/* SPDX-License-Identifier: MIT */
/*
 * A run: a piece of straight code that is executed again and again, with other addresses each time.
 * What stays the same is said once, so that an execution costs little more than one comparison for
 * each load and store. It comes to the same as machine_instructions(), machine_access() and
 * machine_branch() one after the other. Inlined, because its user's loop is the simulator's.
 */
#ifndef AUTOPERF_SIM_MACHINE_RUN_H
#define AUTOPERF_SIM_MACHINE_RUN_H

#include "machine/l1.h"
#include "machine/predictor.h"

#define MACHINE_NO_ROOT 255 /* the offset is the address itself */

/* One access of up to a line, at address roots[root] + offset; address 0: it does not happen. */
struct machine_reference {
	uint64_t offset;
	uint64_t mask; /* as many bits as bytes */
	uint32_t site;
	uint8_t kind; /* enum machine_access_kind */
	uint8_t root;
	uint8_t ignored; /* front_bits that do not matter to it */
	int8_t last; /* place in a line where it still fits in; -1: is never a simple hit */
};

static inline struct machine_reference machine_reference(enum machine_access_kind kind,
							 uint8_t root, uint64_t offset,
							 uint32_t bytes, uint32_t site)
{
	return (struct machine_reference){
		.offset = offset,
		.mask = byte_mask(0, bytes),
		.site = site,
		.kind = (uint8_t)kind,
		.root = root,
		.ignored = kind == MACHINE_LOAD ? FRONT_WRITABLE : 0,
		.last = kind == MACHINE_ATOMIC ? -1
					       : (int8_t)(MACHINE_LINE_BYTES - bytes),
	};
}

static inline uint32_t
machine_reference_bytes(const struct machine_reference *reference)
{
	return MACHINE_LINE_BYTES - (uint32_t)__builtin_clzll(reference->mask);
}

/* A conditional branch: left by it or not, it is `taken` if that differs from `inverted`. */
struct machine_exit {
	uint64_t pc;
	uint64_t inverted; /* 0 or 1 */
};

/* Cores whose view of the same code is remembered; others take each other's place. */
#define MACHINE_RUN_CORES 4u

struct machine_run {
	struct machine_reference *references; /* in program order */
	struct machine_reference *references_end;
	struct machine_exit *exits; /* all but the last are not left by */
	struct machine_exit *exits_end;
	uint32_t instructions;
	uint32_t loads, stores;                 /* counted by machine_run_init() */
	uint64_t fetched_at[MACHINE_RUN_CORES]; /* by core; see machine_run_fetch() */
};

/* When the references are complete. */
void machine_run_init(struct machine_run *run);

/* What runs have counted and machine_tally() has not yet added to the thread's counters. */
struct machine_tally {
	uint64_t instructions, loads, stores, branches, stalls;
};

static inline void machine_tally(struct machine_thread *thread,
				 struct machine_tally *tally)
{
	machine_instructions(thread, tally->instructions);
	thread->counters[MACHINE_CYCLES] += tally->stalls;
	thread->counters[MACHINE_LOADS] += tally->loads;
	thread->counters[MACHINE_STORES] += tally->stores;
	thread->counters[MACHINE_BRANCHES] += tally->branches;
	*tally = (struct machine_tally){0};
}

/* What runs of a thread look at, so that it can stay in registers over many of them. */
struct machine_view {
	struct machine *machine;
	struct machine_thread *thread;
	struct machine_core *core;
	const char *fronts;
	const char *pages;
	uint64_t front_mask; /* of bytes */
	uint64_t page_mask;  /* of bytes */
	uint64_t last_in_page;
	uint32_t
		page_offset_shift; /* bytes from the first of `pages`: address >> this */
	uint32_t turn;             /* below MACHINE_RUN_CORES */
};

static inline struct machine_view machine_view(struct machine *machine,
					       struct machine_thread *thread)
{
	struct machine_core *core = thread->core;

	return (struct machine_view){
		.machine = machine,
		.thread = thread,
		.core = core,
		.fronts = (const char *)core->l1d.fronts,
		.pages = (const char *)core->dtlb.fronts,
		.front_mask = core->l1d.front_mask * sizeof(struct front),
		.page_mask = core->dtlb.front_mask * sizeof(uint64_t),
		.last_in_page = (UINT64_C(1) << machine->page_shift) - 1,
		.page_offset_shift = machine->page_shift - 3,
		.turn = core->number % MACHINE_RUN_CORES,
	};
}

/* tlb_is_used(), by address. */
static inline bool is_page_used(const struct machine_view *view, uint64_t address)
{
	const uint64_t *front =
		(const void *)(view->pages +
			       (address >> view->page_offset_shift & view->page_mask));

	return *front == (address | view->last_in_page);
}

/* access.c: the page of an address that is not known to be marked; returns stall cycles. */
uint64_t run_translate(struct machine *machine, struct machine_thread *thread,
		       uint64_t address);
/* access.c: a reference, translated, that does not simply hit; returns stall cycles. */
uint64_t run_reference_slowly(struct machine *machine, struct machine_thread *thread,
			      const struct machine_reference *reference,
			      uint64_t address);

static inline uint64_t
machine_reference_address(const struct machine_reference *reference,
			  const uint64_t *roots)
{
	return reference->offset +
	       (reference->root == MACHINE_NO_ROOT ? 0 : roots[reference->root]);
}

/* Performs a reference if it simply hits; its page is marked. */
static inline __attribute__((always_inline)) bool
machine_reference_hits(const struct machine_view *view,
		       const struct machine_reference *reference, uint64_t address)
{
	const struct front *front =
		(const void *)(view->fronts +
			       (address >> FRONT_OFFSET_SHIFT & view->front_mask));
	int32_t offset = (int32_t)(address % MACHINE_LINE_BYTES);

	if (unlikely((front->tag | reference->ignored) != hit_tag(address)) ||
	    unlikely(offset > reference->last))
		return false;
	if (!reference->ignored)
		write_line(front->line, view->thread, reference->mask << offset,
			   reference->site);
	return true;
}

/* One reference by itself; returns stall cycles. Is to be counted as those of a run are. */
static inline __attribute__((always_inline)) uint64_t
machine_refer(const struct machine_view *view,
	      const struct machine_reference *reference, const uint64_t *roots)
{
	uint64_t address = machine_reference_address(reference, roots), stall = 0;

	if (unlikely(!is_page_used(view, address)))
		stall = run_translate(view->machine, view->thread, address);
	if (!machine_reference_hits(view, reference, address))
		stall += run_reference_slowly(view->machine, view->thread, reference,
					      address);
	return stall;
}

/*
 * Performs the references in order. Stops behind the first one with which the run's stalls exceed
 * `patience` cycles, or which disturbs the fetching of code. Returns the one after the last that
 * was performed. All are counted, as if they were going to be performed.
 */
static inline __attribute__((always_inline)) const struct machine_reference *
machine_run(const struct machine_view *view, const struct machine_run *run,
	    const uint64_t *roots, uint64_t patience, struct machine_tally *tally)
{
	const struct machine_reference *reference = run->references;
	const struct machine_reference *end = run->references_end;
	uint64_t stalls = 0;

	tally->loads += run->loads;
	tally->stores += run->stores;
	for (; reference != end; reference++) {
		uint64_t address = machine_reference_address(reference, roots), epoch;

		if (unlikely(!is_page_used(view, address)))
			stalls += run_translate(view->machine, view->thread, address);
		if (likely(machine_reference_hits(view, reference, address))) {
			if (patience == UINT64_MAX || likely(stalls <= patience))
				continue;
			reference++;
			break;
		}
		epoch = view->core->l1i.epoch;
		stalls += run_reference_slowly(view->machine, view->thread, reference,
					       address);
		if (unlikely(stalls > patience || view->core->l1i.epoch != epoch)) {
			reference++;
			break;
		}
	}
	tally->stalls += stalls;
	return reference;
}

/* Instructions and exits of a run whose references have been performed. */
static inline __attribute__((always_inline)) void
machine_run_finish(const struct machine_view *view, const struct machine_run *run,
		   bool left, struct machine_tally *tally)
{
	struct predictor *predictor = &view->core->predictor;

	tally->instructions += run->instructions;
	tally->branches += (uint64_t)(run->exits_end - run->exits);
	for (const struct machine_exit *exit = run->exits; exit != run->exits_end;
	     exit++) {
		bool taken = (left && exit + 1 == run->exits_end) != exit->inverted;

		if (!predictor_goes_on(predictor, exit->pc, taken))
			branch_uncertainly(view->machine, view->thread, exit->pc,
					   taken);
		predictor_remember(predictor, taken);
	}
}

/* Takes a reference out of the counts: it does not happen. */
static inline void machine_take_back(struct machine_thread *thread,
				     const struct machine_reference *reference)
{
	thread->counters[MACHINE_LOADS] -= reference->kind != MACHINE_STORE;
	thread->counters[MACHINE_STORES] -= reference->kind != MACHINE_LOAD;
}

/*
 * Code that was fetched once, and nothing came in its way since, is fetched again without any
 * effect, so that machine_fetch() need not be called. Whether that is so for the code of a run
 * is known from its last execution, or else is to be found out by machine_fetch_is_idle() for
 * all of its lines; then machine_run_fetch() keeps it.
 */
static inline bool machine_run_fetched(const struct machine_view *view,
				       const struct machine_run *run)
{
	return run->fetched_at[view->turn] == view->core->l1i.epoch;
}

static inline void machine_run_fetch(const struct machine_view *view,
				     struct machine_run *run)
{
	run->fetched_at[view->turn] = view->core->l1i.epoch;
}

static inline bool machine_fetch_is_idle(const struct machine_view *view,
					 uint64_t address)
{
	uint64_t number = address >> LINE_SHIFT;

	return l1_front(&view->core->l1i, number)->tag ==
	       (number << LINE_SHIFT | FRONT_VALID);
}

#endif
