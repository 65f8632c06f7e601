/* SPDX-License-Identifier: MIT */
/*
 * A set-associative cache with true LRU and up to 16 ways. A way holds one word, 0 when it is
 * empty; what else a word says is its user's affair. Ways never move: the order of use of a set is
 * one 64-bit word of way numbers, four bits each. Next to it stands a byte of the line's number
 * for each way, so that a search compares eight ways at a time and looks at words only where the
 * byte agrees. Nothing here depends on the number of ways but the limit.
 */
#ifndef AUTOPERF_SIM_MACHINE_CACHE_H
#define AUTOPERF_SIM_MACHINE_CACHE_H

#include "machine/internal.h"

#define NO_WAY CACHE_WAYS_MAX

#define NIBBLES_OF_1 UINT64_C(0x1111111111111111)
#define NIBBLES_OF_8 UINT64_C(0x8888888888888888)
#define BYTES_OF_1   UINT64_C(0x0101010101010101)
#define BYTES_OF_80  UINT64_C(0x8080808080808080)

/* Ways 0, 1, 2, ... `count` of them. */
static inline uint64_t order_initial(uint32_t count)
{
	return UINT64_C(0xFEDCBA9876543210) & UINT64_MAX >> (64 - 4 * count);
}

/*
 * The bits in front of a way's place in the order. The lowest zero nibble of the difference is
 * found exactly; borrows only spoil higher ones (H. Warren, "Hacker's Delight", 6-1).
 */
static inline uint32_t order_place(uint64_t order, uint32_t way)
{
	uint64_t difference = order ^ way * NIBBLES_OF_1;
	uint64_t zeros = (difference - NIBBLES_OF_1) & ~difference & NIBBLES_OF_8;

	return (uint32_t)__builtin_ctzll(zeros) & ~3u;
}

static inline uint64_t order_to_front(uint64_t order, uint32_t way)
{
	uint64_t before = (UINT64_C(1) << order_place(order, way)) - 1;

	return (order & ~(before << 4 | 15)) | (order & before) << 4 | way;
}

static inline uint64_t order_to_back(uint64_t order, uint32_t way, uint32_t count)
{
	uint32_t place = order_place(order, way);
	uint64_t before = (UINT64_C(1) << place) - 1;
	uint64_t rest = (order & before) | (order >> place >> 4) << place;

	return rest | (uint64_t)way << 4 * (count - 1);
}

/* The number of the set of a line. */
static inline uint64_t cache_set(const struct cache *cache, uint64_t number)
{
	uint64_t set = number & cache->set_mask;

	/* Slices take turns by a hash, as where their number is no power of two. */
	if (unlikely(cache->slices > 1))
		set += (cache->set_mask + 1) *
		       ((spread(number) >> 32) * cache->slices >> 32);
	return set;
}

static inline uint64_t *cache_word(const struct cache *cache, uint64_t set,
				   uint32_t way)
{
	return &cache->words[set * cache->way_count + way];
}

/* Of a signature, from the line's number; the other bit is set unless the way is empty. */
#define SIGNATURE_BITS UINT64_C(0x7f)

static inline uint8_t cache_signature(const struct cache *cache, uint64_t number)
{
	return (uint8_t)(number >> cache->tag_shift) | 0x80;
}

/* The first empty way, or NO_WAY. */
static inline uint32_t cache_empty_way(const struct cache *cache, uint64_t set)
{
	for (uint32_t first = 0; first < cache->way_count; first += 8) {
		uint64_t empty = ~cache->sets[set].signatures[first / 8] & BYTES_OF_80;
		uint32_t way;

		if (likely(!empty))
			continue;
		way = first + (uint32_t)__builtin_ctzll(empty) / 8;
		return way < cache->way_count ? way : NO_WAY;
	}
	return NO_WAY;
}

static inline void set_signature(const struct cache *cache, uint64_t set, uint32_t way,
				 uint8_t signature)
{
	uint64_t *eight = &cache->sets[set].signatures[way / 8];
	uint32_t shift = way % 8 * 8;

	*eight = (*eight & ~(UINT64_C(0xff) << shift)) | (uint64_t)signature << shift;
}

