/* SPDX-License-Identifier: MIT */
/* Changes of a line's state, for coherence.c and those who know in advance what it would find. */
#ifndef AUTOPERF_SIM_MACHINE_COHERENCE_H
#define AUTOPERF_SIM_MACHINE_COHERENCE_H

#include "machine/l1.h"

/*
 * The word of a line in an LLC, if it is the one that was used last in its set, as is a line that
 * cores fight for; or else NULL.
 */
static inline uint64_t *front_of_llc(const struct machine *machine, uint32_t llc,
				     uint64_t number)
{
	const struct cache *cache = &machine->llcs[llc].cache;
	uint64_t set, *word;

	if (!cache->sets)
		return NULL;
	set = cache_set(cache, number);
	word = cache_word(cache, set, cache_front(cache, set));
	return *word && *word >> LLC_SHIFT == number ? word : NULL;
}

/* The holders among cores i * 64 .. i * 64 + 63, without the core itself. */
static inline uint64_t other_holders(const struct line *line,
				     const struct machine_core *core, uint32_t i)
{
	uint64_t self = i == core->number / 64u ? UINT64_C(1) << core->number % 64 : 0;

	return line->holders[i] & ~self;
}

static inline void become_owner(const struct request *request, struct line *line)
{
	line->owner = request->core->number;
	line->modified = request->write;
	line->written = 0;
}

/* The owner keeps the line shared; it can no longer write without asking. */
static inline void demote_owner(const struct machine *machine, struct line *line)
{
	const struct l1 *l1d = &machine->cores[line->owner].l1d;
	struct front *front = l1_front(l1d, line->number);

	if (front->line == line) {
		front->tag &= ~(uint64_t)FRONT_WRITABLE;
		if (line->contended)
			front->tag &= ~(uint64_t)FRONT_QUIET;
	}
	line->owner = NO_CORE;
	line->modified = false;
}

static inline void become_holder(const struct machine_core *core, struct line *line)
{
	line->holders[core->number / 64] |= UINT64_C(1) << core->number % 64;
}

/* The state of a holder becomes I. */
static inline void become_invalid(const struct machine_core *core, struct line *line)
{
	line->holders[core->number / 64] &= ~(UINT64_C(1) << core->number % 64);
	if (line->owner == core->number) {
		line->owner = NO_CORE;
		line->modified = false;
	}
}

#endif
