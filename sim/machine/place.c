/* SPDX-License-Identifier: MIT */
/*
 * Filling and emptying caches. What a fill pushes out goes one level further: from L1 to L2
 * when it is modified and L2 has no copy, from the core to the LLC, from the LLC to nowhere
 * (memory always has room). The line being filled must already have its holder's bit, so that
 * no eviction on the way takes it for unused.
 */
#include "machine/coherence.h"
#include "machine/park.h"

static bool is_number(uint64_t word, uint64_t number)
{
	return (word & ~(uint64_t)LLC_SHARED) == (number << LLC_SHIFT | LLC_VALID);
}

uint64_t *find_in_llc(const struct machine *machine, uint32_t llc, uint64_t number)
{
	const struct cache *cache = &machine->llcs[llc].cache;
	uint64_t set;
	uint32_t way;

	if (!cache->sets)
		return NULL;
	set = cache_set(cache, number);
	way = cache_find(cache, set, number, is_number, number);
	return way == NO_WAY ? NULL : cache_word(cache, set, way);
}

uint64_t *use_in_llc(const struct machine *machine, uint32_t llc, uint64_t number)
{
	const struct cache *cache = &machine->llcs[llc].cache;
	uint64_t set;
	uint32_t way;

	if (!cache->sets)
		return NULL;
	set = cache_set(cache, number);
	way = cache_find(cache, set, number, is_number, number);
	if (way == NO_WAY)
		return NULL;
	cache_use(cache, set, way);
	return cache_word(cache, set, way);
}

void remove_from_llc(const struct machine *machine, uint32_t llc, uint64_t number)
{
	const struct cache *cache = &machine->llcs[llc].cache;
	const uint64_t *word = find_in_llc(machine, llc, number);
	uint64_t set;

	if (!word)
		return;
	set = cache_set(cache, number);
	cache_drop(cache, set, (uint32_t)(word - cache_word(cache, set, 0)));
}

static __attribute__((noinline)) void remove_searched(const struct cache *cache,
						      const struct line *line)
{
	uint32_t way = find_line(cache, line);

	if (way != NO_WAY)
		cache_drop(cache, set_of(cache, line), way);
}

/* What cores take from each other is most often what they used last. */
static inline __attribute__((always_inline)) void remove_line(const struct cache *cache,
							      const struct line *line)
{
	if (unlikely(!cache_drop_front(cache, set_of(cache, line), is_line,
				       (uintptr_t)line)))
		remove_searched(cache, line);
}

static inline void empty_way(struct l1 *l1, uint64_t set, uint32_t way)
{
	l1->cache.sets[set].order &= ~(UINT64_C(1) << way);
	*cache_word(&l1->cache, set, way) = 0;
	set_signature(&l1->cache, set, way, 0);
}

static inline __attribute__((always_inline)) void
remove_from_l1(struct l1 *l1, const struct line *line)
{
	uint64_t set = set_of(&l1->cache, line);
	uint32_t way = find_line(&l1->cache, line);

	if (way == NO_WAY)
		return;
	lose_front(l1, line);
	empty_way(l1, set, way);
}

static __attribute__((noinline)) void remove_from_l1i(struct machine_core *core,
						      const struct line *line)
{
	remove_from_l1(&core->l1i, line);
}

void end_parking(struct machine_core *core, uint64_t *park)
{
	struct l1 *l1d = &core->l1d;
	uint64_t number = *park >> PARK_NUMBER_SHIFT;
	uint64_t set = number & core->l2.set_mask;

	if (*park & PARK_AWAY) {
		empty_way(l1d, number & l1d->cache.set_mask,
			  (*park & PARK_WAY_BITS) >> PARK_WAY_SHIFT);
		if (core->l2.sets)
			cache_drop(&core->l2, set, cache_front(&core->l2, set));
	}
	*park = 0;
}

