/* SPDX-License-Identifier: MIT */
/*
 * Loads, stores and instruction fetches. Nearly all of them hit the way that was used last in
 * its set, on a line that nobody contends for: machine_access() settles these with two
 * comparisons, of the page and of the tag. Everything else takes access_slowly().
 */
#include "machine/tlb.h"

static inline struct front *l1_front(const struct l1 *l1, uint64_t number)
{
	return &l1->fronts[number & l1->cache.set_mask];
}

/* One line: wherever it is, whatever its state. */
static uint64_t access_line(struct machine *machine, struct machine_thread *thread,
			    uint64_t number, uint64_t bytes,
			    enum machine_access_kind kind, uint32_t site)
{
	struct machine_core *core = thread->core;
	struct front *front = l1_front(&core->l1d, number);
	struct request request = {.thread = thread,
				  .core = core,
				  .number = number,
				  .bytes = bytes,
				  .site = site,
				  .write = kind != MACHINE_LOAD};
	uint64_t stall = kind == MACHINE_ATOMIC ? machine->costs.atomic : 0;
	uint64_t tag = number << FRONT_SHIFT | FRONT_VALID;
	struct line *line = use_in_l1(&core->l1d, number);

	if (!line) {
		thread->counters[MACHINE_L1D_MISSES]++;
		stall += obtain_line(machine, &request, &line);
		if (!line)
			return stall;
		place_in_l1(machine, core, &core->l1d, line);
	} else if (request.write) {
		if (line->owner == core->number)
			line->modified = true;
		else
			stall += upgrade_line(machine, &request, line);
	}
	if (request.write) {
		line->written |= bytes;
		line->site = site;
		line->writer = (uint16_t)thread->slot;
	}
	if (line->contended) {
		sharing_touch(machine, &request, line, kind != MACHINE_STORE);
		tag |= FRONT_WATCHED;
	}
	if (line->modified && line->owner == core->number)
		tag |= FRONT_WRITABLE;
	*front = (struct front){.tag = tag, .line = line};
	return stall;
}

static void count_access(struct machine_thread *thread, enum machine_access_kind kind,
			 uint64_t stall)
{
	thread->counters[MACHINE_LOADS] += kind != MACHINE_STORE;
	thread->counters[MACHINE_STORES] += kind != MACHINE_LOAD;
	thread->counters[MACHINE_ATOMICS] += kind == MACHINE_ATOMIC;
	thread->counters[MACHINE_CYCLES] += stall;
}

static inline uint64_t translate_and_access(struct machine *machine,
					    struct machine_thread *thread,
					    uint64_t address, uint32_t bytes,
					    enum machine_access_kind kind,
					    uint32_t site)
{
	uint64_t page = address >> machine->page_shift, stall = 0;
	uint32_t offset = (uint32_t)(address % MACHINE_LINE_BYTES);

	if (*tlb_set(&thread->core->dtlb, page) != page + 1)
		stall = translate(machine, thread, page);
	return stall + access_line(machine, thread, address >> LINE_SHIFT,
				   byte_mask(offset, bytes), kind, site);
}

/* Any access: over the end of a line in pieces of at most a line. */
static __attribute__((noinline)) uint64_t
access_slowly(struct machine *machine, struct machine_thread *thread, uint64_t address,
	      uint64_t bytes, enum machine_access_kind kind, uint32_t site)
{
	uint32_t room = MACHINE_LINE_BYTES - (uint32_t)(address % MACHINE_LINE_BYTES);
	uint64_t stall = 0;

	if (!bytes)
		return 0;
	for (bytes = last_byte(address, bytes) - address + 1; unlikely(bytes > room);
	     room = MACHINE_LINE_BYTES) {
		stall += translate_and_access(machine, thread, address, room, kind,
					      site);
		address += room;
		bytes -= room;
	}
	stall += translate_and_access(machine, thread, address, (uint32_t)bytes, kind,
				      site);
	count_access(thread, kind, stall);
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
	uint64_t writable = number << FRONT_SHIFT | FRONT_VALID | FRONT_WRITABLE;
	const struct front *front = l1_front(&core->l1d, number);
	struct line *line;

	/* 0 bytes wrap around and are too many here. */
	if (unlikely(bytes - 1 >= MACHINE_LINE_BYTES - offset) ||
	    unlikely(*tlb_set(&core->dtlb, page) != page + 1) ||
	    unlikely((front->tag | FRONT_WRITABLE) != writable))
		return access_slowly(machine, thread, address, bytes, kind, site);
	if (kind == MACHINE_LOAD) {
		thread->counters[MACHINE_LOADS]++;
		return 0;
	}
	if (kind == MACHINE_ATOMIC || unlikely(front->tag != writable))
		return access_slowly(machine, thread, address, bytes, kind, site);
	thread->counters[MACHINE_STORES]++;
	line = front->line;
	line->written |= byte_mask(offset, (uint32_t)bytes);
	line->site = site;
	line->writer = (uint16_t)thread->slot;
	return 0;
}

static uint64_t fetch_line(struct machine *machine, struct machine_thread *thread,
			   uint64_t number, uint64_t bytes)
{
	struct machine_core *core = thread->core;
	struct request request = {
		.thread = thread, .core = core, .number = number, .bytes = bytes};
	struct line *line = use_in_l1(&core->l1i, number);
	uint64_t stall = 0;

	if (!line) {
		thread->counters[MACHINE_L1I_MISSES]++;
		stall = obtain_line(machine, &request, &line);
		if (!line)
			return stall;
		line->fetched = true;
		place_in_l1(machine, core, &core->l1i, line);
		if (line->contended)
			sharing_touch(machine, &request, line, true);
	}
	*l1_front(&core->l1i, number) = (struct front){
		.tag = number << FRONT_SHIFT | FRONT_VALID, .line = line};
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
		if (l1_front(&thread->core->l1i, number)->tag !=
		    (number << FRONT_SHIFT | FRONT_VALID))
			stall += fetch_line(machine, thread, number,
					    byte_mask(offset, piece));
		address += piece;
		bytes -= piece;
	}
	thread->counters[MACHINE_CYCLES] += stall;
	return stall;
}
