/* SPDX-License-Identifier: MIT */
/*
 * First-level caches. What is replaced has not been used recently: a use marks a line (a bit for
 * each way, in cache_set.order), and only when a set has no unmarked line left to be replaced, all
 * its marks are taken away. Real first-level caches do about so, true LRU being too dear there as
 * well; misses differ from LRU by one or two percent. To use a marked line changes nothing, and the
 * table of fronts knows most marked lines: one comparison of tags tells a hit on a line that nobody
 * contends for, another one its page. These are inlined where accesses come from.
 */
#ifndef AUTOPERF_SIM_MACHINE_L1_H
#define AUTOPERF_SIM_MACHINE_L1_H

#include "machine/cache.h"
#include "machine/tlb.h"

static inline struct front *l1_front(const struct l1 *l1, uint64_t number)
{
	return &l1->fronts[number & l1->front_mask];
}

/* The line is about to be taken away: its hits are no longer to be settled by its front. */
static inline void lose_front(struct l1 *l1, const struct line *line)
{
	struct front *front = l1_front(l1, line->number);

	if (front->line != line)
		return;
	front->tag = line->number << LINE_SHIFT | FRONT_LOST;
	l1_changed(l1);
}

/* The line, which is marked, gets a front with these bits. */
static inline void set_front(struct l1 *l1, struct line *line, uint64_t bits)
{
	struct front *front = l1_front(l1, line->number);

	if (front->line != line)
		l1_changed(l1);
	*front = (struct front){.tag = line->number << LINE_SHIFT | bits, .line = line};
}

static inline struct line *line_of(uint64_t word)
{
	return (struct line *)(uintptr_t)(word & ~L1_BACKED);
}

/* The front is that of the line, which may be lost. */
static inline bool is_known(const struct front *front, uint64_t number)
{
	return front->tag - (number << LINE_SHIFT) - 1 < FRONT_ALL &&
	       likely(front->line->number == number);
}

/* The line of that number, which the core has lost; NULL: not known, or not so. */
static inline struct line *lost_line(const struct machine_core *core,
				     const struct front *front, uint64_t number)
{
	if (front->tag == (number << LINE_SHIFT | FRONT_LOST) &&
	    front->line->number == number && !holds(front->line, core->number))
		return front->line;
	return NULL;
}

static inline bool is_line_number(uint64_t word, uint64_t number)
{
	return word && line_of(word)->number == number;
}

static inline bool is_line(uint64_t word, uint64_t line)
{
	return (word & ~L1_BACKED) == line;
}

/* The set of a line in an L1 or L2, which are never in slices. */
static inline uint64_t set_of(const struct cache *cache, const struct line *line)
{
	return line->number & cache->set_mask;
}

/* The way of a line in an L1 or L2. */
static inline uint32_t find_line(const struct cache *cache, const struct line *line)
{
	return cache_find(cache, set_of(cache, line), line->number, is_line,
			  (uintptr_t)line);
}

/* The line, which is marked; NULL: it is not there. */
static inline __attribute__((always_inline)) struct line *use_line(const struct l1 *l1,
								   uint64_t number)
{
	const struct cache *cache = &l1->cache;
	uint64_t set = number & cache->set_mask; /* never in slices */
	uint32_t way = cache_find(cache, set, number, is_line_number, number);

	if (way == NO_WAY)
		return NULL;
	cache->sets[set].order |= UINT64_C(1) << way;
	return line_of(*cache_word(cache, set, way));
}

/*
 * The bytes from the first front to that of an address are these bits of it, and the tag there is
 * this word if the access hits.
 */
#define FRONT_OFFSET_SHIFT (LINE_SHIFT - 4)
_Static_assert(sizeof(struct front) == 1 << 4, "FRONT_OFFSET_SHIFT");
static inline uint64_t hit_tag(uint64_t address)
{
	return address | FRONT_ALL;
}

/* Stall cycles. The page is not known to be marked. */
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
