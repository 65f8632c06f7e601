/* SPDX-License-Identifier: MIT */
/*
 * Sets of translations, up to 64 ways each. What is replaced has not been used recently: a use
 * marks a page, and only when a set has no unmarked page left to be replaced, all its marks are
 * taken away. So to use a marked page changes nothing, and a table of marked ones, by the low bits
 * of their numbers, answers nearly all questions with one comparison.
 */
#ifndef AUTOPERF_SIM_MACHINE_TLB_H
#define AUTOPERF_SIM_MACHINE_TLB_H

#include "machine/internal.h"

static inline uint64_t *tlb_front(const struct tlb *tlb, uint64_t page)
{
	return &tlb->fronts[page & tlb->front_mask];
}

/* The address of the page's last byte. */
static inline uint64_t tlb_tag(const struct tlb *tlb, uint64_t page)
{
	return ((page + 1) << tlb->page_shift) - 1;
}

/* A use of the page would change nothing. */
static inline bool tlb_is_used(const struct tlb *tlb, uint64_t page)
{
	return *tlb_front(tlb, page) == tlb_tag(tlb, page);
}

static inline void tlb_forget_front(const struct tlb *tlb, uint64_t page)
{
	uint64_t *front = tlb_front(tlb, page);

	if (*front == tlb_tag(tlb, page))
		*front = 0;
}

/* pages.c: the way for a page that is not there; it is empty then. */
uint32_t tlb_make_room(const struct tlb *tlb, uint64_t set);

/* Uses a page, from where it was (true) or as a new one. */
static inline bool tlb_use(const struct tlb *tlb, uint64_t page)
{
	uint64_t set = page & tlb->set_mask;
	uint64_t *pages = &tlb->pages[set * tlb->way_count];
	bool found = true;
	uint32_t way = 0;

	while (way < tlb->way_count && pages[way] != page + 1)
		way++;
	if (way == tlb->way_count) {
		way = tlb_make_room(tlb, set);
		pages[way] = page + 1;
		found = false;
	}
	tlb->used[set] |= UINT64_C(1) << way;
	*tlb_front(tlb, page) = tlb_tag(tlb, page);
	return found;
}

#endif
