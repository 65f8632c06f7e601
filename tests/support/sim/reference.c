/* SPDX-License-Identifier: MIT */
/* See reference.h. */
#include "support/sim/reference.h"

#include <stdlib.h>

struct step {
	struct reference *reference;
	uint64_t *counters;
	uint32_t thread, core;
	uint64_t line, bytes; /* bytes: mask */
	bool write;
};

static uint32_t llc_of(const struct reference *reference, uint32_t core)
{
	return core / reference->cores_per_llc;
}

static uint32_t socket_of(const struct reference *reference, uint32_t core)
{
	return core / reference->config.cores;
}

static uint32_t socket_of_llc(const struct reference *reference, uint32_t llc)
{
	return llc * reference->cores_per_llc / reference->config.cores;
}

/* 0: below the same LLC, 1: same socket, 2: another socket. */
static int distance(const struct reference *reference, uint32_t core, uint32_t llc)
{
	if (llc == llc_of(reference, core))
		return 0;
	return socket_of_llc(reference, llc) == socket_of(reference, core) ? 1 : 2;
}

static uint64_t max_cost(uint64_t left, uint64_t right)
{
	return left > right ? left : right;
}

/* The core's copy is gone. */
static void lose(struct reference *reference, uint32_t number, uint64_t line)
{
	struct reference_core *core = &reference->cores[number];

	if (core->pending[line])
		reference->counters[core->pending[line] - 1][MACHINE_HITM_FALSE]++;
	core->pending[line] = 0;
	core->stale[line] = 0;
	core->state[line] = REFERENCE_I;
}

static void drop_from_core(struct reference *reference, uint32_t number, uint64_t line)
{
	struct reference_core *core = &reference->cores[number];

	reference_cache_drop(&core->l1d, line);
	reference_cache_drop(&core->l1i, line);
	reference_cache_drop(&core->l2, line);
	lose(reference, number, line);
}

static void fill_llc(struct reference *reference, uint32_t llc, uint64_t line)
{
	struct reference_cache *cache = &reference->llcs[llc];
	uint64_t evicted;

	if (!cache->ways || !reference_cache_fill(reference, cache, line, &evicted))
		return;
	if (reference->config.llc.policy != MACHINE_INCLUSIVE)
		return;
	for (uint32_t i = 0; i < reference->core_count; i++)
		if (llc_of(reference, i) == llc &&
		    reference->cores[i].state[evicted] != REFERENCE_I)
			drop_from_core(reference, i, evicted);
}

static void leave_core(struct reference *reference, uint32_t number, uint64_t line)
{
	bool modified = reference->cores[number].state[line] == REFERENCE_M;
	struct reference_cache *llc = &reference->llcs[llc_of(reference, number)];

	lose(reference, number, line);
	if (!llc->ways || reference->config.llc.policy == MACHINE_INCLUSIVE ||
	    reference_cache_find(llc, line))
		return;
	if (modified || reference->config.llc.policy == MACHINE_VICTIM)
		fill_llc(reference, llc_of(reference, number), line);
}

static void fill_l2(struct reference *reference, uint32_t number, uint64_t line)
{
	struct reference_core *core = &reference->cores[number];
	uint64_t evicted;

	if (!core->l2.ways ||
	    !reference_cache_fill(reference, &core->l2, line, &evicted))
		return;
	if (reference->config.l2.policy == MACHINE_INCLUSIVE) {
		reference_cache_drop(&core->l1d, evicted);
		reference_cache_drop(&core->l1i, evicted);
	}
	if (!reference_cache_find(&core->l1d, evicted) &&
	    !reference_cache_find(&core->l1i, evicted))
		leave_core(reference, number, evicted);
}

static void fill_l1(struct reference *reference, uint32_t number,
		    struct reference_cache *l1, uint64_t line)
{
	struct reference_core *core = &reference->cores[number];
	uint64_t evicted;

	if (!reference_cache_fill(reference, l1, line, &evicted))
		return;
	if (reference_cache_find(&core->l2, evicted) ||
	    reference_cache_find(&core->l1d, evicted) ||
	    reference_cache_find(&core->l1i, evicted))
		return;
	if (core->l2.ways && core->state[evicted] == REFERENCE_M)
		fill_l2(reference, number, evicted);
	else
		leave_core(reference, number, evicted);
}

