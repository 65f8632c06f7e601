/* SPDX-License-Identifier: MIT */
/* Memory that goes away: what is mapped there later is other memory. */
#include "machine/place.h"

static void forget_line(struct machine *machine, struct line *line)
{
	for (uint32_t i = 0; i < machine->words; i++)
		while (line->holders[i])
			remove_from_core(
				machine,
				&machine->cores[i * 64 +
						__builtin_ctzll(line->holders[i])],
				line);
	directory_remove(machine, line);
}

/* By look-ups, or by a walk through all that are held, whichever is shorter. */
static void forget_held_lines(struct machine *machine, uint64_t first, uint64_t last)
{
	const struct directory *directory = &machine->directory;

	if (last - first < directory->fresh) {
		for (uint64_t number = first; number <= last; number++) {
			struct line *line = directory_find(machine, number);

			if (line)
				forget_line(machine, line);
		}
		return;
	}
	for (uint32_t i = 0; i < directory->fresh; i++) {
		struct line *line = line_at(machine, i);

		if (line->number != LINE_FREE && line->number >= first &&
		    line->number <= last)
			forget_line(machine, line);
	}
}

static void forget_in_set(uint64_t *ways, uint32_t count, uint64_t first, uint64_t last)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t here = ways[i], number = here >> LLC_SHIFT;

		ways[i] = 0;
		if (here && (number < first || number > last))
			ways[kept++] = here;
	}
}

/* Set by set of the lines, or all sets, whichever are fewer. */
static void forget_in_llc(const struct llc *llc, uint64_t first, uint64_t last)
{
	uint64_t sets = (llc->set_mask + 1) * llc->slices;

	if (last - first < sets)
		for (uint64_t number = first; number <= last; number++)
			forget_in_set(llc_set(llc, number), llc->way_count, number,
				      number);
	else
		for (uint64_t i = 0; i < sets; i++)
			forget_in_set(llc->ways + i * llc->way_count, llc->way_count,
				      first, last);
}

void machine_unmap(struct machine *machine, uint64_t address, uint64_t bytes)
{
	uint32_t lines_shift = machine->page_shift - LINE_SHIFT;
	uint64_t first_page, last_page, first, last;

	if (!bytes)
		return;
	first_page = address >> machine->page_shift;
	last_page = last_byte(address, bytes) >> machine->page_shift;
	first = first_page << lines_shift;
	last = ((last_page + 1) << lines_shift) - 1;
	sharing_close(machine, first, last);
	forget_held_lines(machine, first, last);
	for (uint32_t left = machine->llcs_used; left; left &= left - 1)
		forget_in_llc(&machine->llcs[__builtin_ctz(left)], first, last);
	pages_forget(machine, first_page, last_page);
}
