/* SPDX-License-Identifier: MIT */
/*
 * Blocks in a tree by address.
 */
#include "tool/heap.h"

#include <pub_tool_oset.h>

#include "tool/main.h"

#define NOTES_MAX (1u << 16)

/* A node of the tree; the key is [address, address + bytes). */
struct heap_block {
	uint64_t address;
	uint64_t bytes;
	ExeContext *where;
	uint32_t note; /* 0: none yet */
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
	block->note = 0;
	VG_(OSetGen_Insert)(heap.blocks, block);
}

void heap_free(uint64_t address)
{
	struct heap_block *block =
		heap.blocks ? VG_(OSetGen_Lookup)(heap.blocks, &address) : NULL;

	if (!block || block->address != address)
		return;
	/* Lines of the block that nobody contended for have nothing to close. */
	if (block->note)
		machine_lines_close(tool.machine, address, block->bytes);
	VG_(OSetGen_Remove)(heap.blocks, &address);
	VG_(OSetGen_FreeNode)(heap.blocks, block);
}

static struct heap_block *block_at_line(uint64_t line)
{
	struct heap_block *block;

	/* The line may begin before the block. */
	for (uint64_t at = line; at < line + MACHINE_LINE_BYTES; at += 16) {
		block = VG_(OSetGen_Lookup)(heap.blocks, &at);
		if (block)
			return block;
	}
	return NULL;
}

uint32_t heap_note(void *context, uint64_t line)
{
	struct heap_block *block = heap.blocks ? block_at_line(line) : NULL;
	uint32_t count = heap.note_count;

	(void)context;
	if (!block)
		return 0;
	if (block->note || count == NOTES_MAX)
		return block->note;
	if (!(count & (count + 1))) /* 0, 1, 3, 7, ...: grow to the next power of two */
		heap.notes = VG_(realloc)("autoperf.notes", heap.notes,
					  2 * (count + 1) * sizeof(*heap.notes));
	heap.notes[count] = (struct heap_note){.address = block->address,
					       .bytes = block->bytes,
					       .where = block->where};
	block->note = ++heap.note_count;
	return block->note;
}

const struct heap_note *heap_get_note(uint32_t number)
{
	return number && number <= heap.note_count ? &heap.notes[number - 1] : NULL;
}