/* Removes all copies but those of the core and of its LLC; cost of the farthest. */
static uint64_t invalidate_others(const struct step *step)
{
	struct reference *reference = step->reference;
	const struct machine_costs *costs = &reference->config.costs;
	const uint64_t by_distance[] = {costs->upgrade_local, costs->upgrade_socket,
					costs->upgrade_remote};
	uint64_t cost = 0;

	for (uint32_t i = 0; i < reference->core_count; i++) {
		if (i == step->core ||
		    reference->cores[i].state[step->line] == REFERENCE_I)
			continue;
		drop_from_core(reference, i, step->line);
		step->counters[MACHINE_INVALIDATIONS]++;
		cost = max_cost(cost, by_distance[distance(reference, step->core,
							   llc_of(reference, i))]);
	}
	for (uint32_t i = 0; i < reference->llc_count; i++)
		if (i != llc_of(reference, step->core) &&
		    reference_cache_drop(&reference->llcs[i], step->line))
			cost = max_cost(
				cost, by_distance[distance(reference, step->core, i)]);
	return cost;
}

static uint64_t upgrade(const struct step *step)
{
	uint64_t cost = invalidate_others(step);

	step->counters[MACHINE_UPGRADES]++;
	step->reference->written[step->line] = 0;
	return cost ? cost : step->reference->config.costs.upgrade_local;
}

/* The core has a copy of the line and wants to write. */
static uint64_t become_modified(const struct step *step)
{
	enum reference_state *state =
		&step->reference->cores[step->core].state[step->line];
	uint64_t cost = *state == REFERENCE_S ? upgrade(step) : 0;

	*state = REFERENCE_M;
	return cost;
}

static int home_of(struct reference *reference, uint64_t page, uint32_t core)
{
	if (reference->home[page] < 0)
		reference->home[page] = (int)socket_of(reference, core);
	return reference->home[page];
}

static uint64_t read_memory(const struct step *step)
{
	struct reference *reference = step->reference;
	uint64_t page = step->line * MACHINE_LINE_BYTES / reference->config.page_bytes;
	bool local = home_of(reference, page, step->core) ==
		     (int)socket_of(reference, step->core);

	step->counters[MACHINE_LLC_MISSES]++;
	step->counters[local ? MACHINE_DRAM_LOCAL : MACHINE_DRAM_REMOTE]++;
	return local ? reference->config.costs.dram_local
		     : reference->config.costs.dram_remote;
}

static uint64_t hitm(const struct step *step, uint32_t owner, int far)
{
	struct reference *reference = step->reference;
	const struct machine_costs *costs = &reference->config.costs;
	const uint64_t by_distance[] = {costs->hitm_local, costs->hitm_socket,
					costs->hitm_remote};

	step->counters[far == 2 ? MACHINE_HITM_REMOTE : MACHINE_HITM_LOCAL]++;
	for (uint32_t i = 0;
	     !reference->contended[step->line] && i < reference->core_count; i++)
		if (i != owner)
			reference->cores[i].stale[step->line] =
				reference->written[step->line];
	reference->contended[step->line] = true;
	reference->cores[step->core].pending[step->line] = step->thread + 1;
	return by_distance[far];
}

/* Another core has the line in E or M. */
static uint64_t take_from_owner(const struct step *step, uint32_t owner)
{
	struct reference *reference = step->reference;
	const struct machine_costs *costs = &reference->config.costs;
	const uint64_t clean[] = {costs->forward_local, costs->forward_socket,
				  costs->forward_remote};
	enum reference_state *state = &reference->cores[owner].state[step->line];
	int far = distance(reference, step->core, llc_of(reference, owner));
	uint64_t cost = *state == REFERENCE_M ? hitm(step, owner, far) : clean[far];

	if (far) {
		step->counters[MACHINE_LLC_MISSES]++;
		step->counters[MACHINE_FORWARDS]++;
	}
	if (!step->write)
		*state = REFERENCE_S;
	return cost;
}

/* Nobody has the line in E or M, the own LLC does not have it. */
static uint64_t take_clean(const struct step *step)
{
	struct reference *reference = step->reference;
	const struct machine_costs *costs = &reference->config.costs;
	int nearest = 3;

	for (uint32_t i = 0; i < reference->core_count; i++) {
		int far = distance(reference, step->core, llc_of(reference, i));

		if (reference->cores[i].state[step->line] != REFERENCE_I &&
		    far < nearest)
			nearest = far;
	}
	for (uint32_t i = 0; i < reference->llc_count; i++) {
		int far = distance(reference, step->core, i);

		if (reference_cache_find(&reference->llcs[i], step->line) &&
		    far < nearest)
			nearest = far;
	}
	if (nearest == 0)
		return costs->forward_local;
	if (nearest == 3)
		return read_memory(step);
	step->counters[MACHINE_LLC_MISSES]++;
	step->counters[MACHINE_FORWARDS]++;
	return nearest == 1 ? costs->forward_socket : costs->forward_remote;
}

