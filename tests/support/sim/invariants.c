/* SPDX-License-Identifier: MIT */
/* See invariants.h. */
#include "support/sim/invariants.h"

#include <stdlib.h>

#include "machine/l1.h"

/* Copies that the walk through all caches has found, by line and core. */
struct walk {
	const struct machine *machine;
	uint8_t *found; /* levels, as bits */
	const char *broken;
};

enum level { LEVEL_L1D = 1, LEVEL_L1I = 2, LEVEL_L2 = 4 };

static void expect(struct walk *walk, bool holds_true, const char *rule)
{
	if (!holds_true && !walk->broken)
		walk->broken = rule;
}

/* Numbers lines by their chunk and place. */
static size_t line_index(const struct machine *machine, const struct line *line)
{
	size_t index = 0;

	for (struct chunk *chunk = machine->directory.chunks; chunk;
	     chunk = chunk->next) {
		size_t bytes = CHUNK_LINES * machine->directory.line_bytes;
		size_t offset = (uintptr_t)line - (uintptr_t)chunk->lines;

		if (offset < bytes) /* a line in front of the chunk is far behind it */
			return index + offset / machine->directory.line_bytes;
		index += CHUNK_LINES;
	}
	return index;
}

static void note(struct walk *walk, const struct line *line, uint32_t core,
		 enum level level)
{
	uint8_t *found = &walk->found[line_index(walk->machine, line) *
					      walk->machine->core_count +
				      core];

	expect(walk, line->number != LINE_FREE,
	       "a cache holds a line that does not exist");
	expect(walk, !(*found & level), "a line is twice in one cache");
	*found |= (uint8_t)level;
}

/* Each way occurs once in the order, empty ones behind the others. */
static void check_order(struct walk *walk, const struct cache *cache, uint64_t set)
{
	const struct cache_set *ranks = &cache->sets[set];
	uint32_t seen = 0;
	bool empty = false;

	for (uint32_t i = 0; i < cache->way_count; i++) {
		uint32_t way = ranks->order >> 4 * i & 15;
		uint64_t word =
			way < cache->way_count ? *cache_word(cache, set, way) : 0;

		expect(walk, way < cache->way_count && !(seen >> way & 1),
		       "the order of a set is no permutation");
		seen |= 1u << way;
		expect(walk, !word || !empty, "an empty way is before a used one");
		empty = !word;
	}
	expect(walk, cache->way_count == 16 || !(ranks->order >> 4 * cache->way_count),
	       "the order of a set has too many ways");
}

static void check_signature(struct walk *walk, const struct cache *cache, uint64_t set,
			    uint32_t way)
{
	uint8_t signature =
		(uint8_t)(cache->sets[set].signatures[way / 8] >> way % 8 * 8);

	expect(walk, !*cache_word(cache, set, way) == !signature,
	       "a signature of an empty way, or none");
}

/* Empty ways are not marked. */
static void check_marks(struct walk *walk, const struct cache *cache, uint64_t set)
{
	for (uint32_t way = 0; way < 64; way++) {
		bool marked = cache->sets[set].order >> way & 1;

		expect(walk,
		       !marked ||
			       (way < cache->way_count && *cache_word(cache, set, way)),
		       "an empty way is marked as used");
	}
}

/* The way of a line in an L1 or L2, or NO_WAY. */
static uint32_t find_way(const struct cache *cache, const struct line *line)
{
	uint64_t set = line->number & cache->set_mask;

	for (uint32_t way = 0; way < cache->way_count; way++)
		if (line_of(*cache_word(cache, set, way)) == line)
			return way;
	return NO_WAY;
}

static bool has_line(const struct cache *cache, const struct line *line)
{
	return find_way(cache, line) != NO_WAY;
}

/* Whether the L1 has the line, marked as used. */
static bool is_marked(const struct l1 *l1, const struct line *line)
{
	uint32_t way = find_way(&l1->cache, line);

	return way != NO_WAY &&
	       l1->cache.sets[line->number & l1->cache.set_mask].order >> way & 1;
}

static bool is_parked(const struct machine_core *core, uint64_t number)
{
	uint64_t park = core->parks[number & core->l1d.cache.set_mask];

	return park & PARK_AWAY && park >> PARK_NUMBER_SHIFT == number;
}

/* The way's line is parked, which another core has taken away. */
static bool is_away(const struct machine_core *core, const struct cache *cache,
		    uint64_t set, uint32_t way)
{
	uint64_t park = core->parks[set & core->l1d.cache.set_mask];
	uint64_t number = park >> PARK_NUMBER_SHIFT;

	if (!(park & PARK_AWAY) || (number & cache->set_mask) != set)
		return false;
	if (cache == &core->l2)
		return way == cache_front(cache, set);
	return way == (park & PARK_WAY_BITS) >> PARK_WAY_SHIFT;
}

