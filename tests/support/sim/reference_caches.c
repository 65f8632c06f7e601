/* SPDX-License-Identifier: MIT */
/* See reference.h: one set-associative cache with true LRU. */
#include "support/sim/reference.h"

#include <stdlib.h>

void reference_cache_init(struct reference_cache *cache, uint64_t entries,
			  uint32_t ways, uint32_t slices)
{
	if (!entries)
		return;
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

bool reference_cache_fill(struct reference *reference, struct reference_cache *cache,
			  uint64_t what, uint64_t *evicted)
{
	struct reference_way *set = set_of(cache, what), *victim = &set[0];
	bool was_used;

	for (uint32_t i = 0; i < cache->way_count; i++) {
		if (!set[i].used) {
			victim = &set[i];
			break;
		}
		if (set[i].stamp < victim->stamp)
			victim = &set[i];
	}
	was_used = victim->used;
	*evicted = victim->what;
	*victim = (struct reference_way){
		.used = true, .what = what, .stamp = ++reference->time};
	return was_used;
}

bool reference_cache_drop(struct reference_cache *cache, uint64_t what)
{
	struct reference_way *way = reference_cache_find(cache, what);

	if (way)
		way->used = false;
	return way;
}
