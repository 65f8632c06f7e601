/* SPDX-License-Identifier: MIT */
/*
 * Parking. Cores that fight for a line take it from each other all the time, and each time it would
 * come back into the ways of L1D and L2 that it left. So what another core takes away stays there,
 * parked, one line for each set of L1D. Before anything else is done in these sets, it is removed
 * in earnest; if it comes back first, which is likely, nothing needs to be done. Nobody can tell
 * the difference: only a line that would come back into the same ways is parked.
 */
#ifndef AUTOPERF_SIM_MACHINE_PARK_H
#define AUTOPERF_SIM_MACHINE_PARK_H

#include "machine/l1.h"

/* Of the sets of a line of that number. */
static inline uint64_t *parking(const struct machine_core *core, uint64_t number)
{
	return &core->parks[number & core->l1d.cache.set_mask];
}

/* The line could be parked: without its way. */
static inline uint64_t park_here(uint64_t number)
{
	return number << PARK_NUMBER_SHIFT | PARK_VALID;
}

/* The core has lost the line, and its caches look as if it had not. */
static inline bool is_parked(const struct machine_core *core, uint64_t number)
{
	return (*parking(core, number) & ~PARK_WAY_BITS) ==
	       (park_here(number) | PARK_AWAY);
}

/* place.c: a line that was not parked last; false: it cannot be. */
bool begin_parking(struct machine_core *core, const struct line *line);
/* place.c: what is parked is removed. */
void end_parking(struct machine_core *core, uint64_t *park);

/* Something is going to be looked for or changed in these sets: they must be as they seem. */
static inline void clear_parking(struct machine_core *core, uint64_t number)
{
	uint64_t *park = parking(core, number);

	if (unlikely(*park))
		end_parking(core, park);
}

/* The line, which the core loses, stays where it is; false: that cannot be. */
static inline bool park(struct machine_core *core, const struct line *line)
{
	uint64_t *park = parking(core, line->number);

	if (unlikely(line->fetched) ||
	    (unlikely((*park & ~PARK_WAY_BITS) != park_here(line->number)) &&
	     !begin_parking(core, line)))
		return false;
	*park |= PARK_AWAY;
	lose_front(&core->l1d, line);
	return true;
}

/* The line is to be put in; false: it is not there. */
static inline bool unpark(struct machine_core *core, uint64_t number)
{
	if (!is_parked(core, number))
		return false;
	*parking(core, number) &= ~(uint64_t)PARK_AWAY;
	return true;
}

#endif