/* The line may live no longer, or again under another number. */
static void check_lost(struct walk *walk, const struct machine_core *core,
		       const struct l1 *l1, const struct front *front)
{
	uint64_t number = front->tag >> LINE_SHIFT;

	expect(walk, front->tag == (number << LINE_SHIFT | FRONT_LOST),
	       "a front is neither valid nor lost");
	expect(walk,
	       front->line->number != number || is_parked(core, number) ||
		       !has_line(&l1->cache, front->line),
	       "a lost line is where it was");
}

static void check_front(struct walk *walk, const struct machine_core *core,
			const struct l1 *l1, uint64_t place)
{
	const struct front *front = &l1->fronts[place];
	const struct line *line = front->line;
	bool writable;

	if (!front->tag) {
		expect(walk, !line, "an unknown front points to a line");
		return;
	}
	if ((front->tag & FRONT_VALID) != FRONT_VALID) {
		check_lost(walk, core, l1, front);
		return;
	}
	expect(walk,
	       front->tag >> LINE_SHIFT == line->number &&
		       (line->number & l1->front_mask) == place,
	       "a front has another line's tag or place");
	expect(walk, is_marked(l1, line), "a front's line is not marked as used");
	if (l1 == &core->l1i)
		return;
	writable = line->modified && line->owner == core->number;
	expect(walk, !(front->tag & FRONT_WRITABLE) == !writable,
	       "a writable front is not modified and owned, or the reverse");
	expect(walk, !line->contended || !(front->tag & FRONT_QUIET),
	       "a contended line is taken for quiet");
}

/* Empty ways are not marked, and the pages of the fronts are. */
static void check_tlb(struct walk *walk, const struct tlb *tlb)
{
	for (uint64_t set = 0; tlb->pages && set <= tlb->set_mask; set++)
		for (uint32_t way = 0; way < tlb->way_count; way++)
			expect(walk,
			       !(tlb->used[set] >> way & 1) ||
				       tlb->pages[set * tlb->way_count + way],
			       "an empty way of a TLB is marked as used");
	for (uint64_t i = 0; tlb->pages && i <= tlb->front_mask; i++) {
		uint64_t page = tlb->fronts[i] >> tlb->page_shift;
		uint64_t set = page & tlb->set_mask;
		bool marked = false;

		for (uint32_t way = 0; way < tlb->way_count; way++)
			marked |= tlb->pages[set * tlb->way_count + way] == page + 1 &&
				  tlb->used[set] >> way & 1;
		expect(walk, !tlb->fronts[i] || marked,
		       "a TLB's front is not marked as used");
	}
}

static void check_cache(struct walk *walk, const struct machine_core *core,
			const struct cache *cache, enum level level)
{
	for (uint64_t set = 0; cache->sets && set <= cache->set_mask; set++) {
		if (level == LEVEL_L2)
			check_order(walk, cache, set);
		else
			check_marks(walk, cache, set);
		for (uint32_t way = 0; way < cache->way_count; way++) {
			uint64_t word = *cache_word(cache, set, way);
			const struct line *line =
				(const struct line *)(uintptr_t)(word & ~L1_BACKED);

			check_signature(walk, cache, set, way);
			if (!word ||
			    (level != LEVEL_L1I && is_away(core, cache, set, way)))
				continue;
			note(walk, line, core->number, level);
			expect(walk, (line->number & cache->set_mask) == set,
			       "a line is in the wrong set");
			expect(walk, level != LEVEL_L1I || line->fetched,
			       "a line of an L1I was never fetched");
			expect(walk, !(word & L1_BACKED) || has_line(&core->l2, line),
			       "a line of an L1 is not in L2, as was said");
		}
	}
}

static bool in_llc(const struct machine *machine, uint32_t llc, uint64_t number)
{
	return find_in_llc(machine, llc, number);
}

static void check_line(struct walk *walk, const struct line *line)
{
	const struct machine *machine = walk->machine;
	size_t index = line_index(machine, line);
	uint32_t holders = 0;

	expect(walk, directory_find(machine, line->number) == line,
	       "the directory does not find a line");
	for (uint32_t i = 0; i < machine->core_count; i++) {
		uint8_t found = walk->found[index * machine->core_count + i];

		expect(walk, holds(line, i) == (found != 0),
		       "the directory and the caches of a core differ");
		expect(walk, !found || !machine->l2_inclusive || found & LEVEL_L2,
		       "an L1 holds what the inclusive L2 does not");
		expect(walk,
		       !found || !machine->llc_inclusive ||
			       in_llc(machine, machine->cores[i].llc, line->number),
		       "a core holds what the inclusive LLC does not");
		holders += found != 0;
	}
	expect(walk, holders, "a line that nobody holds is in the directory");
	expect(walk, line->owner != NO_CORE || !line->modified,
	       "a line is modified by nobody");
	if (line->owner == NO_CORE)
		return;
	expect(walk, holds(line, line->owner), "the owner does not hold the line");
	expect(walk, holders == 1, "an owned line has another holder");
	for (uint32_t i = 0; i < machine->llc_count; i++)
		expect(walk,
		       i == machine->cores[line->owner].llc ||
			       !in_llc(machine, i, line->number),
		       "an owned line is in another LLC");
}