/*
 * The way of the line of that number whose word `is` what is looked for; NO_WAY: not there. The
 * comparison is inlined.
 */
static inline __attribute__((always_inline)) uint32_t
cache_find(const struct cache *cache, uint64_t set, uint64_t number,
	   bool (*is)(uint64_t word, uint64_t what), uint64_t what)
{
	uint64_t pattern = cache_signature(cache, number) * BYTES_OF_1;

	for (uint32_t first = 0; first < cache->way_count; first += 8) {
		uint64_t difference = cache->sets[set].signatures[first / 8] ^ pattern;
		uint64_t zeros = (difference - BYTES_OF_1) & ~difference & BYTES_OF_80;

		for (; zeros; zeros &= zeros - 1) {
			uint32_t way = first + (uint32_t)__builtin_ctzll(zeros) / 8;

			if (is(*cache_word(cache, set, way), what))
				return way;
		}
	}
	return NO_WAY;
}

/* The way that was used last; an empty one only if all are. */
static inline uint32_t cache_front(const struct cache *cache, uint64_t set)
{
	return cache->sets[set].order & 15;
}

/* It is about to be searched, if it exists. Inlined always: see directory_prefetch(). */
static inline __attribute__((always_inline)) void
cache_prefetch(const struct cache *cache, uint64_t number)
{
	uint64_t set = cache_set(cache, number);
	const uint64_t *words = cache_word(cache, set, 0);

	/* A set may lie over the end of a host's line. */
	__builtin_prefetch(&cache->sets[set].order);
	__builtin_prefetch(&cache->sets[set].signatures[1]);
	__builtin_prefetch(words);
	__builtin_prefetch(words + 8);
}

/* The word that cache_put() is going to return. */
static inline uint64_t cache_next_out(const struct cache *cache, uint64_t set)
{
	uint32_t way = cache->sets[set].order >> 4 * (cache->way_count - 1) & 15;

	return *cache_word(cache, set, way);
}

/* The way becomes the last used one. */
static inline void cache_use(const struct cache *cache, uint64_t set, uint32_t way)
{
	uint64_t *order = &cache->sets[set].order;

	*order = order_to_front(*order, way);
}

/* Puts in a line that is not there. The word of the one that falls out, 0: a way was empty. */
static inline uint64_t cache_put(const struct cache *cache, uint64_t set,
				 uint64_t number, uint64_t word)
{
	struct cache_set *ranks = &cache->sets[set];
	uint32_t end = 4 * (cache->way_count - 1);
	uint32_t way = ranks->order >> end & 15;
	uint64_t *place = cache_word(cache, set, way), evicted = *place;

	*place = word;
	ranks->order = (ranks->order & ~(UINT64_C(15) << end)) << 4 | way;
	set_signature(cache, set, way, cache_signature(cache, number));
	return evicted;
}

/* Empties a way; it is the next to be filled. */
static inline void cache_drop(const struct cache *cache, uint64_t set, uint32_t way)
{
	uint64_t *order = &cache->sets[set].order;

	*order = order_to_back(*order, way, cache->way_count);
	*cache_word(cache, set, way) = 0;
	set_signature(cache, set, way, 0);
}

/* The same for the way that was used last, if its word `is` what is to be dropped. */
static inline __attribute__((always_inline)) bool
cache_drop_front(const struct cache *cache, uint64_t set,
		 bool (*is)(uint64_t word, uint64_t what), uint64_t what)
{
	uint64_t *order = &cache->sets[set].order, before = *order;
	uint64_t *word = cache_word(cache, set, before & 15);
	uint32_t end = 4 * (cache->way_count - 1);

	if (!is(*word, what))
		return false;
	*order = before >> 4 | (before & 15) << end;
	*word = 0;
	set_signature(cache, set, before & 15, 0);
	return true;
}

#endif
