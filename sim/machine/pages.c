/* SPDX-License-Identifier: MIT */
/*
 * Pages: which socket's memory is the home of each (that of the core that touched it first), and
 * the data TLBs in front of that. The table of homes has one word a page, in the manner of
 * directory.c; it grows with the memory that the program touches.
 */
#include "machine/tlb.h"

#define BITS_MIN   10
#define HOME_SHIFT 8 /* a slot is page << 8 | home + 1; 0: empty */

static uint64_t slot_page(uint64_t slot)
{
	return slot >> HOME_SHIFT;
}

/* Where the search for a page starts; neighbouring pages are neighbours. */
static uint64_t home_slot(uint64_t page, uint32_t bits)
{
	return spread(page >> 3) >> (64 - bits + 3) << 3 | (page & 7);
}

int pages_init(struct machine *machine)
{
	machine->pages.bits = BITS_MIN;
	machine->pages.slots = take_memory(machine, sizeof(uint64_t) << BITS_MIN);
	return machine->pages.slots ? 0 : -1;
}

void pages_release(struct machine *machine)
{
	give_memory(machine, machine->pages.slots);
}

/* The slot of a page, or the empty one where it belongs. */
static uint64_t find_slot(const uint64_t *slots, uint32_t bits, uint64_t page)
{
	uint64_t mask = (UINT64_C(1) << bits) - 1;
	uint64_t at = home_slot(page, bits);

	while (slots[at] && slot_page(slots[at]) != page)
		at = (at + 1) & mask;
	return at;
}

/* At most half of the slots are in use. */
static int make_room(struct machine *machine)
{
	struct pages *pages = &machine->pages;
	uint64_t size = UINT64_C(1) << pages->bits;
	uint64_t *slots;

	if (pages->count < size / 2)
		return 0;
	slots = take_memory(machine, size * 2 * sizeof(uint64_t));
	if (!slots)
		return pages->count < size - size / 8 ? 0 : -1;
	for (uint64_t i = 0; i < size; i++)
		if (pages->slots[i])
			slots[find_slot(slots, pages->bits + 1,
					slot_page(pages->slots[i]))] = pages->slots[i];
	give_memory(machine, pages->slots);
	pages->slots = slots;
	pages->bits++;
	return 0;
}

/* Remembers the home of the page for the core; true: the page was touched for the first time. */
static bool look_up(struct machine *machine, struct machine_core *core, uint64_t page)
{
	struct pages *pages = &machine->pages;
	uint64_t at = find_slot(pages->slots, pages->bits, page);

	core->home_page = page;
	core->home = core->socket;
	if (pages->slots[at]) {
		core->home = (uint32_t)(pages->slots[at] & ((1 << HOME_SHIFT) - 1)) - 1;
		return false;
	}
	if (make_room(machine)) {
		machine->out_of_memory = true;
		return true;
	}
	at = find_slot(pages->slots, pages->bits, page);
	pages->slots[at] = page << HOME_SHIFT | (core->socket + 1u);
	pages->count++;
	return true;
}

uint32_t home_of_page(struct machine *machine, struct machine_core *core, uint64_t page)
{
	if (core->home_page != page)
		look_up(machine, core, page);
	return core->home;
}

uint64_t translate_slowly(struct machine *machine, struct machine_thread *thread,
			  uint64_t page)
{
	const struct machine_costs *costs = &machine->costs;
	struct machine_core *core = thread->core;
	uint64_t stall;

	thread->counters[MACHINE_DTLB_MISSES]++;
	if (core->stlb.pages && tlb_use(&core->stlb, page))
		return costs->stlb_hit;
	thread->counters[MACHINE_DTLB_WALKS]++;
	stall = costs->walk;
	if (look_up(machine, core, page)) {
		thread->counters[MACHINE_FIRST_TOUCHES]++;
		stall += costs->first_touch;
	}
	return stall;
}

uint32_t tlb_make_room(const struct tlb *tlb, uint64_t set)
{
	uint64_t *pages = &tlb->pages[set * tlb->way_count];
	uint64_t all = UINT64_MAX >> (64 - tlb->way_count);
	uint32_t way;

	for (way = 0; way < tlb->way_count; way++)
		if (!pages[way])
			return way;
	if (tlb->used[set] == all) {
		for (way = 0; way < tlb->way_count; way++)
			tlb_forget_front(tlb, pages[way] - 1);
		tlb->used[set] = 0;
	}
	way = (uint32_t)__builtin_ctzll(~tlb->used[set]);
	pages[way] = 0;
	return way;
}

static void forget_in_set(const struct tlb *tlb, uint64_t set, uint64_t first,
			  uint64_t last)
{
	uint64_t *pages = &tlb->pages[set * tlb->way_count];

	for (uint32_t way = 0; way < tlb->way_count; way++) {
		if (!pages[way] || pages[way] - 1 < first || pages[way] - 1 > last)
			continue;
		tlb_forget_front(tlb, pages[way] - 1);
		tlb->used[set] &= ~(UINT64_C(1) << way);
		pages[way] = 0;
	}
}

static void forget_translations(const struct tlb *tlb, uint64_t first, uint64_t last)
{
	uint64_t sets = tlb->set_mask + 1;

	if (!tlb->pages)
		return;
	if (last - first < sets)
		sets = last - first + 1;
	/* As many sets as pages, or all of them. */
	for (uint64_t i = 0; i < sets; i++)
		forget_in_set(tlb, (first + i) & tlb->set_mask, first, last);
}

static void remove_slot(struct pages *pages, uint64_t hole)
{
	uint64_t mask = (UINT64_C(1) << pages->bits) - 1;

	for (uint64_t at = (hole + 1) & mask; pages->slots[at]; at = (at + 1) & mask) {
		uint64_t home = home_slot(slot_page(pages->slots[at]), pages->bits);

		if (((at - home) & mask) >= ((at - hole) & mask)) {
			pages->slots[hole] = pages->slots[at];
			hole = at;
		}
	}
	pages->slots[hole] = 0;
	pages->count--;
}

void pages_forget(struct machine *machine, uint64_t first, uint64_t last)
{
	struct pages *pages = &machine->pages;
	uint64_t size = UINT64_C(1) << pages->bits;

	for (uint32_t i = 0; i < machine->core_count; i++) {
		struct machine_core *core = &machine->cores[i];

		core->home_page = NO_PAGE;
		if (core->ready) {
			forget_translations(&core->dtlb, first, last);
			forget_translations(&core->stlb, first, last);
		}
	}
	if (last - first < pages->count) {
		for (uint64_t page = first; page <= last; page++) {
			uint64_t at = find_slot(pages->slots, pages->bits, page);

			if (pages->slots[at])
				remove_slot(pages, at);
		}
		return;
	}
	/* What moves into the hole is looked at next; what wraps around was looked at. */
	for (uint64_t at = 0; at < size;) {
		uint64_t slot = pages->slots[at];

		if (slot && slot_page(slot) >= first && slot_page(slot) <= last)
			remove_slot(pages, at);
		else
			at++;
	}
}
