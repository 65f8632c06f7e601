/* SPDX-License-Identifier: MIT */
/*
 * MESI with a directory. A request that the core's own caches cannot answer learns from the
 * line's directory entry who has it, takes it from the nearest one, and makes the others' copies
 * shared (loads) or invalid (stores).
 *
 *	own state  request  others      becomes  counted
 *	I          load     nobody      E
 *	I          load     E, S        S, theirs S
 *	I          load     M           S, theirs S   HITM
 *	I          store    nobody      M
 *	I          store    E, S        M, theirs I   invalidation each
 *	I          store    M           M, theirs I   HITM, invalidation
 *	S          store    nobody, S   M, theirs I   upgrade, invalidation each
 *	E          store                M
 */
#include "machine/coherence.h"
#include "machine/park.h"

static enum distance distance_to_llc(const struct machine *machine,
				     const struct machine_core *core, uint32_t llc)
{
	if (llc == core->llc)
		return NEAR;
	return machine->llcs[llc].socket == core->socket ? SAME_SOCKET : FAR;
}

static uint32_t by_distance(enum distance distance, uint32_t near, uint32_t same_socket,
			    uint32_t far)
{
	return distance == NEAR ? near : distance == SAME_SOCKET ? same_socket : far;
}

/* The LLCs but the core's own that have the line; `own`: its way there, or NULL. */
static uint32_t other_llcs(const struct machine *machine,
			   const struct machine_core *core, uint64_t number,
			   const uint64_t *own)
{
	uint32_t found = 0;

	if (own && !(*own & LLC_SHARED))
		return 0;
	for (uint32_t left = machine->llcs_used & ~(UINT32_C(1) << core->llc); left;
	     left &= left - 1) {
		uint32_t llc = (uint32_t)__builtin_ctz(left);

		if (find_in_llc(machine, llc, number))
			found |= UINT32_C(1) << llc;
	}
	return found;
}

/*
 * Nobody but the requester keeps a copy; its own LLC may. `llcs` are the others that have one.
 * Returns the cost of reaching the farthest, 0: there was none.
 */
static uint32_t invalidate_others(struct machine *machine,
				  const struct request *request, struct line *line,
				  uint32_t llcs)
{
	const struct machine_costs *costs = &machine->costs;
	const struct machine_core *core = request->core;
	uint32_t farthest = 0, cost;

	for (uint32_t i = 0; i < machine->words; i++)
		for (uint64_t left = other_holders(line, core, i); left;
		     left &= left - 1) {
			struct machine_core *other =
				&machine->cores[i * 64 + __builtin_ctzll(left)];

			take_from_core(machine, other, line);
			request->thread->counters[MACHINE_INVALIDATIONS]++;
			cost = by_distance(distance_to_llc(machine, core, other->llc),
					   costs->upgrade_local, costs->upgrade_socket,
					   costs->upgrade_remote);
			farthest = cost > farthest ? cost : farthest;
		}
	for (; llcs; llcs &= llcs - 1) {
		uint32_t llc = (uint32_t)__builtin_ctz(llcs);

		remove_from_llc(machine, llc, line->number);
		cost = by_distance(distance_to_llc(machine, core, llc), 0,
				   costs->upgrade_socket, costs->upgrade_remote);
		farthest = cost > farthest ? cost : farthest;
	}
	return farthest;
}

uint64_t upgrade_line(struct machine *machine, const struct request *request,
		      struct line *line)
{
	const struct machine_core *core = request->core;
	uint64_t *own = front_of_llc(machine, core->llc, line->number);
	uint32_t cost;

	if (!own)
		own = find_in_llc(machine, core->llc, line->number);
	cost = invalidate_others(machine, request, line,
				 other_llcs(machine, core, line->number, own));
	if (own)
		*own &= ~(uint64_t)LLC_SHARED;
	if (!cost) /* held shared all the same: the LLC must be asked */
		cost = machine->costs.upgrade_local;
	request->thread->counters[MACHINE_UPGRADES]++;
	if (line->contended)
		sharing_upgrade(machine, request, line, cost);
	become_owner(request, line);
	return cost;
}

/* Learns from the owner what the line holds. */
static inline uint32_t ask_owner(struct machine *machine, const struct request *request,
				 struct line *line, enum distance distance)
{
	const struct machine_costs *costs = &machine->costs;
	uint64_t *counters = request->thread->counters;
	uint32_t cost;

	if (line->modified) {
		cost = by_distance(distance, costs->hitm_local, costs->hitm_socket,
				   costs->hitm_remote);
		counters[distance == FAR ? MACHINE_HITM_REMOTE : MACHINE_HITM_LOCAL]++;
		sharing_hitm(machine, request, line, distance == FAR, cost);
	} else {
		cost = by_distance(distance, costs->forward_local,
				   costs->forward_socket, costs->forward_remote);
		if (line->contended)
			sharing_obtain(machine, request, line);
	}
	if (distance != NEAR) {
		counters[MACHINE_LLC_MISSES]++;
		counters[MACHINE_FORWARDS]++;
	}
	return cost;
}

