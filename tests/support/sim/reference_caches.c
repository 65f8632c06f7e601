/* SPDX-License-Identifier: MIT */
/* See reference.h: one set-associative cache. */
#include "support/sim/reference.h"

#include <stdlib.h>

void reference_cache_init(struct reference_cache *cache, enum reference_policy policy,
			  uint64_t entries, uint32_t ways, uint32_t slices)
{
	if (!entries)
		return;
	cache->policy = policy;
	cache->way_count = ways;
	cache->slices = slices;
	cache->sets = entries / ways / slices;
	cache->ways = calloc(entries, sizeof(*cache->ways));
	if (!cache->ways)
		abort();
}

void reference_cache_free(struct reference_cache *cache)
{
	free(cache->ways);
}

static struct reference_way *set_of(const struct reference_cache *cache, uint64_t what)
{
	/* The hash of slices is a constant of the machine, not of an implementation. */
	uint64_t slice =
		(what * UINT64_C(0x9E3779B97F4A7C15) >> 32) * cache->slices >> 32;

	return cache->ways +
	       (slice * cache->sets + what % cache->sets) * cache->way_count;
}

struct reference_way *reference_cache_find(const struct reference_cache *cache,
					   uint64_t what)
{
	struct reference_way *set;

	if (!cache->ways)
		return NULL;
	set = set_of(cache, what);
	for (uint32_t i = 0; i < cache->way_count; i++)
		if (set[i].used && set[i].what == what)
			return &set[i];
	return NULL;
}

void reference_cache_use(struct reference *reference, struct reference_way *way)
{
	way->stamp = ++reference->time;
	way->marked = true;
}

static struct reference_way *least_recently_used(struct reference_way *set,
						 uint32_t count)
{
	struct reference_way *victim = set;

	for (uint32_t i = 1; i < count; i++)
		if (set[i].stamp < victim->stamp)
			victim = &set[i];
	return victim;
}

static struct reference_way *not_recently_used(struct reference_way *set,
					       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (!set[i].marked)
			return &set[i];
	for (uint32_t i = 0; i < count; i++)
		set[i].marked = false;
	return set;
}

bool reference_cache_fill(struct reference *reference, struct reference_cache *cache,
			  uint64_t what, uint64_t *evicted)
{
	struct reference_way *set = set_of(cache, what), *victim = NULL;
	bool was_used;

	for (uint32_t i = 0; i < cache->way_count && !victim; i++)
		if (!set[i].used)
			victim = &set[i];
	if (!victim)
		victim = cache->policy == REFERENCE_LRU
				 ? least_recently_used(set, cache->way_count)
				 : not_recently_used(set, cache->way_count);
	was_used = victim->used;
	*evicted = victim->what;
	*victim = (struct reference_way){.used = true, .what = what};
	reference_cache_use(reference, victim);
	return was_used;
}

bool reference_cache_drop(struct reference_cache *cache, uint64_t what)
{
	struct reference_way *way = reference_cache_find(cache, what);

	if (way)
		*way = (struct reference_way){0};
	return way;
}
