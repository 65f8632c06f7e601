/* SPDX-License-Identifier: MIT */
/*
 * Filling and emptying caches. What a fill pushes out goes one level further: from L1 to L2
 * when it is modified and L2 has no copy, from the core to the LLC, from the LLC to nowhere
 * (memory always has room). The line being filled must already have its holder's bit, so that
 * no eviction on the way takes it for unused.
 */
#include "machine/place.h"

static bool l1_remove(const struct l1 *l1, uint64_t number)
{
	struct way *way = l1_find(l1, number);
	struct way *last = l1_set(l1, number) + l1->way_count - 1;

	if (!way)
		return false;
	for (; way < last; way++)
		way[0] = way[1];
	*last = (struct way){0};
	return true;
}

static void l2_remove(const struct l2 *l2, const struct line *line)
{
	uint32_t *set = l2_set(l2, line->number);
	uint32_t at = 0, last = l2->way_count - 1;

	while (set[at] != line->index + 1)
		if (++at > last)
			return;
	for (; at < last; at++)
		set[at] = set[at + 1];
	set[last] = 0;
}

static bool l2_has(const struct l2 *l2, const struct line *line)
{
	const uint32_t *set = l2_set(l2, line->number);

	for (uint32_t i = 0; i < l2->way_count; i++)
		if (set[i] == line->index + 1)
			return true;
	return false;
}

/* The core's state becomes I; emptying its caches is the caller's. */
static void give_up(struct machine *machine, const struct machine_core *core,
		    struct line *line)
{
	if (line->contended)
		sharing_lose(machine, line, core->number);
	line->holders[core->number / 64] &= ~(UINT64_C(1) << core->number % 64);
	if (line->owner == core->number) {
		line->owner = NO_CORE;
		line->modified = false;
	}
}

void remove_from_core(struct machine *machine, struct machine_core *core,
		      struct line *line)
{
	l1_remove(&core->l1d, line->number);
	l1_remove(&core->l1i, line->number);
	if (core->l2.ways)
		l2_remove(&core->l2, line);
	give_up(machine, core, line);
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
	const struct llc *llc = &machine->llcs[core->llc];
	uint64_t number = line->number;

	give_up(machine, core, line);
	remove_if_unused(machine, line);
	if (!(modified || machine->llc_victim) || machine->llc_inclusive || !llc->ways)
		return;
	if (!llc_find(llc_set(llc, number), llc->way_count, number))
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
	uint64_t *set = llc_set(&machine->llcs[llc], number);
	uint64_t carried = number << LLC_SHIFT | bits;

	machine->llcs_used |= UINT32_C(1) << llc;
	for (uint32_t i = 0; carried && i < machine->llcs[llc].way_count; i++) {
		uint64_t here = set[i];

		set[i] = carried;
		carried = here;
	}
	if (carried && machine->llc_inclusive)
		back_invalidate(machine, llc, carried >> LLC_SHIFT);
}

static void fell_out_of_l2(struct machine *machine, struct machine_core *core,
			   struct line *line)
{
	if (machine->l2_inclusive) {
		l1_remove(&core->l1d, line->number);
		l1_remove(&core->l1i, line->number);
	} else if (l1_find(&core->l1d, line->number) ||
		   l1_find(&core->l1i, line->number)) {
		return;
	}
	leave_core(machine, core, line);
}

void place_in_l2(struct machine *machine, struct machine_core *core, struct line *line)
{
	uint32_t *set = l2_set(&core->l2, line->number);
	uint32_t carried = line->index + 1;

	for (uint32_t i = 0; carried && i < core->l2.way_count; i++) {
		uint32_t here = set[i];

		set[i] = carried;
		carried = here;
	}
	if (carried)
		fell_out_of_l2(machine, core, line_at(machine, carried - 1));
}

static void fell_out_of_l1(struct machine *machine, struct machine_core *core,
			   const struct l1 *l1, struct line *line)
{
	const struct l1 *other = l1 == &core->l1d ? &core->l1i : &core->l1d;

	if (machine->l2_inclusive)
		return;
	if ((core->l2.ways && l2_has(&core->l2, line)) || l1_find(other, line->number))
		return;
	/* Clean lines are dropped; L2 lost them earlier. */
	if (core->l2.ways && line->modified && line->owner == core->number)
		place_in_l2(machine, core, line);
	else
		leave_core(machine, core, line);
}

void place_in_l1(struct machine *machine, struct machine_core *core, struct l1 *l1,
		 struct line *line)
{
	struct way *set = l1_set(l1, line->number);
	uint32_t last = l1->way_count - 1;
	struct way evicted = set[last];

	for (uint32_t i = last; i; i--)
		set[i] = set[i - 1];
	set[0].tag = line->number << WAY_SHIFT | WAY_VALID;
	set[0].line = line;
	if (evicted.tag)
		fell_out_of_l1(machine, core, l1, evicted.line);
}