/* Its way in L1D, if removed and put in again the line would be where it is now; or else NO_WAY. */
static uint32_t way_to_park(const struct machine_core *core, const struct line *line)
{
	const struct cache *l1d = &core->l1d.cache, *l2 = &core->l2;
	uint64_t set = set_of(l1d, line);
	uint32_t way = find_line(l1d, line);

	/* Marked, and the first of the empty ones if it were empty. */
	if (way == NO_WAY || l1_front(&core->l1d, line->number)->line != line ||
	    cache_empty_way(l1d, set) < way)
		return NO_WAY;
	if (!l2->sets)
		return way;
	/* There the last used one. Its set has no other lines than those of the set of L1D. */
	if (l2->set_mask < l1d->set_mask ||
	    *cache_word(l2, set_of(l2, line), cache_front(l2, set_of(l2, line))) !=
		    (uintptr_t)line)
		return NO_WAY;
	return *cache_word(l1d, set, way) & L1_BACKED ? way : NO_WAY;
}

bool begin_parking(struct machine_core *core, const struct line *line)
{
	uint64_t *park = parking(core, line->number);
	uint32_t way;

	if (*park)
		end_parking(core, park);
	way = way_to_park(core, line);
	if (way == NO_WAY)
		return false;
	*park = park_here(line->number) | (uint64_t)way << PARK_WAY_SHIFT;
	return true;
}

static inline void remove_from_l1s(struct machine_core *core, const struct line *line)
{
	remove_from_l1(&core->l1d, line);
	if (unlikely(line->fetched))
		remove_from_l1i(core, line);
}

/* The core's state becomes I; emptying its caches is the caller's. */
static inline void give_up(struct machine *machine, const struct machine_core *core,
			   struct line *line)
{
	if (line->contended)
		sharing_lose(machine, line, core->number);
	become_invalid(core, line);
}

void remove_from_core(struct machine *machine, struct machine_core *core,
		      struct line *line)
{
	clear_parking(core, line->number);
	remove_from_l1s(core, line);
	if (core->l2.sets)
		remove_line(&core->l2, line);
	give_up(machine, core, line);
}

void take_from_core(struct machine *machine, struct machine_core *core,
		    struct line *line)
{
	if (likely(park(core, line)))
		give_up(machine, core, line);
	else
		remove_from_core(machine, core, line);
}

static void remove_if_unused(struct machine *machine, struct line *line)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < machine->words; i++)
		any |= line->holders[i];
	if (!any)
		directory_remove(machine, line);
}

/* The last copy in the core has fallen out of its caches. */
static void leave_core(struct machine *machine, struct machine_core *core,
		       struct line *line)
{
	bool alone = line->owner == core->number, modified = alone && line->modified;
	uint64_t number = line->number;

	give_up(machine, core, line);
	remove_if_unused(machine, line);
	if (!(modified || machine->llc_victim) || machine->llc_inclusive ||
	    !machine->llcs[core->llc].cache.sets)
		return;
	if (!find_in_llc(machine, core->llc, number))
		place_in_llc(machine, core->llc, number,
			     alone ? LLC_VALID : LLC_VALID | LLC_SHARED);
}

/* Cores below an inclusive LLC may not keep what it does not have. */
static void back_invalidate(struct machine *machine, uint32_t llc, uint64_t number)
{
	const uint64_t *below = machine->llc_cores + llc * machine->words;
	struct line *line = directory_find(machine, number);

	if (!line)
		return;
	for (uint32_t i = 0; i < machine->words; i++)
		for (uint64_t left; (left = line->holders[i] & below[i]);)
			remove_from_core(
				machine,
				&machine->cores[i * 64 + __builtin_ctzll(left)], line);
	remove_if_unused(machine, line);
}

void place_in_llc(struct machine *machine, uint32_t llc, uint64_t number, uint64_t bits)
{
	const struct cache *cache = &machine->llcs[llc].cache;
	uint64_t evicted;

	machine->llcs_used |= UINT32_C(1) << llc;
	evicted = cache_put(cache, cache_set(cache, number), number,
			    number << LLC_SHIFT | bits);
	if (evicted && machine->llc_inclusive)
		back_invalidate(machine, llc, evicted >> LLC_SHIFT);
}

