/* SPDX-License-Identifier: MIT */
/*
 * Creation and end of a machine, its cores and its threads. The caches of a core are made when
 * its first thread arrives: a description may offer more cores than a program uses.
 */
#include "machine/problem.h"

#include "machine/cache.h"

static const char *const counter_names[MACHINE_COUNTERS] = {
	[MACHINE_INSTRUCTIONS] = "instructions",
	[MACHINE_CYCLES] = "cycles",
	[MACHINE_LOADS] = "loads",
	[MACHINE_STORES] = "stores",
	[MACHINE_ATOMICS] = "atomics",
	[MACHINE_BRANCHES] = "branches",
	[MACHINE_BRANCH_MISSES] = "branch_misses",
	[MACHINE_L1I_MISSES] = "l1i_misses",
	[MACHINE_L1D_MISSES] = "l1d_misses",
	[MACHINE_L2_MISSES] = "l2_misses",
	[MACHINE_LLC_MISSES] = "llc_misses",
	[MACHINE_HITM_LOCAL] = "hitm_local",
	[MACHINE_HITM_REMOTE] = "hitm_remote",
	[MACHINE_HITM_FALSE] = "hitm_false",
	[MACHINE_HITM_TRUE] = "hitm_true",
	[MACHINE_INVALIDATIONS] = "invalidations",
	[MACHINE_UPGRADES] = "upgrades",
	[MACHINE_FORWARDS] = "forwards",
	[MACHINE_DRAM_LOCAL] = "dram_local",
	[MACHINE_DRAM_REMOTE] = "dram_remote",
	[MACHINE_DTLB_MISSES] = "dtlb_misses",
	[MACHINE_DTLB_WALKS] = "dtlb_walks",
	[MACHINE_FIRST_TOUCHES] = "first_touches",
	[MACHINE_BLOCKED] = "blocked_cycles",
	[MACHINE_LOCKS] = "lock_operations",
	[MACHINE_SYSTEM_CALLS] = "system_calls",
};

const char *machine_counter_name(enum machine_counter counter)
{
	return (uint32_t)counter < MACHINE_COUNTERS ? counter_names[counter] : NULL;
}

const struct machine_config *machine_configuration(const struct machine *machine)
{
	return &machine->config;
}

bool machine_out_of_memory(const struct machine *machine)
{
	return machine->out_of_memory;
}

/*
 * Sets are scanned from their first way: aligned to lines of the host's caches they touch as few
 * as possible. What was allocated is kept in front.
 */
static void *take_aligned(struct machine *machine, size_t bytes)
{
	char *memory = take_memory(machine, bytes + MACHINE_LINE_BYTES);
	size_t shift;

	if (!memory)
		return NULL;
	shift = MACHINE_LINE_BYTES - (uintptr_t)memory % MACHINE_LINE_BYTES;
	*(void **)(void *)(memory + shift - sizeof(void *)) = memory;
	return memory + shift;
}

static void give_aligned(struct machine *machine, void *aligned)
{
	if (aligned)
		give_memory(machine, ((void **)aligned)[-1]);
}

/* Returns 0 also for a cache that the description leaves out. */
static int init_cache(struct machine *machine, struct cache *cache,
		      const struct machine_cache_config *config, uint32_t slices)
{
	uint64_t lines = config->bytes / MACHINE_LINE_BYTES, sets;

	if (!lines)
		return 0;
	sets = lines / config->ways;
	cache->way_count = config->ways;
	cache->slices = slices;
	cache->set_mask = sets / slices - 1;
	cache->tag_shift = (uint32_t)__builtin_popcountll(cache->set_mask);
	cache->words = take_aligned(machine, lines * sizeof(uint64_t));
	cache->sets = take_aligned(machine, sets * sizeof(struct cache_set));
	if (!cache->words || !cache->sets)
		return -1;
	for (uint64_t i = 0; i < sets; i++)
		cache->sets[i].order = order_initial(config->ways);
	return 0;
}

static void release_cache(struct machine *machine, struct cache *cache)
{
	give_aligned(machine, cache->words);
	give_aligned(machine, cache->sets);
	*cache = (struct cache){0};
}

/*
 * As many as lines of code of a large program, and several times those of a usual L1D: fewer would be
 * in each other's way.
 */
#define L1_FRONTS  4096u
#define TLB_FRONTS 512u /* pages */

static int init_l1(struct machine *machine, struct l1 *l1,
		   const struct machine_cache_config *config)
{
	uint64_t sets = config->bytes / MACHINE_LINE_BYTES / config->ways;
	/* Set and signature must tell the front: see unmark_all(). */
	uint64_t most = sets * (SIGNATURE_BITS + 1);

	l1->front_mask = (most < L1_FRONTS ? most : L1_FRONTS) - 1;
	l1->fronts = take_aligned(machine, (l1->front_mask + 1) * sizeof(struct front));
	if (!l1->fronts || init_cache(machine, &l1->cache, config, 1))
		return -1;
	for (uint64_t i = 0; i <= l1->cache.set_mask; i++)
		l1->cache.sets[i].order = 0; /* no marks */
	return 0;
}

