/* SPDX-License-Identifier: MIT */
/*
 * Blocks in a tree by address.
 */
#include "tool/heap.h"

#include <pub_tool_oset.h>

#include "tool/main.h"

#define NOTES_MAX    (1u << 14)
#define BARE_SLOTS   4096u
#define HEAP_GRANULE 16u /* blocks of all usual allocators begin at multiples of it */

/* A node of the tree; the key is [address, address + bytes). */
struct heap_block {
	uint64_t address;
	uint64_t bytes;
	ExeContext *where;
	bool noted; /* some line of it is, or was, contended */
};

static struct {
	OSet *blocks;
	struct heap_note *notes;
	uint32_t note_count;
	uint32_t *
		unused; /* [NOTES_MAX] numbers of notes that no line of the report has */
	uint32_t unused_count;
	/* Lines that became contended while no block was there; 0: none. */
	uint64_t bare[BARE_SLOTS];
} heap;

static Word compare(const void *key, const void *element)
{
	uint64_t address = *(const uint64_t *)key;
	const struct heap_block *block = element;

	if (address < block->address)
		return -1;
	return address - block->address < block->bytes ? 0 : 1;
}

static void *allocate_node(const HChar *label, SizeT bytes)
{
	return VG_(malloc)(label, bytes);
}

/* A table without chains: a line that is overwritten is found no more, which costs a name. */
static uint64_t *bare_slot(uint64_t line)
{
	return &heap.bare[line / MACHINE_LINE_BYTES % BARE_SLOTS];
}

static void dress(uint64_t *slot)
{
	if (*slot)
		machine_lines_close(tool.machine, *slot, MACHINE_LINE_BYTES);
	*slot = 0;
}

/*
 * Allocators write to a block before they hand it out, and so may be the first to contend for its
 * lines: what comes from now on is a line of the block.
 */
static void dress_lines(uint64_t address, uint64_t bytes)
{
	uint64_t first = address & ~(uint64_t)(MACHINE_LINE_BYTES - 1);
	uint64_t last = address + bytes - 1;

	if (bytes / MACHINE_LINE_BYTES < BARE_SLOTS) {
		for (uint64_t line = first; line <= last; line += MACHINE_LINE_BYTES)
			if (*bare_slot(line) == line)
				dress(bare_slot(line));
		return;
	}
	for (uint32_t i = 0; i < BARE_SLOTS; i++)
		if (heap.bare[i] >= first && heap.bare[i] <= last)
			dress(&heap.bare[i]);
}

void heap_allocate(uint64_t address, uint64_t bytes, ExeContext *where)
{
	struct heap_block *block;

	if (!heap.blocks)
		heap.blocks = VG_(OSetGen_Create)(0, compare, allocate_node,
						  "autoperf.heap", VG_(free));
	/* What lies there is over: its end was not seen. */
	heap_free(address);
	if (VG_(OSetGen_Lookup)(heap.blocks, &address))
		return; /* inside a block of another allocator */
	block = VG_(OSetGen_AllocNode)(heap.blocks, sizeof(*block));
	block->address = address;
	block->bytes = bytes ? bytes : 1;
	block->where = where;
	block->noted = false;
	VG_(OSetGen_Insert)(heap.blocks, block);
	dress_lines(address, block->bytes);
}

void heap_free(uint64_t address)
{
	struct heap_block *block =
		heap.blocks ? VG_(OSetGen_Lookup)(heap.blocks, &address) : NULL;

	if (!block || block->address != address)
		return;
	/* Lines of the block that nobody contended for have nothing to close. */
	if (block->noted)
		machine_lines_close(tool.machine, address, block->bytes);
	VG_(OSetGen_Remove)(heap.blocks, &address);
	VG_(OSetGen_FreeNode)(heap.blocks, block);
}

static bool has_blocks(uint64_t line)
{
	for (uint64_t at = line; heap.blocks && at < line + MACHINE_LINE_BYTES;
	     at += HEAP_GRANULE)
		if (VG_(OSetGen_Lookup)(heap.blocks, &at))
			return true;
	return false;
}

/* The blocks that have bytes on the line. */
static void note_blocks(struct heap_note *note, uint64_t line)
{
	uint64_t at = line, end = line + MACHINE_LINE_BYTES;

	while (at < end && note->block_count < HEAP_NOTE_BLOCKS) {
		struct heap_block *block = VG_(OSetGen_Lookup)(heap.blocks, &at);

		if (!block) {
			at += HEAP_GRANULE;
			continue;
		}
		block->noted = true;
		note->blocks[note->block_count++] = (struct heap_noted_block){
			.address = block->address,
			.bytes = block->bytes,
			.where = block->where,
		};
		/* Blocks begin at multiples of the granule. */
		at = (block->address + block->bytes + HEAP_GRANULE - 1) &
		     ~(uint64_t)(HEAP_GRANULE - 1);
	}
}

/* The machine forgets the cheapest lines, and says nothing: their notes are looked for. */
static void find_unused(void)
{
	static bool used[NOTES_MAX + 1];
	size_t capacity = tool.config->sharing_lines, count;
	const struct machine_line **lines = VG_(malloc)(
		"autoperf.notes", (capacity + 1) * sizeof(const struct machine_line *));

	if (!heap.unused)
		heap.unused =
			VG_(malloc)("autoperf.notes", NOTES_MAX * sizeof(*heap.unused));
	VG_(memset)(used, 0, sizeof(used));
	count = machine_lines(tool.machine, lines, capacity);
	for (size_t i = 0; i < count; i++)
		if (lines[i]->note <= NOTES_MAX)
			used[lines[i]->note] = true;
	for (uint32_t number = 1; number <= NOTES_MAX; number++)
		if (!used[number])
			heap.unused[heap.unused_count++] = number;
	VG_(free)(lines);
}

/* 0: every note is in use. */
static uint32_t take_note(void)
{
	uint32_t count = heap.note_count;

	if (count < NOTES_MAX) {
		/* 0, 1, 3, 7, ...: grow to the next power of two */
		if (!(count & (count + 1)))
			heap.notes =
				VG_(realloc)("autoperf.notes", heap.notes,
					     2 * (count + 1) * sizeof(*heap.notes));
		return ++heap.note_count;
	}
	if (!heap.unused_count)
		find_unused();
	return heap.unused_count ? heap.unused[--heap.unused_count] : 0;
}

uint32_t heap_note(void *context, uint64_t line)
{
	bool has_block = has_blocks(line);
	struct heap_note *note;
	uint32_t number;

	(void)context;
	/* What else there is will still be there at the end. */
	if (!has_block && !describe_is_of_thread(line)) {
		*bare_slot(line) = line;
		return 0;
	}
	number = take_note();
	if (!number)
		return 0;
	note = &heap.notes[number - 1];
	VG_(memset)(note, 0, sizeof(*note));
	if (has_block)
		note_blocks(note, line);
	else
		describe_data(line, &note->other);
	return number;
}

const struct heap_note *heap_get_note(uint32_t number)
{
	return number && number <= heap.note_count ? &heap.notes[number - 1] : NULL;
}