static uint64_t read_memory(struct machine *machine, const struct request *request)
{
	uint64_t page = request->number >> (machine->page_shift - LINE_SHIFT);
	bool local =
		home_of_page(machine, request->core, page) == request->core->socket;

	request->thread->counters[MACHINE_LLC_MISSES]++;
	request->thread->counters[local ? MACHINE_DRAM_LOCAL : MACHINE_DRAM_REMOTE]++;
	return local ? machine->costs.dram_local : machine->costs.dram_remote;
}

/* Nobody owns the line and the own LLC does not have it; `llcs` do. */
static uint64_t take_clean(struct machine *machine, const struct request *request,
			   const struct line *line, uint32_t llcs)
{
	const struct machine_costs *costs = &machine->costs;
	const struct machine_core *core = request->core;
	const uint64_t *below = machine->llc_cores + core->llc * machine->words;
	bool same_socket = false;

	for (uint32_t i = 0; i < machine->words; i++) {
		if (line->holders[i] & below[i])
			return costs->forward_local;
		for (uint64_t left = line->holders[i]; left; left &= left - 1)
			llcs |= UINT32_C(1)
				<< machine->cores[i * 64 + __builtin_ctzll(left)].llc;
	}
	if (!llcs)
		return read_memory(machine, request);
	for (; llcs; llcs &= llcs - 1)
		if (distance_to_llc(machine, core, (uint32_t)__builtin_ctz(llcs)) ==
		    SAME_SOCKET)
			same_socket = true;
	request->thread->counters[MACHINE_LLC_MISSES]++;
	request->thread->counters[MACHINE_FORWARDS]++;
	return same_socket ? costs->forward_socket : costs->forward_remote;
}

/* No other core below the own LLC has the line. */
static __attribute__((noinline)) bool is_first_below(const struct machine *machine,
						     const struct machine_core *core,
						     const struct line *line)
{
	const uint64_t *below = machine->llc_cores + core->llc * machine->words;
	uint64_t near = 0;

	for (uint32_t i = 0; i < machine->words; i++)
		near |= other_holders(line, core, i) & below[i];
	return !near;
}

/*
 * The own LLC, which has just been asked and has the line at `own` or not at all (NULL), is filled
 * or, if it lives on victims, gives the line away.
 */
static inline void pass_llc(struct machine *machine, const struct request *request,
			    const struct line *line, uint64_t *own, bool shared)
{
	const struct machine_core *core = request->core;
	uint64_t bits = shared ? LLC_VALID | LLC_SHARED : LLC_VALID;

	if (!own) {
		if (!machine->llc_victim && machine->llcs[core->llc].cache.sets)
			place_in_llc(machine, core->llc, line->number, bits);
	} else if (unlikely(machine->llc_victim) &&
		   is_first_below(machine, core, line)) {
		remove_from_llc(machine, core->llc, line->number);
	} else {
		*own = line->number << LLC_SHIFT | bits;
	}
}

/* The core has the line, but not in the L1 that asks; `backed`: its L2 has it. */
static uint64_t obtain_from_self(struct machine *machine, const struct request *request,
				 struct line *line, bool backed)
{
	struct machine_core *core = request->core;
	uint64_t stall;

	if (backed) {
		stall = machine->costs.l2_hit;
	} else {
		/* Its other L1 has it, and nobody nearer than the LLC knows. */
		uint64_t *own = use_in_llc(machine, core->llc, line->number);

		stall = own ? machine->costs.llc_hit : machine->costs.forward_local;
		pass_llc(machine, request, line, own,
			 own ? *own & LLC_SHARED : line->owner != core->number);
		if (core->l2.sets) {
			request->thread->counters[MACHINE_L2_MISSES]++;
			place_in_l2(machine, core, line);
		}
	}
	if (request->write && line->owner != core->number)
		stall += upgrade_line(machine, request, line);
	if (line->contended)
		sharing_touch(machine, request, line);
	return stall;
}

/* The core's state is no longer I; `own`: where its LLC has the line, or NULL. */
static inline void join(struct machine *machine, const struct request *request,
			struct line *line, uint64_t *own, bool shared)
{
	struct machine_core *core = request->core;

	become_holder(core, line);
	if (!shared)
		become_owner(request, line);
	pass_llc(machine, request, line, own, shared);
	if (core->l2.sets)
		place_in_l2(machine, core, line);
}

