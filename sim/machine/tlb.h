/* SPDX-License-Identifier: MIT */
/*
 * Sets of translations: the page used last first, empty ways (0) last. The first way answers
 * nearly all questions with one comparison, so that the first ways of all sets stand together, then
 * all second ways, and so on. A set may have up to 64 ways.
 */
#ifndef AUTOPERF_SIM_MACHINE_TLB_H
#define AUTOPERF_SIM_MACHINE_TLB_H

#include "machine/internal.h"

/* The page of the set that was used last. */
static inline uint64_t *tlb_front(const struct tlb *tlb, uint64_t page)
{
	return &tlb->ways[page & tlb->set_mask];
}

/* The page that is used last of a set of four ways: no branch, as where it is cannot be foreseen. */
static inline bool tlb_use_of_four(const struct tlb *tlb, uint64_t page)
{
	uint64_t *way = tlb_front(tlb, page);
	uint64_t sets = tlb->set_mask + 1, value = page + 1;
	uint64_t first = way[0], second = way[sets], third = way[2 * sets],
		 fourth = way[3 * sets];
	bool in_first = first == value, in_second = second == value,
	     in_third = third == value;

	way[0] = value;
	way[sets] = in_first ? second : first;
	way[2 * sets] = (in_first | in_second) ? third : second;
	way[3 * sets] = (in_first | in_second | in_third) ? fourth : third;
	return in_first | in_second | in_third | (fourth == value);
}

/* Moves a page to the front, from where it was (true) or as a new one. */
static inline bool tlb_use(const struct tlb *tlb, uint64_t page)
{
	uint64_t *way = tlb_front(tlb, page);
	uint64_t value = page + 1, carried = value;

	if (tlb->way_count == 4)
		return tlb_use_of_four(tlb, page);
	for (uint32_t i = 0; i < tlb->way_count; i++, way += tlb->set_mask + 1) {
		uint64_t here = *way;

		*way = carried;
		if (here == value)
			return true;
		if (!here)
			return false;
		carried = here;
	}
	return false;
}

#endif
