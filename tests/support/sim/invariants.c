/* SPDX-License-Identifier: MIT */
/* See invariants.h. */
#include "support/sim/invariants.h"

#include <stdlib.h>

#include "machine/place.h"

/* Copies that the walk through all caches has found, by line index and core. */
struct walk {
	const struct machine *machine;
	uint8_t *found; /* levels, as bits: 1 L1D, 2 L1I, 4 L2 */
	const char *broken;
};

enum level { LEVEL_L1D = 1, LEVEL_L1I = 2, LEVEL_L2 = 4 };

static void expect(struct walk *walk, bool holds_true, const char *rule)
{
	if (!holds_true && !walk->broken)
		walk->broken = rule;
}

static void note(struct walk *walk, const struct line *line, uint32_t core,
		 enum level level)
{
	uint8_t *found = &walk->found[line->index * walk->machine->core_count + core];

	expect(walk, line->number != LINE_FREE,
	       "a cache holds a line that does not exist");
	expect(walk, !(*found & level), "a line is twice in one cache");
	*found |= (uint8_t)level;
}

static void check_l1(struct walk *walk, const struct machine_core *core,
		     const struct l1 *l1, enum level level)
{
	for (uint64_t i = 0; i < (l1->set_mask + 1) * l1->way_count; i++) {
		const struct way *way = &l1->ways[i];
		const struct line *line = way->line;
		uint64_t number = way->tag >> WAY_SHIFT;

		if (!way->tag) {
			expect(walk,
			       (i + 1) % l1->way_count == 0 || !l1->ways[i + 1].tag,
			       "an empty L1 way is before a used one");
			continue;
		}
		note(walk, line, core->number, level);
		expect(walk, line->number == number,
		       "an L1 way points to another line");
		expect(walk, (number & l1->set_mask) == i / l1->way_count,
		       "a line is in the wrong L1 set");
		if (level == LEVEL_L1I)
			continue;
		expect(walk,
		       !(way->tag & WAY_WRITABLE) ==
			       !(line->modified && line->owner == core->number),
		       "a writable L1 way is not modified and owned, or the reverse");
		expect(walk, !line->contended || way->tag & WAY_WATCHED,
		       "a contended line is not watched");
	}
}

static void check_l2(struct walk *walk, const struct machine_core *core)
{
	const struct l2 *l2 = &core->l2;

	for (uint64_t i = 0; l2->ways && i < (l2->set_mask + 1) * l2->way_count; i++) {
		const struct line *line;

		if (!l2->ways[i]) {
			expect(walk, (i + 1) % l2->way_count == 0 || !l2->ways[i + 1],
			       "an empty L2 way is before a used one");
			continue;
		}
		line = line_at(walk->machine, l2->ways[i] - 1);
		note(walk, line, core->number, LEVEL_L2);
		expect(walk, (line->number & l2->set_mask) == i / l2->way_count,
		       "a line is in the wrong L2 set");
	}
}

static bool in_llc(const struct machine *machine, uint32_t llc, uint64_t number)
{
	const struct llc *cache = &machine->llcs[llc];

	return cache->ways &&
	       llc_find(llc_set(cache, number), cache->way_count, number);
}

static void check_line(struct walk *walk, const struct line *line)
{
	const struct machine *machine = walk->machine;
	uint32_t holders = 0;

	expect(walk, directory_find(machine, line->number) == line,
	       "the directory does not find a line");
	for (uint32_t i = 0; i < machine->core_count; i++) {
		uint8_t found = walk->found[line->index * machine->core_count + i];

		expect(walk, holds(line, i) == (found != 0),
		       "the directory and the caches of a core differ");
		expect(walk, !found || !machine->l2_inclusive || found & LEVEL_L2,
		       "an L1 holds what the inclusive L2 does not");
		expect(walk,
		       !found || !machine->llc_inclusive ||
			       in_llc(machine, machine->cores[i].llc, line->number),
		       "a core holds what the inclusive LLC does not");
		holders += found != 0;
	}
	expect(walk, holders, "a line that nobody holds is in the directory");
	expect(walk, line->owner != NO_CORE || !line->modified,
	       "a line is modified by nobody");
	if (line->owner == NO_CORE)
		return;
	expect(walk, holds(line, line->owner), "the owner does not hold the line");
	expect(walk, holders == 1, "an owned line has another holder");
	for (uint32_t i = 0; i < machine->llc_count; i++)
		expect(walk,
		       i == machine->cores[line->owner].llc ||
			       !in_llc(machine, i, line->number),
		       "an owned line is in another LLC");
}

static void check_llc(struct walk *walk, uint32_t number)
{
	const struct machine *machine = walk->machine;
	const struct llc *llc = &machine->llcs[number];
	uint64_t sets = (llc->set_mask + 1) * llc->slices;

	for (uint64_t i = 0; llc->ways && i < sets * llc->way_count; i++) {
		uint64_t way = llc->ways[i], line = way >> LLC_SHIFT;

		if (!way) {
			expect(walk, (i + 1) % llc->way_count == 0 || !llc->ways[i + 1],
			       "an empty LLC way is before a used one");
			continue;
		}
		expect(walk,
		       llc_find(llc_set(llc, line), llc->way_count, line) ==
			       &llc->ways[i],
		       "a line is in the wrong LLC set, or twice in it");
		for (uint32_t k = 0; k < machine->llc_count && !(way & LLC_SHARED); k++)
			expect(walk, k == number || !in_llc(machine, k, line),
			       "an LLC does not know that another has the line");
	}
}

const char *broken_invariant(const struct machine *machine)
{
	const struct directory *directory = &machine->directory;
	struct walk walk = {.machine = machine};
	uint32_t live = 0;

	walk.found = calloc((size_t)directory->fresh * machine->core_count + 1, 1);
	if (!walk.found)
		return "no memory for the check";
	for (uint32_t i = 0; i < machine->core_count; i++) {
		const struct machine_core *core = &machine->cores[i];

		if (!core->ready)
			continue;
		check_l1(&walk, core, &core->l1d, LEVEL_L1D);
		check_l1(&walk, core, &core->l1i, LEVEL_L1I);
		check_l2(&walk, core);
	}
	for (uint32_t i = 0; i < directory->fresh; i++) {
		const struct line *line = line_at(machine, i);

		if (line->number == LINE_FREE)
			continue;
		live++;
		check_line(&walk, line);
	}
	expect(&walk, live == directory->count, "the directory's count is wrong");
	for (uint32_t i = 0; i < machine->llc_count; i++)
		check_llc(&walk, i);
	free(walk.found);
	return walk.broken;
}
