/* SPDX-License-Identifier: MIT */
/* Memory that goes away: what is mapped there later is other memory. */
#include "machine/cache.h"

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
	if (last - first < machine->directory.count) {
		for (uint64_t number = first; number <= last; number++) {
			struct line *line = directory_find(machine, number);

			if (line)
				forget_line(machine, line);
		}
		return;
	}
	for (struct chunk *chunk = machine->directory.chunks; chunk;
	     chunk = chunk->next)
		for (uint32_t i = 0; i < chunk->used; i++) {
			struct line *line = chunk_line(machine, chunk, i);

			if (line->number != LINE_FREE && line->number >= first &&
			    line->number <= last)
				forget_line(machine, line);
		}
}

/* Line by line, or by a walk through all sets, whichever is shorter. */
static void forget_in_llc(const struct machine *machine, uint32_t llc, uint64_t first,
			  uint64_t last)
{
	const struct cache *cache = &machine->llcs[llc].cache;
	uint64_t sets = (cache->set_mask + 1) * cache->slices;

	if (last - first < sets) {
		for (uint64_t number = first; number <= last; number++)
			remove_from_llc(machine, llc, number);
		return;
	}
	for (uint64_t set = 0; set < sets; set++)
		for (uint32_t way = 0; way < cache->way_count; way++) {
			uint64_t word = *cache_word(cache, set, way);

			if (word && word >> LLC_SHIFT >= first &&
			    word >> LLC_SHIFT <= last)
				cache_drop(cache, set, way);
		}
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
		forget_in_llc(machine, (uint32_t)__builtin_ctz(left), first, last);
	pages_forget(machine, first_page, last_page);
}
