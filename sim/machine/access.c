/* SPDX-License-Identifier: MIT */
/*
 * Loads, stores and instruction fetches. Nearly all of them hit the way that was used last in
 * its set, on a line that nobody contends for: machine_access() settles these with two
 * comparisons, of the page and of the tag. Everything else takes access_pieces().
 */
#include "machine/place.h"

/* One line: wherever it is, whatever its state. */
static uint64_t access_line(struct machine *machine, struct machine_thread *thread,
			    uint64_t number, uint64_t bytes,
			    enum machine_access_kind kind, uint32_t site)
{
	struct machine_core *core = thread->core;
	struct way *set = l1_set(&core->l1d, number);
	struct request request = {.thread = thread,
				  .core = core,
				  .number = number,
				  .bytes = bytes,
				  .site = site,
				  .write = kind != MACHINE_LOAD};
	uint64_t stall = kind == MACHINE_ATOMIC ? machine->costs.atomic : 0;
	struct line *line;

	if (!l1_use(set, core->l1d.way_count, number)) {
		thread->counters[MACHINE_L1D_MISSES]++;
		stall += obtain_line(machine, &request, &line);
		if (!line)
			return stall;
		place_in_l1(machine, core, &core->l1d, line);
	} else {
		line = set[0].line;
		if (!request.write)
			;
		else if (line->owner == core->number)
			line->modified = true;
		else
			stall += upgrade_line(machine, &request, line);
	}
	if (request.write) {
		line->written |= bytes;
		line->site = site;
		line->writer = (uint16_t)thread->slot;
	}
	set[0].tag = number << WAY_SHIFT | WAY_VALID;
	if (line->contended) {
		sharing_touch(machine, &request, line, kind != MACHINE_STORE);
		set[0].tag |= WAY_WATCHED;
	}
	if (line->modified && line->owner == core->number)
		set[0].tag |= WAY_WRITABLE;
	return stall;
}

/*
 * Any access: over the ends of lines, in pieces of at most a line, and to pages that are not the
 * last of their TLB set.
 */
static __attribute__((noinline)) uint64_t
access_pieces(struct machine *machine, struct machine_thread *thread, uint64_t address,
	      uint64_t bytes, enum machine_access_kind kind, uint32_t site)
{
	uint64_t stall = 0;

	if (!bytes)
		return 0;
	bytes = last_byte(address, bytes) - address + 1;
	while (bytes) {
		uint32_t offset = (uint32_t)(address % MACHINE_LINE_BYTES);
		uint32_t piece = MACHINE_LINE_BYTES - offset;
		uint64_t page = address >> machine->page_shift;

		if (piece > bytes)
			piece = (uint32_t)bytes;
		if (*tlb_set(&thread->core->dtlb, page) != page + 1)
			stall += translate(machine, thread, page);
		stall += access_line(machine, thread, address >> LINE_SHIFT,
				     byte_mask(offset, piece), kind, site);
		address += piece;
		bytes -= piece;
	}
	thread->counters[MACHINE_LOADS] += kind != MACHINE_STORE;
	thread->counters[MACHINE_STORES] += kind != MACHINE_LOAD;
	thread->counters[MACHINE_ATOMICS] += kind == MACHINE_ATOMIC;
	thread->counters[MACHINE_CYCLES] += stall;
	return stall;
}

/* Only what needs no stack frame happens here; the rest is a tail call. */
uint64_t machine_access(struct machine *machine, struct machine_thread *thread,
			uint64_t address, uint64_t bytes, enum machine_access_kind kind,
			uint32_t site)
{
	const struct machine_core *core = thread->core;
	uint32_t offset = (uint32_t)(address % MACHINE_LINE_BYTES);
	uint64_t number = address >> LINE_SHIFT, page = address >> machine->page_shift;
	uint64_t writable = number << WAY_SHIFT | WAY_VALID | WAY_WRITABLE;
	const struct way *way = l1_set(&core->l1d, number);
	struct line *line;

	/* 0 bytes wrap around and are too many here. */
	if (unlikely(bytes - 1 >= MACHINE_LINE_BYTES - offset) ||
	    unlikely(*tlb_set(&core->dtlb, page) != page + 1) ||
	    unlikely((way->tag | WAY_WRITABLE) != writable))
		return access_pieces(machine, thread, address, bytes, kind, site);
	if (kind == MACHINE_LOAD) {
		thread->counters[MACHINE_LOADS]++;
		return 0;
	}
	if (kind == MACHINE_ATOMIC || unlikely(way->tag != writable))
		return access_pieces(machine, thread, address, bytes, kind, site);
	thread->counters[MACHINE_STORES]++;
	line = way->line;
	line->written |= byte_mask(offset, (uint32_t)bytes);
	line->site = site;
	line->writer = (uint16_t)thread->slot;
	return 0;
}

static uint64_t fetch_line(struct machine *machine, struct machine_thread *thread,
			   uint64_t number, uint64_t bytes)
{
	struct machine_core *core = thread->core;
	struct way *set = l1_set(&core->l1i, number);
	struct request request = {
		.thread = thread, .core = core, .number = number, .bytes = bytes};
	struct line *line;
	uint64_t stall;

	if (l1_use(set, core->l1i.way_count, number))
		return 0;
	thread->counters[MACHINE_L1I_MISSES]++;
	stall = obtain_line(machine, &request, &line);
	if (!line)
		return stall;
	place_in_l1(machine, core, &core->l1i, line);
	if (line->contended)
		sharing_touch(machine, &request, line, true);
	return stall;
}

uint64_t machine_fetch(struct machine *machine, struct machine_thread *thread,
		       uint64_t address, uint64_t bytes)
{
	uint64_t stall = 0;

	bytes = bytes ? last_byte(address, bytes) - address + 1 : 0;
	while (bytes) {
		uint32_t offset = (uint32_t)(address % MACHINE_LINE_BYTES);
		uint32_t piece = MACHINE_LINE_BYTES - offset;
		uint64_t number = address >> LINE_SHIFT;

		if (piece > bytes)
			piece = (uint32_t)bytes;
		if (!way_is(l1_set(&thread->core->l1i, number), number))
			stall += fetch_line(machine, thread, number,
					    byte_mask(offset, piece));
		address += piece;
		bytes -= piece;
	}
	thread->counters[MACHINE_CYCLES] += stall;
	return stall;
}
