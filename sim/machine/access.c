/* SPDX-License-Identifier: MIT */
/*
 * Loads, stores and instruction fetches. Nearly all of them hit a line that was used recently and
 * that nobody contends for: machine_access() settles these with two comparisons, of the page and
 * of the tag. Everything else takes access_slowly().
 */
#include "machine/park.h"
#include "machine/run.h"

/* The next access to the line may be settled by its front. */
static inline void show(struct machine_core *core, struct line *line)
{
	uint64_t bits = FRONT_VALID;

	if (line->modified && line->owner == core->number)
		bits |= FRONT_WRITABLE;
	if (!line->contended)
		bits |= FRONT_QUIET;
	set_front(&core->l1d, line, bits);
}

/* The line is missing (NULL), not the core's to write, or contended. */
static __attribute__((noinline)) uint64_t
access_state(struct machine *machine, const struct request *request, struct line *line)
{
	struct machine_core *core = request->core;
	uint64_t stall = 0;

	if (!line) {
		request->thread->counters[MACHINE_L1D_MISSES]++;
		stall = obtain_line(machine, request, &line);
		if (!line)
			return stall;
		place_in_l1(machine, core, &core->l1d, line);
	} else {
		if (request->write && line->owner != core->number)
			stall = upgrade_line(machine, request, line);
		if (line->contended)
			sharing_touch(machine, request, line);
	}
	if (request->write) {
		line->modified = true;
		write_line(line, request->thread, request->bytes, request->site);
	}
	show(core, line);
	return stall;
}

__attribute__((noinline)) uint64_t
access_anywhere(struct machine *machine, struct machine_thread *thread, uint64_t number,
		uint64_t bytes, enum machine_access_kind kind, uint32_t site)
{
	struct machine_core *core = thread->core;
	uint64_t atomic = kind == MACHINE_ATOMIC ? machine->costs.atomic : 0;
	bool write = kind != MACHINE_LOAD;
	const struct front *front = l1_front(&core->l1d, number);
	struct line *line = NULL, *lost = NULL;
	struct request request;

	if ((front->tag | FRONT_WRITABLE | FRONT_QUIET) ==
	    (number << LINE_SHIFT | FRONT_ALL)) {
		line = front->line;
	} else {
		lost = lost_line(core, front, number);
		if (!lost) {
			/* Most often it is there that the search goes on. */
			cache_prefetch(&core->l2, number);
			clear_parking(core, number);
			line = use_line(&core->l1d, number);
		}
	}
	if (likely(line && !line->contended &&
		   (!write || line->owner == core->number))) {
		if (write) {
			line->modified = true;
			write_line(line, thread, bytes, site);
		}
		show(core, line);
		return atomic;
	}
	request = (struct request){.thread = thread,
				   .core = core,
				   .number = number,
				   .bytes = bytes,
				   .site = site,
				   .write = write,
				   .read = kind != MACHINE_STORE,
				   .lost = lost};
	return atomic + access_state(machine, &request, line);
}

/* One line, whose page is marked. Ends with a tail call. */
static inline __attribute__((always_inline)) uint64_t
access_line(struct machine *machine, struct machine_thread *thread, uint64_t number,
	    uint64_t bytes, enum machine_access_kind kind, uint32_t site)
{
	struct front *front = l1_front(&thread->core->l1d, number);

	if (is_known(front, number) && front->line->contended)
		return access_contended(machine, thread, front, bytes, kind, site);
	return access_anywhere(machine, thread, number, bytes, kind, site);
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

	if (!tlb_is_used(&thread->core->dtlb, page))
		stall = translate(machine, thread, page);
	return stall + access_line(machine, thread, address >> LINE_SHIFT,
				   byte_mask(offset, bytes), kind, site);
}

/*
 * Over the end of a line in pieces of at most a line. L1D misses are counted by access, as for
 * retired loads and stores, and not by line: several are one.
 */
static uint64_t access_slowly(struct machine *machine, struct machine_thread *thread,
			      uint64_t address, uint64_t bytes,
			      enum machine_access_kind kind, uint32_t site)
{
	uint32_t room = MACHINE_LINE_BYTES - (uint32_t)(address % MACHINE_LINE_BYTES);
	uint64_t *misses = &thread->counters[MACHINE_L1D_MISSES], before = *misses;
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
	if (*misses > before + 1)
		*misses = before + 1;
	return stall;
}

