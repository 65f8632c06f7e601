/* SPDX-License-Identifier: MIT */
/*
 * The short way for lines that cores fight for. Over and over a core fetches such a line from the
 * one that has modified it, or makes the others' copies invalid, or finds it where it was. What
 * access.c, coherence.c, place.c and sharing.c do about this, each prepared for everything, is done
 * here at once, after a look at whether all is as it is in the middle of such a fight: one LLC for
 * all, which used the line last; the line parked where it is missing; its record knows the thread.
 * Where it is not so, they are asked. Which way is taken makes no difference to anything that is
 * counted: the random traces of the tests compare both with the slow model.
 */
#include "machine/coherence.h"
#include "machine/park.h"
#include "machine/sharing.h"

/* The parts of a fight that are looked up once. */
struct fight {
	struct contended *record;
	struct sharer *sharer;             /* of the core */
	struct machine_line_thread *entry; /* of the thread */
	uint64_t *above;                   /* the line's word in the LLC */
};

/* take_from_core() */
static inline void take(struct machine *machine, const struct request *request,
			struct contended *record, struct machine_core *from,
			struct line *line)
{
	struct sharer *sharer = known_sharer(record, from->number);

	request->thread->counters[MACHINE_INVALIDATIONS]++;
	if (unlikely(!sharer) || unlikely(!park(from, line))) {
		remove_from_core(machine, from, line);
		return;
	}
	lose(machine, record, sharer, line);
	become_invalid(from, line);
}

/* All holders but the core lose the line; what that costs if there were any. */
static inline uint32_t take_from_others(struct machine *machine,
					const struct request *request,
					const struct fight *fight, struct line *line)
{
	uint32_t cost = 0;

	for (uint32_t i = 0; i < machine->words; i++)
		for (uint64_t left = other_holders(line, request->core, i); left;
		     left &= left - 1) {
			take(machine, request, fight->record,
			     &machine->cores[i * 64 + __builtin_ctzll(left)], line);
			cost = machine->costs.upgrade_local;
		}
	return cost;
}

/* upgrade_line() */
static inline uint64_t upgrade(struct machine *machine, const struct request *request,
			       const struct fight *fight, struct line *line)
{
	uint64_t cost = machine->costs.upgrade_local;

	take_from_others(machine, request, fight, line);
	*fight->above &= ~(uint64_t)LLC_SHARED;
	request->thread->counters[MACHINE_UPGRADES]++;
	count_upgrade(fight->record, request, fight->entry, cost);
	become_owner(request, line);
	return cost;
}

/* The core has the line again, alone or not. */
static inline void regain(const struct request *request, const struct fight *fight,
			  struct line *line, bool shared)
{
	struct machine_core *core = request->core;

	request->thread->counters[MACHINE_L1D_MISSES]++;
	request->thread->counters[MACHINE_L2_MISSES] += core->l2.sets != NULL;
	if (shared) {
		*fight->above |= LLC_SHARED;
	} else {
		*fight->above &= ~(uint64_t)LLC_SHARED;
		become_owner(request, line);
	}
	become_holder(core, line);
	*parking(core, line->number) &= ~(uint64_t)PARK_AWAY;
}

/* obtain_line() from an owner who has modified it */
static inline uint64_t fetch_modified(struct machine *machine,
				      const struct request *request,
				      const struct fight *fight, struct line *line)
{
	const struct machine_costs *costs = &machine->costs;
	uint64_t cost = costs->hitm_local;

	request->thread->counters[MACHINE_HITM_LOCAL]++;
	hand_out_writes(fight->record, line);
	fight->sharer->pending = (uint16_t)(request->thread->slot + 1);
	count_hitm(fight->record, request, line, false, cost);
	count_entry(fight->entry);
	if (request->write) {
		take(machine, request, fight->record, &machine->cores[line->owner],
		     line);
		if (cost < costs->upgrade_local)
			cost = costs->upgrade_local;
	} else {
		demote_owner(machine, line);
	}
	regain(request, fight, line, !request->write);
	return cost;
}

/* obtain_line() from the LLC, while nobody owns the line */
static inline uint64_t fetch_clean(struct machine *machine,
				   const struct request *request,
				   const struct fight *fight, struct line *line)
{
	uint64_t cost = machine->costs.llc_hit, others = 0;

	if (request->write) {
		uint32_t upgrade_cost = take_from_others(machine, request, fight, line);

		cost = cost < upgrade_cost ? upgrade_cost : cost;
	}
	for (uint32_t i = 0; i < machine->words; i++)
		others |= line->holders[i];
	regain(request, fight, line, others);
	return cost;
}

/* No LLC but the core's is in use, so all holders are below it; it used the line last. */
static inline bool is_near(const struct machine *machine,
			   const struct machine_core *core, const struct fight *fight)
{
	return likely(fight->above) && likely(!machine->llc_victim) &&
	       likely(machine->llcs_used == UINT32_C(1) << core->llc);
}

/* All is as in a fight; the line's word in the LLC is looked up if it is needed. */
static inline bool is_fight(const struct machine *machine,
			    const struct request *request, struct fight *fight,
			    const struct line *line, bool here)
{
	const struct machine_core *core = request->core;

	if (here && (!request->write || line->owner == core->number))
		return true;
	fight->above = front_of_llc(machine, core->llc, line->number);
	if (!is_near(machine, core, fight))
		return false;
	if (here)
		return true;
	/* Owned, but not modified, is none. */
	return likely(is_parked(core, line->number)) &&
	       (line->modified ? likely(fight->sharer->listed)
			       : line->owner == NO_CORE);
}

uint64_t access_contended(struct machine *machine, struct machine_thread *thread,
			  struct front *front, uint64_t bytes,
			  enum machine_access_kind kind, uint32_t site)
{
	struct machine_core *core = thread->core;
	struct line *line = front->line;
	const struct request request = {.thread = thread,
					.core = core,
					.number = line->number,
					.bytes = bytes,
					.site = site,
					.write = kind != MACHINE_LOAD,
					.read = kind != MACHINE_STORE};
	struct fight fight = {.record = sharing_record(machine, line)};
	bool here = front->tag & FRONT_VALID & ~(uint64_t)FRONT_LOST;
	uint64_t stall = kind == MACHINE_ATOMIC ? machine->costs.atomic : 0;

	fight.sharer = known_sharer(fight.record, core->number);
	if (likely(fight.sharer))
		fight.entry =
			known_entry(&fight.record->report, fight.sharer, thread->id);
	if (unlikely(!fight.entry) ||
	    unlikely(!is_fight(machine, &request, &fight, line, here)))
		return access_anywhere(machine, thread, line->number, bytes, kind,
				       site);
	if (!here && line->modified)
		stall += fetch_modified(machine, &request, &fight, line);
	else if (!here)
		stall += fetch_clean(machine, &request, &fight, line);
	else if (fight.above)
		stall += upgrade(machine, &request, &fight, line);
	touch(machine, &request, fight.record, fight.sharer, fight.entry);
	front->tag = line->number << LINE_SHIFT | FRONT_VALID;
	if (request.write) {
		line->modified = true;
		write_line(line, thread, bytes, site);
	}
	if (line->modified)
		front->tag |= FRONT_WRITABLE;
	return stall;
}