static void check_llc(struct walk *walk, uint32_t number)
{
	const struct machine *machine = walk->machine;
	const struct cache *cache = &machine->llcs[number].cache;
	uint64_t sets = (cache->set_mask + 1) * cache->slices;

	for (uint64_t set = 0; cache->sets && set < sets; set++) {
		check_order(walk, cache, set);
		for (uint32_t way = 0; way < cache->way_count; way++) {
			const uint64_t *word = cache_word(cache, set, way);
			uint64_t line = *word >> LLC_SHIFT;

			check_signature(walk, cache, set, way);
			if (!*word)
				continue;
			expect(walk, find_in_llc(machine, number, line) == word,
			       "a line is in the wrong LLC set, or twice in it");
			for (uint32_t k = 0;
			     k < machine->llc_count && !(*word & LLC_SHARED); k++)
				expect(walk, k == number || !in_llc(machine, k, line),
				       "an LLC does not know that another has the "
				       "line");
		}
	}
}

/* What is parked could be taken back as it is: it is where it would be put in. */
static void check_park(struct walk *walk, const struct machine_core *core, uint64_t set)
{
	const struct cache *l1d = &core->l1d.cache, *l2 = &core->l2;
	uint64_t park = core->parks[set], number = park >> PARK_NUMBER_SHIFT;
	uint32_t way = (park & PARK_WAY_BITS) >> PARK_WAY_SHIFT;
	const struct line *line;

	if (!park)
		return;
	expect(walk, park & PARK_VALID && (number & l1d->set_mask) == set,
	       "a parked line is in another set");
	line = line_of(*cache_word(l1d, set, way));
	expect(walk, line && l1d->sets[set].order >> way & 1,
	       "a parked line is not in its way, marked");
	expect(walk, cache_empty_way(l1d, set) > way,
	       "a parked line would come back into another way");
	expect(walk,
	       !l2->sets || *cache_word(l2, number & l2->set_mask,
					cache_front(l2, number & l2->set_mask)) ==
				    (uintptr_t)line,
	       "a parked line is not the last used one of L2");
	expect(walk,
	       park & PARK_AWAY ||
		       (line->number == number && holds(line, core->number)),
	       "a line that is not away is away");
	expect(walk,
	       !(park & PARK_AWAY) || line->number != number ||
		       !holds(line, core->number),
	       "a line that is away is held");
}

static void check_core(struct walk *walk, const struct machine_core *core)
{
	for (uint64_t set = 0; set <= core->l1d.cache.set_mask; set++)
		check_park(walk, core, set);
	check_cache(walk, core, &core->l1d.cache, LEVEL_L1D);
	check_cache(walk, core, &core->l1i.cache, LEVEL_L1I);
	check_cache(walk, core, &core->l2, LEVEL_L2);
	for (uint64_t i = 0; i <= core->l1d.front_mask; i++)
		check_front(walk, core, &core->l1d, i);
	for (uint64_t i = 0; i <= core->l1i.front_mask; i++)
		check_front(walk, core, &core->l1i, i);
	check_tlb(walk, &core->dtlb);
	check_tlb(walk, &core->stlb);
}

const char *broken_invariant(const struct machine *machine)
{
	struct walk walk = {.machine = machine};
	size_t lines = 0;
	uint32_t live = 0;

	for (struct chunk *chunk = machine->directory.chunks; chunk;
	     chunk = chunk->next)
		lines += CHUNK_LINES;
	walk.found = calloc(lines * machine->core_count + 1, 1);
	if (!walk.found)
		return "no memory for the check";
	for (uint32_t i = 0; i < machine->core_count; i++)
		if (machine->cores[i].ready)
			check_core(&walk, &machine->cores[i]);
	for (struct chunk *chunk = machine->directory.chunks; chunk;
	     chunk = chunk->next)
		for (uint32_t i = 0; i < chunk->used; i++) {
			const struct line *line = chunk_line(machine, chunk, i);

			if (line->number == LINE_FREE)
				continue;
			live++;
			check_line(&walk, line);
		}
	expect(&walk, live == machine->directory.count,
	       "the directory's count is wrong");
	for (uint32_t i = 0; i < machine->llc_count; i++)
		check_llc(&walk, i);
	free(walk.found);
	return walk.broken;
}