/* Whether another core or another LLC has the line; `near`: only cores below the own LLC. */
static bool is_elsewhere(const struct step *step, bool near)
{
	const struct reference *reference = step->reference;
	uint32_t llc = llc_of(reference, step->core);

	for (uint32_t i = 0; i < reference->core_count; i++)
		if (i != step->core && (!near || llc_of(reference, i) == llc) &&
		    reference->cores[i].state[step->line] != REFERENCE_I)
			return true;
	for (uint32_t i = 0; !near && i < reference->llc_count; i++)
		if (i != llc && reference_cache_find(&reference->llcs[i], step->line))
			return true;
	return false;
}

static void pass_llc(const struct step *step)
{
	struct reference *reference = step->reference;
	uint32_t number = llc_of(reference, step->core);
	struct reference_cache *llc = &reference->llcs[number];
	struct reference_way *way = reference_cache_find(llc, step->line);
	bool victim = reference->config.llc.policy == MACHINE_VICTIM;

	if (way && victim && !is_elsewhere(step, true))
		reference_cache_drop(llc, step->line);
	else if (way)
		reference_cache_use(reference, way);
	else if (!victim)
		fill_llc(reference, number, step->line);
}

/* The core holds the line, but not in this L1. */
static uint64_t obtain_from_self(const struct step *step)
{
	struct reference *reference = step->reference;
	const struct machine_costs *costs = &reference->config.costs;
	struct reference_core *core = &reference->cores[step->core];
	struct reference_way *way = reference_cache_find(&core->l2, step->line);
	struct reference_cache *llc = &reference->llcs[llc_of(reference, step->core)];
	uint64_t cost;

	if (way) {
		reference_cache_use(reference, way);
		cost = costs->l2_hit;
	} else {
		cost = reference_cache_find(llc, step->line) ? costs->llc_hit
							     : costs->forward_local;
		step->counters[MACHINE_L2_MISSES] += core->l2.ways != NULL;
		pass_llc(step);
		fill_l2(reference, step->core, step->line);
	}
	return step->write ? cost + become_modified(step) : cost;
}

static uint64_t obtain_from_others(const struct step *step)
{
	struct reference *reference = step->reference;
	struct reference_core *core = &reference->cores[step->core];
	struct reference_cache *llc = &reference->llcs[llc_of(reference, step->core)];
	uint32_t owner = 0;
	uint64_t cost;

	step->counters[MACHINE_L2_MISSES] += core->l2.ways != NULL;
	while (owner < reference->core_count &&
	       reference->cores[owner].state[step->line] < REFERENCE_E)
		owner++;
	if (owner < reference->core_count)
		cost = take_from_owner(step, owner);
	else if (reference_cache_find(llc, step->line))
		cost = reference->config.costs.llc_hit;
	else
		cost = take_clean(step);
	if (step->write)
		cost = max_cost(cost, invalidate_others(step));
	core->state[step->line] = step->write                 ? REFERENCE_M
				  : is_elsewhere(step, false) ? REFERENCE_S
							      : REFERENCE_E;
	if (core->state[step->line] != REFERENCE_S)
		reference->written[step->line] = 0;
	pass_llc(step);
	fill_l2(reference, step->core, step->line);
	return cost;
}

/* What the bytes of an access mean for true and false sharing. */
static void touch_bytes(const struct step *step)
{
	struct reference *reference = step->reference;
	struct reference_core *core = &reference->cores[step->core];

	if (core->pending[step->line] && core->stale[step->line] & step->bytes) {
		reference->counters[core->pending[step->line] - 1][MACHINE_HITM_TRUE]++;
		core->pending[step->line] = 0;
	}
	if (!step->write)
		return;
	reference->written[step->line] |= step->bytes;
	for (uint32_t i = 0;
	     reference->contended[step->line] && i < reference->core_count; i++)
		if (i != step->core)
			reference->cores[i].stale[step->line] |= step->bytes;
}

