/* SPDX-License-Identifier: MIT */
/*
 * The short way for lines that cores fight for. Over and over a core fetches such a line from the one
 * that has modified it, or makes the others' copies invalid, or finds it where it was. What access.c,
 * coherence.c, place.c and sharing.c do about this, each prepared for everything, is done here at
 * once, after a look at whether all is as it is in the middle of such a fight: one LLC for all, which
 * used the line last; the line parked where it is missing; its record knows the thread. Where it is
 * not so, they are asked. Which way is taken makes no difference to anything that is counted.
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

/* upgrade_line() */
static inline uint64_t upgrade(struct machine *machine, const struct request *request,
			       const struct fight *fight, struct line *line)
{
	uint32_t self = request->core->number;
	uint64_t cost = machine->costs.upgrade_local;

	for (uint32_t i = 0; i < machine->words; i++) {
		uint64_t left = line->holders[i];

		if (i == self / 64)
			left &= ~(UINT64_C(1) << self % 64);
		for (; left; left &= left - 1)
			take(machine, request, fight->record,
			     &machine->cores[i * 64 + __builtin_ctzll(left)], line);
	}
	*fight->above &= ~(uint64_t)LLC_SHARED;
	request->thread->counters[MACHINE_UPGRADES]++;
	count_upgrade(fight->record, request, cost);
	become_owner(request, line);
	return cost;
}

/* obtain_line() from an owner who has modified it, and place_in_l1() */
static inline uint64_t fetch_modified(struct machine *machine,
				      const struct request *request,
				      const struct fight *fight, struct line *line)
{
	const struct machine_costs *costs = &machine->costs;
	struct machine_core *core = request->core;
	uint64_t *counters = request->thread->counters;
	uint64_t cost = costs->hitm_local;

	counters[MACHINE_L1D_MISSES]++;
	counters[MACHINE_L2_MISSES] += core->l2.sets != NULL;
	counters[MACHINE_HITM_LOCAL]++;
	hand_out_writes(fight->record, line);
	fight->sharer->pending = (uint16_t)(request->thread->slot + 1);
	count_hitm(fight->record, request, line, false, cost);
	count_entry(fight->entry);
	if (request->write) {
		take(machine, request, fight->record, &machine->cores[line->owner],
		     line);
		if (cost < costs->upgrade_local)
			cost = costs->upgrade_local;
		become_owner(request, line);
		*fight->above &= ~(uint64_t)LLC_SHARED;
	} else {
		demote_owner(machine, line);
		*fight->above |= LLC_SHARED;
	}
	become_holder(core, line);
	*parking(core, line->number) &= ~(uint64_t)PARK_AWAY;
	return cost;
}

/* The line belongs to the core's LLC alone, which used it last, and so do all its holders. */
static inline bool is_near(const struct machine *machine,
			   const struct machine_core *core, const struct fight *fight)
{
	return likely(fight->above) && likely(!machine->llc_victim) &&
	       likely(machine->llcs_used == UINT32_C(1) << core->llc);
}

/* Everything is as it is supposed to be; the line's word in the LLC is looked up if it is needed. */
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
	return here || (likely(line->modified) && likely(fight->sharer->listed) &&
			likely(is_parked(core, line->number)));
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
	if (!here)
		stall += fetch_modified(machine, &request, &fight, line);
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
