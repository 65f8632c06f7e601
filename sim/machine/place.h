/* SPDX-License-Identifier: MIT */
/*
 * The order of use within one set: the last used way first, empty ways (0) last. The first way
 * answers most questions with one comparison; true LRU needs no time stamps.
 */
#ifndef AUTOPERF_SIM_MACHINE_PLACE_H
#define AUTOPERF_SIM_MACHINE_PLACE_H

#include "machine/internal.h"

static inline struct way *l1_set(const struct l1 *l1, uint64_t number)
{
	return l1->ways + (number & l1->set_mask) * l1->way_count;
}

static inline bool way_is(const struct way *way, uint64_t number)
{
	return (way->tag & ~(uint64_t)(WAY_WRITABLE | WAY_WATCHED)) ==
	       (number << WAY_SHIFT | WAY_VALID);
}

/* The way of a line; NULL: not there. */
static inline struct way *l1_find(const struct l1 *l1, uint64_t number)
{
	struct way *set = l1_set(l1, number);

	for (uint32_t i = 0; i < l1->way_count && set[i].tag; i++)
		if (way_is(&set[i], number))
			return &set[i];
	return NULL;
}

/* Moves a line's way to the front; false: not there, nothing is changed. */
static inline bool l1_use(struct way *set, uint32_t count, uint64_t number)
{
	struct way found;
	uint32_t at = 0;

	while (!way_is(&set[at], number))
		if (++at == count)
			return false;
	found = set[at];
	for (; at; at--)
		set[at] = set[at - 1];
	set[0] = found;
	return true;
}

/* The way of a line in an LLC; NULL: not there. */
static inline uint64_t *llc_find(uint64_t *set, uint32_t count, uint64_t number)
{
	for (uint32_t i = 0; i < count; i++)
		if ((set[i] & ~(uint64_t)LLC_SHARED) ==
		    (number << LLC_SHIFT | LLC_VALID))
			return &set[i];
	return NULL;
}

static inline uint64_t *llc_set(const struct llc *llc, uint64_t number)
{
	uint64_t set = number & llc->set_mask;

	/* Slices take turns by a hash, as where their number is no power of two. */
	if (llc->slices > 1)
		set += (llc->set_mask + 1) *
		       ((spread(number) >> 32) * llc->slices >> 32);
	return llc->ways + set * llc->way_count;
}

static inline uint32_t *l2_set(const struct l2 *l2, uint64_t number)
{
	return l2->ways + (number & l2->set_mask) * l2->way_count;
}

/* Moves a line to the front; false: not there, nothing is changed. */
static inline bool l2_use(const struct l2 *l2, const struct line *line)
{
	uint32_t *set = l2_set(l2, line->number);
	uint32_t at = 0;

	while (set[at] != line->index + 1)
		if (++at == l2->way_count)
			return false;
	for (; at; at--)
		set[at] = set[at - 1];
	set[0] = line->index + 1;
	return true;
}

static inline uint64_t *tlb_set(const struct tlb *tlb, uint64_t page)
{
	return tlb->ways + (page & tlb->set_mask) * tlb->way_count;
}

/* Moves a page to the front, from where it was (true) or as a new one. */
static inline bool tlb_use(const struct tlb *tlb, uint64_t page)
{
	uint64_t *set = tlb_set(tlb, page);
	uint64_t value = page + 1, carried = value;

	for (uint32_t i = 0; i < tlb->way_count; i++) {
		uint64_t here = set[i];

		set[i] = carried;
		if (here == value)
			return true;
		if (!here)
			return false;
		carried = here;
	}
	return false;
}

#endif