/* Only the owner has the line, and the LLC above it. */
static uint64_t obtain_from_owner(struct machine *machine,
				  const struct request *request, struct line *line)
{
	const struct machine_costs *costs = &machine->costs;
	struct machine_core *core = request->core;
	struct machine_core *owner = &machine->cores[line->owner];
	enum distance distance = distance_to_llc(machine, core, owner->llc);
	uint32_t stall = ask_owner(machine, request, line, distance), cost;
	uint64_t *own = NULL, *above;

	if (distance == NEAR) {
		own = front_of_llc(machine, core->llc, line->number);
		if (!own)
			own = use_in_llc(machine, core->llc, line->number);
	}
	if (request->write) {
		take_from_core(machine, owner, line);
		request->thread->counters[MACHINE_INVALIDATIONS]++;
		cost = by_distance(distance, costs->upgrade_local,
				   costs->upgrade_socket, costs->upgrade_remote);
		stall = cost > stall ? cost : stall;
		if (distance != NEAR)
			remove_from_llc(machine, owner->llc, line->number);
	} else {
		demote_owner(machine, line);
		above = distance == NEAR
				? NULL
				: find_in_llc(machine, owner->llc, line->number);
		if (above)
			*above |= LLC_SHARED;
	}
	join(machine, request, line, own, !request->write);
	return stall;
}

/* Nobody owns the line. */
static uint64_t obtain_from_others(struct machine *machine,
				   const struct request *request, struct line *line)
{
	struct machine_core *core = request->core;
	uint64_t *own = use_in_llc(machine, core->llc, line->number);
	uint32_t llcs = other_llcs(machine, core, line->number, own);
	uint64_t others = llcs;
	uint64_t stall;

	if (own)
		stall = machine->costs.llc_hit;
	else
		stall = take_clean(machine, request, line, llcs);
	if (request->write) {
		uint32_t cost = invalidate_others(machine, request, line, llcs);

		stall = cost > stall ? cost : stall;
		others = 0;
	}
	for (uint32_t i = 0; i < machine->words; i++)
		others |= line->holders[i];
	for (; others && llcs; llcs &= llcs - 1)
		*find_in_llc(machine, (uint32_t)__builtin_ctz(llcs), line->number) |=
			LLC_SHARED;
	if (line->contended)
		sharing_obtain(machine, request, line);
	join(machine, request, line, own, others);
	return stall;
}

/* The line, which becomes the last used one; NULL: it is not there. */
static inline struct line *use_in_l2(const struct cache *l2, uint64_t number)
{
	uint64_t set = number & l2->set_mask; /* never in slices */
	uint32_t way = cache_find(l2, set, number, is_line_number, number);

	if (way == NO_WAY)
		return NULL;
	cache_use(l2, set, way);
	return line_of(*cache_word(l2, set, way));
}

/* The line that falls out of L2 when that of this number is put in; NULL: none. */
static inline const struct line *falls_out(const struct machine_core *core,
					   uint64_t number)
{
	return line_of(cache_next_out(&core->l2, number & core->l2.set_mask));
}

/*
 * What comes after L2 is spread over more memory than the host's nearer caches have: it is asked for
 * all at once, before the first of it is waited for. Inlined always: see directory_prefetch().
 */
static inline __attribute__((always_inline)) void
prefetch_beyond_l2(const struct machine *machine, const struct machine_core *core,
		   uint64_t number)
{
	directory_prefetch(machine, number);
	cache_prefetch(&machine->llcs[core->llc].cache, number);
	if (core->l2.sets)
		__builtin_prefetch(falls_out(core, number));
}

/* The same for the line that falls out, which is here by now. */
static inline __attribute__((always_inline)) void
prefetch_fallen(const struct machine *machine, const struct machine_core *core,
		uint64_t number)
{
	const struct line *line = core->l2.sets ? falls_out(core, number) : NULL;

	if (!line)
		return;
	directory_prefetch(machine, line->number);
	if (line->modified)
		cache_prefetch(&machine->llcs[core->llc].cache, line->number);
}

uint64_t obtain_line(struct machine *machine, const struct request *request,
		     struct line **result)
{
	struct machine_core *core = request->core;
	struct line *line = request->lost;

	if (!line) {
		clear_parking(core, request->number);
		/* Most often L2 has it; then the directory need not be searched. */
		*result = line =
			core->l2.sets ? use_in_l2(&core->l2, request->number) : NULL;
		if (line)
			return obtain_from_self(machine, request, line, true);
		prefetch_beyond_l2(machine, core, request->number);
		line = directory_find(machine, request->number);
		prefetch_fallen(machine, core, request->number);
	}
	*result = line;
	if (line && !request->lost && holds(line, core->number))
		return obtain_from_self(machine, request, line, false);
	if (core->l2.sets)
		request->thread->counters[MACHINE_L2_MISSES]++;
	if (line && line->owner != NO_CORE)
		return obtain_from_owner(machine, request, line);
	if (!line)
		*result = line = directory_add(machine, request->number);
	if (line)
		return obtain_from_others(machine, request, line);
	machine->out_of_memory = true;
	return read_memory(machine, request);
}