static uint64_t use_line(const struct step *step, struct reference_cache *l1,
			 enum machine_counter misses)
{
	struct reference *reference = step->reference;
	struct reference_way *way = reference_cache_find(l1, step->line);
	uint64_t cost = 0;

	if (way) {
		reference_cache_use(reference, way);
		if (step->write)
			cost = become_modified(step);
	} else {
		step->counters[misses]++;
		cost = reference->cores[step->core].state[step->line] == REFERENCE_I
			       ? obtain_from_others(step)
			       : obtain_from_self(step);
		fill_l1(reference, step->core, l1, step->line);
	}
	return cost;
}

static uint64_t translate(const struct step *step)
{
	struct reference *reference = step->reference;
	const struct machine_costs *costs = &reference->config.costs;
	struct reference_core *core = &reference->cores[step->core];
	uint64_t page = step->line * MACHINE_LINE_BYTES / reference->config.page_bytes;
	struct reference_way *way = reference_cache_find(&core->dtlb, page);
	uint64_t unused, cost;

	if (way) {
		reference_cache_use(reference, way);
		return 0;
	}
	step->counters[MACHINE_DTLB_MISSES]++;
	reference_cache_fill(reference, &core->dtlb, page, &unused);
	way = reference_cache_find(&core->stlb, page);
	if (way) {
		reference_cache_use(reference, way);
		return costs->stlb_hit;
	}
	if (core->stlb.ways)
		reference_cache_fill(reference, &core->stlb, page, &unused);
	step->counters[MACHINE_DTLB_WALKS]++;
	cost = costs->walk;
	if (reference->home[page] < 0) {
		step->counters[MACHINE_FIRST_TOUCHES]++;
		cost += costs->first_touch;
		home_of(reference, page, step->core);
	}
	return cost;
}

/* The mask of the bytes of a line that lie in the range. */
static uint64_t bytes_within(uint64_t line, uint64_t address, uint64_t bytes)
{
	uint64_t mask = 0;

	for (uint64_t i = 0; i < MACHINE_LINE_BYTES; i++) {
		uint64_t byte = line * MACHINE_LINE_BYTES + i;

		if (byte >= address && byte < address + bytes)
			mask |= UINT64_C(1) << i;
	}
	return mask;
}

uint64_t reference_access(struct reference *reference, uint32_t thread, uint32_t core,
			  uint64_t address, uint64_t bytes,
			  enum machine_access_kind kind)
{
	struct step step = {.reference = reference,
			    .counters = reference->counters[thread],
			    .thread = thread,
			    .core = core,
			    .write = kind != MACHINE_LOAD};
	uint64_t first = address / MACHINE_LINE_BYTES;
	uint64_t last = (address + bytes - 1) / MACHINE_LINE_BYTES;
	uint64_t missed = step.counters[MACHINE_L1D_MISSES];
	uint64_t cost = 0;

	for (step.line = first; step.line <= last; step.line++) {
		step.bytes = bytes_within(step.line, address, bytes);
		cost += translate(&step);
		cost += use_line(&step, &reference->cores[core].l1d,
				 MACHINE_L1D_MISSES);
		if (kind == MACHINE_ATOMIC)
			cost += reference->config.costs.atomic;
		touch_bytes(&step);
	}
	if (step.counters[MACHINE_L1D_MISSES] > missed)
		step.counters[MACHINE_L1D_MISSES] = missed + 1;
	step.counters[MACHINE_LOADS] += kind != MACHINE_STORE;
	step.counters[MACHINE_STORES] += kind != MACHINE_LOAD;
	step.counters[MACHINE_ATOMICS] += kind == MACHINE_ATOMIC;
	step.counters[MACHINE_CYCLES] += cost;
	return cost;
}

uint64_t reference_fetch(struct reference *reference, uint32_t thread, uint32_t core,
			 uint64_t address, uint64_t bytes)
{
	struct step step = {.reference = reference,
			    .counters = reference->counters[thread],
			    .thread = thread,
			    .core = core};
	uint64_t first = address / MACHINE_LINE_BYTES;
	uint64_t last = (address + bytes - 1) / MACHINE_LINE_BYTES;
	uint64_t cost = 0;

	for (step.line = first; step.line <= last; step.line++) {
		bool hit = reference_cache_find(&reference->cores[core].l1i, step.line);

		step.bytes = bytes_within(step.line, address, bytes);
		cost += use_line(&step, &reference->cores[core].l1i,
				 MACHINE_L1I_MISSES);
		if (!hit)
			touch_bytes(&step);
	}
	step.counters[MACHINE_CYCLES] += cost;
	return cost;
}