/* L2 has the line no longer; true: this L1 has it. */
static bool forget_backing(const struct l1 *l1, const struct line *line)
{
	uint32_t way = find_line(&l1->cache, line);

	if (way == NO_WAY)
		return false;
	*cache_word(&l1->cache, set_of(&l1->cache, line), way) &= ~L1_BACKED;
	return true;
}

static __attribute__((noinline)) void
fell_out_of_l2(struct machine *machine, struct machine_core *core, struct line *line)
{
	bool held = false;

	if (machine->l2_inclusive) {
		remove_from_l1s(core, line);
	} else {
		held = forget_backing(&core->l1d, line);
		if (line->fetched && forget_backing(&core->l1i, line))
			held = true;
	}
	if (!held)
		leave_core(machine, core, line);
}

void place_in_l2(struct machine *machine, struct machine_core *core, struct line *line)
{
	uint64_t evicted;

	if (is_parked(core, line->number))
		return;
	clear_parking(core, line->number);
	evicted = cache_put(&core->l2, set_of(&core->l2, line), line->number,
			    (uintptr_t)line);
	if (evicted)
		fell_out_of_l2(machine, core, line_of(evicted));
}

static __attribute__((noinline)) void fell_out_of_l1(struct machine *machine,
						     struct machine_core *core,
						     const struct l1 *l1,
						     struct line *line)
{
	const struct l1 *other = l1 == &core->l1d ? &core->l1i : &core->l1d;

	if (core->l2.sets && find_line(&core->l2, line) != NO_WAY)
		return;
	if (line->fetched && find_line(&other->cache, line) != NO_WAY)
		return;
	/* Clean lines are dropped; L2 lost them earlier. */
	if (core->l2.sets && line->modified && line->owner == core->number)
		place_in_l2(machine, core, line);
	else
		leave_core(machine, core, line);
}

/*
 * Takes all marks of a set away, and their fronts. These are found without looking at the lines,
 * whose numbers are known but for high bits.
 */
static void unmark_all(struct l1 *l1, uint64_t set)
{
	const struct cache *cache = &l1->cache;
	const uint64_t *signatures = cache->sets[set].signatures;
	bool changed = false;

	for (uint32_t way = 0; way < cache->way_count; way++) {
		uint64_t signature = signatures[way / 8] >> way % 8 * 8;
		struct front *front = l1_front(l1, set | (signature & SIGNATURE_BITS)
								   << cache->tag_shift);
		bool known = front->line == line_of(*cache_word(cache, set, way));

		/* No branch, as which are known cannot be foreseen. */
		front->tag = known ? 0 : front->tag;
		front->line = known ? NULL : front->line;
		changed |= known;
	}
	cache->sets[set].order = 0;
	if (changed)
		l1_changed(l1);
}

/* The way of an L1 that is filled next: an empty one, or the first that is not marked. */
static uint32_t choose_way(struct l1 *l1, uint64_t set)
{
	const struct cache *cache = &l1->cache;
	const uint64_t *marks = &cache->sets[set].order;
	uint32_t way = cache_empty_way(cache, set);

	if (unlikely(way != NO_WAY))
		return way;
	if (*marks == UINT64_MAX >> (64 - cache->way_count))
		unmark_all(l1, set);
	return (uint32_t)__builtin_ctzll(~*marks);
}

void place_in_l1(struct machine *machine, struct machine_core *core, struct l1 *l1,
		 struct line *line)
{
	uint64_t set = set_of(&l1->cache, line), evicted, *word;
	uint32_t way;

	if (l1 == &core->l1d) {
		if (unpark(core, line->number))
			return;
		clear_parking(core, line->number);
	}
	way = choose_way(l1, set);
	word = cache_word(&l1->cache, set, way);
	evicted = *word;
	*word = (uintptr_t)line | (core->l2.sets ? L1_BACKED : 0);
	l1->cache.sets[set].order |= UINT64_C(1) << way;
	set_signature(&l1->cache, set, way, cache_signature(&l1->cache, line->number));
	if (evicted && !(evicted & L1_BACKED))
		fell_out_of_l1(machine, core, l1, line_of(evicted));
}