uint64_t run_translate(struct machine *machine, struct machine_thread *thread,
		       uint64_t address)
{
	if (!address)
		return 0;
	/* A line of a page that was not used recently is likely not to be in L1D either. */
	cache_prefetch(&thread->core->l2, address >> LINE_SHIFT);
	return translate(machine, thread, address >> machine->page_shift);
}

uint64_t run_reference_slowly(struct machine *machine, struct machine_thread *thread,
			      const struct machine_reference *reference,
			      uint64_t address)
{
	enum machine_access_kind kind = (enum machine_access_kind)reference->kind;
	uint32_t offset = (uint32_t)(address % MACHINE_LINE_BYTES);
	uint64_t bytes = reference->mask << offset;

	if (unlikely(!address)) {
		machine_take_back(thread, reference);
		return 0;
	}
	thread->counters[MACHINE_ATOMICS] += kind == MACHINE_ATOMIC;
	if (unlikely(bytes >> offset != reference->mask))
		return access_slowly(machine, thread, address,
				     machine_reference_bytes(reference), kind,
				     reference->site);
	return access_line(machine, thread, address >> LINE_SHIFT, bytes, kind,
			   reference->site);
}

/* Within a line, on a page that is known to be marked. */
static __attribute__((noinline)) uint64_t
access_translated(struct machine *machine, struct machine_thread *thread,
		  uint64_t address, uint64_t bytes, enum machine_access_kind kind,
		  uint32_t site)
{
	uint32_t offset = (uint32_t)(address % MACHINE_LINE_BYTES);
	uint64_t stall = access_line(machine, thread, address >> LINE_SHIFT,
				     byte_mask(offset, (uint32_t)bytes), kind, site);

	count_access(thread, kind, stall);
	return stall;
}

static __attribute__((noinline)) uint64_t
access_and_count(struct machine *machine, struct machine_thread *thread,
		 uint64_t address, uint64_t bytes, enum machine_access_kind kind,
		 uint32_t site)
{
	uint64_t stall;

	if (!bytes)
		return 0;
	stall = access_slowly(machine, thread, address, bytes, kind, site);
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
	uint64_t page = address >> machine->page_shift;
	const struct front *front = l1_front(&core->l1d, address >> LINE_SHIFT);

	/* 0 bytes wrap around and are too many here. */
	if (unlikely(bytes - 1 >= MACHINE_LINE_BYTES - offset) ||
	    unlikely(!tlb_is_used(&core->dtlb, page)))
		return access_and_count(machine, thread, address, bytes, kind, site);
	if (unlikely((front->tag | FRONT_WRITABLE) != hit_tag(address)))
		return access_translated(machine, thread, address, bytes, kind, site);
	if (kind == MACHINE_LOAD) {
		thread->counters[MACHINE_LOADS]++;
		return 0;
	}
	if (kind == MACHINE_ATOMIC || unlikely(!(front->tag & FRONT_WRITABLE)))
		return access_translated(machine, thread, address, bytes, kind, site);
	thread->counters[MACHINE_STORES]++;
	write_line(front->line, thread, byte_mask(offset, (uint32_t)bytes), site);
	return 0;
}

static uint64_t fetch_line(struct machine *machine, struct machine_thread *thread,
			   uint64_t number, uint64_t bytes)
{
	struct machine_core *core = thread->core;
	struct request request = {.thread = thread,
				  .core = core,
				  .number = number,
				  .bytes = bytes,
				  .read = true};
	struct line *line = use_line(&core->l1i, number);
	uint64_t stall = 0;

	if (!line) {
		thread->counters[MACHINE_L1I_MISSES]++;
		stall = obtain_line(machine, &request, &line);
		if (!line)
			return stall;
		line->fetched = true;
		place_in_l1(machine, core, &core->l1i, line);
	}
	set_front(&core->l1i, line, FRONT_VALID);
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
		    (number << LINE_SHIFT | FRONT_VALID))
			stall += fetch_line(machine, thread, number,
					    byte_mask(offset, piece));
		address += piece;
		bytes -= piece;
	}
	thread->counters[MACHINE_CYCLES] += stall;
	return stall;
}