static void release_l1(struct machine *machine, struct l1 *l1)
{
	give_aligned(machine, l1->fronts);
	l1->fronts = NULL;
	release_cache(machine, &l1->cache);
}

static int init_tlb(struct machine *machine, struct tlb *tlb,
		    const struct machine_tlb_config *config)
{
	uint64_t sets;

	if (!config->entries)
		return 0;
	sets = config->entries / config->ways;
	tlb->way_count = config->ways;
	tlb->set_mask = sets - 1;
	tlb->front_mask = TLB_FRONTS - 1;
	tlb->page_shift = machine->page_shift;
	tlb->pages = take_aligned(machine, config->entries * sizeof(uint64_t));
	tlb->used = take_memory(machine, sets * sizeof(uint64_t));
	tlb->fronts = take_aligned(machine, TLB_FRONTS * sizeof(uint64_t));
	return tlb->pages && tlb->used && tlb->fronts ? 0 : -1;
}

static void release_tlb(struct machine *machine, struct tlb *tlb)
{
	give_aligned(machine, tlb->pages);
	give_memory(machine, tlb->used);
	give_aligned(machine, tlb->fronts);
	*tlb = (struct tlb){0};
}

static void release_core(struct machine *machine, struct machine_core *core)
{
	release_l1(machine, &core->l1d);
	release_l1(machine, &core->l1i);
	release_cache(machine, &core->l2);
	give_memory(machine, core->parks);
	core->parks = NULL;
	release_tlb(machine, &core->dtlb);
	release_tlb(machine, &core->stlb);
	predictor_release(machine, &core->predictor);
	core->predictor = (struct predictor){0};
}

static int ready_core(struct machine *machine, struct machine_core *core)
{
	const struct machine_config *config = &machine->config;

	if (core->ready)
		return 0;
	if (init_l1(machine, &core->l1d, &config->l1d) ||
	    init_l1(machine, &core->l1i, &config->l1i) ||
	    init_cache(machine, &core->l2, &config->l2, 1) ||
	    init_tlb(machine, &core->dtlb, &config->dtlb) ||
	    init_tlb(machine, &core->stlb, &config->stlb) ||
	    predictor_init(machine, &core->predictor)) {
		release_core(machine, core);
		return -1;
	}
	core->parks = take_memory(machine, (core->l1d.cache.set_mask + 1) *
						   sizeof(*core->parks));
	if (!core->parks) {
		release_core(machine, core);
		return -1;
	}
	core->home_page = NO_PAGE;
	core->l1i.epoch = MACHINE_CORES_MAX + core->number;
	core->ready = true;
	return 0;
}

static int init_llcs(struct machine *machine, uint32_t per_socket)
{
	const struct machine_cache_config *config = &machine->config.llc;

	machine->llcs = take_memory(machine, machine->llc_count * sizeof(struct llc));
	machine->llc_cores = take_memory(machine, machine->llc_count * machine->words *
							  sizeof(uint64_t));
	if (!machine->llcs || !machine->llc_cores)
		return -1;
	for (uint32_t i = 0; i < machine->llc_count; i++) {
		machine->llcs[i].socket = i / per_socket;
		if (init_cache(machine, &machine->llcs[i].cache, config,
			       config->slices))
			return -1;
	}
	return 0;
}

/* Numbers cores socket by socket, and says which are below which LLC. */
static int init_cores(struct machine *machine)
{
	const struct machine_config *config = &machine->config;
	uint32_t below = config->llc_cores ? config->llc_cores : config->cores;

	machine->core_count = config->sockets * config->cores;
	machine->llc_count = machine->core_count / below;
	machine->words = (machine->core_count + 63) / 64;
	machine->cores =
		take_memory(machine, machine->core_count * sizeof(struct machine_core));
	machine->placement =
		take_memory(machine, machine->core_count * sizeof(uint16_t));
	if (!machine->cores || !machine->placement ||
	    init_llcs(machine, config->cores / below))
		return -1;
	for (uint32_t i = 0; i < machine->core_count; i++) {
		struct machine_core *core = &machine->cores[i];
		uint32_t llc = i / below, socket = i / config->cores, turn = i;

		core->number = (uint16_t)i;
		core->llc = (uint16_t)llc;
		core->socket = (uint16_t)socket;
		machine->llc_cores[llc * machine->words + i / 64] |= UINT64_C(1)
								     << i % 64;
		if (config->placement == MACHINE_SCATTER)
			turn = i % config->cores * config->sockets + socket;
		machine->placement[turn] = (uint16_t)i;
	}
	machine->placement_count = machine->core_count;
	if (config->placement == MACHINE_LISTED) {
		machine->placement_count = config->listed_count;
		for (uint32_t i = 0; i < config->listed_count; i++)
			machine->placement[i] = config->listed[i];
	}
	return 0;
}

