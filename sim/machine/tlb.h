/* SPDX-License-Identifier: MIT */
/*
 * Sets of translations: the page used last first, empty ways (0) last. The first way answers
 * nearly all questions with one comparison; a set may have up to 64 ways.
 */
#ifndef AUTOPERF_SIM_MACHINE_TLB_H
#define AUTOPERF_SIM_MACHINE_TLB_H

#include "machine/internal.h"

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
