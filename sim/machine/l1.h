/* SPDX-License-Identifier: MIT */
/*
 * Hits in first-level caches, inlined where accesses come from: nearly all hit the way that was
 * used last in its set, on a page that was used last in its set, on a line that nobody contends
 * for. One comparison of tags tells the first and the last, another one the page.
 */
#ifndef AUTOPERF_SIM_MACHINE_L1_H
#define AUTOPERF_SIM_MACHINE_L1_H

#include "machine/cache.h"
#include "machine/tlb.h"

static inline struct front *l1_front(const struct l1 *l1, uint64_t number)
{
	return &l1->fronts[number & l1->cache.set_mask];
}

static inline struct line *line_of(uint64_t word)
{
	return (struct line *)(uintptr_t)(word & ~L1_BACKED);
}

static inline bool is_line_number(uint64_t word, uint64_t number)
{
	return word && line_of(word)->number == number;
}

/* The line, which becomes the last used one; NULL: it is not there. */
static inline __attribute__((always_inline)) struct line *
use_line(const struct cache *cache, uint64_t number)
{
	uint64_t set = number & cache->set_mask; /* never in slices */
	uint32_t way = cache_find(cache, set, number, is_line_number, number);

	if (way == NO_WAY)
		return NULL;
	cache_use(cache, set, way);
	return line_of(*cache_word(cache, set, way));
}

/*
 * The bytes from the first front to that of an address are these bits of it, and the tag there is
 * this word if the access hits. One shift serves both.
 */
_Static_assert(sizeof(struct front) == 1 << FRONT_SHIFT, "front_place()");
static inline uint64_t front_place(uint64_t address)
{
	return address >> (LINE_SHIFT - FRONT_SHIFT);
}

static inline uint64_t hit_tag(uint64_t address)
{
	return front_place(address) | FRONT_ALL;
}

/* Stall cycles. */
static inline uint64_t translate(struct machine *machine, struct machine_thread *thread,
				 uint64_t page)
{
	if (likely(tlb_use(&thread->core->dtlb, page)))
		return 0;
	return translate_slowly(machine, thread, page);
}

/* What a store that hits changes. */
static inline void write_line(struct line *line, const struct machine_thread *thread,
			      uint64_t bytes, uint32_t site)
{
	line->written |= bytes;
	line->site = site;
	line->writer = (uint16_t)thread->slot;
}

#endif