void reference_settle(struct reference *reference, uint32_t number)
{
	struct reference_core *core = &reference->cores[number];

	for (uint32_t i = 0; i < REFERENCE_LINES; i++) {
		if (core->pending[i])
			reference->counters[core->pending[i] - 1][MACHINE_HITM_FALSE]++;
		core->pending[i] = 0;
	}
}

void reference_close(struct reference *reference, uint64_t address, uint64_t bytes)
{
	uint64_t last = (address + bytes - 1) / MACHINE_LINE_BYTES;

	for (uint64_t line = address / MACHINE_LINE_BYTES; line <= last; line++) {
		reference->contended[line] = false;
		for (uint32_t i = 0; i < reference->core_count; i++) {
			enum reference_state state = reference->cores[i].state[line];

			lose(reference, i, line);
			reference->cores[i].state[line] = state;
		}
	}
}

void reference_unmap(struct reference *reference, uint64_t address, uint64_t bytes)
{
	uint64_t page_bytes = reference->config.page_bytes;
	uint64_t lines = page_bytes / MACHINE_LINE_BYTES;

	for (uint64_t page = address / page_bytes;
	     page <= (address + bytes - 1) / page_bytes; page++) {
		reference->home[page] = -1;
		for (uint32_t i = 0; i < reference->core_count; i++) {
			reference_cache_drop(&reference->cores[i].dtlb, page);
			reference_cache_drop(&reference->cores[i].stlb, page);
		}
		for (uint64_t line = page * lines; line < (page + 1) * lines; line++) {
			for (uint32_t i = 0; i < reference->core_count; i++)
				drop_from_core(reference, i, line);
			for (uint32_t i = 0; i < reference->llc_count; i++)
				reference_cache_drop(&reference->llcs[i], line);
			reference->contended[line] = false;
		}
	}
}

struct reference *reference_create(const struct machine_config *config)
{
	struct reference *reference = calloc(1, sizeof(*reference));

	if (!reference)
		abort();
	reference->config = *config;
	reference->cores_per_llc =
		config->llc_cores ? config->llc_cores : config->cores;
	reference->core_count = config->sockets * config->cores;
	reference->llc_count = reference->core_count / reference->cores_per_llc;
	if (reference->core_count > REFERENCE_CORES ||
	    reference->llc_count > REFERENCE_LLCS)
		abort();
	for (uint32_t i = 0; i < reference->core_count; i++) {
		struct reference_core *core = &reference->cores[i];

		reference_cache_init(&core->l1i, REFERENCE_NRU,
				     config->l1i.bytes / MACHINE_LINE_BYTES,
				     config->l1i.ways, 1);
		reference_cache_init(&core->l1d, REFERENCE_NRU,
				     config->l1d.bytes / MACHINE_LINE_BYTES,
				     config->l1d.ways, 1);
		reference_cache_init(&core->l2, REFERENCE_LRU,
				     config->l2.bytes / MACHINE_LINE_BYTES,
				     config->l2.ways, 1);
		reference_cache_init(&core->dtlb, REFERENCE_NRU, config->dtlb.entries,
				     config->dtlb.ways, 1);
		reference_cache_init(&core->stlb, REFERENCE_NRU, config->stlb.entries,
				     config->stlb.ways, 1);
	}
	for (uint32_t i = 0; i < reference->llc_count; i++)
		reference_cache_init(&reference->llcs[i], REFERENCE_LRU,
				     config->llc.bytes / MACHINE_LINE_BYTES,
				     config->llc.ways, config->llc.slices);
	for (uint32_t i = 0; i < REFERENCE_LINES; i++)
		reference->home[i] = -1;
	return reference;
}

void reference_free(struct reference *reference)
{
	for (uint32_t i = 0; i < reference->core_count; i++) {
		reference_cache_free(&reference->cores[i].l1i);
		reference_cache_free(&reference->cores[i].l1d);
		reference_cache_free(&reference->cores[i].l2);
		reference_cache_free(&reference->cores[i].dtlb);
		reference_cache_free(&reference->cores[i].stlb);
	}
	for (uint32_t i = 0; i < reference->llc_count; i++)
		reference_cache_free(&reference->llcs[i]);
	free(reference);
}