struct machine *machine_create(const struct machine_config *config,
			       const struct machine_host *host,
			       struct machine_problem *problem)
{
	struct machine *machine;

	if (machine_config_check(config, problem))
		return NULL;
	machine = host->allocate(host->context, sizeof(*machine));
	if (!machine) {
		problem_set(problem, 0, "no memory for the simulated machine");
		return NULL;
	}
	machine->host = *host;
	machine->config = *config;
	machine->costs = config->costs;
	machine->page_shift = (uint32_t)__builtin_ctz(config->page_bytes);
	machine->l2_inclusive =
		config->l2.bytes && config->l2.policy == MACHINE_INCLUSIVE;
	machine->llc_inclusive =
		config->llc.bytes && config->llc.policy == MACHINE_INCLUSIVE;
	machine->llc_victim = config->llc.bytes && config->llc.policy == MACHINE_VICTIM;
	if (init_cores(machine) || directory_init(machine) || pages_init(machine) ||
	    sharing_init(machine)) {
		machine_free(machine);
		problem_set(problem, 0, "no memory for the simulated machine");
		return NULL;
	}
	return machine;
}

void machine_free(struct machine *machine)
{
	if (!machine)
		return;
	for (uint32_t i = 0; i < MACHINE_THREADS_MAX; i++)
		give_memory(machine, machine->threads[i]);
	for (uint32_t i = 0; machine->cores && i < machine->core_count; i++)
		release_core(machine, &machine->cores[i]);
	for (uint32_t i = 0; machine->llcs && i < machine->llc_count; i++)
		release_cache(machine, &machine->llcs[i].cache);
	directory_release(machine);
	pages_release(machine);
	sharing_release(machine);
	give_memory(machine, machine->llcs);
	give_memory(machine, machine->cores);
	give_memory(machine, machine->llc_cores);
	give_memory(machine, machine->placement);
	give_memory(machine, machine);
}

/* NULL with *problem filled. */
static struct machine_core *choose_core(struct machine *machine, uint32_t number,
					struct machine_problem *problem)
{
	struct machine_core *core = &machine->cores[machine->placement[0]];

	if (number != MACHINE_ANY_CORE) {
		if (number >= machine->core_count) {
			problem_set(problem, 0, "there is no core ");
			problem_add_number(problem, number);
			problem_add(problem, "; the machine has cores 0 to ");
			problem_add_number(problem, machine->core_count - 1);
			return NULL;
		}
		core = &machine->cores[number];
	}
	for (uint32_t i = 1; number == MACHINE_ANY_CORE && i < machine->placement_count;
	     i++) {
		struct machine_core *next = &machine->cores[machine->placement[i]];

		if (next->threads < core->threads)
			core = next;
	}
	if (ready_core(machine, core)) {
		problem_set(problem, 0, "no memory for the caches of core ");
		problem_add_number(problem, core->number);
		return NULL;
	}
	return core;
}

struct machine_thread *machine_thread_add(struct machine *machine, uint32_t id,
					  uint32_t core,
					  struct machine_problem *problem)
{
	struct machine_thread *thread;
	struct machine_core *place;
	uint32_t slot = 0;

	while (slot < MACHINE_THREADS_MAX && machine->threads[slot])
		slot++;
	if (slot == MACHINE_THREADS_MAX) {
		problem_set(problem, 0, "more threads at a time than the limit of ");
		problem_add_number(problem, MACHINE_THREADS_MAX);
		return NULL;
	}
	place = choose_core(machine, core, problem);
	if (!place)
		return NULL;
	thread = take_memory(machine, sizeof(*thread));
	if (!thread) {
		problem_set(problem, 0, "no memory for another thread");
		return NULL;
	}
	thread->core = place;
	thread->id = id;
	thread->slot = slot;
	thread->cycles_per_instruction = machine->costs.instruction;
	machine->threads[slot] = thread;
	place->threads++;
	return thread;
}

void machine_thread_remove(struct machine *machine, struct machine_thread *thread)
{
	machine_settle(machine, thread);
	thread->core->threads--;
	machine->threads[thread->slot] = NULL;
	give_memory(machine, thread);
}

uint32_t machine_thread_core(const struct machine_thread *thread)
{
	return thread->core->number;
}

int machine_thread_move(struct machine *machine, struct machine_thread *thread,
			uint32_t core, struct machine_problem *problem)
{
	struct machine_core *place = choose_core(machine, core, problem);

	if (!place)
		return -1;
	machine_settle(machine, thread);
	thread->core->threads--;
	thread->core = place;
	place->threads++;
	return 0;
}
