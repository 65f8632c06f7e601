/* SPDX-License-Identifier: MIT */
/*
 * Blocks in a tree by address.
 */
#include "tool/heap.h"

#include <pub_tool_oset.h>

#include "tool/main.h"

#define NOTES_MAX    (1u << 14)
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

uint32_t heap_note(void *context, uint64_t line)
{
	uint32_t count = heap.note_count;
	struct heap_note *note;

	(void)context;
	if (count == NOTES_MAX)
		return 0;
	if (!(count & (count + 1))) /* 0, 1, 3, 7, ...: grow to the next power of two */
		heap.notes = VG_(realloc)("autoperf.notes", heap.notes,
					  2 * (count + 1) * sizeof(*heap.notes));
	note = &heap.notes[count];
	VG_(memset)(note, 0, sizeof(*note));
	if (heap.blocks)
		note_blocks(note, line);
	if (!note->block_count)
		describe_data(line, &note->other);
	return ++heap.note_count;
}

const struct heap_note *heap_get_note(uint32_t number)
{
	return number && number <= heap.note_count ? &heap.notes[number - 1] : NULL;
}
